//! New rows on an embedding that stays as it is.
//!
//! As the `transform` of openTSNE (Poličar, Stražar and Zupan, openTSNE: a modular Python library for t-SNE
//! dimensionality reduction and embedding, Journal of Statistical Software 109, 2024): each new row is attracted by
//! its nearest old rows at a small perplexity and repelled by all old rows, never by other new ones, so that where a row
//! lands depends on itself alone. The old rows rest, so their repulsive field is computed once.

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::embed::affinity::mixture;
use crate::embed::attraction::pull;
use crate::embed::descent::{Phase, move_point};
use crate::embed::error::EmbedError;
use crate::embed::options::FEWEST_ROWS;
use crate::embed::repulsion::exact::push;
use crate::embed::repulsion::interpolation::{Field, Mesh, SPACING};
use crate::embed::{check_finite, pairs};
use crate::event::{Event, Observer};
use crate::neighbors::{Neighbors, exact};

/// The perplexity of a new row among the old ones.
const PERPLEXITY: f64 = 5.0;
/// The nearest old rows that attract a new one.
const NEIGHBORS: usize = 15;
/// Iterations, with the rate, momentum and exaggeration that openTSNE found to place well.
const DESCENT: Phase = Phase { iterations: 250, exaggeration: 1.5, rate: 0.1, momentum: 0.8, settled: None };
/// The longest gradient; keeps a row that begins near the border from being flung out.
const LONGEST_GRADIENT: f32 = 0.25;
/// Old rows up to which their repulsion is summed one by one.
const EXACT_ROWS: usize = 1_000;
/// Room around the old rows in which their field is known; outside it is summed one by one.
const MARGIN: f32 = 4.0;
/// New rows between two calls of the observer.
const ROWS: usize = 4_096;
/// New rows that one task places.
const CHUNK: usize = 64;

/// New rows on an old embedding.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// A point per new row (`n × dimensions`), in the coordinates of the old embedding.
    pub points: Array2<f32>,
    /// The nearest old rows of every new row among the codes, and how far they are.
    pub nearest: Neighbors,
}

/// What does not move while rows are placed.
struct Ground {
    points: Vec<[f32; 2]>,
    x: Vec<f32>,
    y: Vec<f32>,
    field: Option<Field>,
    dimensions: usize,
}

/// Places `new_codes` (`n × d`) on the embedding (`m × dimensions`) of `old_codes` (`m × d`).
///
/// The old embedding does not move, and each new row lands in the same place whatever other rows are placed with it.
/// The observer hears [`Event::Advanced`] in rows.
///
/// # Errors
/// If there are fewer than 4 old rows, columns or rows do not fit together, values are not finite, or the observer
/// asked to stop.
pub fn place(
    new_codes: ArrayView2<f32>,
    old_codes: ArrayView2<f32>,
    old_embedding: ArrayView2<f32>,
    observer: &mut Observer<'_>,
) -> Result<Placement, EmbedError> {
    check(new_codes, old_codes, old_embedding)?;
    let count = NEIGHBORS.min(old_codes.nrows());
    let ground = Ground::new(old_embedding);
    let mut nearest = Neighbors {
        indices: Array2::zeros((new_codes.nrows(), count)),
        distances: Array2::zeros((new_codes.nrows(), count)),
    };
    let mut points = Array2::zeros((new_codes.nrows(), ground.dimensions));
    let parts =
        nearest.indices.axis_chunks_iter_mut(Axis(0), ROWS).zip(nearest.distances.axis_chunks_iter_mut(Axis(0), ROWS));
    let parts = parts.zip(new_codes.axis_chunks_iter(Axis(0), ROWS)).zip(points.axis_chunks_iter_mut(Axis(0), ROWS));
    let mut done = 0;
    for (((mut indices, mut distances), codes), mut points) in parts {
        let found = exact::among(codes, old_codes, count);
        let placed: Vec<[f32; 2]> = (0..codes.nrows())
            .into_par_iter()
            .with_min_len(CHUNK)
            .map_init(Vec::new, |weights, row| {
                let (near, distances) = (found.indices.row(row), found.distances.row(row));
                ground.settle(&near.to_vec(), &distances.to_vec(), weights)
            })
            .collect();
        for (mut point, placed) in points.rows_mut().into_iter().zip(placed) {
            point.iter_mut().zip(placed).for_each(|(side, value)| *side = value);
        }
        indices.assign(&found.indices);
        distances.assign(&found.distances);
        done += codes.nrows() as u64;
        if let ControlFlow::Break(()) = observer(Event::Advanced { done, total: new_codes.nrows() as u64 }) {
            return Err(EmbedError::Interrupted);
        }
    }
    Ok(Placement { points, nearest })
}

