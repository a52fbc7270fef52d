//! Training: epochs of steps, the held-out loss after each, and the best weights in the end.

use std::ops::ControlFlow;

use ndarray::ArrayView2;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::adam::AdamStep;
use super::corrupt::{self, Key};
use super::error::AutoencoderError;
use super::gradient::{Flat, Tiles};
use super::history::{EpochRecord, History, StoppedBecause};
use super::layout::{CodeKind, Layout};
use super::metric;
use super::network::{CHUNK, Chunk, CodePrice, Scaling, Sums};
use super::options::{Code, Corruption, GradientClip, LinearPath, Loss, Metric, Options, Pretrain, Schedule, Sparsity};
use super::pretrain;
use super::resolve::Decided;
use super::schedule::Rate;
use super::search::{search, with_size};
use super::start::{Start, start};
use super::{Autoencoder, Fitted};
use crate::event::{Event, Observer};
use crate::pca::Pca;
use crate::seed::{Seed, Stream};
use crate::split::Split;
use crate::value::Auto;

/// The epoch number that keys the draws on held-out rows: always the same ones.
const HELD_OUT: u64 = u64::MAX;
/// Held-out losses must fall by this share to count as an improvement for `patience`.
const IMPROVEMENT: f64 = 2e-4;

/// Trains an autoencoder with resolved `options` on the training rows of `data`.
///
/// The held-out rows decide when to stop and which epoch's weights are kept. With `linear_path: pca` and a plain code
/// trained on clean rows with squared error or cross-entropy, only epochs whose held-out squared error is at most that of
/// principal component analysis are eligible; where there is none, the principal axes themselves are returned.
///
/// `code_size: auto` is decided here, by short trainings whose evidence is kept in the history;
/// [`Autoencoder::options`] then has the size.
///
/// # Errors
/// Options that hold another `auto`; a loss that is not finite any more; an observer that asked to stop.
///
/// # Panics
/// If `split` names rows that `data` does not have.
pub fn fit(
    data: ArrayView2<f32>,
    split: &Split,
    options: &Options,
    seed: Seed,
    observer: &mut Observer<'_>,
) -> Result<Fitted, AutoencoderError> {
    if options.code_size != Some(Auto::Auto) {
        return fit_given(data, split, options, seed, observer);
    }
    let (size, records) = search(&data, split, options, seed, observer)?;
    let mut fitted = fit_given(data, split, &with_size(options, size, None), seed, observer)?;
    fitted.history.code_sizes = records;
    Ok(fitted)
}

/// [`fit`] for a code of given size.
pub(super) fn fit_given(
    data: ArrayView2<f32>,
    split: &Split,
    options: &Options,
    seed: Seed,
    observer: &mut Observer<'_>,
) -> Result<Fitted, AutoencoderError> {
    options.check()?;
    let decided = Decided::of(options)?;
    let layout = Layout::of(options, data.ncols())?;
    let pca = Pca::fit(data, &split.training, decided.code_size, seed);
    let pca_mse = pca.held_out_error(data, &split.validation);
    let Start { scaling, parameters } = start(options, &layout, data, &split.training, &pca, seed);
    let parameters = match options.pretrain {
        Pretrain::Layerwise if decided.hidden.len() > 1 => {
            pretrain::grow(&data, split, options, &layout, parameters, seed, observer)?
        }
        _ => parameters,
    };
    let mut trainer = Trainer::new(data.view(), split, options, &decided, layout, scaling, parameters, seed);
    let course = trainer.run(pca_mse, observer)?;
    let autoencoder = match course.kept {
        Kept::Principal => Autoencoder::principal(options.clone(), &pca, decided.code_size),
        Kept::Trained(mut parameters) => {
            if options.metric == Metric::Rows {
                metric::turn(&trainer.layout, &trainer.scaling, &mut parameters, data, &split.training);
            }
            Autoencoder::trained(options.clone(), trainer.layout, trainer.scaling, parameters)
        }
    };
    Ok(Fitted { autoencoder, history: course.history })
}

