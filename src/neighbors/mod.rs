//! The nearest rows of every row, by Euclidean distance.
//!
//! One [`Neighbors`] table serves perplexities, faithfulness and placing. The exact search is exact to the last
//! tie: candidates are found by matrix products with a bound on their rounding, then measured anew in `f64`.
//! Whoever asks for rows that hold NaN or infinity is refused.

mod approximate;
mod distinct;
pub mod exact;
mod outlier;
mod scan;

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Explain, Fault};
use crate::event::Observer;
use crate::neighbors::distinct::Distinct;
use crate::seed::Seed;

pub use outlier::{outlier_factors, outlier_limit};

/// The most rows for which `auto` compares every pair, for codes of up to 64 columns.
///
/// Up to here it costs less than the descent (32 columns, 2 cores: 5.1 s at 70,000 rows and 17.4 s at 140,000, the
/// approximate search 1.8 s and 4.6 s); the time grows with the square of the rows. See `docs/tsne.md`.
const EXACT_ROWS: usize = 100_000;

/// The columns up to which the cost of a pair hardly depends on them.
const CHEAP_COLUMNS: usize = 64;

/// The nearest rows of every row, nearest first; ties in order of the index.
///
/// Among a table's own rows a row is never its own neighbor, but a duplicate of it is, at distance exactly 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// Which rows (`n × k`).
    pub indices: Array2<u32>,
    /// How far they are (`n × k`), ascending along a row.
    pub distances: Array2<f32>,
}

/// How the nearest rows are searched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Exact as long as comparing every pair takes seconds, approximate above.
    #[default]
    Auto,
    /// Every pair of rows is compared.
    Exact,
    /// Rows are grouped around centers and compared with those of near groups (an inverted file, by the crate
    /// `ann-search-rs`); about 98 % of the neighbors are found.
    Approximate,
}

/// Why neighbors cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum NeighborsError {
    /// A value is NaN or infinite.
    #[error("neighbors need finite values, but row {row}, column {column} holds {value}")]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// What it holds.
        value: f32,
    },
    /// There are not as many other rows as neighbors asked for.
    #[error("{count} neighbors of every row need {} rows, but there are {rows}", count + 1)]
    TooFewRows {
        /// Rows there are.
        rows: usize,
        /// Neighbors asked for.
        count: usize,
    },
    /// The one thread on which groups are learned could not be started.
    #[error("cannot start a thread to search neighbors: {0}")]
    Thread(#[from] rayon::ThreadPoolBuildError),
    /// The observer asked to stop.
    #[error("stopped while searching neighbors")]
    Interrupted,
}

impl Explain for NeighborsError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFinite { .. } => Some("fill missing values in `prepare` before".to_owned()),
            Self::TooFewRows { rows, .. } => Some(format!("ask for at most {} neighbors", rows.saturating_sub(1))),
            Self::Thread(_) | Self::Interrupted => None,
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Interrupted => Fault::Interrupted,
            Self::Thread(_) => Fault::Failure,
            Self::NotFinite { .. } | Self::TooFewRows { .. } => Fault::Request,
        }
    }
}

impl Method {
    /// The method that a search among `rows` rows of `columns` columns will use, and why, as a sentence for the plan.
    #[must_use]
    pub fn chosen(self, rows: usize, columns: usize) -> (Self, String) {
        let affordable = affordable_rows(columns);
        match self {
            Self::Auto if rows <= affordable => {
                (Self::Exact, format!("exact: comparing every pair pays up to {affordable} rows of {columns} columns"))
            }
            Self::Auto => (
                Self::Approximate,
                format!(
                    "approximate: {rows} rows are more than the {affordable} for which comparing every pair pays; \
                     about 98 % of the neighbors are found"
                ),
            ),
            Self::Exact => (Self::Exact, "exact: as asked for".to_owned()),
            Self::Approximate => {
                (Self::Approximate, "approximate: as asked for; about 98 % of the neighbors are found".to_owned())
            }
        }
    }
}

/// The rows for which comparing every pair costs as much as [`EXACT_ROWS`] rows of few columns do.
fn affordable_rows(columns: usize) -> usize {
    let rows = EXACT_ROWS as f64 / (columns as f64 / CHEAP_COLUMNS as f64).max(1.0).sqrt();
    let rows = rows as usize;
    rows / 1_000 * 1_000
}

impl Neighbors {
    /// How many neighbors every row has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.indices.ncols()
    }

    /// How many rows have neighbors.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.indices.nrows()
    }

    fn empty(rows: usize, count: usize) -> Self {
        Self { indices: Array2::zeros((rows, count)), distances: Array2::zeros((rows, count)) }
    }

    /// Indices and distances row after row, to be written in parallel.
    fn flat_mut(&mut self) -> (&mut [u32], &mut [f32]) {
        match (self.indices.as_slice_mut(), self.distances.as_slice_mut()) {
            (Some(indices), Some(distances)) => (indices, distances),
            _ => unreachable!("`empty` makes them row by row"),
        }
    }
}

/// Finds the `count` nearest other rows of every row of `points` (`n × d`).
///
/// Duplicate rows are searched once and share what was found, so that many equal rows cost nothing. The result
/// depends on `seed` only where the method is approximate, and never on the number of threads. The observer hears
/// [`crate::event::Event::Advanced`] in rows.
///
/// # Errors
/// If a value is not finite, if `count` is not below the number of rows, or if the observer asked to stop.
pub fn find(
    points: ArrayView2<f32>,
    count: usize,
    method: Method,
    seed: Seed,
    observer: &mut Observer<'_>,
) -> Result<Neighbors, NeighborsError> {
    if count >= points.nrows() {
        return Err(NeighborsError::TooFewRows { rows: points.nrows(), count });
    }
    if let Some(((row, column), value)) = points.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(NeighborsError::NotFinite { row, column, value: *value });
    }
    let Some(distinct) = Distinct::of(points) else {
        return search(points, count, method, seed, observer);
    };
    let found = search(distinct.rows.view(), count.min(distinct.rows.nrows() - 1), method, seed, observer)?;
    Ok(distinct.expand(&found, count))
}

fn search(
    points: ArrayView2<f32>,
    count: usize,
    method: Method,
    seed: Seed,
    observer: &mut Observer<'_>,
) -> Result<Neighbors, NeighborsError> {
    match method.chosen(points.nrows(), points.ncols()).0 {
        Method::Exact | Method::Auto => match exact::within(points, count, observer) {
            ControlFlow::Continue(neighbors) => Ok(neighbors),
            ControlFlow::Break(()) => Err(NeighborsError::Interrupted),
        },
        Method::Approximate => approximate::within(points, count, seed, observer),
    }
}

#[cfg(test)]
mod tests;
