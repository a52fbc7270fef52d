//! Which rows are compared: all, or a seeded sample that says so.

use ndarray::{ArrayView2, Axis, CowArray, Ix2};
use rand::seq::SliceRandom;

use crate::evaluate::Options;
use crate::seed::Seed;
use crate::seed::Stream;

/// The rows on which faithfulness is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Every row.
    All {
        /// Rows in all.
        total: usize,
    },
    /// A seeded sample, every row with the same chance.
    Sample {
        /// The chosen rows, ascending.
        rows: Vec<usize>,
        /// Rows in all.
        total: usize,
    },
}

impl Rows {
    /// All of `total` rows, or a sample of [`Options::sample`] where there are more.
    #[must_use]
    pub fn choose(total: usize, options: &Options, seed: Seed) -> Self {
        if total <= options.sample {
            return Self::All { total };
        }
        Self::Sample { rows: draw(total, options.sample, &mut seed.stream(Stream::Evaluation)), total }
    }

    /// How many rows are compared.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::All { total } => *total,
            Self::Sample { rows, .. } => rows.len(),
        }
    }

    /// Whether there is nothing to compare.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows there are in all.
    #[must_use]
    pub fn total(&self) -> usize {
        match self {
            Self::All { total } | Self::Sample { total, .. } => *total,
        }
    }

    /// Whether the rows are a sample.
    #[must_use]
    pub fn is_sample(&self) -> bool {
        matches!(self, Self::Sample { .. })
    }

    /// The chosen rows of `points`, each contiguous in memory.
    pub(super) fn of<'a>(&self, points: ArrayView2<'a, f32>) -> CowArray<'a, f32, Ix2> {
        match self {
            Self::Sample { rows, .. } => points.select(Axis(0), rows).into(),
            Self::All { .. } if points.is_standard_layout() => points.into(),
            Self::All { .. } => points.as_standard_layout().into_owned().into(),
        }
    }

    /// The chosen entries of `values`.
    pub(super) fn pick<T: Copy>(&self, values: &[T]) -> Vec<T> {
        match self {
            Self::All { .. } => values.to_vec(),
            Self::Sample { rows, .. } => rows.iter().map(|row| values[*row]).collect(),
        }
    }
}

/// `count` of `total` rows, ascending, each with the same chance.
pub(super) fn draw(total: usize, count: usize, generator: &mut crate::seed::Generator) -> Vec<usize> {
    let mut all: Vec<usize> = (0..total).collect();
    let mut chosen = all.partial_shuffle(generator, count).0.to_vec();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_up_to_the_limit_and_a_repeatable_sample_above() {
        let options = Options { sample: 100, ..Options::default() };
        assert_eq!(Rows::choose(100, &options, Seed(1)), Rows::All { total: 100 });
        let sample = Rows::choose(1000, &options, Seed(1));
        assert_eq!((sample.len(), sample.total(), sample.is_sample()), (100, 1000, true));
        assert_eq!(sample, Rows::choose(1000, &options, Seed(1)));
        assert_ne!(sample, Rows::choose(1000, &options, Seed(2)));
        let Rows::Sample { rows, .. } = sample else { panic!("a sample") };
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]) && rows[99] < 1000);
    }
}
