//! Why a table cannot be prepared.

use crate::error::Explain;
use crate::table::first_few;

/// Why a table cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A step for numbers of at least 0 met a smaller one.
    #[error("`{step}` needs values of at least 0, but column `{column}` holds {value} (row {row})")]
    Negative {
        /// The step.
        step: &'static str,
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
        /// The value.
        value: f32,
    },
    /// A value is missing and nothing says what to do.
    #[error("column `{column}` has a missing value (row {row}) and the preparation does not say what to do with it")]
    MissingValue {
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
    },
    /// The constant for missing numbers is none.
    #[error("the constant for missing numbers is {value}")]
    Constant {
        /// The constant.
        value: f64,
    },
    /// No feature is left.
    #[error("after `{step}` no feature is left")]
    NothingLeft {
        /// The step.
        step: &'static str,
    },
    /// A step cannot be undone.
    #[error("`{step}` cannot be undone: {why}")]
    CannotUndo {
        /// The step.
        step: &'static str,
        /// What is lost.
        why: &'static str,
    },
    /// A value left single precision.
    #[error("`{step}` makes column `{column}` {value} in row {row}")]
    NotFinite {
        /// The step.
        step: &'static str,
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
        /// The value.
        value: f32,
    },
    /// The Seurat-v3 form needs counts.
    #[error("`top_variable` by seurat_v3 needs counts, but column `{column}` holds {value} (row {row})")]
    NotCounts {
        /// The column.
        column: String,
        /// The row, from 1.
        row: usize,
        /// The value.
        value: f32,
    },
    /// Rows to prepare have other columns than the preparation was fitted on.
    #[error("the table has other columns than the preparation: {}", first_few(.columns))]
    OtherColumns {
        /// The first that differ.
        columns: Vec<String>,
    },
}

impl Explain for PrepareError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Negative { step: "log1p" | "sqrt", .. } => {
                "use `arcsinh` for values on both sides of 0; are these logarithms already?".to_owned()
            }
            Self::Negative { .. } => "this step is for counts; leave it out".to_owned(),
            Self::MissingValue { .. } => "set `input.missing.numeric` to median, mean or {constant: 0}, and `input.missing.categorical` to own_level".to_owned(),
            Self::Constant { .. } => "give a finite number".to_owned(),
            Self::NothingLeft { .. } => "loosen or leave out this step".to_owned(),
            Self::CannotUndo { step: "normalize_total", .. } => {
                "train without it: `autoencoder: {loss: nb}` takes raw counts, and its rows come back as counts".to_owned()
            }
            Self::CannotUndo { .. } => "train without this step in `prepare`".to_owned(),
            Self::NotFinite { column, .. } => format!("correct the values of `{column}`, or exclude it"),
            Self::NotCounts { .. } => "put `top_variable` first in `prepare`, or choose another method".to_owned(),
            Self::OtherColumns { .. } => "align the table with the model's columns first".to_owned(),
        })
    }
}
