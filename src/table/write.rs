//! Writing columns as Parquet or CSV: the same columns give the same bytes.
//!
//! Files are not opened here: the caller gives a writer, so that writing whole files stays one
//! place's business.

mod parts;

use std::io::Write;

use polars::prelude::DataFrame;
use polars::prelude::IntoColumn;
use polars::prelude::NamedFrom;
use polars::prelude::ParquetCompression;
use polars::prelude::ParquetWriter;
use polars::prelude::Series;
use polars::prelude::StatisticsOptions;

use crate::error::Error;
use crate::error::Result;
use crate::table::Label;
use crate::table::LabelValues;
use crate::table::columnar::contain;

pub use parts::{Format, Parts};

/// A column to write, or one of ours read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values, one per row.
    pub values: ColumnValues,
}

/// The values of a column. NaN is written as a missing value.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Texts.
    Text(Vec<Option<String>>),
    /// Numbers in single precision.
    Single(Vec<f32>),
    /// Numbers in double precision.
    Double(Vec<f64>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Yes or no.
    Flag(Vec<bool>),
}

impl ColumnValues {
    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Single(values) => values.len(),
            Self::Double(values) => values.len(),
            Self::Integer(values) => values.len(),
            Self::Flag(values) => values.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Column {
    /// A column of texts, none missing.
    pub fn text(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let values = values.into_iter().map(|value| Some(value.into())).collect();
        Self { name: name.into(), values: ColumnValues::Text(values) }
    }

    /// A column of numbers in single precision.
    pub fn single(name: impl Into<String>, values: impl IntoIterator<Item = f32>) -> Self {
        Self { name: name.into(), values: ColumnValues::Single(values.into_iter().collect()) }
    }

    /// A column of numbers in double precision.
    pub fn double(name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        Self { name: name.into(), values: ColumnValues::Double(values.into_iter().collect()) }
    }
}

/// A column per label: texts for classes, double precision for numbers.
#[must_use]
pub fn labels_columns(labels: &[Label]) -> Vec<Column> {
    let column = |label: &Label| {
        let values = match &label.values {
            LabelValues::Classes { levels, of_row } => ColumnValues::Text(
                of_row.iter().map(|level| level.map(|level| levels[level as usize].clone())).collect(),
            ),
            LabelValues::Numbers(numbers) => {
                ColumnValues::Double(numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect())
            }
        };
        Column { name: label.name.clone(), values }
    };
    labels.iter().map(column).collect()
}

/// Writes columns of equal length as Parquet, packed with zstd.
///
/// # Errors
/// If the writer fails.
///
/// # Panics
/// If the columns differ in length.
pub fn parquet(writer: impl Write, columns: Vec<Column>) -> Result<()> {
    let mut frame = frame(columns)?;
    let written = contain("Parquet", || options(ParquetWriter::new(writer)).finish(&mut frame));
    written.map(|_| ()).map_err(|error| Error::failure(format!("cannot write Parquet: {}", error.message())))
}

fn frame(columns: Vec<Column>) -> Result<DataFrame> {
    let rows = check(&columns);
    let columns = columns.into_iter().map(|column| series(column).into_column()).collect();
    contain("Parquet", || DataFrame::new(rows, columns))
}

/// How all our Parquet files are packed.
fn options<W: Write>(writer: ParquetWriter<W>) -> ParquetWriter<W> {
    const ROW_GROUP: usize = 1 << 17;
    writer
        .with_compression(ParquetCompression::Zstd(None))
        .with_statistics(StatisticsOptions::default())
        .with_row_group_size(Some(ROW_GROUP))
}

/// Writes columns of equal length as CSV: UTF-8, commas, a header, empty where missing.
///
/// Texts stand as they are; a spreadsheet may take one that begins with `=` for a formula.
///
/// # Errors
/// If the writer fails.
///
/// # Panics
/// If the columns differ in length.
pub fn csv(mut writer: impl Write, columns: &[Column]) -> Result<()> {
    csv_header(&mut writer, columns)?;
    csv_rows(&mut writer, columns)
}

fn csv_header(writer: &mut impl Write, columns: &[Column]) -> Result<()> {
    let mut line = Vec::new();
    for (position, column) in columns.iter().enumerate() {
        separate(&mut line, position);
        quote(&mut line, &column.name);
    }
    line.push(b'\n');
    writer.write_all(&line).map_err(|error| Error::failure(format!("cannot write CSV: {error}")))
}

fn csv_rows(writer: &mut impl Write, columns: &[Column]) -> Result<()> {
    let rows = check(columns);
    let failed = |error: std::io::Error| Error::failure(format!("cannot write CSV: {error}"));
    let mut line = Vec::new();
    for row in 0..rows {
        for (position, column) in columns.iter().enumerate() {
            separate(&mut line, position);
            cell(&mut line, &column.values, row).map_err(failed)?;
        }
        line.push(b'\n');
        if line.len() > 1 << 16 {
            writer.write_all(&line).map_err(failed)?;
            line.clear();
        }
    }
    writer.write_all(&line).map_err(failed)
}

fn separate(line: &mut Vec<u8>, position: usize) {
    if position > 0 {
        line.push(b',');
    }
}

fn cell(line: &mut Vec<u8>, values: &ColumnValues, row: usize) -> std::io::Result<()> {
    match values {
        ColumnValues::Text(values) => {
            if let Some(text) = &values[row] {
                quote(line, text);
            }
        }
        ColumnValues::Single(values) if values[row].is_nan() => {}
        ColumnValues::Single(values) => write!(line, "{}", values[row])?,
        ColumnValues::Double(values) if values[row].is_nan() => {}
        ColumnValues::Double(values) => write!(line, "{}", values[row])?,
        ColumnValues::Integer(values) => {
            if let Some(value) = values[row] {
                write!(line, "{value}")?;
            }
        }
        ColumnValues::Flag(values) => write!(line, "{}", values[row])?,
    }
    Ok(())
}

/// A text in quotes where it needs them; an empty text is quoted, to differ from a missing one.
fn quote(line: &mut Vec<u8>, text: &str) {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) && text.trim() == text {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    line.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}

fn check(columns: &[Column]) -> usize {
    let rows = columns.first().map_or(0, |column| column.values.len());
    assert!(columns.iter().all(|column| column.values.len() == rows), "columns differ in length");
    rows
}

fn series(column: Column) -> Series {
    let name = column.name.into();
    match column.values {
        ColumnValues::Text(values) => Series::new(name, values),
        ColumnValues::Single(values) if values.iter().any(|value| value.is_nan()) => {
            Series::new(name, values.into_iter().map(|value| (!value.is_nan()).then_some(value)).collect::<Vec<_>>())
        }
        ColumnValues::Single(values) => Series::new(name, values),
        ColumnValues::Double(values) if values.iter().any(|value| value.is_nan()) => {
            Series::new(name, values.into_iter().map(|value| (!value.is_nan()).then_some(value)).collect::<Vec<_>>())
        }
        ColumnValues::Double(values) => Series::new(name, values),
        ColumnValues::Integer(values) => Series::new(name, values),
        ColumnValues::Flag(values) => Series::new(name, values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        vec![
            Column::text("id", ["007", "a,\"b\"", "=1+1"]),
            Column {
                name: "kind".into(),
                values: ColumnValues::Text(vec![Some("x".into()), None, Some(String::new())]),
            },
            Column::single("code_00", [0.1, f32::NAN, -1e-30]),
            Column::double("age", [1.5, f64::NAN, 3.0]),
            Column { name: "epoch".into(), values: ColumnValues::Integer(vec![Some(1), None, Some(-3)]) },
            Column { name: "held_out".into(), values: ColumnValues::Flag(vec![true, false, true]) },
        ]
    }

    #[test]
    fn what_is_written_as_parquet_is_read_back() {
        let file = tempfile::NamedTempFile::new().unwrap();
        parquet(file.as_file(), columns()).unwrap();
        let back = crate::table::read::columns(file.path()).unwrap();
        // NaN differs from itself: compare what is shown.
        assert_eq!(format!("{back:?}"), format!("{:?}", columns()));
    }

    #[test]
    fn the_same_columns_give_the_same_bytes() {
        let bytes = || {
            let mut bytes = Vec::new();
            parquet(&mut bytes, columns()).unwrap();
            bytes
        };
        assert_eq!(bytes(), bytes());
    }

    #[test]
    fn csv_quotes_what_needs_it_and_leaves_missing_empty() {
        let mut bytes = Vec::new();
        csv(&mut bytes, &columns()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let expected = "id,kind,code_00,age,epoch,held_out\n007,x,0.1,1.5,1,true\n\"a,\"\"b\"\"\",,,,,false\n\
                        =1+1,\"\",-0.000000000000000000000000000001,3,-3,true\n";
        assert_eq!(text, expected);
    }
}
