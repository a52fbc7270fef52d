//! Turning a matrix without holding it twice.

use ndarray::Array2;
use rayon::prelude::*;

/// The matrix with rows and columns exchanged.
///
/// The old matrix is given back to the system from its end as the new one fills, so that the two
/// together take little more than one: new pages are only touched as columns are written.
pub(super) fn turned(matrix: Array2<f32>) -> Array2<f32> {
    const BLOCK: usize = 1024;
    const TILE: usize = 64;
    let (rows, columns) = matrix.dim();
    debug_assert!(matrix.is_standard_layout());
    let (mut old, _) = matrix.into_raw_vec_and_offset();
    let mut new = vec![0.0_f32; rows * columns];
    if new.is_empty() {
        return Array2::zeros((columns, rows));
    }
    let mut end = rows;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let block = &old[start * columns..end * columns];
        new.par_chunks_mut(TILE * rows).enumerate().for_each(|(tile, new_rows)| {
            let first = tile * TILE;
            let height = new_rows.len() / rows;
            for (row, old_row) in block.chunks_exact(columns).enumerate() {
                for (at, value) in old_row[first..first + height].iter().enumerate() {
                    new_rows[at * rows + start + row] = *value;
                }
            }
        });
        old.truncate(start * columns);
        old.shrink_to_fit();
        end = start;
    }
    Array2::from_shape_vec((columns, rows), new).expect("columns × rows values were made")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        for (rows, columns) in [(1, 1), (3, 5), (2049, 70), (70, 2049), (0, 3)] {
            let matrix = Array2::from_shape_fn((rows, columns), |(row, column)| (row * columns + column) as f32);
            assert_eq!(turned(matrix.clone()), matrix.t(), "{rows} × {columns}");
        }
    }
}
