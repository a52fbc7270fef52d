//! Reading: from the `input:` section to a [`Table`].

use std::path::Path;
use std::path::PathBuf;

use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;
use crate::event::Event;
use crate::event::Observer;
use crate::table::Account;
use crate::table::Table;
use crate::table::Unused;
use crate::table::assemble;
use crate::table::assemble::Loaded;
use crate::table::assemble::Places;
use crate::table::columnar;
use crate::table::error::TableError;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::gather::TextUse;
use crate::table::inspect;
use crate::table::metadata;
use crate::table::metadata::load_metadata;
use crate::table::metadata::metadata_columns;
use crate::table::options::Input;
use crate::table::options::Layout;
use crate::table::roles;
use crate::table::source;
use crate::table::source::Kind;
use crate::table::source::Progress;
use crate::table::source::Source;
use crate::table::tenx;
use crate::table::turned::load_transposed;
use crate::table::write::Column;
use crate::value::OneOrMany;

/// Reads the table that `input` describes; relative paths start at `base`.
///
/// Progress is told as [`Event::Advanced`]; the account's notes and warnings are told as well.
///
/// # Errors
/// Everything that is wrong with a table, see [`TableError`]; each error names the file. If the
/// observer asks to stop, an interrupted error.
pub fn read(input: &Input, base: &Path, observer: &mut Observer<'_>) -> Result<Table> {
    read_as(assemble::table, input, base, observer)
}

/// As [`read`], of a table that may hold nothing that trains.
pub(super) fn read_any(input: &Input, base: &Path, observer: &mut Observer<'_>) -> Result<Table> {
    read_as(assemble::any, input, base, observer)
}

fn read_as(
    assemble: fn(Loaded, Option<metadata::Joined>, &Input) -> Result<Table>,
    input: &Input,
    base: &Path,
    observer: &mut Observer<'_>,
) -> Result<Table> {
    let files = data_files(input, base)?;
    let metadata = input.metadata.as_ref().map(|metadata| load_metadata(metadata, base)).transpose()?;
    let loaded = match input.layout {
        Layout::SamplesInRows => load(&files, input, observer)?,
        Layout::FeaturesInRows => load_transposed(&files, input, observer)?,
    };
    let table = assemble(loaded, metadata, input).map_err(|error| placed(error, &files[0]))?;
    Ok(told(table, observer))
}

/// As [`read`], from a source that is no file.
pub(super) fn from_source(source: &mut dyn Source, input: &Input, observer: &mut Observer<'_>) -> Result<Table> {
    let mut account = Account { format: source.format(), ..Account::default() };
    let mut roles = roles::assign(source.columns(), input, &mut account)?;
    let mut slots = std::mem::take(&mut roles.slots);
    drain(source, &mut slots, &mut roles.gather, observer)?;
    let loaded = gathered(roles, input, account);
    Ok(told(assemble::table(loaded, None, input)?, observer))
}

/// Tells what is to be said of a table.
fn told(mut table: Table, observer: &mut Observer<'_>) -> Table {
    table.account.warnings.extend(inspect::other_layout(&table));
    for note in &table.account.notes {
        let _ = observer(Event::Note(note.clone()));
    }
    for warning in &table.account.warnings {
        let _ = observer(Event::Warning(warning.clone()));
    }
    table
}

/// What a file announces about its columns.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Schema {
    /// What the file is.
    pub format: String,
    /// Rows, where the file says so without being read whole.
    pub rows: Option<usize>,
    /// Its columns: name and type, in the file's own words.
    pub columns: Vec<(String, String)>,
    /// How many columns can train, by the `input:` section and the first rows; with features in rows, those that the
    /// file announces.
    pub trainable: usize,
    /// How many of these are texts, whose levels are not known yet.
    pub texts: usize,
    /// Rows there may be: as the file says, or judged by its length; `None` where a packed file hides it.
    pub rows_about: Option<usize>,
}

/// Looks at the first file without reading it whole, and checks every name in `input` against it.
///
/// # Errors
/// A file that is not there or no table, a named column that does not exist, and so on.
pub fn schema(input: &Input, base: &Path) -> Result<Schema> {
    let files = data_files(input, base)?;
    let source = open(&files[0], input)?;
    let columns = source.columns();
    let described = columns.iter().map(|column| (column.name.clone(), column.type_name.clone())).collect();
    let (trainable, texts) = match input.layout {
        Layout::SamplesInRows => {
            let mut account = Account::default();
            let (input, _) = with_row_names(input, source.as_ref());
            let roles = roles::assign(columns, &input, &mut account).map_err(|error| placed(error, &files[0]))?;
            let texts = roles.gather.texts.iter().filter(|text| text.use_as == TextUse::Category).count();
            // by the first rows, numbers written for people do not train
            (roles.gather.width() + texts, texts)
        }
        Layout::FeaturesInRows => (source.rows().or_else(|| source.rows_about()).unwrap_or(0), 0),
    };
    let rows_about = source.rows().or_else(|| source.rows_about());
    let rows_about = match input.layout {
        Layout::SamplesInRows => rows_about.map(|rows| rows.saturating_mul(files.len())),
        Layout::FeaturesInRows => Some(columns.len()),
    };
    Ok(Schema { format: source.format(), rows: source.rows(), columns: described, trainable, texts, rows_about })
}

