//! What a run tells: the summary in the terminal and the page, from plain results.

use std::path::Path;

use ndarray::{Array2, ArrayView2};

use super::data::RowNames;
use super::meter::StageRecord;
use super::record::Record;
use super::{Metrics, apply};
use crate::autoencoder::{Activation, Code, Corruption, LinearPath, Loss, Sparsity};
use crate::embed::Engine;
use crate::error::{Error, Result};
use crate::evaluate::Measures;
use crate::pipeline::{Loaded, Pipeline};
use crate::report::methods::{self, LayoutFacts, MethodsFacts, Repulsion};
use crate::report::{
    self, Better, Column, ColumnValues, Explorable, Figure, FigureWidth, MeasureColumn, MeasureRow, MeasureTable,
    ReportData, StageRow, StageSource, Summary,
};
use crate::table::{Account, LabelValues};
use crate::value::{Auto, Switch};

/// Everything a run has to tell.
pub struct Told<'a> {
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
    pub fn page(&self) -> Result<String> {
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
            figures: self.figures.iter().map(|(name, svg)| figure(name, svg)).collect(),
            measures: self.measure_tables(),
            stages: self.stages.iter().map(stage_row).collect(),
            pipeline: self.plan.to_yaml()?,
            methods: self.methods(),
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
    pub fn summary(&self, folder: &Path) -> String {
        let training = self.metrics.training.as_ref();
        let faithfulness = self.metrics.faithfulness.as_ref();
        report::summary(&Summary {
            name: self.name.to_owned(),
            rows: self.rows.ids.len(),
            features: training.map_or(0, |training| training.features),
            code_size: self.codes.ncols(),
            losses: training.map_or_else(Vec::new, |training| left_out(&training.account)),
            epochs: training
                .map(|training| (training.history.epochs.len().saturating_sub(1), training.history.best_epoch)),
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
            files: self.files.clone(),
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
        notes.extend(self.metrics.embedding.as_ref().map(|embedding| format!("neighbors: {}", embedding.neighbors)));
        if let Some(found) = self.metrics.faithfulness.as_ref().filter(|found| found.codes.sampled) {
            notes.push(format!(
                "faithfulness is measured on a seeded sample of {} of {} rows",
                found.codes.rows, found.codes.total_rows
            ));
        }
        notes
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

    fn measure_tables(&self) -> Vec<MeasureTable> {
        let mut tables = Vec::new();
        let size = self.codes.ncols();
        if let Some(reconstruction) = &self.metrics.reconstruction {
            let row = |name: &str, meaning: &str, ours: Option<f64>, pca: Option<f64>, better| MeasureRow {
                name: name.to_owned(),
                meaning: meaning.to_owned(),
                values: vec![ours, pca],
                better,
            };
            tables.push(MeasureTable {
                title: "Reconstruction".to_owned(),
                note: format!(
                    "On {} held-out rows, per value of the prepared table.",
                    super::publish::grouped(reconstruction.rows)
                ),
                columns: vec![column(&format!("codes ({size})"), 0), column(&format!("PCA-{size}"), 0)],
                rows: vec![
                    row(
                        "squared error",
                        "mean square of what was lost",
                        Some(reconstruction.mse),
                        reconstruction.pca_mse,
                        Better::Lower,
                    ),
                    row(
                        "variance explained",
                        "share of the variance that was kept",
                        reconstruction.variance_explained,
                        reconstruction.pca_variance_explained,
                        Better::Higher,
                    ),
                ],
            });
        }
        if let Some(found) = &self.metrics.faithfulness {
            let mut spaces: Vec<(String, &Measures)> =
                vec![(format!("codes ({size})"), &found.codes), (format!("PCA-{size}"), &found.pca)];
            if let Some(embedding) = &found.embedding {
                spaces.push(("map".to_owned(), embedding));
                spaces.push(("PCA-2".to_owned(), &found.pca_embedding));
            }
            let row = |name: &str, meaning: &str, value: &dyn Fn(&Measures) -> Option<f64>| MeasureRow {
                name: name.to_owned(),
                meaning: meaning.to_owned(),
                values: spaces.iter().map(|(_, measures)| value(measures)).collect(),
                better: Better::Higher,
            };
            let rows = vec![
                row("trustworthiness", "neighbors after were near before", &|measures| Some(measures.trustworthiness)),
                row("continuity", "neighbors before are near after", &|measures| Some(measures.continuity)),
                row("kNN recall", "nearest neighbors that stayed nearest", &|measures| Some(measures.knn_recall)),
                row("distance correlation", "rank correlation of all distances", &|measures| {
                    measures.distance_correlation
                }),
                row("label agreement", "rows whose neighbors share their label", &|measures| measures.label_agreement),
                row("class neighbors", "neighboring classes that stayed so", &|measures| {
                    measures.class_neighbor_preservation
                }),
                row("silhouette", "how far apart the classes lie", &|measures| measures.silhouette),
            ];
            let measured = if found.codes.sampled { "a seeded sample of " } else { "" };
            tables.push(MeasureTable {
                title: "Faithfulness to the prepared table".to_owned(),
                note: format!(
                    "{} nearest neighbors, on {measured}{} rows.",
                    found.codes.neighbors,
                    super::publish::grouped(found.codes.rows)
                ),
                columns: spaces.iter().enumerate().map(|(place, (name, _))| column(name, place / 2)).collect(),
                rows: rows.into_iter().filter(|row| row.values.iter().any(Option::is_some)).collect(),
            });
        }
        tables
    }

    fn methods(&self) -> Option<methods::Methods> {
        let training = self.metrics.training.as_ref()?;
        let options = &training.options;
        let layout = match (&self.plan.tsne, &self.metrics.embedding) {
            (Switch::On(tsne), Some(embedding)) => Some(LayoutFacts {
                perplexity: tsne.perplexities(),
                iterations: embedding.iterations,
                repulsion: match tsne.engine {
                    Engine::Exact => Repulsion::Exact,
                    Engine::BarnesHut | Engine::Linfa => Repulsion::BarnesHut,
                    Engine::Auto | Engine::Interpolation => Repulsion::Interpolation,
                },
                exaggeration: tsne.early_exaggeration.get(),
                learning_rate: tsne.learning_rate.given().map_or(0.0, |rate| rate.get()),
            }),
            _ => None,
        };
        let facts = MethodsFacts {
            program: format!("reduce {}", env!("CARGO_PKG_VERSION")),
            rows: self.rows.ids.len(),
            features: training.features,
            row_word: String::new(),
            preparation: training.described.clone(),
            hidden: match &options.hidden {
                Auto::Given(hidden) => hidden.clone(),
                Auto::Auto => Vec::new(),
            },
            code_size: self.codes.ncols(),
            activation: match options.activation {
                Activation::Relu => "ReLU",
                Activation::Gelu => "GELU",
                Activation::Elu => "ELU",
                Activation::Tanh => "tanh",
                Activation::Sigmoid => "sigmoid",
            }
            .to_owned(),
            loss: match options.loss {
                Loss::Auto | Loss::Mse => "mean squared error",
                Loss::Bce => "binary cross-entropy",
                Loss::Poisson => "a Poisson likelihood",
                Loss::Nb => "a negative binomial likelihood",
                Loss::Zinb => "a zero-inflated negative binomial likelihood",
            }
            .to_owned(),
            linear_path: match options.linear_path {
                LinearPath::Pca => methods::LinearPath::PrincipalAxes,
                LinearPath::None => methods::LinearPath::None,
            },
            corruption: match options.corruption {
                Corruption::None => None,
                Corruption::Gaussian { sd } => Some(format!("Gaussian noise (standard deviation {sd})")),
                Corruption::Mask { fraction } => Some(format!("masking of a fraction {fraction} of the values")),
                Corruption::SaltAndPepper { fraction } => {
                    Some(format!("salt-and-pepper noise on a fraction {fraction} of the values"))
                }
            },
            variational: match &options.code {
                Code::Plain => None,
                Code::Variational(variational) => Some(variational.beta.get()),
            },
            sparsity: match options.sparsity {
                Sparsity::None => None,
                Sparsity::L1 { weight } => Some(format!("an L1 penalty of weight {weight}")),
                Sparsity::Kl { target, weight } => {
                    Some(format!("a Kullback-Leibler penalty of weight {weight} to a mean activation of {target}"))
                }
                Sparsity::Active(fraction) => {
                    Some(format!("an L1 penalty searched for a fraction {fraction} of active nodes"))
                }
            },
            batch_size: options.training.batch_size.given().unwrap_or(0),
            learning_rate: options.training.learning_rate.given().map_or(0.0, |rate| rate.get()),
            epochs: training.history.epochs.len().saturating_sub(1),
            best_epoch: training.history.best_epoch,
            held_out: training.rows.1,
            layout,
            faithfulness: self.metrics.faithfulness.as_ref().map(|found| (found.codes.rows, found.codes.neighbors)),
            seed: self.plan.seed.0,
        };
        Some(methods::methods(&facts))
    }
}

/// What was left out of the table or filled in, a clause each.
fn left_out(account: &Account) -> Vec<String> {
    let mut clauses = Vec::new();
    if account.rows_used < account.rows_read {
        clauses.push(format!("{} rows", super::publish::grouped(account.rows_read - account.rows_used)));
    }
    if !account.unused.is_empty() {
        clauses.push(format!("{} columns", super::publish::grouped(account.unused.len())));
    }
    let missing: usize = account.missing.iter().map(|column| column.count).sum();
    if missing > 0 {
        clauses.push(format!("{} missing values filled in", super::publish::grouped(missing)));
    }
    clauses
}

enum Held {
    Classes(Vec<String>, Vec<Option<u32>>),
    Numbers(Vec<f64>),
}

/// A column of a table of measures; those of one group compete.
fn column(name: &str, group: usize) -> MeasureColumn {
    MeasureColumn { name: name.to_owned(), group }
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
        "embedding.parquet" => "a point for every row, and its reliability",
        "metrics.json" => "everything measured",
        "model.safetensors" => "the model, with its preparation",
        "pipeline.yaml" => "the pipeline with every default written out",
        "training.svg" => "losses by epoch",
        "reconstruction.svg" => "held-out rows and their reconstructions",
        "codes.svg" => "what each node of the code holds",
        "variance.svg" => "variance by node",
        "distances.svg" => "distances before and after",
        _ if name.starts_with("embedding") => "the map",
        _ => "",
    }
    .to_owned()
}

/// The page of a finished run, from its folder.
///
/// # Errors
/// If a file of the run is gone or was changed.
pub fn page_of_run(run: &Path, plan: &Loaded, record: &Record) -> Result<String> {
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
    let (rows, codes) = apply::read_embedded(&run.join("codes.parquet"), &plan.pipeline.input.labels, size)?;
    let points = match record.files.contains_key("embedding.parquet") {
        true => Some(apply::read_embedding(run, record)?.1),
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
pub fn metrics_of(run: &Path) -> Result<Metrics> {
    let path = run.join("metrics.json");
    let text = std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
    serde_json::from_slice(&text).map_err(|error| {
        Error::request(format!("`{}` is of another version: {error}", path.display())).hint("run the pipeline again")
    })
}
