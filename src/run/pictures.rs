//! From the columns of a run to its plots.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::{Array2, ArrayView2};

use super::data::RowNames;
use super::record::Record;
use crate::autoencoder::Loss;
use crate::embed;
use crate::error::{Error, Result, nearest};
use crate::event::{Event, Observer, silent};
use crate::neighbors;
use crate::pipeline::Pipeline;
use crate::plot::{self, Color, Faded, PlotOptions, Scatter};
use crate::prepare::Step;
use crate::table::LabelValues;
use crate::value::OneOrMany;

/// Points with a lower reliability are drawn hollow: fewer of their neighbors are right than wrong.
const RELIABLE: f32 = 0.5;
/// How many of a point's neighbors on the map tell its density.
const DENSITY_NEIGHBORS: usize = 10;

/// Columns that color plots without being in the table.
const DERIVED: [&str; 3] = ["reliability", "reconstruction_error", "density"];

/// Everything that can color a plot.
pub(super) struct Palette<'a> {
    /// Ids and labels.
    pub rows: &'a RowNames,
    /// `n × code_size`.
    pub codes: ArrayView2<'a, f32>,
    /// `n × 2`.
    pub points: ArrayView2<'a, f32>,
    /// A reliability per row, or empty.
    pub reliability: &'a [f32],
    /// A reconstruction error per row, or empty.
    pub row_errors: &'a [f32],
    /// Raw values of columns of the table, by name.
    pub features: &'a BTreeMap<String, LabelValues>,
    /// What the table's numbers are, where that is known.
    pub unit: Option<&'static str>,
}

/// What a table's numbers are, by what is done with them: only counts are brought to one total, or given a likelihood of
/// counts.
pub(super) fn unit_of(steps: &[Step], loss: Loss) -> Option<&'static str> {
    let counts = loss.is_for_counts() || steps.iter().any(|step| matches!(step, Step::NormalizeTotal(_)));
    counts.then_some("counts")
}

/// A column that colors, owned.
enum Column {
    /// A label of classes, by its place.
    Classes(usize),
    /// A feature of levels, by its name.
    Levels(String),
    /// Numbers with their name, and how they are called beside the bar.
    Numbers {
        name: String,
        shown: String,
        values: Vec<f64>,
    },
    Nothing,
}

/// The plots of a pipeline: those it lists, or one for each label and one by reliability.
#[must_use]
pub fn plots_wanted(pipeline: &Pipeline) -> Vec<PlotOptions> {
    if let Some(plots) = &pipeline.plots {
        return plots.clone();
    }
    let by = |name: &str| PlotOptions { color_by: OneOrMany(vec![name.to_owned()]), ..PlotOptions::default() };
    let mut plots: Vec<PlotOptions> = pipeline.input.labels.iter().map(|label| by(label)).collect();
    if plots.is_empty() {
        plots.push(by(""));
    }
    if pipeline.evaluate.on().is_some() {
        plots.push(by("reliability"));
    }
    plots
}

/// The features whose raw values the plots of a pipeline want.
#[must_use]
pub fn features_wanted(pipeline: &Pipeline) -> Vec<String> {
    if pipeline.tsne.on().is_none() {
        return Vec::new();
    }
    let names = plots_wanted(pipeline).into_iter().flat_map(|plot| plot.color_by.0);
    let mut features: Vec<String> =
        names.filter(|name| is_feature(name) && !pipeline.input.labels.contains(name)).collect();
    features.sort();
    features.dedup();
    features
}

/// Whether a column to color by can only be in the table itself.
#[must_use]
pub(super) fn is_feature(name: &str) -> bool {
    !name.is_empty() && !DERIVED.contains(&name) && !is_code(name)
}

pub(super) fn is_code(name: &str) -> bool {
    name.strip_prefix("code_")
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn unknown(name: &str, rows: &RowNames) -> Error {
    let labels: Vec<&str> = rows.labels.iter().map(|label| label.name.as_str()).collect();
    let error = no_such_color(name, labels.iter().copied());
    if error.hint_text().is_some_and(|hint| hint.starts_with("did you mean")) {
        return error;
    }
    let names = labels.into_iter().chain(DERIVED).collect::<Vec<_>>().join(", ");
    error.hint(format!("color by one of {names}, another column of the table or a code such as `code_00`"))
}

/// That there is no such column to color by, with the nearest of those there are.
#[must_use]
pub fn no_such_color<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let error = Error::request(format!("there is no column `{name}` to color by"));
    match nearest(name, known.chain(DERIVED)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`reduce inspect` lists the columns"),
    }
}

