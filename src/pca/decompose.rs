//! The eigenvectors behind [`Pca`], by the smaller side or by iteration.

use faer::linalg::matmul::matmul as product;
use faer::{Accum, Mat, MatRef, Par};
use ndarray::{Array1, Array2, ArrayView2};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::Pca;
use super::alone::{eigen, orthonormal, times as multiply};
use crate::seed::{Seed, Stream};

/// The largest side for which the matrix of products is formed.
const FORMED_SIDE: usize = 4_000;
/// The largest side for which all its eigenvectors are found; beyond, the leading ones are iterated for (at 4,000 that
/// takes 1 second instead of 29).
const DECOMPOSED_SIDE: usize = 1_000;
/// The most products an iteration may take.
const PASSES: usize = 60;
/// Rows or columns gathered at a time.
const BLOCK: usize = 512;
/// Columns of a symmetric product that one thread makes at a time.
const PANEL: usize = 256;

/// How the axes were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// All eigenvectors of the covariance of the features.
    Covariance,
    /// All eigenvectors of the Gram matrix of the rows.
    Gram,
    /// Block Krylov iteration with restarts, until every residual is below 1e-4 of the smallest wanted variance
    /// (which leaves relative errors near 1e-8 in the variances), or 60 products have been taken.
    Krylov {
        /// Products with the matrix taken.
        passes: usize,
    },
}

/// What every way of finding axes needs.
struct Rows<'a> {
    data: ArrayView2<'a, f32>,
    rows: &'a [usize],
    mean: Vec<f64>,
}

pub(super) fn fit(data: ArrayView2<f32>, rows: &[usize], count: usize, seed: Seed) -> Pca {
    let way = if data.ncols().min(rows.len()) > FORMED_SIDE {
        Way::Iterate
    } else if data.ncols() <= rows.len() {
        Way::Covariance
    } else {
        Way::Gram
    };
    fit_by(way, data, rows, count, seed)
}

/// The ways to the axes; a test takes each on the same rows.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Covariance,
    Gram,
    Iterate,
}

