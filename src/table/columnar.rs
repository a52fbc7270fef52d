//! Parquet, Arrow IPC and NDJSON through polars, a group of columns at a time.
//!
//! A group's columns are turned into single precision and laid into the matrix before the next
//! group is read, so that the matrix stays the only full copy. Damaged files make these readers
//! panic now and then; every call is contained and comes back as an error.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::path::PathBuf;

use polars::prelude::*;
use rayon::prelude::*;

use crate::error::Error;
use crate::error::Result;
use crate::table::clipped;
use crate::table::clipped_to;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::gather::Taken;
use crate::table::options::Input;
use crate::table::source;
use crate::table::source::Kind;
use crate::table::source::Progress;
use crate::table::source::Source;
use crate::table::write;
use crate::table::write::ColumnValues;

/// Bytes of a group of columns while they are read, counted as 8 per value.
const GROUP: usize = 64 << 20;

/// Opens a Parquet file.
pub(super) fn parquet(path: &Path, _input: &Input) -> Result<Box<dyn Source>> {
    let file = open_file(path)?;
    let (columns, rows) = contain("Parquet", || {
        let mut reader = ParquetReader::new(file);
        let schema = reader.schema()?;
        Ok((described(&schema), reader.num_rows()?))
    })?;
    Ok(Box::new(Columnar { path: path.to_owned(), format: Format::Parquet, columns, rows, done: 0, frame: None }))
}

/// Opens an Arrow IPC (Feather) file.
pub(super) fn ipc(path: &Path, _input: &Input) -> Result<Box<dyn Source>> {
    let file = open_file(path)?;
    let columns = contain("Arrow", || {
        let schema = IpcReader::new(file).schema()?;
        Ok(described(&schema))
    })?;
    let file = open_file(path)?;
    let rows = contain("Arrow", || Ok(IpcReader::new(file).with_projection(Some(Vec::new())).finish()?.height()))?;
    Ok(Box::new(Columnar { path: path.to_owned(), format: Format::Ipc, columns, rows, done: 0, frame: None }))
}

/// Opens a file of one JSON object per line. It is read whole: its columns are not known before.
pub(super) fn ndjson(path: &Path, _input: &Input) -> Result<Box<dyn Source>> {
    check_depth(BufReader::new(open_file(path)?)).map_err(|error| bad_line(path).unwrap_or(error))?;
    let file = open_file(path)?;
    let frame = contain("NDJSON", || {
        let reader = JsonReader::new(BufReader::new(file)).with_json_format(JsonFormat::JsonLines);
        reader.infer_schema_len(None).finish()
    });
    let frame = frame.map_err(|error| bad_line(path).unwrap_or(error))?;
    let columns = frame.columns().iter().map(|column| describe(column.name(), column.dtype())).collect();
    let rows = frame.height();
    Ok(Box::new(Columnar { path: path.to_owned(), format: Format::Ndjson, columns, rows, done: 0, frame: Some(frame) }))
}

/// Refuses JSON nested so deeply that a parser that calls itself for each level runs out of stack.
fn check_depth(mut file: impl std::io::BufRead) -> Result<()> {
    const DEEPEST: usize = 64;
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    loop {
        let block = file.fill_buf().map_err(|error| Error::failure(format!("cannot read on: {error}")))?;
        if block.is_empty() {
            return Ok(());
        }
        for byte in block {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => depth += 1,
                b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEEPEST {
                let reason = format!("a value in it is nested deeper than {DEEPEST}");
                return Err(TableError::Damaged { format: "NDJSON", reason }.into());
            }
        }
        let length = block.len();
        file.consume(length);
    }
}

/// The first line that is no JSON object, which the reader does not name.
fn bad_line(path: &Path) -> Option<Error> {
    let lines = std::io::BufRead::lines(BufReader::new(File::open(path).ok()?));
    for (number, line) in lines.enumerate() {
        let line = line.ok()?;
        if line.trim().is_empty() {
            continue;
        }
        let object: std::result::Result<HashMap<String, serde::de::IgnoredAny>, _> = serde_json::from_str(&line);
        if let Err(error) = object {
            let error = error.to_string();
            let why = error.split(" at line ").next().unwrap_or_default();
            let reason = format!("line {} is no JSON object ({why})", number + 1);
            return Some(TableError::Damaged { format: "NDJSON", reason: clipped_to(&reason, 160) }.into());
        }
    }
    None
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Parquet,
    Ipc,
    Ndjson,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::Ipc => "Arrow",
            Self::Ndjson => "NDJSON",
        }
    }
}

struct Columnar {
    path: PathBuf,
    format: Format,
    columns: Vec<source::Column>,
    rows: usize,
    done: usize,
    frame: Option<DataFrame>,
}

impl Source for Columnar {
    fn format(&self) -> String {
        self.format.name().to_owned()
    }

    fn columns(&self) -> &[source::Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn next(
        &mut self,
        slots: &mut [Slot],
        gather: &mut Gather,
        most: usize,
        progress: &mut Progress<'_, '_>,
    ) -> Result<bool> {
        if self.done >= self.rows {
            return Ok(false);
        }
        let most = if self.format == Format::Parquet { most } else { usize::MAX };
        let count = most.min(self.rows - self.done);
        let taken = gather.take_rows(count)?;
        let wanted: Vec<usize> = (0..slots.len()).filter(|column| slots[*column] != Slot::Skip).collect();
        let per_group = (GROUP / 8 / count.max(1)).clamp(8, 4096);
        let mut read = 0;
        for group in wanted.chunks(per_group) {
            let frame = self.read(group, count)?;
            // a damaged file can give columns of unlike lengths
            let found = frame.columns().iter().map(Column::len).find(|rows| *rows != count);
            if found.is_some() || frame.height() != count || frame.width() != group.len() {
                let found = found.unwrap_or(frame.height());
                let reason = format!("{count} rows were announced, {found} are there");
                return Err(TableError::Damaged { format: self.format.name(), reason }.into());
            }
            let laid = AssertUnwindSafe(|| lay(&frame, group, slots, &taken, self.done, gather));
            std::panic::catch_unwind(laid).unwrap_or_else(|_| Err(gave_up(self.format.name())))?;
            read += group.len();
            progress.advance((self.done + count * read / wanted.len().max(1)) as u64, self.rows as u64)?;
        }
        self.done += count;
        Ok(true)
    }
}

impl Columnar {
    /// The wanted columns of the next rows.
    fn read(&self, group: &[usize], count: usize) -> Result<DataFrame> {
        if let Some(frame) = &self.frame {
            let columns: Vec<Column> = group.iter().map(|position| frame.columns()[*position].clone()).collect();
            return contain(self.format.name(), || DataFrame::new(count, columns));
        }
        let file = open_file(&self.path)?;
        let projection = Some(group.to_vec());
        let slice = (self.done, count);
        contain(self.format.name(), || match self.format {
            Format::Parquet => ParquetReader::new(file).with_projection(projection).with_slice(Some(slice)).finish(),
            Format::Ipc | Format::Ndjson => IpcReader::new(file).with_projection(projection).finish(),
        })
    }
}

/// Lays a group of columns into the matrix and the dictionaries.
fn lay(
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

fn described(schema: &ArrowSchema) -> Vec<source::Column> {
    schema.iter_values().map(|field| describe(&field.name, &DataType::from_arrow_field(field))).collect()
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
    source::Column { name: name.to_owned(), kind, type_name: dtype.to_string() }
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
            let reason = reason.split("(Error {").next().unwrap_or_default();
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
