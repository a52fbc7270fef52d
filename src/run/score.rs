//! Anybody's codes or embedding of a table, rated by their faithfulness.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::evaluate::{self, Measures, Pair, Space};
use crate::event::{Event, Observer};
use crate::prepare::Preparation;
use crate::seed::Seed;
use crate::table::inspect::{label_among_numbered, named_as_label, row_numbers};
use crate::table::{
    self, Frame, Input, Label, LabelValues, Layout, Metadata, Missing, NumericMissing, ROW, Rows, Table, Unmatched,
};
use crate::value::OneOrMany;

/// The seed of every sample that is rated.
const SEED: Seed = Seed(42);

/// What is rated.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The table that codes and embedding were made from.
    pub table: &'a Path,
    /// Codes of its rows.
    pub codes: &'a Path,
    /// An embedding of its rows.
    pub embedding: Option<&'a Path>,
    /// The id column, where the files have one.
    pub id: Option<&'a str>,
    /// The column of classes in the table.
    pub label: Option<&'a str>,
    /// Which way round the table lies.
    pub layout: Layout,
    /// Whether the table is compared as it is.
    pub preparation: TablePreparation,
    /// How.
    pub options: evaluate::Options,
}

/// What is done to the table before distances are measured in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TablePreparation {
    /// The steps that a pipeline without `prepare` takes.
    Default,
    /// Nothing.
    None,
}

/// How faithful somebody's codes and embedding are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// How often most of a row's nearest neighbors in the table share its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_label_agreement: Option<f64>,
    /// The codes beside the table.
    pub codes: Measures,
    /// The embedding beside the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Measures>,
    /// The embedding beside the codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding_from_codes: Option<Measures>,
}