pub(super) fn fit_by(way: Way, data: ArrayView2<f32>, rows: &[usize], count: usize, seed: Seed) -> Pca {
    let mut mean = vec![0.0; data.ncols()];
    for row in rows {
        mean.iter_mut().zip(data.row(*row)).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    // Rounded as it is stored, so that the centered rows are those that `project` will see.
    mean.iter_mut().for_each(|sum| *sum = f64::from((*sum / rows.len() as f64) as f32));
    let table = Rows { data: data.view(), rows, mean };
    let freedom = (rows.len() - 1).max(1) as f64;
    let total_variance = table.squares() / freedom;
    let (values, vectors, method) = match way {
        Way::Iterate => krylov(&|vectors| table.times_covariance(vectors), data.ncols(), count, seed),
        Way::Covariance => leading(&table.covariance(), count, seed, Method::Covariance),
        Way::Gram => {
            let (values, vectors, method) = leading(&table.gram(), count, seed, Method::Gram);
            let axes = table.axes_of(&values, &vectors);
            (values, axes, method)
        }
    };
    let axes = finish(vectors, &values);
    Pca {
        mean: table.mean.iter().map(|mean| *mean as f32).collect(),
        axes,
        variances: values.iter().map(|value| value.max(0.0) / freedom).collect::<Array1<f64>>(),
        total_variance,
        method,
    }
}

impl Rows<'_> {
    /// The sum of the squares of all centered values.
    fn squares(&self) -> f64 {
        let sums: Vec<f64> = self
            .rows
            .par_chunks(BLOCK)
            .map(|rows| {
                let row = |row: &usize| -> f64 {
                    let pairs = self.data.row(*row).into_iter().zip(&self.mean);
                    pairs.map(|(value, mean)| (f64::from(*value) - mean).powi(2)).sum()
                };
                rows.iter().map(row).sum()
            })
            .collect();
        sums.iter().sum()
    }

    /// Centered rows as columns (`d × rows`).
    fn across(&self, rows: &[usize]) -> Mat<f64> {
        let mut block = Mat::zeros(self.data.ncols(), rows.len());
        for (column, row) in rows.iter().enumerate() {
            let values = self.data.row(*row);
            for (feature, to) in block.col_mut(column).iter_mut().enumerate() {
                *to = f64::from(values[feature]) - self.mean[feature];
            }
        }
        block
    }

    /// Centered columns `features` of all rows (`rows × features`).
    fn down(&self, features: std::ops::Range<usize>) -> Mat<f64> {
        let mut block = Mat::zeros(self.rows.len(), features.len());
        for (row, source) in self.rows.iter().enumerate() {
            for (column, feature) in features.clone().enumerate() {
                block[(row, column)] = f64::from(self.data[(*source, feature)]) - self.mean[feature];
            }
        }
        block
    }

    fn covariance(&self) -> Mat<f64> {
        symmetric(self.data.ncols(), self.rows.chunks(BLOCK).map(|rows| self.across(rows)))
    }

    fn gram(&self) -> Mat<f64> {
        symmetric(self.rows.len(), blocks(self.data.ncols()).map(|features| self.down(features)))
    }

    /// Principal axes (`d × count`) from the eigenvectors of the Gram matrix.
    fn axes_of(&self, values: &[f64], vectors: &Mat<f64>) -> Mat<f64> {
        let mut axes = Mat::zeros(self.data.ncols(), vectors.ncols());
        for features in blocks(self.data.ncols()) {
            let block = self.down(features.clone());
            let part = axes.subrows_mut(features.start, features.len());
            product(part, Accum::Replace, block.transpose(), vectors.as_ref(), 1.0, Par::Seq);
        }
        for (axis, value) in values.iter().enumerate() {
            let scale = if *value > 0.0 { value.sqrt().recip() } else { 0.0 };
            axes.col_mut(axis).iter_mut().for_each(|entry| *entry *= scale);
        }
        axes
    }

    /// `Xᵀ X · vectors` in one pass over the rows.
    fn times_covariance(&self, vectors: MatRef<f64>) -> Mat<f64> {
        // Groups of rows have a sum of their own, added in order: the same whatever the number of threads.
        let group = self.rows.len().div_ceil(8).next_multiple_of(BLOCK);
        let sums: Vec<Mat<f64>> = self
            .rows
            .par_chunks(group)
            .map(|group| {
                let mut sum = Mat::zeros(self.data.ncols(), vectors.ncols());
                for rows in group.chunks(BLOCK) {
                    let block = self.across(rows);
                    let mut scores = Mat::zeros(rows.len(), vectors.ncols());
                    product(scores.as_mut(), Accum::Replace, block.transpose(), vectors, 1.0, Par::Seq);
                    product(sum.as_mut(), Accum::Add, block.as_ref(), scores.as_ref(), 1.0, Par::Seq);
                }
                sum
            })
            .collect();
        let mut sums = sums.into_iter();
        let first = sums.next().unwrap_or_else(|| Mat::zeros(self.data.ncols(), vectors.ncols()));
        sums.fold(first, |left, right| left + right)
    }
}

fn blocks(length: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..length).step_by(BLOCK).map(move |start| start..(start + BLOCK).min(length))
}

/// `Σ block · blockᵀ`, of which only the lower triangle is filled; the panels are shared among the threads.
fn symmetric(side: usize, parts: impl Iterator<Item = Mat<f64>>) -> Mat<f64> {
    let starts: Vec<usize> = (0..side).step_by(PANEL).collect();
    let mut panels: Vec<(usize, Mat<f64>)> =
        starts.iter().map(|start| (*start, Mat::zeros(side - start, PANEL.min(side - start)))).collect();
    for block in parts {
        panels.par_iter_mut().for_each(|(start, panel)| {
            let below = block.subrows(*start, side - *start);
            let beside = block.subrows(*start, panel.ncols());
            product(panel.as_mut(), Accum::Add, below, beside.transpose(), 1.0, Par::Seq);
        });
    }
    let mut whole = Mat::zeros(side, side);
    for (start, panel) in &panels {
        whole.submatrix_mut(*start, *start, side - start, panel.ncols()).copy_from(panel);
    }
    whole
}

