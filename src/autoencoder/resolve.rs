//! Options checked against each other and against the data; every `auto` becomes a number.

use super::error::AutoencoderError;
use super::facts::DataFacts;
use super::options::{Code, Corruption, LinearPath, Loss, Metric, Options, Sparsity, Tied, Training};
use crate::value::{Auto, NonNegative, Positive};

/// Epochs in which weight decay alone would take a weight away (to 1/e).
const DECAY_EPOCHS: f64 = 20.0;
/// Training rows from which a second hidden layer pays.
const ROWS_FOR_TWO_LAYERS: usize = 10_000;
/// The usual size of the code.
pub(super) const USUAL_CODE_SIZE: usize = 32;

impl Loss {
    /// Whether this is the likelihood of counts.
    #[must_use]
    pub fn is_for_counts(self) -> bool {
        matches!(self, Self::Poisson | Self::Nb | Self::Zinb)
    }
}

impl Options {
    /// Checks what can be checked without data.
    ///
    /// # Errors
    /// Counts of 0, hidden layers that grow or are narrower than the code, options that exclude each other.
    pub fn check(&self) -> Result<(), AutoencoderError> {
        let counts = [
            ("autoencoder.code_size", self.code_size.and_then(Auto::given)),
            ("autoencoder.training.batch_size", self.training.batch_size.given()),
            ("autoencoder.training.patience", Some(self.training.patience)),
        ];
        if let Some((field, _)) = counts.into_iter().find(|(_, count)| *count == Some(0)) {
            return Err(AutoencoderError::Zero { field });
        }
        if let Auto::Given(hidden) = &self.hidden {
            if hidden.contains(&0) {
                return Err(AutoencoderError::Zero { field: "autoencoder.hidden" });
            }
            if let Some(pair) = hidden.windows(2).find(|pair| pair[1] > pair[0]) {
                return Err(AutoencoderError::HiddenGrows { before: pair[0], after: pair[1] });
            }
            if let (Some(&hidden), Some(Auto::Given(code_size))) = (hidden.last(), self.code_size)
                && hidden < code_size
            {
                return Err(AutoencoderError::HiddenNarrowerThanCode { hidden, code_size });
            }
        }
        self.check_conflicts()
    }

    fn check_conflicts(&self) -> Result<(), AutoencoderError> {
        let variational = matches!(self.code, Code::Variational(_));
        let sparse = self.sparsity != Sparsity::None;
        let conflicts = [
            (
                variational && sparse,
                "`code: variational`",
                "`sparsity`",
                "a normal distribution per node is never at rest",
            ),
            (
                self.tied == Tied::Tied && self.loss.is_for_counts(),
                "`tied`",
                "a count likelihood",
                "rows and their logarithmic means have different scales",
            ),
            (
                self.training.max_epochs == Auto::Given(0) && self.linear_path == LinearPath::None,
                "`training.max_epochs: 0`",
                "`linear_path: none`",
                "nothing would have been learned",
            ),
        ];
        conflicts
            .into_iter()
            .find(|(holds, ..)| *holds)
            .map_or(Ok(()), |(_, first, second, because)| Err(AutoencoderError::Conflict { first, second, because }))
    }

    /// The same options with every `auto` decided, by the rules written at each field.
    ///
    /// `code_size: auto` is left to [`search`](super::search), which needs to train; everything else is decided here.
    ///
    /// # Errors
    /// All of [`check`](Self::check); values that are not finite; a code that compresses nothing; a loss that the values
    /// do not fit. `features` name the columns in these messages.
    pub fn resolve(
        &self,
        training_rows: usize,
        facts: &DataFacts,
        features: &[String],
    ) -> Result<Self, AutoencoderError> {
        self.check()?;
        facts.refuse_unless_finite(features)?;
        if training_rows < 2 {
            return Err(AutoencoderError::TooFew { what: "training rows", needed: 2, found: training_rows });
        }
        let code_size = self.resolve_code_size(facts.columns)?;
        let loss = self.resolve_loss(facts, features)?;
        let hidden = self.resolve_hidden(training_rows, facts.columns, code_size)?;
        let resolved = Self {
            code_size: Some(code_size),
            hidden: Auto::Given(hidden),
            loss,
            linear_path: match self.sparsity {
                // Nodes between 0 and 1 cannot be coordinates along an axis.
                Sparsity::Kl { .. } => LinearPath::None,
                _ => self.linear_path,
            },
            metric: match (self.code, self.sparsity, self.tied) {
                (Code::Plain, Sparsity::None, Tied::Free) => self.metric,
                _ => Metric::Raw,
            },
            training: self.training.resolve(training_rows),
            ..self.clone()
        };
        resolved.check()?;
        Ok(resolved)
    }

    fn resolve_code_size(&self, columns: usize) -> Result<Auto<usize>, AutoencoderError> {
        // A code that is noisy or mostly at rest compresses even where it is wide.
        let may_be_wide = self.sparsity != Sparsity::None || self.corruption != Corruption::None;
        match self.code_size {
            Some(Auto::Given(code_size)) if code_size >= columns && !may_be_wide => {
                Err(AutoencoderError::CodeNotSmaller { code_size, columns })
            }
            _ if columns < 2 => Err(AutoencoderError::TooFew { what: "features", needed: 2, found: columns }),
            Some(code_size) => Ok(code_size),
            None => Ok(Auto::Given(USUAL_CODE_SIZE.min(columns - 1))),
        }
    }

