//! One seed, many independent streams of random numbers.
//!
//! Every random choice names its [`Stream`], so that a new draw in one stage moves no other, and
//! parallel draws are keyed by (stream, epoch, row), so that the thread count changes nothing.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The generator of every stream: 8-round ChaCha, the same numbers on every machine.
pub type Generator = ChaCha8Rng;

/// The one number that every random choice of a run derives from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Seed(pub u64);

/// What a stream of random numbers is for. The numbers are part of the file format: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Which rows are held out for validation.
    Split = 1,
    /// Initial weights.
    Weights = 2,
    /// The order of rows in an epoch.
    Shuffle = 3,
    /// The noise of a denoising autoencoder.
    Corruption = 4,
    /// The normal draws of a variational autoencoder.
    Reparameterization = 5,
    /// Nodes left out by dropout.
    Dropout = 6,
    /// New rows sampled from a variational autoencoder.
    Sample = 7,
    /// Random starts and tiny jitter of the embedding.
    Start = 8,
    /// Approximate neighbors.
    Neighbors = 9,
    /// The rows on which faithfulness is measured.
    Evaluation = 10,
    /// Random test matrices of randomized linear algebra.
    Sketch = 11,
    /// Rows drawn from a table larger than wanted.
    Subsample = 12,
    /// Mixtures fitted to the codes.
    Mixture = 13,
}

impl Seed {
    /// The generator of `stream`.
    #[must_use]
    pub fn stream(self, stream: Stream) -> Generator {
        let mut generator = ChaCha8Rng::seed_from_u64(self.0);
        generator.set_stream(stream as u64);
        generator
    }

    /// The generator of one row of one epoch of `stream`: the same whoever draws it and when.
    #[must_use]
    pub fn keyed(self, stream: Stream, epoch: u64, row: u64) -> Generator {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        key[8..16].copy_from_slice(&epoch.to_le_bytes());
        key[16..24].copy_from_slice(&row.to_le_bytes());
        key[24..].copy_from_slice(b"by-a-row");
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream as u64);
        generator
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::Rng;

    #[test]
    fn the_same_stream_gives_the_same_numbers() {
        let draw = || Seed(42).stream(Stream::Weights).next_u64();
        assert_eq!(draw(), draw());
    }

    #[test]
    fn streams_seeds_epochs_and_rows_all_differ() {
        let numbers = [
            Seed(42).stream(Stream::Weights).next_u64(),
            Seed(42).stream(Stream::Shuffle).next_u64(),
            Seed(43).stream(Stream::Weights).next_u64(),
            Seed(42).keyed(Stream::Corruption, 0, 0).next_u64(),
            Seed(42).keyed(Stream::Corruption, 0, 1).next_u64(),
            Seed(42).keyed(Stream::Corruption, 1, 0).next_u64(),
            Seed(42).keyed(Stream::Dropout, 0, 0).next_u64(),
        ];
        for (i, left) in numbers.iter().enumerate() {
            assert!(numbers[i + 1..].iter().all(|right| left != right));
        }
    }
}
