//! From columns to the matrix and the dictionaries, some columns at a time.

use std::panic::AssertUnwindSafe;

use polars::prelude::*;
use rayon::prelude::*;

use super::contain;
use super::convert;
use super::gave_up;
use super::wanted;
use crate::error::Result;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::gather::Taken;
use crate::table::source;
use crate::table::source::Progress;

/// Bytes of a group of columns while they are read, counted as 8 per value.
const GROUP: usize = 64 << 20;
/// Bytes of single precision that are laid into the matrix at once: few enough to stay near the processor.
const BLOCK: usize = 4 << 20;

/// Where the next rows of a file lie, and how many there are in all.
pub(super) struct Stretch {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) total: usize,
}

/// Gives a column of a group, by its place in the group, as the pieces that follow each other.
pub(super) type Decode<'a> = Box<dyn Fn(usize) -> Result<Vec<Series>> + Sync + 'a>;

/// Reads a stretch of rows, some columns at a time, and lays them into the matrix.
///
/// `read` gets the positions of a group of columns. What it answers is asked for each column of the
/// group, by as many threads as there are.
pub(super) fn lay_in_groups<'a>(
    format: &'static str,
    columns: &[source::Column],
    stretch: &Stretch,
    slots: &[Slot],
    gather: &mut Gather,
    progress: &mut Progress<'_, '_>,
    read: &mut dyn FnMut(&[usize]) -> Result<Decode<'a>>,
) -> Result<()> {
    let &Stretch { first, count, total } = stretch;
    let taken = gather.take_rows(count)?;
    let wanted = wanted(slots);
    if count == 0 || wanted.is_empty() {
        return Ok(());
    }
    let per_group = (GROUP / 8 / count).clamp(8, 4096);
    let per_block = (BLOCK / 4 / count).clamp(8, per_group);
    let mut block = vec![0.0; per_block.min(wanted.len()) * count];
    let mut done = 0;
    for group in wanted.chunks(per_group) {
        let decode = read(group)?;
        for (at, positions) in group.chunks(per_block).enumerate() {
            let read: Vec<Result<Read>> = positions
                .par_iter()
                .zip(block.par_chunks_mut(count))
                .enumerate()
                .map(|(place, (position, numbers))| {
                    let column = || {
                        let pieces = decode(at * per_block + place)?;
                        column(format, pieces, &columns[*position], slots[*position], first, numbers)
                    };
                    std::panic::catch_unwind(AssertUnwindSafe(column)).unwrap_or_else(|_| Err(gave_up(format)))
                })
                .collect();
            let mut numbers = Vec::with_capacity(positions.len());
            for (place, (read, position)) in read.into_iter().zip(positions).enumerate() {
                match (read?, slots[*position]) {
                    (Read::Numbers { rounded }, Slot::Number(slot) | Slot::Unknown(slot)) => {
                        gather.rounded[slot] |= rounded;
                        numbers.push((slot, place));
                    }
                    (Read::Texts(texts), Slot::Text(slot)) => lay_texts(format, texts, &taken, slot, gather)?,
                    _ => {}
                }
            }
            place_numbers(&block, count, &numbers, &taken, gather);
            done += positions.len();
            progress.advance((first + count * done / wanted.len()) as u64, total as u64)?;
        }
    }
    Ok(())
}

/// What was read of a column.
enum Read {
    /// Its numbers are in the block.
    Numbers { rounded: bool },
    /// Its texts, or what will be taken as texts.
    Texts(Series),
}

/// Turns the pieces of a column into numbers, or joins them where they are texts.
fn column(
    format: &'static str,
    pieces: Vec<Series>,
    column: &source::Column,
    slot: Slot,
    first_row: usize,
    numbers: &mut [f32],
) -> Result<Read> {
    // a damaged file can give columns of unlike lengths
    let found: usize = pieces.iter().map(|piece| piece.len()).sum();
    if found != numbers.len() {
        let reason = format!("{} rows were announced, {found} are there", numbers.len());
        return Err(TableError::Damaged { format, reason }.into());
    }
    if matches!(slot, Slot::Text(_)) {
        let mut pieces = pieces.into_iter();
        let Some(mut texts) = pieces.next() else { return Err(gave_up(format)) };
        for piece in pieces {
            contain(format, || texts.append(&piece).map(|_| ()))?;
        }
        return Ok(Read::Texts(texts));
    }
    let (mut at, mut rounded) = (0, false);
    for piece in &pieces {
        rounded |= convert::numbers(format, piece, column, first_row + at, &mut numbers[at..at + piece.len()])?;
        at += piece.len();
    }
    Ok(Read::Numbers { rounded })
}