/// The parameters after training a stage of its own, whose start `carry` changes.
pub(super) fn fit_from(
    data: ArrayView2<f32>,
    split: &Split,
    options: &Options,
    seed: Seed,
    carry: &dyn Fn(&mut [f32]),
    observer: &mut Observer<'_>,
) -> Result<Vec<f32>, AutoencoderError> {
    let decided = Decided::of(options)?;
    let layout = Layout::of(options, data.ncols())?;
    let pca = Pca::fit(data, &split.training, decided.code_size, seed);
    let Start { scaling, mut parameters } = start(options, &layout, data, &split.training, &pca, seed);
    carry(&mut parameters);
    let mut trainer = Trainer::new(data.view(), split, options, &decided, layout, scaling, parameters, seed);
    // Here nothing is promised: the best epoch counts, whatever principal component analysis can do.
    match trainer.run(f64::INFINITY, observer)?.kept {
        Kept::Trained(parameters) => Ok(parameters),
        Kept::Principal => Ok(trainer.parameters),
    }
}

/// Whether the promise holds that the result is no worse than principal component analysis.
fn promises(options: &Options) -> bool {
    options.linear_path == LinearPath::Pca
        && options.code == Code::Plain
        && options.sparsity == Sparsity::None
        && options.corruption == Corruption::None
        && !options.loss.is_for_counts()
}

/// Everything a training needs, made once.
pub(super) struct Trainer<'a> {
    data: ArrayView2<'a, f32>,
    split: &'a Split,
    options: &'a Options,
    decided: &'a Decided,
    layout: Layout,
    scaling: Scaling,
    tiles: Tiles,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    mean: Vec<f32>,
    square: Vec<f32>,
    chunks: Vec<Chunk>,
    range: (f32, f32),
    seed: Seed,
    steps: u64,
    price: CodePrice,
    pull: Vec<f32>,
}

enum Kept {
    /// The principal axes, unchanged.
    Principal,
    Trained(Vec<f32>),
}

struct Course {
    kept: Kept,
    history: History,
}

/// What a pass over held-out rows found, per row (per value for `mse`).
struct Measured {
    loss: f64,
    parts: Sums,
    mse: f64,
}

