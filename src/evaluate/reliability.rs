//! How far each point can be trusted to be at its place on the map.
//!
//! Give the codes as *before*: where the prepared table is mostly noise (genes), its neighbors say nothing about
//! a point's place, and the reliability of every point would be low.
//!
//! For a point `i`, the local trustworthiness and continuity (the terms of Venna & Kaski's sums that belong
//! to `i`) say how far from its neighborhood before its neighbors on the map were, and the reverse.
//! Both are rescaled so that a point at a random place gets 0 (as Lee et al. rescale kept neighborhoods), and the
//! weaker one counts:
//!
//! ```text
//! T(i) = 1 - Σ_{j ∈ U_k(i)} (r(i, j) - k) / chance      C(i) = 1 - Σ_{j ∈ V_k(i)} (r̂(i, j) - k) / chance
//! reliability(i) = max(0, min(T(i), C(i)))
//! ```
//!
//! Ranks, unlike counts of kept neighbors, forgive a shuffle among equals inside a dense group and do not
//! forgive a point that sits in the wrong group, which is what a reader of a map must know. Measured against other
//! definitions by `tests/golden/evaluate/reliability_definitions.py`; the figures stand in docs/faithfulness.md.
//!
//! Sources: Venna & Kaski, *Local multidimensional scaling*, Neural Networks 19 (2006); per-point use: Lueks
//! et al., *How to evaluate dimensionality reduction? Improving the co-ranking matrix*, arXiv 1110.3917 (2011);
//! rescaling against chance: Lee et al., *Type 1 and 2 mixtures of Kullback-Leibler divergences as cost functions in
//! dimensionality reduction*, Neurocomputing 112 (2013).

use ndarray::{ArrayView2, s};
use rayon::prelude::*;

use crate::evaluate::EvaluateError;
use crate::evaluate::Options;
use crate::evaluate::compare::Space;
use crate::evaluate::compare::check;
use crate::evaluate::distance::FromRow;
use crate::evaluate::distance::Looks;
use crate::evaluate::distance::Points;
use crate::evaluate::ranks;
use crate::evaluate::rows::draw;
use crate::event::Event;
use crate::event::Observer;
use crate::seed::Seed;
use crate::seed::Stream;

/// Above [`Options::sample`] rows every row is still rated, by its ranks among this many seeded rows.
pub const LANDMARKS: usize = 2000;

/// Rows that are looked at together.
const BLOCK_ROWS: usize = 64;
/// Blocks between two words to the observer.
const BLOCKS_AT_ONCE: usize = 32;

/// One number in [0, 1] per row: how well its neighborhood before agrees with the one after.
///
/// 1: the same neighbors; 0: no better than a random place. Every row is rated; above [`Options::sample`]
/// rows the neighborhoods are taken among [`LANDMARKS`] seeded rows instead of all, so that they are wider.
///
/// # Errors
/// As [`compare`](crate::evaluate::compare()).
pub fn reliability<'a>(
    before: Space<'a>,
    after: Space<'a>,
    options: &Options,
    seed: Seed,
    observer: &mut Observer,
) -> Result<Vec<f32>, EvaluateError> {
    check(&[before, after])?;
    let rows = before.points.nrows();
    let landmarks: Vec<usize> = if rows <= options.sample {
        (0..rows).collect()
    } else {
        draw(rows, LANDMARKS.min(rows), &mut seed.keyed(Stream::Evaluation, 2, 0))
    };
    if ranks::neighborhood(landmarks.len(), options.neighbors) == 0 {
        return Err(EvaluateError::TooFewRows { rows });
    }
    let pass = Pass {
        sides: [before.points, after.points],
        points: [before.points, after.points].map(|side| Points::new(side.select(ndarray::Axis(0), &landmarks).into())),
        landmarks: &landmarks,
        wanted: options.neighbors,
    };
    let starts: Vec<usize> = (0..rows).step_by(BLOCK_ROWS).collect();
    let mut reliabilities = Vec::with_capacity(rows);
    for starts in starts.chunks(BLOCKS_AT_ONCE) {
        let parts: Vec<Vec<f32>> = starts
            .par_iter()
            .map_init(
                || pass.points.each_ref().map(|points| (points.looks(BLOCK_ROWS), FromRow::new(points.rows()))),
                |workspace, start| pass.block(*start..(start + BLOCK_ROWS).min(rows), workspace),
            )
            .collect();
        reliabilities.extend(parts.into_iter().flatten());
        if observer(Event::Advanced { done: reliabilities.len() as u64, total: rows as u64 }).is_break() {
            return Err(EvaluateError::Stopped);
        }
    }
    Ok(reliabilities)
}

