//! The one seam for progress, cancelling and bindings.
//!
//! Long work calls an [`Observer`] with an [`Event`] at every epoch or iteration; the observer may
//! answer `ControlFlow::Break(())`, upon which the work stops at once with what it has so far.

use std::ops::ControlFlow;

/// The stages of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The table is read.
    Read,
    /// Its columns are prepared.
    Prepare,
    /// The autoencoder is trained.
    Autoencoder,
    /// Every row gets its code.
    Encode,
    /// The nearest neighbors among the codes.
    Neighbors,
    /// The embedding is laid out by t-SNE.
    Tsne,
    /// Faithfulness is measured.
    Evaluate,
    /// Plots are drawn.
    Plot,
    /// The report is written.
    Report,
}

impl Stage {
    /// The stage's name in files and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Prepare => "prepare",
            Self::Autoencoder => "autoencoder",
            Self::Encode => "encode",
            Self::Neighbors => "neighbors",
            Self::Tsne => "tsne",
            Self::Evaluate => "evaluate",
            Self::Plot => "plot",
            Self::Report => "report",
        }
    }
}

/// Something that happened during long work.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(tag = "event", content = "of", rename_all = "snake_case")]
pub enum Event {
    /// A stage begins.
    Started(Stage),
    /// A stage was taken from an earlier run.
    Reused(Stage),
    /// A stage is done.
    Finished(Stage),
    /// Something the user should know; a sentence without a full stop.
    Note(String),
    /// Something the user should act on; a sentence without a full stop.
    Warning(String),
    /// Work goes on; there is nothing to tell, but the wish to stop is heard.
    Tick,
    /// Part of a stage's countable work is done.
    Advanced {
        /// Units done so far.
        done: u64,
        /// Units in all.
        total: u64,
    },
    /// An epoch of training ended.
    Epoch {
        /// The epoch, from 1; 0 is the state before training.
        epoch: usize,
        /// The most epochs there will be.
        max_epochs: usize,
        /// Mean training loss per row: summed over its values.
        loss: f64,
        /// Mean held-out loss per row: summed over its values.
        validation_loss: f64,
        /// Held-out mean squared error per value: what the summary and the report compare with PCA's.
        validation_mse: f64,
    },
    /// An iteration of the embedding ended.
    Iteration {
        /// The iteration, from 1.
        iteration: usize,
        /// The most iterations there will be.
        max_iterations: usize,
        /// The Kullback-Leibler divergence, where it was computed at this iteration.
        divergence: Option<f64>,
    },
}

/// Who is told. `Break` asks the work to stop.
pub type Observer<'a> = dyn FnMut(Event) -> ControlFlow<()> + 'a;

/// An observer that listens to nothing and never stops the work.
pub fn silent(_: Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
