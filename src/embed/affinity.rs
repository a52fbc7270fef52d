//! How much each row belongs with its neighbors, in the codes.
//!
//! ```text
//! p(j|i) ∝ exp(−β_i |x_i − x_j|²),   β_i such that the entropy of p(·|i) is ln(perplexity)
//! P_ij   = (p(j|i) + p(i|j)) / 2n
//! ```
//!
//! van der Maaten and Hinton, Visualizing Data using t-SNE, JMLR 9 (2008), over the 3 · perplexity nearest rows only
//! as in van der Maaten, Accelerating t-SNE using Tree-Based Algorithms, JMLR 15 (2014). Several perplexities are
//! mixed with equal weight (Kobak and Berens, The art of using t-SNE for single-cell transcriptomics, 2019).

use rayon::prelude::*;

use crate::neighbors::Neighbors;

/// How near the entropy of a row comes to `ln(perplexity)`.
const ENTROPY_TOLERANCE: f64 = 1e-9;
/// Steps after which a search ends; Newton's method takes some five.
const SEARCH_STEPS: usize = 200;

/// A symmetric sparse matrix that sums to 1: which rows attract each other, and how much.
#[derive(Debug, Clone, PartialEq)]
pub struct Affinities {
    /// Where each row begins in `columns` and `values`; one more than there are rows.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Affinities {
    /// The affinities of neighbors at the given perplexities, each over its `3 · perplexity` nearest of them.
    ///
    /// # Panics
    /// If there are no perplexities or fewer neighbors than the largest needs.
    #[must_use]
    pub fn new(neighbors: &Neighbors, perplexities: &[f64]) -> Self {
        let used = perplexities.iter().copied().map(neighbors_needed).max().expect("at least one perplexity");
        assert!(used <= neighbors.count(), "fewer neighbors than the perplexity needs");
        let count = neighbors.count();
        let distances = neighbors.distances.as_standard_layout();
        let mut conditional = vec![0.0_f32; neighbors.rows() * used];
        conditional.par_chunks_mut(used).enumerate().for_each_init(Vec::new, |weights, (row, out)| {
            let distances = distances.row(row);
            let Some(distances) = distances.to_slice() else { unreachable!("the layout is standard") };
            mixture(distances, perplexities, weights, out);
        });
        let indices = neighbors.indices.as_standard_layout();
        let Some(indices) = indices.as_slice() else { unreachable!("the layout is standard") };
        symmetric(&Conditional { indices, count, values: &conditional, used })
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows that attract `row`, ascending, and how much.
    #[must_use]
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let entries = self.starts[row]..self.starts[row + 1];
        (&self.columns[entries.clone()], &self.values[entries])
    }

    /// Σ P ln P, the part of the divergence that the embedding does not change.
    #[must_use]
    pub fn negative_entropy(&self) -> f64 {
        self.values
            .iter()
            .map(|value| f64::from(*value))
            .filter(|value| *value > 0.0)
            .map(|value| value * value.ln())
            .sum()
    }

    /// The same affinities with row `order[i]` as row `i`.
    #[must_use]
    pub fn reordered(&self, order: &[u32]) -> Self {
        let mut place = vec![0_u32; order.len()];
        (0..).zip(order).for_each(|(new, old)| place[*old as usize] = new);
        let starts = starts_of(order.iter().map(|old| self.row(*old as usize).0.len()));
        let mut columns = vec![0; self.columns.len()];
        let mut values = vec![0.0; self.values.len()];
        let rows = split_rows(&mut columns, &starts).into_par_iter().zip(split_rows(&mut values, &starts));
        rows.zip(order).for_each_init(Vec::new, |entries, ((columns, values), old)| {
            let (old_columns, old_values) = self.row(*old as usize);
            entries.clear();
            entries.extend(old_columns.iter().map(|column| place[*column as usize]).zip(old_values.iter().copied()));
            entries.sort_unstable_by_key(|(column, _)| *column);
            for ((column, value), entry) in columns.iter_mut().zip(values).zip(entries) {
                (*column, *value) = *entry;
            }
        });
        Self { starts, columns, values }
    }
}

/// The neighbors over which a perplexity is spread: three times as many, at least one.
pub(super) fn neighbors_needed(perplexity: f64) -> usize {
    let count = (3.0 * perplexity).floor() as usize;
    count.max(1)
}

/// Mean of the conditional affinities of one row at every perplexity.
pub(super) fn mixture(distances: &[f32], perplexities: &[f64], weights: &mut Vec<f64>, out: &mut [f32]) {
    out.fill(0.0);
    for perplexity in perplexities {
        let count = neighbors_needed(*perplexity).min(distances.len());
        conditional(&distances[..count], *perplexity, weights);
        for (out, weight) in out.iter_mut().zip(weights.iter()) {
            *out += (weight / perplexities.len() as f64) as f32;
        }
    }
}

