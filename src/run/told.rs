//! What a run tells: the summary in the terminal and the page, from plain results.

use std::path::Path;

use ndarray::{Array2, ArrayView2};

use super::data::RowNames;
use super::meter::StageRecord;
use super::record::Record;
use super::{Metrics, methods, read_back, tables};
use crate::error::{Error, Result};
use crate::evaluate::Measures;
use crate::pipeline::{Loaded, Pipeline};
use crate::report::{
    self, Column, ColumnValues, Epochs, Explorable, Figure, FigureWidth, ReportData, StageRow, StageSource, Summary,
};
use crate::table::{Account, CategoricalMissing, Input, LabelValues};
use crate::value::Auto;

/// Everything a run has to tell.
pub(super) struct Told<'a> {
    /// The run's name.
    pub name: &'a str,
    /// The pipeline with every default a value.
    pub plan: &'a Pipeline,
    /// What was measured.
    pub metrics: &'a Metrics,
    /// Ids and labels.
    pub rows: &'a RowNames,
    /// `n × code_size`.
    pub codes: ArrayView2<'a, f32>,
    /// `n × 2`.
    pub points: Option<ArrayView2<'a, f32>>,
    /// Reliabilities and reconstruction errors.
    pub reliability: &'a [f32],
    /// One per row, or empty.
    pub row_errors: &'a [f32],
    /// File name and SVG.
    pub figures: &'a [(String, String)],
    /// The stages so far.
    pub stages: &'a [StageRecord],
    /// The names of all files.
    pub files: Vec<String>,
}

impl Told<'_> {
    /// The page.
    ///
    /// # Errors
    /// If a table of measures is uneven, which would be a bug.
    pub(super) fn page(&self) -> Result<String> {
        let columns = self.columns();
        let plane = self.points.map(|points| if points.ncols() == 2 { points.to_owned() } else { on_a_line(points) });
        let map = plane.as_ref().map(|plane| Explorable {
            points: plane.view(),
            ids: &self.rows.ids,
            columns: columns
                .iter()
                .map(|(name, values)| Column {
                    name: name.clone(),
                    values: match values {
                        Held::Classes(levels, of_row) => ColumnValues::Classes { levels, of_row },
                        Held::Numbers(numbers) => ColumnValues::Numbers(numbers),
                    },
                })
                .collect(),
        });
        let data = ReportData {
            title: self.name.to_owned(),
            subtitle: format!(
                "{} rows, {} features, codes of {}",
                super::publish::grouped(self.rows.ids.len()),
                super::publish::grouped(self.metrics.training.as_ref().map_or(0, |training| training.features)),
                self.codes.ncols()
            ),
            verdict: self.metrics.verdict.clone(),
            notes: self.notes(),
            map,
            figures: self.ordered_figures(),
            measures: tables::of(self.metrics, self.codes.ncols()),
            stages: self.stages.iter().map(stage_row).collect(),
            pipeline: self.plan.to_yaml()?,
            methods: methods::of(self.plan, self.metrics, self.rows.ids.len(), self.codes.ncols()),
            files: self
                .files
                .iter()
                .filter(|name| !holds(name).is_empty())
                .map(|name| (name.clone(), holds(name)))
                .collect(),
            version: format!("reduce {}", env!("CARGO_PKG_VERSION")),
        };
        Ok(report::html(&data)?)
    }

    /// The last lines in the terminal.
    #[must_use]
    pub(super) fn summary(&self, folder: &Path) -> String {
        let training = self.metrics.training.as_ref();
        let faithfulness = self.metrics.faithfulness.as_ref();
        report::summary(&Summary {
            name: self.name.to_owned(),
            rows: self.rows.ids.len(),
            features: training.map_or(0, |training| training.features),
            code_size: self.codes.ncols(),
            losses: training.map_or_else(Vec::new, |training| left_out(&training.account)),
            missing: training.and_then(|training| missing(&training.account, &self.plan.input)),
            epochs: training.map(|training| {
                let done = training.history.epochs.len().saturating_sub(1);
                Epochs {
                    done,
                    most: training.options.training.max_epochs.given().unwrap_or(done),
                    kept: training.history.best_epoch,
                    falling: training.history.was_still_falling(),
                }
            }),
            reconstruction: self
                .metrics
                .reconstruction
                .as_ref()
                .and_then(|reconstruction| Some((reconstruction.mse, reconstruction.pca_mse?))),
            neighbors: faithfulness.map(|found| {
                let recall = |measures: &Measures| measures.knn_recall;
                [
                    Some(recall(&found.codes)),
                    Some(recall(&found.pca)),
                    found.embedding.as_ref().map(recall),
                    Some(recall(&found.pca_embedding)),
                ]
            }),
            verdict: self.metrics.verdict.clone(),
            folder: folder.display().to_string(),
            files: most_looked_at_first(self.files.clone()),
            seconds: self.stages.iter().map(|stage| stage.seconds).sum(),
            peak_memory: self.stages.iter().filter_map(|stage| stage.peak_memory_bytes).max(),
        })
    }

    fn notes(&self) -> Vec<String> {
        let Some(training) = &self.metrics.training else { return Vec::new() };
        let mut notes = vec![training.account.sentence()];
        notes.extend(training.account.notes.iter().cloned());
        notes.extend(training.account.warnings.iter().cloned());
        notes.extend(training.described.iter().cloned());
        notes.extend(training.history.notes.iter().cloned());
        notes.extend(training.history.was_still_falling().then(|| Epochs::FALLING.to_owned()));
        notes.extend(self.metrics.embedding.as_ref().map(|embedding| format!("neighbors: {}", embedding.neighbors)));
        if let Some(found) = self.metrics.faithfulness.as_ref().filter(|found| found.codes.sampled) {
            notes.push(format!(
                "faithfulness is measured on a seeded sample of {} of {} rows",
                found.codes.rows, found.codes.total_rows
            ));
        }
        notes
    }

    /// Maps first, each a line wide; then the figures of half a line, so that no line stays half empty.
    fn ordered_figures(&self) -> Vec<Figure> {
        let figures: Vec<Figure> = self.figures.iter().map(|(name, svg)| figure(name, svg)).collect();
        let (maps, others): (Vec<Figure>, Vec<Figure>) =
            figures.into_iter().partition(|figure| figure.width == FigureWidth::Map);
        maps.into_iter().chain(others).collect()
    }

    fn columns(&self) -> Vec<(String, Held)> {
        let wide = |values: &[f32]| Held::Numbers(values.iter().map(|value| f64::from(*value)).collect());
        let mut columns: Vec<(String, Held)> = self
            .rows
            .labels
            .iter()
            .map(|label| {
                let held = match &label.values {
                    LabelValues::Classes { levels, of_row } => Held::Classes(levels.clone(), of_row.clone()),
                    LabelValues::Numbers(numbers) => {
                        Held::Numbers(numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect())
                    }
                };
                (label.name.clone(), held)
            })
            .collect();
        if !self.reliability.is_empty() {
            columns.push(("reliability".to_owned(), wide(self.reliability)));
        }
        if !self.row_errors.is_empty() {
            columns.push(("reconstruction_error".to_owned(), wide(self.row_errors)));
        }
        columns
    }
}

