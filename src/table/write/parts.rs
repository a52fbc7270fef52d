//! Writing a table part by part, so that only a part is held at once.

use std::io::BufWriter;
use std::io::Write;

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::DataFrame;
use polars::prelude::ParquetWriter;

use super::Column;
use super::ColumnValues;
use super::frame;
use super::options;
use crate::error::Error;
use crate::error::Result;
use crate::table::columnar::contain;

/// The format of a written table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Parquet, packed with zstd; a part is a row group.
    Parquet,
    /// CSV as by [`super::csv`].
    Csv,
}

/// A table on its way into a file.
pub struct Parts<W: Write + Send> {
    state: State<W>,
    /// Names and kinds of the columns, once there is a part.
    columns: Vec<(String, std::mem::Discriminant<ColumnValues>)>,
}

enum State<W: Write + Send> {
    /// Parquet before its first part.
    Begun(Option<W>),
    Parquet(BatchedWriter<W>),
    Csv(BufWriter<W>),
}

impl<W: Write + Send> Parts<W> {
    /// Nothing is written before the first part.
    pub fn new(writer: W, format: Format) -> Self {
        let state = match format {
            Format::Parquet => State::Begun(Some(writer)),
            Format::Csv => State::Csv(BufWriter::new(writer)),
        };
        Self { state, columns: Vec::new() }
    }

    /// Writes a part: the same columns in every one.
    ///
    /// # Errors
    /// If the writer fails, or a column is of another kind than in the first part.
    pub fn add(&mut self, columns: Vec<Column>) -> Result<()> {
        let kinds: Vec<_> =
            columns.iter().map(|column| (column.name.clone(), std::mem::discriminant(&column.values))).collect();
        let first = self.columns.is_empty();
        if first {
            self.columns = kinds;
        } else if let Some((name, _)) = self.columns.iter().zip(&kinds).find(|(a, b)| a != b).map(|(a, _)| a) {
            return Err(Error::request(format!("the column `{name}` is a class in some rows and a number in others"))
                .hint("put its values in quotes, or leave the column out of the table"));
        }
        match &mut self.state {
            State::Csv(writer) => {
                if first {
                    super::csv_header(&mut *writer, &columns)?;
                }
                super::csv_rows(writer, &columns)
            }
            State::Begun(writer) => {
                let frame = frame(columns)?;
                let Some(writer) = writer.take() else { return Err(Error::failure("the file is gone")) };
                let mut writer =
                    packed(contain("Parquet", || options(ParquetWriter::new(writer)).batched(frame.schema())))?;
                add(&mut writer, &frame)?;
                self.state = State::Parquet(writer);
                Ok(())
            }
            State::Parquet(writer) => add(writer, &frame(columns)?),
        }
    }

    /// Writes what is still to be written.
    ///
    /// # Errors
    /// If the writer fails, or no part was added.
    pub fn finish(self) -> Result<()> {
        match self.state {
            State::Begun(_) => Err(Error::failure("there is nothing to write")),
            State::Parquet(writer) => packed(contain("Parquet", || writer.finish())).map(|_| ()),
            State::Csv(mut writer) => {
                writer.flush().map_err(|error| Error::failure(format!("cannot write CSV: {error}")))
            }
        }
    }
}

fn add<W: Write>(writer: &mut BatchedWriter<W>, frame: &DataFrame) -> Result<()> {
    packed(contain("Parquet", || writer.write_batch(frame)))
}

fn packed<T>(written: Result<T>) -> Result<T> {
    written.map_err(|error| Error::failure(format!("cannot write Parquet: {}", error.message())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(from: i64) -> Vec<Column> {
        vec![
            Column::text("id", [from.to_string(), (from + 1).to_string()]),
            Column::single("code_00", [0.5, f32::NAN]),
            Column { name: "epoch".into(), values: ColumnValues::Integer(vec![None, Some(from)]) },
        ]
    }

    #[test]
    fn parts_of_parquet_are_read_back_as_one_table() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut parts = Parts::new(file.as_file(), Format::Parquet);
        for from in [0, 2, 4] {
            parts.add(part(from)).unwrap();
        }
        parts.finish().unwrap();
        let columns = crate::table::read::columns(file.path()).unwrap();
        assert_eq!(columns[0], Column::text("id", ["0", "1", "2", "3", "4", "5"]));
        assert_eq!(columns[2].values, ColumnValues::Integer(vec![None, Some(0), None, Some(2), None, Some(4)]));
    }

    #[test]
    fn parts_of_csv_have_one_header() {
        let mut bytes = Vec::new();
        let mut parts = Parts::new(&mut bytes, Format::Csv);
        parts.add(part(0)).unwrap();
        parts.add(part(2)).unwrap();
        parts.finish().unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "id,code_00,epoch\n0,0.5,\n1,,0\n2,0.5,\n3,,2\n");
    }

    #[test]
    fn a_part_of_another_kind_is_refused() {
        let mut parts = Parts::new(Vec::new(), Format::Csv);
        parts.add(vec![Column::single("age", [1.0])]).unwrap();
        let said = parts.add(vec![Column::text("age", ["old"])]).unwrap_err().to_string();
        assert!(said.starts_with("the column `age` is a class in some rows"), "{said}");
    }
}
