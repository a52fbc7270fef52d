//! From columns in memory to the matrix and the dictionaries.

use polars::prelude::*;
use rayon::prelude::*;

use super::contain;
use crate::error::Result;
use crate::table::clipped;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::gather::Taken;

/// Lays a group of columns into the matrix and the dictionaries.
pub(super) fn lay(
    frame: &DataFrame,
    group: &[usize],
    slots: &[Slot],
    taken: &Taken,
    first_row: usize,
    gather: &mut Gather,
) -> Result<()> {
    let mut numbers: Vec<(usize, &Column)> = Vec::new();
    for (column, position) in frame.columns().iter().zip(group) {
        match slots[*position] {
            Slot::Number(slot) | Slot::Unknown(slot) => numbers.push((slot, column)),
            Slot::Text(slot) => lay_texts(column, taken, slot, gather)?,
            Slot::Skip => {}
        }
    }
    let converted: Vec<Result<Converted>> =
        numbers.par_iter().map(|(_, column)| convert(column, taken, first_row)).collect();
    let mut columns: Vec<(usize, Vec<f32>)> = Vec::with_capacity(numbers.len());
    for (converted, (slot, _)) in converted.into_iter().zip(&numbers) {
        let converted = converted?;
        gather.rounded[*slot] |= converted.rounded;
        columns.push((*slot, converted.values));
    }
    if columns.is_empty() {
        return Ok(());
    }
    let width = gather.width();
    match taken {
        Taken::All { first, count } => {
            const ROWS: usize = 256;
            let block = &mut gather.values[first * width..(first + count) * width];
            block.par_chunks_mut(ROWS * width).enumerate().for_each(|(chunk, rows)| {
                for (row, values) in rows.chunks_exact_mut(width).enumerate() {
                    for (slot, column) in &columns {
                        values[*slot] = column[chunk * ROWS + row];
                    }
                }
            });
        }
        Taken::Some(pairs) => {
            for (at, (place, _)) in pairs.iter().enumerate() {
                for (slot, column) in &columns {
                    gather.values[place * width + slot] = column[at];
                }
            }
        }
    }
    Ok(())
}

fn lay_texts(column: &Column, taken: &Taken, slot: usize, gather: &mut Gather) -> Result<()> {
    let series = column.as_materialized_series();
    let cells = &mut gather.texts[slot].cells;
    if series.dtype().is_float() {
        let wide = contain("columnar", || series.cast(&DataType::Float64))?;
        let wide = contain("columnar", || Ok(wide.f64()?.clone()))?;
        for (place, row) in taken.pairs() {
            let text = wide.get(row).filter(|number| !number.is_nan()).map(|number| number.to_string());
            cells.set(place, text.as_deref());
        }
        return Ok(());
    }
    let texts = contain("columnar", || series.cast(&DataType::String))?;
    let texts = contain("columnar", || Ok(texts.str()?.rechunk().into_owned()))?;
    for (place, row) in taken.pairs() {
        cells.set(place, texts.get(row));
    }
    Ok(())
}

struct Converted {
    values: Vec<f32>,
    rounded: bool,
}

/// The taken rows of a column in single precision, NaN where missing.
#[expect(clippy::cast_possible_truncation, reason = "the matrix is single precision; too large is checked")]
fn convert(column: &Column, taken: &Taken, first_row: usize) -> Result<Converted> {
    const EXACT: f64 = 16_777_216.0;
    let series = column.as_materialized_series();
    let (physical, scale) = physical(series);
    let narrow = matches!(
        physical.dtype(),
        DataType::Float32 | DataType::UInt8 | DataType::UInt16 | DataType::Int8 | DataType::Int16
    );
    let mut values: Vec<f32> = Vec::with_capacity(physical.len());
    let mut rounded = false;
    let mut problem = None;
    if narrow {
        let single = contain("columnar", || physical.cast(&DataType::Float32))?;
        let single = contain("columnar", || Ok(single.f32()?.clone()))?;
        for chunk in single.downcast_iter() {
            if chunk.validity().is_none() {
                values.extend_from_slice(chunk.values());
            } else {
                values.extend(chunk.iter().map(|value| value.copied().unwrap_or(f32::NAN)));
            }
        }
        problem = values.iter().position(|value| value.is_infinite()).map(|row| (row, f64::from(values[row])));
    } else {
        let integers = physical.dtype().is_integer();
        let double = contain("columnar", || physical.cast(&DataType::Float64))?;
        let double = contain("columnar", || Ok(double.f64()?.clone()))?;
        for (row, value) in double.iter().enumerate() {
            let Some(value) = value else {
                values.push(f32::NAN);
                continue;
            };
            let value = value * scale;
            let single = value as f32;
            if single.is_infinite() && problem.is_none() {
                problem = Some((row, value));
            }
            rounded |= integers && value.abs() > EXACT && f64::from(single) != value;
            values.push(single);
        }
    }
    if let Some((row, value)) = problem {
        let (column, row, text) = (clipped(column.name()), first_row + row + 1, value.to_string());
        return Err(if value.is_infinite() {
            TableError::Infinite { column, row, text }.into()
        } else {
            TableError::TooLarge { column, row, text }.into()
        });
    }
    if let Taken::Some(pairs) = taken {
        values = pairs.iter().map(|(_, row)| values[*row]).collect();
    }
    Ok(Converted { values, rounded })
}

/// A column of times as numbers, and what to multiply them by for days or seconds.
fn physical(series: &Series) -> (Series, f64) {
    let scale = match series.dtype() {
        DataType::Datetime(unit, _) | DataType::Duration(unit) => match unit {
            TimeUnit::Nanoseconds => 1e-9,
            TimeUnit::Microseconds => 1e-6,
            TimeUnit::Milliseconds => 1e-3,
        },
        DataType::Time => 1e-9,
        _ => 1.0,
    };
    match series.dtype() {
        DataType::Date | DataType::Datetime(..) | DataType::Duration(_) | DataType::Time => {
            (series.to_physical_repr().into_owned(), scale)
        }
        _ => (series.clone(), scale),
    }
}
