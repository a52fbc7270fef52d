//! CSV, TSV and their kin, read cell by cell straight into the table.
//!
//! A reader of our own, because every cell that is not what its column promises needs an answer
//! that names it, and because wide tables must not cost more than their numbers: blocks of
//! records are split and parsed in parallel, and only the matrix grows.

pub(super) mod number;
mod parser;
mod sniff;
mod stream;
pub(super) mod time;

use std::path::Path;

use rayon::prelude::*;

use crate::error::Result;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::options::Input;
use crate::table::options::Separator;
use crate::table::options::Times;
use crate::table::source::Column;
use crate::table::source::Progress;
use crate::table::source::Source;
use crate::table::tenx;
use number::Cells;
use parser::Parser;
use parser::Part;
use parser::portions;
pub(super) use stream::Blocks;
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
        parser: Parser::new(shape.columns, separator, cells),
        estimate: estimate.and_then(|rows| usize::try_from(rows).ok()),
        blocks,
        rows_read: 0,
        times: input.times,
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
    /// What becomes of dates in a column without a value at first.
    times: Times,
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
        self.parser.settle_unknown(self.times, block, records, slots, gather);
        gather.check_size(records.len())?;
        let width = gather.width();
        let (first_row, parser) = (self.rows_read, &self.parser);
        let parts: Vec<Result<Part<'_>>> = portions(records)
            .into_par_iter()
            .map(|(first, portion)| parser.portion(block, portion, first_row + first, slots, width))
            .collect();
        let parts: Result<Vec<Part<'_>>> = parts.into_iter().collect();
        let parts = parts.map_err(|error| parser.counted(error, block, records, first_row, slots, gather))?;
        for (part, (_, portion)) in parts.into_iter().zip(portions(records)) {
            parser.append(part, portion.len(), gather)?;
        }
        self.rows_read += records.len();
        Ok(())
    }
}
