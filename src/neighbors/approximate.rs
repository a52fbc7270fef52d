//! Rows grouped around centers; each row is compared with those of the groups nearest to it.
//!
//! An inverted file as in Jégou, Douze and Schmid (Product Quantization for Nearest Neighbor Search, 2011), by the crate
//! `ann-search-rs`. How many groups are probed is not guessed: on a sample of rows the exact neighbors are found, and as
//! many groups are probed as find enough of them.
//!
//! The crate adds the rows of a group in as many parts as there are threads, so the centers are learned on one thread;
//! the rows are then searched on all.

use ann_search_rs::cpu::ivf::IvfIndex;
use ann_search_rs::prelude::{Dist, KMeansInit, KMeansTrainingParams, Verbosity};
use ann_search_rs::utils::KnnValidation;
use ndarray::{Array2, ArrayView2, Axis};
use rand::RngExt;
use rayon::prelude::*;

use crate::event::{Event, Observer};
use crate::neighbors::exact::{self, root, row_id};
use crate::neighbors::scan::{Frame, squared_distance};
use crate::neighbors::{Neighbors, NeighborsError};
use crate::seed::{Seed, Stream};

/// Passes of k-means over the rows from which the centers are learned.
const PASSES: usize = 10;
/// Rows on which the number of probed groups is chosen.
const PROBE_ROWS: usize = 500;
/// The share of the sample's neighbors that must be found.
const RECALL: f64 = 0.985;
/// Rows between two calls of the observer.
const ROWS_AT_ONCE: usize = 8_192;

/// The groups, and the rows as they were put into them.
struct Index {
    groups: IvfIndex<f32>,
    rows: Array2<f32>,
}

/// About the `count` nearest other rows of every row.
pub(super) fn within(
    points: ArrayView2<f32>,
    count: usize,
    seed: Seed,
    observer: &mut Observer<'_>,
) -> Result<Neighbors, NeighborsError> {
    let index = Index::learn(points, seed)?;
    let probes = index.probes(points, count);
    let mut neighbors = Neighbors::empty(points.nrows(), count);
    let mut done = 0;
    // Rows of a group one after another, because they look at the same groups.
    for rows in index.groups.original_ids().chunks(ROWS_AT_ONCE) {
        let measured = |row: &u32| {
            let others = index.near(*row as usize, count, probes).into_iter();
            let mut near: Vec<(f64, u32)> = others
                .map(|other| (squared_distance(points.row(*row as usize), points.row(other)), row_id(other)))
                .collect();
            near.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
            near
        };
        let found: Vec<Vec<(f64, u32)>> = rows.par_iter().map(measured).collect();
        for (row, near) in rows.iter().zip(found) {
            for (column, (squared, id)) in near.into_iter().enumerate() {
                neighbors.indices[(*row as usize, column)] = id;
                neighbors.distances[(*row as usize, column)] = root(squared);
            }
        }
        done += rows.len() as u64;
        if observer(Event::Advanced { done, total: points.nrows() as u64 }).is_break() {
            return Err(NeighborsError::Interrupted);
        }
    }
    Ok(neighbors)
}

impl Index {
    /// As many groups as the square root of the rows, so that finding groups costs about as much as looking into one.
    fn learn(points: ArrayView2<f32>, seed: Seed) -> Result<Self, NeighborsError> {
        let frame = Frame::around(points);
        let mut rows = Array2::zeros(points.dim());
        rows.axis_iter_mut(Axis(0))
            .into_par_iter()
            .zip(points.axis_iter(Axis(0)))
            .for_each(|(out, row)| frame.apply(row, out));
        let groups = (points.nrows() as f64).sqrt().ceil() as usize;
        let k_means = KMeansTrainingParams::new(PASSES, Some(KMeansInit::Random), None);
        let seed = seed.stream(Stream::Neighbors).random::<u32>() as usize;
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        let groups = one_thread.install(|| {
            let table = (rows.as_slice().expect("the rows were made one after another"), rows.nrows(), rows.ncols());
            IvfIndex::build(table, Dist::SquaredEuclidean, Some(groups), Some(k_means), seed, Verbosity::Quiet)
                .expect("there are no more groups than rows, and the distance is one the crate knows")
        });
        Ok(Self { groups, rows })
    }

    /// The rows found near `row`, without itself, nearest first.
    fn near(&self, row: usize, count: usize, probes: usize) -> Vec<usize> {
        let values = self.rows.row(row);
        let values = values.to_slice().expect("the rows were made one after another");
        // One more than asked for, because each row finds itself.
        let (mut found, _) =
            self.groups.query(values, count + 1, Some(probes)).expect("the row is as wide as the others");
        found.retain(|other| *other != row);
        found.truncate(count);
        assert_eq!(found.len(), count, "the index looks into groups until it has as many rows as are asked for");
        found
    }

    /// How many groups must be probed so that enough of the sampled rows' exact neighbors are found.
    fn probes(&self, points: ArrayView2<f32>, count: usize) -> usize {
        let step = points.nrows().div_ceil(PROBE_ROWS);
        let sampled: Vec<usize> = (0..points.nrows()).step_by(step).collect();
        let exact = exact::among(points.select(Axis(0), &sampled).view(), points, count + 1).indices;
        let enough = RECALL * (sampled.len() * count) as f64;
        let groups = (self.rows.nrows() as f64).sqrt().ceil() as usize;
        let mut probes = 1;
        while probes < groups {
            let hits = |(row, exact): (&usize, ndarray::ArrayView1<u32>)| {
                let near = self.near(*row, count, probes);
                near.into_iter().filter(|other| exact.iter().any(|one| *one as usize == *other)).count()
            };
            let found: usize = sampled.par_iter().zip(exact.axis_iter(Axis(0)).into_par_iter()).map(hits).sum();
            if found as f64 >= enough {
                return probes;
            }
            probes += probes.div_ceil(4);
        }
        groups
    }
}
