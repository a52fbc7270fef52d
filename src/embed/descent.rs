//! Gradient descent with momentum and gains: the one loop behind every engine of ours.
//!
//! ```text
//! gradient_i = exaggeration · Σ_j P_ij (y_i − y_j) / (1 + d²)  −  F_i / Z
//! step_i     = momentum · step_i − rate · gain_i · gradient_i
//! ```
//!
//! The factor 4 of the true gradient is part of the rate, as in every implementation since the first. Gains are
//! those of Jacobs (1988): +0.2 where the last step still leads downhill, ×0.8 + 0.01 where it leads uphill. A step
//! is at most [`LONGEST_STEP`] long.

use std::ops::ControlFlow;
use std::ops::Range;

use rayon::prelude::*;

use crate::embed::affinity::Affinities;
use crate::embed::attraction::{logarithms, pull};
use crate::embed::repulsion::Repulsion;
use crate::embed::repulsion::interpolation::Bounds;
use crate::event::{Event, Observer};

/// Iterations between two computations of the divergence.
pub(super) const REPORT: usize = 50;
/// The farthest a point moves in one iteration; keeps a rate that is too high from blowing up the embedding.
const LONGEST_STEP: f32 = 5.0;
/// Points that one task moves; sums are taken in this grouping whatever the number of threads.
const CHUNK: usize = 512;
/// Rows from which keeping neighbors near in memory pays for sorting them.
const SORTED_ROWS: usize = 15_000;
/// After how many iterations of a phase the points are sorted along a curve through the plane.
const SORT_AT: [usize; 2] = [30, 120];
/// Squares of that curve: 4 to this power.
const SORT_DEPTH: u32 = 12;

/// How far and how fast one phase of the descent goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phase {
    pub(super) iterations: usize,
    pub(super) exaggeration: f32,
    pub(super) rate: f32,
    pub(super) momentum: f32,
    /// Stop where the divergence falls by less than this per iteration.
    pub(super) settled: Option<f64>,
}

/// Why the descent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// All iterations were done.
    Finished,
    /// The map had settled: the divergence hardly fell any more.
    Settled,
    /// The observer asked to stop; the map so far is kept.
    Interrupted,
}

/// What the descent arrived at.
pub(super) struct Result {
    pub(super) points: Vec<[f32; 2]>,
    pub(super) divergence: f64,
    pub(super) history: Vec<(usize, f64)>,
    pub(super) stopped: Stopped,
    pub(super) iterations: usize,
}

/// The coordinates became NaN or infinite at this iteration.
pub(super) struct Diverged(pub(super) usize);

/// The points in motion, in an order that changes with the map.
pub(super) struct Motion {
    affinities: Affinities,
    pub(super) points: Vec<[f32; 2]>,
    next: Vec<[f32; 2]>,
    steps: Vec<[f32; 2]>,
    gains: Vec<[f32; 2]>,
    pub(super) forces: Vec<[f32; 2]>,
    /// Which row of the table each point is.
    rows: Vec<u32>,
    dimensions: usize,
    negative_entropy: f64,
    normalization: f64,
}

/// Runs the phases one after another from `start`.
///
/// With one dimension the second coordinate of every point stays what it is at the start: 0.
pub(super) fn run(
    affinities: Affinities,
    (start, dimensions): (Vec<[f32; 2]>, usize),
    phases: &[Phase],
    mut repulsion: Repulsion,
    observer: &mut Observer<'_>,
) -> std::result::Result<Result, Diverged> {
    let max_iterations = phases.iter().map(|phase| phase.iterations).sum();
    let mut motion = Motion::new(affinities, start, dimensions);
    let mut history = Vec::new();
    let mut stopped = Stopped::Finished;
    let mut iteration = 0;
    motion.repel(&mut repulsion);
    'phases: for phase in phases {
        let mut before = None;
        for done in 1..=phase.iterations {
            iteration += 1;
            if !motion.advance(phase) {
                return Err(Diverged(iteration));
            }
            if motion.points.len() >= SORTED_ROWS && SORT_AT.contains(&done) {
                motion.sort();
            }
            motion.repel(&mut repulsion);
            let reported = iteration % REPORT == 0 || iteration == max_iterations;
            let divergence = reported.then(|| motion.divergence());
            history.extend(divergence.map(|divergence| (iteration, divergence)));
            if let ControlFlow::Break(()) = observer(Event::Iteration { iteration, max_iterations, divergence }) {
                stopped = Stopped::Interrupted;
                break 'phases;
            }
            if let (Some(divergence), Some(bound)) = (divergence, phase.settled) {
                let settled = before.is_some_and(|before: f64| (before - divergence).abs() < bound * REPORT as f64);
                if settled && iteration < max_iterations {
                    stopped = Stopped::Settled;
                    break 'phases;
                }
                before = Some(divergence);
            }
        }
    }
    let divergence = match history.last() {
        Some((at, divergence)) if *at == iteration => *divergence,
        _ => motion.divergence(),
    };
    if !divergence.is_finite() {
        return Err(Diverged(iteration));
    }
    if history.last().is_none_or(|(at, _)| *at != iteration) {
        history.push((iteration, divergence));
    }
    Ok(Result { points: motion.in_table_order(), divergence, history, stopped, iterations: iteration })
}