struct Pass<'p, 'a> {
    sides: [ArrayView2<'a, f32>; 2],
    points: [Points<'a>; 2],
    /// The row of each point, ascending.
    landmarks: &'p [usize],
    wanted: usize,
}

impl Pass<'_, '_> {
    fn block(&self, block: std::ops::Range<usize>, workspace: &mut [(Looks, FromRow); 2]) -> Vec<f32> {
        for (side, (looks, _)) in workspace.iter_mut().enumerate() {
            self.points[side].look(self.sides[side].slice(s![block.clone(), ..]), looks);
        }
        let reliability = |(place, row): (usize, usize)| {
            let own = self.landmarks.binary_search(&row).ok();
            let rows = self.landmarks.len() + usize::from(own.is_none());
            let neighbors = ranks::neighborhood(rows, self.wanted);
            for (side, (looks, from)) in workspace.iter_mut().enumerate() {
                from.aim(&self.points[side], self.sides[side].row(row), own, looks, place);
            }
            let [(_, before), (_, after)] = workspace;
            let nearest_before = before.nearest(&self.points[0], neighbors, None);
            let nearest_after = after.nearest(&self.points[1], neighbors, None);
            let intruders = before.ranks(&self.points[0], &ranks::without(&nearest_after, &nearest_before));
            let leavers = after.ranks(&self.points[1], &ranks::without(&nearest_before, &nearest_after));
            let worse = ranks::penalty(&intruders, neighbors).max(ranks::penalty(&leavers, neighbors));
            (1.0 - worse as f64 / ranks::chance_penalty(rows, neighbors)).max(0.0) as f32
        };
        block.enumerate().map(reliability).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::silent;
    use ndarray::Array2;
    use rand_distr::Distribution;
    use rand_distr::StandardNormal;

    /// `groups` clouds of `each` points far apart in ten dimensions, and the same clouds on a map.
    fn clouds(groups: usize, each: usize) -> (Array2<f32>, Array2<f32>) {
        let mut generator = Seed(5).stream(Stream::Start);
        let mut high: Array2<f32> =
            Array2::from_shape_simple_fn((groups * each, 10), || StandardNormal.sample(&mut generator));
        for (row, mut values) in high.rows_mut().into_iter().enumerate() {
            values[row / each % 10] += 30.0 * (1 + row / each / 10) as f32;
        }
        let map = Array2::from_shape_fn((groups * each, 2), |(row, axis)| {
            let angle = (row / each) as f32 / groups as f32 * std::f32::consts::TAU;
            high[[row, axis + 3]].clamp(-3.0, 3.0) * 0.5 + 20.0 * if axis == 0 { angle.cos() } else { angle.sin() }
        });
        (high, map)
    }

    fn rate(high: &Array2<f32>, map: &Array2<f32>, options: &Options) -> Vec<f32> {
        let (high, map) = (Space { name: "high", points: high.view() }, Space { name: "map", points: map.view() });
        reliability(high, map, options, Seed(1), &mut silent).unwrap()
    }

    #[test]
    fn is_one_for_the_same_neighbors_and_near_zero_for_a_random_place() {
        let (high, _) = clouds(4, 50);
        assert!(rate(&high, &high, &Options::default()).iter().all(|reliability| *reliability == 1.0));
        let shuffled = Array2::from_shape_fn(high.dim(), |(row, column)| high[[row * 89 % 200, column]]);
        let mean = rate(&high, &shuffled, &Options::default()).iter().sum::<f32>() / 200.0;
        assert!(mean < 0.15, "{mean}");
    }

    #[test]
    fn finds_the_points_that_sit_in_the_wrong_group() {
        let (high, mut map) = clouds(5, 60);
        let moved: Vec<usize> = (0..300).step_by(23).collect();
        for row in &moved {
            let (x, y) = (map[[*row, 0]], map[[*row, 1]]);
            (map[[*row, 0]], map[[*row, 1]]) = (-x, -y);
        }
        for options in [Options::default(), Options { sample: 250, ..Options::default() }] {
            let rated = rate(&high, &map, &options);
            let worst = moved.iter().map(|row| rated[*row]).fold(0.0, f32::max);
            let mut stayed: Vec<f32> = (0..300).filter(|row| !moved.contains(row)).map(|row| rated[row]).collect();
            stayed.sort_by(f32::total_cmp);
            assert!(worst < stayed[10], "moved up to {worst}, stayed from {}", stayed[0]);
        }
    }

    #[test]
    fn the_thread_count_changes_no_bit() {
        let (high, map) = clouds(4, 60);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| rate(&high, &map, &Options { sample: 200, ..Options::default() }))
        };
        let one: Vec<u32> = run(1).into_iter().map(f32::to_bits).collect();
        assert!([2, 4].iter().all(|threads| run(*threads).into_iter().map(f32::to_bits).eq(one.iter().copied())));
    }

    #[test]
    fn is_refused_for_rows_that_have_no_neighborhood() {
        let two = Array2::<f32>::zeros((2, 2));
        let space = Space { name: "codes", points: two.view() };
        let error = reliability(space, space, &Options::default(), Seed(1), &mut silent).unwrap_err();
        assert_eq!(error, EvaluateError::TooFewRows { rows: 2 });
    }
}
