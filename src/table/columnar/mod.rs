//! Parquet, Arrow IPC and NDJSON through polars.
//!
//! A group's columns are turned into single precision and laid into the matrix before the next
//! group is read, so that the matrix stays the only full copy. Damaged files make these readers
//! panic now and then; every call is contained and comes back as an error.

mod convert;
mod inflate;
mod ipc;
mod lay;
mod ndjson;
mod parquet;
mod times;

use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use polars::prelude::*;
use polars_arrow::datatypes::ArrowDataType;

use crate::error::Error;
use crate::error::Result;
use crate::table::clipped;
use crate::table::clipped_to;
use crate::table::error::TableError;
use crate::table::gather::Slot;
use crate::table::source;
use crate::table::source::Kind;
use crate::table::write;
use crate::table::write::ColumnValues;

use lay::Decode;

pub(super) use ipc::open as ipc;
pub(super) use ndjson::open as ndjson;
pub(super) use parquet::open as parquet;

/// Rows read at once, whatever is asked for.
const MOST_ROWS: usize = 1 << 20;

/// The positions of the columns that go somewhere.
fn wanted(slots: &[Slot]) -> Vec<usize> {
    (0..slots.len()).filter(|column| slots[*column] != Slot::Skip).collect()
}

/// Rows in memory, some of which were taken.
struct AtHand {
    frame: DataFrame,
    taken: usize,
}

impl AtHand {
    fn new(frame: DataFrame) -> Self {
        Self { frame, taken: 0 }
    }

    /// The next rows, at most `most`, and what is left after them.
    fn take(self, format: &'static str, most: usize) -> Result<(DataFrame, Option<Self>)> {
        let Self { frame, taken } = self;
        let count = (frame.height() - taken).min(most).min(MOST_ROWS);
        let rows = contain(format, || Ok(frame.slice(i64::try_from(taken).unwrap_or(i64::MAX), count)))?;
        let taken = taken + count;
        let rest = (taken < frame.height()).then_some(Self { frame, taken });
        Ok((rows, rest))
    }
}

/// Gives the columns at some places of a frame in memory.
fn of_frame(frame: DataFrame, places: Vec<usize>) -> Decode<'static> {
    Box::new(move |at| Ok(vec![frame.columns()[places[at]].as_materialized_series().clone()]))
}

/// What a file announces of its columns.
///
/// # Errors
/// A type that the library does not know, by the column's name.
fn described(schema: &ArrowSchema) -> Result<Vec<source::Column>> {
    if let Some(field) = schema.iter_values().find(|field| field.dtype == ArrowDataType::Float16) {
        return Err(TableError::Unsupported {
            what: format!("column `{}` is of 16-bit floating-point numbers, which are not read", clipped(&field.name)),
            hint: "write the column in single precision (float32)",
        }
        .into());
    }
    contain("columnar", || {
        Ok(schema.iter_values().map(|field| describe(&field.name, &DataType::from_arrow_field(field))).collect())
    })
}

fn describe(name: &str, dtype: &DataType) -> source::Column {
    let kind = match dtype {
        DataType::Boolean => Kind::Boolean,
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Kind::Text,
        DataType::Date | DataType::Datetime(..) | DataType::Duration(_) | DataType::Time => Kind::Time,
        DataType::Null => Kind::Unknown,
        number if number.is_numeric() => Kind::Number,
        _ => Kind::Other,
    };
    source::Column::new(name, kind, dtype.to_string())
}

fn open_file(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| Error::io("read", path, &error))
}

/// Calls into polars; what it answers, and what it panics with, becomes our error.
pub(super) fn contain<T>(format: &'static str, call: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    match std::panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(PolarsError::IO { error, .. }))
            if error.kind() != std::io::ErrorKind::UnexpectedEof
                && error.kind() != std::io::ErrorKind::Other
                && error.kind() != std::io::ErrorKind::InvalidData
                && error.kind() != std::io::ErrorKind::InvalidInput =>
        {
            Err(Error::failure(format!("cannot read on: {error}")))
        }
        Ok(Err(error)) => {
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or_default();
            // what follows is a value of the library's own, printed for its authors
            let reason = reason.split("Error {").next().unwrap_or_default().trim_end_matches([' ', ':', '(']);
            Err(TableError::Damaged { format, reason: clipped_to(reason, 160) }.into())
        }
        Err(_) => Err(gave_up(format)),
    }
}

/// A library panicked on what it read.
fn gave_up(format: &'static str) -> Error {
    TableError::Damaged { format, reason: "its reader gave up".to_owned() }.into()
}

/// A file of ours, whole and column by column.
pub(super) fn whole(path: &Path) -> Result<Vec<write::Column>> {
    let file = open_file(path)?;
    let frame = contain("Parquet", || ParquetReader::new(file).finish())?;
    frame.columns().iter().map(owned).collect()
}

fn owned(column: &Column) -> Result<write::Column> {
    let name = column.name().to_string();
    let series = column.as_materialized_series();
    let values = contain("Parquet", || {
        Ok(match series.dtype() {
            DataType::Float32 => {
                ColumnValues::Single(series.f32()?.iter().map(|value| value.unwrap_or(f32::NAN)).collect())
            }
            DataType::Float64 => {
                ColumnValues::Double(series.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
            }
            DataType::Boolean => {
                ColumnValues::Flag(series.bool()?.iter().map(|value| value.unwrap_or(false)).collect())
            }
            number if number.is_integer() => {
                ColumnValues::Integer(series.cast(&DataType::Int64)?.i64()?.iter().collect())
            }
            _ => {
                let texts = series.cast(&DataType::String)?;
                ColumnValues::Text(texts.str()?.iter().map(|text| text.map(str::to_owned)).collect())
            }
        })
    })?;
    Ok(write::Column { name, values })
}
