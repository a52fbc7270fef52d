//! The bytes of a text file: decompressed, and cut into blocks of whole records.

use std::fs::File;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::error::Error;
use crate::error::Result;
use crate::table::error::TableError;

/// Bytes read at a time.
const BLOCK: usize = 4 << 20;
/// The longest record, in MiB: beyond this it is no table.
const LONGEST: usize = 256;

/// A file of records, read block by block.
pub(in crate::table) struct Blocks {
    reader: Box<dyn Read>,
    consumed: Arc<AtomicU64>,
    length: u64,
    compressed: bool,
    buffer: Vec<u8>,
    ended: bool,
    /// Lines before the buffer's first byte.
    lines: usize,
    separator: u8,
}

/// The byte range of a record in its block, and the line it starts in, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::table) struct Record {
    pub(in crate::table) start: usize,
    pub(in crate::table) end: usize,
    pub(in crate::table) line: usize,
}

impl Blocks {
    /// Opens a file, unpacking gzip and zstd by their first bytes.
    pub(in crate::table) fn open(path: &Path) -> Result<Self> {
        let consumed = Arc::new(AtomicU64::new(0));
        let (reader, length, compressed) = decoder(path, Arc::clone(&consumed))?;
        Ok(Self { reader, consumed, length, compressed, buffer: Vec::new(), ended: false, lines: 0, separator: b',' })
    }

    /// Whether the file was packed.
    pub(in crate::table) fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Bytes of the file read so far, and in all.
    pub(in crate::table) fn position(&self) -> (u64, u64) {
        (self.consumed.load(Ordering::Relaxed), self.length)
    }

    /// Whether the last byte has been read.
    pub(in crate::table) fn is_at_end(&self) -> bool {
        self.ended
    }

    /// Reads another block behind what is waiting to be cut.
    pub(in crate::table) fn grow(&mut self) -> Result<()> {
        if self.buffer.len() > LONGEST << 20 {
            return Err(TableError::LongLine { line: self.lines + 1, limit: LONGEST }.into());
        }
        self.fill()
    }

    /// Says where fields end, which decides what a quote is.
    pub(in crate::table) fn set_separator(&mut self, separator: u8) {
        self.separator = separator;
    }

    /// The first bytes of the file, without moving on.
    pub(in crate::table) fn peek(&mut self) -> Result<&[u8]> {
        if self.buffer.is_empty() && !self.ended {
            self.fill()?;
            if self.buffer.starts_with(b"\xEF\xBB\xBF") {
                self.buffer.drain(..3);
            }
        }
        Ok(&self.buffer)
    }

    /// The next block and its records; `None` at the end. Empty lines are no records.
    pub(in crate::table) fn next(&mut self) -> Result<Option<(Vec<u8>, Vec<Record>)>> {
        self.peek()?;
        loop {
            let mut records = Vec::new();
            let (end, lines) = self.cut(&mut records)?;
            if end > 0 {
                let rest = self.buffer.split_off(end);
                let block = std::mem::replace(&mut self.buffer, rest);
                self.lines += lines;
                if records.is_empty() {
                    continue;
                }
                return Ok(Some((block, records)));
            }
            if self.ended {
                return Ok(None);
            }
            if self.buffer.len() > LONGEST << 20 {
                return Err(TableError::LongLine { line: self.lines + 1, limit: LONGEST }.into());
            }
            self.fill()?;
        }
    }

    /// Gives back the records of a block from `record` on, to be read again by the next call.
    pub(in crate::table) fn give_back(&mut self, mut block: Vec<u8>, from: Record) {
        block.drain(..from.start);
        block.append(&mut self.buffer);
        self.buffer = block;
        self.lines = from.line - 1;
    }

    fn fill(&mut self) -> Result<()> {
        let before = self.buffer.len();
        // a record longer than a block is looked at again from its start: doubling keeps that linear
        let more = BLOCK.max(before) as u64;
        let read = self.reader.by_ref().take(more).read_to_end(&mut self.buffer);
        match read {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) if self.compressed => {
                let format = "compressed";
                return Err(TableError::Damaged { format, reason: error.to_string() }.into());
            }
            Err(error) => return Err(Error::failure(format!("cannot read on: {error}"))),
        }
        debug_assert!(self.buffer.len() >= before);
        Ok(())
    }

    /// Finds the whole records at the start of the buffer; returns where they end and their lines.
    fn cut(&self, records: &mut Vec<Record>) -> Result<(usize, usize)> {
        let bytes = &self.buffer;
        let (mut start, mut lines) = (0, 0);
        while start < bytes.len() {
            let line = self.lines + lines + 1;
            let newline = memchr::memchr(b'\n', &bytes[start..]).map(|at| start + at);
            let first_end = newline.unwrap_or(bytes.len());
            let end = if memchr::memchr(b'"', &bytes[start..first_end]).is_some() {
                match quoted_end(bytes, start, self.separator) {
                    End::At(end) => Some(end),
                    End::Open if !self.ended => None,
                    End::Open => return Err(TableError::Quote { line, problem: "is never closed" }.into()),
                }
            } else {
                newline
            };
            let Some(end) = end.or_else(|| self.ended.then_some(bytes.len())) else { break };
            if end == bytes.len() && !self.ended {
                break;
            }
            let mut trimmed = end;
            while trimmed > start && bytes[trimmed - 1] == b'\r' {
                trimmed -= 1;
            }
            if trimmed > start {
                records.push(Record { start, end: trimmed, line });
            }
            lines += 1 + memchr::memchr_iter(b'\n', &bytes[start..end]).count();
            start = (end + 1).min(bytes.len());
        }
        Ok((start, lines))
    }
}

