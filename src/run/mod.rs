//! The one place where the stages meet: reading it is knowing the product.
//!
//! A table is read and prepared, the autoencoder trained, every row encoded, the codes laid out,
//! faithfulness measured, and all of it drawn and recorded. What an earlier run finished under the
//! same key is taken up. `run.json` is written last.

pub mod apply;
mod checkpoint;
pub mod cost;
mod courses;
mod data;
pub mod drawn;
pub mod folder;
pub mod graph;
mod kept;
mod keys;
mod lock;
mod looks;
mod measure;
pub mod memory;
pub mod meter;
mod methods;
mod named;
mod pictures;
pub mod placing;
mod publish;
pub mod read_back;
pub mod reading;
pub mod record;
pub mod redraw;
pub mod room;
pub mod score;
mod tables;
mod told;
pub mod unlike;
mod work;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::autoencoder;
use crate::error::Result;
use crate::evaluate::{AmongAll, Measures, Reconstruction};
use crate::event::{Observer, Stage};
use crate::pipeline::Loaded;
use crate::prepare::Step;
use crate::table::Account;

pub use data::{Data, RowNames, split_rows};
pub(crate) use data::{check_colors, check_split};
pub use keys::{Forecast, forecast};
pub use pictures::{features_wanted, no_such_color, plots_wanted};

/// Whether stages of an earlier run are taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Where their keys still fit.
    Kept,
    /// Where their keys still fit and they come before this stage.
    Before(Stage),
    /// None: everything is computed.
    Nothing,
}

impl Reuse {
    /// Whether the result of `stage` may be taken up.
    #[must_use]
    pub fn includes(self, stage: Stage) -> bool {
        match self {
            Self::Kept => true,
            Self::Before(first) => stage < first,
            Self::Nothing => false,
        }
    }
}

/// What is known once the autoencoder is trained, beside the model itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// How training went.
    pub history: autoencoder::History,
    /// The options with every `auto` a value.
    pub options: autoencoder::Options,
    /// The steps that were fitted.
    pub steps: Vec<Step>,
    /// What they did, a sentence each.
    pub described: Vec<String>,
    /// What became of every column.
    pub account: Account,
    /// Rows that trained and rows held out.
    pub rows: (usize, usize),
    /// Features after preparation.
    pub features: usize,
}

/// How the embedding came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingRecord {
    /// The final Kullback-Leibler divergence, in nats.
    pub divergence: f64,
    /// (iteration, divergence), every 50 iterations.
    pub history: Vec<(usize, f64)>,
    /// Iterations done.
    pub iterations: usize,
    /// How neighbors were found, and why so.
    pub neighbors: String,
}

/// `metrics.json`: what each step lost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Metrics {
    /// Held-out error per value, beside PCA of the same size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconstruction: Option<Reconstruction>,
    /// Neighborhoods kept, by space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faithfulness: Option<Faithfulness>,
    /// The label whose agreement was measured: the first of classes, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scored_label: Option<String>,
    /// Two or three sentences on what that means.
    pub verdict: Vec<String>,
    /// How training went.
    pub training: Option<TrainingRecord>,
    /// How the embedding came about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<EmbeddingRecord>,
}

/// How faithful each space is to the prepared table, and the embedding to the codes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Faithfulness {
    /// The codes beside the prepared table.
    pub codes: Measures,
    /// The embedding beside the prepared table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Measures>,
    /// The embedding beside the codes: what t-SNE alone lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_from_codes: Option<Measures>,
    /// The same among all rows, where the others compare a sample's rows with each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_among_all: Option<AmongAll>,
    /// PCA of the code's size beside the prepared table.
    pub pca: Measures,
    /// Two principal components beside the prepared table.
    pub pca_embedding: Measures,
    /// The prepared table beside itself: its own label agreement.
    pub prepared: Measures,
}

/// Looks whether the run that the map starts from has an embedding.
///
/// # Errors
/// If it has none.
pub fn check_start(loaded: &Loaded) -> Result<()> {
    keys::start(loaded).map(drop)
}

/// Looks whether a pipeline's output can be a run folder; nothing is written.
///
/// # Errors
/// If it cannot, or holds files of somebody else under names of ours.
pub fn check_output(loaded: &Loaded) -> Result<()> {
    folder::Folder::check(&loaded.output, &publish::names(&loaded.pipeline))
}

/// A finished run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run folder.
    pub folder: PathBuf,
    /// What each step lost.
    pub metrics: Metrics,
    /// What `run.json` says.
    pub record: record::Record,
    /// The summary for the terminal.
    pub summary: String,
}

/// Runs a pipeline from its table to its report.
///
/// # Errors
/// What is wrong with the request, before anything is written; or what failed on the way, with the
/// finished stages kept and the results of an earlier run as they were.
pub fn run(loaded: &Loaded, reuse: Reuse, observer: &mut Observer<'_>) -> Result<Outcome> {
    let mut work = work::Work::begin(loaded, reuse)?;
    let trained = work.train(observer)?;
    let codes = work.encode(&trained, observer)?;
    let embedding = work.lay_out(&codes, observer)?;
    let measured = work.measure(&trained, &codes, embedding.as_ref(), observer)?;
    work.publish(trained, codes, embedding, measured, observer)
}
