//! Writing what a verb was asked for: whole, in the format of the file's ending.

use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};
use crate::run::folder;
use crate::table::write::{self, Column};

/// Writes a table as Parquet or, where the name ends so, as CSV.
///
/// # Errors
/// If the ending is another, the file would replace the input, or writing fails.
pub fn table(path: &Path, columns: Vec<Column>, inputs: &[&Path]) -> Result<()> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let same = |input: &&Path| match (path.canonicalize(), input.canonicalize()) {
        (Ok(path), Ok(input)) => path == input,
        _ => false,
    };
    if inputs.iter().any(same) {
        return Err(Error::request(format!("`{}` is the input; it is not overwritten", path.display())).hint("name another file with `-o`"));
    }
    match ending.as_str() {
        "parquet" => folder::write_whole(path, |file| write::parquet(&mut *file, columns)),
        "csv" => folder::write_whole(path, |file| write::csv(std::io::BufWriter::new(file), &columns)),
        _ => {
            return Err(Error::request(format!("`{}` ends in neither `.parquet` nor `.csv`", path.display()))
                .hint("name the output file by the format you want"));
        }
    }?;
    Ok(())
}

/// Prints data on stdout. A reader that has heard enough is no failure.
///
/// # Errors
/// If stdout cannot be written to for another reason.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::failure(format!("cannot write to stdout: {error}"))),
        _ => Ok(()),
    }
}

/// A value as indented JSON on stdout.
///
/// # Errors
/// As [`print`].
pub fn print_json<T: serde::Serialize>(value: &T) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::failure(format!("cannot write JSON: {error}")))?;
    print(&format!("{text}\n"))
}