/// The affinities of one row to neighbors at `distances` (ascending): they sum to 1 and their entropy is
/// `ln(perplexity)`.
///
/// Where more neighbors tie for the nearest than the perplexity, no bandwidth will do, and these share all of it.
fn conditional(distances: &[f32], perplexity: f64, weights: &mut Vec<f64>) {
    let target = perplexity.ln();
    let nearest = f64::from(distances[0]).powi(2);
    let squared = |distance: &f32| f64::from(*distance).powi(2) - nearest;
    let (tied, count) =
        (distances.iter().filter(|distance| squared(distance) <= 0.0).count() as f64, distances.len() as f64);
    weights.clear();
    if tied.ln() >= target {
        weights.extend(distances.iter().map(|distance| if squared(distance) <= 0.0 { 1.0 / tied } else { 0.0 }));
        return;
    }
    weights.resize(distances.len(), 0.0);
    let mean = distances.iter().map(squared).sum::<f64>() / (count - tied);
    let mut precision = -mean.ln();
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for _ in 0..SEARCH_STEPS {
        let beta = precision.exp();
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for (weight, distance) in weights.iter_mut().zip(distances) {
            let exponent = beta * squared(distance);
            *weight = (-exponent).exp();
            sum += *weight;
            first += *weight * exponent;
            second += *weight * exponent * exponent;
        }
        let (first, second) = (first / sum, second / sum);
        let excess = sum.ln() + first - target;
        if excess.abs() < ENTROPY_TOLERANCE {
            break;
        }
        // The entropy falls with the precision: d H / d ln β = −Var(β d²).
        if excess > 0.0 {
            low = precision;
        } else {
            high = precision;
        }
        let newton = precision + (excess / (second - first * first)).clamp(-4.0, 4.0);
        precision = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        if !precision.is_finite() || high - low < 1e-14 * precision.abs() {
            break;
        }
    }
    let sum: f64 = weights.iter().sum();
    for weight in weights.iter_mut() {
        *weight /= sum;
    }
}

/// Conditional affinities of `used` of the `count` neighbors of every row.
struct Conditional<'a> {
    indices: &'a [u32],
    count: usize,
    values: &'a [f32],
    used: usize,
}

impl Conditional<'_> {
    fn row(&self, row: usize) -> impl Iterator<Item = (u32, f32)> {
        let indices = &self.indices[row * self.count..][..self.used];
        indices.iter().copied().zip(self.values[row * self.used..][..self.used].iter().copied())
    }
}

/// `(p(j|i) + p(i|j)) / 2n`, row by row: a row's own neighbors merged with those that have it as a neighbor.
fn symmetric(conditional: &Conditional<'_>) -> Affinities {
    let rows = conditional.indices.len() / conditional.count;
    let mut sizes = vec![0_usize; rows];
    for row in 0..rows {
        conditional.row(row).for_each(|(other, _)| sizes[other as usize] += 1);
    }
    let reverse_starts = starts_of(sizes.into_iter());
    let mut filled = reverse_starts.clone();
    let mut reverse = vec![(0_u32, 0.0_f32); rows * conditional.used];
    for (row, number) in (0..rows).zip(0_u32..) {
        for (other, value) in conditional.row(row) {
            let place = &mut filled[other as usize];
            reverse[*place] = (number, value);
            *place += 1;
        }
    }
    let merged = |row: usize, own: &mut Vec<(u32, f32)>, emit: &mut dyn FnMut(u32, f32)| {
        own.clear();
        own.extend(conditional.row(row));
        own.sort_unstable_by_key(|(other, _)| *other);
        merge(own, &reverse[reverse_starts[row]..reverse_starts[row + 1]], emit);
    };
    let sizes: Vec<usize> = (0..rows)
        .into_par_iter()
        .map_init(Vec::new, |own, row| {
            let mut size = 0;
            merged(row, own, &mut |_, _| size += 1);
            size
        })
        .collect();
    let starts = starts_of(sizes.into_iter());
    let mut columns = vec![0; starts[rows]];
    let mut values = vec![0.0; starts[rows]];
    let scale = 0.5 / rows as f64;
    split_rows(&mut columns, &starts).into_par_iter().zip(split_rows(&mut values, &starts)).enumerate().for_each_init(
        Vec::new,
        |own, (row, (columns, values))| {
            let mut place = 0;
            merged(row, own, &mut |column, value| {
                columns[place] = column;
                values[place] = (f64::from(value) * scale) as f32;
                place += 1;
            });
        },
    );
    Affinities { starts, columns, values }
}

/// Walks two ascending lists at once and adds where both have an entry.
fn merge(left: &[(u32, f32)], right: &[(u32, f32)], emit: &mut dyn FnMut(u32, f32)) {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (Some((one, value)), Some((other, more))) if one == other => {
                emit(*one, value + more);
                left.next();
                right.next();
            }
            (Some((one, value)), Some((other, _))) if one < other => {
                emit(*one, *value);
                left.next();
            }
            (Some((one, value)), None) => {
                emit(*one, *value);
                left.next();
            }
            (_, Some((other, value))) => {
                emit(*other, *value);
                right.next();
            }
            (None, None) => return,
        }
    }
}

fn starts_of(sizes: impl Iterator<Item = usize>) -> Vec<usize> {
    let ends = sizes.scan(0, |end, size| {
        *end += size;
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

/// One slice for each row, so that rows can be written in parallel.
fn split_rows<'a, T>(mut values: &'a mut [T], starts: &[usize]) -> Vec<&'a mut [T]> {
    let mut rows = Vec::with_capacity(starts.len() - 1);
    for bounds in starts.windows(2) {
        let (row, rest) = values.split_at_mut(bounds[1] - bounds[0]);
        rows.push(row);
        values = rest;
    }
    rows
}

#[cfg(test)]
#[path = "affinity_tests.rs"]
mod tests;
