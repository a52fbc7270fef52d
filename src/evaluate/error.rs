//! Why something cannot be measured.

use crate::error::Explain;
use crate::error::Fault;

/// Why something cannot be measured.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvaluateError {
    /// Neighborhoods need rows that are not neighbors.
    #[error("faithfulness needs at least 3 rows, but there are {rows}")]
    TooFewRows {
        /// Rows there are.
        rows: usize,
    },
    /// Two spaces do not hold the same rows.
    #[error("`{before}` has {before_rows} rows, but `{after}` has {after_rows}")]
    RowsDiffer {
        /// The space before.
        before: String,
        /// Its rows.
        before_rows: usize,
        /// The space after.
        after: String,
        /// Its rows.
        after_rows: usize,
    },
    /// A number is missing or infinite.
    #[error("`{space}` holds {value} in row {row}, column {column}")]
    NotFinite {
        /// The space.
        space: String,
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// What stands there.
        value: f32,
    },
    /// The observer asked to stop.
    #[error("measuring was stopped")]
    Stopped,
}

impl Explain for EvaluateError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::TooFewRows { .. } | Self::Stopped => None,
            Self::RowsDiffer { .. } => Some("give the same rows in the same order".to_owned()),
            Self::NotFinite { .. } => Some("leave such rows out, or fill them".to_owned()),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Stopped => Fault::Interrupted,
            _ => Fault::Request,
        }
    }
}
