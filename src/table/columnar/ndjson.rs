//! One JSON object per line: looked through once for its columns, then read some megabytes at a time.

use std::collections::HashMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Cursor;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use polars::prelude::*;

use super::AtHand;
use super::contain;
use super::describe;
use super::lay::Stretch;
use super::lay::lay_in_groups;
use super::of_frame;
use super::times;
use crate::error::Error;
use crate::error::Result;
use crate::table::clipped_to;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::options::Input;
use crate::table::source;
use crate::table::source::Progress;
use crate::table::source::Source;
use crate::table::text::Blocks;
use crate::table::text::unpacked;

const FORMAT: &str = "NDJSON";

/// Opens a file of one JSON object per line, packed or not.
pub(in crate::table) fn open(path: &Path, _input: &Input) -> Result<Box<dyn Source>> {
    check_depth(BufReader::new(unpacked(path)?)).map_err(|error| bad_line(path).unwrap_or(error))?;
    let lines = Arc::new(AtomicUsize::new(0));
    let mut reader = BufReader::with_capacity(1 << 20, Lines { inner: unpacked(path)?, lines: Arc::clone(&lines) });
    let schema = contain(FORMAT, || polars::io::ndjson::infer_schema(&mut reader, None));
    let schema = schema.map_err(|error| bad_line(path).unwrap_or(error))?;
    let columns = schema.iter().map(|(name, dtype)| describe(name, dtype)).collect();
    let mut blocks = Blocks::open(path)?;
    blocks.set_separator(0); // quotes hold no line breaks in JSON
    let most_rows = lines.load(Ordering::Relaxed) + 1;
    let mut opened =
        Ndjson { path: path.into(), columns, schema: Arc::new(schema), most_rows, done: 0, blocks, block: None };
    opened.find_times()?;
    Ok(Box::new(opened))
}

/// Refuses JSON nested so deeply that a parser that calls itself for each level runs out of stack.
fn check_depth(mut file: impl BufRead) -> Result<()> {
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
    for (number, line) in BufReader::new(unpacked(path).ok()?).lines().enumerate() {
        let line = line.ok()?;
        if line.trim().is_empty() {
            continue;
        }
        let object: std::result::Result<HashMap<String, serde::de::IgnoredAny>, _> = serde_json::from_str(&line);
        if let Err(error) = object {
            let error = error.to_string();
            let why = error.split(" at line ").next().unwrap_or_default();
            let reason = format!("line {} is no JSON object ({why})", number + 1);
            return Some(TableError::Damaged { format: FORMAT, reason: clipped_to(&reason, 160) }.into());
        }
    }
    None
}

/// Counts the line breaks that pass.
struct Lines {
    inner: Box<dyn Read>,
    lines: Arc<AtomicUsize>,
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.lines.fetch_add(memchr::memchr_iter(b'\n', &buffer[..read]).count(), Ordering::Relaxed);
        Ok(read)
    }
}

struct Ndjson {
    path: std::path::PathBuf,
    columns: Vec<source::Column>,
    schema: SchemaRef,
    /// There are no more rows than that.
    most_rows: usize,
    done: usize,
    blocks: Blocks,
    /// The rows at hand.
    block: Option<AtHand>,
}

impl Source for Ndjson {
    fn format(&self) -> String {
        FORMAT.to_owned()
    }

    fn columns(&self) -> &[source::Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        None
    }

    fn rows_about(&self) -> Option<usize> {
        Some(self.most_rows)
    }

    fn is_read_in_parts(&self) -> bool {
        true
    }

    fn next(
        &mut self,
        slots: &mut [Slot],
        gather: &mut Gather,
        most: usize,
        progress: &mut Progress<'_, '_>,
    ) -> Result<bool> {
        if self.done == 0 && most == usize::MAX {
            // lines may be blank, so only a wish: what does not fit is refused when rows are really there
            let _ = gather.reserve(self.most_rows);
        }
        let before = self.done;
        while self.done - before < most {
            let block = match self.block.take() {
                Some(block) => block,
                None => match self.next_block()? {
                    Some(frame) => AtHand::new(frame),
                    None => break,
                },
            };
            let (rows, rest) = block.take(FORMAT, most - (self.done - before))?;
            let count = rows.height();
            let stretch = Stretch { first: self.done, count, total: self.most_rows.max(self.done + count) };
            lay_in_groups(FORMAT, &self.columns, &stretch, slots, gather, progress, &mut |group| {
                Ok(of_frame(rows.clone(), group.to_vec()))
            })?;
            (self.done, self.block) = (self.done + count, rest);
        }
        Ok(self.done > before)
    }
}

impl Ndjson {
    /// Looks at the first rows for texts that are dates or times.
    fn find_times(&mut self) -> Result<()> {
        let Some(frame) = self.next_block()? else { return Ok(()) };
        for column in times::texts(&self.columns) {
            let pieces = [frame.columns()[column].as_materialized_series().clone()];
            times::judge(FORMAT, &mut self.columns[column], &pieces)?;
        }
        self.block = Some(AtHand::new(frame));
        Ok(())
    }

    fn next_block(&mut self) -> Result<Option<DataFrame>> {
        while let Some((block, records)) = self.blocks.next()? {
            let (Some(first), Some(last)) = (records.first(), records.last()) else { continue };
            let lines = Cursor::new(&block[first.start..last.end]);
            let frame = contain(FORMAT, || {
                let reader = JsonReader::new(lines).with_json_format(JsonFormat::JsonLines);
                reader.with_schema(Arc::clone(&self.schema)).finish()
            });
            let frame = frame.map_err(|error| bad_line(&self.path).unwrap_or(error))?;
            if frame.height() > 0 {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }
}
