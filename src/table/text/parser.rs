//! From the records of a text file to the numbers and texts of a table.

use std::borrow::Cow;

use super::number;
use super::number::Cell;
use super::number::Cells;
use super::sniff::HEAD;
use super::stream::Field;
use super::stream::Record;
use super::stream::fields;
use super::time::Tally;
use super::time::TimeKind;
use crate::error::Error;
use crate::error::Result;
use crate::table::clipped;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::options::Times;
use crate::table::source::Column;
use crate::table::source::Kind;

/// How the cells of a file are read.
pub(super) struct Parser {
    pub(super) columns: Vec<Column>,
    pub(super) separator: u8,
    cells: Cells,
    /// What the texts of each column say of time; empty where no column is of dates or times.
    times: Vec<Option<TimeKind>>,
}

impl Parser {
    pub(super) fn new(columns: Vec<Column>, separator: u8, cells: Cells) -> Self {
        let kind = |column: &Column| TimeKind::named(&column.type_name).filter(|_| column.kind == Kind::Time);
        let mut times: Vec<Option<TimeKind>> = columns.iter().map(kind).collect();
        if times.iter().all(Option::is_none) {
            times.clear();
        }
        Self { columns, separator, cells, times }
    }

    fn time_kind(&self, column: usize) -> Option<TimeKind> {
        self.times.get(column).copied().flatten()
    }

    /// A column without a value so far takes the kind of its first value.
    ///
    /// Texts are looked at to the end of the block, or of the first thousand, for dates and times.
    pub(super) fn settle_unknown(
        &mut self,
        times: Times,
        block: &[u8],
        records: &[Record],
        slots: &mut [Slot],
        gather: &mut Gather,
    ) {
        let mut open: Vec<usize> =
            (0..slots.len()).filter(|column| matches!(slots[*column], Slot::Unknown(_))).collect();
        for (row, record) in records.iter().enumerate() {
            let Some(last) = open.last().copied() else { return };
            let mut settled = false;
            for (column, field) in fields(&block[record.start..record.end], self.separator).take(last + 1).enumerate() {
                let Slot::Unknown(slot) = slots[column] else { continue };
                let kind = match self.cells.read(field.bytes) {
                    Cell::Missing => continue,
                    Cell::Number(_) if !number::is_code(field.bytes) => Kind::Number,
                    Cell::Number(_) => Kind::Text,
                    Cell::Text => match self.moments(block, &records[row..], column) {
                        Some(found) => {
                            self.times.resize(self.columns.len(), None);
                            self.times[column] = Some(found);
                            Kind::Time
                        }
                        None => Kind::Text,
                    },
                };
                let type_name = self.time_kind(column).map_or("text", TimeKind::name);
                slots[column] = gather.settle_unknown(slot, kind, type_name, times);
                settled = true;
            }
            if settled {
                open.retain(|column| matches!(slots[*column], Slot::Unknown(_)));
            }
        }
    }

    /// What the first texts of a column say of time.
    fn moments(&self, block: &[u8], records: &[Record], column: usize) -> Option<TimeKind> {
        let mut tally = Tally::default();
        for record in records.iter().take(HEAD) {
            let field = fields(&block[record.start..record.end], self.separator).nth(column)?;
            match self.cells.read(field.bytes) {
                Cell::Missing => {}
                Cell::Number(_) => return None,
                Cell::Text => tally.add(std::str::from_utf8(&field.text()).unwrap_or_default()),
            }
        }
        tally.kind()
    }