/// The leading eigenpairs of a formed matrix: all of them at once where it is small, by iteration where it is not and
/// few are wanted.
fn leading(matrix: &Mat<f64>, count: usize, seed: Seed, method: Method) -> (Vec<f64>, Mat<f64>, Method) {
    let side = matrix.nrows();
    if side > DECOMPOSED_SIDE && count <= side / 10 {
        let whole = Mat::from_fn(side, side, |row, column| matrix[(row.max(column), row.min(column))]);
        return krylov(&|vectors| rows_times(&whole, vectors), side, count, seed);
    }
    let (values, vectors) = largest(matrix, count);
    (values, vectors, method)
}

/// `matrix · vectors`, a panel of rows at a time on all threads.
fn rows_times(matrix: &Mat<f64>, vectors: MatRef<f64>) -> Mat<f64> {
    let starts: Vec<usize> = (0..matrix.nrows()).step_by(PANEL).collect();
    let panels: Vec<Mat<f64>> = starts
        .par_iter()
        .map(|start| {
            let rows = matrix.subrows(*start, PANEL.min(matrix.nrows() - start));
            let mut panel = Mat::zeros(rows.nrows(), vectors.ncols());
            product(panel.as_mut(), Accum::Replace, rows, vectors, 1.0, Par::Seq);
            panel
        })
        .collect();
    let mut whole = Mat::zeros(matrix.nrows(), vectors.ncols());
    for (start, panel) in starts.iter().zip(&panels) {
        whole.subrows_mut(*start, panel.nrows()).copy_from(panel);
    }
    whole
}

/// The `count` largest eigenvalues and their vectors, from the lower triangle, in descending order.
fn largest(matrix: &Mat<f64>, count: usize) -> (Vec<f64>, Mat<f64>) {
    let side = matrix.nrows();
    // Finite input always decomposes; a table that is not finite gives axes that are left to `finish`.
    let Some((values, vectors)) = eigen(matrix.as_ref()) else {
        return (vec![0.0; count], Mat::zeros(side, count));
    };
    let order = (0..count).map(|rank| side - 1 - rank);
    let mut chosen = Mat::zeros(side, count);
    for (to, from) in order.clone().enumerate() {
        chosen.col_mut(to).copy_from(vectors.col(from));
    }
    (order.map(|from| values[from]).collect(), chosen)
}

/// Block Krylov iteration for the leading eigenvectors of a symmetric matrix known by its products: the basis grows by
/// the residuals of its Ritz vectors and restarts from the leading ones (Musco & Musco 2015 for the rate).
fn krylov(
    times: &dyn Fn(MatRef<f64>) -> Mat<f64>,
    side: usize,
    count: usize,
    seed: Seed,
) -> (Vec<f64>, Mat<f64>, Method) {
    let width = (count + (count / 2).max(10)).min(side);
    let mut generator = seed.stream(Stream::Sketch);
    let start: Mat<f64> = Mat::from_fn(side, width, |_, _| StandardNormal.sample(&mut generator));
    let mut basis = orthonormal(start.as_ref());
    let mut image = times(basis.as_ref());
    let mut passes = 1;
    loop {
        let mut small = Mat::zeros(basis.ncols(), basis.ncols());
        product(small.as_mut(), Accum::Replace, basis.transpose(), image.as_ref(), 1.0, Par::Seq);
        let (values, mixture) = largest(&small, width.min(basis.ncols()));
        let (ritz, applied) = (multiply(basis.as_ref(), mixture.as_ref()), multiply(image.as_ref(), mixture.as_ref()));
        let residual = Mat::from_fn(side, ritz.ncols(), |row, column| {
            applied[(row, column)] - values[column] * ritz[(row, column)]
        });
        let worst = (0..count).map(|axis| residual.col(axis).norm_l2()).fold(0.0, f64::max);
        let least = values[..count].last().map_or(0.0, |value| value.max(values[0] * 1e-10));
        if worst <= 1e-4 * least || passes == PASSES || basis.ncols() == side {
            return (values[..count].to_vec(), ritz.subcols(0, count).to_owned(), Method::Krylov { passes });
        }
        if basis.ncols() + width > (6 * width).min(side) {
            (basis, image) = (ritz, applied);
        }
        let fresh = outside(basis.as_ref(), residual);
        let fresh_image = times(fresh.as_ref());
        basis = beside(&basis, &fresh);
        image = beside(&image, &fresh_image);
        passes += 1;
    }
}