/// Rates codes and an embedding of a table. Rows are matched by the id column asked for; if none is, by the ids (or, where
/// the table has none, the numbers of rows) that our own files hold; else by order.
///
/// Of a table too large to hold, a seeded sample of its rows is rated: no file is ever held whole.
///
/// # Errors
/// If a file cannot be read, or rows cannot be matched.
pub fn score(request: &Request<'_>, observer: &mut Observer<'_>) -> Result<Score> {
    let mut input = input_of(request.table, request.id);
    let of_codes = columns_of(request.codes)?;
    let own = own_id(&of_codes);
    input.labels = request.label.map(str::to_owned).into_iter().collect();
    input.layout = request.layout;
    if request.layout == Layout::FeaturesInRows {
        // read whole, with its samples named by the header
        input.id = None;
        if let Some(label) = request.label {
            let beside = labels_beside(request, label)?.ok_or_else(|| {
                Error::request(format!("label `{label}` cannot be in a table with features in rows"))
                    .hint("leave `--label` out, or give codes or an embedding that hold it")
            })?;
            take_labels(&mut input, beside);
        }
    } else {
        let plain = Input { labels: Vec::new(), ..input.clone() };
        let names = table::read::schema(&plain, Path::new(""))?.columns;
        let there = |label: &str| names.iter().any(|(name, _)| name == label);
        if let Some(label) = request.label.filter(|label| !there(label))
            && let Some(beside) = labels_beside(request, label)?
        {
            take_labels(&mut input, beside);
        }
        if input.id.is_none() {
            input.id = own.filter(|own| own != ROW && names.iter().any(|(name, _)| name == own));
        }
        input.rows = Some(Rows { sample: most_rows(names.len(), &request.options), seed: SEED.0 });
        // what a pipeline of `init` would not train on is no part of what codes can keep
        let is_label = |name: &String| {
            // beside an `x` it is a coordinate
            let by_name = (name != "y" || !there("x")) && named_as_label(name);
            request.label != Some(name.as_str()) && (by_name || is_label_in(&of_codes, name))
        };
        input.features.exclude = names.iter().map(|(name, _)| name).filter(|name| is_label(name)).cloned().collect();
        if let Some(label) = request.label.filter(|label| there(label)) {
            let _ = observer(Event::Note(format!("`{label}` is the label, and so left out of the comparison")));
        }
        match input.features.exclude.as_slice() {
            [] => {}
            [name] => {
                let _ = observer(Event::Note(format!(
                    "`{name}` is a label, or named like one, and left out of the comparison; `--label {name}` scores it, if it is of classes"
                )));
            }
            names => {
                let all = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let _ = observer(Event::Note(format!(
                    "{all} are labels, or named like them, and left out of the comparison; `--label NAME` scores one of classes"
                )));
            }
        }
    }
    let mut listen = |event: Event| match event {
        // there is no pipeline here to say it in
        Event::Warning(text) => observer(Event::Warning(
            text.replace("set `input.layout: features_in_rows`", "give `--layout features_in_rows`"),
        )),
        event => observer(event),
    };
    let table = table::read::read(&input, Path::new(""), &mut listen)?;
    let about_rows = if request.layout == Layout::FeaturesInRows { Vec::new() } else { about_rows(&table) };
    let Table { id_name, ids, rows, frame, labels, account } = table;
    let frame = without(frame, &about_rows, observer)?;
    let rated = Rated { numbered: id_name == ROW, ids: &ids, rows: &rows, total: account.rows_read };
    let steps = match request.preparation {
        TablePreparation::Default => {
            let chosen = Preparation::default_steps(&frame);
            let _ = observer(Event::Note(chosen.reason));
            chosen.steps
        }
        TablePreparation::None => Vec::new(),
    };
    let compared: Vec<&String> =
        frame.features.iter().chain(frame.categories.iter().map(|category| &category.name)).collect();
    let _ = observer(Event::Note(format!(
        "{} columns of the table say what a row is like: {}",
        compared.len(),
        table::first_few(&compared)
    )));
    let missing = frame.values.iter().filter(|value| value.is_nan()).count();
    if missing > 0 {
        let _ =
            observer(Event::Note(format!("{missing} missing numbers are filled with the medians of their columns")));
    }
    let every: Vec<usize> = (0..ids.len()).collect();
    let (_, prepared) = Preparation::fit(&steps, &input.missing, frame, &every, observer)?;
    let codes = numbers(request.codes, request, &rated, observer)?;
    let embedding = request.embedding.map(|path| numbers(path, request, &rated, observer)).transpose()?;
    let mut spaces =
        vec![Space { name: "table", points: prepared.view() }, Space { name: "codes", points: codes.view() }];
    // the table beside itself, for the agreement of its own labels
    let mut pairs = vec![Pair { before: 0, after: 0 }, Pair { before: 0, after: 1 }];
    if let Some(embedding) = &embedding {
        spaces.push(Space { name: "embedding", points: embedding.view() });
        pairs.extend([Pair { before: 0, after: 2 }, Pair { before: 1, after: 2 }]);
    }
    if let Some(Label { name, values: LabelValues::Numbers(_) }) = labels.first() {
        let _ = observer(Event::Note(format!("`{name}` is of amounts, and only a label of classes has an agreement")));
    }
    let classes = labels.first().and_then(|label| match &label.values {
        LabelValues::Classes { of_row, .. } => Some(of_row.as_slice()),
        LabelValues::Numbers(_) => None,
    });
    let mut measures = evaluate::compare(&spaces, &pairs, classes, &request.options, SEED, observer)?;
    for measures in &mut measures {
        measures.sampled |= rated.total > ids.len();
        measures.total_rows = rated.total;
    }
    let table_itself = measures.remove(0).label_agreement;
    for (measures, file) in measures.iter().zip([Some(request.codes), request.embedding]) {
        // by chance a neighborhood of k among n others is found again to k/n
        let chance = measures.neighbors as f64 / measures.rows.max(2) as f64;
        if measures.knn_recall < 2.0 * chance
            && chance < 0.25
            && let Some(file) = file
        {
            let _ = observer(Event::Warning(format!(
                "`{}` agrees with the table no better than chance: are its rows in the order of the table? `--id` matches \
                 them by name",
                file.display()
            )));
        }
    }
    let mut measures = measures.into_iter();
    let codes = measures.next().ok_or_else(|| Error::failure("a measure is missing"))?;
    Ok(Score {
        table_label_agreement: table_itself,
        codes,
        embedding: measures.next(),
        embedding_from_codes: measures.next(),
    })
}

