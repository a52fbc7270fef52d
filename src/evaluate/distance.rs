//! Distances whose order is exact, at nearly the price of a matrix product.
//!
//! Squared distances from an `f32` product, `|a|² + |b|² - 2 a·b`, are off by rounding, and ranks among
//! nearly equal distances then come out wrong. Here the product only gives bounds that are certain
//! (`|fl(a·b) - a·b| ≤ γ Σ|aᵢbᵢ|` for any order of summation; Higham, *Accuracy and Stability of Numerical
//! Algorithms*, 2nd ed., section 3.1), and the few pairs whose bounds overlap what they are compared with
//! are computed again as `Σ (aᵢ - bᵢ)²` in `f64`. Ties go to the lower row number.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView1, ArrayView2, CowArray, Ix2, s};

use crate::matmul::{Before, matmul};

/// Up to this width the `f64` sum of squares is as cheap as the product.
const DIRECT_COLUMNS: usize = 8;
/// So many columns are multiplied and summed in `f32`; their sums are added in `f64`. Fewer make the bounds
/// narrower and the products slower.
const PRODUCT_COLUMNS: usize = 256;

/// The rows of one space to which distances are measured, made ready for exact comparisons.
pub(super) struct Points<'a> {
    original: CowArray<'a, f32, Ix2>,
    /// Brings rows to where no product overflows; `None` where distances are computed directly.
    frame: Option<Frame>,
    /// The first row with the same bits: equal rows share one exact computation.
    first_equal: Vec<u32>,
}

/// The rows centered and scaled, for products.
struct Frame {
    means: Vec<f64>,
    /// A power of two that brings the largest value below 1.
    scale: f64,
    centered: Array2<f32>,
    norms: Vec<Bounds>,
}

/// Certain bounds of a squared norm, widened by what a product may be off.
type Bounds = (f64, f64);

/// What one thread needs to look from a block of rows to all points; made once, used for many blocks.
pub(super) struct Looks {
    products: Array2<f64>,
    part: Array2<f32>,
    norms: Vec<Bounds>,
}

impl Frame {
    fn new(original: ArrayView2<f32>) -> Self {
        let mut means = vec![0.0_f64; original.ncols()];
        for row in original.rows() {
            means.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value));
        }
        for mean in &mut means {
            *mean /= original.nrows().max(1) as f64;
        }
        let largest = original.rows().into_iter().fold(0.0_f64, |largest, row| {
            row.iter().zip(&means).fold(largest, |largest, (value, mean)| largest.max((f64::from(*value) - mean).abs()))
        });
        let scale = if largest > 0.0 { (-largest.log2().ceil()).exp2() } else { 1.0 };
        let mut frame = Self { means, scale, centered: Array2::zeros((0, 0)), norms: Vec::new() };
        (frame.centered, frame.norms) = frame.bring(original);
        frame
    }

    fn bring(&self, rows: ArrayView2<f32>) -> (Array2<f32>, Vec<Bounds>) {
        // γ for a product, 4 u for the rounding of centered values, the rest for sums in f64; 1 % to spare
        let summed = self.means.len().min(PRODUCT_COLUMNS) as f64;
        let slack = 1.01 * (summed + 8.0) * f64::from(f32::EPSILON) / 2.0;
        let mut centered = Array2::<f32>::zeros(rows.dim());
        let mut norms = Vec::with_capacity(rows.nrows());
        for (mut target, source) in centered.rows_mut().into_iter().zip(rows.rows()) {
            let mut norm = 0.0_f64;
            for ((target, source), mean) in target.iter_mut().zip(source).zip(&self.means) {
                *target = ((f64::from(*source) - mean) * self.scale) as f32;
                norm += f64::from(*target).powi(2);
            }
            norms.push(((1.0 - slack) * norm, (1.0 + slack) * norm));
        }
        (centered, norms)
    }
}

impl<'a> Points<'a> {
    /// `original`: `n × d`, finite, in standard layout.
    pub(super) fn new(original: CowArray<'a, f32, Ix2>) -> Self {
        assert!(original.is_standard_layout(), "rows must be contiguous");
        let first_equal = first_equal_rows(original.view());
        let frame = (original.ncols() > DIRECT_COLUMNS).then(|| Frame::new(original.view()));
        Self { original, frame, first_equal }
    }

    pub(super) fn rows(&self) -> usize {
        self.original.nrows()
    }

