//! What happened while training, for `metrics.json` and the training plot.

use serde::{Deserialize, Serialize};

/// The whole course of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Every epoch; the first is the state before training.
    pub epochs: Vec<EpochRecord>,
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
    /// Why training ended.
    pub stopped_because: StoppedBecause,
    /// The held-out mean squared error per value of what was kept.
    pub validation_mse: f64,
    /// That of principal component analysis with as many axes as the code has nodes.
    pub pca_validation_mse: f64,
    /// What else is to be said, as sentences.
    pub notes: Vec<String>,
    /// The sizes that `code_size: auto` tried, each with a short training.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_sizes: Vec<SizeRecord>,
}

/// One size of the code that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeRecord {
    /// The size.
    pub code_size: usize,
    /// The held-out mean squared error per value after a short training.
    pub validation_mse: f64,
    /// That of principal component analysis with as many axes.
    pub pca_validation_mse: f64,
}

/// One epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch; 0 is the state before training.
    pub epoch: usize,
    /// The mean loss per training row while the epoch went on (corrupted and priced as trained); at epoch 0 there is none.
    pub training_loss: Option<f64>,
    /// The mean loss per held-out row.
    pub validation_loss: f64,
    /// The held-out mean squared error per value.
    pub validation_mse: f64,
    /// The learning rate at the end of the epoch.
    pub learning_rate: f64,
    /// Held-out reconstruction term of the loss, per row (nats for all but `mse` without a variational code).
    pub reconstruction: f64,
    /// Held-out divergence from the standard normal in nats per row (variational).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub divergence: Option<f64>,
    /// What sparsity cost per held-out row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty: Option<f64>,
    /// The price of sparsity in this epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty_weight: Option<f64>,
    /// The fraction of nodes active per held-out row (sparse).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<f64>,
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoppedBecause {
    /// All epochs were run.
    MaxEpochs,
    /// The held-out loss had not improved for `patience` epochs.
    Patience,
    /// The plan asked for no epoch.
    NoEpochs,
}