impl Palette<'_> {
    fn column(&self, name: &str) -> Result<Column> {
        if name.is_empty() {
            return Ok(Column::Nothing);
        }
        if let Some(at) = self.rows.labels.iter().position(|label| label.name == name) {
            return Ok(match &self.rows.labels[at].values {
                LabelValues::Classes { .. } => Column::Classes(at),
                LabelValues::Numbers(numbers) => Column::Numbers {
                    name: name.to_owned(),
                    shown: name.to_owned(),
                    values: numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect(),
                },
            });
        }
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect();
        let mut shown = name.to_owned();
        let values = match name {
            "reliability" if !self.reliability.is_empty() => wide(self.reliability),
            "reconstruction_error" if !self.row_errors.is_empty() => wide(self.row_errors),
            "density" => density(self.points)?,
            _ => match (is_code(name).then(|| name[5..].parse::<usize>().ok()).flatten(), self.features.get(name)) {
                (Some(code), _) if code < self.codes.ncols() => wide(&self.codes.column(code).to_vec()),
                (_, Some(LabelValues::Classes { .. })) => return Ok(Column::Levels(name.to_owned())),
                (_, Some(LabelValues::Numbers(values))) => {
                    shown.extend(self.unit.map(|unit| format!(", {unit}")));
                    values.iter().map(|value| value.unwrap_or(f64::NAN)).collect()
                }
                _ => return Err(unknown(name, self.rows)),
            },
        };
        Ok(Column::Numbers { name: name.to_owned(), shown, values })
    }

    /// Draws one item of `plots:`; gives file names that begin with `stem`, with their bytes.
    ///
    /// # Errors
    /// If a column to color by is not there, or drawing fails.
    pub(super) fn draw(
        &self,
        stem: &str,
        options: &PlotOptions,
        name: &str,
        caption: &str,
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let points = if self.points.ncols() == 2 { self.points.to_owned() } else { beside_zero(self.points) };
        let columns: Vec<Column> =
            options.color_by.0.iter().map(|column| self.column(column)).collect::<Result<_>>()?;
        let scatters: Vec<Scatter<'_>> = columns
            .iter()
            .map(|column| {
                let color = match column {
                    Column::Classes(at) => classes(&self.rows.labels[*at].name, &self.rows.labels[*at].values),
                    Column::Levels(name) => self.features.get(name).map_or(Color::None, |levels| classes(name, levels)),
                    Column::Numbers { shown, values, .. } => Color::Numbers { name: shown, values },
                    Column::Nothing => Color::None,
                };
                let colored_by = match column {
                    Column::Numbers { name, .. } => Some(name.as_str()),
                    _ => color.name(),
                };
                let title = match (options.title.is_empty(), colored_by) {
                    (false, _) => options.title.clone(),
                    (true, Some(column)) if columns.len() == 1 => format!("{name} by {column}"),
                    // the heading of a panel is that of its legend
                    (true, Some(column)) => color.name().unwrap_or(column).to_owned(),
                    (true, None) => name.to_owned(),
                };
                let faded = (!self.reliability.is_empty()
                    && !matches!(column, Column::Numbers { name, .. } if name == "reliability"))
                .then_some(Faded { reliability: self.reliability, threshold: RELIABLE, name: "unreliable place" });
                let caption = if columns.len() == 1 { caption.to_owned() } else { String::new() };
                Scatter {
                    title,
                    caption,
                    points: points.view(),
                    ids: &self.rows.ids,
                    color,
                    faded,
                    ground: None,
                    style: options.style(),
                }
            })
            .collect();
        let svg = match scatters.as_slice() {
            [one] => plot::svg::scatter(one)?,
            many => plot::svg::sheet(many)?,
        };
        options
            .format
            .0
            .iter()
            .map(|format| Ok((format!("{stem}.{}", format.extension()), plot::render(&svg, *format)?)))
            .collect()
    }
}

fn classes<'a>(name: &'a str, values: &'a LabelValues) -> Color<'a> {
    match values {
        LabelValues::Classes { levels, of_row } => Color::Classes { name, levels, of_row },
        LabelValues::Numbers(_) => Color::None,
    }
}

