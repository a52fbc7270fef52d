//! A second table joined by id, one row to one row.

use std::collections::HashMap;

use crate::error::Result;
use crate::error::nearest;
use crate::table::assemble::Loaded;
use crate::table::dictionary::Dictionary;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::TextUse;
use crate::table::options::Unmatched;

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

impl Joined {
    /// # Errors
    /// If two rows have one id or a row has none.
    pub(super) fn new(loaded: Loaded, key: String, unmatched: Unmatched) -> Result<Self> {
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
            if self.unmatched == Unmatched::Refuse || count == of {
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
                "{} of {} rows of the metadata (key `{}`) name no row of the table",
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
