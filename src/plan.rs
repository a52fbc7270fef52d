//! What a run will do: every `auto` a value, every stage kept or computed, memory and time foretold.
//!
//! A plan reads and prepares the table, because defaults depend on it, but trains nothing and writes nothing.

mod mixed;
mod starter;

use std::fmt;
use std::ops::ControlFlow;

use serde::Serialize;

pub use starter::{Starter, starter};

use crate::autoencoder::{self, Code, Corruption};
use crate::error::Result;
use crate::event::{Event, Stage};
use crate::pipeline::{Loaded, Pipeline};
use crate::prepare::Step;
use crate::run::cost::{self, Size};
use crate::run::meter::Meter;
use crate::run::{self, Data, Reuse};
use crate::table;
use crate::table::Layout;
use crate::table::memory;
use crate::value::{Auto, Switch};

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
    /// Seconds it will take, about; for training, if no epoch is spared.
    pub seconds: f64,
    /// The most memory the process will hold meanwhile, about, in bytes.
    pub memory_bytes: u64,
}

impl Plan {
    /// Resolves a pipeline against its table.
    ///
    /// # Errors
    /// Everything for which a run would be refused.
    pub fn of(loaded: &Loaded) -> Result<Self> {
        run::check_output(loaded)?;
        cost::check_reading(loaded)?;
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
        run::room::check(&options, features)?;
        let mut pipeline = loaded.pipeline.clone();
        let size = options.code_size.and_then(Auto::given).unwrap_or(32).min(features);
        let shape = Size { rows, columns: data.columns, features, training: data.split.training.len() };
        let costs = cost::stages(&loaded.pipeline, &options, shape);
        let too_much = cost::too_much(&loaded.pipeline, &options, shape);
        if options.code_size == Some(Auto::Auto) {
            notes.push("`code_size: auto` is searched by short trainings when the run trains".to_owned());
        }
        pipeline.autoencoder = options;
        pipeline.prepare = Some(data.steps.clone());
        pipeline.name = Some(loaded.name.clone());
        pipeline.plots = Some(run::plots_wanted(&loaded.pipeline));
        if let Switch::On(tsne) = &loaded.pipeline.tsne {
            notes.push(format!("neighbors: {}", tsne.neighbors.chosen(rows, size).1));
            let tsne = tsne.resolve(rows, size)?;
            notes.extend(tsne.engine.caveat().map(str::to_owned));
            pipeline.tsne = Switch::On(tsne);
        }
        notes.extend(no_way_back(&pipeline, &data.steps).map(|lost| format!("warning: {lost}")));
        let forecast = run::forecast(loaded)?;
        notes.extend(
            forecast.checkpoint.map(|epochs| format!("the training goes on from a checkpoint after {epochs} epochs")),
        );
        let stages = forecast
            .stages
            .into_iter()
            .map(|(name, reuse)| {
                let cost = costs.iter().find(|cost| cost.stage == name);
                PlannedStage {
                    name,
                    kept: reuse == Reuse::Kept,
                    seconds: cost.map_or(0.0, |cost| cost.seconds),
                    memory_bytes: cost.map_or(0, |cost| cost.memory),
                }
            })
            .collect::<Vec<_>>();
        let columns_in = data.account.columns_in;
        let memory_bytes = stages.iter().filter(|stage| !stage.kept).map(|stage| stage.memory_bytes).max().unwrap_or(0);
        let available_bytes = memory::usable();
        if let Some(error) = too_much {
            notes.push(format!("warning: the run would be refused: {}", error.to_string().replace('\n', "; ")));
        }
        let output = loaded.output.display().to_string();
        Ok(Self { pipeline, output, stages, shape: (rows, columns_in, features), memory_bytes, available_bytes, notes })
    }
}

/// What will not work of a model whose kind is made for rows that come back, where a step cannot be undone.
fn no_way_back(pipeline: &Pipeline, steps: &[Step]) -> Option<String> {
    let options = &pipeline.autoencoder;
    let verb = match (options.code, options.corruption) {
        (Code::Variational(_), _) => "sample",
        (_, Corruption::None) => return None,
        _ => "denoise",
    };
    let step = steps.iter().find(|step| !step.has_way_back())?;
    Some(format!("`{}` cannot be undone, so that `{verb}` will not give rows of this model back", step.name()))
}