/// The file of ours among codes and embedding that holds the label, which the table lacks, and what the label is called
/// there; none if neither holds it.
fn labels_beside(request: &Request<'_>, label: &str) -> Result<Option<(Metadata, String)>> {
    let named = super::named::of_labels(&[label.to_owned()]).remove(0);
    for path in request.embedding.into_iter().chain([request.codes]) {
        let columns = columns_of(path)?;
        if let (Some(key), true) = (own_id(&columns), columns.contains(&named)) {
            let path = table::read::absolute(path);
            return Ok(Some((Metadata { path, key: Some(key), unmatched: Unmatched::Keep }, named)));
        }
    }
    Ok(None)
}

fn take_labels(input: &mut Input, (metadata, label): (Metadata, String)) {
    input.metadata = Some(metadata);
    input.labels = vec![label];
}

/// Columns on which no pipeline of `init` trains, and why.
fn about_rows(table: &Table) -> Vec<(String, &'static str)> {
    let counters = row_numbers(table);
    let label = label_among_numbered(table, &counters);
    let label = label.map(|(name, _)| (name, "has classes, and all other columns are numbered"));
    counters.into_iter().map(|name| (name, "only numbers the rows")).chain(label).collect()
}

/// The frame without columns that are about the rows.
fn without(frame: Frame, columns: &[(String, &str)], observer: &mut Observer<'_>) -> Result<Frame> {
    let stays = |name: &&String| columns.iter().all(|(column, _)| column != *name);
    let features: Vec<String> = frame.features.iter().filter(stays).cloned().collect();
    let categories: Vec<String> =
        frame.categories.iter().map(|category| &category.name).filter(stays).cloned().collect();
    if columns.is_empty() || features.len() + categories.len() == 0 {
        return Ok(frame);
    }
    for (name, why) in columns {
        let _ = observer(Event::Note(format!("`{name}` is left out of the comparison, because it {why}")));
    }
    frame.aligned_to(&features, &categories)
}

/// Which rows of the table are rated.
struct Rated<'a> {
    /// Whether the ids are only numbers of rows.
    numbered: bool,
    ids: &'a [String],
    /// Their places in the table, ascending.
    rows: &'a [usize],
    /// Rows of the table.
    total: usize,
}

/// How many rows of so many columns are held: those that are compared, and as many more as the steps are fitted on.
fn most_rows(columns: usize, options: &evaluate::Options) -> usize {
    const BYTES: usize = 128 << 20;
    (BYTES / 4 / columns.max(1)).max(options.sample)
}

fn input_of(path: &Path, id: Option<&str>) -> Input {
    let absolute: PathBuf = table::read::absolute(path);
    Input {
        path: OneOrMany(vec![absolute]),
        id: id.map(str::to_owned),
        missing: Missing { numeric: NumericMissing::Median, ..Missing::default() },
        ..Input::new(path)
    }
}

