//! Products with rows that mostly stand at the commonest value of every column: only what differs is multiplied.
//!
//! Counts, images and one-hot levels are like that. With `c` the row of commonest values, `x·W = c·W + (x - c)·W`, and
//! the gradient of `W` is `Σ xᵀg = cᵀ·Σg + Σ (x - c)ᵀg`; `x - c` is exactly zero wherever a value is the commonest one. The
//! dense side is copied in panels that stay in the nearest cache, at whole cache lines: across their borders, the products
//! took half as long again.

use std::ops::Range;

use ndarray::{ArrayView2, s};

use super::layout::Layout;
use super::math::wide;
use super::network::{CHUNK, Chunk, Scaling};
use super::options::{Corruption, Options};

/// Rows are sparse where at most this share of their values differs from the commonest. At a fifth (MNIST) both products
/// take 0.3 to 0.4 of the dense ones' time with 512-bit instructions; narrower ones favor them further.
const SPARSE: f64 = 0.25;

/// Rows that decide what is the commonest value, at most.
const LOOKED_AT: usize = 1_024;

/// Columns of a block: its part of the dense side fills one panel.
const BLOCK: usize = 128;

/// Columns of the dense side that are taken together.
const LANES: usize = 64;

/// Where the sum of all rows stands in a panel of gradients, after the rows.
const SUM: usize = CHUNK;

/// Lines of the dense side, side by side, padded with zeros.
#[repr(align(64))]
struct Panel([[f32; LANES]; BLOCK]);

/// What differs from zero in the lines of a sparse matrix, block by block.
#[derive(Debug, Clone, Default)]
struct Entries {
    /// Where the entries of line `l` in block `b` start: at `b · lines + l`.
    starts: Vec<u32>,
    /// Places within the block.
    places: Vec<u8>,
    values: Vec<f32>,
}

/// The sparse rows of a chunk.
#[derive(Debug, Clone, Default)]
pub(super) struct Sparse {
    /// Line 0 is the row of commonest values, then every row's differences from it.
    rows: Entries,
    lines: usize,
    /// The same by columns, as one block; place [`SUM`] is the row of commonest values.
    columns: Entries,
    next: Vec<u32>,
}

/// The commonest input of every column (as the network sees it) where rows are sparse, else nothing.
///
/// What is random about the inputs leaves no value the commonest.
pub(super) fn commonest(
    options: &Options,
    layout: &Layout,
    scaling: &Scaling,
    data: ArrayView2<f32>,
    training: &[usize],
) -> Vec<f32> {
    if options.corruption != Corruption::None || options.training.dropout.single() > 0.0 {
        return Vec::new();
    }
    let mut chunk = Chunk::new(layout);
    let step = training.len().div_ceil(LOOKED_AT).max(1);
    let rows = || training.iter().step_by(step);
    // The vote of Boyer and Moore (1991): whatever more than half the rows have is left.
    let mut votes = vec![(0.0_f32, 0_u32); layout.columns];
    for row in rows() {
        chunk.take(0, data.row(*row), layout, scaling);
        for (value, (common, lead)) in chunk.input.row(0).iter().zip(&mut votes) {
            if *lead == 0 {
                (*common, *lead) = (*value, 1);
            } else if value == common {
                *lead += 1;
            } else {
                *lead -= 1;
            }
        }
    }
    let common: Vec<f32> = votes.into_iter().map(|(common, _)| common).collect();
    let mut differing = 0;
    for row in rows() {
        chunk.take(0, data.row(*row), layout, scaling);
        differing += chunk.input.row(0).iter().zip(&common).filter(|(value, common)| value != common).count();
    }
    let values = rows().count() * layout.columns;
    if differing as f64 <= SPARSE * values as f64 { common } else { Vec::new() }
}

impl Sparse {
    /// Takes in `rows` (row-major), which mostly are `common`.
    pub(super) fn gather(&mut self, rows: &[f32], common: &[f32]) {
        self.lines = rows.len() / common.len().max(1) + 1;
        gather(&mut self.rows, rows, common);
    }

    /// Lists the same by columns, for [`add_gradient`](Self::add_gradient).
    pub(super) fn turn(&mut self, columns: usize) {
        let Self { rows, lines, columns: to, next } = self;
        next.clear();
        next.resize(columns + 1, 0);
        // block, line and entries, in order
        let spans = || rows.starts.windows(2).enumerate().map(|(span, ends)| (span / *lines, span % *lines, ends));
        let within = |ends: &[u32]| ends[0] as usize..ends[1] as usize;
        for (block, _, ends) in spans() {
            for place in &rows.places[within(ends)] {
                next[block * BLOCK + usize::from(*place) + 1] += 1;
            }
        }
        for column in 0..columns {
            next[column + 1] += next[column];
        }
        to.starts.clone_from(next);
        let count = next[columns] as usize;
        to.places.resize(count.max(to.places.len()), 0);
        to.values.resize(count.max(to.values.len()), 0.0);
        for (block, line, ends) in spans() {
            let line = if line == 0 { SUM } else { line - 1 } as u8;
            for (place, value) in rows.places[within(ends)].iter().zip(&rows.values[within(ends)]) {
                let at = &mut next[block * BLOCK + usize::from(*place)];
                (to.places[*at as usize], to.values[*at as usize]) = (line, *value);
                *at += 1;
            }
        }
    }

