//! Whether a class keeps to itself round the place where its name would stand.

/// The part of a class that must be together.
const PART: usize = 4;
/// The share of all points from which a class is everywhere, and its name harmless.
const NEARLY_ALL: f64 = 0.95;
/// How much of the way from chance to all of one class the place must go.
const ITS_OWN: f64 = 0.5;

/// Whether the points round `middle` are mostly of the class whose rows are `members`.
///
/// Among the `m / 4` points of the map nearest to the middle, `m` the size of the class, let `s` be the share of the class,
/// and `f` its share of all points: the class keeps to itself where `(s - f) / (1 - f)` is at least 0.5 (0: as by chance, 1: no
/// other point; Cohen's kappa). A quarter, because a class in several parts is named at one of them.
pub(super) fn keeps_to_itself(points: &[(f64, f64)], members: &[usize], middle: (f64, f64)) -> bool {
    let chance = members.len() as f64 / points.len().max(1) as f64;
    if members.is_empty() || chance >= NEARLY_ALL {
        return !members.is_empty();
    }
    let count = members.len().div_ceil(PART);
    let distance = |row: usize| (points[row].0 - middle.0).hypot(points[row].1 - middle.1);
    let mut distances: Vec<f64> = (0..points.len()).map(distance).collect();
    let (_, furthest, _) = distances.select_nth_unstable_by(count - 1, f64::total_cmp);
    let furthest = *furthest;
    let near = distances.iter().filter(|distance| **distance <= furthest).count();
    let own = members.iter().filter(|row| distance(**row) <= furthest).count();
    (own as f64 / near as f64 - chance) / (1.0 - chance) >= ITS_OWN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::placement::middle;

    /// Points on a grid of 40 × 40, and whether the rows for which `of` holds keep to themselves.
    fn keeps(of: impl Fn(usize, usize) -> bool) -> bool {
        let points: Vec<(f64, f64)> = (0..1600).map(|row| ((row / 40) as f64, (row % 40) as f64)).collect();
        let members: Vec<usize> = (0..1600).filter(|row| of(row / 40, row % 40)).collect();
        let own: Vec<(f64, f64)> = members.iter().map(|row| points[*row]).collect();
        keeps_to_itself(&points, &members, middle(&own).expect("a class"))
    }

    #[test]
    fn a_class_in_one_or_two_parts_keeps_to_itself() {
        assert!(keeps(|x, _| x < 10));
        assert!(keeps(|x, _| x >= 10));
        assert!(keeps(|x, y| (x < 8 && y < 8) || (x > 30 && y > 30)));
        assert!(keeps(|x, y| x == 3 && y < 2));
        assert!(keeps(|_, _| true));
    }

    #[test]
    fn a_class_that_is_everywhere_or_in_many_small_parts_does_not() {
        // one in four, three in four, and islands of four points
        assert!(!keeps(|x, y| (7 * x + 3 * y) % 4 == 0));
        assert!(!keeps(|x, y| (7 * x + 3 * y) % 4 != 0));
        assert!(!keeps(|x, y| x % 8 < 2 && y % 8 < 2));
    }
}
