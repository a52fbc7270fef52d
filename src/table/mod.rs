//! Tables: reading them as people have them, and writing our own.
//!
//! A [`Table`] is what every reader makes: ids, the [`Frame`] that trains, labels that never
//! train, and an [`Account`] of what became of every column. This is the only room that names
//! polars. Nothing is left out, filled in or turned into something else without being said.

mod annotated;
mod assemble;
#[cfg(test)]
mod catalogue;
mod columnar;
mod dictionary;
mod error;
mod evidence;
#[cfg(test)]
mod formats_tests;
mod frame;
mod gather;
mod hdf5;
mod held;
pub mod inspect;
mod keep;
mod labels;
mod layout;
pub mod memory;
mod metadata;
mod numpy;
mod options;
mod parts;
#[cfg(test)]
mod parts_tests;
pub mod read;
mod repeats;
mod roles;
mod source;
mod tenx;
mod text;
mod transpose;
mod turned;
pub mod write;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

pub use error::TableError;
pub use evidence::{DataKind, Evidence};
pub use held::{Held, HeldColumn, Holds};
pub use keep::WITHOUT_A_VALUE;
pub use layout::{Lies, lies};
pub use options::{
    Categorical, CategoricalMissing, Decimal, Features, Header, Input, Layout, Metadata, Missing, NumericMissing, Rows,
    Separator, Times, Unmatched,
};
pub use parts::parts;
pub(crate) use repeats::as_wanted;

/// A table as it goes into a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The name of the id column; `row` where rows are only numbered.
    pub id_name: String,
    /// The name of each row, different for every row.
    pub ids: Vec<String>,
    /// Which rows of the file or files these are, counted from 0.
    pub rows: Vec<usize>,
    /// What trains.
    pub frame: Frame,
    /// What colors and scores.
    pub labels: Vec<Label>,
    /// What became of every column and row.
    pub account: Account,
}

/// The part of a table that trains: numbers, and texts with few levels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// The names of the columns of `values`.
    pub features: Vec<String>,
    /// Rows × features; NaN where missing, never infinite.
    pub values: Array2<f32>,
    /// The columns of levels, each with one entry per row.
    pub categories: Vec<Category>,
}

/// A column of texts with few levels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// The different texts, in order.
    pub levels: Vec<String>,
    /// For each row an index into `levels`, or `None` where missing.
    pub of_row: Vec<Option<u32>>,
}

/// A column that colors and scores but never trains.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: LabelValues,
}

/// The values of a label.
///
/// A label is of classes if any value is not a number, or if all are integers and there are at
/// most [`LabelValues::MOST_NUMBERED_CLASSES`] different ones; else it is of numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelValues {
    /// Each row belongs to one class, or is not labelled.
    Classes {
        /// The classes: by number where all are integers, else by text.
        levels: Vec<String>,
        /// For each row an index into `levels`, or `None` where missing.
        of_row: Vec<Option<u32>>,
    },
    /// Each row has an amount, or is not labelled.
    Numbers(Vec<Option<f64>>),
}

impl LabelValues {
    /// Integer labels with more different values than this are amounts.
    pub const MOST_NUMBERED_CLASSES: usize = 64;
}

/// What became of the columns and rows of a table.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The format that was read, such as `Parquet` or `CSV, separated by ;`.
    pub format: String,
    /// Whether the file has its features in rows and was turned.
    pub turned: bool,
    /// Rows in the file or files.
    pub rows_read: usize,
    /// Rows in the table, after a sample or a join.
    pub rows_used: usize,
    /// Columns in the file.
    pub columns_in: usize,
    /// Columns that train.
    pub columns_used: usize,
    /// Every column that neither trains nor is id or label, and why.
    pub unused: Vec<Unused>,
    /// Where numbers and levels train: all of these columns in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// Columns that train and have missing values, with their number.
    pub missing: Vec<MissingCount>,
    /// Sentences for the user.
    pub notes: Vec<String>,
    /// Sentences the user should act on.
    pub warnings: Vec<String>,
}

impl Account {
    /// One sentence: columns in, columns used, and why the others are not.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut reasons: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
        for unused in &self.unused {
            reasons.entry(&unused.reason).or_default().push(&unused.name);
        }
        let mut sentence =
            format!("{} rows; {} of {} columns train", self.rows_used, self.columns_used, self.columns_in);
        for (reason, names) in reasons {
            sentence += &format!("; {} left out ({reason}): {}", names.len(), first_few(&names));
        }
        sentence
    }
}

/// A column that does nothing in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Why it is not used.
    pub reason: String,
}

/// A column with missing values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingCount {
    /// The column.
    pub name: String,
    /// Rows in which it is missing.
    pub count: usize,
    /// Whether it is a column of texts.
    #[serde(default)]
    pub of_texts: bool,
}

/// What the id column is called where rows are only numbered.
pub const ROW: &str = "row";

/// The words that mean "missing" in text files where `input.missing.words` names no others; empty cells do too.
#[must_use]
pub fn usual_words_for_missing() -> Vec<String> {
    text::number::WORDS.iter().filter(|word| !word.is_empty()).map(|word| (*word).to_owned()).collect()
}

/// Whether a text is a number as people write them (`1,234`, `$5`, `7 %`), which is not read as one.
pub(crate) fn is_formatted_number(text: &str) -> bool {
    text::number::is_formatted(text.as_bytes())
}

/// The first names of many, for a sentence.
pub(crate) fn first_few<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{}`", clipped(name.as_ref()))).collect();
    match names.len() {
        0..=SHOWN => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), more - SHOWN),
    }
}

/// A text short and plain enough to stand in a message.
pub(crate) fn clipped(text: &str) -> String {
    clipped_to(text, 60)
}

/// A text no longer than `longest` letters, without control characters.
pub(crate) fn clipped_to(text: &str, longest: usize) -> String {
    let clean = |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    let shown: String = text.chars().take(longest).map(clean).collect();
    if text.chars().nth(longest).is_some() { format!("{shown}…") } else { shown }
}