    fn resolve_loss(&self, facts: &DataFacts, features: &[String]) -> Result<Loss, AutoencoderError> {
        match (self.loss, facts.outside_unit, facts.not_count) {
            // Measured: cross-entropy leaves less error where values are near 0 or 1, squared error where they are not
            // (docs/autoencoder.md).
            (Loss::Auto, ..) if facts.is_nearly_binary() => Ok(Loss::Bce),
            (Loss::Auto, ..) => Ok(Loss::Mse),
            (Loss::Bce, Some(found), _) => {
                let (column, row, value) = found.named(features);
                Err(AutoencoderError::OutsideUnitRange { column, row, value })
            }
            (loss, _, Some(found)) if loss.is_for_counts() => {
                let (column, row, value) = found.named(features);
                Err(AutoencoderError::NotCounts { column, row, value })
            }
            (loss, ..) => Ok(loss),
        }
    }

    fn resolve_hidden(
        &self,
        training_rows: usize,
        columns: usize,
        code_size: Auto<usize>,
    ) -> Result<Vec<usize>, AutoencoderError> {
        let code_size = code_size.given().unwrap_or(1);
        match &self.hidden {
            Auto::Given(hidden) => match hidden.last() {
                Some(&last) if last < code_size => {
                    Err(AutoencoderError::HiddenNarrowerThanCode { hidden: last, code_size })
                }
                _ => Ok(hidden.clone()),
            },
            Auto::Auto => {
                let first = (2 * columns).next_power_of_two().clamp(256, 512).max(code_size);
                let second = (first / 2).max(code_size);
                Ok(if training_rows < ROWS_FOR_TWO_LAYERS { vec![first] } else { vec![first, second] })
            }
        }
    }
}

impl Training {
    fn resolve(&self, training_rows: usize) -> Self {
        let batch_size = self.batch_size.given().unwrap_or_else(|| {
            let wanted = (training_rows / 30).max(1);
            (1_usize << wanted.ilog2()).clamp(32, 256)
        });
        let batch_size = batch_size.min(training_rows);
        let steps = training_rows.div_ceil(batch_size);
        let max_epochs = self.max_epochs.given().unwrap_or_else(|| 15_000_usize.div_ceil(steps).clamp(10, 200));
        let learning_rate =
            self.learning_rate.given().unwrap_or_else(|| rounded(1e-3 * (batch_size as f64 / 256.0).sqrt()));
        let weight_decay = self.weight_decay.given().unwrap_or_else(|| {
            let wanted = rounded(1.0 / (DECAY_EPOCHS * steps as f64 * learning_rate.get()));
            NonNegative::new(wanted.get()).unwrap_or(NonNegative::constant(0.0))
        });
        Self {
            weight_decay: Auto::Given(weight_decay),
            max_epochs: Auto::Given(max_epochs),
            batch_size: Auto::Given(batch_size),
            learning_rate: Auto::Given(learning_rate),
            warmup_steps: Auto::Given(self.warmup_steps.given().unwrap_or((steps / 2).clamp(1, 500))),
            ..self.clone()
        }
    }
}

/// To two digits, so that a plan is pleasant to read.
fn rounded(value: f64) -> Positive {
    let digits = 10.0_f64.powf(value.log10().floor() - 1.0);
    Positive::new((value / digits).round() * digits).unwrap_or(Positive::constant(1e-3))
}

/// Options without an `auto`, as the network and the training read them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decided {
    pub(super) code_size: usize,
    pub(super) hidden: Vec<usize>,
    pub(super) max_epochs: usize,
    pub(super) batch_size: usize,
    pub(super) learning_rate: f64,
    pub(super) warmup_steps: usize,
    pub(super) weight_decay: f64,
}

impl Decided {
    pub(super) fn of(options: &Options) -> Result<Self, AutoencoderError> {
        fn given<T: Clone>(value: &Auto<T>, field: &'static str) -> Result<T, AutoencoderError> {
            match value {
                Auto::Given(value) => Ok(value.clone()),
                Auto::Auto => Err(AutoencoderError::Unresolved { field }),
            }
        }
        if options.loss == Loss::Auto {
            return Err(AutoencoderError::Unresolved { field: "autoencoder.loss" });
        }
        let training = &options.training;
        Ok(Self {
            code_size: given(&options.code_size.unwrap_or(Auto::Auto), "autoencoder.code_size")?,
            hidden: given(&options.hidden, "autoencoder.hidden")?,
            max_epochs: given(&training.max_epochs, "autoencoder.training.max_epochs")?,
            batch_size: given(&training.batch_size, "autoencoder.training.batch_size")?,
            learning_rate: given(&training.learning_rate, "autoencoder.training.learning_rate")?.get(),
            warmup_steps: given(&training.warmup_steps, "autoencoder.training.warmup_steps")?,
            weight_decay: given(&training.weight_decay, "autoencoder.training.weight_decay")?.get(),
        })
    }
}
