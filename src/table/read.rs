//! Reading: from the `input:` section to a [`Table`].

use std::path::Path;
use std::path::PathBuf;

use ndarray::Array2;

use crate::error::Error;
use crate::error::Result;
use crate::event::Event;
use crate::event::Observer;
use crate::table::Account;
use crate::table::Table;
use crate::table::Unused;
use crate::table::assemble;
use crate::table::assemble::Loaded;
use crate::table::clipped;
use crate::table::columnar;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::gather::TextUse;
use crate::table::inspect;
use crate::table::metadata;
use crate::table::options::Input;
use crate::table::options::Layout;
use crate::table::options::Metadata;
use crate::table::roles;
use crate::table::source;
use crate::table::source::Kind;
use crate::table::source::Progress;
use crate::table::source::Source;
use crate::table::tenx;
use crate::table::transpose;
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
    let files = data_files(input, base)?;
    let metadata = input.metadata.as_ref().map(|metadata| load_metadata(metadata, base)).transpose()?;
    let loaded = match input.layout {
        Layout::SamplesInRows => load(&files, input, observer)?,
        Layout::FeaturesInRows => load_transposed(&files, input, observer)?,
    };
    let mut table = assemble::table(loaded, metadata, input).map_err(|error| placed(error, &files[0]))?;
    table.account.warnings.extend(inspect::other_layout(&table));
    for note in &table.account.notes {
        let _ = observer(Event::Note(note.clone()));
    }
    for warning in &table.account.warnings {
        let _ = observer(Event::Warning(warning.clone()));
    }
    Ok(table)
}

