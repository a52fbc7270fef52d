//! Where the points begin: on the first principal axes, at random, or where they were in another run.
//!
//! A start that reflects the data keeps the large picture (Kobak and Linderman, Initialization is critical for
//! preserving global data structure in both t-SNE and UMAP, Nature Biotechnology 39, 2021). Such a start has a
//! standard deviation of 1e-4, so that the descent is free to begin with. A map of another run keeps its size, so that
//! it stays recognizable. Every start has some jitter, so that equal rows can part.

use ndarray::ArrayView2;
use rand_distr::{Distribution, StandardNormal};

use crate::embed::affinity::Affinities;
use crate::pca::Pca;
use crate::seed::{Seed, Stream};

/// The standard deviation of a start along its widest axis.
const SPREAD: f64 = 1e-4;
/// The standard deviation of the jitter.
const JITTER: f32 = 1e-6;
/// The standard deviations of finished maps, generously; what lies outside is taken for coordinates of another kind.
const MAP_SPREAD: std::ops::Range<f64> = 1.0..1_000.0;
/// The standard deviation of the jitter of a finished map.
const MAP_JITTER: f32 = 1e-2;

/// A start from elsewhere.
pub(super) enum Given {
    /// A finished map, as large as it was.
    Map(Vec<[f32; 2]>),
    /// Coordinates of another size, shrunk like every other start.
    Shrunk(Vec<[f32; 2]>),
}

/// On the first principal axes.
pub(super) fn on_principal_axes(points: ArrayView2<f32>, dimensions: usize, seed: Seed) -> Vec<[f32; 2]> {
    let rows: Vec<usize> = (0..points.nrows()).collect();
    let axes = dimensions.min(points.ncols());
    let projected = Pca::fit(points, &rows, axes, seed).project(points);
    let mut start = vec![[0.0; 2]; points.nrows()];
    for (point, projected) in start.iter_mut().zip(projected.rows()) {
        point.iter_mut().zip(projected).for_each(|(side, value)| *side = *value);
    }
    rescale(&mut start);
    jitter(&mut start, dimensions, JITTER, seed);
    start
}

/// Normally distributed around the middle.
pub(super) fn at_random(rows: usize, dimensions: usize, seed: Seed) -> Vec<[f32; 2]> {
    let mut start = vec![[0.0; 2]; rows];
    jitter(&mut start, dimensions, SPREAD as f32, seed);
    start
}

/// Where the rows are in `given`; rows that hold NaN there are new and begin among their neighbors. `None` where no row
/// is known.
pub(super) fn at_given(given: ArrayView2<f32>, affinities: &Affinities, seed: Seed) -> Option<Given> {
    let dimensions = given.ncols();
    let known: Vec<bool> = given.rows().into_iter().map(|row| row.iter().all(|value| value.is_finite())).collect();
    if !known.contains(&true) {
        return None;
    }
    let mut start = vec![[0.0; 2]; given.nrows()];
    for ((point, row), _) in start.iter_mut().zip(given.rows()).zip(&known).filter(|(_, known)| **known) {
        point.iter_mut().zip(row).for_each(|(side, value)| *side = *value);
    }
    // The middle of the known points, in case a new row has no known neighbor.
    let middle = mean(start.iter().zip(&known).filter(|(_, known)| **known).map(|(point, _)| (*point, 1.0)));
    for row in (0..known.len()).filter(|row| !known[*row]) {
        let (columns, values) = affinities.row(row);
        let near = columns.iter().zip(values).filter(|(column, value)| known[**column as usize] && **value > 0.0);
        let around = mean(near.map(|(column, value)| (start[*column as usize], f64::from(*value))));
        start[row] = around.or(middle).unwrap_or([0.0; 2]);
    }
    if MAP_SPREAD.contains(&spread(&start)) {
        jitter(&mut start, dimensions, MAP_JITTER, seed);
        return Some(Given::Map(start));
    }
    rescale(&mut start);
    jitter(&mut start, dimensions, JITTER, seed);
    Some(Given::Shrunk(start))
}

fn mean(weighted: impl Iterator<Item = ([f32; 2], f64)>) -> Option<[f32; 2]> {
    let [x, y, total] = weighted.fold([0.0; 3], |[x, y, total], (point, weight)| {
        [x + weight * f64::from(point[0]), y + weight * f64::from(point[1]), total + weight]
    });
    (total > 0.0).then(|| [(x / total) as f32, (y / total) as f32])
}

/// The standard deviation along the wider axis.
fn spread(points: &[[f32; 2]]) -> f64 {
    let middle = mean(points.iter().map(|point| (*point, 1.0))).unwrap_or([0.0; 2]);
    let squared = |side: usize| -> f64 {
        points.iter().map(|point| (f64::from(point[side]) - f64::from(middle[side])).powi(2)).sum()
    };
    let rows = points.len() as f64;
    (squared(0).max(squared(1)) / rows).sqrt()
}

/// Centers the points and gives the wider axis the standard deviation [`SPREAD`].
fn rescale(points: &mut [[f32; 2]]) {
    let Some(middle) = mean(points.iter().map(|point| (*point, 1.0))) else { return };
    let deviation = spread(points);
    let scale = if deviation > 0.0 { SPREAD / deviation } else { 0.0 };
    for point in points {
        for (side, middle) in point.iter_mut().zip(middle) {
            *side = ((f64::from(*side) - f64::from(middle)) * scale) as f32;
        }
    }
}

fn jitter(points: &mut [[f32; 2]], dimensions: usize, deviation: f32, seed: Seed) {
    let mut generator = seed.stream(Stream::Start);
    for side in points.iter_mut().flat_map(|point| &mut point[..dimensions]) {
        let draw: f32 = StandardNormal.sample(&mut generator);
        *side += deviation * draw;
    }
}
