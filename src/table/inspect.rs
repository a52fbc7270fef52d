//! A first look at a table: what it holds, what its columns could be, what it would take.

mod columns;
mod guess;

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::hash::BuildHasherDefault;
use std::hash::DefaultHasher;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::event::Observer;
use crate::table::CategoricalMissing;
use crate::table::Evidence;
use crate::table::Input;
use crate::table::NumericMissing;
use crate::table::Table;
use crate::table::Unused;
use crate::table::assemble::reasons;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::read;
pub use columns::{Role, SeenColumn};
pub use guess::label_among_numbered;
pub use guess::named_as_label;
pub(super) use guess::other_layout;
use guess::possible_ids;
use guess::possible_labels;
pub use guess::row_numbers;

/// Of fewer there is nothing to compress.
pub const FEWEST_FEATURES: usize = 2;

/// Reads a table for a first look: missing values are allowed, annotations are read as labels, and nothing has to train.
///
/// # Errors
/// As [`read::read`], but for a table that holds nothing that trains.
pub fn look(input: &Input, base: &Path, observer: &mut Observer<'_>) -> Result<(Table, Inspection)> {
    let mut input = input.clone();
    input.missing.numeric = NumericMissing::Median;
    input.missing.categorical = CategoricalMissing::OwnLevel;
    let annotations = read::annotations(&input, base)?;
    if input.labels.is_empty() {
        input.labels.clone_from(&annotations);
    }
    let table = read::read_any(&input, base, observer)?;
    let mut schema = read::schema(&input, base)?;
    columns::settle_late(&mut schema.columns, &table);
    let mut types: BTreeMap<String, usize> = BTreeMap::new();
    for (_, kind) in &schema.columns {
        *types.entry(kind.clone()).or_default() += 1;
    }
    let by_column = columns::of(&table, schema.columns, input.layout);
    let inspection = Inspection { annotations, types, by_column, ..inspect(&table) };
    Ok((table, inspection))
}

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// What the file is.
    pub format: String,
    /// Rows.
    pub rows: usize,
    /// Columns of the file.
    pub columns: usize,
    /// The file's own types, with their numbers of columns.
    pub types: BTreeMap<String, usize>,
    /// Each column of the table, in its order.
    #[serde(default)]
    pub by_column: Vec<SeenColumn>,
    /// Columns beside the matrix, which never train and can be labels.
    pub annotations: Vec<String>,
    /// Columns of numbers that can train.
    pub numbers: usize,
    /// Columns of texts that can train, with their numbers of levels.
    pub categories: Vec<(String, usize)>,
    /// Columns that do nothing, and why.
    pub unused: Vec<Unused>,
    /// Missing numbers, and their share of all numbers.
    pub missing: (usize, f64),
    /// The columns with most missing values, and how many: at most ten.
    pub most_missing: Vec<(String, usize)>,
    /// Features with one value in all rows: how many, and the first.
    pub constant: (usize, Vec<String>),
    /// Rows that are equal to an earlier one in every number and level.
    pub duplicate_rows: usize,
    /// What the numbers look like.
    pub evidence: Evidence,
    /// Columns with a different value in every row: the best for `id` first.
    pub possible_ids: Vec<String>,
    /// Columns that only number the rows, 0, 1, 2, … or 1, 2, 3, …, and say nothing about them.
    #[serde(default)]
    pub row_numbers: Vec<String>,
    /// Columns that could be labels: the likeliest first, with their numbers of classes.
    pub possible_labels: Vec<(String, usize)>,
    /// The only column that is not numbered where all others are, with its number of classes.
    #[serde(default)]
    pub label_among_numbered: Option<(String, usize)>,
    /// Why the file may lie the other way, if it seems so.
    pub other_layout: Option<String>,
    /// Bytes that the numbers take.
    pub memory: u64,
    /// Sentences about how the file was taken.
    pub notes: Vec<String>,
}