    pub(super) fn view(&self) -> ArrayView2<'_, f32> {
        self.original.view()
    }

    /// Room to look from up to `block` rows at once.
    pub(super) fn looks(&self, block: usize) -> Looks {
        let shape = if self.frame.is_some() { (block, self.rows()) } else { (0, 0) };
        Looks { products: Array2::zeros(shape), part: Array2::zeros(shape), norms: Vec::new() }
    }

    /// Looks from `rows` (at most the block the room was made for) to all points.
    ///
    pub(super) fn look(&self, rows: ArrayView2<f32>, looks: &mut Looks) {
        let Some(frame) = &self.frame else { return };
        let (centered, norms) = frame.bring(rows);
        looks.norms = norms;
        let within = ..rows.nrows();
        let mut products = looks.products.slice_mut(s![within, ..]);
        products.fill(0.0);
        for first in (0..rows.ncols()).step_by(PRODUCT_COLUMNS) {
            let columns = first..(first + PRODUCT_COLUMNS).min(rows.ncols());
            let (left, right) = (centered.slice(s![.., columns.clone()]), frame.centered.slice(s![.., columns]));
            matmul(left, right.t(), Before::Forget, looks.part.slice_mut(s![within, ..]));
            products.zip_mut_with(&looks.part.slice(s![within, ..]), |product, part| *product += f64::from(*part));
        }
    }

    /// Squared distances are in units of the scaled points.
    fn scale_squared(&self) -> f64 {
        self.frame.as_ref().map_or(1.0, |frame| frame.scale * frame.scale)
    }
}

/// One row's distances to all points, bounded, with exact values on demand.
pub(super) struct FromRow {
    /// The row itself, and its place among the points if it is one of them.
    values: Vec<f32>,
    own: Option<usize>,
    /// Certain bounds of each squared distance; infinite for the row itself.
    lower: Vec<f64>,
    upper: Vec<f64>,
    exact: Vec<f64>,
    /// At which call of [`FromRow::aim`] each exact value was computed.
    computed: Vec<u64>,
    aimed: u64,
}

impl FromRow {
    pub(super) fn new(points: usize) -> Self {
        Self {
            values: Vec::new(),
            own: None,
            lower: vec![0.0; points],
            upper: vec![0.0; points],
            exact: vec![0.0; points],
            computed: vec![0; points],
            aimed: 0,
        }
    }

    /// Looks from `values`, the row at `place` of the block that `looks` looked from.
    pub(super) fn aim(
        &mut self,
        points: &Points,
        values: ArrayView1<f32>,
        own: Option<usize>,
        looks: &Looks,
        place: usize,
    ) {
        self.values.clear();
        self.values.extend(values);
        self.own = own;
        self.aimed += 1;
        let bounds = self.lower.iter_mut().zip(&mut self.upper);
        if let Some(frame) = &points.frame {
            /// Products of subnormal numbers lose more than their share.
            const UNDERFLOW: f64 = 1e-36;
            let (own_lower, own_upper) = looks.norms[place];
            let (own_lower, own_upper) = (own_lower - UNDERFLOW, own_upper + UNDERFLOW);
            for ((lower, upper), ((low, high), product)) in
                bounds.zip(frame.norms.iter().zip(looks.products.row(place)))
            {
                let twice = 2.0 * product;
                *lower = own_lower + low - twice;
                *upper = own_upper + high - twice;
            }
        } else {
            for ((lower, upper), other) in bounds.zip(points.original.rows()) {
                *lower = squared_distance(&self.values, contiguous(&other));
                *upper = *lower;
            }
        }
        if let Some(own) = own {
            self.lower[own] = f64::INFINITY;
            self.upper[own] = f64::INFINITY;
        }
    }

    /// Adds the distances to all other rows (not squared, not scaled), good to some 1e-6 of the data's spread,
    /// up by `class`; rows whose class is `sums.len()` or more are left out.
    pub(super) fn add_distances(&self, points: &Points, class: &[u32], sums: &mut [f64]) {
        let unit = points.frame.as_ref().map_or(1.0, |frame| 1.0 / frame.scale);
        for (other, ((lower, upper), class)) in self.lower.iter().zip(&self.upper).zip(class).enumerate() {
            if let (Some(sum), true) = (sums.get_mut(*class as usize), Some(other) != self.own) {
                *sum += f64::midpoint(*lower, *upper).max(0.0).sqrt();
            }
        }
        for sum in sums {
            *sum *= unit;
        }
    }

    pub(super) fn exact(&mut self, points: &Points, other: usize) -> f64 {
        let first = points.first_equal[other] as usize;
        if self.computed[first] != self.aimed {
            self.computed[first] = self.aimed;
            let to = points.original.row(first);
            self.exact[first] = squared_distance(&self.values, contiguous(&to)) * points.scale_squared();
        }
        self.exact[first]
    }