/// What was left out of the table, a clause each.
fn left_out(account: &Account) -> Vec<String> {
    let mut clauses = Vec::new();
    if account.rows_used < account.rows_read {
        clauses.push(format!("{} rows", super::publish::grouped(account.rows_read - account.rows_used)));
    }
    if !account.unused.is_empty() {
        clauses.push(format!("{} columns", super::publish::grouped(account.unused.len())));
    }
    clauses
}

/// How many values were missing, and what became of them by the pipeline.
fn missing(account: &Account, input: &Input) -> Option<String> {
    let count = |of_texts: bool| -> usize {
        account.missing.iter().filter(|column| column.of_texts == of_texts).map(|column| column.count).sum()
    };
    let (numbers, texts) = (count(false), count(true));
    let of_texts = match input.missing.categorical {
        CategoricalMissing::OwnLevel => "which are a level of their own",
        CategoricalMissing::MostFrequent => "which are taken for the most frequent level",
        CategoricalMissing::Refuse => "which are refused",
    };
    let word = |count: usize, one: &str| if count == 1 { one.to_owned() } else { format!("{one}s") };
    let mut clauses = Vec::new();
    if numbers > 0 {
        let are = if numbers == 1 { "which is" } else { "which are" };
        clauses.push(format!("{} {}, {are} filled in", super::publish::grouped(numbers), word(numbers, "number")));
    }
    if texts > 0 {
        clauses.push(format!("{} {}, {of_texts}", super::publish::grouped(texts), word(texts, "text")));
    }
    (!clauses.is_empty()).then(|| clauses.join("; "))
}

