//! What a text file is like, judged by its first rows: separator, decimal mark, names, kinds.

use std::path::Path;

use crate::error::Result;
use crate::table::clipped;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::check_size;
use crate::table::labels::make_unique;
use crate::table::memory;
use crate::table::options::Decimal;
use crate::table::options::Header;
use crate::table::options::Input;
use crate::table::options::Separator;
use crate::table::source::Column;
use crate::table::source::FORMATTED;
use crate::table::source::Kind;
use crate::table::source::NO_VALUE;
use crate::table::source::has_extension;
use crate::table::text::number;
use crate::table::text::number::Cell;
use crate::table::text::number::Cells;
use crate::table::text::number::is_code;
use crate::table::text::stream::Record;
use crate::table::text::stream::fields;
use crate::table::text::time;

/// The name given to a first column without one: row names as R and pandas write them.
pub(super) const ROW_NAMES: &str = "row_names";
/// Rows looked at to judge the kinds of columns.
pub(super) const HEAD: usize = 1000;

/// Refuses bytes that are no UTF-8 text with line feeds, as far as the start of a file tells.
pub(super) fn check_encoding(start: &[u8]) -> Result<()> {
    let looks_like = match start {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        _ if start.iter().take(4096).filter(|byte| **byte == 0).count() * 4 > start.len().min(4096) => Some("UTF-16"),
        _ => None,
    };
    if looks_like.is_some() {
        return Err(TableError::Encoding { line: 1, looks_like }.into());
    }
    if start.iter().take(4096).any(|byte| *byte == 0) {
        return Err(TableError::Unsupported {
            what: "this is a binary file that we do not know".to_owned(),
            hint: "give CSV, TSV, Parquet, Arrow, NDJSON, npy, 10x or h5ad",
        }
        .into());
    }
    if start.contains(&b'\r') && !start.contains(&b'\n') {
        return Err(TableError::Unsupported {
            what: "the lines of this file end in carriage returns only".to_owned(),
            hint: "convert the line ends, for example with `tr '\\r' '\\n'`",
        }
        .into());
    }
    Ok(())
}

/// The separator: as given, or the one that cuts the first lines into equally many fields.
pub(super) fn separator(start: &[u8], path: &Path, given: Separator) -> u8 {
    match given {
        Separator::Comma => b',',
        Separator::Semicolon => b';',
        Separator::Tab => b'\t',
        Separator::Pipe => b'|',
        Separator::Space => b' ',
        Separator::Auto => guessed_separator(start, path),
    }
}

fn guessed_separator(start: &[u8], path: &Path) -> u8 {
    const LINES: usize = 20;
    let complete = start.iter().rposition(|byte| *byte == b'\n').unwrap_or(start.len());
    let lines: Vec<&[u8]> = start[..complete]
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .take(LINES)
        .collect();
    let count = |separator: u8| -> Option<usize> {
        let counts: Vec<usize> = lines.iter().map(|line| fields(line, separator).count()).collect();
        let rows = counts.get(1..).filter(|rows| !rows.is_empty()).unwrap_or(&counts);
        let first = *rows.first()?;
        let agree = rows.iter().filter(|count| **count == first).count();
        let header = *counts.first()?;
        (first > 1 && header > 1 && agree * 10 >= rows.len() * 8 && (header == first || header + 1 == first))
            .then_some(first)
    };
    if has_extension(path, &["tsv", "tab"]) && count(b'\t').is_some() {
        return b'\t';
    }
    let best = [b',', b'\t', b';', b'|'].into_iter().filter_map(|separator| Some((count(separator)?, separator)));
    // Of several that agree, the one with most fields; of equals, the first of the list.
    let best = best.rev().max_by_key(|(fields, _)| *fields).map(|(_, separator)| separator);
    if let Some(separator) = best {
        return separator;
    }
    // A title above the header: what cuts the later lines into equally many.
    let later = &lines[lines.len() / 2..];
    let cuts = |separator: u8| {
        let first = fields(later.first()?, separator).count();
        (first > 1 && later.iter().all(|line| fields(line, separator).count() == first)).then_some((first, separator))
    };
    if lines.len() >= 4
        && let Some((_, separator)) =
            [b'|', b';', b'\t', b','].into_iter().filter_map(cuts).max_by_key(|(fields, _)| *fields)
    {
        return separator;
    }
    // Without agreement, the one the header holds most of.
    let header = lines.first().copied().unwrap_or_default();
    let most = [b'|', b';', b'\t', b','].into_iter().max_by_key(|separator| fields(header, *separator).count());
    match most {
        Some(separator) if fields(header, separator).count() > 1 => separator,
        _ if count(b' ').is_some() => b' ',
        _ => b',',
    }
}

