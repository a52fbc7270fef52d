//! What a user can say about the autoencoder: the section `autoencoder` of a pipeline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::split::SplitBy;
use crate::value::{self, Auto, Fraction, FractionOrZero, NonNegative, Positive};

/// The autoencoder: its shape, what it minimizes and how it is trained.
///
/// The kinds compose: a denoising variational autoencoder is `corruption` and `code` together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Autoencoder")] // its own name in the schema: three rooms have `Options`
pub struct Options {
    /// How many numbers stand for a row. Left out: 32, or one fewer than the features where there are fewer;
    /// `auto`: a short search over sizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_size: Option<Auto<usize>>,
    /// The widths of the encoder's hidden layers from the input to the code; the decoder mirrors them. `auto`: 512 nodes
    /// (256 where there are at most 128 features), and from 10,000 training rows on a second layer of half as many.
    pub hidden: Auto<Vec<usize>>,
    /// What the nodes of the hidden layers do.
    pub activation: Activation,
    /// What is minimized. `auto`: `bce` where every value lies in [0, 1] and at most a third of them
    /// between 0.05 and 0.95, else `mse`.
    pub loss: Loss,
    /// A direct linear map from the row to the code and back, which starts as the principal axes.
    pub linear_path: LinearPath,
    /// Whether the decoder has weights of its own.
    pub tied: Tied,
    /// Noise put on the input of every batch; the target stays clean (a denoising autoencoder).
    #[serde(deserialize_with = "value::word_or_map")]
    pub corruption: Corruption,
    /// A number per node, or a distribution.
    #[serde(deserialize_with = "value::word_or_map")]
    pub code: Code,
    /// Keeps most nodes of the code at rest.
    #[serde(deserialize_with = "value::word_or_map")]
    pub sparsity: Sparsity,
    /// In what metric codes are given.
    pub metric: Metric,
    /// Training before the training.
    pub pretrain: Pretrain,
    /// How the weights are found.
    pub training: Training,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            code_size: None,
            hidden: Auto::Auto,
            activation: Activation::Gelu,
            loss: Loss::Auto,
            linear_path: LinearPath::Pca,
            tied: Tied::Free,
            corruption: Corruption::None,
            code: Code::Plain,
            sparsity: Sparsity::None,
            metric: Metric::Rows,
            pretrain: Pretrain::None,
            training: Training::default(),
        }
    }
}