/// Plots with the beginnings of their file names: where an earlier one has a file of the same name, a number follows.
pub(super) fn named(plots: Vec<PlotOptions>) -> Vec<(String, PlotOptions)> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut name = |plot: &PlotOptions| {
        let stem = file_stem(&plot.color_by.0);
        let numbered = (1_usize..).map(|number| if number == 1 { stem.clone() } else { format!("{stem}-{number}") });
        let files = |stem: &str| -> Vec<String> {
            // some file systems take capitals and small letters for the same
            let stem = stem.to_ascii_lowercase();
            plot.format.0.iter().map(|format| format!("{stem}.{}", format.extension())).collect()
        };
        let mut free = numbered.filter(|stem| files(stem).iter().all(|file| !taken.contains(file)));
        let chosen = free.next().unwrap_or_default();
        taken.extend(files(&chosen));
        chosen
    };
    plots.into_iter().map(|plot| (name(&plot), plot)).collect()
}

/// `embedding-cell_type`, or `embedding` where nothing colors.
pub(super) fn file_stem(columns: &[String]) -> String {
    match columns {
        [only] if only.is_empty() => "embedding".to_owned(),
        [only] => format!("embedding-{}", plot::slug(only)),
        many => format!("embedding-{}", plot::slug(&many.join("-"))),
    }
}

fn beside_zero(line: ArrayView2<f32>) -> Array2<f32> {
    let mut plane = Array2::zeros((line.nrows(), 2));
    plane.column_mut(0).assign(&line.column(0));
    plane
}

/// How dense the map is at every point, as the logarithm of points per area.
fn density(points: ArrayView2<f32>) -> Result<Vec<f64>> {
    let count = DENSITY_NEIGHBORS.min(points.nrows().saturating_sub(1));
    if count == 0 {
        return Ok(vec![0.0; points.nrows()]);
    }
    let found = neighbors::find(points, count, neighbors::Method::Auto, crate::seed::Seed(0), &mut silent)?;
    let radius = |row: usize| f64::from(found.distances[[row, count - 1]]).max(1e-9);
    Ok((0..points.nrows()).map(|row| -(radius(row) * radius(row)).log10()).collect())
}

/// The start that `tsne: {start: {from: RUN}}` asks for: the coordinates of rows with the same ids, NaN for others.
///
/// # Errors
/// If the run is not there or shares no id.
pub(super) fn start_from(
    options: &embed::Options,
    base: &Path,
    rows: &RowNames,
    observer: &mut Observer<'_>,
) -> Result<Option<Array2<f32>>> {
    let embed::Start::From(run) = &options.start else { return Ok(None) };
    let run = base.join(run);
    let record = Record::load(&run)?;
    let (earlier, points) = super::read_back::read_embedding(&run, &record)?;
    let place: BTreeMap<&str, usize> = earlier.iter().map(String::as_str).zip(0..).collect();
    let mut start = Array2::from_elem((rows.ids.len(), options.dimensions.count()), f32::NAN);
    let (mut shared, sides) = (0, start.ncols());
    if points.ncols() != sides {
        return Err(Error::request(format!(
            "the run `{}` has an embedding of {} dimensions, this one of {sides}",
            run.display(),
            points.ncols()
        ))
        .hint("set `tsne.dimensions` alike, or another `tsne.start`"));
    }
    for (row, id) in rows.ids.iter().enumerate() {
        if let Some(at) = place.get(id.as_str()) {
            start.row_mut(row).assign(&points.slice(ndarray::s![*at, ..sides]));
            shared += 1;
        }
    }
    if shared == 0 {
        return Err(Error::request(format!("no id of this table is in the run `{}`", run.display()))
            .hint("`input.id` must name the same column in both"));
    }
    let _ =
        observer(Event::Note(format!("{shared} of {} rows begin where `{}` has them", rows.ids.len(), run.display())));
    if rows.is_numbered() {
        let _ = observer(Event::Warning(
            "rows are matched with those of the earlier run by their numbers, because `input.id` names no column: they must be \
             the same rows in the same order, and new ones behind them"
                .to_owned(),
        ));
    }
    Ok(Some(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Format;

    #[test]
    fn plots_by_the_same_column_get_files_of_their_own() {
        let plot = |column: &str, formats: &[Format]| PlotOptions {
            color_by: OneOrMany(vec![column.to_owned()]),
            format: OneOrMany(formats.to_vec()),
            ..PlotOptions::default()
        };
        let plots = vec![
            plot("label", &[Format::Svg]),
            plot("label", &[Format::Svg, Format::Png]),
            plot("label", &[Format::Pdf]),
            plot("label-2", &[Format::Svg]),
            plot("label", &[Format::Svg]),
        ];
        let stems: Vec<String> = named(plots).into_iter().map(|(stem, _)| stem).collect();
        assert_eq!(
            stems,
            ["embedding-label", "embedding-label-2", "embedding-label", "embedding-label-2-2", "embedding-label-3"]
        );
    }
}
