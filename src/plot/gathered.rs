//! Whether the points of a class lie together on a map, so that a name at their middle says where they are.

use ndarray::ArrayView2;
use rayon::prelude::*;

/// Neighbors that a point is judged by.
const NEIGHBORS: usize = 15;
/// Points of a class that are judged, evenly spaced.
const JUDGED: usize = 200;
/// Points among which neighbors are looked for, evenly spaced.
const LOOKED_AT: usize = 20_000;
/// The share of all points from which a class is everywhere, and its name harmless.
const NEARLY_ALL: f64 = 0.95;
/// How much of the way from chance to perfect agreement neighbors must go.
const TOGETHER: f64 = 0.4;

/// For each class whether its points gather: `(s - f) / (1 - f)` is at least 0.4, with `s` the share of a point's nearest
/// 15 points on the map that are of its class, and `f` the share of the class among all points (Cohen's kappa: 0 where
/// the class is spread as by chance, 1 where it keeps to itself).
///
/// `points` is `n × 2`; `classes` has the rows of each class. The same for the same points, whatever the threads.
pub(super) fn gathered(points: ArrayView2<'_, f32>, classes: &[&[usize]]) -> Vec<bool> {
    let rows = points.nrows();
    let mut class_of = vec![usize::MAX; rows];
    for (class, members) in classes.iter().enumerate() {
        members.iter().for_each(|row| class_of[*row] = class);
    }
    let step = rows.div_ceil(LOOKED_AT).max(1);
    let others: Vec<usize> = (0..rows).step_by(step).collect();
    classes
        .par_iter()
        .enumerate()
        .map(|(class, members)| {
            let all = others.iter().filter(|row| class_of[**row] == class).count();
            let chance = all as f64 / others.len().max(1) as f64;
            let wanted = NEIGHBORS.min(all.saturating_sub(1)).max(1);
            let judged: Vec<usize> = members.iter().copied().step_by(members.len().div_ceil(JUDGED).max(1)).collect();
            if chance >= NEARLY_ALL || judged.is_empty() {
                return true;
            }
            let own = |row: &usize| -> usize {
                nearest(points, *row, &others, wanted).into_iter().filter(|other| class_of[*other] == class).count()
            };
            let share = judged.iter().map(own).sum::<usize>() as f64 / (judged.len() * wanted) as f64;
            (share - chance) / (1.0 - chance) >= TOGETHER
        })
        .collect()
}

/// The `count` nearest of `others` to a row, itself left out.
fn nearest(points: ArrayView2<'_, f32>, row: usize, others: &[usize], count: usize) -> Vec<usize> {
    let (x, y) = (points[[row, 0]], points[[row, 1]]);
    let mut found: Vec<(f32, usize)> = Vec::with_capacity(count + 1);
    for &other in others.iter().filter(|other| **other != row) {
        let distance = (points[[other, 0]] - x).powi(2) + (points[[other, 1]] - y).powi(2);
        if found.len() == count && found.last().is_some_and(|(furthest, _)| distance >= *furthest) {
            continue;
        }
        let at = found.partition_point(|(nearer, _)| *nearer <= distance);
        found.insert(at, (distance, other));
        found.truncate(count);
    }
    found.into_iter().map(|(_, other)| other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// Points on a grid of 40 × 40.
    fn grid() -> Array2<f32> {
        Array2::from_shape_fn((1600, 2), |(row, axis)| if axis == 0 { row / 40 } else { row % 40 } as f32)
    }

    #[test]
    fn classes_that_keep_to_themselves_gather_and_mixed_ones_do_not() {
        let points = grid();
        let (left, right): (Vec<usize>, Vec<usize>) = (0..1600).partition(|row| row / 40 < 10);
        assert_eq!(gathered(points.view(), &[&left, &right]), [true, true]);
        // three in four of one class everywhere: large, and yet nowhere
        let (few, many): (Vec<usize>, Vec<usize>) = (0..1600).partition(|row| (row * 7 + row / 40 * 3) % 4 == 0);
        assert_eq!(gathered(points.view(), &[&few, &many]), [false, false]);
    }

    #[test]
    fn a_class_of_two_points_side_by_side_gathers_and_one_of_one_point_cannot() {
        let points = grid();
        let rest: Vec<usize> = (2..1600).collect();
        assert_eq!(gathered(points.view(), &[&[0, 1], &rest]), [true, true]);
        assert_eq!(gathered(points.view(), &[&[805], &[0, 1]]), [false, true]);
        assert_eq!(gathered(points.view(), &[&(0..1600).collect::<Vec<_>>()]), [true]);
    }
}