/// An orthonormal basis of what `vectors` add to the orthonormal `basis`.
fn outside(basis: MatRef<f64>, mut vectors: Mat<f64>) -> Mat<f64> {
    for _ in 0..2 {
        for column in 0..vectors.ncols() {
            let norm = vectors.col(column).norm_l2();
            vectors.col_mut(column).iter_mut().for_each(|entry| *entry /= norm.max(f64::MIN_POSITIVE));
        }
        let overlap = multiply(basis.transpose(), vectors.as_ref());
        product(vectors.as_mut(), Accum::Add, basis, overlap.as_ref(), -1.0, Par::Seq);
        vectors = orthonormal(vectors.as_ref());
    }
    vectors
}

fn beside(left: &Mat<f64>, right: &Mat<f64>) -> Mat<f64> {
    let split = left.ncols();
    let whole = |row, column| if column < split { left[(row, column)] } else { right[(row, column - split)] };
    Mat::from_fn(left.nrows(), split + right.ncols(), whole)
}

/// Axes as rows, orthonormal even where the data span fewer dimensions, each with its largest entry positive.
fn finish(mut vectors: Mat<f64>, values: &[f64]) -> Array2<f32> {
    let (features, count) = (vectors.nrows(), vectors.ncols());
    let floor = values.first().copied().unwrap_or(0.0) * 1e-12;
    let mut candidate = 0;
    for axis in 0..count {
        if !(values[axis] > floor) {
            // No direction of the data is left: the first coordinate that the axes so far do not cover serves.
            loop {
                vectors.col_mut(axis).iter_mut().for_each(|entry| *entry = 0.0);
                vectors[(candidate % features, axis)] = 1.0;
                candidate += 1;
                if away_from_earlier(&mut vectors, axis) > 0.5 / features as f64 || candidate > 2 * features {
                    break;
                }
            }
        }
        away_from_earlier(&mut vectors, axis);
        let norm = vectors.col(axis).norm_l2().max(f64::MIN_POSITIVE);
        let peak =
            vectors.col(axis).iter().fold(0.0_f64, |peak, entry| if entry.abs() > peak.abs() { *entry } else { peak });
        let scale = if peak < 0.0 { -norm } else { norm };
        vectors.col_mut(axis).iter_mut().for_each(|entry| *entry /= scale);
    }
    Array2::from_shape_fn((count, features), |(axis, feature)| vectors[(feature, axis)] as f32)
}

/// Removes from one axis what it shares with the earlier ones, twice; the squared length that is left.
fn away_from_earlier(vectors: &mut Mat<f64>, axis: usize) -> f64 {
    let (earlier, mut rest) = vectors.as_mut().split_at_col_mut(axis);
    let mut current = rest.as_mut().col_mut(0);
    for _ in 0..2 {
        for other in 0..axis {
            let other = earlier.as_ref().col(other);
            let overlap: f64 = other.iter().zip(current.as_ref().iter()).map(|(left, right)| left * right).sum();
            current.as_mut().iter_mut().zip(other.iter()).for_each(|(entry, other)| *entry -= overlap * other);
        }
    }
    current.as_ref().iter().map(|entry| entry * entry).sum()
}
