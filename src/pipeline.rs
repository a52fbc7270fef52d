//! The pipeline file, typed: load, check, override, write back. The only place that names YAML.
//!
//! It only composes the options of the rooms; defaults live beside the stage they steer.

mod forms;
mod load;
mod overrides;
mod wording;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use load::PipelineError;

use crate::autoencoder;
use crate::embed;
use crate::error::{Error, Result};
use crate::evaluate;
use crate::plot;
use crate::prepare;
use crate::seed::Seed;
use crate::table;
use crate::value::{self, Switch};

/// The version of the pipeline file that this program writes and reads.
pub const VERSION: u32 = 1;

/// What a pipeline file says; the smallest is two lines, `version: 1` and `input: {path: …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The version of the file's format: 1.
    #[serde(default)]
    pub version: u32,
    /// The run's name, in titles and in the default output folder; the file's own name if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The one number that every random choice derives from.
    #[serde(default = "default_seed")]
    pub seed: Seed,
    /// The table, and which of its columns do what.
    pub input: table::Input,
    /// Steps applied in order, fitted on the training rows; absent means a choice by the kind of data, which is said.
    #[serde(default, deserialize_with = "value::words_or_maps", skip_serializing_if = "Option::is_none")]
    pub prepare: Option<Vec<prepare::Step>>,
    /// The autoencoder: its shape, loss, kind and training.
    #[serde(default, deserialize_with = "value::section")]
    pub autoencoder: autoencoder::Options,
    /// The 2-D embedding of the codes, or `none`.
    #[serde(default)]
    pub tsne: Switch<embed::Options>,
    /// How faithfulness is measured, or `none`.
    #[serde(default)]
    pub evaluate: Switch<evaluate::Options>,
    /// The pictures; absent means one for each label and one by reliability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plots: Option<Vec<plot::PlotOptions>>,
    /// The run folder, relative to this file; absent means `runs/NAME` beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
}

fn default_seed() -> Seed {
    Seed(42)
}

/// A part of a pipeline as YAML.
///
/// # Errors
/// If the value cannot be written as YAML, which would be a bug.
pub fn yaml_of<T: Serialize>(value: &T) -> Result<String> {
    serde_saphyr::to_string(value).map_err(|error| Error::failure(format!("cannot write YAML: {error}")))
}

/// A pipeline with the file it came from, against which its paths resolve.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What the file says.
    pub pipeline: Pipeline,
    /// The folder of the file.
    pub base: PathBuf,
    /// The run's name: given, or the file's own without its ending.
    pub name: String,
    /// The run folder.
    pub output: PathBuf,
}

/// A path in its shortest form: without `.` and with every `name/..` taken out.
#[must_use]
pub fn tidy(path: impl AsRef<Path>) -> PathBuf {
    use std::path::Component;
    let mut tidy = PathBuf::new();
    for component in path.as_ref().components() {
        match (component, tidy.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                tidy.pop();
            }
            _ => tidy.push(component),
        }
    }
    if tidy.as_os_str().is_empty() { PathBuf::from(".") } else { tidy }
}

impl Pipeline {
    /// Reads, types and checks a pipeline file; `overrides` are `key=value` pairs that replace what it says.
    ///
    /// # Errors
    /// Every problem of the file at once, each with line, column and caret.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Loaded> {
        Self::from_text(&load::text(path)?, path, overrides)
    }

    /// As [`Pipeline::load`], from the text of a file that was read already; `path` names it and is where paths start.
    ///
    /// # Errors
    /// As [`Pipeline::load`].
    pub fn from_text(text: &str, path: &Path, overrides: &[String]) -> Result<Loaded> {
        let mut pipeline: Self = load::typed(text, path)?;
        for pair in overrides {
            pipeline = overrides::apply(&pipeline, pair)?;
        }
        pipeline
            .check()
            .map_err(|error| if error.place().is_some() { error } else { error.at(path.display().to_string()) })?;
        let base = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let stem = path.file_stem().map_or_else(|| "run".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let name = pipeline.name.clone().unwrap_or(stem);
        let output = pipeline.output.clone().unwrap_or_else(|| Path::new("runs").join(&plot::readable_slug(&name)));
        let output = tidy(if output.is_absolute() { output } else { base.join(output) });
        Ok(Loaded { pipeline, base, name, output })
    }

    /// The same error with the line of the pipeline file that names the column it is about, where that can be told.
    #[must_use]
    pub fn pointed(error: Error, path: &Path) -> Error {
        load::pointed(error, path)
    }

    /// How the table is read: as `input` says, or the sample that `autoencoder.training.rows` asks for.
    #[must_use]
    pub fn input_read(&self) -> table::Input {
        let sample = self.autoencoder.training.rows.map(|sample| table::Rows { sample, seed: self.seed.0 });
        table::Input { rows: sample.or(self.input.rows), ..self.input.clone() }
    }

    /// The rows that are drawn while the table is read, if not all are taken.
    #[must_use]
    pub fn rows_sampled(&self) -> Option<usize> {
        self.input_read().rows.map(|rows| rows.sample)
    }

    /// The checks that need more than one field but no data.
    ///
    /// # Errors
    /// The first contradiction found.
    pub fn check(&self) -> Result<()> {
        match self.version {
            VERSION => {}
            0 => return Err(Error::request("the pipeline has no `version`").hint("begin the file with `version: 1`")),
            version => {
                return Err(Error::request(format!(
                    "the pipeline is of version {version}; this program reads version {VERSION}"
                ))
                .hint(if version > VERSION {
                    "a newer version of `reduce` reads it"
                } else {
                    "write `version: 1`"
                }));
            }
        }
        if self.input.path.0.iter().any(|path| path.as_os_str().is_empty()) {
            return Err(Error::request("the pipeline names no table").hint("add `input: {path: TABLE}`"));
        }
        if self.output.as_ref().is_some_and(|output| output.as_os_str().is_empty()) {
            return Err(Error::request("`output` is empty").hint("name a folder, or leave the key out"));
        }
        if self.input.rows.is_some() && self.autoencoder.training.rows.is_some() {
            return Err(Error::request("`input.rows` and `autoencoder.training.rows` both ask for a sample")
                .hint("leave out `input.rows`"));
        }
        if self.autoencoder.training.rows.is_some_and(|rows| rows < 3) {
            return Err(Error::request("`autoencoder.training.rows` is less than 3")
                .hint("at least 2 rows must train and 1 must be held out"));
        }
        if self.output.as_ref().is_some_and(|output| output.to_string_lossy().contains('\0')) {
            return Err(
                Error::request("`output` holds a zero byte, which no name can").hint("write the name without it")
            );
        }
        self.autoencoder.check()?;
        Ok(())
    }

    /// The file as YAML, every default written out.
    ///
    /// # Errors
    /// If the values cannot be written as YAML, which would be a bug.
    pub fn to_yaml(&self) -> Result<String> {
        yaml_of(self)
    }

    /// The JSON Schema of the pipeline file, for editors.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        let mut schema = schemars::schema_for!(Self).to_value();
        if let Some(object) = schema.as_object_mut() {
            object.insert("title".to_owned(), "a pipeline of `reduce`".into());
            object.insert("required".to_owned(), serde_json::json!(["version", "input"]));
        }
        schema
    }
}
