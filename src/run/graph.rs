//! The neighbor graph of the codes: found once per run and kept, for every perplexity, for faithfulness and for placing.

use std::path::Path;

use ndarray::{Array1, ArrayView2, s};
use serde::{Deserialize, Serialize};

use super::kept::Kept;
use super::record::Record;
use super::work::{Coded, Work};
use crate::embed;
use crate::error::Result;
use crate::event::{Observer, Stage, silent};
use crate::neighbors::{self, Method, Neighbors};
use crate::seed::Seed;
use crate::value::Switch;

/// Exact neighbors that are kept at least, so that perplexities up to 50 share them; beside the distances they cost little.
const AMPLE: usize = 150;

/// The neighbor graph of a run: where it is kept, and how to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// The kept file.
    pub file: String,
    /// Neighbors of every row.
    pub count: usize,
    /// How they were searched.
    pub method: Method,
}

impl Work<'_> {
    /// The neighbors that the embedding needs, by resolved options.
    pub(super) fn neighbors(
        &mut self,
        coded: &Coded,
        options: &embed::Options,
        observer: &mut Observer<'_>,
    ) -> Result<Neighbors> {
        let (rows, needed) = (coded.codes.nrows(), options.neighbors_needed());
        let graph = self.graph_of(coded, options);
        if let Some(bytes) = self.take(Stage::Neighbors, &graph.file, observer)
            && let Some(neighbors) = unpack(&bytes, rows, graph.count)
        {
            self.graph = Some(graph);
            self.meter.reused(Stage::Neighbors, observer);
            return Ok(nearest(neighbors, needed));
        }
        let graph = self.new_graph(coded, options);
        let seed = self.loaded.pipeline.seed;
        let found = self.meter.stage(Stage::Neighbors, observer, |observer| {
            Ok(neighbors::find(coded.codes.view(), graph.count, graph.method, seed, observer)?)
        })?;
        self.keep(&graph.file, &pack(&found))?;
        self.graph = Some(graph);
        Ok(nearest(found, needed))
    }

    /// The kept graph that holds the neighbors needed, or that which would be found.
    pub(super) fn graph_of(&self, coded: &Coded, options: &embed::Options) -> Graph {
        let new = self.new_graph(coded, options);
        match self.keys.kept_neighbors(&self.kept, options.neighbors_needed(), is_exact(coded, options)) {
            Some((file, count)) => Graph { file, count, ..new },
            None => new,
        }
    }

    fn new_graph(&self, coded: &Coded, options: &embed::Options) -> Graph {
        let needed = options.neighbors_needed();
        let ample = AMPLE.min(coded.codes.nrows().saturating_sub(1));
        let count = if is_exact(coded, options) { needed.max(ample) } else { needed };
        Graph { file: self.keys.neighbors_file(count), count, method: options.neighbors }
    }

    /// The nearest codes of every row as faithfulness looks at them, where there is a map of more rows than it compares.
    pub(super) fn nearest_codes(&mut self, coded: &Coded) -> Result<Option<Neighbors>> {
        let Switch::On(evaluate) = &self.loaded.pipeline.evaluate else { return Ok(None) };
        let rows = coded.codes.nrows();
        let Some(graph) = self.graph.clone().filter(|_| rows > evaluate.sample) else { return Ok(None) };
        let kept = self.kept.take(&self.loaded.output, &graph.file);
        let seed = self.loaded.pipeline.seed;
        whole(kept, &graph, coded.codes.view(), seed).map(|found| Some(nearest(found, evaluate.neighbors)))
    }
}

fn is_exact(coded: &Coded, options: &embed::Options) -> bool {
    options.neighbors.chosen(coded.codes.nrows(), coded.codes.ncols()).0 == Method::Exact
}

/// The graph that was kept, or the same found again.
fn whole(kept: Option<Vec<u8>>, graph: &Graph, codes: ArrayView2<f32>, seed: Seed) -> Result<Neighbors> {
    match kept.and_then(|bytes| unpack(&bytes, codes.nrows(), graph.count)) {
        Some(neighbors) => Ok(neighbors),
        None => Ok(neighbors::find(codes, graph.count, graph.method, seed, &mut silent)?),
    }
}