/// Seconds as people say them.
fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 120.0 => format!("{} s", seconds.ceil()),
        seconds if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}

/// A sentence on the columns of a pipeline's table, found without reading it whole.
///
/// # Errors
/// If the table cannot be read or lacks a column that the pipeline names.
pub fn check_columns(loaded: &Loaded) -> Result<String> {
    run::check_output(loaded)?;
    let schema = table::read::schema(&loaded.pipeline.input, &loaded.base)?;
    let pipeline = &loaded.pipeline;
    table::read::check_labels(&pipeline.input, &schema.columns, &loaded.base)?;
    let unnamed = table::read::labels_of_metadata(&pipeline.input, &loaded.base)?;
    let labels: Vec<&str> = pipeline.input.labels.iter().chain(&unnamed).map(String::as_str).collect();
    run::check_split(pipeline, &labels, || schema.columns.iter().map(|(name, _)| name.as_str()))?;
    run::check_start(loaded)?;
    run::check_colors(&pipeline.input, &loaded.base, &run::features_wanted(pipeline))?;
    // features in rows have no header that tells them
    if pipeline.input.layout == Layout::SamplesInRows {
        let mut known: Vec<String> = schema.columns.iter().map(|(name, _)| name.clone()).collect();
        known.extend(table::read::beside(&pipeline.input, &loaded.base)?);
        if let Some(name) = run::features_wanted(pipeline).iter().find(|name| !known.contains(name)) {
            return Err(run::no_such_color(name, known.iter().map(String::as_str)));
        }
    }
    let counted = |what: &str| schema.rows.map_or_else(String::new, |rows| format!("{rows} {what}, "));
    let mut sentence = match pipeline.input.layout {
        Layout::SamplesInRows => format!(
            "{}, {}{} columns, {} of them can train",
            schema.format,
            counted("rows"),
            schema.columns.len(),
            schema.trainable
        ),
        Layout::FeaturesInRows => format!(
            "{}, features in rows, {}{} columns: one names the features, the others are samples",
            schema.format,
            counted("rows"),
            schema.columns.len()
        ),
    };
    // what the columns' values decide
    let mut later: Vec<String> = Vec::new();
    if schema.texts > 0 {
        let most = pipeline.input.categorical.max_levels;
        later.push(format!("texts of more than {most} levels are left out (`input.categorical.max_levels`)"));
    }
    if let Some(share) = pipeline.input.missing.drop_feature_above {
        later.push(format!("columns with more than {} missing are left out", share.get()));
    }
    if !later.is_empty() {
        sentence += &format!("; of these, once the table is read, {}", later.join(" and "));
    }
    sentence += "; `reduce plan` reads it and says what is left after `prepare`";
    if let Some(lost) = no_way_back(pipeline, pipeline.prepare.as_deref().unwrap_or_default()) {
        sentence += &format!("; {lost}");
    }
    Ok(sentence)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns, features) = self.shape;
        writeln!(f, "# {rows} rows, {columns} columns; {features} features after preparation")?;
        writeln!(f, "# results go to {}", self.output)?;
        write!(f, "# memory: about {}", memory::in_words(self.memory_bytes))?;
        match self.available_bytes {
            Some(available) => writeln!(f, " of {} that there are", memory::in_words(available))?,
            None => writeln!(f)?,
        }
        for note in &self.notes {
            writeln!(f, "# {note}")?;
        }
        writeln!(f, "# stages:")?;
        for stage in &self.stages {
            if stage.kept {
                writeln!(f, "#   {:<12} kept from an earlier run", stage.name.name())?;
                continue;
            }
            let at_most = if stage.name == Stage::Autoencoder { "up to " } else { "" };
            writeln!(
                f,
                "#   {:<12} to do, {at_most}about {}, {}",
                stage.name.name(),
                duration(stage.seconds),
                memory::in_words(stage.memory_bytes)
            )?;
        }
        writeln!(f)?;
        f.write_str(&self.pipeline.to_yaml().map_err(|_| fmt::Error)?)
    }
}
