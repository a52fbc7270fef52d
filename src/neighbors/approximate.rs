//! Rows grouped around centers; each group is compared with the groups nearest to it.
//!
//! An inverted file as in Jégou, Douze and Schmid (Product Quantization for Nearest Neighbor Search, 2011), as a
//! join of lists with lists, so that the work is matrix products like that of the exact search. How many lists are
//! probed is not guessed: on a sample of rows the exact neighbors are found, and as many lists are probed as hold
//! 98 % of them.
//!
//! Why not a crate: the published graph indices that can be seeded insert row by row on one thread, and those
//! that build in parallel depend on which thread came first. This one gives the same neighbors for any number of
//! threads, shares the kernel of the exact search, and measures its own recall.

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2, Axis};
use rand::seq::index;
use rayon::prelude::*;

use crate::event::{Event, Observer};
use crate::neighbors::Neighbors;
use crate::neighbors::exact::{self, root};
use crate::neighbors::scan::{Frame, QUERIES, Rows, Scratch};
use crate::seed::{Seed, Stream};

/// Rows in a list, on average.
const LIST_ROWS: usize = 256;
/// The most lists, so that the table of their distances stays small.
const LISTS: usize = 4_096;
/// Rows per list from which the centers are learned.
const SAMPLE_ROWS: usize = 32;
/// Passes over those rows.
const PASSES: usize = 6;
/// Rows on which the number of probed lists is chosen.
const PROBE_ROWS: usize = 500;
/// The share of the sample's neighbors that the probed lists must hold.
const RECALL: f64 = 0.985;
/// Lists between two calls of the observer.
const LISTS_AT_ONCE: usize = 64;

/// A row, and the squared distances and ids of what was found near it.
type Found = (u32, Vec<(f64, u32)>);

/// The lists and the order in which each looks at the others.
struct Lists {
    /// The list of every row.
    of_row: Vec<u32>,
    /// The rows of every list.
    rows: Vec<Vec<u32>>,
    /// For every list all lists, nearest center first (itself before all).
    nearest: Array2<u32>,
}

/// About the `count` nearest other rows of every row; stops when the observer asks to.
pub(super) fn within(
    points: ArrayView2<f32>,
    count: usize,
    seed: Seed,
    observer: &mut Observer<'_>,
) -> ControlFlow<(), Neighbors> {
    let lists = Lists::learn(points, seed);
    let probes = lists.probes(points, count);
    let frame = Frame::around(points);
    let rows = Rows::new(points.view(), &frame);
    let mut neighbors = Neighbors::empty(points.nrows(), count);
    let mut done = 0;
    let numbers: Vec<usize> = (0..lists.rows.len()).collect();
    for some in numbers.chunks(LISTS_AT_ONCE) {
        let found: Vec<Vec<Found>> = some
            .par_iter()
            .map_init(
                || Scratch::new(points.ncols()),
                |scratch, list| {
                    let mut found = Vec::with_capacity(lists.rows[*list].len());
                    for ids in lists.rows[*list].chunks(QUERIES) {
                        let mut candidates = lists.probed(*list, probes, count + 1);
                        scratch.nearest((&rows, ids), (&rows, &mut candidates), count, Some, |place, near| {
                            found.push((ids[place], near.to_vec()));
                        });
                    }
                    found
                },
            )
            .collect();
        for (row, near) in found.into_iter().flatten() {
            for (column, (squared, id)) in near.into_iter().enumerate() {
                neighbors.indices[(row as usize, column)] = id;
                neighbors.distances[(row as usize, column)] = root(squared);
            }
            done += 1;
        }
        observer(Event::Advanced { done, total: points.nrows() as u64 })?;
    }
    ControlFlow::Continue(neighbors)
}

impl Lists {
    /// Learns centers by Lloyd's passes over a sample, then puts every row into the list of its nearest center.
    fn learn(points: ArrayView2<f32>, seed: Seed) -> Self {
        let count = points.nrows().div_ceil(LIST_ROWS).min(LISTS);
        let mut generator = seed.stream(Stream::Neighbors);
        let sampled = index::sample(&mut generator, points.nrows(), (count * SAMPLE_ROWS).min(points.nrows()));
        let sample = points.select(Axis(0), &sampled.into_vec());
        let mut centers = sample.slice(ndarray::s![..count, ..]).to_owned();
        for _ in 0..PASSES {
            let nearest = exact::among(sample.view(), centers.view(), 1).indices;
            let mut sums = Array2::<f64>::zeros(centers.dim());
            let mut sizes = vec![0_u32; count];
            for (row, list) in sample.rows().into_iter().zip(&nearest) {
                sums.row_mut(*list as usize).iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
                sizes[*list as usize] += 1;
            }
            for ((mut center, sum), size) in centers.rows_mut().into_iter().zip(sums.rows()).zip(sizes) {
                if size > 0 {
                    center.iter_mut().zip(sum).for_each(|(center, sum)| *center = (sum / f64::from(size)) as f32);
                }
            }
        }
        let of_row = exact::among(points, centers.view(), 1).indices.into_raw_vec_and_offset().0;
        let mut rows = vec![Vec::new(); count];
        for (row, list) in (0..).zip(&of_row) {
            rows[*list as usize].push(row);
        }
        let nearest = exact::among(centers.view(), centers.view(), count).indices;
        Self { of_row, rows, nearest }
    }

    /// How many lists must be probed so that those of the sampled rows hold enough of their exact neighbors.
    fn probes(&self, points: ArrayView2<f32>, count: usize) -> usize {
        let step = points.nrows().div_ceil(PROBE_ROWS);
        let sampled: Vec<usize> = (0..points.nrows()).step_by(step).collect();
        // One more than asked for, because each row finds itself.
        let neighbors = exact::among(points.select(Axis(0), &sampled).view(), points, count + 1).indices;
        let lists = self.rows.len();
        let mut rank = vec![0; lists];
        let mut needed = vec![0_usize; lists];
        for (row, near) in sampled.into_iter().zip(neighbors.rows()) {
            let order = self.nearest.row(self.of_row[row] as usize);
            order.iter().enumerate().for_each(|(place, list)| rank[*list as usize] = place);
            near.iter().for_each(|other| needed[rank[self.of_row[*other as usize] as usize]] += 1);
        }
        let total: usize = needed.iter().sum();
        let mut covered = 0;
        for (place, held) in needed.into_iter().enumerate() {
            covered += held;
            if covered as f64 >= RECALL * total as f64 {
                return place + 1;
            }
        }
        lists
    }

    /// The rows of the lists nearest to `list`: those of `probes` lists, and more until they are `least`.
    fn probed(&self, list: usize, probes: usize, least: usize) -> impl Iterator<Item = u32> {
        let order = self.nearest.row(list);
        let mut held = 0;
        let mut last = 0;
        for near in order {
            if last >= probes && held >= least {
                break;
            }
            held += self.rows[*near as usize].len();
            last += 1;
        }
        (0..last).flat_map(move |place| self.rows[self.nearest[(list, place)] as usize].iter().copied())
    }
}
