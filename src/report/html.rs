//! The page: one file, no request to any host, nothing from the data but text.

use std::fmt::Write as _;

use crate::plot::text::count;
use crate::plot::text::escape;
use crate::plot::text::number;
use crate::report::Better;
use crate::report::Figure;
use crate::report::FigureWidth;
use crate::report::MeasureRow;
use crate::report::MeasureTable;
use crate::report::ReportData;
use crate::report::ReportError;
use crate::report::StageRow;
use crate::report::StageSource;
use crate::report::island;
use crate::report::methods::Methods;

const STYLE: &str = include_str!("../../assets/report/report.css");
const SCRIPT: &str = include_str!("../../assets/report/explore.js");
/// SHA-256 of `SCRIPT`: the only script that the page's policy lets run.
const SCRIPT_DIGEST: &str = include_str!("../../assets/report/explore.sha256");

/// The whole page.
///
/// # Errors
/// [`ReportError::UnevenTable`] where a measure has not a value for each column.
///
/// # Panics
/// If the map has not an id for each point.
pub fn html(data: &ReportData<'_>) -> Result<String, ReportError> {
    let mut page = String::with_capacity(SCRIPT.len() + (1 << 20));
    head(&mut page, data);
    header(&mut page, data);
    page.push_str("<main id=\"main\">\n");
    verdict(&mut page, data);
    if let Some(map) = &data.map {
        page.push_str(&EXPLORER.replace("{points}", &count(map.points.nrows())));
    }
    for table in &data.measures {
        measures(&mut page, table)?;
    }
    figures(&mut page, &data.figures);
    if let Some(methods) = &data.methods {
        methods_section(&mut page, methods);
    }
    stages(&mut page, &data.stages);
    files(&mut page, &data.files);
    if !data.pipeline.is_empty() {
        let _ = write!(
            page,
            "<section><h2>Pipeline</h2>\n<p class=\"muted\">With every default written out, as in <code>pipeline.yaml</code> of the \
             run folder: <code>reduce run</code> that file to get this run again.</p>\n<button type=\"button\" data-copy=\"pipeline\">Copy\
             </button>\n<pre id=\"pipeline\" tabindex=\"0\">{}</pre></section>\n",
            lines(&data.pipeline)
        );
    }
    let _ = write!(
        page,
        "</main>\n<footer><p>Written by {}. This page is complete: it asks no host for anything. It contains d3-zoom \
         and its relatives (ISC and BSD-3-Clause) and kdbush (ISC); their licenses stand in its source.</p></footer>\n",
        escape(&data.version)
    );
    if let Some(map) = &data.map {
        let _ = writeln!(page, "<script type=\"application/json\" id=\"map-data\">{}</script>", island::json(map));
    }
    let _ = write!(page, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    Ok(page)
}

fn head(page: &mut String, data: &ReportData<'_>) {
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{}'; style-src \
         'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" \
         content=\"no-referrer\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        SCRIPT_DIGEST.trim(),
        escape(&data.title),
    );
}

fn header(page: &mut String, data: &ReportData<'_>) {
    let _ = write!(
        page,
        "<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header><div><h1><bdi>{}</bdi></h1>\n<p \
         class=\"muted\">{}</p></div>\n<button type=\"button\" id=\"theme\" aria-label=\"Switch between light and \
         dark\">◐</button></header>\n",
        escape(&data.title),
        escape(&data.subtitle),
    );
}

fn verdict(page: &mut String, data: &ReportData<'_>) {
    if !data.verdict.is_empty() {
        page.push_str("<section class=\"verdict\" aria-label=\"Verdict\">\n");
        for sentence in &data.verdict {
            let _ = writeln!(page, "<p>{}</p>", escape(sentence));
        }
        page.push_str("</section>\n");
    }
    if !data.notes.is_empty() {
        page.push_str("<ul class=\"muted\" aria-label=\"Notes\">\n");
        for note in &data.notes {
            let _ = writeln!(page, "<li>{}</li>", escape(note));
        }
        page.push_str("</ul>\n");
    }
}

const EXPLORER: &str = r#"<section aria-label="Explorable map">
<h2>Map of {points} points</h2>
<div class="tools">
<label>Color <select id="color-by"></select></label>
<div class="searching"><label><span class="hidden">Search by id</span><input id="search" type="search" placeholder="Search by id" autocomplete="off" spellcheck="false"></label><ul id="matches" aria-label="Ids found"></ul></div>
<button type="button" id="lasso" aria-pressed="false">Lasso</button>
<button type="button" id="clear" disabled>Clear</button>
<button type="button" id="export" disabled>Export ids</button>
<button type="button" id="reset">Whole map</button>
</div>
<div class="explore">
<div id="stage"><canvas id="points" aria-hidden="true"></canvas><canvas id="overlay" tabindex="0" role="img" aria-label="Map of points. Arrow keys move it, plus and minus zoom, 0 shows all, L starts the lasso, Escape clears." aria-describedby="status"></canvas><div id="tooltip" role="tooltip" hidden></div></div>
<div id="legend" role="group" aria-label="Legend"></div>
</div>
<p id="status" class="note" role="status"></p>
<noscript><p class="note">The map needs JavaScript; everything below does not.</p></noscript>
</section>
"#;