    /// `out = rows · weights` or `out += rows · weights`; `out` is row-major, its rows as wide as `weights`.
    pub(super) fn product(&self, weights: ArrayView2<f32>, keep: bool, out: &mut [f32]) {
        let mut panel = Panel([[0.0; LANES]; BLOCK]);
        let Entries { starts, places, values } = &self.rows;
        let width = weights.ncols();
        for first in (0..width).step_by(LANES) {
            let last = width.min(first + LANES);
            let mut common = [0.0; LANES];
            for (block, starts) in starts.windows(self.lines + 1).step_by(self.lines).enumerate() {
                let inputs = block * BLOCK..weights.nrows().min((block + 1) * BLOCK);
                panel.copy(weights.slice(s![inputs, first..last]));
                add_lines(&starts[..2], places, values, &panel, block > 0, &mut common, (LANES, 0..LANES));
                add_lines(&starts[1..], places, values, &panel, block > 0 || keep, out, (width, first..last));
            }
            if common.iter().any(|value| *value != 0.0) {
                for row in out.chunks_mut(width) {
                    row[first..last].iter_mut().zip(&common).for_each(|(value, common)| *value += common);
                }
            }
        }
    }

    /// `out = rowsᵀ · gradients` or `out += rowsᵀ · gradients` for these columns of the rows; `out` is row-major, its rows
    /// as wide as `gradients`.
    pub(super) fn add_gradient(&self, columns: Range<usize>, gradients: ArrayView2<f32>, keep: bool, out: &mut [f32]) {
        let mut panel = Panel([[0.0; LANES]; BLOCK]);
        let Entries { starts, places, values } = &self.columns;
        let starts = &starts[columns.start..=columns.end];
        let width = gradients.ncols();
        for first in (0..width).step_by(LANES) {
            let last = width.min(first + LANES);
            panel.copy(gradients.slice(s![.., first..last]));
            let (rows, sum) = panel.0.split_at_mut(SUM);
            sum[0].fill(0.0);
            for row in rows.iter().take(gradients.nrows()) {
                sum[0].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            add_lines(starts, places, values, &panel, keep, out, (width, first..last));
        }
    }
}

impl Panel {
    /// Takes in at most [`BLOCK`] lines of at most [`LANES`] values.
    fn copy(&mut self, lines: ArrayView2<f32>) {
        for (to, line) in self.0.iter_mut().zip(lines.rows()) {
            match line.as_slice() {
                Some(line) => to[..line.len()].copy_from_slice(line),
                None => to.iter_mut().zip(line).for_each(|(to, value)| *to = *value),
            }
        }
    }
}

wide! {
    /// `out[line] = Σ value · panel[place]` over the entries of every line, or `+=`; `out` has lines of some width, of which
    /// some columns are meant.
    fn add_lines<'a>(
        starts: &'a [u32],
        places: &'a [u8],
        values: &'a [f32],
        panel: &'a Panel,
        keep: bool,
        out: &'a mut [f32],
        within_line: (usize, Range<usize>),
    ) {
        let (width, columns) = within_line;
        for (ends, line) in starts.windows(2).zip(out.chunks_exact_mut(width)) {
            let to = &mut line[columns.clone()];
            let within = ends[0] as usize..ends[1] as usize;
            let mut sums = [0.0; LANES];
            match to.first_chunk() {
                _ if !keep => {}
                Some(whole) => sums = *whole,
                None => sums.iter_mut().zip(&*to).for_each(|(sum, value)| *sum = *value),
            }
            for (place, value) in places[within.clone()].iter().zip(&values[within]) {
                let Some(row) = panel.0.get(usize::from(*place)) else { continue };
                for lane in 0..LANES {
                    sums[lane] += value * row[lane];
                }
            }
            match to.first_chunk_mut() {
                Some(whole) => *whole = sums,
                None => to.iter_mut().zip(&sums).for_each(|(to, sum)| *to = *sum),
            }
        }
    }
}

wide! {
    /// Lists where `rows` differ from `common`, block by block, after `common` itself.
    fn gather<'a>(to: &'a mut Entries, rows: &'a [f32], common: &'a [f32]) {
        let columns = common.len();
        let nothing = [0.0; BLOCK];
        to.starts.clear();
        let mut count = 0;
        for first in (0..columns).step_by(BLOCK) {
            let block = first..columns.min(first + BLOCK);
            to.starts.push(count as u32);
            count = to.list(count, &common[block.clone()], &nothing[..block.len()]);
            for row in rows.chunks_exact(columns) {
                to.starts.push(count as u32);
                count = to.list(count, &row[block.clone()], &common[block.clone()]);
            }
        }
        to.starts.push(count as u32);
    }
}

