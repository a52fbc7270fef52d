//! Neighbors as bytes, and the nearest of them.

use ndarray::{Array1, s};

use crate::neighbors::Neighbors;

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
pub(super) fn pack(neighbors: &Neighbors) -> Vec<u8> {
    let indices = neighbors.indices.iter().flat_map(|index| index.to_le_bytes());
    indices.chain(neighbors.distances.iter().flat_map(|distance| distance.to_le_bytes())).collect()
}

/// What [`pack`] wrote of so many neighbors of so many rows, if it is that.
pub(super) fn unpack(bytes: &[u8], rows: usize, count: usize) -> Option<Neighbors> {
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
