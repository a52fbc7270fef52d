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
    /// How many nodes of the code are active (sparse).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
    /// By how much noise fell (denoising).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denoising: Option<Denoising>,
    /// The bound on the likelihood of a row (variational).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variational: Option<Elbo>,
}

impl History {
    /// Whether training ended because all epochs were used while the held-out squared error was still falling: the last
    /// quarter of the epochs lowered it by more than 2 %.
    #[must_use]
    pub fn was_still_falling(&self) -> bool {
        const WORTH_SAYING: f64 = 0.98;
        let last = self.epochs.len().saturating_sub(1);
        let quarter = last - last.div_ceil(4).min(last);
        let least =
            |epochs: &[EpochRecord]| epochs.iter().map(|epoch| epoch.validation_mse).fold(f64::INFINITY, f64::min);
        let (before, after) = self.epochs.split_at(quarter + 1);
        self.stopped_because == StoppedBecause::MaxEpochs
            && self.best_epoch > quarter
            && !after.is_empty()
            && least(after) < WORTH_SAYING * least(before)
    }
}

/// How many nodes of the code the kept weights leave active, on held-out rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// The fraction that was asked for (`sparsity: {active: …}`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<f64>,
    /// The fraction of all nodes of all rows.
    pub active: f64,
    /// The fraction of nodes active in a row: the least, the quartiles and the most over the rows.
    pub by_row: [f64; 5],
    /// The fraction of rows in which each node is active.
    pub by_node: Vec<f64>,
    /// The mean activation of each node.
    pub mean_activation: Vec<f64>,
    /// Nodes that are active in no row.
    pub dead_nodes: usize,
    /// How many rows were looked at.
    pub rows: usize,
}

/// By how much noise fell on held-out rows that were corrupted as in training: squared distance per value from the clean
/// rows, in the units of the prepared table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Denoising {
    /// Of the corrupted rows.
    pub noisy: f64,
    /// Of what the autoencoder made of them.
    pub cleaned: f64,
    /// Of what principal component analysis with as many axes as the code has nodes made of them.
    pub pca: f64,
    /// How many rows were corrupted.
    pub rows: usize,
}

/// The evidence lower bound of the kept weights, in nats per row, with one draw of the code per row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Elbo {
    /// On the training rows, without noise on the input.
    pub training: ElboParts,
    /// On held-out rows, without noise on the input.
    pub held_out: ElboParts,
    /// Nodes whose mean varies over the held-out rows with a variance above 0.01 (Burda et al. 2016): the others carry
    /// nothing.
    pub active_units: usize,
    /// The variance of the mean of each node.
    pub mean_variances: Vec<f64>,
}

/// A bound and its parts, in nats per row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ElboParts {
    /// `log_likelihood - divergence`: a lower bound on the logarithmic likelihood of a row.
    pub elbo: f64,
    /// The expected logarithmic likelihood of a row given its code.
    pub log_likelihood: f64,
    /// The divergence of the code's distribution from the standard normal.
    pub divergence: f64,
    /// How many rows.
    pub rows: usize,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn history(errors: &[f64], stopped_because: StoppedBecause) -> History {
        let epoch = |(epoch, error): (usize, &f64)| EpochRecord {
            epoch,
            training_loss: None,
            validation_loss: *error,
            validation_mse: *error,
            learning_rate: 1e-3,
            reconstruction: *error,
            divergence: None,
            penalty: None,
            penalty_weight: None,
            active: None,
        };
        let best_epoch = (0..errors.len()).min_by(|one, other| errors[*one].total_cmp(&errors[*other])).unwrap();
        History {
            epochs: errors.iter().enumerate().map(epoch).collect(),
            best_epoch,
            stopped_because,
            validation_mse: errors[best_epoch],
            pca_validation_mse: 1.0,
            notes: Vec::new(),
            code_sizes: Vec::new(),
            activity: None,
            denoising: None,
            variational: None,
        }
    }

    #[test]
    fn a_training_that_ran_out_of_epochs_while_it_still_learned_is_told_from_one_that_had_settled() {
        let falling: Vec<f64> = (0..9).map(|epoch| 1.0 / f64::from(epoch + 1)).collect();
        assert!(history(&falling, StoppedBecause::MaxEpochs).was_still_falling());
        assert!(!history(&falling, StoppedBecause::Patience).was_still_falling());
        let settled = [1.0, 0.5, 0.4, 0.3, 0.3, 0.3, 0.3, 0.299, 0.2985];
        assert!(!history(&settled, StoppedBecause::MaxEpochs).was_still_falling());
        let rising = [1.0, 0.5, 0.4, 0.5];
        assert!(!history(&rising, StoppedBecause::MaxEpochs).was_still_falling());
        assert!(!history(&[1.0], StoppedBecause::NoEpochs).was_still_falling());
        assert!(history(&[1.0, 0.5], StoppedBecause::MaxEpochs).was_still_falling());
    }
}
