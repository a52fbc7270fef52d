//! The kernel of every neighbor search: scores by matrix products, the best by a running threshold.
//!
//! For a query `q` and candidates `c`, all centered, the nearest have the greatest score
//!
//! ```text
//! s(c) = q·c − ½|c|² = ½|q|² − ½|q − c|²
//! ```
//!
//! A score in `f32` is off by at most `γ (|q|² + |c|²)` with `γ = (d + 16) · 2⁻²⁴` (Higham, Accuracy and Stability
//! of Numerical Algorithms, 3.1, and the rounding of centering). Whatever could be among the nearest within that
//! bound is kept and measured anew as a sum of squared differences in `f64`, so that the result is exact, ties
//! included, and depends neither on the processor nor on the shape of the blocks.

use ndarray::{Array2, ArrayView1, ArrayView2, s};
use rayon::prelude::*;

use crate::matmul::{Before, matmul};

/// Queries that share a product.
pub(super) const QUERIES: usize = 128;
/// Candidates that share a product.
const CANDIDATES: usize = 512;
/// Scores that are compared with the threshold at once.
const LANES: usize = 32;
/// Rows from which a center is estimated.
const CENTER_ROWS: usize = 255;

/// Rows as the kernel wants them: seen through a shift to a center and a scale by a power of two.
pub(super) struct Rows<'a> {
    values: ArrayView2<'a, f32>,
    frame: &'a Frame,
    squared_norms: Vec<f32>,
}

/// The shift and scale that keep products small and exact.
pub(super) struct Frame {
    center: Vec<f32>,
    scale: f32,
    rounding: f32,
}

/// The buffers of one thread.
pub(super) struct Scratch {
    queries: Array2<f32>,
    candidates: Array2<f32>,
    scores: Array2<f32>,
    upper: Vec<f32>,
    candidate_ids: Vec<u32>,
    best: Vec<Best>,
    measured: Vec<(f64, u32)>,
    lower: Vec<f32>,
}

/// The candidates of one query that may still be among its nearest.
#[derive(Clone, Default)]
struct Best {
    upper: Vec<f32>,
    ids: Vec<u32>,
    filled: usize,
    threshold: f32,
}

impl Frame {
    /// A frame for `values`: centered at the median of some rows (which an outlier does not move), scaled so that
    /// no square overflows.
    pub(super) fn around(values: ArrayView2<f32>) -> Self {
        let (rows, columns) = values.dim();
        let step = rows.div_ceil(CENTER_ROWS).max(1);
        let center: Vec<f32> = (0..columns)
            .map(|column| {
                let mut sample: Vec<f32> = values.slice(s![..;step, column]).to_vec();
                let middle = sample.len() / 2;
                if sample.is_empty() { 0.0 } else { *sample.select_nth_unstable_by(middle, f32::total_cmp).1 }
            })
            .collect();
        let largest = values.rows().into_iter().fold(0.0_f32, |largest, row| {
            // Halves, because a difference of finite numbers may be infinite.
            row.iter()
                .zip(&center)
                .fold(largest, |largest, (value, center)| largest.max((value / 2.0 - center / 2.0).abs()))
        });
        let scale = if largest > 0.0 { 0.25 * (-largest.log2().ceil()).clamp(-120.0, 120.0).exp2() } else { 1.0 };
        let rounding = (columns as f32 + 16.0) * f32::EPSILON / 2.0;
        Self { center, scale, rounding }
    }

    /// A row, shifted and scaled.
    pub(super) fn apply(&self, row: ArrayView1<f32>, mut out: ndarray::ArrayViewMut1<f32>) {
        let moved = |value: f32, center: f32| value * self.scale - center * self.scale;
        match (row.to_slice(), out.as_slice_mut()) {
            (Some(row), Some(out)) => {
                for ((out, value), center) in out.iter_mut().zip(row).zip(&self.center) {
                    *out = moved(*value, *center);
                }
            }
            _ => row
                .iter()
                .zip(&self.center)
                .zip(&mut out)
                .for_each(|((value, center), out)| *out = moved(*value, *center)),
        }
    }
}

