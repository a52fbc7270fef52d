//! Figures of each column over the training rows, in double precision.
//!
//! Columns are worked on in parallel, each over its rows in order, so that no figure depends on
//! the number of threads.

use ndarray::Array2;
use rayon::prelude::*;

/// Columns worked on together: one row of them is 1 KiB.
const BLOCK: usize = 256;

/// Mean and population variance of each column over `rows`, by two passes.
pub(super) fn moments(values: &Array2<f32>, rows: &[usize]) -> Vec<Moments> {
    per_block(values, |columns| {
        let width = columns.len();
        let mut sums = vec![0.0_f64; width];
        for row in rows {
            for (sum, value) in sums.iter_mut().zip(slice(values, *row, &columns)) {
                *sum += f64::from(*value);
            }
        }
        let count = count(rows);
        let means: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
        let mut squares = vec![0.0_f64; width];
        let mut rests = vec![0.0_f64; width];
        for row in rows {
            let moved = squares.iter_mut().zip(&mut rests).zip(&means).zip(slice(values, *row, &columns));
            for (((square, rest), mean), value) in moved {
                let difference = f64::from(*value) - mean;
                *square += difference * difference;
                *rest += difference;
            }
        }
        let moments = means.iter().zip(squares).zip(rests);
        // The rest is what rounding left of Σ(x − mean), which is 0 in exact arithmetic.
        moments
            .map(|((mean, square), rest)| Moments {
                mean: *mean,
                variance: ((square - rest * rest / count) / count).max(0.0),
            })
            .collect()
    })
}

/// Mean and population variance of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

impl Moments {
    /// The standard deviation, or `None` where the column is constant up to rounding.
    ///
    /// The bound is scikit-learn's (`_is_constant_feature`): the error of the variance that
    /// rounding alone makes.
    pub(super) fn deviation(&self, rows: usize) -> Option<f64> {
        let count = count_of(rows);
        let rounding = count * f64::EPSILON * self.variance + (count * self.mean * f64::EPSILON).powi(2);
        (self.variance > rounding).then(|| self.variance.sqrt())
    }
}

/// The least and the greatest value of each column over `rows`.
pub(super) fn ranges(values: &Array2<f32>, rows: &[usize]) -> Vec<(f32, f32)> {
    per_block(values, |columns| {
        let mut ranges = vec![(f32::INFINITY, f32::NEG_INFINITY); columns.len()];
        for row in rows {
            for (range, value) in ranges.iter_mut().zip(slice(values, *row, &columns)) {
                *range = (range.0.min(*value), range.1.max(*value));
            }
        }
        ranges
    })
}

/// In how many of `rows` each column is not zero.
pub(super) fn nonzero(values: &Array2<f32>, rows: &[usize]) -> Vec<usize> {
    per_block(values, |columns| {
        let mut counts = vec![0; columns.len()];
        for row in rows {
            for (count, value) in counts.iter_mut().zip(slice(values, *row, &columns)) {
                *count += usize::from(*value != 0.0);
            }
        }
        counts
    })
}

/// Sums and sums of squares of each column over `rows`, values above its limit counted as the limit.
pub(super) fn clipped_sums(values: &Array2<f32>, rows: &[usize], limits: &[f64]) -> Vec<(f64, f64)> {
    per_block(values, |columns| {
        let mut sums = vec![(0.0_f64, 0.0_f64); columns.len()];
        for row in rows {
            let moved = sums.iter_mut().zip(slice(values, *row, &columns)).zip(&limits[columns.clone()]);
            for ((sum, value), limit) in moved {
                let value = f64::from(*value).min(*limit);
                *sum = (sum.0 + value, sum.1 + value * value);
            }
        }
        sums
    })
}

/// Quantiles of each column over the values of `rows` that are there, linear between neighbors
/// (numpy's `quantile`, type 7); `None` for a column without any.
pub(super) fn quantiles(values: &Array2<f32>, rows: &[usize], at: &[f64]) -> Vec<Option<Vec<f64>>> {
    const GATHERED: usize = 16;
    per_block_of(values, GATHERED, |columns| {
        let mut gathered = vec![Vec::with_capacity(rows.len()); columns.len()];
        for row in rows {
            for (column, value) in gathered.iter_mut().zip(slice(values, *row, &columns)) {
                if !value.is_nan() {
                    column.push(*value);
                }
            }
        }
        gathered
            .into_iter()
            .map(|mut column| {
                column.sort_unstable_by(f32::total_cmp);
                (!column.is_empty()).then(|| at.iter().map(|at| quantile(&column, *at)).collect())
            })
            .collect()
    })
}

