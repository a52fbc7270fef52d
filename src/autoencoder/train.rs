//! Training: epochs of steps, the held-out loss after each, and the best weights in the end.

use std::ops::ControlFlow;

use ndarray::ArrayView2;
use rand::seq::SliceRandom;

use super::error::AutoencoderError;
use super::fit::promises;
use super::gradient::Tiles;
use super::history::{EpochRecord, History, StoppedBecause};
use super::layout::{CodeKind, Layout};
use super::measure::Measured;
use super::network::{CHUNK, Chunk, CodePrice, Scaling};
use super::options::{Corruption, Loss, Options, Schedule, Sparsity};
use super::price::price_at_start;
use super::resolve::Decided;
use super::schedule::Rate;
use crate::event::{Event, Observer};
use crate::seed::{Seed, Stream};
use crate::split::Split;

/// Held-out losses must fall by this share to count as an improvement for `patience`.
const IMPROVEMENT: f64 = 2e-4;

/// Everything a training needs, made once.
pub(super) struct Trainer<'a> {
    pub(super) data: ArrayView2<'a, f32>,
    pub(super) split: &'a Split,
    pub(super) options: &'a Options,
    pub(super) decided: &'a Decided,
    pub(super) layout: Layout,
    pub(super) scaling: Scaling,
    pub(super) tiles: Tiles,
    pub(super) parameters: Vec<f32>,
    pub(super) gradient: Vec<f32>,
    pub(super) mean: Vec<f32>,
    pub(super) square: Vec<f32>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) range: (f32, f32),
    pub(super) seed: Seed,
    pub(super) steps: u64,
    pub(super) price: CodePrice,
    pub(super) pull: Vec<f32>,
}

pub(super) enum Kept {
    /// The principal axes, unchanged.
    Principal,
    Trained(Vec<f32>),
}

pub(super) struct Course {
    pub(super) kept: Kept,
    pub(super) history: History,
}

impl<'a> Trainer<'a> {
    #[expect(clippy::too_many_arguments, reason = "the parts are made in different places and only meet here")]
    pub(super) fn new(
        data: ArrayView2<'a, f32>,
        split: &'a Split,
        options: &'a Options,
        decided: &'a Decided,
        layout: Layout,
        scaling: Scaling,
        parameters: Vec<f32>,
        seed: Seed,
    ) -> Self {
        let flat = || vec![0.0; parameters.len()];
        let chunks = decided.batch_size.min(split.training.len()).div_ceil(CHUNK);
        let range = match options.corruption {
            Corruption::SaltAndPepper { .. } => {
                let rows = split.training.iter().map(|row| data.row(*row));
                rows.flatten()
                    .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
            }
            _ => (0.0, 0.0),
        };
        Self {
            tiles: Tiles::of(&layout),
            gradient: flat(),
            mean: flat(),
            square: flat(),
            chunks: (0..chunks.max(1)).map(|_| Chunk::new(&layout)).collect(),
            pull: vec![0.0; layout.code_size],
            price: price_at_start(options.sparsity),
            data,
            split,
            options,
            decided,
            layout,
            scaling,
            parameters,
            range,
            seed,
            steps: 0,
        }
    }

