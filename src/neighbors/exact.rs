//! Every pair compared: exact, whatever the width and whatever the ties.

use std::ops::ControlFlow;

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::event::{Event, Observer, silent};
use crate::neighbors::Neighbors;
use crate::neighbors::scan::{Frame, QUERIES, Rows, Scratch};

/// Blocks of queries between two calls of the observer.
const BLOCKS: usize = 32;

/// The `count` rows of `points` (`m × d`) nearest to each row of `queries` (`n × d`).
///
/// A point equal to a query counts, at distance exactly 0. All values must be finite.
///
/// # Panics
/// If the columns differ, or if `count` is above the number of points.
#[must_use]
pub fn among(queries: ArrayView2<f32>, points: ArrayView2<f32>, count: usize) -> Neighbors {
    assert_eq!(queries.ncols(), points.ncols(), "queries and points have other columns");
    assert!(count <= points.nrows(), "fewer points than neighbors asked for");
    match all(queries, points, count, |_| None, &mut silent) {
        ControlFlow::Continue(neighbors) => neighbors,
        ControlFlow::Break(()) => unreachable!("a silent observer never stops the work"),
    }
}

/// The `count` nearest other rows of every row; stops when the observer asks to.
pub(super) fn within(points: ArrayView2<f32>, count: usize, observer: &mut Observer<'_>) -> ControlFlow<(), Neighbors> {
    all(points, points, count, Some, observer)
}

fn all(
    queries: ArrayView2<f32>,
    points: ArrayView2<f32>,
    count: usize,
    skip: impl Fn(u32) -> Option<u32> + Sync,
    observer: &mut Observer<'_>,
) -> ControlFlow<(), Neighbors> {
    let mut neighbors = Neighbors::empty(queries.nrows(), count);
    if count == 0 || queries.nrows() == 0 {
        return ControlFlow::Continue(neighbors);
    }
    let frame = Frame::around(points);
    let (query_rows, point_rows) = (Rows::new(queries.view(), &frame), Rows::new(points.view(), &frame));
    let ids: Vec<u32> = (0..row_id(queries.nrows())).collect();
    let (rows_at_once, total) = (BLOCKS * QUERIES, queries.nrows() as u64);
    let (indices, distances) = neighbors.flat_mut();
    let parts = indices.chunks_mut(rows_at_once * count).zip(distances.chunks_mut(rows_at_once * count));
    let mut done = 0;
    for (ids, (indices, distances)) in ids.chunks(rows_at_once).zip(parts) {
        ids.par_chunks(QUERIES)
            .zip(indices.par_chunks_mut(QUERIES * count))
            .zip(distances.par_chunks_mut(QUERIES * count))
            .for_each_init(
                || Scratch::new(points.ncols()),
                |scratch, ((ids, indices), distances)| {
                    let mut candidates = 0..row_id(points.nrows());
                    scratch.nearest(
                        (&query_rows, ids),
                        (&point_rows, &mut candidates),
                        count,
                        &skip,
                        |place, found| {
                            for (column, (squared, id)) in found.iter().enumerate() {
                                indices[place * count + column] = *id;
                                distances[place * count + column] = root(*squared);
                            }
                        },
                    );
                },
            );
        done += ids.len() as u64;
        observer(Event::Advanced { done, total })?;
    }
    ControlFlow::Continue(neighbors)
}

/// A row number as it is stored.
///
/// # Panics
/// If there are more than four thousand million rows.
pub(super) fn row_id(row: usize) -> u32 {
    u32::try_from(row).expect("a table has fewer than 2³² rows")
}

/// The distance of a squared distance; never infinite.
pub(super) fn root(squared: f64) -> f32 {
    let distance = squared.sqrt() as f32;
    distance.min(f32::MAX)
}
