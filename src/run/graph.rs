//! The neighbor graph of the codes: found once per run and kept, for every perplexity, for faithfulness and for placing.

use std::path::Path;

use ndarray::{Array1, ArrayView2, s};

use super::kept::Kept;
use super::record::Record;
use super::work::{Coded, LaidOut, Work};
use crate::embed;
use crate::error::Result;
use crate::event::{Observer, Stage, silent};
use crate::neighbors::{self, Method, Neighbors};
use crate::value::Switch;

/// Exact neighbors that are kept at least, so that perplexities up to 50 share them; beside the distances they cost little.
const AMPLE: usize = 150;

impl Work<'_> {
    /// The neighbors that the embedding needs.
    pub(super) fn neighbors(
        &mut self,
        coded: &Coded,
        options: &embed::Options,
        observer: &mut Observer<'_>,
    ) -> Result<Neighbors> {
        let (rows, needed) = (coded.codes.nrows(), options.neighbors_needed());
        let exact = options.neighbors.chosen(rows, coded.codes.ncols()).0 == Method::Exact;
        if let Some((file, count)) = self.keys.kept_neighbors(&self.kept, needed, exact)
            && let Some(bytes) = self.take(Stage::Neighbors, &file, observer)
            && let Some(neighbors) = unpack(&bytes, rows, count)
        {
            self.graph = Some(file);
            self.meter.reused(Stage::Neighbors, observer);
            return Ok(nearest(neighbors, needed));
        }
        let seed = self.loaded.pipeline.seed;
        let count = if exact { needed.max(AMPLE.min(rows.saturating_sub(1))) } else { needed };
        let found = self.meter.stage(Stage::Neighbors, observer, |observer| {
            Ok(neighbors::find(coded.codes.view(), count, options.neighbors, seed, observer)?)
        })?;
        let file = self.keys.neighbors_file(count);
        self.keep(&file, &pack(&found))?;
        self.graph = Some(file);
        Ok(nearest(found, needed))
    }

    /// The nearest codes of every row as faithfulness looks at them, where there is a map of more rows than it compares.
    pub(super) fn nearest_codes(&mut self, coded: &Coded, laid_out: Option<&LaidOut>) -> Result<Option<Neighbors>> {
        let pipeline = &self.loaded.pipeline;
        let (Switch::On(evaluate), Switch::On(tsne), Some(_)) = (&pipeline.evaluate, &pipeline.tsne, laid_out) else {
            return Ok(None);
        };
        let rows = coded.codes.nrows();
        if rows <= evaluate.sample {
            return Ok(None);
        }
        let count = evaluate.neighbors.min(rows - 1);
        let kept = self.graph.as_ref().and_then(|file| self.kept.take(&self.loaded.output, file));
        if let Some(graph) = kept.and_then(|bytes| unpack_all(&bytes, rows)).filter(|graph| graph.count() >= count) {
            return Ok(Some(nearest(graph, count)));
        }
        // The embedding was taken up and its neighbors are gone, or fewer were needed for it.
        let found = neighbors::find(coded.codes.view(), count, tsne.neighbors, pipeline.seed, &mut silent)?;
        Ok(Some(found))
    }
}

/// The `count` nearest codes of every row of a finished run: those it kept, or found again.
///
/// # Errors
/// If `codes` hold a number that is not finite, or are no more than `count`.
pub(super) fn of_run(run: &Path, record: &Record, codes: ArrayView2<f32>, count: usize) -> Result<Neighbors> {
    let kept = record.neighbors.as_ref().and_then(|file| Kept::in_folder(run).take(run, file));
    let kept = kept.and_then(|bytes| unpack_all(&bytes, codes.nrows()));
    match kept.filter(|graph| graph.count() >= count) {
        Some(graph) => Ok(nearest(graph, count)),
        None => Ok(neighbors::find(codes, count, Method::Auto, record.seed, &mut silent)?),
    }
}

/// The first `count` neighbors of every row.
pub(super) fn nearest(neighbors: Neighbors, count: usize) -> Neighbors {
    if neighbors.count() == count {
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

/// What [`pack`] wrote of so many rows, however many neighbors they have.
fn unpack_all(bytes: &[u8], rows: usize) -> Option<Neighbors> {
    unpack(bytes, rows, bytes.len() / (8 * rows.max(1)))
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
}
