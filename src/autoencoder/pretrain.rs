//! Greedy stacking: the outermost pair of layers is trained first, then the next pair inside it, and so on.
//!
//! Each stage is an autoencoder of its own that ends in a code of the final size: with `hidden: [512, 256, 128]` first 512
//! alone, then 512 and 256, each for a fifth of the epochs, starting from the outer layers of the stage before (Hinton &
//! Salakhutdinov 2006 and Vincent et al. 2010, with the outer layers free to adapt). The whole is fine-tuned after.

use std::ops::ControlFlow;

use ndarray::ArrayView2;

use super::error::AutoencoderError;
use super::fit::fit_from;
use super::layout::{Dense, Layout};
use super::options::{Metric, Options, Pretrain};
use super::resolve::Decided;
use crate::event::{Event, Observer};
use crate::seed::Seed;
use crate::split::Split;
use crate::value::Auto;

/// Trains ever deeper networks; the parameters that the whole starts from.
pub(super) fn grow(
    data: &ArrayView2<f32>,
    split: &Split,
    options: &Options,
    whole: &Layout,
    mut parameters: Vec<f32>,
    seed: Seed,
    observer: &mut Observer<'_>,
) -> Result<Vec<f32>, AutoencoderError> {
    let Decided { hidden, max_epochs, .. } = Decided::of(options)?;
    let mut known: Option<(Layout, Vec<f32>)> = None;
    for depth in 1..hidden.len() {
        let mut stage = Options {
            hidden: Auto::Given(hidden[..depth].to_vec()),
            metric: Metric::Raw,
            pretrain: Pretrain::None,
            ..options.clone()
        };
        stage.training.max_epochs = Auto::Given((max_epochs / 5).max(1));
        let mut inner = |event: Event| match event {
            Event::Epoch { epoch, .. } => {
                observer(Event::Advanced { done: epoch as u64, total: (max_epochs / 5).max(1) as u64 })
            }
            Event::Tick => observer(Event::Tick),
            _ => ControlFlow::Continue(()),
        };
        let layout = Layout::of(&stage, data.ncols())?;
        let carry = |to: &mut [f32]| {
            if let Some((from_layout, from)) = &known {
                carry_over(from_layout, from, &layout, to);
            }
        };
        let trained = fit_from(data.view(), split, &stage, seed, &carry, &mut inner)?;
        known = Some((layout, trained));
    }
    if let Some((layout, trained)) = &known {
        carry_over(layout, trained, whole, &mut parameters);
    }
    Ok(parameters)
}

/// Copies the outer layers of a shallower network into a deeper one, and the direct map.
fn carry_over(from: &Layout, source: &[f32], to: &Layout, target: &mut [f32]) {
    let mut copy = |from: &Dense, to: &Dense| {
        if !to.mirrored {
            target[to.weight.range()].copy_from_slice(&source[from.weight.range()]);
        }
        target[to.bias.range()].copy_from_slice(&source[from.bias.range()]);
    };
    from.encoder.iter().zip(&to.encoder).for_each(|(from, to)| copy(from, to));
    // The decoder is mirrored: its outermost layers are its last, and its first is fed by the code in one network only.
    let inner = from.decoder.len().saturating_sub(1);
    from.decoder.iter().rev().take(inner).zip(to.decoder.iter().rev()).for_each(|(from, to)| copy(from, to));
    if let (Some(from), Some(to)) = (&from.output, &to.output) {
        copy(from, to);
    }
    if let (Some(from), Some(to)) = (&from.direct, &to.direct) {
        target[to.encoder.range()].copy_from_slice(&source[from.encoder.range()]);
        target[to.decoder.range()].copy_from_slice(&source[from.decoder.range()]);
    }
}
