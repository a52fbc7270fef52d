//! Writing what a verb was asked for: whole, in the format of the file's ending.

use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};
use crate::plot::Format as Picture;
use crate::run::folder;
use crate::table::write::{Column, ColumnValues, Format, Parts};

/// Checks before any work that a table can be written under a name.
///
/// # Errors
/// If the ending is neither `.parquet` nor `.csv`, the file is one of the inputs, or its folder is not there.
pub(super) fn check(path: &Path, inputs: &[&Path]) -> Result<()> {
    ending(path)?;
    check_place(path, inputs)
}

/// Checks before any work that a picture can be written under a name; gives its format.
///
/// # Errors
/// If the ending is none of `.svg`, `.png` and `.pdf`, the file is one of the inputs, or its folder is not there.
pub(super) fn check_picture(path: &Path, inputs: &[&Path]) -> Result<Picture> {
    let ending = path.extension().map_or_else(String::new, |ending| ending.to_string_lossy().into_owned());
    let format = Picture::of_ending(&ending).ok_or_else(|| {
        Error::request(format!("a picture cannot be written as `.{ending}`"))
            .hint("end the name in `.svg`, `.png` or `.pdf`")
    })?;
    check_place(path, inputs)?;
    Ok(format)
}

fn check_place(path: &Path, inputs: &[&Path]) -> Result<()> {
    let same = |input: &&Path| match (path.canonicalize(), input.canonicalize()) {
        (Ok(path), Ok(input)) => path == input,
        _ => false,
    };
    if inputs.iter().any(same) {
        return Err(Error::request(format!("`{}` is the input; it is not overwritten", path.display()))
            .hint("name another file with `-o`"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => {
            Err(Error::request(format!("the folder `{}` is not there", folder.display()))
                .hint("make it, or name another file with `-o`"))
        }
        _ => Ok(()),
    }
}

/// What a CSV file is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// A program: texts come back as they were.
    Program,
    /// A spreadsheet, which takes texts that begin as formulas for formulas: they get a `'` before them.
    Spreadsheet,
}

impl Reader {
    /// By the flag `--spreadsheet-safe`.
    pub(super) fn of(spreadsheet_safe: bool) -> Self {
        if spreadsheet_safe { Self::Spreadsheet } else { Self::Program }
    }
}

/// Writes a table as Parquet or, where the name ends so, as CSV.
///
/// # Errors
/// If the ending is another, or writing fails.
pub(super) fn table(path: &Path, columns: Vec<Column>, reader: Reader) -> Result<()> {
    in_parts(path, reader, |sink| sink(columns))
}

/// Writes a table part by part as `fill` hands the parts over; the file is whole or absent.
///
/// # Errors
/// As [`table`], and those of `fill`.
pub(super) fn in_parts<T>(
    path: &Path,
    reader: Reader,
    fill: impl FnOnce(&mut dyn FnMut(Vec<Column>) -> Result<()>) -> Result<T>,
) -> Result<T> {
    let format = ending(path)?;
    let mut filled = None;
    folder::write_whole(path, |file| {
        let mut parts = Parts::new(&mut *file, format);
        filled = Some(fill(&mut |mut columns| {
            if reader == Reader::Spreadsheet && format == Format::Csv {
                columns.iter_mut().for_each(without_formulas);
            }
            parts.add(columns)
        })?);
        parts.finish()
    })?;
    filled.ok_or_else(|| Error::failure("nothing was written"))
}

/// Texts that begin with what begins a formula (CWE-1236) get a `'`, which a spreadsheet takes for "this is text".
fn without_formulas(column: &mut Column) {
    let mend = |text: &mut String| {
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            text.insert(0, '\'');
        }
    };
    mend(&mut column.name);
    if let ColumnValues::Text(texts) = &mut column.values {
        texts.iter_mut().flatten().for_each(mend);
    }
}

fn ending(path: &Path) -> Result<Format> {
    match path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).as_deref() {
        Some("parquet") => Ok(Format::Parquet),
        Some("csv") => Ok(Format::Csv),
        _ => Err(Error::request(format!("`{}` ends in neither `.parquet` nor `.csv`", path.display()))
            .hint("name the output file by the format you want")),
    }
}

/// Prints data on stdout. A reader that has heard enough is no failure.
///
/// # Errors
/// If stdout cannot be written to for another reason.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::failure(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// A value as indented JSON on stdout.
///
/// # Errors
/// As [`print`].
pub(super) fn print_json<T: serde::Serialize>(value: &T) -> Result<()> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Error::failure(format!("cannot write JSON: {error}")))?;
    print(&format!("{text}\n"))
}
