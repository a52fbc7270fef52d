//! From a column's own type to single precision.

use polars::prelude::*;

use super::contain;
use crate::error::Result;
use crate::table::clipped;
use crate::table::error::TableError;
use crate::table::source;
use crate::table::source::Kind;
use crate::table::text::time::TimeKind;

/// Whole numbers up to here are exact in single precision.
const EXACT: f64 = 16_777_216.0;

/// Writes the values of a piece of a column to `to`, NaN where missing; whether a whole number was rounded.
///
/// # Errors
/// A value that is infinite or beyond single precision, and a text that is no time in a column of times.
pub(super) fn numbers(
    format: &'static str,
    piece: &Series,
    column: &source::Column,
    first_row: usize,
    to: &mut [f32],
) -> Result<bool> {
    if let (Kind::Time, DataType::String, Some(kind)) = (column.kind, piece.dtype(), TimeKind::named(&column.type_name))
    {
        return times(format, piece, column, kind, first_row, to);
    }
    let (piece, scale) = physical(piece);
    let values = contain(format, || {
        Ok(match piece.dtype() {
            DataType::UInt8 => narrow(piece.u8()?, to, f32::from),
            DataType::UInt16 => narrow(piece.u16()?, to, f32::from),
            DataType::Int8 => narrow(piece.i8()?, to, f32::from),
            DataType::Int16 => narrow(piece.i16()?, to, f32::from),
            DataType::Float32 => narrow(piece.f32()?, to, |value| value),
            DataType::Int32 => wide(piece.i32()?, to, |value| f64::from(value) * scale),
            DataType::UInt32 => wide(piece.u32()?, to, |value| f64::from(value) * scale),
            DataType::Int64 => wide(piece.i64()?, to, |value| value as f64 * scale),
            DataType::UInt64 => wide(piece.u64()?, to, |value| value as f64 * scale),
            _ => wide(piece.cast(&DataType::Float64)?.f64()?, to, |value| value * scale),
        })
    })?;
    // looked at all together first, which a processor does many at a time
    let any_infinite = to.iter().fold(false, |any, value| any | value.is_infinite());
    let infinite = if any_infinite { to.iter().position(|value| value.is_infinite()) } else { None };
    if let Some(row) = infinite {
        let value = contain(format, || Ok(piece.cast(&DataType::Float64)?.f64()?.get(row)))?;
        let value = value.map_or(f64::from(to[row]), |value| value * scale);
        let (column, row, text) = (clipped(&column.name), first_row + row + 1, value.to_string());
        return Err(if value.is_infinite() {
            TableError::Infinite { column, row, text }.into()
        } else {
            TableError::TooLarge { column, row, text }.into()
        });
    }
    Ok(values.rounded && piece.dtype().is_integer())
}

/// What happened to values on their way.
struct Values {
    rounded: bool,
}

/// Values that single precision holds as they are.
fn narrow<T: PolarsNumericType>(
    values: &ChunkedArray<T>,
    to: &mut [f32],
    single: impl Fn(T::Native) -> f32 + Copy,
) -> Values {
    each_chunk(values, to, |values, to| {
        for (to, value) in to.iter_mut().zip(values) {
            *to = single(*value);
        }
    });
    Values { rounded: false }
}

/// Values that may be too large or too long for single precision.
#[expect(clippy::cast_possible_truncation, reason = "the matrix is single precision; too large is checked")]
fn wide<T: PolarsNumericType>(
    values: &ChunkedArray<T>,
    to: &mut [f32],
    double: impl Fn(T::Native) -> f64 + Copy,
) -> Values {
    let mut long = false;
    each_chunk(values, to, |values, to| {
        for (to, value) in to.iter_mut().zip(values) {
            let value = double(*value);
            *to = value as f32;
            long |= value.abs() > EXACT && f64::from(*to) != value;
        }
    });
    // what lies under a missing value is no value
    let rounded = long
        && values.downcast_iter().flat_map(|chunk| chunk.iter()).zip(to.iter()).any(|(value, single)| {
            value.is_some_and(|value| double(*value).abs() > EXACT && f64::from(*single) != double(*value))
        });
    Values { rounded }
}

/// Calls `fill` with each chunk of values and its places, and marks the missing ones.
fn each_chunk<T: PolarsNumericType>(
    values: &ChunkedArray<T>,
    to: &mut [f32],
    mut fill: impl FnMut(&[T::Native], &mut [f32]),
) {
    let mut at = 0;
    for chunk in values.downcast_iter() {
        let to = &mut to[at..at + chunk.len()];
        fill(chunk.values(), to);
        if let Some(validity) = chunk.validity() {
            for (to, there) in to.iter_mut().zip(validity) {
                if !there {
                    *to = f32::NAN;
                }
            }
        }
        at += chunk.len();
    }
}

/// Texts of a column of dates or times as numbers of days or seconds.
#[expect(clippy::cast_possible_truncation, reason = "days and seconds are far from the ends of single precision")]
fn times(
    format: &'static str,
    piece: &Series,
    column: &source::Column,
    kind: TimeKind,
    first_row: usize,
    to: &mut [f32],
) -> Result<bool> {
    let texts = contain(format, || Ok(piece.str()?.clone()))?;
    let mut rounded = false;
    for (row, (text, to)) in texts.iter().zip(to).enumerate() {
        let number = match text.map(|text| (text, kind.read(text))) {
            None => f64::NAN,
            Some((_, Some(number))) => number,
            Some((text, None)) => {
                return Err(TableError::NotATime {
                    column: clipped(&column.name),
                    row: first_row + row + 1,
                    text: clipped(text),
                    kind: column.type_name.clone(),
                }
                .into());
            }
        };
        *to = number as f32;
        rounded |= number.abs() > EXACT && f64::from(*to) != number;
    }
    Ok(rounded)
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