impl Entries {
    /// Lists where `values` of a block differ from `others` after the first `count` entries; the new count.
    #[inline(always)]
    fn list(&mut self, mut count: usize, values: &[f32], others: &[f32]) -> usize {
        if self.places.len() < count + BLOCK + 16 {
            self.places.resize(2 * (count + BLOCK) + 16, 0);
            self.values.resize(2 * (count + BLOCK) + 16, 0.0);
        }
        let (parts, rest) = values.as_chunks::<16>();
        let (other_parts, other_rest) = others.as_chunks::<16>();
        for (part, (values, others)) in parts.iter().zip(other_parts).enumerate() {
            count = self.list_part(count, part, values, others);
        }
        if !rest.is_empty() {
            let (mut values, mut others) = ([0.0; 16], [0.0; 16]);
            values[..rest.len()].copy_from_slice(rest);
            others[..rest.len()].copy_from_slice(&other_rest[..rest.len()]);
            count = self.list_part(count, parts.len(), &values, &others);
        }
        count
    }

    #[inline(always)]
    fn list_part(&mut self, count: usize, part: usize, values: &[f32; 16], others: &[f32; 16]) -> usize {
        let mut differences = [0.0_f32; 16];
        for lane in 0..16 {
            differences[lane] = values[lane] - others[lane];
        }
        if differences.iter().fold(0, |bits, difference| bits | (difference.to_bits() << 1)) == 0 {
            return count;
        }
        // Written always and counted only where there is something: no branch to guess wrong.
        let (mut places, mut listed, mut found) = ([0_u8; 16], [0.0_f32; 16], 0);
        for (lane, difference) in differences.into_iter().enumerate() {
            (places[found & 15], listed[found & 15]) = ((part * 16 + lane) as u8, difference);
            found += usize::from(difference != 0.0);
        }
        self.places[count..count + 16].copy_from_slice(&places);
        self.values[count..count + 16].copy_from_slice(&listed);
        count + found
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::matmul::{Before, matmul};

    /// A few values that differ from the commonest of their column.
    fn rows(count: usize, common: &[f32]) -> Array2<f32> {
        Array2::from_shape_fn((count, common.len()), |(row, column)| {
            let other = (row * 31 + column * 17) % 7 == 0;
            if other { (row as f32 * 0.7 + column as f32).sin() } else { common[column] }
        })
    }

    #[test]
    fn products_and_gradients_are_those_of_the_dense_rows() {
        for (count, columns, width) in [(64, 300, 64), (64, 128, 200), (9, 37, 3), (1, 1, 1), (64, 784, 129)] {
            for commonest in [0.0, 0.8] {
                let common: Vec<f32> = (0..columns).map(|column| commonest * (column as f32).cos()).collect();
                let rows = rows(count, &common);
                let weights =
                    Array2::from_shape_fn((columns, width), |(row, column)| ((row * 7 + column) as f32).sin());
                let gradients =
                    Array2::from_shape_fn((count, width), |(row, column)| ((row + column * 5) as f32).cos());
                let mut sparse = Sparse::default();
                // What was gathered before must not matter.
                sparse.gather(gradients.as_slice().unwrap(), &vec![0.0; width]);
                sparse.turn(width);
                sparse.gather(rows.as_slice().unwrap(), &common);
                sparse.turn(columns);
                for keep in [false, true] {
                    let before = if keep { Before::Keep } else { Before::Forget };
                    let mut expected = Array2::ones((count, width));
                    let mut found = expected.clone();
                    matmul(rows.view(), weights.view(), before, expected.view_mut());
                    sparse.product(weights.view(), keep, found.as_slice_mut().unwrap());
                    let close = |found: &Array2<f32>, expected: &Array2<f32>| {
                        let largest = (found - expected).iter().fold(0.0_f32, |largest, by| largest.max(by.abs()));
                        assert!(largest < 2e-4, "{count} x {columns} x {width}, {commonest}, {keep}: {largest}");
                    };
                    close(&found, &expected);
                    let some = columns / 3..columns;
                    let mut expected = Array2::ones((some.len(), width));
                    let mut found = expected.clone();
                    matmul(rows.slice(s![.., some.clone()]).t(), gradients.view(), before, expected.view_mut());
                    sparse.add_gradient(some, gradients.view(), keep, found.as_slice_mut().unwrap());
                    close(&found, &expected);
                }
            }
        }
    }

    #[test]
    fn weights_that_lie_apart_are_read_where_they_are() {
        let common = [0.0; 5];
        let rows = rows(8, &common);
        let both = Array2::from_shape_fn((5, 6), |(row, column)| (row * 6 + column) as f32);
        let mut sparse = Sparse::default();
        sparse.gather(rows.as_slice().unwrap(), &common);
        let mut found = Array2::zeros((8, 3));
        sparse.product(both.slice(s![.., ..;2]), false, found.as_slice_mut().unwrap());
        assert!((&found - &rows.dot(&both.slice(s![.., ..;2]))).iter().all(|by| by.abs() < 1e-5));
    }
}
