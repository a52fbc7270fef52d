//! What every reader offers, and the choice of one by a file's first bytes.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use crate::error::Error;
use crate::error::Result;
use crate::event::Event;
use crate::event::Observer;
use crate::table::columnar;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::hdf5;
use crate::table::numpy;
use crate::table::options::Input;
use crate::table::tenx;
use crate::table::text;

/// What a column holds, as far as the reader knows before reading it whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers.
    Number,
    /// Texts.
    Text,
    /// True or false.
    Boolean,
    /// Dates, times or durations.
    Time,
    /// Lists, structs, bytes: nothing that can train.
    Other,
    /// Nothing but missing values so far.
    Unknown,
    /// Beside the matrix: can be id or label, never trains.
    Annotation,
}

/// The type of a column of texts that are all numbers as people write them: `1,234`, `5 %`, `$5`.
pub(super) const FORMATTED: &str = "formatted number";
/// The type of a column that has no value in the rows that were looked at.
pub(super) const NO_VALUE: &str = "no value";

/// A column as its file announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name.
    pub(super) name: String,
    /// What it holds.
    pub(super) kind: Kind,
    /// The file's own word for its type.
    pub(super) type_name: String,
    /// The name as it stands in the file, where it repeats that of an earlier column and was numbered.
    pub(super) repeats: Option<String>,
}

impl Column {
    /// A column whose name is its own.
    pub(super) fn new(name: impl Into<String>, kind: Kind, type_name: impl Into<String>) -> Self {
        Self { name: name.into(), kind, type_name: type_name.into(), repeats: None }
    }
}

/// A file being read: first its columns, then its rows, some at a time.
pub(super) trait Source {
    /// What the file is, in words.
    fn format(&self) -> String;

    /// The columns, in the order of the file.
    fn columns(&self) -> &[Column];

    /// The number of rows, where the file says.
    fn rows(&self) -> Option<usize>;

    /// The number of rows, judged by the file's length where it does not say.
    fn rows_about(&self) -> Option<usize> {
        None
    }

    /// Appends the next rows, at most about `most`, to `gather`; false when there were none left.
    ///
    /// `slots` says where each column goes; a reader may turn a column of unknown kind into text.
    fn next(
        &mut self,
        slots: &mut [Slot],
        gather: &mut Gather,
        most: usize,
        progress: &mut Progress<'_, '_>,
    ) -> Result<bool>;

    /// Whether the file can be read some rows at a time in bounded memory; else it comes as one part.
    fn is_read_in_parts(&self) -> bool {
        false
    }

    /// A column of row names without a name of its own, which serves as id if none is given.
    fn row_names(&self) -> Option<&str> {
        None
    }

    /// Whether the file can hold several matrices, of which `input.matrix` names one.
    fn has_matrices(&self) -> bool {
        false
    }

    /// Sentences about how the file was taken, such as the separator that was found.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Tells an observer how far a reader has come and passes its wish to stop on.
pub(super) struct Progress<'a, 'o> {
    observer: &'a mut Observer<'o>,
}

impl<'a, 'o> Progress<'a, 'o> {
    pub(super) fn new(observer: &'a mut Observer<'o>) -> Self {
        Self { observer }
    }

    /// Says how far the work is.
    pub(super) fn advance(&mut self, done: u64, total: u64) -> Result<()> {
        match (self.observer)(Event::Advanced { done, total: total.max(done) }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::interrupted("stopped while reading the table")),
        }
    }
}

/// Opens `path` with the reader that its content asks for.
pub(super) fn open(path: &Path, input: &Input) -> Result<Box<dyn Source>> {
    let kind = std::fs::metadata(path).map_err(|error| Error::io("read", path, &error))?.file_type();
    if kind.is_dir() {
        return tenx::folder(path, input);
    }
    if !kind.is_file() {
        return Err(TableError::Unsupported {
            what: "this is no regular file".to_owned(),
            hint: "give a file, or a folder as 10x Genomics writes it",
        }
        .into());
    }
    let mut start = [0_u8; 8];
    let mut file = File::open(path).map_err(|error| Error::io("read", path, &error))?;
    let length = read_start(&mut file, &mut start).map_err(|error| Error::io("read", path, &error))?;
    let start = &start[..length];
    if start.starts_with(b"PAR1") {
        return columnar::parquet(path, input);
    }
    if start.starts_with(b"PARE") {
        return Err(TableError::Unsupported {
            what: "this Parquet file is encrypted".to_owned(),
            hint: "write it without encryption",
        }
        .into());
    }
    if start.starts_with(b"ARROW1") {
        return columnar::ipc(path, input);
    }
    if start.starts_with(b"\x89HDF\r\n") {
        return hdf5::open(path, input);
    }
    if start.starts_with(b"\x93NUMPY") {
        return numpy::npy(path, input);
    }
    if start.starts_with(b"PK\x03\x04") && has_extension(path, &["npz"]) {
        return numpy::npz(path, input);
    }
    if let Some((what, hint)) = foreign(start, path) {
        return Err(TableError::Unsupported { what: what.to_owned(), hint }.into());
    }
    if start.first() == Some(&b'{') || has_extension(path, &["ndjson", "jsonl"]) {
        return columnar::ndjson(path, input);
    }
    text::open(path, input)
}

/// Files that people do give us and that we do not read, with the way out.
fn foreign(start: &[u8], path: &Path) -> Option<(&'static str, &'static str)> {
    const KNOWN: [(&[u8], &str, &str); 6] = [
        (b"PK\x03\x04", "this is a zip archive or an Excel workbook", "save the sheet as CSV"),
        (b"\xD0\xCF\x11\xE0", "this is an old Excel workbook", "save the sheet as CSV"),
        (b"FCS", "this is a flow cytometry file (FCS)", "export it as CSV"),
        (b"SQLite", "this is an SQLite database", "export the table as CSV"),
        (b"ORC", "this is an ORC file", "convert it to Parquet"),
        (b"RDX", "this is an R data file", "write the table from R with `write.csv` or `arrow::write_parquet`"),
    ];
    if let Some((_, what, hint)) = KNOWN.iter().find(|(bytes, ..)| start.starts_with(bytes)) {
        return Some((what, hint));
    }
    let parquet = has_extension(path, &["parquet", "pq"]);
    parquet.then_some((
        "this is no Parquet file, whatever its name says",
        "give it the name of what it is, or write it again",
    ))
}

/// Whether the name ends in one of these, a compression's ending left aside.
pub(super) fn has_extension(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    endings.iter().any(|ending| name.strip_suffix(ending).is_some_and(|stem| stem.ends_with('.')))
}

fn read_start(reader: &mut impl Read, start: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < start.len() {
        match reader.read(&mut start[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}