    /// The `count` nearest rows among those `admitted`, nearest first, the row itself left out.
    pub(super) fn nearest(&mut self, points: &Points, count: usize, admitted: Option<&[bool]>) -> Vec<u32> {
        let admits = |other: usize| admitted.is_none_or(|admitted| admitted[other]);
        // the count-th smallest upper bound: whatever lies surely above it is no candidate
        let mut smallest: Vec<f64> = Vec::with_capacity(count + 1);
        let mut limit = f64::INFINITY;
        for (other, upper) in self.upper.iter().enumerate() {
            if *upper < limit && admits(other) {
                let place = smallest.partition_point(|kept| kept <= upper);
                smallest.insert(place, *upper);
                if smallest.len() >= count {
                    smallest.truncate(count);
                    limit = smallest[count - 1];
                }
            }
        }
        let candidates: Vec<usize> = (0..self.lower.len())
            .filter(|other| self.lower[*other] <= limit && Some(*other) != self.own && admits(*other))
            .collect();
        let mut candidates: Vec<(f64, u32)> =
            candidates.into_iter().map(|other| (self.exact(points, other), other as u32)).collect();
        candidates.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        candidates.truncate(count);
        candidates.into_iter().map(|(_, other)| other).collect()
    }

    /// The rank (1 = nearest) of each of `targets` among all other rows.
    pub(super) fn ranks(&mut self, points: &Points, targets: &[u32]) -> Vec<(u32, u64)> {
        if targets.is_empty() {
            return Vec::new();
        }
        let mut sorted: Vec<(f64, u32)> =
            targets.iter().map(|target| (self.exact(points, *target as usize), *target)).collect();
        sorted.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        // at[p]: rows that come before target p and all later ones, but not before target p - 1
        let mut at = vec![0_u64; sorted.len() + 1];
        let farthest = sorted[sorted.len() - 1].0;
        for other in 0..self.lower.len() {
            let (lower, upper) = (self.lower[other], self.upper[other]);
            if lower > farthest || Some(other) == self.own {
                continue;
            }
            let first = sorted.partition_point(|(distance, _)| *distance < lower);
            let last = sorted.partition_point(|(distance, _)| *distance <= upper);
            let place = if first == last {
                first
            } else {
                let exact = self.exact(points, other);
                sorted.partition_point(|(distance, target)| {
                    *distance < exact || (*distance == exact && (*target as usize) < other)
                })
            };
            at[place] += 1;
        }
        let mut rank = 0;
        sorted
            .iter()
            .zip(at)
            .map(|((_, target), count)| {
                rank += count;
                (*target, rank)
            })
            .collect()
    }
}

/// `Σ (aᵢ - bᵢ)²` in `f64`, eight sums side by side in a fixed order.
pub(super) fn squared_distance(left: &[f32], right: &[f32]) -> f64 {
    let mut sums = [0.0_f64; 8];
    let (left_chunks, right_chunks) = (left.chunks_exact(8), right.chunks_exact(8));
    let rest: f64 = left_chunks
        .remainder()
        .iter()
        .zip(right_chunks.remainder())
        .map(|(left, right)| (f64::from(*left) - f64::from(*right)).powi(2))
        .sum();
    for (left, right) in left_chunks.zip(right_chunks) {
        for lane in 0..8 {
            let difference = f64::from(left[lane]) - f64::from(right[lane]);
            sums[lane] += difference * difference;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// A row of an array in standard layout.
fn contiguous<'a>(row: &'a ArrayView1<f32>) -> &'a [f32] {
    row.as_slice().expect("rows are contiguous")
}

fn first_equal_rows(points: ArrayView2<f32>) -> Vec<u32> {
    let mut by_digest: HashMap<u64, Vec<u32>> = HashMap::new();
    let mut first = Vec::with_capacity(points.nrows());
    for (row, values) in points.rows().into_iter().enumerate() {
        // FNV-1a over the bits, zero and minus zero alike
        let digest = values.iter().fold(0xcbf2_9ce4_8422_2325_u64, |digest, value| {
            (digest ^ u64::from((value + 0.0).to_bits())).wrapping_mul(0x100_0000_01b3)
        });
        let alike = by_digest.entry(digest).or_default();
        let equal = alike.iter().copied().find(|other| points.row(*other as usize) == values);
        if equal.is_none() {
            alike.push(row as u32);
        }
        first.push(equal.unwrap_or(row as u32));
    }
    first
}