fn check(
    new_codes: ArrayView2<f32>,
    old_codes: ArrayView2<f32>,
    old_embedding: ArrayView2<f32>,
) -> Result<(), EmbedError> {
    let same = |what, expected, found| {
        if expected == found { Ok(()) } else { Err(EmbedError::PlacingShape { what, expected, found }) }
    };
    same("columns of the new codes", old_codes.ncols(), new_codes.ncols())?;
    same("rows of the old embedding", old_codes.nrows(), old_embedding.nrows())?;
    if old_codes.nrows() < FEWEST_ROWS {
        return Err(EmbedError::TooFewRows { rows: old_codes.nrows() });
    }
    check_finite("new codes", new_codes)?;
    check_finite("old codes", old_codes)?;
    check_finite("old embedding", old_embedding)
}

impl Ground {
    fn new(embedding: ArrayView2<f32>) -> Self {
        let points = pairs(embedding);
        let field = (points.len() > EXACT_ROWS).then(|| Mesh::new(SPACING).into_field(&points, MARGIN));
        let side = |side: usize| points.iter().map(|point| point[side]).collect();
        Self { x: side(0), y: side(1), field, dimensions: embedding.ncols(), points }
    }

    /// Where a row with these neighbors comes to rest.
    fn settle(&self, near: &[u32], distances: &[f32], weights: &mut Vec<f64>) -> [f32; 2] {
        let perplexity = PERPLEXITY.min(near.len() as f64 / 3.0);
        let mut affinities = vec![0.0; near.len()];
        mixture(distances, &[perplexity], weights, &mut affinities);
        let mut place = [self.median(near, &affinities, 0), self.median(near, &affinities, 1)];
        let (mut step, mut gain) = ([0.0; 2], [1.0; 2]);
        for _ in 0..DESCENT.iterations {
            let attraction = pull(&self.points, place, near, &affinities);
            let (similarities, repulsion) = self.repulsion(place);
            let normalization = (1.0 / similarities.max(f64::MIN_POSITIVE)) as f32;
            let slope = |side: usize| DESCENT.exaggeration * attraction[side] - normalization * repulsion[side];
            let mut gradient = [slope(0), if self.dimensions > 1 { slope(1) } else { 0.0 }];
            let length = gradient[0].hypot(gradient[1]);
            if !length.is_finite() {
                break;
            }
            if length > LONGEST_GRADIENT {
                gradient = gradient.map(|side| side * (LONGEST_GRADIENT / length));
            }
            move_point(&mut step, &mut gain, gradient, &DESCENT);
            place = [place[0] + step[0], place[1] + step[1]];
        }
        place
    }

    /// The sum of the similarities of all old points to a place, and their force on it.
    fn repulsion(&self, place: [f32; 2]) -> (f64, [f32; 2]) {
        let known =
            self.field.as_ref().and_then(|field| field.at(place)).filter(|(similarities, _)| *similarities > 0.0);
        known.unwrap_or_else(|| pulp::Arch::new().dispatch(|| push(place, &self.x, &self.y)))
    }

    /// The weighted median of the neighbors' coordinates along a side: between two clusters it lies in the nearer one.
    fn median(&self, near: &[u32], affinities: &[f32], side: usize) -> f32 {
        let mut weighted: Vec<(f32, f32)> =
            near.iter().zip(affinities).map(|(row, weight)| (self.points[*row as usize][side], *weight)).collect();
        weighted.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
        let half = affinities.iter().sum::<f32>() / 2.0;
        let mut reached = 0.0;
        for (coordinate, weight) in &weighted {
            reached += weight;
            if reached >= half {
                return *coordinate;
            }
        }
        weighted.last().map_or(0.0, |(coordinate, _)| *coordinate)
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