impl<'a> Rows<'a> {
    pub(super) fn new(values: ArrayView2<'a, f32>, frame: &'a Frame) -> Self {
        let columns = values.ncols();
        let squared_norms = (0..values.nrows())
            .into_par_iter()
            .map_init(
                || ndarray::Array1::zeros(columns),
                |moved: &mut ndarray::Array1<f32>, row| {
                    frame.apply(values.row(row), moved.view_mut());
                    moved.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() as f32
                },
            )
            .collect();
        Self { values, frame, squared_norms }
    }
}

/// The squared distance between two rows, as a sum in `f64` of fixed order.
pub(super) fn squared_distance(left: ArrayView1<f32>, right: ArrayView1<f32>) -> f64 {
    match (left.to_slice(), right.to_slice()) {
        (Some(left), Some(right)) => sum_of_squares(left.iter(), right.iter()),
        _ => sum_of_squares(left.iter(), right.iter()),
    }
}

#[inline]
fn sum_of_squares<'a>(left: impl Iterator<Item = &'a f32>, right: impl Iterator<Item = &'a f32>) -> f64 {
    let mut sums = [0.0_f64; 8];
    for (position, (left, right)) in left.zip(right).enumerate() {
        let difference = f64::from(*left) - f64::from(*right);
        sums[position % 8] += difference * difference;
    }
    sums.iter().sum()
}

impl Scratch {
    pub(super) fn new(columns: usize) -> Self {
        Self {
            queries: Array2::zeros((QUERIES, columns)),
            candidates: Array2::zeros((CANDIDATES, columns)),
            scores: Array2::zeros((QUERIES, CANDIDATES)),
            upper: vec![0.0; CANDIDATES],
            candidate_ids: vec![0; CANDIDATES],
            best: vec![Best::default(); QUERIES],
            measured: Vec::new(),
            lower: Vec::new(),
        }
    }

    /// Finds the `count` candidates nearest to each query and hands them to `take` (place among the queries,
    /// squared distances and ids, nearest first, ties in order of the id). `skip` tells which id a query itself has
    /// among the candidates.
    ///
    /// # Panics
    /// If more than [`QUERIES`] queries are given.
    pub(super) fn nearest(
        &mut self,
        (queries, query_ids): (&Rows<'_>, &[u32]),
        (candidates, candidate_ids): (&Rows<'_>, &mut impl Iterator<Item = u32>),
        count: usize,
        skip: impl Fn(u32) -> Option<u32>,
        mut take: impl FnMut(usize, &[(f64, u32)]),
    ) {
        assert!(query_ids.len() <= QUERIES, "a block of queries is too large");
        let gamma = queries.frame.rounding;
        let wanted = count + 1;
        for (place, id) in query_ids.iter().enumerate() {
            queries.frame.apply(queries.values.row(*id as usize), self.queries.row_mut(place));
            self.best[place].reset(wanted);
        }
        loop {
            let mut filled = 0;
            for id in candidate_ids.by_ref().take(CANDIDATES) {
                candidates.frame.apply(candidates.values.row(id as usize), self.candidates.row_mut(filled));
                let squared = candidates.squared_norms[id as usize];
                self.upper[filled] = squared * (gamma - 0.5);
                self.candidate_ids[filled] = id;
                filled += 1;
            }
            if filled == 0 {
                break;
            }
            self.upper[filled..].fill(f32::NEG_INFINITY);
            matmul(
                self.queries.slice(s![..query_ids.len(), ..]),
                self.candidates.slice(s![..filled, ..]).t(),
                Before::Forget,
                self.scores.slice_mut(s![..query_ids.len(), ..filled]),
            );
            let Self { scores, upper, candidate_ids, best, lower, .. } = self;
            let block = filled.next_multiple_of(LANES);
            pulp::Arch::new().dispatch(|| {
                for (place, id) in query_ids.iter().enumerate() {
                    let Some(scores) = scores.row(place).to_slice() else { unreachable!("scores are contiguous") };
                    let slack = 2.0 * gamma * queries.squared_norms[*id as usize];
                    let best = &mut best[place];
                    if best.room() < block {
                        best.shrink(wanted, slack, gamma, &candidates.squared_norms, lower);
                        best.make_room(block);
                    }
                    best.absorb(&scores[..block], &upper[..block], &candidate_ids[..block]);
                }
            });
        }
        for (place, id) in query_ids.iter().enumerate() {
            let slack = 2.0 * gamma * queries.squared_norms[*id as usize];
            let best = &mut self.best[place];
            best.shrink(wanted, slack, gamma, &candidates.squared_norms, &mut self.lower);
            let skipped = skip(*id);
            self.measured.clear();
            self.measured.extend(best.ids[..best.filled].iter().filter(|other| Some(**other) != skipped).map(
                |other| {
                    let (left, right) = (queries.values.row(*id as usize), candidates.values.row(*other as usize));
                    (squared_distance(left, right), *other)
                },
            ));
            let order = |left: &(f64, u32), right: &(f64, u32)| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1));
            if self.measured.len() > count {
                self.measured.select_nth_unstable_by(count, order);
                self.measured.truncate(count);
            }
            self.measured.sort_unstable_by(order);
            take(place, &self.measured);
        }
    }
}