/// The bytes of a file, gzip and zstd unpacked.
pub(in crate::table) fn unpacked(path: &Path) -> Result<Box<dyn Read>> {
    decoder(path, Arc::new(AtomicU64::new(0))).map(|(reader, ..)| reader)
}

/// A reader that unpacks, the length of the file, and whether it was packed.
fn decoder(path: &Path, consumed: Arc<AtomicU64>) -> Result<(Box<dyn Read>, u64, bool)> {
    let io = |error| Error::io("read", path, &error);
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut counted = Counted { inner: file, consumed };
    let mut start = Vec::with_capacity(4);
    counted.by_ref().take(4).read_to_end(&mut start).map_err(io)?;
    let whole = std::io::Cursor::new(start.clone()).chain(counted);
    Ok(match start.as_slice() {
        [0x1f, 0x8b, ..] => {
            let packed = BufReader::with_capacity(1 << 16, whole);
            (Box::new(flate2::bufread::MultiGzDecoder::new(packed)), length, true)
        }
        [0x28, 0xb5, 0x2f, 0xfd] => (Box::new(zstd::stream::read::Decoder::new(whole).map_err(io)?), length, true),
        _ => (Box::new(whole), length, false),
    })
}

enum End {
    At(usize),
    Open,
}

/// The end of a record that holds quotes: the first line break outside of a quoted field.
fn quoted_end(bytes: &[u8], start: usize, separator: u8) -> End {
    let (mut at, mut field_start) = (start, true);
    while at < bytes.len() {
        match bytes[at] {
            b'"' if field_start => {
                at += 1;
                loop {
                    let Some(close) = memchr::memchr(b'"', &bytes[at..]) else { return End::Open };
                    at += close + 1;
                    if bytes.get(at) != Some(&b'"') {
                        break;
                    }
                    at += 1;
                }
                field_start = false;
            }
            b'\n' => return End::At(at),
            byte => {
                field_start = byte == separator;
                at += 1;
            }
        }
    }
    End::At(bytes.len())
}

/// A reader that counts what went through it.
struct Counted<R> {
    inner: R,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The fields of a record, without their quotes.
pub(in crate::table) struct FieldsOf<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

/// One field: its bytes, and whether doubled quotes in it stand for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::table) struct Field<'a> {
    pub(in crate::table) bytes: &'a [u8],
    pub(in crate::table) doubled: bool,
    /// Something follows the closing quote.
    pub(in crate::table) broken: bool,
}

impl<'a> Field<'a> {
    /// The field's text with doubled quotes undone.
    pub(in crate::table) fn text(&self) -> std::borrow::Cow<'a, [u8]> {
        if !self.doubled {
            return self.bytes.into();
        }
        let mut plain = Vec::with_capacity(self.bytes.len());
        let mut bytes = self.bytes.iter().peekable();
        while let Some(byte) = bytes.next() {
            plain.push(*byte);
            if *byte == b'"' && bytes.peek() == Some(&&b'"') {
                bytes.next();
            }
        }
        plain.into()
    }
}

/// Splits a record into fields.
pub(in crate::table) fn fields(record: &[u8], separator: u8) -> FieldsOf<'_> {
    FieldsOf { rest: Some(record), separator }
}

impl<'a> Iterator for FieldsOf<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let rest = self.rest?;
        if rest.first() == Some(&b'"') {
            return Some(self.quoted(rest));
        }
        // Fields are a few bytes long: a plain loop beats a vectorized search.
        let end = rest.iter().position(|byte| *byte == self.separator);
        let bytes = match end {
            Some(end) => {
                self.rest = Some(&rest[end + 1..]);
                &rest[..end]
            }
            None => {
                self.rest = None;
                rest
            }
        };
        Some(Field { bytes, doubled: false, broken: false })
    }
}

impl<'a> FieldsOf<'a> {
    fn quoted(&mut self, rest: &'a [u8]) -> Field<'a> {
        let (mut at, mut doubled) = (1, false);
        let close = loop {
            match memchr::memchr(b'"', &rest[at..]) {
                None => break rest.len(),
                Some(found) if rest.get(at + found + 1) == Some(&b'"') => {
                    doubled = true;
                    at += found + 2;
                }
                Some(found) => break at + found,
            }
        };
        let after = &rest[(close + 1).min(rest.len())..];
        let broken = !(after.is_empty() || after[0] == self.separator);
        self.rest = match memchr::memchr(self.separator, after) {
            Some(end) => Some(&after[end + 1..]),
            None => None,
        };
        Field { bytes: &rest[1..close], doubled, broken }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(record: &str) -> Vec<String> {
        fields(record.as_bytes(), b',').map(|field| String::from_utf8(field.text().into_owned()).unwrap()).collect()
    }

    #[test]
    fn splits_plain_quoted_and_empty_fields() {
        assert_eq!(split("a,b,,c"), ["a", "b", "", "c"]);
        assert_eq!(split("a,"), ["a", ""]);
        assert_eq!(split(r#""x,y","he said ""no""",3"#), ["x,y", r#"he said "no""#, "3"]);
        assert_eq!(split(r#"5" pipe,6"#), [r#"5" pipe"#, "6"]);
    }

    #[test]
    fn cuts_records_at_line_breaks_outside_of_quotes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "\u{feff}a,b\r\n\r\n\"x\ny\",1\nz,2").unwrap();
        let mut blocks = Blocks::open(file.path()).unwrap();
        let mut texts = Vec::new();
        while let Some((block, records)) = blocks.next().unwrap() {
            for record in records {
                texts.push((String::from_utf8(block[record.start..record.end].to_vec()).unwrap(), record.line));
            }
        }
        assert_eq!(texts, [("a,b".to_owned(), 1), ("\"x\ny\",1".to_owned(), 3), ("z,2".to_owned(), 5)]);
    }
}