    pub(super) fn run(&mut self, pca_mse: f64, observer: &mut Observer<'_>) -> Result<Course, AutoencoderError> {
        let Decided { max_epochs, batch_size, .. } = *self.decided;
        let training = self.split.training.len();
        let batches = training.div_ceil(batch_size);
        let mut rate = Rate {
            schedule: self.options.training.schedule,
            highest: self.decided.learning_rate,
            warmup_steps: self.decided.warmup_steps,
            all_steps: batches * max_epochs,
            left: 1.0,
        };
        self.price_for_epoch(0);
        let promise = promises(self.options);
        let before = self.measure();
        let mut history = History {
            epochs: vec![self.record(0, None, &before, 0.0)],
            best_epoch: 0,
            stopped_because: if max_epochs == 0 { StoppedBecause::NoEpochs } else { StoppedBecause::MaxEpochs },
            validation_mse: if promise { pca_mse } else { before.mse },
            pca_validation_mse: pca_mse,
            notes: Vec::new(),
            code_sizes: Vec::new(),
        };
        let mut kept = if promise { Kept::Principal } else { Kept::Trained(self.parameters.clone()) };
        // With squared error the principal axes are what every epoch must beat; cross-entropy cannot judge them.
        let mut best_loss = if !before.loss.is_finite() || promise && self.layout.loss != Loss::Mse {
            f64::INFINITY
        } else {
            before.loss
        };
        let floor = self.floor();
        let (mut reference, mut since) = (before.loss, 0);
        self.tell(observer, &history, max_epochs)?;
        let mut order = self.split.training.clone();
        for epoch in 1..=max_epochs {
            self.price_for_epoch(epoch);
            order.copy_from_slice(&self.split.training);
            order.shuffle(&mut self.seed.keyed(Stream::Shuffle, epoch as u64, 0));
            let mut sum = 0.0;
            for batch in 0..batches {
                // Batches of nearly the same size, so that none is a mere remainder.
                let rows = &order[batch * training / batches..(batch + 1) * training / batches];
                let learning_rate = rate.at(self.steps as usize + 1);
                let loss = self.step(rows, epoch as u64, learning_rate);
                if !loss.is_finite() {
                    return Err(AutoencoderError::Diverged { epoch, learning_rate: self.decided.learning_rate });
                }
                sum += loss;
            }
            let measured = self.measure();
            let learning_rate = rate.at(self.steps as usize);
            history.epochs.push(self.record(epoch, Some(sum / training as f64), &measured, learning_rate));
            if !measured.loss.is_finite() {
                return Err(AutoencoderError::Diverged { epoch, learning_rate: self.decided.learning_rate });
            }
            if measured.loss < best_loss && (!promise || measured.mse <= pca_mse) && self.is_settled(epoch) {
                best_loss = measured.loss;
                match &mut kept {
                    Kept::Trained(parameters) => parameters.copy_from_slice(&self.parameters),
                    Kept::Principal => kept = Kept::Trained(self.parameters.clone()),
                }
                history.best_epoch = epoch;
                history.validation_mse = measured.mse;
            }
            if measured.loss < reference - IMPROVEMENT * (reference - floor).abs() || !self.is_settled(epoch) {
                (reference, since) = (measured.loss, 0);
            } else {
                since += 1;
            }
            self.tell(observer, &history, max_epochs)?;
            if since >= self.options.training.patience {
                history.stopped_because = StoppedBecause::Patience;
                break;
            }
            if rate.schedule == Schedule::Plateau
                && since > 0
                && since % (self.options.training.patience / 3).max(1) == 0
            {
                rate.left /= 3.0;
                if let Kept::Trained(best) = &kept {
                    self.parameters.copy_from_slice(best);
                }
            }
        }
        if matches!(kept, Kept::Principal) {
            history.notes.push(format!(
                "no epoch was better than principal component analysis with {} axes, so these are kept: a linear code \
                 is all there is to have here",
                self.layout.code_size
            ));
        }
        Ok(Course { kept, history })
    }

    fn record(&self, epoch: usize, training_loss: Option<f64>, measured: &Measured, learning_rate: f64) -> EpochRecord {
        let sparse = self.options.sparsity != Sparsity::None;
        EpochRecord {
            epoch,
            training_loss,
            validation_loss: measured.loss,
            validation_mse: measured.mse,
            learning_rate,
            reconstruction: measured.parts.loss,
            divergence: (self.layout.code_kind == CodeKind::Normal).then_some(measured.parts.divergence),
            penalty: sparse.then_some(measured.parts.penalty),
            penalty_weight: match self.options.sparsity {
                Sparsity::None => None,
                Sparsity::L1 { .. } | Sparsity::Active(_) => Some(f64::from(self.price.l1)),
                Sparsity::Kl { weight, .. } => Some(weight.get()),
            },
            active: sparse.then_some(measured.parts.active),
        }
    }

    fn tell(&self, observer: &mut Observer<'_>, history: &History, max_epochs: usize) -> Result<(), AutoencoderError> {
        let Some(last) = history.epochs.last() else { return Ok(()) };
        let event = Event::Epoch {
            epoch: last.epoch,
            max_epochs,
            loss: last.training_loss.unwrap_or(last.validation_loss),
            validation_loss: last.validation_loss,
        };
        match observer(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(AutoencoderError::Interrupted { epoch: last.epoch }),
        }
    }
}