/// A text file's shape, judged by its first records.
pub(super) struct Shape {
    pub(super) columns: Vec<Column>,
    /// The first record is a header and holds no data.
    pub(super) skip_first: bool,
    /// A column of row names, which can serve as id if none is given.
    pub(super) row_names: Option<String>,
    pub(super) notes: Vec<String>,
}

/// Judges names and kinds.
pub(super) fn shape(
    block: &[u8],
    records: &[Record],
    separator: u8,
    cells: &mut Cells,
    input: &Input,
) -> Result<Shape> {
    let first = &block[records[0].start..records[0].end];
    let mut names = Vec::new();
    check_size(1, memchr::memchr_iter(separator, first).count(), memory::budget())?;
    for field in fields(first, separator) {
        let text = field.text();
        let Ok(name) = std::str::from_utf8(&text) else {
            return Err(
                TableError::Encoding { line: records[0].line, looks_like: Some("Latin-1 or Windows-1252") }.into()
            );
        };
        names.push(name.trim().to_owned());
    }
    if input.header == Header::Auto {
        refuse_title(block, records, separator)?;
        refuse_blanks(block, records, &names)?;
    }
    let skip_first = match input.header {
        Header::Absent => false,
        Header::Present => true,
        Header::Auto => {
            if all_data(&names, cells) {
                let sample: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
                return Err(TableError::HeaderIsData { sample: clipped(&sample.join(", ")) }.into());
            }
            true
        }
    };
    if !skip_first {
        names = (1..=names.len()).map(|position| format!("column_{position}")).collect();
    }
    let rows = &records[usize::from(skip_first)..];
    if rows.is_empty() {
        return Err(TableError::NoRows { header: skip_first.then(|| first_few(&names)) }.into());
    }
    let mut row_names = None;
    let found = fields(&block[rows[0].start..rows[0].end], separator).count();
    if skip_first && found == names.len() + 1 && names.iter().all(|name| !name.is_empty()) {
        names.insert(0, ROW_NAMES.to_owned());
        row_names = Some(ROW_NAMES.to_owned());
    } else if skip_first && names.len() > 1 && names[0].is_empty() && !names.iter().any(|name| name == ROW_NAMES) {
        ROW_NAMES.clone_into(&mut names[0]);
        row_names = Some(ROW_NAMES.to_owned());
    }
    let given = names.clone();
    let repeated = if names.iter().any(String::is_empty) { 0 } else { make_unique(&mut names) };
    let rows = &rows[..rows.len().min(HEAD)];
    cells.comma = match input.decimal {
        Decimal::Point => false,
        Decimal::Comma => true,
        Decimal::Auto => separator != b',' && decimal_commas(block, rows, separator),
    };
    let mut tallies = vec![Tally::default(); names.len()];
    for record in rows {
        for (tally, field) in tallies.iter_mut().zip(fields(&block[record.start..record.end], separator)) {
            tally.add(field.bytes, cells);
        }
    }
    let mut notes = Vec::new();
    if cells.comma && input.decimal == Decimal::Auto {
        notes.push("numbers are read with a decimal comma".to_owned());
    }
    let mut mixed = Vec::new();
    let mut codes = Vec::new();
    if repeated > 0 {
        let renamed: Vec<&String> =
            names.iter().zip(&given).filter(|(name, given)| name != given).map(|(name, _)| name).collect();
        notes.push(format!(
            "{repeated} column name{} more than once and got a number: {}",
            if repeated == 1 { " occurs" } else { "s occur" },
            first_few(&renamed)
        ));
    }
    let columns = names
        .into_iter()
        .zip(given)
        .zip(&tallies)
        .map(|((name, given), tally)| {
            let kind = tally.kind();
            if kind == Kind::Text && tally.texts == 0 {
                codes.push(name.clone());
            } else if kind == Kind::Text && tally.numbers > 0 {
                mixed.push(name.clone());
            }
            let type_name = match kind {
                Kind::Number => "number",
                Kind::Text if tally.texts > 0 && tally.texts == tally.formatted => FORMATTED,
                Kind::Text => "text",
                Kind::Time => tally.moments.kind().map_or("time", time::TimeKind::name),
                _ => NO_VALUE,
            };
            let repeats = (name != given).then_some(given);
            Column { repeats, ..Column::new(name, kind, type_name) }
        })
        .collect();
    if !codes.is_empty() {
        notes.push(format!("numbers with leading zeros are codes, and read as text: {}", first_few(&codes)));
    }
    if !mixed.is_empty() {
        notes.push(format!("columns of texts and some numbers are read as text: {}", first_few(&mixed)));
    }
    if tallies.iter().any(|tally| tally.padded) {
        notes.push("blanks around numbers are ignored".to_owned());
    }
    Ok(Shape { columns, skip_first, row_names, notes })
}