/// Every file that `input` reads, the metadata last; patterns are resolved, in the order of names.
///
/// # Errors
/// A path that leads nowhere, a pattern that matches nothing, a web address.
pub fn input_files(input: &Input, base: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in data_files(input, base)? {
        if path.is_dir() {
            files.extend(tenx::files(&path)?);
        } else {
            files.push(path);
        }
    }
    if let Some(metadata) = &input.metadata {
        files.extend(resolve(&metadata.path, base)?);
    }
    Ok(files)
}

/// Reads a columnar file of our own whole, column by column, as [`super::write`] wrote it.
///
/// # Errors
/// A file that is not there, damaged, or holds other types than we write.
pub fn columns(path: &Path) -> Result<Vec<Column>> {
    columnar::whole(path).map_err(|error| placed(error, path))
}

/// The columns of the first file that lie beside its matrix and can only be labels.
pub(super) fn annotations(input: &Input, base: &Path) -> Result<Vec<String>> {
    let files = data_files(input, base)?;
    let source = open(&files[0], input)?;
    let names =
        source.columns().iter().filter(|column| column.kind == Kind::Annotation).map(|column| column.name.clone());
    Ok(names.filter(|name| source.row_names() != Some(name.as_str()) && input.id.as_ref() != Some(name)).collect())
}

/// The columns that can only be labels: annotations beside the matrix, and those of the metadata.
///
/// # Errors
/// If a file cannot be read.
pub fn beside(input: &Input, base: &Path) -> Result<Vec<String>> {
    let mut names = match input.layout {
        Layout::SamplesInRows => annotations(input, base)?,
        Layout::FeaturesInRows => Vec::new(),
    };
    if let Some(metadata) = &input.metadata {
        let file = Input::new(&metadata.path);
        names.extend(schema(&file, base)?.columns.into_iter().map(|(name, _)| name));
    }
    Ok(names)
}

/// The column that names the samples: the one asked for, or row names that serve where none is.
///
/// # Errors
/// If the file cannot be read.
pub fn id_column(input: &Input, base: &Path) -> Result<Option<String>> {
    if input.layout == Layout::FeaturesInRows || input.id.is_some() {
        return Ok(input.id.clone().filter(|_| input.layout == Layout::SamplesInRows));
    }
    let files = data_files(input, base)?;
    Ok(open(&files[0], input)?.row_names().map(str::to_owned))
}

/// The labels that nobody names: all columns of the metadata, where `labels` is empty.
///
/// # Errors
/// If the metadata cannot be read.
pub fn labels_of_metadata(input: &Input, base: &Path) -> Result<Vec<String>> {
    match &input.metadata {
        Some(metadata) if input.labels.is_empty() => Ok(metadata_columns(metadata, base)?.2),
        _ => Ok(Vec::new()),
    }
}

/// Looks whether every label is in the table or its metadata, as far as their headers tell; `columns` are those of the table.
///
/// # Errors
/// If the metadata cannot be read, or lacks its key or a label.
pub fn check_labels(input: &Input, columns: &[(String, String)], base: &Path) -> Result<()> {
    let Some(metadata) = &input.metadata else { return Ok(()) };
    let (file, key, mut known) = metadata_columns(metadata, base)?;
    if input.labels.contains(&key) && !columns.iter().any(|(name, _)| *name == key) {
        return Err(placed(TableError::TwoRoles { name: key, one: "label", other: "metadata key" }.into(), &file));
    }
    known.extend(columns.iter().map(|(name, _)| name.clone()));
    if input.layout == Layout::SamplesInRows {
        known.extend(annotations(input, base)?);
    }
    match input.labels.iter().find(|label| !known.contains(label)) {
        None => Ok(()),
        Some(label) => {
            let nearest = nearest(label, known.iter().map(String::as_str)).map(str::to_owned);
            Err(placed(TableError::NoSuchColumn { role: "label", name: label.clone(), nearest }.into(), &file))
        }
    }
}

pub(super) fn data_files(input: &Input, base: &Path) -> Result<Vec<PathBuf>> {
    let OneOrMany(paths) = &input.path;
    let mut files = Vec::new();
    for path in paths {
        files.extend(resolve(path, base)?);
    }
    if files.is_empty() {
        return Err(Error::request("`input.path` names no file"));
    }
    Ok(files)
}