/// Means over the values of `rows` that are there; `None` for a column without any.
pub(super) fn means_of_present(values: &Array2<f32>, rows: &[usize]) -> Vec<Option<f64>> {
    per_block(values, |columns| {
        let mut sums = vec![(0.0_f64, 0_usize); columns.len()];
        for row in rows {
            for (sum, value) in sums.iter_mut().zip(slice(values, *row, &columns)) {
                if !value.is_nan() {
                    *sum = (sum.0 + f64::from(*value), sum.1 + 1);
                }
            }
        }
        sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / count_of(count))).collect()
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position among a column's values")]
fn quantile(sorted: &[f32], at: f64) -> f64 {
    let position = at * count_of(sorted.len() - 1);
    let below = (position.floor() as usize).min(sorted.len() - 1);
    let above = (below + 1).min(sorted.len() - 1);
    let (low, high) = (f64::from(sorted[below]), f64::from(sorted[above]));
    low + (high - low) * (position - position.floor())
}

fn per_block<T: Send>(values: &Array2<f32>, work: impl Fn(std::ops::Range<usize>) -> Vec<T> + Sync) -> Vec<T> {
    per_block_of(values, BLOCK, work)
}

fn per_block_of<T: Send>(
    values: &Array2<f32>,
    block: usize,
    work: impl Fn(std::ops::Range<usize>) -> Vec<T> + Sync,
) -> Vec<T> {
    let width = values.ncols();
    let blocks: Vec<Vec<T>> =
        (0..width.div_ceil(block)).into_par_iter().map(|at| work(at * block..((at + 1) * block).min(width))).collect();
    blocks.into_iter().flatten().collect()
}

fn slice<'a>(values: &'a Array2<f32>, row: usize, columns: &std::ops::Range<usize>) -> &'a [f32] {
    let width = values.ncols();
    let flat = values.as_slice().expect("matrices are kept row after row");
    &flat[row * width + columns.start..row * width + columns.end]
}

fn count(rows: &[usize]) -> f64 {
    count_of(rows.len())
}

/// A number of rows as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "a row count")]
pub(super) fn count_of(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn moments_are_those_of_the_given_rows_only() {
        let values = array![[1.0, 5.0], [2.0, 5.0], [4.0, 5.0], [100.0, 0.0]];
        let moments = moments(&values, &[0, 1, 2]);
        assert!((moments[0].mean - 7.0 / 3.0).abs() < 1e-12);
        assert!((moments[0].variance - 14.0 / 9.0).abs() < 1e-12);
        assert!(moments[1].deviation(3).is_none());
    }

    #[test]
    fn a_large_mean_does_not_drown_a_small_spread() {
        let values = array![[1.0e6], [1.0e6 + 1.0], [1.0e6 + 2.0]];
        assert!((moments(&values, &[0, 1, 2])[0].variance - 2.0 / 3.0).abs() < 1e-9);
        let constant = array![[1.0e9], [1.0e9], [1.0e9]];
        assert!(moments(&constant, &[0, 1, 2])[0].deviation(3).is_none());
    }

    #[test]
    fn quantiles_are_linear_between_neighbors_and_skip_what_is_missing() {
        let values = array![[1.0], [4.0], [f32::NAN], [2.0], [3.0]];
        let rows: Vec<usize> = (0..5).collect();
        assert_eq!(quantiles(&values, &rows, &[0.0, 0.25, 0.5, 1.0])[0], Some(vec![1.0, 1.75, 2.5, 4.0]));
        assert_eq!(means_of_present(&values, &rows), [Some(2.5)]);
        assert_eq!(quantiles(&array![[f32::NAN]], &[0], &[0.5]), [None]);
    }

    #[test]
    fn figures_do_not_depend_on_the_number_of_threads() {
        let values =
            Array2::from_shape_fn((500, 700), |(row, column)| ((row * 7919 + column * 104_729) % 1000) as f32 / 7.0);
        let rows: Vec<usize> = (0..500).step_by(3).collect();
        let figures = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                moments(&values, &rows).iter().map(|m| (m.mean.to_bits(), m.variance.to_bits())).collect::<Vec<_>>()
            })
        };
        assert_eq!(figures(1), figures(2));
        assert_eq!(figures(1), figures(4));
    }
}
