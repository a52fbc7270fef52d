//! A training between two of its steps: everything that decides what comes after, so that one that was stopped goes on as
//! if it never had been.
//!
//! Draws are keyed by epoch and row and the order of rows by epoch, so that of randomness nothing has to be kept but where
//! the training stands. What is fitted before the first step (scaling, principal axes) is fitted again from the same rows.

use serde::{Deserialize, Serialize};

use super::history::{History, SizeRecord};

/// Where a training stands. Serialized, it is what a [`CheckpointRef`] writes without its tensors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checkpoint {
    /// `code_size: auto` is being decided; the sizes that were tried.
    Searching(Vec<SizeRecord>),
    /// The training itself.
    Training(Box<Standing>),
}

impl Default for Checkpoint {
    /// The start: nothing is done.
    fn default() -> Self {
        Self::Searching(Vec::new())
    }
}

/// A checkpoint that is lent: none of the weights, which may be many, is copied. It serializes to all but its
/// [`tensors`](Self::tensors), which go beside it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointRef<'a> {
    /// See [`Checkpoint::Searching`].
    Searching(&'a [SizeRecord]),
    /// See [`Checkpoint::Training`].
    Training(&'a Standing),
}

/// A training between two steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The epoch under way, from 1.
    pub(super) epoch: usize,
    /// Its batches done.
    pub(super) batch: usize,
    /// The sum of their losses.
    pub(super) sum: f64,
    /// Steps done in all.
    pub(super) steps: u64,
    /// What `plateau` has left of the learning rate.
    pub(super) rate_left: f64,
    /// The price on the sum of the nodes; all others follow from the epoch.
    pub(super) price: f64,
    /// The held-out loss of the best weights; none where every eligible epoch will be better.
    pub(super) best_loss: Option<f64>,
    /// The held-out loss that counts as the last improvement.
    pub(super) reference: Option<f64>,
    /// Epochs since then.
    pub(super) since: usize,
    pub(super) history: History,
    #[serde(skip)]
    pub(super) weights: Weights,
}

/// The vectors of a training, each as long as the network has parameters.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Weights {
    pub(super) parameters: Vec<f32>,
    /// Adam's first moment.
    pub(super) mean: Vec<f32>,
    /// Adam's second moment.
    pub(super) square: Vec<f32>,
    /// The best epoch's parameters; none where only the principal axes are as good as they should be.
    pub(super) best: Option<Vec<f32>>,
}

impl<'a> CheckpointRef<'a> {
    /// The epochs that have ended.
    #[must_use]
    pub fn epochs(self) -> usize {
        match self {
            Self::Searching(_) => 0,
            Self::Training(standing) => standing.epoch - 1,
        }
    }

    /// The vectors that go beside what is serialized, in a fixed order.
    #[must_use]
    pub fn tensors(self) -> Vec<(&'static str, &'a [f32])> {
        let Self::Training(standing) = self else { return Vec::new() };
        let Weights { parameters, mean, square, best } = &standing.weights;
        let mut tensors: Vec<(&'static str, &[f32])> =
            vec![("parameters", parameters), ("mean", mean), ("square", square)];
        tensors.extend(best.as_ref().map(|best| ("best", &best[..])));
        tensors
    }

    /// A copy that stays.
    #[must_use]
    pub fn to_checkpoint(self) -> Checkpoint {
        match self {
            Self::Searching(tried) => Checkpoint::Searching(tried.to_vec()),
            Self::Training(standing) => Checkpoint::Training(Box::new(standing.clone())),
        }
    }
}

impl Checkpoint {
    /// The same, lent.
    #[must_use]
    pub fn lent(&self) -> CheckpointRef<'_> {
        match self {
            Self::Searching(tried) => CheckpointRef::Searching(tried),
            Self::Training(standing) => CheckpointRef::Training(standing),
        }
    }

    /// A checkpoint that was just deserialized, with its [`tensors`](CheckpointRef::tensors); none if they do not belong to it.
    #[must_use]
    pub fn with_tensors(mut self, tensors: Vec<(String, Vec<f32>)>) -> Option<Self> {
        let Self::Training(standing) = &mut self else { return tensors.is_empty().then_some(self) };
        let weights = &mut standing.weights;
        for (name, values) in tensors {
            match name.as_str() {
                "parameters" => weights.parameters = values,
                "mean" => weights.mean = values,
                "square" => weights.square = values,
                "best" => weights.best = Some(values),
                _ => return None,
            }
        }
        standing.is_whole(standing.weights.parameters.len()).then_some(self)
    }
}

impl Standing {
    /// Whether every vector has the length that a network of so many parameters asks for.
    pub(super) fn is_whole(&self, parameters: usize) -> bool {
        let Weights { parameters: own, mean, square, best } = &self.weights;
        let lengths = [own.len(), mean.len(), square.len(), best.as_ref().map_or(parameters, Vec::len)];
        self.epoch > 0 && parameters > 0 && lengths == [parameters; 4] && self.history.epochs.len() == self.epoch
    }
}

/// Who keeps checkpoints of a training. It is asked after every step, and knows what the training does not: the time.
pub trait Keeper {
    /// Whether a checkpoint is wanted now.
    fn wants(&mut self) -> bool;

    /// Takes a checkpoint: one that was wanted, or the last before a training that was asked to stop does so.
    fn keep(&mut self, checkpoint: CheckpointRef<'_>);
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct KeepNothing;

impl Keeper for KeepNothing {
    fn wants(&mut self) -> bool {
        false
    }

    fn keep(&mut self, _: CheckpointRef<'_>) {}
}