fn measures(page: &mut String, table: &MeasureTable) -> Result<(), ReportError> {
    let _ = write!(page, "<section><h2>{}</h2>\n<div class=\"scroll\"><table>\n<tr><th></th>", escape(&table.title));
    for column in &table.columns {
        let _ = write!(page, "<th class=\"number\" scope=\"col\">{}</th>", escape(&column.name));
    }
    page.push_str("</tr>\n");
    for row in &table.rows {
        if row.values.len() != table.columns.len() {
            let (expected, found) = (table.columns.len(), row.values.len());
            return Err(ReportError::UnevenTable { measure: row.name.clone(), expected, found });
        }
        let _ = write!(page, "<tr><th scope=\"row\">{}", escape(&row.name));
        if !row.meaning.is_empty() {
            let _ = write!(page, "<small>{}</small>", escape(&row.meaning));
        }
        page.push_str("</th>");
        for (place, value) in row.values.iter().enumerate() {
            let class = if is_best(table, row, place) { "number best" } else { "number" };
            let shown = value.map_or_else(|| "–".to_owned(), |value| cell(value, row.better));
            let _ = write!(page, "<td class=\"{class}\">{shown}</td>");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
    if !table.note.is_empty() {
        let _ = writeln!(page, "<p class=\"note\">{}</p>", escape(&table.note));
    }
    page.push_str("</section>\n");
    Ok(())
}

/// A value as a table shows it: shares with as many places as tell them from 1, all else with three digits.
fn cell(value: f64, better: Better) -> String {
    match better {
        Better::Higher if value.abs() <= 1.0 => {
            let places = if value < 1.0 && value >= 0.9995 { 4 } else { 3 };
            format!("{value:.places$}")
        }
        _ => number(value, 3),
    }
}

/// Whether a value is better than the others of its group, of which there must be some.
fn is_best(table: &MeasureTable, row: &MeasureRow, place: usize) -> bool {
    let Some(value) = row.values[place].filter(|value| value.is_finite()) else { return false };
    let beats = |other: f64| match row.better {
        Better::Higher => value > other,
        Better::Lower => value < other,
        Better::Neither => false,
    };
    let group = |place: usize| table.columns[place].group;
    let others = (0..row.values.len()).filter(|&other| other != place && group(other) == group(place));
    let rivals: Vec<f64> = others.filter_map(|other| row.values[other]).collect();
    !rivals.is_empty() && rivals.into_iter().all(beats)
}

fn figures(page: &mut String, figures: &[Figure]) {
    if figures.is_empty() {
        return;
    }
    page.push_str("<section><h2>Figures</h2>\n<div class=\"figures\">\n");
    for figure in figures {
        let class = match figure.width {
            FigureWidth::Half => "",
            FigureWidth::Whole => " class=\"wide\"",
            FigureWidth::Map => " class=\"wide map\"",
        };
        // The XML declaration may stand only at the very beginning of a document.
        let svg = figure.svg.split_once("?>").map_or(figure.svg.as_str(), |(_, body)| body.trim_start());
        let _ = write!(page, "<figure{class} aria-label=\"{}\">\n{svg}", escape(&figure.title));
        if !figure.caption.is_empty() {
            let _ = write!(page, "<figcaption>{}</figcaption>", escape(&figure.caption));
        }
        page.push_str("</figure>\n");
    }
    page.push_str("</div></section>\n");
}

fn methods_section(page: &mut String, methods: &Methods) {
    let _ = write!(
        page,
        "<section><h2>Methods</h2>\n<button type=\"button\" data-copy=\"methods\">Copy</button>\n<div class=\"methods\" \
         id=\"methods\">\n<p>{}</p>\n<ol>\n",
        escape(&methods.paragraph)
    );
    for citation in &methods.citations {
        let _ = writeln!(page, "<li>{}</li>", escape(citation));
    }
    page.push_str("</ol>\n</div></section>\n");
}

fn stages(page: &mut String, stages: &[StageRow]) {
    if stages.is_empty() {
        return;
    }
    page.push_str(
        "<section><h2>Time and memory</h2>\n<div class=\"scroll\"><table>\n<tr><th scope=\"col\">stage</th><th \
         class=\"number\" scope=\"col\">seconds</th><th class=\"number\" scope=\"col\">peak memory</th><th></th></tr>\n",
    );
    for stage in stages {
        let memory = stage.peak_memory.map_or_else(|| "–".to_owned(), memory);
        let source = match stage.source {
            StageSource::Computed => "",
            StageSource::Reused => "from an earlier run",
        };
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"number\">{memory}</td><td>{source}</td>\
             </tr>",
            escape(&stage.name),
            number(stage.seconds, if stage.seconds < 10.0 { 2 } else { 4 }),
        );
    }
    let total: f64 = stages.iter().map(|stage| stage.seconds).sum();
    let _ = write!(
        page,
        "<tr><th scope=\"row\">in all</th><td class=\"number\">{}</td><td></td><td></td></tr>\n</table></div></section>\n",
        number(total, 4)
    );
}

/// Bytes as people count memory.
fn memory(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 1_000.0 { format!("{megabytes:.0} MB") } else { format!("{:.2} GB", megabytes / 1e3) }
}

fn files(page: &mut String, files: &[(String, String)]) {
    if files.is_empty() {
        return;
    }
    page.push_str("<section><h2>Files</h2>\n<div class=\"scroll\"><table>\n");
    for (name, what) in files {
        let _ =
            writeln!(page, "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td></tr>", escape(name), escape(what));
    }
    page.push_str("</table></div></section>\n");
}

/// A text of several lines, each cleaned and escaped.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(&escape(line));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Column;
    use crate::report::ColumnValues;
    use crate::report::Explorable;
    use crate::report::MeasureColumn;
    use ndarray::array;

    const HOSTILE: [&str; 6] = [
        "<script>alert(1)</script>",
        "\"]]>",
        "=cmd|' /C calc'!A0",
        "\" onload=\"alert(1)",
        "</script><img src=x onerror=alert(1)>",
        "\u{202e}gnp.\u{0}\u{1b}[31m",
    ];

    #[test]
    fn no_text_becomes_markup() {
        let words = HOSTILE.join(" ");
        let ids = HOSTILE.map(str::to_owned);
        let points = array![[0.0_f32, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0], [5.0, 0.0]];
        let of_row = [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)];
        let columns =
            vec![Column { name: words.clone(), values: ColumnValues::Classes { levels: &ids, of_row: &of_row } }];
        let row =
            MeasureRow { name: words.clone(), meaning: words.clone(), values: vec![Some(1.0)], ..Default::default() };
        let data = ReportData {
            title: words.clone(),
            subtitle: words.clone(),
            verdict: vec![words.clone()],
            notes: vec![words.clone()],
            map: Some(Explorable { points: points.view(), ids: &ids, columns }),
            figures: vec![Figure {
                title: words.clone(),
                caption: words.clone(),
                svg: "<?xml version=\"1.0\"?>\n<svg></svg>".into(),
                width: FigureWidth::Half,
            }],
            measures: vec![MeasureTable {
                title: words.clone(),
                note: words.clone(),
                columns: vec![MeasureColumn { name: words.clone(), group: 0 }],
                rows: vec![row],
            }],
            stages: vec![StageRow { name: words.clone(), ..Default::default() }],
            pipeline: words.clone(),
            methods: Some(Methods { paragraph: words.clone(), citations: vec![words.clone()] }),
            files: vec![(words.clone(), words.clone())],
            version: words,
        };
        let page = html(&data).unwrap();
        let ours = page.replace(SCRIPT, "").replace(STYLE, "").to_lowercase();
        assert_eq!(ours.matches("<script").count(), 2, "the island and the code");
        assert_eq!(ours.matches("</script").count(), 2);
        assert!(!ours.contains("<img") && !ours.contains("onload=\"") && !ours.contains('\u{0}'));
        assert!(!ours.contains("http://") && !ours.contains("https://") && !ours.contains("src=\""));
        assert_eq!(html(&data).unwrap(), page, "the same bytes every time");
    }

    #[test]
    fn the_policy_names_the_script_and_no_host() {
        let page = html(&ReportData::default()).unwrap();
        assert!(page.contains("default-src 'none'") && page.contains(SCRIPT_DIGEST.trim()));
        assert!(!SCRIPT.contains("</"), "the script would end early");
        assert!(!SCRIPT.contains('\r'), "a browser would hash other bytes");
    }

    #[test]
    fn a_table_with_a_hole_is_refused() {
        let rows = vec![MeasureRow { name: "trustworthiness".into(), ..Default::default() }];
        let table = MeasureTable { columns: vec![MeasureColumn::default()], rows, ..Default::default() };
        let error = html(&ReportData { measures: vec![table], ..Default::default() }).unwrap_err();
        assert!(error.to_string().contains("`trustworthiness` has 0 values"), "{error}");
    }

    #[test]
    fn the_better_value_of_each_group_is_marked() {
        let columns = [0, 0, 1, 1, 2].map(|group| MeasureColumn { name: String::new(), group }).to_vec();
        let values = vec![Some(0.2), Some(0.1), None, Some(0.4), Some(0.9)];
        let row = MeasureRow { values, better: Better::Lower, ..Default::default() };
        let table = MeasureTable { columns, ..Default::default() };
        let marked = |row: &MeasureRow| (0..5).map(|place| is_best(&table, row, place)).collect::<Vec<bool>>();
        assert_eq!(marked(&row), [false, true, false, false, false]);
        assert_eq!(marked(&MeasureRow { better: Better::Higher, ..row }), [true, false, false, false, false]);
    }
}
