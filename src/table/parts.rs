//! Reading a table some rows at a time: for tables of any length.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Result;
use crate::event::Observer;
use crate::event::silent;
use crate::table::Account;
use crate::table::Table;
use crate::table::assemble;
use crate::table::assemble::Loaded;
use crate::table::assemble::Places;
use crate::table::error::TableError;
use crate::table::labels::Kinds;
use crate::table::memory;
use crate::table::options::Features;
use crate::table::options::Input;
use crate::table::options::Layout;
use crate::table::read::data_files;
use crate::table::read::open;
use crate::table::read::placed;
use crate::table::read::read;
use crate::table::read::with_row_names;
use crate::table::roles;
use crate::table::source::Progress;

/// Bytes that the numbers of a part may take, where memory is not scarcer.
const PART: u64 = 64 << 20;
/// Rows of a part, however narrow.
const MOST_ROWS: u64 = 1 << 18;
/// Rows of a part, however wide.
const FEWEST_ROWS: u64 = 64;

/// How many rows of so many columns are read at once.
fn rows_of_a_part(columns: usize) -> usize {
    let bytes = PART.min(memory::budget() / 16);
    let rows = (bytes / 4 / (columns as u64).max(1)).clamp(FEWEST_ROWS, MOST_ROWS);
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Reads the table in parts and hands each to `sink`.
///
/// Parquet, Arrow, NDJSON and text files are read in bounded memory; other formats, files with
/// features in rows, samples and joins come as one part. Levels are those of each part; whether a
/// label is of classes or of numbers is decided over the whole table, which is looked through for
/// that first. Ids are taken as they stand: a repeated one is not noticed.
///
/// # Errors
/// As [`read`], and whatever `sink` answers.
pub fn parts(
    input: &Input,
    base: &Path,
    observer: &mut Observer<'_>,
    sink: &mut dyn FnMut(Table) -> Result<()>,
) -> Result<()> {
    parts_of(input, base, &rows_of_a_part, observer, sink)
}

/// As [`parts`], with the rows of a part by the number of columns.
pub(super) fn parts_of(
    input: &Input,
    base: &Path,
    most_rows: &dyn Fn(usize) -> usize,
    observer: &mut Observer<'_>,
    sink: &mut dyn FnMut(Table) -> Result<()>,
) -> Result<()> {
    if input.layout == Layout::FeaturesInRows || input.rows.is_some() || input.metadata.is_some() {
        return sink(read(input, base, observer)?);
    }
    let files = data_files(input, base)?;
    let mut amounts = None;
    let mut first_row = 0;
    for file in &files {
        let mut source = open(file, input)?;
        if amounts.is_none() && (source.is_read_in_parts() || files.len() > 1) {
            amounts = Some(labels_of_amounts(&files, input, most_rows, observer)?);
        }
        let most = most_rows(source.columns().len());
        let mut more = true;
        while more {
            let (input, served) = with_row_names(input, source.as_ref());
            let mut account = Account { format: source.format(), ..Account::default() };
            let columns = source.columns().to_vec();
            let mut roles = roles::assign(&columns, &input, &mut account).map_err(|error| placed(error, file))?;
            let mut progress = Progress::new(observer);
            more = source
                .next(&mut roles.slots, &mut roles.gather, most, &mut progress)
                .map_err(|error| placed(error, file))?;
            let count = roles.gather.offered();
            if count > 0 {
                account.rows_read = count;
                let loaded = Loaded::from_gather(roles.gather, &input, account, Places::From(first_row), Vec::new());
                let loaded = Loaded { ids_optional: served, amounts: amounts.clone(), ..loaded };
                sink(assemble::table(loaded, None, &input).map_err(|error| placed(error, file))?)?;
                first_row += count;
            }
        }
    }
    if first_row == 0 {
        return Err(TableError::NoRows { header: None }.into());
    }
    Ok(())
}

/// The labels that are amounts, not classes: known only when all their values were seen.
fn labels_of_amounts(
    files: &[PathBuf],
    input: &Input,
    most_rows: &dyn Fn(usize) -> usize,
    observer: &mut Observer<'_>,
) -> Result<BTreeSet<String>> {
    let mut kinds = Kinds::default();
    if input.labels.is_empty() {
        return Ok(kinds.amounts());
    }
    let nothing_else = Features { include: Vec::new(), exclude: vec![String::new()] };
    let input = Input { id: None, features: nothing_else, ..input.clone() };
    let mut silent = silent;
    for file in files {
        let mut source = open(file, &input)?;
        let columns = source.columns().to_vec();
        let most = most_rows(input.labels.len());
        let mut more = true;
        while more {
            let mut roles =
                roles::assign(&columns, &input, &mut Account::default()).map_err(|error| placed(error, file))?;
            let mut progress = Progress::new(&mut silent);
            more = source
                .next(&mut roles.slots, &mut roles.gather, most, &mut progress)
                .map_err(|error| placed(error, file))?;
            for text in std::mem::take(&mut roles.gather.texts) {
                kinds.add(text.name, text.cells);
            }
            // the caller's wish to stop is heard between parts
            Progress::new(observer).advance(0, 0)?;
        }
    }
    Ok(kinds.amounts())
}
