//! What the numbers of a table look like: the facts behind defaults and warnings.

use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::table::Frame;

/// Facts about the numbers of a table, over all values that are there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Columns of numbers.
    pub features: usize,
    /// Values that are there.
    pub values: usize,
    /// The least value.
    pub min: f32,
    /// The greatest value.
    pub max: f32,
    /// The share of zeros.
    pub zeros: f64,
    /// The share of whole numbers.
    pub whole: f64,
    /// The share of values that equal the least or the greatest of all.
    pub at_bounds: f64,
    /// The share of features, constant ones left aside, whose range is at least half of the range of all.
    pub of_full_range: f64,
    /// The share of features that are constant.
    pub constant: f64,
    /// What this looks like.
    pub kind: DataKind,
}

/// What the numbers of a table look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// Only 0 and 1.
    Binary,
    /// Whole numbers from 0, mostly small, in features of very different range: molecules, words, reads.
    Counts,
    /// Logarithms of counts: many zeros, fractions, nothing large.
    LogCounts,
    /// One bounded range for all features, whose ends are hit often: pixels.
    Pixels,
    /// All within 0 and 1.
    UnitRange,
    /// Anything else.
    General,
}

impl Evidence {
    /// Looks at every value of a frame.
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        let values = &frame.values;
        let (low, high) = ranges(values);
        let min = low.iter().copied().fold(f32::INFINITY, f32::min);
        let max = high.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let counts = counts(values, min, max);
        let varying = low.iter().zip(&high).filter(|(low, high)| low < high).count();
        let wide = low
            .iter()
            .zip(&high)
            .filter(|(low, high)| low < high && f64::from(**high - **low) >= 0.5 * f64::from(max - min))
            .count();
        let mut evidence = Self {
            features: values.ncols(),
            values: counts.there,
            min: if counts.there == 0 { 0.0 } else { min },
            max: if counts.there == 0 { 0.0 } else { max },
            zeros: share(counts.zeros, counts.there),
            whole: share(counts.whole, counts.there),
            at_bounds: share(counts.at_bounds, counts.there),
            of_full_range: share(wide, varying),
            constant: share(values.ncols() - varying, values.ncols()),
            kind: DataKind::General,
        };
        evidence.kind = evidence.judge();
        evidence
    }

    #[expect(clippy::float_cmp, reason = "shares of exactly all, and bounds met exactly")]
    fn judge(&self) -> DataKind {
        const MANY_FEATURES: usize = 100;
        const PIXELS: usize = 16;
        let whole = self.whole == 1.0;
        if self.values == 0 || self.min == self.max {
            return DataKind::General;
        }
        if whole && self.min == 0.0 && self.max == 1.0 {
            return DataKind::Binary;
        }
        let bounded = (whole && self.min >= 0.0 && self.max <= 255.0) || (self.min >= -1.0 && self.max <= 1.0);
        if bounded && self.features >= PIXELS && self.of_full_range >= 0.75 && self.at_bounds >= 0.05 {
            return DataKind::Pixels;
        }
        if self.min >= 0.0 && self.max <= 1.0 {
            return DataKind::UnitRange;
        }
        if self.features >= MANY_FEATURES && self.min == 0.0 && self.zeros >= 0.3 {
            if whole {
                return DataKind::Counts;
            }
            // The logarithm of 1 + a billion is below 21.
            if self.max <= 21.0 {
                return DataKind::LogCounts;
            }
        }
        DataKind::General
    }
}

#[derive(Default, Clone, Copy)]
struct Counts {
    there: usize,
    zeros: usize,
    whole: usize,
    at_bounds: usize,
}

const ROWS: usize = 256;

fn ranges(values: &Array2<f32>) -> (Vec<f32>, Vec<f32>) {
    let width = values.ncols();
    let empty = || (vec![f32::INFINITY; width], vec![f32::NEG_INFINITY; width]);
    let Some(flat) = values.as_slice().filter(|_| width > 0) else { return empty() };
    flat.par_chunks(ROWS * width)
        .fold(empty, |(mut low, mut high), rows| {
            for row in rows.chunks_exact(width) {
                for ((low, high), value) in low.iter_mut().zip(&mut high).zip(row) {
                    *low = low.min(*value);
                    *high = high.max(*value);
                }
            }
            (low, high)
        })
        .reduce(empty, |mut left, right| {
            for (left, right) in left.0.iter_mut().zip(right.0) {
                *left = left.min(right);
            }
            for (left, right) in left.1.iter_mut().zip(right.1) {
                *left = left.max(right);
            }
            left
        })
}

#[expect(clippy::float_cmp, reason = "bounds met exactly")]
fn counts(values: &Array2<f32>, min: f32, max: f32) -> Counts {
    let Some(flat) = values.as_slice() else { return Counts::default() };
    let count = |values: &[f32]| {
        let mut counts = Counts::default();
        for value in values {
            counts.there += usize::from(!value.is_nan());
            counts.zeros += usize::from(*value == 0.0);
            counts.whole += usize::from(value.trunc() == *value);
            counts.at_bounds += usize::from(*value == min || *value == max);
        }
        counts
    };
    flat.par_chunks(1 << 16).map(count).reduce(Counts::default, |left, right| Counts {
        there: left.there + right.there,
        zeros: left.zeros + right.zeros,
        whole: left.whole + right.whole,
        at_bounds: left.at_bounds + right.at_bounds,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}
