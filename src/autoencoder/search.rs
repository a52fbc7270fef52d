//! `code_size: auto`: short trainings over sizes, and the smallest that keeps nearly all there is to keep.

use std::ops::ControlFlow;

use ndarray::ArrayView2;

use super::checkpoint::{Checkpoint, CheckpointRef, KeepNothing, Keeper};
use super::error::AutoencoderError;
use super::fit::fit_given;
use super::history::SizeRecord;
use super::options::Options;
use crate::event::{Event, Observer};
use crate::seed::Seed;
use crate::split::Split;
use crate::value::Auto;

/// The sizes that are tried, where the table has more features.
const SIZES: [usize; 6] = [2, 4, 8, 16, 32, 64];
/// Training rows that a trial sees at most.
const ROWS: usize = 4_000;
/// Epochs of a trial at most.
const EPOCHS: usize = 30;
/// The share of the variance explained by the best size that the chosen one must explain.
const ENOUGH: f64 = 0.95;

/// Rows that a search for the code size passes at most, over all trials and epochs, of so many training rows.
#[must_use]
pub fn searched_rows(training: usize) -> usize {
    SIZES.len() * EPOCHS * training.min(ROWS)
}

/// The smallest size whose held-out explained variance is at least 95 % of the best's, after a short training each; with
/// the evidence. Sizes that were `tried` are not tried again.
pub(super) fn search(
    data: &ArrayView2<f32>,
    split: &Split,
    options: &Options,
    seed: Seed,
    tried: Vec<SizeRecord>,
    keeper: &mut dyn Keeper,
    observer: &mut Observer<'_>,
) -> Result<(usize, Vec<SizeRecord>), AutoencoderError> {
    let thin = |rows: &[usize]| rows.iter().copied().step_by(rows.len().div_ceil(ROWS).max(1)).collect();
    let split = Split { training: thin(&split.training), validation: thin(&split.validation) };
    let variance = variance(data, &split);
    let most = data.ncols().saturating_sub(1).min(split.training.len() - 1).max(1);
    let mut sizes: Vec<usize> = SIZES.into_iter().filter(|size| *size <= most).collect();
    if sizes.is_empty() {
        sizes.push(most);
    }
    let known = tried.len() <= sizes.len() && tried.iter().zip(&sizes).all(|(record, size)| record.code_size == *size);
    let mut records = if known { tried } else { Vec::new() };
    for (done, size) in sizes.iter().enumerate().skip(records.len()) {
        let trial = with_size(options, *size, Some(EPOCHS));
        let (total, done) = (sizes.len() as u64, done as u64);
        let stop = observer(Event::Advanced { done, total }).is_break();
        if stop || keeper.wants() {
            keeper.keep(CheckpointRef::Searching(&records));
        }
        if stop {
            return Err(AutoencoderError::Interrupted { epoch: 0 });
        }
        // An inner epoch is not the run's own, but stopping must work inside it too.
        let mut inner = |event: Event| match event {
            Event::Epoch { .. } => observer(Event::Advanced { done, total }),
            Event::Tick => observer(Event::Tick),
            _ => ControlFlow::Continue(()),
        };
        let start = Checkpoint::default();
        let trained = fit_given(data.view(), &split, &trial, seed, start, &mut KeepNothing, &mut inner);
        if let Err(AutoencoderError::Interrupted { .. }) = trained {
            keeper.keep(CheckpointRef::Searching(&records));
        }
        let history = trained?.history;
        records.push(SizeRecord {
            code_size: *size,
            validation_mse: history.validation_mse,
            pca_validation_mse: history.pca_validation_mse,
        });
    }
    let explained = |record: &SizeRecord| variance - record.validation_mse;
    let best = records.iter().map(explained).fold(0.0, f64::max);
    let chosen =
        records.iter().find(|record| explained(record) >= ENOUGH * best).map_or(sizes[0], |record| record.code_size);
    let percent =
        |record: &SizeRecord| format!("{} keeps {:.1} %", record.code_size, 100.0 * explained(record) / variance);
    let kept: Vec<String> = records.iter().map(percent).collect();
    let _ = observer(Event::Note(format!(
        "code size {chosen}: of the squared distance of held-out rows from the training mean, after short trainings, {}; it is the smallest that keeps {:.0} % \
         of what the best keeps{}",
        kept.join(", "),
        100.0 * ENOUGH,
        if sizes.last() == Some(&chosen) && sizes.len() > 1 { ", and the largest that is tried" } else { "" }
    )));
    Ok((chosen, records))
}

/// The same options with this size of the code; hidden layers are at least as wide.
pub(super) fn with_size(options: &Options, size: usize, epochs: Option<usize>) -> Options {
    let mut options = Options { code_size: Some(Auto::Given(size)), ..options.clone() };
    if let Auto::Given(hidden) = &mut options.hidden {
        hidden.iter_mut().for_each(|width| *width = (*width).max(size));
    }
    if let (Some(epochs), Auto::Given(most)) = (epochs, &mut options.training.max_epochs) {
        *most = (*most).min(epochs);
    }
    options
}

/// The held-out mean squared distance per value from the training mean.
fn variance(data: &ArrayView2<f32>, split: &Split) -> f64 {
    let columns = data.ncols();
    let mut mean = vec![0.0_f64; columns];
    for row in &split.training {
        mean.iter_mut().zip(data.row(*row)).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let rows = split.training.len() as f64;
    let sum: f64 = split
        .validation
        .iter()
        .map(|row| -> f64 {
            data.row(*row).iter().zip(&mean).map(|(value, sum)| (f64::from(*value) - sum / rows).powi(2)).sum()
        })
        .sum();
    sum / (split.validation.len() * columns).max(1) as f64
}