impl Motion {
    pub(super) fn new(affinities: Affinities, points: Vec<[f32; 2]>, dimensions: usize) -> Self {
        let count = points.len();
        Self {
            negative_entropy: affinities.negative_entropy(),
            affinities,
            next: points.clone(),
            points,
            steps: vec![[0.0; 2]; count],
            gains: vec![[1.0; 2]; count],
            forces: vec![[0.0; 2]; count],
            rows: (0..).take(count).collect(),
            dimensions,
            normalization: 1.0,
        }
    }

    fn repel(&mut self, repulsion: &mut Repulsion) {
        self.normalization = repulsion.forces(&self.points, &mut self.forces);
    }

    /// Moves every point one step; false where a gradient was not finite.
    pub(super) fn advance(&mut self, phase: &Phase) -> bool {
        let repulsion = (1.0 / self.normalization) as f32;
        let (affinities, points, forces, dimensions) = (&self.affinities, &self.points, &self.forces, self.dimensions);
        let sums: Vec<[f64; 3]> = self
            .next
            .par_chunks_mut(CHUNK)
            .zip(self.steps.par_chunks_mut(CHUNK))
            .zip(self.gains.par_chunks_mut(CHUNK))
            .enumerate()
            .map(|(chunk, ((next, steps), gains))| {
                let mut sums = [0.0; 3];
                pulp::Arch::new().dispatch(|| {
                    for (place, ((next, step), gain)) in next.iter_mut().zip(steps).zip(gains).enumerate() {
                        let row = chunk * CHUNK + place;
                        let (columns, values) = affinities.row(row);
                        let attraction = pull(points, points[row], columns, values);
                        let slope = |side: usize| phase.exaggeration * attraction[side] - repulsion * forces[row][side];
                        let gradient = [slope(0), if dimensions > 1 { slope(1) } else { 0.0 }];
                        move_point(step, gain, gradient, phase);
                        *next = [points[row][0] + step[0], points[row][1] + step[1]];
                        sums[0] += f64::from(next[0]);
                        sums[1] += f64::from(next[1]);
                        sums[2] += f64::from(gradient[0].abs() + gradient[1].abs());
                    }
                });
                sums
            })
            .collect();
        std::mem::swap(&mut self.points, &mut self.next);
        let [x, y, size] = sums.iter().fold([0.0; 3], |all, sum| [all[0] + sum[0], all[1] + sum[1], all[2] + sum[2]]);
        let mean = [x, y].map(|sum| (sum / self.points.len() as f64) as f32);
        self.points.iter_mut().for_each(|point| *point = [point[0] - mean[0], point[1] - mean[1]]);
        size.is_finite() && x.is_finite() && y.is_finite()
    }

    /// The Kullback–Leibler divergence of the map as it is: Σ P ln P + Σ P ln(1 + d²) + ln Z.
    fn divergence(&self) -> f64 {
        let chunk = |chunk: usize| -> Range<usize> { chunk * CHUNK..((chunk + 1) * CHUNK).min(self.points.len()) };
        let sums: Vec<f64> = (0..self.points.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|number| logarithms(&self.affinities, &self.points, chunk(number)))
            .collect();
        self.negative_entropy + sums.iter().sum::<f64>() + self.normalization.ln()
    }

    /// Sorts all that belongs to the points along a curve through the plane, so that points near in the map are
    /// near in memory.
    pub(super) fn sort(&mut self) {
        let bounds = Bounds::of(&self.points);
        let mut keyed: Vec<(u64, u32)> =
            (0_u32..).zip(&self.points).map(|(place, point)| (bounds.morton(*point, SORT_DEPTH), place)).collect();
        keyed.par_sort_unstable();
        let order: Vec<u32> = keyed.into_iter().map(|(_, place)| place).collect();
        self.affinities = self.affinities.reordered(&order);
        let sorted =
            |values: &[[f32; 2]]| -> Vec<[f32; 2]> { order.iter().map(|place| values[*place as usize]).collect() };
        self.points = sorted(&self.points);
        self.steps = sorted(&self.steps);
        self.gains = sorted(&self.gains);
        self.rows = order.iter().map(|place| self.rows[*place as usize]).collect();
    }

    fn in_table_order(&self) -> Vec<[f32; 2]> {
        let mut points = vec![[0.0; 2]; self.points.len()];
        self.rows.iter().zip(&self.points).for_each(|(row, point)| points[*row as usize] = *point);
        points
    }
}

/// One step of one point.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled for the processor at hand together with its caller")]
pub(super) fn move_point(step: &mut [f32; 2], gain: &mut [f32; 2], gradient: [f32; 2], phase: &Phase) {
    for side in 0..2 {
        let uphill = (step[side] > 0.0 && gradient[side] > 0.0) || (step[side] < 0.0 && gradient[side] < 0.0);
        gain[side] = if uphill { gain[side] * 0.8 + 0.01 } else { gain[side] + 0.2 };
        step[side] = phase.momentum * step[side] - phase.rate * gain[side] * gradient[side];
    }
    let length = (step[0] * step[0] + step[1] * step[1]).sqrt();
    if length > LONGEST_STEP {
        // In f64, where no square of an f32 overflows.
        let shorten = f64::from(LONGEST_STEP) / f64::from(step[0]).hypot(f64::from(step[1]));
        *step = step.map(|side| (f64::from(side) * shorten) as f32);
    }
}

#[cfg(test)]
#[path = "descent_tests.rs"]
mod tests;
