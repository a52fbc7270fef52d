//! CSV, TSV and their kin, read cell by cell straight into the table.
//!
//! A reader of our own, because every cell that is not what its column promises needs an answer
//! that names it, and because wide tables must not cost more than their numbers: blocks of
//! records are split and parsed in parallel, and only the matrix grows.

mod number;
mod sniff;
mod stream;
pub(super) mod time;

use std::path::Path;

use rayon::prelude::*;

use crate::error::Error;
use crate::error::Result;
use crate::table::clipped;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::options::Input;
use crate::table::options::Separator;
use crate::table::source::Column;
use crate::table::source::Kind;
use crate::table::source::Progress;
use crate::table::source::Source;
use crate::table::tenx;
use number::Cell;
use number::Cells;
pub(super) use stream::Blocks;
use stream::Field;
use stream::Record;
pub(super) use stream::fields;
pub(super) use stream::unpacked;

/// Opens a text file and judges its shape by its first rows.
pub(super) fn open(path: &Path, input: &Input) -> Result<Box<dyn Source>> {
    let mut blocks = Blocks::open(path)?;
    let start = blocks.peek()?;
    if start.is_empty() {
        return Err(TableError::NoRows { header: None }.into());
    }
    if let [0x93, b'N', b'U', b'M', ..] | [b'P', b'A', b'R', b'1', ..] | [0x89, b'H', b'D', b'F', ..] = start {
        return Err(TableError::Unsupported {
            what: "this is a packed binary file".to_owned(),
            hint: "unpack it with `gunzip` or `unzstd` first",
        }
        .into());
    }
    if start.starts_with(b"%%MatrixMarket") {
        return tenx::matrix_market(path, input);
    }
    sniff::check_encoding(start)?;
    let separator = sniff::separator(start, path, input.separator);
    blocks.set_separator(separator);
    let mut cells = Cells::new(input.missing.words.as_deref());
    let Some((block, records)) = blocks.next()? else {
        return Err(TableError::NoRows { header: None }.into());
    };
    let shape = match sniff::shape(&block, &records, separator, &mut cells, input) {
        // A header alone in a block is followed by rows longer than a block.
        Err(_) if records.len() == 1 && !blocks.is_at_end() => {
            blocks.give_back(block, records[0]);
            return retry_with_more(blocks, separator, cells, input);
        }
        shape => shape?,
    };
    finish_open(blocks, block, &records, shape, separator, cells, input)
}

fn retry_with_more(mut blocks: Blocks, separator: u8, mut cells: Cells, input: &Input) -> Result<Box<dyn Source>> {
    blocks.grow()?;
    let Some((block, records)) = blocks.next()? else {
        return Err(TableError::NoRows { header: None }.into());
    };
    if records.len() == 1 && !blocks.is_at_end() {
        blocks.give_back(block, records[0]);
        return retry_with_more(blocks, separator, cells, input);
    }
    let shape = sniff::shape(&block, &records, separator, &mut cells, input)?;
    finish_open(blocks, block, &records, shape, separator, cells, input)
}

fn finish_open(
    mut blocks: Blocks,
    block: Vec<u8>,
    records: &[Record],
    shape: sniff::Shape,
    separator: u8,
    cells: Cells,
    input: &Input,
) -> Result<Box<dyn Source>> {
    let bytes_per_row = block.len() as u64 / records.len() as u64;
    let estimate = (!blocks.is_compressed()).then(|| blocks.position().1 / bytes_per_row.max(1));
    blocks.give_back(block, records[usize::from(shape.skip_first)]);
    let mut notes = shape.notes;
    if input.separator == Separator::Auto && separator != b',' {
        notes.insert(0, format!("fields are separated by {}", name_of(separator)));
    }
    Ok(Box::new(TextSource {
        row_names: shape.row_names,
        notes,
        parser: Parser {
            any_times: shape.columns.iter().any(|column| column.kind == Kind::Time),
            columns: shape.columns,
            separator,
            cells,
        },
        estimate: estimate.and_then(|rows| usize::try_from(rows).ok()),
        blocks,
        rows_read: 0,
    }))
}

fn name_of(separator: u8) -> &'static str {
    match separator {
        b'\t' => "tabulators",
        b';' => "`;`",
        b'|' => "`|`",
        b' ' => "spaces",
        _ => "`,`",
    }
}

struct TextSource {
    row_names: Option<String>,
    notes: Vec<String>,
    parser: Parser,
    /// Rows there may be, judged by the length of the first.
    estimate: Option<usize>,
    blocks: Blocks,
    rows_read: usize,
}

impl Source for TextSource {
    fn format(&self) -> String {
        let packed = if self.blocks.is_compressed() { ", packed" } else { "" };
        match self.parser.separator {
            b',' => format!("CSV{packed}"),
            b'\t' => format!("TSV{packed}"),
            other => format!("text separated by {}{packed}", name_of(other)),
        }
    }

    fn columns(&self) -> &[Column] {
        &self.parser.columns
    }

    fn rows(&self) -> Option<usize> {
        None
    }

