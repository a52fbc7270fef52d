//! How rows enter a chunk: scaled, corrupted, and with the draws of their codes.

use ndarray::ArrayView2;

use super::corrupt::{self, Key};
use super::layout::{CodeKind, Layout};
use super::network::{CHUNK, Chunk, Scaling};
use super::options::Corruption;
use super::train::Trainer;
use crate::seed::Seed;

/// The epoch number that keys the draws on held-out rows: always the same ones.
const HELD_OUT: u64 = u64::MAX;

/// What is random about rows that enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Random {
    /// Nothing: clean rows, and the means of their codes.
    Nothing,
    /// The draws of a variational code.
    Draws,
    /// All that training has: corruption, dropout and draws.
    Everything,
}

/// How rows enter a chunk.
#[derive(Clone, Copy)]
pub(super) struct Entering<'a> {
    pub(super) data: ArrayView2<'a, f32>,
    pub(super) layout: &'a Layout,
    pub(super) scaling: &'a Scaling,
    pub(super) corruption: Corruption,
    pub(super) dropout: f32,
    pub(super) range: (f32, f32),
    pub(super) seed: Seed,
    pub(super) epoch: u64,
    pub(super) random: Random,
}

impl Trainer<'_> {
    /// How this training's rows enter: those held out, clean.
    pub(super) fn entering(&self) -> Entering<'_> {
        Entering {
            data: self.data.view(),
            layout: &self.layout,
            scaling: &self.scaling,
            corruption: self.options.corruption,
            dropout: self.options.training.dropout.single(),
            range: self.range,
            seed: self.seed,
            epoch: HELD_OUT,
            random: Random::Nothing,
        }
    }
}

impl Entering<'_> {
    /// Fills the chunk with its share of `rows`, noise and draws included.
    pub(super) fn fill(&self, chunk: &mut Chunk, rows: &[usize], index: usize) {
        let rows = &rows[(index * CHUNK).min(rows.len())..((index + 1) * CHUNK).min(rows.len())];
        chunk.rows = rows.len();
        if self.random == Random::Nothing {
            chunk.draws.fill(0.0);
        }
        for (place, row) in rows.iter().enumerate() {
            chunk.take(place, self.data.row(*row), self.layout, self.scaling);
            if self.random == Random::Nothing {
                continue;
            }
            let key = Key { seed: self.seed, epoch: self.epoch, row: *row as u64 };
            if let (Random::Everything, Some(input)) = (self.random, chunk.input.row_mut(place).as_slice_mut()) {
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
