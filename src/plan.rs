//! What a run will do: every `auto` a value, every stage kept or computed, memory and time foretold.
//!
//! A plan reads and prepares the table, because defaults depend on it, but trains nothing and writes nothing.

mod starter;

use std::fmt;
use std::ops::ControlFlow;

use serde::Serialize;

pub use starter::{Starter, starter};

use crate::autoencoder;
use crate::error::Result;
use crate::event::{Event, Stage};
use crate::pipeline::{Loaded, Pipeline};
use crate::run::meter::{Meter, available_memory};
use crate::run::{self, Data, Reuse};
use crate::table;
use crate::value::{Auto, Switch};

/// Multiplications and additions per second and thread that training reaches at these shapes, about; for the forecast only.
const OPERATIONS_PER_SECOND: f64 = 4e10;
/// Seconds per row and iteration of the embedding, about; for the forecast only.
const SECONDS_PER_POINT: f64 = 4e-7;
/// Memory of the program itself, and of what no other line of the forecast counts.
const PROGRAM_BYTES: u64 = 150 << 20;

/// What a run will do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The pipeline with every default and `auto` resolved.
    pub pipeline: Pipeline,
    /// The run folder.
    pub output: String,
    /// Each stage, and whether an earlier run's result is taken up.
    pub stages: Vec<PlannedStage>,
    /// Rows, features before and after preparation.
    pub shape: (usize, usize, usize),
    /// What memory the run will need at its peak, about, in bytes.
    pub memory_bytes: u64,
    /// What memory there is, in bytes.
    pub available_bytes: Option<u64>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A stage of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedStage {
    /// The stage.
    pub name: Stage,
    /// Whether it is taken from an earlier run.
    pub kept: bool,
    /// Seconds it will take at most, about; `None` where nothing is known.
    pub seconds: Option<f64>,
}

impl Plan {
    /// Resolves a pipeline against its table.
    ///
    /// # Errors
    /// Everything for which a run would be refused.
    pub fn of(loaded: &Loaded) -> Result<Self> {
        run::check_output(loaded)?;
        let mut notes = Vec::new();
        let mut listen = |event: Event| {
            match event {
                Event::Note(text) => notes.push(text),
                Event::Warning(text) => notes.push(format!("warning: {text}")),
                _ => {}
            }
            ControlFlow::Continue(())
        };
        let data = Data::load(
            &loaded.pipeline,
            &loaded.base,
            &run::features_wanted(&loaded.pipeline),
            &mut Meter::default(),
            &mut listen,
        )?;
        let (rows, features) = data.prepared.dim();
        let facts = autoencoder::DataFacts::of(data.prepared.view());
        let options =
            loaded.pipeline.autoencoder.resolve(data.split.training.len(), &facts, data.preparation.features())?;
        let mut pipeline = loaded.pipeline.clone();
        let size = options.code_size.and_then(Auto::given).unwrap_or(features);
        let training_seconds = training_seconds(&options, data.split.training.len(), features);
        pipeline.autoencoder = options;
        pipeline.prepare = Some(data.steps.clone());
        pipeline.name = Some(loaded.name.clone());
        let mut tsne_seconds = None;
        if let Switch::On(tsne) = &loaded.pipeline.tsne {
            notes.push(format!("neighbors: {}", tsne.neighbors.chosen(rows, size).1));
            let tsne = tsne.resolve(rows, size)?;
            notes.extend(tsne.engine.caveat().map(str::to_owned));
            #[expect(clippy::cast_precision_loss, reason = "a forecast")]
            let seconds = (tsne.early_iterations + tsne.iterations) as f64 * rows as f64 * SECONDS_PER_POINT;
            tsne_seconds = Some(seconds);
            pipeline.tsne = Switch::On(tsne);
        }
        let forecast = run::forecast(loaded)?;
        notes.extend(
            forecast.checkpoint.map(|epochs| format!("the training goes on from a checkpoint after {epochs} epochs")),
        );
        let stages = forecast
            .stages
            .into_iter()
            .map(|(name, reuse)| PlannedStage {
                name,
                kept: reuse == Reuse::Kept,
                seconds: match name {
                    Stage::Autoencoder => Some(training_seconds),
                    Stage::Tsne => tsne_seconds,
                    _ => None,
                },
            })
            .collect();
        let columns_in = data.account.columns_in;
        let matrix = 4 * (rows as u64) * (features.max(columns_in) as u64);
        let memory_bytes = PROGRAM_BYTES + matrix * 2 + 4 * (rows as u64) * (size as u64 + 300);
        let available_bytes = available_memory();
        if available_bytes.is_some_and(|available| memory_bytes > available) {
            notes.push("warning: the run may need more memory than there is; `input: {rows: {sample: N}}` trains on fewer rows".to_owned());
        }
        let output = loaded.output.display().to_string();
        Ok(Self { pipeline, output, stages, shape: (rows, columns_in, features), memory_bytes, available_bytes, notes })
    }
}

/// Seconds that training will take at most.
#[expect(clippy::cast_precision_loss, reason = "a forecast")]
fn training_seconds(options: &autoencoder::Options, rows: usize, features: usize) -> f64 {
    let hidden = match &options.hidden {
        Auto::Given(hidden) => hidden.clone(),
        Auto::Auto => Vec::new(),
    };
    let size = options.code_size.and_then(Auto::given).unwrap_or(1);
    let widths: Vec<usize> = [features].into_iter().chain(hidden).chain([size]).collect();
    let weights: usize = 2 * widths.windows(2).map(|pair| pair[0] * pair[1]).sum::<usize>() + 2 * features * size;
    let epochs = options.training.max_epochs.given().unwrap_or(200);
    6.0 * weights as f64 * rows as f64 * epochs as f64 / (OPERATIONS_PER_SECOND * rayon::current_num_threads() as f64)
}

/// A sentence on the columns of a pipeline's table, found without reading it whole.
///
/// # Errors
/// If the table cannot be read or lacks a column that the pipeline names.
pub fn check_columns(loaded: &Loaded) -> Result<String> {
    run::check_output(loaded)?;
    let schema = table::read::schema(&loaded.pipeline.input, &loaded.base)?;
    let rows = schema.rows.map_or_else(String::new, |rows| format!("{rows} rows, "));
    Ok(format!("{}, {rows}{} columns, {} of them train", schema.format, schema.columns.len(), schema.trainable))
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns, features) = self.shape;
        writeln!(f, "# {rows} rows, {columns} columns; {features} features after preparation")?;
        writeln!(f, "# results go to {}", self.output)?;
        let gibibytes = |bytes: u64| bytes as f64 / f64::from(1 << 30);
        write!(f, "# memory: about {:.1} GiB", gibibytes(self.memory_bytes))?;
        match self.available_bytes {
            Some(available) => writeln!(f, " of {:.1} GiB available", gibibytes(available))?,
            None => writeln!(f)?,
        }
        for note in &self.notes {
            writeln!(f, "# {note}")?;
        }
        writeln!(f, "# stages:")?;
        for stage in &self.stages {
            let how = if stage.kept { "kept from an earlier run" } else { "to do" };
            let seconds = stage
                .seconds
                .filter(|_| !stage.kept)
                .map_or_else(String::new, |seconds| format!(", at most about {} s", seconds.ceil()));
            writeln!(f, "#   {:<12} {how}{seconds}", stage.name.name())?;
        }
        writeln!(f)?;
        f.write_str(&self.pipeline.to_yaml().map_err(|_| fmt::Error)?)
    }
}