    fn rows_about(&self) -> Option<usize> {
        self.estimate
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn is_read_in_parts(&self) -> bool {
        true
    }

    fn row_names(&self) -> Option<&str> {
        self.row_names.as_deref()
    }

    fn next(
        &mut self,
        slots: &mut [Slot],
        gather: &mut Gather,
        most: usize,
        progress: &mut Progress<'_, '_>,
    ) -> Result<bool> {
        if self.rows_read == 0
            && let Some(rows) = self.estimate
            && most == usize::MAX
        {
            // A guess, so only a wish: what does not fit is refused when rows are really there.
            let _ = gather.reserve(rows);
        }
        let before = gather.offered();
        let mut any = false;
        while gather.offered() - before < most {
            let Some((block, mut records)) = self.blocks.next()? else { break };
            any = true;
            let room = most - (gather.offered() - before);
            let mut rest = None;
            if records.len() > room {
                rest = Some(records[room]);
                records.truncate(room);
            }
            self.block(&block, &records, slots, gather)?;
            let (done, total) = self.blocks.position();
            if let Some(rest) = rest {
                self.blocks.give_back(block, rest);
            }
            progress.advance(done, total)?;
        }
        Ok(any)
    }
}

impl TextSource {
    /// Parses a block of records and appends its rows.
    fn block(&mut self, block: &[u8], records: &[Record], slots: &mut [Slot], gather: &mut Gather) -> Result<()> {
        self.parser.settle_unknown(block, records, slots, gather);
        gather.check_size(records.len())?;
        let width = gather.width();
        let (first_row, parser) = (self.rows_read, &self.parser);
        let parts: Vec<Result<Part<'_>>> = portions(records)
            .into_par_iter()
            .map(|(first, portion)| parser.portion(block, portion, first_row + first, slots, width))
            .collect();
        for (part, (_, portion)) in parts.into_iter().zip(portions(records)) {
            let part = part.map_err(|error| parser.counted(error, block, records, first_row, slots, gather))?;
            parser.append(part, portion.len(), gather)?;
        }
        self.rows_read += records.len();
        Ok(())
    }
}

/// How the cells of a file are read.
struct Parser {
    columns: Vec<Column>,
    /// Whether some column is of dates or times.
    any_times: bool,
    separator: u8,
    cells: Cells,
}

impl Parser {
    /// A column without a value so far takes the kind of its first value.
    fn settle_unknown(&self, block: &[u8], records: &[Record], slots: &mut [Slot], gather: &mut Gather) {
        let mut open: Vec<usize> =
            (0..slots.len()).filter(|column| matches!(slots[*column], Slot::Unknown(_))).collect();
        for record in records {
            let Some(last) = open.last().copied() else { return };
            let mut settled = false;
            for (column, field) in fields(&block[record.start..record.end], self.separator).take(last + 1).enumerate() {
                let Slot::Unknown(slot) = slots[column] else { continue };
                match self.cells.read(field.bytes) {
                    Cell::Missing => continue,
                    Cell::Number(_) if !number::is_code(field.bytes) => slots[column] = Slot::Number(slot),
                    Cell::Number(_) | Cell::Text => slots[column] = gather.turn_to_text(slot),
                }
                settled = true;
            }
            if settled {
                open.retain(|column| matches!(slots[*column], Slot::Unknown(_)));
            }
        }
    }

    /// Parses some records.
    fn portion<'a>(
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
        let cell = if self.any_times && self.columns[column].kind == Kind::Time {
            self.time(field, column, row)?
        } else {
            self.cells.read(field.bytes)
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
    fn time(&self, field: Field<'_>, column: usize, row: usize) -> Result<Cell> {
        if self.cells.is_missing(field.bytes) {
            return Ok(Cell::Missing);
        }
        let text = field.text();
        let text = String::from_utf8_lossy(&text);
        let Column { name, type_name, .. } = &self.columns[column];
        match time::TimeKind::named(type_name).and_then(|kind| kind.read(&text)) {
            Some(number) => Ok(Cell::Number(number)),
            None => Err(TableError::NotATime {
                column: clipped(name),
                row: row + 1,
                text: clipped(&text),
                kind: type_name.clone(),
            }
            .into()),
        }
    }

    fn text(field: Field<'_>, line: usize) -> Result<std::borrow::Cow<'_, str>> {
        let bytes = field.text();
        let text = match bytes {
            std::borrow::Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(std::borrow::Cow::Borrowed).ok(),
            std::borrow::Cow::Owned(bytes) => String::from_utf8(bytes).map(std::borrow::Cow::Owned).ok(),
        };
        let Some(text) = text else {
            return Err(TableError::Encoding { line, looks_like: Some("Latin-1 or Windows-1252") }.into());
        };
        Ok(text)
    }

    fn append(&self, part: Part<'_>, count: usize, gather: &mut Gather) -> Result<()> {
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
                column.cells.set(place, Some(text.trim()));
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
    fn counted(
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
                if self.columns[column].kind == Kind::Time {
                    continue;
                }
                if field.broken || self.cells.read(field.bytes) != Cell::Text {
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
struct Part<'a> {
    values: Vec<f32>,
    texts: Vec<(usize, usize, std::borrow::Cow<'a, str>)>,
    rounded: Vec<usize>,
}

/// Cuts records into portions of some 128 KiB, each with the position of its first record.
fn portions(records: &[Record]) -> Vec<(usize, &[Record])> {
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
