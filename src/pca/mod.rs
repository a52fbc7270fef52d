//! Principal component analysis: the yardstick of every code, and where training starts.
//!
//! Exact wherever the smaller side of the table allows it, and a block Krylov iteration run to convergence
//! beyond. It never copies the table: rows are gathered block by block.

mod alone;
mod decompose;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::matmul::{Before, matmul};
use crate::seed::Seed;

pub(crate) use alone::eigen;
pub use decompose::Method;

/// Rows per product. Fixed and padded, so that a row's result depends on no other row.
const TILE: usize = 64;

/// The principal axes of a set of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// The mean of every feature over the fitted rows (`d`).
    pub mean: Array1<f32>,
    /// The principal axes, orthonormal rows in descending order of variance (`count × d`); the entry of largest
    /// magnitude of each is positive.
    pub axes: Array2<f32>,
    /// The variance along every axis, in squared units of the data, over `rows - 1` (`count`).
    pub variances: Array1<f64>,
    /// The variance of all features together, over `rows - 1`.
    pub total_variance: f64,
    /// How the axes were found.
    pub method: Method,
}

impl Pca {
    /// Finds the first `count` principal axes of `rows` of `data`.
    ///
    /// The eigenvectors of the `d × d` covariance or of the `n × n` Gram matrix in f64, whichever is smaller; above a
    /// side of 1,000 by a block Krylov iteration run to convergence, above 4,000 without forming the matrix (see
    /// [`Method`]). `count` is clamped to what exists:
    /// `min(rows - 1, d)`. Where the rows span fewer dimensions than `count`, the axes that are left over complete the
    /// basis with variance 0.
    ///
    /// # Panics
    /// If `rows` is empty or names a row that `data` does not have.
    #[must_use]
    pub fn fit(data: ArrayView2<f32>, rows: &[usize], count: usize, seed: Seed) -> Self {
        assert!(!rows.is_empty(), "no rows to fit");
        let count = count.min(rows.len() - 1).min(data.ncols());
        decompose::fit(data, rows, count, seed)
    }

    /// The number of axes.
    #[must_use]
    pub fn count(&self) -> usize {
        self.axes.nrows()
    }

    /// The same analysis with at most its first `count` axes.
    #[must_use]
    pub fn truncated(&self, count: usize) -> Self {
        let count = count.min(self.count());
        Self {
            axes: self.axes.slice(s![..count, ..]).to_owned(),
            variances: self.variances.slice(s![..count]).to_owned(),
            ..self.clone()
        }
    }

    /// The coordinates of every row along the axes (`n × count`). A row's result depends on no other row.
    ///
    /// # Panics
    /// If `data` has another number of columns than the fitted table.
    #[must_use]
    pub fn project(&self, data: ArrayView2<f32>) -> Array2<f32> {
        assert_eq!(data.ncols(), self.mean.len(), "other features than those fitted");
        by_tile(data, self.count(), |tile, mut out| {
            let mut centered = tile;
            centered -= &self.mean;
            matmul(centered.view(), self.axes.t(), Before::Forget, out.view_mut());
        })
    }

    /// The rows that belong to coordinates: `mean + codes · axes` (`n × d`).
    ///
    /// # Panics
    /// If `codes` has another number of columns than there are axes.
    #[must_use]
    pub fn reconstruct(&self, codes: ArrayView2<f32>) -> Array2<f32> {
        assert_eq!(codes.ncols(), self.count(), "other codes than these axes give");
        by_tile(codes, self.mean.len(), |tile, mut out| {
            matmul(tile.view(), self.axes.view(), Before::Forget, out.view_mut());
            out += &self.mean;
        })
    }

    /// The mean squared error per value of projecting `rows` of `data` and coming back.
    #[must_use]
    pub fn held_out_error(&self, data: ArrayView2<f32>, rows: &[usize]) -> f64 {
        let tiles: Vec<f64> = rows
            .par_chunks(TILE)
            .map(|chunk| {
                let mut rows = Array2::<f32>::zeros((TILE, data.ncols()));
                for (mut to, from) in rows.rows_mut().into_iter().zip(chunk) {
                    to.assign(&data.row(*from));
                    to -= &self.mean;
                }
                let mut codes = Array2::zeros((TILE, self.count()));
                let mut back = Array2::zeros(rows.dim());
                matmul(rows.view(), self.axes.t(), Before::Forget, codes.view_mut());
                matmul(codes.view(), self.axes.view(), Before::Forget, back.view_mut());
                let used = s![..chunk.len(), ..];
                let pairs = rows.slice_move(used).into_iter().zip(back.slice_move(used));
                pairs.map(|(value, back)| f64::from(value - back).powi(2)).sum()
            })
            .collect();
        tiles.iter().sum::<f64>() / (rows.len().max(1) * data.ncols().max(1)) as f64
    }
}

/// Applies `kernel` to padded tiles of [`TILE`] rows, on all threads.
fn by_tile(
    input: ArrayView2<f32>,
    columns: usize,
    kernel: impl Fn(Array2<f32>, ArrayViewMut2<f32>) + Sync,
) -> Array2<f32> {
    let mut out = Array2::zeros((input.nrows(), columns));
    let pieces: Vec<_> = input.axis_chunks_iter(Axis(0), TILE).zip(out.axis_chunks_iter_mut(Axis(0), TILE)).collect();
    pieces.into_par_iter().for_each(|(input, mut out)| {
        let mut tile = Array2::zeros((TILE, input.ncols()));
        tile.slice_mut(s![..input.nrows(), ..]).assign(&input);
        let mut result = Array2::zeros((TILE, columns));
        kernel(tile, result.view_mut());
        out.assign(&result.slice(s![..input.nrows(), ..]));
    });
    out
}

#[cfg(test)]
mod tests;