/// The `count` nearest codes of every row of a finished run, or as many as it has: those it kept, or the same found again.
///
/// # Errors
/// If `codes` hold a number that is not finite, or are too few.
pub(super) fn of_run(run: &Path, record: &Record, codes: ArrayView2<f32>, count: usize) -> Result<Neighbors> {
    match &record.neighbors {
        Some(graph) => {
            let kept = Kept::in_folder(run).take(run, &graph.file);
            Ok(nearest(whole(kept, graph, codes, record.seed)?, count))
        }
        // a run of an earlier version
        None => Ok(neighbors::find(codes, count, Method::Auto, record.seed, &mut silent)?),
    }
}

/// The first `count` neighbors of every row, or all where there are fewer.
pub(super) fn nearest(neighbors: Neighbors, count: usize) -> Neighbors {
    if neighbors.count() <= count {
        return neighbors;
    }
    let first = s![.., ..count];
    Neighbors {
        indices: neighbors.indices.slice(first).to_owned(),
        distances: neighbors.distances.slice(first).to_owned(),
    }
}

/// Indices, then distances, as little-endian numbers.
fn pack(neighbors: &Neighbors) -> Vec<u8> {
    let indices = neighbors.indices.iter().flat_map(|index| index.to_le_bytes());
    indices.chain(neighbors.distances.iter().flat_map(|distance| distance.to_le_bytes())).collect()
}

/// What [`pack`] wrote of so many neighbors of so many rows, if it is that.
fn unpack(bytes: &[u8], rows: usize, count: usize) -> Option<Neighbors> {
    let values = rows * count;
    if bytes.len() != values * 8 {
        return None;
    }
    let word = |bytes: &[u8]| [bytes[0], bytes[1], bytes[2], bytes[3]];
    let (indices, distances) = bytes.split_at(values * 4);
    let indices: Array1<u32> = indices.chunks_exact(4).map(|bytes| u32::from_le_bytes(word(bytes))).collect();
    let distances: Array1<f32> = distances.chunks_exact(4).map(|bytes| f32::from_le_bytes(word(bytes))).collect();
    let shape = (rows, count);
    Some(Neighbors {
        indices: indices.into_shape_with_order(shape).ok()?,
        distances: distances.into_shape_with_order(shape).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn neighbors_come_back_whole_and_only_of_their_own_shape() {
        let indices = ndarray::arr2(&[[1, 2, 3], [0, 2, 3]]);
        let distances = ndarray::arr2(&[[0.5, 1.0, 2.0], [0.5, 0.75, f32::MAX]]);
        let neighbors = Neighbors { indices, distances };
        let bytes = pack(&neighbors);
        assert_eq!(unpack(&bytes, 2, 3), Some(neighbors.clone()));
        assert_eq!((unpack(&bytes, 2, 2), unpack(&bytes[1..], 2, 3)), (None, None));
        let one = nearest(neighbors, 1);
        assert_eq!(one.indices, ndarray::arr2(&[[1], [0]]));
        assert_eq!(one.distances, ndarray::arr2(&[[0.5], [0.5]]));
    }

    #[test]
    fn a_graph_that_is_gone_is_found_again_as_it_was() {
        let codes = Array2::from_shape_fn((2_000, 6), |(row, column)| ((row * 31 + column * 17) as f32 * 0.37).sin());
        let found = |method, count| neighbors::find(codes.view(), count, method, Seed(3), &mut silent).unwrap();
        let approximate = found(Method::Approximate, 30);
        let graph = Graph { file: "gone".to_owned(), count: 30, method: Method::Approximate };
        let again = whole(None, &graph, codes.view(), Seed(3)).unwrap();
        assert_eq!(again, approximate);
        assert_ne!(again, found(Method::Exact, 30), "the test needs rows of which the approximate search misses some");
        assert_eq!(whole(Some(pack(&approximate)), &graph, codes.view(), Seed(3)).unwrap(), approximate);
    }
}