/// Reads the table some `rows` at a time and hands each part to `sink`: for tables of any length.
///
/// Parquet and text files are read in bounded memory; other formats come as one part. Levels and
/// classes are those of each part.
///
/// # Errors
/// As [`read`], and whatever `sink` answers.
pub fn batches(
    input: &Input,
    base: &Path,
    rows: usize,
    observer: &mut Observer<'_>,
    sink: &mut dyn FnMut(Table) -> Result<()>,
) -> Result<()> {
    if input.layout == Layout::FeaturesInRows || input.rows.is_some() || input.metadata.is_some() {
        return sink(read(input, base, observer)?);
    }
    let mut first_row = 0;
    for file in data_files(input, base)? {
        let mut source = open(&file, input)?;
        let mut more = true;
        while more {
            let (input, served) = with_row_names(input, source.as_ref());
            let mut account = Account { format: source.format(), ..Account::default() };
            let columns = source.columns().to_vec();
            let mut roles = roles::assign(&columns, &input, &mut account).map_err(|error| placed(error, &file))?;
            let mut progress = Progress::new(observer);
            more = source
                .next(&mut roles.slots, &mut roles.gather, rows.max(1), &mut progress)
                .map_err(|error| placed(error, &file))?;
            let count = roles.gather.offered();
            if count > 0 {
                account.rows_read = count;
                let loaded = Loaded {
                    ids_optional: served,
                    ..Loaded::from_gather(roles.gather, &input, account, first_row, Vec::new())
                };
                sink(assemble::table(loaded, None, &input).map_err(|error| placed(error, &file))?)?;
                first_row += count;
            }
        }
    }
    if first_row == 0 {
        return Err(TableError::NoRows { header: None }.into());
    }
    Ok(())
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
    /// How many columns would train, by the `input:` section and the first rows.
    pub trainable: usize,
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
    let trainable = match input.layout {
        Layout::SamplesInRows => {
            let mut account = Account::default();
            let (input, _) = with_row_names(input, source.as_ref());
            let roles = roles::assign(columns, &input, &mut account).map_err(|error| placed(error, &files[0]))?;
            roles.gather.width() + roles.gather.texts.iter().filter(|text| text.use_as == TextUse::Category).count()
        }
        Layout::FeaturesInRows => source.rows().unwrap_or(0),
    };
    Ok(Schema { format: source.format(), rows: source.rows(), columns: described, trainable })
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

fn data_files(input: &Input, base: &Path) -> Result<Vec<PathBuf>> {
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
fn resolve(path: &Path, base: &Path) -> Result<Vec<PathBuf>> {
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

fn open(file: &Path, input: &Input) -> Result<Box<dyn Source>> {
    source::open(file, input).map_err(|error| placed(error, file))
}

/// The error with the file it is about, unless it says a place already.
fn placed(error: Error, file: &Path) -> Error {
    let named = error.place().is_some() || error.message().contains(&*file.to_string_lossy());
    if named { error } else { error.at(file.display().to_string()) }
}

/// Row names serve as id where none is asked for; whether they do.
fn with_row_names(input: &Input, source: &dyn Source) -> (Input, bool) {
    let mut input = input.clone();
    let serve = input.id.is_none() && source.row_names().is_some();
    if serve {
        input.id = source.row_names().map(str::to_owned);
    }
    (input, serve)
}

fn load(files: &[PathBuf], input: &Input, observer: &mut Observer<'_>) -> Result<Loaded> {
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
            drain(source.as_mut(), &mut mapped, &mut roles.gather, observer).map_err(|error| placed(error, file))?;
            take_back(&first, &mut slots, source.columns(), &mapped);
        } else {
            drain(source.as_mut(), &mut slots, &mut roles.gather, observer).map_err(|error| placed(error, file))?;
        }
    }
    if files.len() > 1 {
        account.notes.push(format!("{} files are read as one table", files.len()));
    }
    account.rows_read = roles.gather.offered();
    roles.gather.settle();
    if roles.gather.sampled().is_some() && roles.gather.rows() < roles.gather.offered() {
        account.notes.push(format!("a sample of {} of {} rows is used", roles.gather.rows(), roles.gather.offered()));
    }
    Ok(Loaded { ids_optional: *served, ..Loaded::from_gather(roles.gather, input, account, 0, roles.labels_elsewhere) })
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

fn drain(source: &mut dyn Source, slots: &mut [Slot], gather: &mut Gather, observer: &mut Observer<'_>) -> Result<()> {
    let mut progress = Progress::new(observer);
    while source.next(slots, gather, usize::MAX, &mut progress)? {}
    Ok(())
}

/// Reads a file with a row per feature: as it stands, then turned.
fn load_transposed(files: &[PathBuf], input: &Input, observer: &mut Observer<'_>) -> Result<Loaded> {
    let file = &files[0];
    if files.len() > 1 {
        return Err(TableError::Request {
            message: "several files with features in rows cannot be read as one table".to_owned(),
            hint: "give one file".to_owned(),
        }
        .into());
    }
    if input.rows.is_some() {
        return Err(TableError::Request {
            message: "`input.rows` cannot sample a file with features in rows".to_owned(),
            hint: "leave `input.rows` out".to_owned(),
        }
        .into());
    }
    let mut source = open(file, input)?;
    let columns = source.columns().to_vec();
    let names = match (&input.id, source.row_names()) {
        (Some(id), _) => Some(id.clone()),
        (None, Some(names)) => Some(names.to_owned()),
        (None, None) => columns.iter().find(|column| column.kind == Kind::Text).map(|column| column.name.clone()),
    };
    let Some(names) = names else {
        return Err(placed(
            TableError::Request {
                message: "no column names the features: all columns are numbers".to_owned(),
                hint: "set `input.id` to the column that names the features, or `input.layout: samples_in_rows`"
                    .to_owned(),
            }
            .into(),
            file,
        ));
    };
    let mut as_it_stands = Input { id: Some(names.clone()), labels: Vec::new(), ..Input::new(file) };
    as_it_stands.categorical.max_levels = 0;
    as_it_stands.missing = input.missing.clone();
    let mut account = Account { format: source.format(), notes: source.notes(), ..Account::default() };
    let mut roles = roles::assign(&columns, &as_it_stands, &mut account).map_err(|error| placed(error, file))?;
    let mut slots = std::mem::take(&mut roles.slots);
    drain(source.as_mut(), &mut slots, &mut roles.gather, observer).map_err(|error| placed(error, file))?;
    drop(source);
    account.rows_read = roles.gather.width();
    account.turned = true;
    let left_out: Vec<String> = std::mem::take(&mut account.unused).into_iter().map(|unused| unused.name).collect();
    if !left_out.is_empty() {
        account.notes.push(format!("columns that are no samples are left out: {}", first_few(&left_out)));
    }
    account.notes.push(format!("features are named by column `{}`, samples by the header", clipped(&names)));
    let loaded = turn(roles.gather, account).map_err(|error| placed(error, file))?;
    choose(loaded, input).map_err(|error| placed(error, file))
}

fn turn(mut gather: Gather, mut account: Account) -> Result<Loaded> {
    let features = gather.rows();
    let id = gather.texts.iter().position(|text| text.use_as == TextUse::Id);
    let mut names: Vec<String> = match id {
        Some(id) => (0..features).map(|row| gather.texts[id].cells.get(row).unwrap_or_default().to_owned()).collect(),
        None => Vec::new(),
    };
    if let Some(position) = names.iter().position(|name| name.trim().is_empty()) {
        return Err(
            Error::request(format!("row {} has no feature name", position + 1)).hint("every feature needs a name")
        );
    }
    let renamed = assemble::make_unique(&mut names);
    if renamed > 0 {
        account.notes.push(format!("{renamed} feature names occur more than once and got a number: `-1`, `-2`, …"));
    }
    let keep: Vec<bool> = gather.dead.iter().map(|dead| !dead).collect();
    let ids: Vec<String> =
        gather.names.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(name, _)| name.clone()).collect();
    let rounded = Vec::new();
    let matrix = gather.take_matrix(&keep);
    let values = transpose::turned(matrix);
    account.columns_in = names.len();
    Ok(Loaded {
        id_name: "sample".to_owned(),
        ids: Some(ids),
        ids_optional: false,
        names,
        values,
        texts: Vec::new(),
        rounded,
        account,
        first_row: 0,
        labels_elsewhere: Vec::new(),
    })
}

/// Applies the choice of features to a matrix that was read whole.
pub(super) fn choose(mut loaded: Loaded, input: &Input) -> Result<Loaded> {
    let columns: Vec<source::Column> = loaded
        .names
        .iter()
        .map(|name| source::Column { name: name.clone(), kind: Kind::Number, type_name: "number".to_owned() })
        .collect();
    let chosen = Input { id: None, labels: Vec::new(), rows: None, ..input.clone() };
    let roles = roles::assign(&columns, &chosen, &mut loaded.account)?;
    loaded.labels_elsewhere.clone_from(&input.labels);
    if let Some(label) = input.labels.first()
        && input.metadata.is_none()
    {
        return Err(TableError::Request {
            message: format!("label `{}` cannot be in a file with features in rows", clipped(label)),
            hint: "give the labels in a second file: `input.metadata: {path: …}`".to_owned(),
        }
        .into());
    }
    let keep: Vec<bool> = roles.slots.iter().map(|slot| *slot != Slot::Skip).collect();
    if keep.iter().any(|keep| !keep) {
        let wanted: Vec<usize> = (0..keep.len()).filter(|column| keep[*column]).collect();
        loaded.names = wanted.iter().map(|column| std::mem::take(&mut loaded.names[*column])).collect();
        let values = std::mem::take(&mut loaded.values);
        loaded.values = super::frame::select_columns(values, &wanted);
    }
    Ok(loaded)
}

fn load_metadata(metadata: &Metadata, base: &Path) -> Result<metadata::Joined> {
    let files = resolve(&metadata.path, base)?;
    let file = &files[0];
    let mut input = Input::new(file);
    let source = open(file, &input)?;
    let columns: Vec<source::Column> = source.columns().to_vec();
    let key = match (&metadata.key, source.row_names()) {
        (Some(key), _) => key.clone(),
        (None, Some(names)) => names.to_owned(),
        (None, None) => columns[0].name.clone(),
    };
    drop(source);
    input.id = Some(key.clone());
    input.labels = columns
        .iter()
        .filter(|column| column.kind != Kind::Other && column.name != key)
        .map(|column| column.name.clone())
        .collect();
    let loaded = load(&files[..1], &input, &mut crate::event::silent)?;
    metadata::Joined::new(loaded, key, metadata.unmatched).map_err(|error| placed(error, file))
}

/// An empty matrix with a column per name, for tables of texts only.
pub(super) fn no_numbers(rows: usize) -> Array2<f32> {
    Array2::zeros((rows, 0))
}

/// A column that does nothing, for the account.
pub(super) fn unused(name: &str, kind: &str, reason: impl Into<String>) -> Unused {
    Unused { name: name.to_owned(), kind: kind.to_owned(), reason: reason.into() }
}