/// Looks at a table that was read with missing values allowed.
///
/// Ids and labels are looked for among texts that train, texts that do not, and labels already
/// named; columns of numbers are only proposed as labels where their name says so.
#[must_use]
pub fn inspect(table: &Table) -> Inspection {
    let frame = &table.frame;
    let evidence = Evidence::of(frame);
    let rows = frame.rows();
    let all = rows * frame.features.len();
    let mut most_missing: Vec<(String, usize)> =
        table.account.missing.iter().map(|missing| (missing.name.clone(), missing.count)).collect();
    most_missing.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    most_missing.truncate(10);
    let constant: Vec<String> = constant(table);
    let row_numbers = row_numbers(table);
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = if all == 0 { 0.0 } else { (all - evidence.values) as f64 / all as f64 };
    Inspection {
        format: table.account.format.clone(),
        rows,
        columns: table.account.columns_in,
        types: BTreeMap::new(),
        by_column: Vec::new(),
        annotations: Vec::new(),
        numbers: frame.features.len(),
        categories: frame.categories.iter().map(|category| (category.name.clone(), category.levels.len())).collect(),
        unused: table.account.unused.clone(),
        missing: (all - evidence.values, share),
        most_missing,
        constant: (constant.len(), constant.into_iter().take(10).collect()),
        duplicate_rows: duplicate_rows(table),
        evidence,
        possible_ids: possible_ids(table),
        possible_labels: possible_labels(table),
        label_among_numbered: label_among_numbered(table, &row_numbers),
        row_numbers,
        other_layout: other_layout(table),
        memory: 4 * all as u64,
        notes: table.account.notes.clone(),
    }
}

impl Inspection {
    /// How many columns can train.
    #[must_use]
    pub fn trainable(&self) -> usize {
        self.numbers + self.categories.len()
    }

    /// How many features they make: a number is one, and so is each level.
    #[must_use]
    pub fn features(&self) -> usize {
        self.numbers + self.categories.iter().map(|(_, levels)| levels).sum::<usize>()
    }

    /// Refuses a table with too few features for an autoencoder.
    ///
    /// # Errors
    /// If there is none or one, with the other columns and why they do not train.
    pub fn check_trainable(&self) -> Result<()> {
        match self.features() {
            0 => Err(TableError::NoFeatures { reasons: reasons(&self.unused) }.into()),
            few if few < FEWEST_FEATURES => Err(TableError::OneFeature { reasons: reasons(&self.unused) }.into()),
            _ => Ok(()),
        }
    }

