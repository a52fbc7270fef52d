//! Training: epochs of steps, the held-out loss after each, and the best weights in the end.

use ndarray::ArrayView2;
use rand::seq::SliceRandom;

use super::checkpoint::{Checkpoint, CheckpointRef, Keeper, Standing, Weights};
use super::error::AutoencoderError;
use super::fit::promises;
use super::gradient::Tiles;
use super::history::{EpochRecord, History, SizeRecord, StoppedBecause};
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

pub(super) struct Course {
    /// The best parameters; none where the principal axes are better than those of every epoch.
    pub(super) best: Option<Vec<f32>>,
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

    /// Trains from where `from` stands, or from the start, to the end.
    pub(super) fn run(
        &mut self,
        pca_mse: f64,
        from: Checkpoint,
        keeper: &mut dyn Keeper,
        observer: &mut Observer<'_>,
    ) -> Result<Course, AutoencoderError> {
        let Decided { max_epochs, batch_size, learning_rate, .. } = *self.decided;
        let patience = self.options.training.patience;
        let training = self.split.training.len();
        let batches = training.div_ceil(batch_size);
        let promise = promises(self.options);
        let floor = self.floor();
        let mut at = match from {
            Checkpoint::Training(standing) => self.take_up(*standing),
            Checkpoint::Searching(sizes) => self.begin(pca_mse, sizes, observer)?,
        };
        let mut rate = Rate {
            schedule: self.options.training.schedule,
            highest: learning_rate,
            warmup_steps: self.decided.warmup_steps,
            all_steps: batches * max_epochs,
            left: at.rate_left,
        };
        let diverged = |epoch| AutoencoderError::Diverged { epoch, learning_rate };
        let mut order = self.split.training.clone();
        while at.epoch <= max_epochs && (at.since < patience || at.epoch == 1) {
            let epoch = at.epoch;
            self.price_for_epoch(epoch);
            order.copy_from_slice(&self.split.training);
            order.shuffle(&mut self.seed.keyed(Stream::Shuffle, epoch as u64, 0));
            while at.batch < batches {
                // Batches of nearly the same size, so that none is a mere remainder.
                let rows = &order[at.batch * training / batches..(at.batch + 1) * training / batches];
                let loss = self.step(rows, epoch as u64, rate.at(self.steps as usize + 1));
                if !loss.is_finite() {
                    return Err(diverged(epoch));
                }
                at.sum += loss;
                at.batch += 1;
                if at.batch < batches {
                    self.pause(&mut at, Event::Tick, keeper, observer)?;
                }
            }
            let measured = self.measure();
            let learning_rate = rate.at(self.steps as usize);
            at.history.epochs.push(self.record(epoch, Some(at.sum / training as f64), &measured, learning_rate));
            if !measured.loss.is_finite() {
                return Err(diverged(epoch));
            }
            let best_so_far = at.best_loss.is_none_or(|best| measured.rank < best);
            if best_so_far && (!promise || measured.mse <= pca_mse) && self.is_settled(epoch) {
                at.best_loss = Some(measured.rank);
                match &mut at.weights.best {
                    Some(parameters) => parameters.copy_from_slice(&self.parameters),
                    None => at.weights.best = Some(self.parameters.clone()),
                }
                at.history.best_epoch = epoch;
                at.history.validation_mse = measured.mse;
            }
            let improved = |reference: f64| measured.rank < reference - IMPROVEMENT * (reference - floor).abs();
            if at.reference.is_none_or(improved) || !self.is_settled(epoch) {
                (at.reference, at.since) = (Some(measured.rank), 0);
            } else {
                at.since += 1;
            }
            let stuck = at.since > 0 && at.since < patience && at.since % (patience / 3).max(1) == 0;
            if rate.schedule == Schedule::Plateau && stuck {
                rate.left /= 3.0;
                at.rate_left = rate.left;
                if let Some(best) = &at.weights.best {
                    self.parameters.copy_from_slice(best);
                }
            }
            (at.epoch, at.batch, at.sum) = (epoch + 1, 0, 0.0);
            let ended = epoch_event(&at.history, max_epochs);
            self.pause(&mut at, ended, keeper, observer)?;
        }
        // only steps need them, and what comes after takes room of its own
        (self.gradient, self.mean, self.square) = (Vec::new(), Vec::new(), Vec::new());
        let Standing { since, mut history, weights: Weights { best, .. }, .. } = at;
        if max_epochs > 0 && since >= patience {
            history.stopped_because = StoppedBecause::Patience;
        }
        if best.is_none() {
            history.notes.push(format!(
                "no epoch was better than principal component analysis with {} axes, so these are kept: a linear code \
                 is all there is to have here",
                self.layout.code_size
            ));
        }
        Ok(Course { best, history })
    }