/// Refuses a first line that is no header but a title or a comment above it.
fn refuse_title(block: &[u8], records: &[Record], separator: u8) -> Result<()> {
    const LINES: usize = 20;
    let record = |record: &Record| fields(&block[record.start..record.end], separator);
    let filled = |fields: &Record| record(fields).filter(|field| !field.text().trim_ascii().is_empty()).count();
    let (count, first) = (record(&records[0]).count(), record(&records[0]).next());
    if filled(&records[0]) != 1 || first.is_none_or(|field| field.text().trim_ascii().is_empty()) {
        return Ok(());
    }
    let later: Vec<usize> = records[1..].iter().take(LINES).map(filled).collect();
    let most = later.iter().copied().max().unwrap_or(0);
    let usual = 2 * later.iter().filter(|fields| **fields == most).count() > later.len();
    // one name above two fields: row names as R writes them
    let fewest = if count == 1 { 3 } else { 2 };
    match later.iter().position(|fields| *fields == most) {
        Some(begins) if usual && most >= fewest && records.len() > 2 => {
            Err(TableError::Title { line: records[0].line, fields: most, begins: records[begins + 1].line }.into())
        }
        _ => Ok(()),
    }
}

/// Refuses fields that are aligned with runs of blanks: where one ends is not to be known.
fn refuse_blanks(block: &[u8], records: &[Record], names: &[String]) -> Result<()> {
    let aligned = |text: &str| text.trim().contains("  ");
    let second = records.get(1).map(|record| String::from_utf8_lossy(&block[record.start..record.end]).into_owned());
    if names.len() == 1 && aligned(&names[0]) && second.is_some_and(|second| aligned(&second)) {
        return Err(TableError::Unsupported {
            what: "the fields of this file are aligned with runs of blanks".to_owned(),
            hint: "put one separator between them, for example with `sed 's/^ *//; s/  */,/g'`",
        }
        .into());
    }
    Ok(())
}

/// Whether a header's fields are all numbers, and not just columns numbered from 0 or 1.
fn all_data(names: &[String], cells: &Cells) -> bool {
    let numbers = names.iter().map(|name| match cells.read(name.as_bytes()) {
        Cell::Number(number) => Some(number),
        Cell::Missing | Cell::Text => None,
    });
    let Some(numbers) = numbers.collect::<Option<Vec<f64>>>() else { return false };
    let numbered = numbers.len() > 1
        && (numbers[0] == 0.0 || numbers[0] == 1.0)
        && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1.0);
    !numbers.is_empty() && !numbered
}

/// Whether there are numbers with a comma and none with a point.
fn decimal_commas(block: &[u8], rows: &[Record], separator: u8) -> bool {
    let mut commas = 0;
    for record in rows {
        for field in fields(&block[record.start..record.end], separator) {
            let cell = field.bytes.trim_ascii();
            let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
            let unsigned = cell.strip_prefix(b"-").unwrap_or(cell);
            if let Some(at) = unsigned.iter().position(|byte| matches!(byte, b',' | b'.'))
                && digits(&unsigned[..at])
                && unsigned[at + 1..].first().is_some_and(u8::is_ascii_digit)
                && unsigned[at + 1..]
                    .iter()
                    .all(|byte| byte.is_ascii_digit() || matches!(byte, b'e' | b'E' | b'-' | b'+'))
            {
                match unsigned[at] {
                    b',' => commas += 1,
                    _ => return false,
                }
            }
        }
    }
    commas > 0
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    numbers: usize,
    texts: usize,
    /// Texts that are numbers as people write them.
    formatted: usize,
    codes: usize,
    padded: bool,
    moments: time::Tally,
}

impl Tally {
    fn add(&mut self, bytes: &[u8], cells: &Cells) {
        match cells.read(bytes) {
            Cell::Number(_) => {
                self.numbers += 1;
                self.codes += usize::from(is_code(bytes));
                self.padded |= bytes.trim_ascii().len() != bytes.len();
            }
            Cell::Missing => {}
            Cell::Text => {
                self.texts += 1;
                self.formatted += usize::from(number::is_formatted(bytes));
                self.moments.add(std::str::from_utf8(bytes).unwrap_or_default());
            }
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self { numbers: 0, texts: 0, .. } => Kind::Unknown,
            Self { numbers: 0, moments, .. } if moments.kind().is_some() => Kind::Time,
            Self { codes, .. } if codes > 0 => Kind::Text,
            Self { numbers, texts, .. } if numbers > texts => Kind::Number,
            Self { .. } => Kind::Text,
        }
    }
}
