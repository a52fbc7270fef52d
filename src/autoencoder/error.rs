//! What can be wrong with an autoencoder's options, data or weights.

use crate::error::{Explain, Fault};

/// Why an autoencoder cannot be planned, trained or read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AutoencoderError {
    /// A count that must be at least 1 is 0.
    #[error("`{field}` must be at least 1, got 0")]
    Zero {
        /// The option.
        field: &'static str,
    },
    /// The code is not smaller than the rows it stands for.
    #[error(
        "`autoencoder.code_size` is {code_size}, but the table has {columns} features: nothing would be compressed"
    )]
    CodeNotSmaller {
        /// The size asked for.
        code_size: usize,
        /// The number of features.
        columns: usize,
    },
    /// A hidden layer is wider than the one before it.
    #[error(
        "`autoencoder.hidden` grows from {before} to {after}: each layer must be at most as wide as the one before it"
    )]
    HiddenGrows {
        /// The width before.
        before: usize,
        /// The wider one.
        after: usize,
    },
    /// The last hidden layer is narrower than the code.
    #[error("the last of `autoencoder.hidden` has {hidden} nodes, fewer than the code's {code_size}")]
    HiddenNarrowerThanCode {
        /// The width of the last hidden layer.
        hidden: usize,
        /// The code's size.
        code_size: usize,
    },
    /// Two options exclude each other.
    #[error("{first} and {second} exclude each other: {because}")]
    Conflict {
        /// The one.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// Why.
        because: &'static str,
    },
    /// Binary cross-entropy on something that is no share.
    #[error("binary cross-entropy needs values in [0, 1], but column `{column}` holds {value} (row {row})")]
    OutsideUnitRange {
        /// The feature's name.
        column: String,
        /// The row, from 1.
        row: usize,
        /// What stands there.
        value: f32,
    },
    /// A count likelihood on something that is no count.
    #[error("a count likelihood needs whole numbers of at least 0, but column `{column}` holds {value} (row {row})")]
    NotCounts {
        /// The feature's name.
        column: String,
        /// The row, from 1.
        row: usize,
        /// What stands there.
        value: f32,
    },
    /// A value that is not finite reached the autoencoder.
    #[error("column `{column}` holds {value} (row {row}), and an autoencoder needs finite numbers")]
    NotFinite {
        /// The feature's name.
        column: String,
        /// The row, from 1.
        row: usize,
        /// What stands there.
        value: f32,
    },
    /// The table cannot be learned from.
    #[error("an autoencoder needs at least {needed} {what}, but there are {found}")]
    TooFew {
        /// Rows or features.
        what: &'static str,
        /// How many are needed.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// The loss is not finite any more.
    #[error("the loss is not finite at epoch {epoch}, with a learning rate of {learning_rate}")]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The learning rate of that epoch.
        learning_rate: f64,
    },
    /// The observer asked to stop.
    #[error("training was stopped at epoch {epoch}")]
    Interrupted {
        /// The last epoch that ended.
        epoch: usize,
    },
    /// Options that still hold an `auto`.
    #[error("`{field}` is still `auto`: resolve the options against the data first")]
    Unresolved {
        /// The option.
        field: &'static str,
    },
    /// A stored tensor is missing.
    #[error("tensor `{name}` is missing")]
    MissingTensor {
        /// The tensor.
        name: String,
    },
    /// A stored tensor that no such autoencoder has.
    #[error("tensor `{name}` belongs to no such autoencoder")]
    ForeignTensor {
        /// The tensor.
        name: String,
    },
    /// A stored tensor has a shape that contradicts the options.
    #[error("tensor `{name}` should be {expected:?}, but is {found:?}")]
    TensorShape {
        /// The tensor.
        name: String,
        /// The shape that the options ask for.
        expected: Vec<usize>,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// A stored tensor holds a number that is not finite.
    #[error("tensor `{name}` holds a number that is not finite")]
    TensorNotFinite {
        /// The tensor.
        name: String,
    },
    /// Only a variational autoencoder can make new rows.
    #[error("only a variational autoencoder can sample new rows")]
    NotVariational,
    /// The table has other features than the autoencoder was trained on.
    #[error("the autoencoder was trained on {expected} columns, but got {found}")]
    OtherWidth {
        /// The columns it knows.
        expected: usize,
        /// The columns it got.
        found: usize,
    },
}

impl Explain for AutoencoderError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::CodeNotSmaller { columns: 0 | 1, .. } | Self::TooFew { what: "features", .. } => {
                "give a table of which more columns train: `reduce inspect` says why others do not".to_owned()
            }
            Self::CodeNotSmaller { columns, .. } => {
                format!("set `autoencoder.code_size` to {} or less, or leave it out", columns - 1)
            }
            Self::HiddenGrows { .. } => {
                "give the widths from the input to the code; the decoder mirrors them".to_owned()
            }
            Self::HiddenNarrowerThanCode { hidden, .. } => {
                format!("set `autoencoder.code_size` to {hidden} or less, or widen the layer")
            }
            Self::OutsideUnitRange { .. } => {
                "end `prepare` with `unit_range`, or set `autoencoder.loss: mse`".to_owned()
            }
            Self::NotCounts { .. } => {
                "give raw counts without scaling or logarithm in `prepare`, or set `autoencoder.loss: mse`".to_owned()
            }
            Self::NotFinite { .. } => "add `impute` to `prepare`, or leave the column out".to_owned(),
            Self::Diverged { learning_rate, .. } => {
                format!(
                    "set `autoencoder.training.learning_rate` to {:.1e} or less, or add a `gradient_clip`",
                    learning_rate / 10.0
                )
            }
            Self::NotVariational => "train with `autoencoder.code: {variational: {}}`".to_owned(),
            Self::MissingTensor { .. }
            | Self::ForeignTensor { .. }
            | Self::TensorShape { .. }
            | Self::TensorNotFinite { .. } => {
                "the model is damaged or was made for other options: train it again".to_owned()
            }
            _ => return None,
        };
        Some(hint)
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Interrupted { .. } => Fault::Interrupted,
            Self::Diverged { .. } => Fault::Failure,
            _ => Fault::Request,
        }
    }
}
