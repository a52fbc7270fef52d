//! Noise on the input of a row while training, drawn from (stream, epoch, row) alone.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::network::Scaling;
use super::options::Corruption;
use crate::seed::{Seed, Stream};

/// Which draws: a row of the table in an epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) seed: Seed,
    pub(super) epoch: u64,
    pub(super) row: u64,
}

/// Corrupts a scaled input; `range` are the smallest and the largest value of the table, unscaled.
pub(super) fn corrupt(corruption: Corruption, input: &mut [f32], scaling: &Scaling, range: (f32, f32), key: Key) {
    if corruption == Corruption::None {
        return;
    }
    let mut generator = key.seed.keyed(Stream::Corruption, key.epoch, key.row);
    match corruption {
        Corruption::None => {}
        Corruption::Gaussian { sd } => {
            let sd = sd.single() * scaling.factor;
            for value in input {
                let draw: f32 = StandardNormal.sample(&mut generator);
                *value += sd * draw;
            }
        }
        Corruption::Mask { fraction } => {
            let fraction = fraction.single();
            for value in input {
                if generator.random::<f32>() < fraction {
                    *value = 0.0;
                }
            }
        }
        Corruption::SaltAndPepper { fraction } => {
            let fraction = fraction.single();
            for (value, mean) in input.iter_mut().zip(&scaling.mean) {
                let draw = generator.random::<f32>();
                if draw < fraction {
                    let extreme = if draw < 0.5 * fraction { range.0 } else { range.1 };
                    *value = (extreme - mean) * scaling.factor;
                }
            }
        }
    }
}

/// Leaves inputs out and makes up for them in the others.
pub(super) fn drop_out(fraction: f32, input: &mut [f32], key: Key) {
    if fraction <= 0.0 {
        return;
    }
    let mut generator = key.seed.keyed(Stream::Dropout, key.epoch, key.row);
    let keep = 1.0 / (1.0 - fraction);
    for value in input {
        *value = if generator.random::<f32>() < fraction { 0.0 } else { *value * keep };
    }
}

/// Standard normal draws for a variational code.
pub(super) fn draw(to: &mut [f32], key: Key) {
    let mut generator = key.seed.keyed(Stream::Reparameterization, key.epoch, key.row);
    to.iter_mut().for_each(|value| *value = StandardNormal.sample(&mut generator));
}
