//! t-SNE: codes laid out on a line or in the plane so that neighbors stay neighbors.
//!
//! Affinities of the neighbors, a start, and a descent on the Kullback–Leibler divergence with one of three ways to
//! compute repulsion. Same seed, same bytes, whatever the number of threads (`engine: linfa` excepted). What is not
//! finite, or all equal, is refused; nothing here ever gives NaN.

mod affinity;
mod attraction;
mod descent;
mod error;
mod linfa;
mod options;
pub mod parts;
mod place;
mod repulsion;
mod start;

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2};

pub use affinity::Affinities;
pub use descent::Stopped;
pub use error::EmbedError;
pub use options::{Dimensions, Engine, Options, Start, StopWhenSettled, largest_perplexity};
pub use place::{Placement, place};

use crate::embed::descent::{Diverged, Phase};
use crate::embed::repulsion::Repulsion;
use crate::embed::repulsion::interpolation::{Mesh, SPACING};
use crate::embed::start::Given;
use crate::event::{Event, Observer};
use crate::neighbors::Neighbors;
use crate::seed::Seed;
use crate::value::{Auto, Positive};

/// The most early exaggeration of a start that is a finished map: enough for new rows to find their place, and
/// little enough that the map stays recognizable. Measured on 8,000 + 2,000 rows of MNIST, see `docs/tsne.md`.
const MAP_EXAGGERATION: f64 = 4.0;

/// The early exaggeration of a start that is a finished map, where so much is asked for.
#[must_use]
pub fn gentle(early_exaggeration: Positive) -> f64 {
    early_exaggeration.get().min(MAP_EXAGGERATION)
}

/// Rows laid out as points.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// A point per row (`n × dimensions`), centered.
    pub points: Array2<f32>,
    /// The Kullback–Leibler divergence between the affinities and the map, in nats; less is better.
    pub divergence: f64,
    /// The divergence after every 50 iterations and after the last: (iteration, divergence).
    pub history: Vec<(usize, f64)>,
    /// Why the descent ended.
    pub stopped: Stopped,
    /// How many iterations were done.
    pub iterations: usize,
}

/// Lays out `points` (`n × d`, the codes) by their `neighbors`.
///
/// `given` is a start from elsewhere (`n × dimensions`; rows of NaN are not known there and begin among their
/// neighbors); without it the start is that of the options. A given start that is as wide as a map keeps its size, and
/// its early exaggeration is at most 4, so that the map stays recognizable; any other is shrunk to 1e-4. The observer hears [`Event::Iteration`] at every iteration,
/// with the divergence at every 50th; when it asks to stop, the map so far is the result.
///
/// # Errors
/// If there are too few rows for the options, values are not finite, all rows are equal, the given start does not
/// fit, or the learning rate is so high that the coordinates leave the range of numbers.
///
/// # Panics
/// If `neighbors` are not those of `points`, or fewer than [`Options::neighbors_needed`].
pub fn fit(
    points: ArrayView2<f32>,
    neighbors: &Neighbors,
    options: &Options,
    given: Option<ArrayView2<f32>>,
    seed: Seed,
    observer: &mut Observer<'_>,
) -> Result<Embedding, EmbedError> {
    let mut options = options.resolve(points.nrows(), points.ncols())?;
    check_finite("codes", points)?;
    let first = points.row(0);
    if points.rows().into_iter().all(|row| row == first) {
        return Err(EmbedError::AllEqual { rows: points.nrows() });
    }
    assert_eq!(neighbors.rows(), points.nrows(), "neighbors of other points");
    let affinities = Affinities::new(neighbors, &options.perplexities());
    if options.engine == Engine::Linfa {
        if let ControlFlow::Break(()) = observer(Event::Warning(Engine::Linfa.caveat().unwrap_or_default().to_owned()))
        {
            return Err(EmbedError::Interrupted);
        }
        return fit_by_linfa(points, affinities, &options, observer);
    }
    let dimensions = options.dimensions.count();
    let start = match (given, &options.start) {
        (Some(given), _) => {
            let expected = (points.nrows(), dimensions);
            if given.dim() != expected {
                return Err(EmbedError::StartShape { found: given.dim(), expected });
            }
            match start::at_given(given, &affinities, seed).ok_or(EmbedError::StartUnknown { rows: points.nrows() })? {
                Given::Shrunk(start) => start,
                Given::Map(start) => {
                    options.early_exaggeration = Positive::constant(gentle(options.early_exaggeration));
                    start
                }
            }
        }
        (None, Start::Pca) => start::on_principal_axes(points, dimensions, seed),
        (None, Start::Random) => start::at_random(points.nrows(), dimensions, seed),
        (None, Start::From(run)) => return Err(EmbedError::StartNotGiven { run: run.clone() }),
    };
    descend(affinities, start, &options, observer)
}

fn fit_by_linfa(
    points: ArrayView2<f32>,
    affinities: Affinities,
    options: &Options,
    observer: &mut Observer<'_>,
) -> Result<Embedding, EmbedError> {
    let embedding = linfa::fit(points, options)?;
    // No iteration of ours: only the divergence is computed, by the same means as for every other engine.
    let still = Options { early_iterations: 0, iterations: 0, engine: Engine::Auto, ..options.clone() };
    let measured =
        descend(affinities, pairs(embedding.view()), &still.resolve(points.nrows(), points.ncols())?, observer)?;
    let iterations = options.early_iterations + options.iterations;
    Ok(Embedding { points: embedding, history: vec![(iterations, measured.divergence)], iterations, ..measured })
}

fn descend(
    affinities: Affinities,
    start: Vec<[f32; 2]>,
    options: &Options,
    observer: &mut Observer<'_>,
) -> Result<Embedding, EmbedError> {
    let dimensions = options.dimensions.count();
    let phase = |iterations, exaggeration: Positive, rate: Auto<Positive>, settled| Phase {
        iterations,
        exaggeration: exaggeration.single(),
        rate: rate.given().map_or(0.0, Positive::single),
        momentum: options.momentum.single(),
        settled,
    };
    let settled = match options.stop_when_settled {
        StopWhenSettled::None => None,
        StopWhenSettled::Below(bound) => Some(bound.get()),
    };
    let phases = [
        phase(options.early_iterations, options.early_exaggeration, options.early_learning_rate, None),
        phase(options.iterations, options.late_exaggeration, options.learning_rate, settled),
    ];
    let repulsion = match options.engine {
        Engine::Exact => Repulsion::Exact,
        Engine::BarnesHut => Repulsion::BarnesHut,
        Engine::Auto | Engine::Interpolation | Engine::Linfa => Repulsion::Interpolation(Box::new(Mesh::new(SPACING))),
    };
    let reached = descent::run(affinities, (start, dimensions), &phases, repulsion, observer)
        .map_err(|Diverged(iteration)| EmbedError::Diverged { iteration })?;
    Ok(Embedding {
        points: Array2::from_shape_fn((reached.points.len(), dimensions), |(row, side)| reached.points[row][side]),
        divergence: reached.divergence,
        history: reached.history,
        stopped: reached.stopped,
        iterations: reached.iterations,
    })
}

/// Points as pairs; the second coordinate is 0 where there is one dimension.
fn pairs(points: ArrayView2<f32>) -> Vec<[f32; 2]> {
    points.rows().into_iter().map(|row| [row[0], row.get(1).copied().unwrap_or(0.0)]).collect()
}

fn check_finite(what: &'static str, values: ArrayView2<f32>) -> Result<(), EmbedError> {
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), value)) => Err(EmbedError::NotFinite { what, row, column, value: *value }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
