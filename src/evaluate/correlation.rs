//! How distances between far rows are kept: rank correlation of distances.

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::evaluate::distance::squared_distance;

/// How many rows the correlation looks at (all pairs among them), as Kobak & Berens.
pub(super) const ROWS: usize = 1000;

/// The ranks of the distances between all pairs of `rows`, equal ones sharing their mean rank.
pub(super) fn distance_ranks(points: ArrayView2<f32>, rows: &[usize]) -> Vec<f64> {
    let distances: Vec<Vec<f64>> = rows
        .par_iter()
        .enumerate()
        .map(|(place, row)| {
            let left = points.row(*row);
            let left = left.to_slice().expect("rows are contiguous");
            let distance =
                |other: &usize| squared_distance(left, points.row(*other).to_slice().expect("rows are contiguous"));
            rows[..place].iter().map(distance).collect()
        })
        .collect();
    mean_ranks(&distances.concat())
}

/// The rank of each value (from 1), equal values sharing their mean rank.
fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.par_sort_unstable_by(|left, right| {
        values[*left as usize].total_cmp(&values[*right as usize]).then(left.cmp(right))
    });
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start] as usize];
        let equal = order[start..].iter().take_while(|place| values[**place as usize] == value).count();
        let rank = start as f64 + f64::midpoint(1.0, equal as f64);
        order[start..start + equal].iter().for_each(|place| ranks[*place as usize] = rank);
        start += equal;
    }
    ranks
}

/// Pearson's correlation; `None` where one side does not vary or there are fewer than two values.
///
/// Of ranks this is Spearman's.
pub(super) fn correlation(left: &[f64], right: &[f64]) -> Option<f64> {
    let count = left.len() as f64;
    let (left_mean, right_mean) = (left.iter().sum::<f64>() / count, right.iter().sum::<f64>() / count);
    let (mut both, mut left_squares, mut right_squares) = (0.0, 0.0, 0.0);
    for (left, right) in left.iter().zip(right) {
        let (left, right) = (left - left_mean, right - right_mean);
        both += left * right;
        left_squares += left * left;
        right_squares += right * right;
    }
    let spread = (left_squares * right_squares).sqrt();
    (spread > 0.0).then(|| both / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy_where_values_are_equal() {
        // scipy.stats.spearmanr([1, 2, 2, 3, 5, 5, 5], [2, 1, 4, 4, 3, 6, 7]).statistic
        let left = mean_ranks(&[1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 5.0]);
        let right = mean_ranks(&[2.0, 1.0, 4.0, 4.0, 3.0, 6.0, 7.0]);
        assert_eq!(left, [1.0, 2.5, 2.5, 4.0, 6.0, 6.0, 6.0]);
        assert!((correlation(&left, &right).unwrap() - 0.670_288_734_443_807_9).abs() < 1e-12);
    }

    #[test]
    fn says_nothing_where_nothing_varies() {
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(correlation(&[], &[]), None);
    }
}