impl<'a> Trainer<'a> {
    #[expect(clippy::too_many_arguments, reason = "the parts are made in different places and only meet here")]
    fn new(
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
            price: CodePrice {
                l1: match options.sparsity {
                    Sparsity::L1 { weight } => weight.single(),
                    _ => 0.0,
                },
                ..CodePrice::NONE
            },
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

    fn run(&mut self, pca_mse: f64, observer: &mut Observer<'_>) -> Result<Course, AutoencoderError> {
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

    /// The least cross-entropy that the held-out rows allow, per row: what no training can take away.
    fn floor(&self) -> f64 {
        if self.layout.loss != Loss::Bce {
            return 0.0;
        }
        let entropy = |share: f64| if share > 0.0 { -share * share.ln() } else { 0.0 };
        let row = |row: &usize| -> f64 {
            self.data.row(*row).iter().map(|value| entropy(f64::from(*value)) + entropy(1.0 - f64::from(*value))).sum()
        };
        self.split.validation.iter().map(row).sum::<f64>() / self.split.validation.len().max(1) as f64
    }

    /// Whether prices have reached their full height, so that losses of epochs can be compared.
    fn is_settled(&self, epoch: usize) -> bool {
        match self.options.code {
            Code::Variational(code) => epoch > code.warmup_epochs || epoch == self.decided.max_epochs,
            Code::Plain => !matches!(self.options.sparsity, Sparsity::Active(_)) || epoch > 10,
        }
    }

    fn price_for_epoch(&mut self, epoch: usize) {
        if let Code::Variational(code) = self.options.code {
            let warm = (epoch.max(1) as f64 / code.warmup_epochs.max(1) as f64).min(1.0);
            self.price.beta = (code.beta.get() * warm) as f32;
            self.price.free = code.free_bits.single();
        }
    }

    /// One step on `rows`; the sum of their losses, prices included.
    fn step(&mut self, rows: &[usize], epoch: u64, learning_rate: f64) -> f64 {
        let batch = rows.len();
        let mut chunks = std::mem::take(&mut self.chunks);
        let mut pull = std::mem::take(&mut self.pull);
        let entering = Entering { epoch, clean: false, ..self.entering() };
        let (layout, scaling, parameters, price) = (&self.layout, &self.scaling, &self.parameters, self.price);
        let mean_pull = matches!(self.options.sparsity, Sparsity::Kl { .. });
        let mut penalty = 0.0;
        if mean_pull {
            // The price is on the mean over the whole batch: all codes first.
            chunks.par_iter_mut().enumerate().for_each(|(index, chunk)| {
                entering.fill(chunk, rows, index);
                chunk.encode(layout, parameters, price);
            });
            penalty = pull_of(self.options.sparsity, &chunks, batch, &mut pull);
        }
        let pulled = mean_pull.then_some(&pull[..]);
        chunks.par_iter_mut().enumerate().for_each(|(index, chunk)| {
            if !mean_pull {
                entering.fill(chunk, rows, index);
                chunk.encode(layout, parameters, price);
            }
            chunk.decode(layout, parameters);
            chunk.lose(layout, parameters, scaling, batch);
            chunk.backward(layout, parameters, price, pulled, batch);
        });
        let mut sums = Sums::default();
        chunks.iter().for_each(|chunk| sums += chunk.result);
        (self.chunks, self.pull) = (chunks, pull);
        self.steps += 1;
        let step = AdamStep::new(self.steps, learning_rate, self.decided.weight_decay);
        let longest = match self.options.training.gradient_clip {
            GradientClip::None => None,
            GradientClip::Norm(norm) => Some(norm.get()),
        };
        let flat = Flat {
            parameters: &mut self.parameters,
            gradient: &mut self.gradient,
            mean: &mut self.mean,
            square: &mut self.square,
        };
        self.tiles.step(&self.layout, &self.chunks, flat, step, longest);
        self.search_price(sums, batch);
        sums.loss + f64::from(price.beta) * sums.divergence + sums.penalty + penalty * batch as f64
    }

    /// Moves the price of activity towards that at which the wanted fraction of nodes is active.
    fn search_price(&mut self, sums: Sums, batch: usize) {
        let Sparsity::Active(wanted) = self.options.sparsity else { return };
        let nodes = (batch * self.layout.code_size) as f64;
        if self.price.l1 == 0.0 {
            self.price.l1 = (0.01 * sums.loss / nodes) as f32;
        }
        let active = (sums.active / nodes).max(1e-3);
        self.price.l1 *= (0.05 * (active / wanted.get()).ln()).clamp(-0.1, 0.1).exp() as f32;
    }

    fn entering(&self) -> Entering<'_> {
        Entering {
            data: self.data.view(),
            layout: &self.layout,
            scaling: &self.scaling,
            corruption: self.options.corruption,
            dropout: self.options.training.dropout.single(),
            range: self.range,
            seed: self.seed,
            epoch: HELD_OUT,
            clean: true,
        }
    }

    /// The held-out loss as trained (corrupted, sampled), and the squared error of clean rows at the means.
    fn measure(&mut self) -> Measured {
        let as_trained = self.options.corruption != Corruption::None || self.layout.code_kind == CodeKind::Normal;
        let rows = &self.split.validation;
        let mut chunks = std::mem::take(&mut self.chunks);
        let noisy = as_trained.then(|| self.pass(&mut chunks, false));
        let clean = self.pass(&mut chunks, true);
        self.chunks = chunks;
        let parts = noisy.unwrap_or(clean);
        let mut per_row = 1.0 / rows.len().max(1) as f64;
        let mse = clean.squared_error * per_row / self.layout.columns as f64;
        let loss = (parts.loss + f64::from(self.price.beta) * parts.divergence + parts.penalty) * per_row;
        if !per_row.is_finite() {
            per_row = 0.0;
        }
        let parts = Sums {
            loss: parts.loss * per_row,
            divergence: parts.divergence * per_row,
            penalty: parts.penalty * per_row,
            active: parts.active * per_row / self.layout.code_size as f64,
            squared_error: mse,
        };
        Measured { loss, parts, mse }
    }

    /// One pass over the held-out rows without learning.
    fn pass(&self, chunks: &mut [Chunk], clean: bool) -> Sums {
        let mut sums = Sums::default();
        let entering = Entering { clean, dropout: 0.0, ..self.entering() };
        let (layout, scaling, parameters, price) = (&self.layout, &self.scaling, &self.parameters, self.price);
        let mut codes = vec![0.0; layout.code_size];
        for rows in self.split.validation.chunks(chunks.len() * CHUNK) {
            chunks.par_iter_mut().enumerate().for_each(|(index, chunk)| {
                entering.fill(chunk, rows, index);
                chunk.encode(layout, parameters, price);
                chunk.decode(layout, parameters);
                let output = chunk.output.clone();
                chunk.lose(layout, parameters, scaling, 1);
                chunk.output.assign(&output);
                chunk.reconstruct(layout, scaling);
                for place in 0..chunk.rows {
                    chunk.miss(place, self.data.row(rows[index * CHUNK + place]));
                }
            });
            for chunk in &*chunks {
                sums += chunk.result;
                for row in chunk.code.rows().into_iter().take(chunk.rows) {
                    codes.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                }
            }
        }
        if let Sparsity::Kl { target, weight } = self.options.sparsity {
            let rows = self.split.validation.len() as f64;
            let price: f64 = codes.iter().map(|sum| mean_divergence(target.get(), f64::from(*sum) / rows).0).sum();
            sums.penalty += price * weight.get() * rows;
        }
        sums
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

/// How rows enter a chunk.
#[derive(Clone, Copy)]
struct Entering<'a> {
    data: ArrayView2<'a, f32>,
    layout: &'a Layout,
    scaling: &'a Scaling,
    corruption: Corruption,
    dropout: f32,
    range: (f32, f32),
    seed: Seed,
    epoch: u64,
    /// Without corruption, dropout and draws.
    clean: bool,
}

impl Entering<'_> {
    /// Fills the chunk with its share of `rows`, noise and draws included.
    fn fill(&self, chunk: &mut Chunk, rows: &[usize], index: usize) {
        let rows = &rows[(index * CHUNK).min(rows.len())..((index + 1) * CHUNK).min(rows.len())];
        chunk.rows = rows.len();
        if self.clean {
            chunk.draws.fill(0.0);
        }
        for (place, row) in rows.iter().enumerate() {
            chunk.take(place, self.data.row(*row), self.layout, self.scaling);
            if self.clean {
                continue;
            }
            let key = Key { seed: self.seed, epoch: self.epoch, row: *row as u64 };
            if let Some(input) = chunk.input.row_mut(place).as_slice_mut() {
                corrupt::corrupt(self.corruption, input, self.scaling, self.range, key);
                corrupt::drop_out(self.dropout, input, key);
            }
            if let (CodeKind::Normal, Some(draws)) = (self.layout.code_kind, chunk.draws.row_mut(place).as_slice_mut())
            {
                corrupt::draw(draws, key);
            }
        }
    }
}

/// The divergence of a node's mean activation from the wanted one, and its derivative by the mean.
pub(super) fn mean_divergence(target: f64, mean: f64) -> (f64, f64) {
    let mean = mean.clamp(1e-6, 1.0 - 1e-6);
    let value = target * (target / mean).ln() + (1.0 - target) * ((1.0 - target) / (1.0 - mean)).ln();
    (value, (1.0 - target) / (1.0 - mean) - target / mean)
}

/// The gradient that the price on mean activations puts on every code, and the price.
fn pull_of(sparsity: Sparsity, chunks: &[Chunk], batch: usize, pull: &mut [f32]) -> f64 {
    let Sparsity::Kl { target, weight } = sparsity else { return 0.0 };
    let mut price = 0.0;
    for (node, pull) in pull.iter_mut().enumerate() {
        let sum: f64 = chunks
            .iter()
            .flat_map(|chunk| chunk.code.column(node).into_iter().take(chunk.rows))
            .map(|value| f64::from(*value))
            .sum();
        let (value, slope) = mean_divergence(target.get(), sum / batch as f64);
        price += weight.get() * value;
        *pull = (weight.get() * slope) as f32;
    }
    price
}
