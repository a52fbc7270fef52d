//! How far a row lies from its nearest rows, measured by how far those lie from theirs.
//!
//! The local outlier factor of Breunig, Kriegel, Ng & Sander (*LOF: identifying density-based local outliers*, SIGMOD
//! 2000), simplified as by Schubert, Zimek & Kriegel (*Local outlier detection reconsidered*, Data Mining and Knowledge
//! Discovery 28, 2014): the distance to the last neighbor stands for the density. It is divided by the mean of the neighbors'
//! and not averaged over quotients, so that duplicates among them do no harm.

use super::Neighbors;

/// The share of rows like those of a table whose factor is above [`outlier_limit`].
const ALARMS: f64 = 0.01;

/// The outlier factor of every row of `new`, whose neighbors are rows of `old`: about 1 among its like, more the further
/// outside.
///
/// # Panics
/// If the tables have other counts of neighbors, or there are none.
#[must_use]
pub fn outlier_factors(new: &Neighbors, old: &Neighbors) -> Vec<f32> {
    assert!(new.count() == old.count() && old.count() > 0, "neighbors of another count");
    let last = old.count() - 1;
    let reach = old.distances.column(last);
    // Where all neighbors are duplicates of each other, the shortest distance that any row has stands for none.
    let shortest = reach.iter().copied().filter(|distance| *distance > 0.0).min_by(f32::total_cmp).unwrap_or(0.0);
    let factor = |(near, distances): (ndarray::ArrayView1<u32>, ndarray::ArrayView1<f32>)| {
        let sum: f64 = near.iter().map(|row| f64::from(reach[*row as usize])).sum();
        let mean = (sum / near.len() as f64).max(f64::from(shortest));
        let distance = f64::from(distances[last]);
        if distance == 0.0 { 0.0 } else { (distance / mean).min(f64::from(f32::MAX)) as f32 }
    };
    new.indices.rows().into_iter().zip(new.distances.rows()).map(factor).collect()
}

/// The factor above which a row lies outside: that of 1 % of the rows themselves (their conformal quantile).
///
/// # Panics
/// As [`outlier_factors`].
#[must_use]
pub fn outlier_limit(old: &Neighbors) -> f32 {
    let mut factors = outlier_factors(old, old);
    factors.sort_unstable_by(f32::total_cmp);
    let rank = ((factors.len() + 1) as f64 * (1.0 - ALARMS)).ceil() as usize;
    factors.get(rank.saturating_sub(1)).or(factors.last()).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::event::silent;
    use crate::neighbors::{Method, exact, find};
    use crate::seed::Seed;

    fn grid() -> Array2<f32> {
        Array2::from_shape_fn((400, 2), |(row, side)| if side == 0 { (row % 20) as f32 } else { (row / 20) as f32 })
    }

    #[test]
    fn a_row_among_its_like_has_about_one_and_a_row_far_outside_much_more() {
        let rows = grid();
        let old = find(rows.view(), 8, Method::Exact, Seed(1), &mut silent).unwrap();
        let new = exact::among(array![[9.5_f32, 9.5], [60.0, 60.0]].view(), rows.view(), 8);
        let factors = outlier_factors(&new, &old);
        assert!((0.5..1.5).contains(&factors[0]), "{factors:?}");
        assert!(factors[1] > 20.0, "{factors:?}");
        let limit = outlier_limit(&old);
        assert!(factors[0] < limit && limit < factors[1], "{limit}");
    }

    #[test]
    fn duplicates_alone_are_not_outside_and_a_row_beside_them_is() {
        let mut rows = Array2::<f32>::zeros((40, 2));
        rows.slice_mut(ndarray::s![20.., ..]).assign(&grid().slice(ndarray::s![..20, ..]));
        let old = find(rows.view(), 5, Method::Exact, Seed(1), &mut silent).unwrap();
        let new = exact::among(array![[0.0_f32, 0.0], [0.0, 3.0]].view(), rows.view(), 5);
        let factors = outlier_factors(&new, &old);
        assert_eq!(factors[0], 0.0);
        assert!(factors[1] > 1.0 && factors[1].is_finite());
        let same = Array2::<f32>::zeros((10, 2));
        let old = find(same.view(), 5, Method::Exact, Seed(1), &mut silent).unwrap();
        assert!(outlier_factors(&old, &old).iter().all(|factor| *factor == 0.0));
        // Nothing tells how far is far: whatever is not one of them is as far outside as can be.
        let new = exact::among(array![[0.0_f32, 1e-3]].view(), same.view(), 5);
        assert_eq!(outlier_factors(&new, &old), [f32::MAX]);
    }
}
