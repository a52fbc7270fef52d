//! Why codes cannot be laid out.

use crate::embed::options::{FEWEST_ROWS, largest_perplexity};
use crate::error::{Explain, Fault};

/// Why codes cannot be laid out.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// There is nothing to lay out.
    #[error("t-SNE needs at least {FEWEST_ROWS} rows, but there are {rows}")]
    TooFewRows {
        /// Rows there are.
        rows: usize,
    },
    /// Each row would have to attend to more neighbors than there are.
    #[error("perplexity {perplexity} needs at least {} rows, but the table has {rows}", (3.0 * perplexity + 2.0).ceil())]
    PerplexityTooLarge {
        /// The perplexity asked for.
        perplexity: f64,
        /// Rows there are.
        rows: usize,
    },
    /// All rows are the same, so that none is nearer than another.
    #[error("all {rows} codes are equal: there is nothing to lay out")]
    AllEqual {
        /// Rows there are.
        rows: usize,
    },
    /// A value is NaN or infinite.
    #[error("the {what} must be finite, but row {row}, column {column} holds {value}")]
    NotFinite {
        /// Which table it is: codes or embedding.
        what: &'static str,
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// What it holds.
        value: f32,
    },
    /// The options begin from another run, but its coordinates were not given.
    #[error("the start is that of run `{run}`, but no coordinates of it were given")]
    StartNotGiven {
        /// The run named in the options.
        run: String,
    },
    /// A given start has another shape than the embedding.
    #[error("the start has {found:?} rows and columns, but the embedding has {expected:?}")]
    StartShape {
        /// Its rows and columns.
        found: (usize, usize),
        /// Those of the embedding.
        expected: (usize, usize),
    },
    /// A given start knows none of the rows.
    #[error("the start has coordinates for none of the {rows} rows")]
    StartUnknown {
        /// Rows there are.
        rows: usize,
    },
    /// The two tables of a placing do not fit together.
    #[error("{what}: expected {expected}, found {found}")]
    PlacingShape {
        /// What differs.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The coordinates left the range of numbers.
    #[error("the embedding diverged at iteration {iteration}: coordinates are not finite any more")]
    Diverged {
        /// The iteration, from 1.
        iteration: usize,
    },
    /// linfa-tsne mixes no perplexities.
    #[error("`engine: linfa` takes one perplexity, but {count} are given")]
    LinfaPerplexities {
        /// How many are given.
        count: usize,
    },
    /// linfa-tsne has no more dimensions than the codes.
    #[error("`engine: linfa` needs at least {dimensions} columns, but the codes have {columns}")]
    LinfaColumns {
        /// Dimensions asked for.
        dimensions: usize,
        /// Columns there are.
        columns: usize,
    },
    /// linfa-tsne refused.
    #[error("linfa-tsne refused: {0}")]
    Linfa(#[from] linfa_tsne::TSneError),
    /// linfa-tsne panicked or gave numbers that are none.
    #[error("linfa-tsne failed: {reason}")]
    LinfaFailed {
        /// What happened.
        reason: &'static str,
    },
    /// The observer asked to stop where there is nothing to keep.
    #[error("stopped before the embedding was begun")]
    Interrupted,
}

impl Explain for EmbedError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::TooFewRows { .. } | Self::Interrupted => None,
            Self::PerplexityTooLarge { rows, .. } => {
                Some(format!("set `tsne.perplexity` to {} or less", shown(largest_perplexity(*rows))))
            }
            Self::AllEqual { .. } => Some(
                "look at the input and `prepare`: constant columns, or a code whose nodes are never active".to_owned(),
            ),
            Self::NotFinite { .. } => Some("NaN and infinity must be filled or refused before".to_owned()),
            Self::StartNotGiven { .. } | Self::StartShape { .. } | Self::StartUnknown { .. } => {
                Some("set `tsne.start` to `pca`, or name a run that has the same ids".to_owned())
            }
            Self::PlacingShape { .. } => Some("place new rows on the run whose model made their codes".to_owned()),
            Self::Diverged { .. } => Some("lower `tsne.learning_rate`, or leave it `auto`".to_owned()),
            Self::LinfaPerplexities { .. } | Self::LinfaColumns { .. } | Self::Linfa(_) | Self::LinfaFailed { .. } => {
                Some("leave `tsne.engine` out: the default engine can do this".to_owned())
            }
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Interrupted => Fault::Interrupted,
            Self::Diverged { .. } | Self::LinfaFailed { .. } => Fault::Failure,
            _ => Fault::Request,
        }
    }
}

/// A bound that still holds when it is typed in: rounded down.
fn shown(bound: f64) -> f64 {
    if bound >= 1.0 { bound.floor() } else { (bound * 100.0).floor() / 100.0 }
}