/// The numeric columns of a file for the rated rows, in their order.
fn numbers(path: &Path, request: &Request<'_>, rated: &Rated<'_>, observer: &mut Observer<'_>) -> Result<Array2<f32>> {
    let there = columns_of(path)?;
    // files of ours hold more beside the numbers that are rated; in others everything but the label is
    let ours: Vec<&String> = there.iter().filter(|name| is_ours(name)).collect();
    let own = own_id(&there);
    let id = match request.id {
        None => own.as_deref().filter(|own| (*own == ROW) == rated.numbered),
        Some(id) if there.iter().any(|name| name == id) => Some(id),
        Some(id) => {
            return Err(Error::request(format!("there is no column `{id}`")).at(path.display().to_string()).hint(
                "name the id column that both files have, or leave `--id` out where the rows are in the order of the table",
            ));
        }
    };
    if id.is_none() {
        let _ = observer(Event::Note(format!(
            "the rows of `{}` are taken in the order of the table; `--id` matches them by name",
            path.display()
        )));
    }
    let mut input = input_of(path, id);
    if ours.is_empty() {
        input.features.exclude = request.label.iter().map(|label| format!("^{}$", regex::escape(label))).collect();
    } else {
        input.features.include = ours.into_iter().cloned().collect();
    }
    let mut picked = Picked::default();
    let place: HashMap<&str, usize> = match id {
        Some(_) => rated.ids.iter().map(String::as_str).zip(0..).collect(),
        None => HashMap::new(),
    };
    table::parts(&input, Path::new(""), observer, &mut |part| {
        let frame = &part.frame;
        picked.begin(&frame.features, rated.ids.len());
        if picked.features != frame.features {
            return Err(Error::request("a column of numbers has no value in thousands of rows")
                .at(path.display().to_string())
                .hint("leave the column out of the file"));
        }
        for (row, values) in frame.values.rows().into_iter().enumerate() {
            let at = match id {
                Some(_) => place.get(part.ids[row].as_str()).copied(),
                None => rated.rows.binary_search(&(picked.seen + row)).ok(),
            };
            if let Some(at) = at {
                picked.values.row_mut(at).assign(&values);
                picked.found[at] = true;
            }
        }
        picked.seen += frame.rows();
        Ok(())
    })?;
    if picked.features.is_empty() {
        return Err(Error::request("there is no numeric column").at(path.display().to_string()));
    }
    let _ = observer(Event::Note(format!("{} columns of `{}` are rated", picked.features.len(), path.display())));
    if id.is_none() && picked.seen != rated.total {
        return Err(Error::request(format!("{} rows, but the table has {}", picked.seen, rated.total))
            .at(path.display().to_string())
            .hint("give the rows of the table in its order, or name the id column with `--id`"));
    }
    match picked.found.iter().position(|found| !found) {
        None => Ok(picked.values),
        Some(row) => Err(Error::request(format!("the id `{}` of the table is not there", rated.ids[row]))
            .at(path.display().to_string())
            .hint("every row of the table needs a code: where a run drew a sample, encode the table, or give those rows only")),
    }
}

/// The rows picked out of a file that is read part by part.
#[derive(Default)]
struct Picked {
    features: Vec<String>,
    values: Array2<f32>,
    found: Vec<bool>,
    seen: usize,
}

impl Picked {
    /// Makes room when the columns are known.
    fn begin(&mut self, features: &[String], rows: usize) {
        if self.seen == 0 {
            self.features = features.to_vec();
            self.values = Array2::zeros((rows, features.len()));
            self.found = vec![false; rows];
        }
    }
}

/// The names of a file's columns.
fn columns_of(path: &Path) -> Result<Vec<String>> {
    let schema = table::read::schema(&input_of(path, None), Path::new(""))?;
    Ok(schema.columns.into_iter().map(|(name, _)| name).collect())
}

/// The column of ids in a file of ours: the one before all numbers.
fn own_id(columns: &[String]) -> Option<String> {
    let (first, others) = columns.split_first()?;
    (!is_ours(first) && others.iter().any(|name| is_ours(name))).then(|| first.clone())
}

/// Whether a column of the table is a label in a file of ours with these columns: between the ids and the numbers.
fn is_label_in(columns: &[String], name: &str) -> bool {
    let named = super::named::of_labels(&[name.to_owned()]).remove(0);
    own_id(columns).is_some()
        && columns.iter().skip(1).take_while(|column| !is_ours(column)).any(|column| *column == named)
}

/// Whether a column is one of the numbers that our own files hold: `code_00` …, `x`, `y`.
fn is_ours(name: &str) -> bool {
    name == "x" || name == "y" || super::pictures::is_code(name)
}