    /// Measures the start.
    fn begin(
        &mut self,
        pca_mse: f64,
        code_sizes: Vec<SizeRecord>,
        observer: &mut Observer<'_>,
    ) -> Result<Standing, AutoencoderError> {
        let max_epochs = self.decided.max_epochs;
        self.price_for_epoch(0);
        let promise = promises(self.options);
        let before = self.measure();
        let history = History {
            epochs: vec![self.record(0, None, &before, 0.0)],
            best_epoch: 0,
            stopped_because: if max_epochs == 0 { StoppedBecause::NoEpochs } else { StoppedBecause::MaxEpochs },
            validation_mse: if promise { pca_mse } else { before.mse },
            pca_validation_mse: pca_mse,
            notes: Vec::new(),
            code_sizes,
            activity: None,
            denoising: None,
            variational: None,
        };
        if observer(epoch_event(&history, max_epochs)).is_break() {
            return Err(AutoencoderError::Interrupted { epoch: 0 });
        }
        let finite = before.loss.is_finite().then_some(before.rank);
        Ok(Standing {
            epoch: 1,
            batch: 0,
            sum: 0.0,
            steps: 0,
            rate_left: 1.0,
            price: 0.0,
            // With squared error the principal axes are what every epoch must beat; cross-entropy cannot judge them. Losses
            // before the prices have settled are cheaper, and no epoch after would beat them.
            best_loss: finite.filter(|_| (!promise || self.layout.loss == Loss::Mse) && self.is_settled(0)),
            reference: finite,
            since: 0,
            history,
            weights: Weights { best: (!promise).then(|| self.parameters.clone()), ..Weights::default() },
        })
    }

    /// Puts the training where `standing` left it.
    fn take_up(&mut self, mut standing: Standing) -> Standing {
        self.exchange(&mut standing.weights);
        for beside in [&mut standing.weights.parameters, &mut standing.weights.mean, &mut standing.weights.square] {
            *beside = Vec::new();
        }
        self.steps = standing.steps;
        self.price.l1 = standing.price as f32;
        standing
    }

    /// Exchanges the vectors of the training with those of a checkpoint.
    fn exchange(&mut self, weights: &mut Weights) {
        std::mem::swap(&mut self.parameters, &mut weights.parameters);
        std::mem::swap(&mut self.mean, &mut weights.mean);
        std::mem::swap(&mut self.square, &mut weights.square);
    }

    /// Tells the observer, and lends out a checkpoint if one is wanted or the observer asks to stop.
    fn pause(
        &mut self,
        at: &mut Standing,
        event: Event,
        keeper: &mut dyn Keeper,
        observer: &mut Observer<'_>,
    ) -> Result<(), AutoencoderError> {
        let stop = observer(event).is_break();
        if stop || keeper.wants() {
            (at.steps, at.price) = (self.steps, f64::from(self.price.l1));
            self.exchange(&mut at.weights);
            keeper.keep(CheckpointRef::Training(at));
            self.exchange(&mut at.weights);
        }
        if stop { Err(AutoencoderError::Interrupted { epoch: at.epoch - 1 }) } else { Ok(()) }
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
}

/// What the last epoch of a history came to.
fn epoch_event(history: &History, max_epochs: usize) -> Event {
    let last = history.epochs.last();
    Event::Epoch {
        epoch: last.map_or(0, |last| last.epoch),
        max_epochs,
        loss: last.map_or(f64::NAN, |last| last.training_loss.unwrap_or(last.validation_loss)),
        validation_loss: last.map_or(f64::NAN, |last| last.validation_loss),
        validation_mse: last.map_or(f64::NAN, |last| last.validation_mse),
    }
}
