//! Duplicate rows, searched once.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hasher};

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use crate::neighbors::Neighbors;
use crate::neighbors::exact::row_id;

/// The distinct rows of a table, in order of their first appearance, and who has each.
pub(super) struct Distinct {
    pub(super) rows: Array2<f32>,
    /// The rows of the table that are equal to each distinct row, ascending.
    members: Vec<Vec<u32>>,
    /// The distinct row of every row of the table.
    group: Vec<u32>,
}

impl Distinct {
    /// The distinct rows of `points`, or `None` where all rows are distinct.
    pub(super) fn of(points: ArrayView2<f32>) -> Option<Self> {
        let mut order: Vec<(u64, u32)> =
            (0..row_id(points.nrows())).into_par_iter().map(|row| (hash(points.row(row as usize)), row)).collect();
        order.par_sort_unstable_by(|left, right| {
            let rows = || compare(points.row(left.1 as usize), points.row(right.1 as usize));
            left.0.cmp(&right.0).then_with(rows).then(left.1.cmp(&right.1))
        });
        let same = |left: &(u64, u32), right: &(u64, u32)| {
            left.0 == right.0 && compare(points.row(left.1 as usize), points.row(right.1 as usize)).is_eq()
        };
        let mut members: Vec<Vec<u32>> =
            order.chunk_by(same).map(|rows| rows.iter().map(|(_, row)| *row).collect()).collect();
        if members.len() == points.nrows() {
            return None;
        }
        members.sort_unstable_by_key(|rows| rows[0]);
        let mut group = vec![0; points.nrows()];
        for (number, rows) in (0..).zip(&members) {
            for row in rows {
                group[*row as usize] = number;
            }
        }
        let first: Vec<usize> = members.iter().map(|rows| rows[0] as usize).collect();
        Some(Self { rows: points.select(Axis(0), &first), members, group })
    }

    /// The `count` neighbors of every row of the table from those of the distinct rows.
    pub(super) fn expand(&self, found: &Neighbors, count: usize) -> Neighbors {
        let mut neighbors = Neighbors::empty(self.group.len(), count);
        if count == 0 {
            return neighbors;
        }
        let (indices, distances) = neighbors.flat_mut();
        indices.par_chunks_mut(count).zip(distances.par_chunks_mut(count)).enumerate().for_each_init(
            Vec::new,
            |near, (row, (indices, distances))| {
                self.near(row, found, count, near);
                for (place, (distance, id)) in near.iter().enumerate() {
                    indices[place] = *id;
                    distances[place] = *distance;
                }
            },
        );
        neighbors
    }

    fn near(&self, row: usize, found: &Neighbors, count: usize, near: &mut Vec<(f32, u32)>) {
        let group = self.group[row] as usize;
        near.clear();
        near.extend(
            self.members[group].iter().filter(|other| **other as usize != row).take(count).map(|id| (0.0, *id)),
        );
        let mut reached = 0.0;
        for (other, distance) in found.indices.row(group).iter().zip(found.distances.row(group)) {
            // A group as far as the last one needed may hold an earlier row.
            if near.len() >= count && *distance > reached {
                break;
            }
            reached = *distance;
            near.extend(self.members[*other as usize].iter().take(count).map(|id| (*distance, *id)));
        }
        near.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        near.truncate(count);
    }
}

/// The same for rows that compare equal: a negative zero is a zero.
fn hash(row: ArrayView1<f32>) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.iter().for_each(|value| hasher.write_u32((value + 0.0).to_bits()));
    hasher.finish()
}

fn compare(left: ArrayView1<f32>, right: ArrayView1<f32>) -> Ordering {
    let pairs = left.into_iter().zip(right);
    pairs
        .map(|(left, right)| (left + 0.0).total_cmp(&(right + 0.0)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}