impl Best {
    fn reset(&mut self, wanted: usize) {
        self.filled = 0;
        self.threshold = f32::MIN;
        let room = 3 * wanted + 2 * CANDIDATES;
        if self.ids.len() < room {
            self.upper.resize(room, 0.0);
            self.ids.resize(room, 0);
        }
    }

    fn room(&self) -> usize {
        self.ids.len() - self.filled
    }

    /// Grows where what must be kept leaves too little room: many ties.
    fn make_room(&mut self, block: usize) {
        if self.room() < 2 * block {
            let room = 2 * self.ids.len();
            self.upper.resize(room, 0.0);
            self.ids.resize(room, 0);
        }
    }

    /// Takes in the candidates whose score may still count. There must be room for all of them.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it must be compiled for the processor at hand together with its caller")]
    fn absorb(&mut self, scores: &[f32], upper: &[f32], ids: &[u32]) {
        let mut filled = self.filled;
        for ((scores, upper), ids) in
            scores.chunks_exact(LANES).zip(upper.chunks_exact(LANES)).zip(ids.chunks_exact(LANES))
        {
            let mut sums = [0.0_f32; LANES];
            let mut hits = 0_u32;
            for lane in 0..LANES {
                sums[lane] = scores[lane] + upper[lane];
                hits += u32::from(sums[lane] >= self.threshold);
            }
            if hits == 0 {
                continue;
            }
            let (kept_upper, kept_ids) =
                (&mut self.upper[filled..filled + LANES], &mut self.ids[filled..filled + LANES]);
            let mut kept = 0;
            for lane in 0..LANES {
                // Written in any case and overwritten by the next one, which is quicker than asking.
                kept_upper[kept % LANES] = sums[lane];
                kept_ids[kept % LANES] = ids[lane];
                kept += usize::from(sums[lane] >= self.threshold);
            }
            filled += kept;
        }
        self.filled = filled;
    }

    /// Raises the threshold to what the best `wanted` of now guarantee, and drops what lies below.
    fn shrink(&mut self, wanted: usize, slack: f32, gamma: f32, squared_norms: &[f32], lower: &mut Vec<f32>) {
        if self.filled <= wanted {
            return;
        }
        lower.clear();
        lower.extend(
            self.upper[..self.filled]
                .iter()
                .zip(&self.ids)
                .map(|(upper, id)| upper - 2.0 * gamma * squared_norms[*id as usize]),
        );
        let (_, guaranteed, _) = lower.select_nth_unstable_by(wanted - 1, |left, right| right.total_cmp(left));
        self.threshold = *guaranteed - slack - f32::MIN_POSITIVE;
        let mut kept = 0;
        for place in 0..self.filled {
            if self.upper[place] >= self.threshold {
                self.upper[kept] = self.upper[place];
                self.ids[kept] = self.ids[place];
                kept += 1;
            }
        }
        self.filled = kept;
    }
}