    /// Parses some records.
    pub(super) fn portion<'a>(
        &self,
        block: &'a [u8],
        records: &[Record],
        first_row: usize,
        slots: &[Slot],
        width: usize,
    ) -> Result<Part<'a>> {
        let mut part = Part { values: vec![f32::NAN; records.len() * width], texts: Vec::new(), rounded: Vec::new() };
        for (row, record) in records.iter().enumerate() {
            let values = &mut part.values[row * width..(row + 1) * width];
            let mut found = 0;
            for field in fields(&block[record.start..record.end], self.separator) {
                if field.broken {
                    return Err(TableError::Quote {
                        line: record.line,
                        problem: "is followed by more text after its end",
                    }
                    .into());
                }
                match slots.get(found) {
                    Some(Slot::Number(slot) | Slot::Unknown(slot)) => {
                        values[*slot] = self.number(field, found, first_row + row, &mut part.rounded, *slot)?;
                    }
                    Some(Slot::Text(slot)) => {
                        let text = Self::text(field, record.line)?;
                        part.texts.push((row, *slot, text));
                    }
                    Some(Slot::Skip) | None => {}
                }
                found += 1;
            }
            if found != slots.len() {
                return Err(TableError::Ragged { line: record.line, found, expected: slots.len() }.into());
            }
        }
        Ok(part)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the matrix is single precision; too large is checked")]
    fn number(
        &self,
        field: Field<'_>,
        column: usize,
        row: usize,
        rounded: &mut Vec<usize>,
        slot: usize,
    ) -> Result<f32> {
        const EXACT: f64 = 16_777_216.0;
        let cell = match self.time_kind(column) {
            Some(kind) => self.time(field, kind, column, row)?,
            None => self.cells.read(field.bytes),
        };
        match cell {
            Cell::Missing => Ok(f32::NAN),
            Cell::Number(number) if number.abs() <= EXACT => Ok(number as f32),
            Cell::Number(number) => {
                let single = number as f32;
                if single.is_infinite() {
                    let text = clipped(&String::from_utf8_lossy(field.bytes));
                    let column = clipped(&self.columns[column].name);
                    return Err(if number.is_infinite() && number::says_infinite(field.bytes) {
                        TableError::Infinite { column, row: row + 1, text }.into()
                    } else {
                        TableError::TooLarge { column, row: row + 1, text }.into()
                    });
                }
                if f64::from(single) != number && number.fract() == 0.0 && !rounded.contains(&slot) {
                    rounded.push(slot);
                }
                Ok(single)
            }
            Cell::Text => {
                let text = clipped(&String::from_utf8_lossy(&field.text()));
                let column = clipped(&self.columns[column].name);
                Err(TableError::NotANumber { column, row: row + 1, text, numbers: 0 }.into())
            }
        }
    }

    /// A cell of a column of dates or times as a number of days or seconds.
    fn time(&self, field: Field<'_>, kind: TimeKind, column: usize, row: usize) -> Result<Cell> {
        if self.cells.is_missing(field.bytes) {
            return Ok(Cell::Missing);
        }
        let text = field.text();
        let text = String::from_utf8_lossy(&text);
        kind.read(&text).map(Cell::Number).ok_or_else(|| {
            let column = clipped(&self.columns[column].name);
            TableError::NotATime { column, row: row + 1, text: clipped(&text), kind: kind.name().to_owned() }.into()
        })
    }

    fn text(field: Field<'_>, line: usize) -> Result<Cow<'_, str>> {
        let bytes = field.text();
        let text = match bytes {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
        };
        let Some(text) = text else {
            return Err(TableError::Encoding { line, looks_like: Some("Latin-1 or Windows-1252") }.into());
        };
        Ok(text)
    }

    pub(super) fn append(&self, part: Part<'_>, count: usize, gather: &mut Gather) -> Result<()> {
        let width = gather.width();
        let places = gather.places(count);
        let rows_before = gather.rows();
        let new_rows = places.iter().flatten().max().map_or(rows_before, |place| rows_before.max(place + 1));
        if new_rows == rows_before + count {
            gather.values.extend_from_slice(&part.values);
            gather.grown(new_rows);
        } else {
            gather.extend_to(new_rows)?;
            for (row, place) in places.iter().enumerate() {
                if let Some(place) = place {
                    gather.values[place * width..(place + 1) * width]
                        .copy_from_slice(&part.values[row * width..(row + 1) * width]);
                }
            }
        }
        for (row, slot, text) in part.texts {
            let Some(place) = places[row] else { continue };
            let column = &mut gather.texts[slot];
            if column.is_verbatim() {
                column.cells.set(place, Some(&text));
            } else if !self.cells.is_missing(text.as_bytes()) {
                let bare = text.trim();
                column.trimmed |= bare.len() < text.len();
                column.cells.set(place, Some(bare));
            } else {
                column.cells.set(place, None);
            }
        }
        for slot in part.rounded {
            gather.rounded[slot] = true;
        }
        Ok(())
    }

    /// Completes a "not a number" with how many values of its column are numbers.
    pub(super) fn counted(
        &self,
        error: Error,
        block: &[u8],
        records: &[Record],
        first_row: usize,
        slots: &[Slot],
        gather: &Gather,
    ) -> Error {
        // The typed error is rebuilt from the first cell that fails, in the order of the file.
        for (row, record) in records.iter().enumerate() {
            for (column, field) in fields(&block[record.start..record.end], self.separator).enumerate() {
                let Some(Slot::Number(slot) | Slot::Unknown(slot)) = slots.get(column) else { continue };
                if self.time_kind(column).is_some() || field.broken || self.cells.read(field.bytes) != Cell::Text {
                    continue;
                }
                let before =
                    gather.values.iter().skip(*slot).step_by(gather.width()).filter(|value| !value.is_nan()).count();
                let here = records
                    .iter()
                    .filter_map(|record| fields(&block[record.start..record.end], self.separator).nth(column));
                let here = here.filter(|field| matches!(self.cells.read(field.bytes), Cell::Number(_))).count();
                let found: Error = TableError::NotANumber {
                    column: clipped(&self.columns[column].name),
                    row: first_row + row + 1,
                    text: clipped(&String::from_utf8_lossy(&field.text())),
                    numbers: before + here,
                }
                .into();
                let same = error.message().split(" in row ").next() == found.message().split(" in row ").next();
                return if same { found } else { error };
            }
        }
        error
    }
}

/// What came out of some records.
pub(super) struct Part<'a> {
    values: Vec<f32>,
    texts: Vec<(usize, usize, Cow<'a, str>)>,
    rounded: Vec<usize>,
}

/// Cuts records into portions of some 128 KiB, each with the position of its first record.
pub(super) fn portions(records: &[Record]) -> Vec<(usize, &[Record])> {
    const BYTES: usize = 128 << 10;
    let mut portions = Vec::new();
    let mut first = 0;
    for at in 1..=records.len() {
        if at == records.len() || records[at - 1].end - records[first].start >= BYTES {
            portions.push((first, &records[first..at]));
            first = at;
        }
    }
    portions
}