    /// The inspection as lines of text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("{}: {} rows × {} columns", self.format, self.rows, self.columns),
            match self.trainable() {
                0 => "no column can train; its columns can be labels of another table: `input.metadata`".to_owned(),
                _ => format!("{} columns of numbers and {} of levels can train", self.numbers, self.categories.len()),
            },
        ];
        if !self.types.is_empty() {
            let types: Vec<String> = self.types.iter().map(|(kind, count)| format!("{count} of {kind}")).collect();
            lines.insert(1, format!("columns by type: {}", types.join(", ")));
        }
        if self.evidence.values > 0 {
            lines.push(format!(
                "numbers from {} to {}, {:.1} % zeros, {:.1} % whole; {}",
                short(self.evidence.min),
                short(self.evidence.max),
                100.0 * self.evidence.zeros,
                100.0 * self.evidence.whole,
                match self.evidence.kind {
                    super::DataKind::Binary => "all 0 or 1",
                    super::DataKind::Counts => "they look like counts",
                    super::DataKind::LogCounts => "they look like logarithms of counts",
                    super::DataKind::Pixels => "all features share one bounded range, as pixels do",
                    super::DataKind::UnitRange => "all lie within 0 and 1",
                    super::DataKind::General => "features of their own scales",
                }
            ));
        }
        if self.missing.0 > 0 {
            let are = if self.missing.0 == 1 { "number is" } else { "numbers are" };
            lines.push(format!("{} {are} missing ({:.2} %)", self.missing.0, 100.0 * self.missing.1));
        }
        if !self.most_missing.is_empty() {
            lines.push(format!("missing most often: {}", counted(&self.most_missing, "rows", usize::MAX)));
        }
        if self.constant.0 > 0 {
            let shown: Vec<String> =
                self.constant.1.iter().take(5).map(|name| format!("`{}`", super::clipped(name))).collect();
            let more = match self.constant.0 - shown.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let are = if self.constant.0 == 1 { "feature is" } else { "features are" };
            lines.push(format!("{} {are} constant: {}{more}", self.constant.0, shown.join(", ")));
        }
        if self.duplicate_rows > 0 && self.trainable() > 0 {
            let are = if self.duplicate_rows == 1 { "row is" } else { "rows are" };
            lines.push(format!("{} {are} equal to an earlier one in all that can train", self.duplicate_rows));
        }
        if !self.possible_ids.is_empty() {
            lines.push(format!("could be the id: {}", first_few(&self.possible_ids)));
        }
        if !self.possible_labels.is_empty() {
            let all = self.possible_labels.len();
            lines.push(format!("could be labels: {}", counted(&self.possible_labels, "classes", all)));
        }
        if !self.row_numbers.is_empty() {
            lines.push(format!("only number the rows: {}", first_few(&self.row_numbers)));
        }
        let mut reasons: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
        for unused in &self.unused {
            reasons.entry(&unused.reason).or_default().push(&unused.name);
        }
        for (reason, names) in reasons {
            lines.push(format!("left out ({reason}): {}", first_few(&names)));
        }
        lines.extend(self.other_layout.iter().cloned());
        lines.extend(self.notes.iter().cloned());
        if self.trainable() > 0 {
            lines.push(format!("the numbers take {} of memory", super::memory::in_words(self.memory)));
        }
        lines
    }
}

/// A number in few letters.
fn short(number: f32) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-4..1e7).contains(&size) { number.to_string() } else { format!("{number:e}") }
}

/// Names, each with a count of things; how many more there are is said where `all` is known.
fn counted(names: &[(String, usize)], things: &str, all: usize) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|(name, count)| {
            let things = if *count == 1 { things.trim_end_matches('s') } else { things };
            format!("`{}` ({count} {things})", super::clipped(name))
        })
        .collect();
    let more = match all {
        usize::MAX => String::new(),
        all if all > shown.len() => format!(" and {} more", all - shown.len()),
        _ => String::new(),
    };
    shown.join(", ") + &more
}

/// The least and the greatest value of each feature; the least is the greater of the two where there is none.
fn ranges(table: &Table) -> Vec<(f32, f32)> {
    let values = &table.frame.values;
    let mut range = vec![(f32::INFINITY, f32::NEG_INFINITY); values.ncols()];
    for row in values.rows() {
        for (range, value) in range.iter_mut().zip(row) {
            *range = (range.0.min(*value), range.1.max(*value));
        }
    }
    range
}

fn constant(table: &Table) -> Vec<String> {
    table
        .frame
        .features
        .iter()
        .zip(ranges(table))
        .filter(|(_, range)| range.0 >= range.1)
        .map(|(name, _)| name.clone())
        .collect()
}

/// Rows equal to an earlier one, by a hash of 64 bits.
fn duplicate_rows(table: &Table) -> usize {
    use rayon::prelude::*;
    let frame = &table.frame;
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let hashes: Vec<u64> = (0..frame.rows())
        .into_par_iter()
        .map(|row| {
            let numbers: Vec<u32> =
                frame.values.row(row).iter().map(|value| if *value == 0.0 { 0 } else { value.to_bits() }).collect();
            let levels: Vec<Option<u32>> = frame.categories.iter().map(|category| category.of_row[row]).collect();
            hasher.hash_one((numbers, levels))
        })
        .collect();
    let different: std::collections::HashSet<u64, BuildHasherDefault<DefaultHasher>> = hashes.iter().copied().collect();
    hashes.len() - different.len()
}