/// What a node of a hidden layer does with its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(z, 0)`.
    Relu,
    /// `z · Φ(z)`, Φ the normal distribution function.
    Gelu,
    /// `z` above 0, `exp(z) - 1` below.
    Elu,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-z))`.
    Sigmoid,
}

/// What is minimized: a sum over the features, a mean over the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `bce` where every value lies in [0, 1] and at most a third of them between 0.05 and 0.95, else `mse`.
    Auto,
    /// Squared error.
    Mse,
    /// Binary cross-entropy; for values in [0, 1].
    Bce,
    /// Minus the log-likelihood of a Poisson distribution; for counts.
    Poisson,
    /// Minus the log-likelihood of a negative binomial distribution with a dispersion per feature; for counts.
    Nb,
    /// The same with additional zeros (zero-inflated); for counts.
    Zinb,
}

/// The direct linear map beside the deep layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinearPath {
    /// Starts as the principal axes, so that training starts where principal component analysis ends.
    Pca,
    /// No direct map: the plain textbook network.
    None,
}

/// Whether the decoder's weights are the encoder's, transposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "bool", into = "bool")]
#[schemars(with = "bool")]
pub enum Tied {
    /// `false`: the decoder has weights of its own.
    Free,
    /// `true`: the decoder uses the encoder's weights, transposed; only its biases are its own.
    Tied,
}

impl From<bool> for Tied {
    fn from(tied: bool) -> Self {
        if tied { Self::Tied } else { Self::Free }
    }
}

impl From<Tied> for bool {
    fn from(tied: Tied) -> Self {
        tied == Tied::Tied
    }
}

/// Noise on the input of every batch, in the units of the prepared table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Corruption {
    /// No noise.
    None,
    /// Normal noise is added to every value.
    Gaussian {
        /// Its standard deviation.
        sd: Positive,
    },
    /// Values are replaced by the feature's mean.
    Mask {
        /// The fraction of values.
        fraction: Fraction,
    },
    /// Values are replaced by the smallest or the largest value of the table, with equal chance.
    SaltAndPepper {
        /// The fraction of values.
        fraction: Fraction,
    },
}

/// What a node of the code holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A number.
    Plain,
    /// A normal distribution with a mean and a variance (a variational autoencoder); its mean is the code. If not
    /// given, `beta` is 1, `warmup_epochs` 10 and `free_bits` 0.
    Variational(Variational),
}

/// A variational code.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Variational {
    /// The weight of the divergence from the standard normal distribution; 1 if not given.
    pub beta: NonNegative,
    /// Epochs over which that weight grows from 0; 10 if not given.
    pub warmup_epochs: usize,
    /// Nats per node that cost nothing, against nodes that fall silent; 0 if not given.
    pub free_bits: NonNegative,
}

impl Default for Variational {
    fn default() -> Self {
        Self { beta: NonNegative::constant(1.0), warmup_epochs: 10, free_bits: NonNegative::constant(0.0) }
    }
}

/// What keeps most nodes of the code at rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Sparsity {
    /// Nothing.
    None,
    /// A price on the sum of the nodes, which cannot be negative then.
    L1 {
        /// The price.
        weight: NonNegative,
    },
    /// A price on each node's mean activation differing from a target, as Kullback-Leibler divergence; nodes lie
    /// between 0 and 1 then.
    Kl {
        /// The wanted mean activation.
        target: Fraction,
        /// The price.
        weight: NonNegative,
    },
    /// The L1 price at which this fraction of nodes is active per row; it is searched while training.
    Active(Fraction),
}

/// In what metric codes are given: a linear change of the code that leaves every reconstruction as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Nearby codes are as far apart as the rows they stand for, on average over the training rows: what neighbors and
    /// maps need. Plain codes with weights of their own only; others stay `raw`.
    Rows,
    /// As training left them.
    Raw,
}

/// Training before the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pretrain {
    /// None.
    None,
    /// Pairs of layers from the outside in, each as an autoencoder of its own (greedy stacking).
    Layerwise,
}

/// How the weights are found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Read and train on only so many rows, drawn at random by the pipeline's seed while the table is read: for tables
    /// larger than memory. Codes and map are of these rows; `reduce encode` gives every row its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 3))]
    pub rows: Option<usize>,
    /// The most passes over the training rows. `auto`: as many as 15,000 steps take, between 10 and 200.
    pub max_epochs: Auto<usize>,
    /// Rows per step. `auto`: a power of two near a thirtieth of the training rows, between 32 and 256.
    pub batch_size: Auto<usize>,
    /// The largest step of the Adam optimizer. `auto`: 0.001 at 256 rows per step, with the square root of the batch.
    pub learning_rate: Auto<Positive>,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Steps over which the learning rate grows from 0. `auto`: half an epoch's, at most 500.
    pub warmup_steps: Auto<usize>,
    /// A bound on the length of the gradient.
    pub gradient_clip: GradientClip,
    /// The share of every weight that is taken away per step and unit of learning rate (decoupled, as in AdamW); biases and
    /// the direct map keep theirs. `auto`: what takes a weight away in 20 epochs.
    pub weight_decay: Auto<NonNegative>,
    /// The fraction of inputs left out of every row while training.
    pub dropout: FractionOrZero,
    /// The fraction of rows that are held out for validation.
    pub validation: Fraction,
    /// How they are chosen: `random`, `{stratified: label}` or `{grouped: label}`.
    pub split_by: SplitBy,
    /// Epochs without improvement of the held-out loss after which training stops; the best weights are kept. An improvement of
    /// less than 0.02 % does not count here.
    pub patience: usize,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            rows: None,
            max_epochs: Auto::Auto,
            batch_size: Auto::Auto,
            learning_rate: Auto::Auto,
            schedule: Schedule::Cosine,
            warmup_steps: Auto::Auto,
            gradient_clip: GradientClip::None,
            weight_decay: Auto::Auto,
            dropout: FractionOrZero::constant(0.0),
            validation: Fraction::constant(0.1),
            split_by: SplitBy::Random,
            patience: 15,
        }
    }
}

/// How the learning rate changes after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// It stays.
    Constant,
    /// It falls along half a cosine, to a hundredth at the last epoch.
    Cosine,
    /// It rises over the first third of the epochs and falls along half a cosine after.
    OneCycle,
    /// It falls to a third whenever the held-out loss has not improved for a third of `patience`, from the best weights.
    Plateau,
}

/// A bound on the length of the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GradientClip {
    /// No bound.
    None,
    /// The gradient of all weights together is shortened to this length.
    Norm(Positive),
}