/// A path of the command line, seen from anywhere: absolute, unless it is no path but an address, which [`read`] refuses.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    if text.contains("://") || text == "-" {
        return path.to_owned();
    }
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A literal path first; else a pattern.
pub(super) fn resolve(path: &Path, base: &Path) -> Result<Vec<PathBuf>> {
    let text = path.to_string_lossy();
    if text.is_empty() {
        return Err(Error::request("`input.path` is empty").hint("give a file"));
    }
    if let Some((scheme, _)) = text.split_once("://")
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return Err(TableError::Unsupported {
            what: format!("`{text}` is an address, not a file"),
            hint: "fetch it first: only local files are read",
        }
        .into());
    }
    if text == "-" {
        return Err(
            TableError::Unsupported { what: "standard input is not read".to_owned(), hint: "give a file" }.into()
        );
    }
    let whole = base.join(path);
    let is_pattern = text.contains(['*', '?', '[']);
    if !is_pattern || whole.exists() {
        std::fs::metadata(&whole).map_err(|error| Error::io("read", &whole, &error))?;
        return Ok(vec![whole]);
    }
    let pattern = whole.to_string_lossy();
    let found =
        glob::glob(&pattern).map_err(|error| Error::request(format!("`{text}` is no pattern: {}", error.msg)))?;
    let mut files: Vec<PathBuf> = found.filter_map(std::result::Result::ok).filter(|path| path.is_file()).collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::request(format!("no file matches `{text}`"))
            .hint("patterns know *, ? and [abc]; ** crosses folders"));
    }
    Ok(files)
}

pub(super) fn open(file: &Path, input: &Input) -> Result<Box<dyn Source>> {
    source::open(file, input).map_err(|error| placed(error, file))
}

/// The error with the file it is about, unless it says a place already.
pub(super) fn placed(error: Error, file: &Path) -> Error {
    let named = error.place().is_some() || error.message().contains(&*file.to_string_lossy());
    if named { error } else { error.at(file.display().to_string()) }
}

/// Row names serve as id where none is asked for; whether they do.
pub(super) fn with_row_names(input: &Input, source: &dyn Source) -> (Input, bool) {
    let mut input = input.clone();
    let serve = input.id.is_none() && source.row_names().is_some();
    if serve {
        input.id = source.row_names().map(str::to_owned);
    }
    (input, serve)
}

pub(super) fn load(files: &[PathBuf], input: &Input, observer: &mut Observer<'_>) -> Result<Loaded> {
    let mut source = open(&files[0], input)?;
    let (input, served) = &with_row_names(input, source.as_ref());
    let mut account = Account { format: source.format(), notes: source.notes(), ..Account::default() };
    let first: Vec<source::Column> = source.columns().to_vec();
    let mut roles = roles::assign(&first, input, &mut account).map_err(|error| placed(error, &files[0]))?;
    let mut slots = std::mem::take(&mut roles.slots);
    for (position, file) in files.iter().enumerate() {
        if position > 0 {
            source = open(file, input)?;
            let mapped = roles::map(&first, &slots, source.columns(), &format!("`{}`", file.display()));
            let mut mapped = mapped.map_err(|error| placed(error, file))?;
            roles::settle(&mut mapped, source.columns(), &mut roles.gather, input.times);
            drain(source.as_mut(), &mut mapped, &mut roles.gather, observer).map_err(|error| placed(error, file))?;
            take_back(&first, &mut slots, source.columns(), &mapped);
        } else {
            drain(source.as_mut(), &mut slots, &mut roles.gather, observer).map_err(|error| placed(error, file))?;
        }
    }
    if files.len() > 1 {
        account.notes.push(format!("{} files are read as one table", files.len()));
    }
    Ok(Loaded { ids_optional: *served, ..gathered(roles, input, account) })
}

/// What was gathered, once the last row is in.
fn gathered(mut roles: roles::Roles, input: &Input, mut account: Account) -> Loaded {
    account.rows_read = roles.gather.offered();
    roles.gather.settle();
    if roles.gather.sampled().is_some() && roles.gather.rows() < roles.gather.offered() {
        account.notes.push(format!("a sample of {} of {} rows is used", roles.gather.rows(), roles.gather.offered()));
    }
    let places = match roles.gather.sampled() {
        Some(rows) => Places::Sample(rows.to_vec()),
        None => Places::From(0),
    };
    Loaded::from_gather(roles.gather, input, account, places, roles.labels_elsewhere)
}

/// A column that turned into text in a further file does so for the files after it.
fn take_back(first: &[source::Column], slots: &mut [Slot], columns: &[source::Column], mapped: &[Slot]) {
    for (column, slot) in columns.iter().zip(mapped) {
        if let Some(position) = first.iter().position(|known| known.name == column.name)
            && matches!(slots[position], Slot::Unknown(_))
        {
            slots[position] = *slot;
        }
    }
}

pub(super) fn drain(
    source: &mut dyn Source,
    slots: &mut [Slot],
    gather: &mut Gather,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let mut progress = Progress::new(observer);
    while source.next(slots, gather, usize::MAX, &mut progress)? {}
    Ok(())
}

/// A column that does nothing, for the account.
pub(super) fn unused(name: &str, kind: &str, reason: impl Into<String>) -> Unused {
    Unused { name: name.to_owned(), kind: kind.to_owned(), reason: reason.into() }
}