/// Files, the most looked-at first.
fn most_looked_at_first(mut files: Vec<String>) -> Vec<String> {
    let rank = |name: &String| match name.as_str() {
        "report.html" => 0,
        name if name.starts_with("embedding-") => 1,
        "codes.parquet" | "embedding.parquet" => 2,
        "model.safetensors" | "metrics.json" => 3,
        name if name.ends_with(".svg") => 4,
        _ => 5,
    };
    files.sort_by_key(rank);
    files
}

enum Held {
    Classes(Vec<String>, Vec<Option<u32>>),
    Numbers(Vec<f64>),
}

fn on_a_line(points: ArrayView2<f32>) -> Array2<f32> {
    Array2::from_shape_fn(
        (points.nrows(), 2),
        |(row, side)| if side < points.ncols() { points[[row, side]] } else { 0.0 },
    )
}

fn figure(name: &str, svg: &str) -> Figure {
    let stem = name.trim_end_matches(".svg");
    let (title, width) = match stem.strip_prefix("embedding") {
        Some(column) => (format!("Map{}", column.replacen('-', " by ", 1)), FigureWidth::Map),
        None => (stem.to_owned(), FigureWidth::Half),
    };
    Figure { title, caption: String::new(), svg: svg.to_owned(), width }
}

fn stage_row(stage: &StageRecord) -> StageRow {
    StageRow {
        name: stage.name.name().to_owned(),
        seconds: stage.seconds,
        peak_memory: stage.peak_memory_bytes,
        source: if stage.reused { StageSource::Reused } else { StageSource::Computed },
    }
}

/// What a file of a run holds, in a few words.
fn holds(name: &str) -> String {
    match name {
        "codes.parquet" => "a code for every row",
        "embedding.parquet" => "a point for every row, its reliability, and whether it was held out",
        "metrics.json" => "everything measured",
        "model.safetensors" => "the model, with its preparation",
        "pipeline.yaml" => "the pipeline with every default written out",
        "training.svg" => "losses by epoch",
        "reconstruction.svg" => "held-out rows and their reconstructions",
        "codes.svg" => "what each node of the code holds",
        "variance.svg" => "variance by node",
        "distances.svg" => "distances before and after",
        "errors.svg" => "reconstruction errors of rows and features",
        "code_sizes.svg" => "the code sizes that were tried",
        "activity.svg" => "how often each node of the code is active",
        "parts.svg" => "the parts of the loss by epoch",
        _ if name.starts_with("embedding") => "the map",
        _ => "",
    }
    .to_owned()
}

/// The page of a finished run, from its folder.
///
/// # Errors
/// If a file of the run is gone or was changed.
pub(super) fn page_of_run(run: &Path, plan: &Loaded, record: &Record) -> Result<String> {
    let changed: Vec<String> = record.verify(run).into_iter().filter(|name| name != "report.html").collect();
    if !changed.is_empty() {
        return Err(Error::request(format!("changed since the run, or gone: {}", changed.join(", ")))
            .hint("run the pipeline again"));
    }
    let metrics = metrics_of(run)?;
    let size = metrics
        .training
        .as_ref()
        .and_then(|training| training.options.code_size.and_then(Auto::given))
        .unwrap_or_default();
    let (rows, codes) = read_back::read_embedded(&run.join("codes.parquet"), &plan.pipeline.input.labels, size)?;
    let points = match record.files.contains_key("embedding.parquet") {
        true => Some(read_back::read_embedding(run, record)?.1),
        false => None,
    };
    let reliability = super::redraw::column_of(&run.join("embedding.parquet"), "reliability").unwrap_or_default();
    let row_errors =
        super::redraw::column_of(&run.join("embedding.parquet"), "reconstruction_error").unwrap_or_default();
    let mut figures = Vec::new();
    for name in record.files.keys().filter(|name| name.ends_with(".svg")) {
        let path = run.join(name);
        figures.push((name.clone(), std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))?));
    }
    let told = Told {
        name: &record.name,
        plan: &plan.pipeline,
        metrics: &metrics,
        rows: &rows,
        codes: codes.view(),
        points: points.as_ref().map(Array2::view),
        reliability: &reliability,
        row_errors: &row_errors,
        figures: &figures,
        stages: &record.stages,
        files: record.files.keys().cloned().filter(|name| name != "report.html").collect(),
    };
    told.page()
}

/// What a run measured.
///
/// # Errors
/// If `metrics.json` is gone or of another version.
pub(super) fn metrics_of(run: &Path) -> Result<Metrics> {
    let path = run.join("metrics.json");
    let text = std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
    serde_json::from_slice(&text).map_err(|error| {
        Error::request(format!("`{}` is of another version: {error}", path.display())).hint("run the pipeline again")
    })
}
