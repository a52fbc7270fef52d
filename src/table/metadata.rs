//! A second table joined by id, one row to one row.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Result;
use crate::error::nearest;
use crate::table::assemble::Loaded;
use crate::table::dictionary::Dictionary;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::TextUse;
use crate::table::options::Input;
use crate::table::options::Metadata;
use crate::table::options::Unmatched;
use crate::table::read::load;
use crate::table::read::open;
use crate::table::read::placed;
use crate::table::read::resolve;
use crate::table::source::Kind;

/// A second table, ready to be looked up by id.
pub(super) struct Joined {
    row_of: HashMap<String, usize>,
    columns: Vec<(String, Dictionary)>,
    key: String,
    unmatched: Unmatched,
}

/// What the join made.
pub(super) struct Matched {
    /// The labels, in the order of the table's rows.
    pub(super) labels: Vec<(String, Dictionary)>,
    /// The rows to keep, where some are to be dropped.
    pub(super) keep: Option<Vec<bool>>,
    /// Sentences for the user.
    pub(super) notes: Vec<String>,
}

/// Reads the metadata of a pipeline.
///
/// # Errors
/// If the file cannot be read, lacks its key, or does not name each of its rows once.
pub(super) fn load_metadata(metadata: &Metadata, base: &Path) -> Result<Joined> {
    let (file, key, labels) = metadata_columns(metadata, base)?;
    let input = Input { id: Some(key.clone()), labels, ..Input::new(&file) };
    let loaded = load(std::slice::from_ref(&file), &input, &mut crate::event::silent)?;
    Joined::new(loaded, key, metadata.unmatched).map_err(|error| placed(error, &file))
}

/// The file of the metadata, its column of ids, and its other columns, which can be labels.
///
/// # Errors
/// If the file cannot be read, or lacks its key.
pub(super) fn metadata_columns(metadata: &Metadata, base: &Path) -> Result<(PathBuf, String, Vec<String>)> {
    let file = resolve(&metadata.path, base)?.swap_remove(0);
    let source = open(&file, &Input::new(&file))?;
    let columns = source.columns();
    let key = match (&metadata.key, source.row_names()) {
        (Some(key), _) => key.clone(),
        (None, Some(names)) => names.to_owned(),
        (None, None) => columns[0].name.clone(),
    };
    if !columns.iter().any(|column| column.name == key) {
        let nearest = nearest(&key, columns.iter().map(|column| column.name.as_str())).map(str::to_owned);
        return Err(placed(TableError::NoSuchColumn { role: "metadata key", name: key, nearest }.into(), &file));
    }
    let others = columns.iter().filter(|column| column.kind != Kind::Other && column.name != key);
    let labels = others.map(|column| column.name.clone()).collect();
    Ok((file, key, labels))
}

impl Joined {
    /// # Errors
    /// If two rows have one id or a row has none.
    fn new(loaded: Loaded, key: String, unmatched: Unmatched) -> Result<Self> {
        let ids = loaded.ids.unwrap_or_default();
        let mut row_of = HashMap::with_capacity(ids.len());
        for (row, id) in ids.into_iter().enumerate() {
            if id.is_empty() {
                return Err(TableError::MissingId { row: row + 1, column: key }.into());
            }
            if let Some(first) = row_of.insert(id.clone(), row) {
                return Err(TableError::DuplicateKey { id, first: first + 1, second: row + 1 }.into());
            }
        }
        let labels = loaded.texts.into_iter().filter(|text| text.use_as == TextUse::Label);
        Ok(Self { row_of, columns: labels.map(|text| (text.name, text.cells)).collect(), key, unmatched })
    }

    /// Looks up every id and gives the wanted columns, or all where none is named.
    ///
    /// # Errors
    /// If a wanted column does not exist, or ids have no match and that is not allowed.
    pub(super) fn look_up(&self, ids: &[String], wanted: &[String], any_label: bool) -> Result<Matched> {
        for name in wanted {
            if *name == self.key {
                return Err(TableError::TwoRoles { name: name.clone(), one: "label", other: "metadata key" }.into());
            }
            if !self.columns.iter().any(|(column, _)| column == name) {
                let nearest = nearest(name, self.columns.iter().map(|(column, _)| column.as_str())).map(str::to_owned);
                return Err(TableError::NoSuchColumn { role: "label", name: name.clone(), nearest }.into());
            }
        }
        let rows: Vec<Option<usize>> = ids.iter().map(|id| self.row_of.get(id).copied()).collect();
        let without: Vec<&String> = ids.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(id, _)| id).collect();
        let mut notes = Vec::new();
        let mut keep = None;
        if !without.is_empty() {
            let (count, of) = (without.len(), ids.len());
            if count == of {
                let mut keys: Vec<(&String, &usize)> = self.row_of.iter().collect();
                keys.sort_by_key(|(_, row)| **row);
                let keys: Vec<&String> = keys.into_iter().map(|(key, _)| key).collect();
                let (ids, keys, key) = (first_few(&without), first_few(&keys), self.key.clone());
                return Err(TableError::NoneMatched { rows: of, ids, key, keys }.into());
            }
            if self.unmatched == Unmatched::Refuse {
                return Err(TableError::Unmatched { count, rows: of, ids: first_few(&without) }.into());
            }
            let what = if self.unmatched == Unmatched::Drop { "are dropped" } else { "have no label" };
            notes.push(format!(
                "{count} of {of} rows have no match in the metadata and {what}: {}",
                first_few(&without)
            ));
            if self.unmatched == Unmatched::Drop {
                keep = Some(rows.iter().map(Option::is_some).collect());
            }
        }
        let matched = rows.iter().flatten().count();
        if matched < self.row_of.len() {
            notes.push(format!(
                "{} of {} rows of the metadata (key `{}`) name none of the rows that are used",
                self.row_of.len() - matched,
                self.row_of.len(),
                self.key
            ));
        }
        let all = wanted.is_empty() && !any_label;
        let labels = self
            .columns
            .iter()
            .filter(|(name, _)| all || wanted.contains(name))
            .map(|(name, cells)| {
                let mut joined = Dictionary::complete();
                for row in &rows {
                    joined.push(row.and_then(|row| cells.get(row)));
                }
                (name.clone(), joined)
            })
            .collect();
        Ok(Matched { labels, keep, notes })
    }
}