fn lay_texts(format: &'static str, series: Series, taken: &Taken, slot: usize, gather: &mut Gather) -> Result<()> {
    let cells = &mut gather.texts[slot].cells;
    if series.dtype().is_float() {
        let wide = contain(format, || series.cast(&DataType::Float64))?;
        let wide = contain(format, || Ok(wide.f64()?.rechunk().into_owned()))?;
        for (place, row) in taken.pairs() {
            let text = wide.get(row).filter(|number| !number.is_nan()).map(|number| number.to_string());
            cells.set(place, text.as_deref());
        }
        return Ok(());
    }
    let texts = contain(format, || series.cast(&DataType::String))?;
    let texts = contain(format, || Ok(texts.str()?.rechunk().into_owned()))?;
    for (place, row) in taken.pairs() {
        cells.set(place, texts.get(row));
    }
    Ok(())
}

/// Lays columns of numbers, each `count` values of `block`, into the matrix; `columns` are pairs of the column of the
/// matrix and the column of the block.
fn place_numbers(block: &[f32], count: usize, columns: &[(usize, usize)], taken: &Taken, gather: &mut Gather) {
    let width = gather.width();
    match taken {
        Taken::All { first, count: rows } if width > 0 && !columns.is_empty() => {
            transpose(block, count, columns, &mut gather.values[first * width..(first + rows) * width], width);
        }
        Taken::All { .. } => {}
        Taken::Some(pairs) => {
            for (place, row) in pairs {
                let values = &mut gather.values[place * width..(place + 1) * width];
                for (to, from) in columns {
                    values[*to] = block[from * count + row];
                }
            }
        }
    }
}

/// Columns, one after the other in `block`, become columns of `rows`, a matrix row after row.
///
/// A straight copy reads or writes a line of cache for every value. Squares of `SIDE × SIDE` values use each line whole.
///
/// # Shapes
/// - `block`: columns × `count`
/// - `rows`: `count` × `width`
fn transpose(block: &[f32], count: usize, columns: &[(usize, usize)], rows: &mut [f32], width: usize) {
    const SIDE: usize = 16;
    const ROWS: usize = 8 * SIDE;
    rows.par_chunks_mut(ROWS * width).enumerate().for_each(|(chunk, rows)| {
        let height = rows.len() / width;
        // along the rows first: a page of the matrix is left when it is full
        for start in (0..height).step_by(SIDE) {
            let end = height.min(start + SIDE);
            let first = chunk * ROWS + start;
            for columns in columns.chunks(SIDE) {
                let side_by_side = columns.len() == SIDE
                    && columns.iter().zip(columns[0].0..).all(|((to, _), expected)| *to == expected);
                if side_by_side && end - start == SIDE {
                    let mut square = [[0.0_f32; SIDE]; SIDE];
                    for (column, (_, from)) in columns.iter().enumerate() {
                        let values = &block[from * count + first..][..SIDE];
                        for (row, value) in square.iter_mut().zip(values) {
                            row[column] = *value;
                        }
                    }
                    for (row, values) in (start..end).zip(&square) {
                        rows[row * width + columns[0].0..][..SIDE].copy_from_slice(values);
                    }
                } else {
                    for (to, from) in columns {
                        let values = &block[from * count + first..][..end - start];
                        for (row, value) in (start..end).zip(values) {
                            rows[row * width + to] = *value;
                        }
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows_whatever_their_number_and_order() {
        for (count, width, columns) in [
            (1, 1, vec![(0, 0)]),
            (300, 40, (0..40).map(|at| (at, at)).collect()),
            (130, 50, (0..33).map(|at| (at + 3, 32 - at)).collect()),
            (17, 64, (0..32).map(|at| (2 * at + 1, at)).collect::<Vec<_>>()),
        ] {
            let block: Vec<f32> = (0..columns.len() * count).map(|value| value as f32).collect();
            let mut rows = vec![-1.0; count * width];
            let mut straight = rows.clone();
            transpose(&block, count, &columns, &mut rows, width);
            for (to, from) in &columns {
                (0..count).for_each(|row| straight[row * width + to] = block[from * count + row]);
            }
            assert_eq!(rows, straight, "{count} × {width}");
        }
    }
}
