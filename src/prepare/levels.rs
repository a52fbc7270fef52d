//! Columns of texts as columns of 0 and 1, one per level.

use std::collections::BTreeSet;
use std::collections::HashMap;

use ndarray::Array2;
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::prepare::error::PrepareError;
use crate::table::CategoricalMissing;
use crate::table::Category;
use crate::table::clipped;
use crate::table::first_few;
use crate::table::usual_words_for_missing;

/// A column of texts and the levels its training rows had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// The column's name.
    pub name: String,
    /// The levels with a column of their own, in order.
    pub levels: Vec<String>,
    /// Rare levels, which share one column, `(other)`.
    pub pooled: Vec<String>,
    /// What a missing text becomes.
    pub missing: MissingLevel,
}

/// What a missing text becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingLevel {
    /// The last column, `(missing)`.
    Own,
    /// This column.
    Fill(usize),
    /// Zeros: no training row was missing.
    Unseen,
    /// An error.
    Refuse,
}

/// Levels of a column that no training row had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// The column.
    pub column: String,
    /// How many rows have one.
    pub rows: usize,
    /// Their names; `(missing)` for a missing text where no training row was without.
    pub levels: BTreeSet<String>,
}

impl Unseen {
    /// What the user should know of them.
    #[must_use]
    pub fn sentence(&self) -> String {
        let levels: Vec<&String> = self.levels.iter().collect();
        let (rows, have, count) = if self.rows == 1 { ("row", "has", "counts") } else { ("rows", "have", "count") };
        format!(
            "{} {rows} {have} a level of `{}` that no training row had, and {count} as none of its levels: {}",
            self.rows,
            clipped(&self.column),
            first_few(&levels)
        ) + if levels.iter().any(|level| usual_words_for_missing().contains(level)) {
            "; words that mean missing do so in text files only: elsewhere leave the cell without a value"
        } else {
            ""
        }
    }
}

impl Levels {
    /// Learns the levels of the training rows.
    ///
    /// # Errors
    /// If a training row is missing and that is refused.
    pub(super) fn fit(
        category: &Category,
        rows: &[usize],
        missing: CategoricalMissing,
        pool_below: Option<f64>,
    ) -> Result<Self> {
        let mut counts = vec![0_usize; category.levels.len()];
        let mut without = None;
        for row in rows {
            match category.of_row[*row] {
                Some(level) => counts[level as usize] += 1,
                None => without = without.or(Some(*row)),
            }
        }
        let rare = |count: usize| {
            pool_below.is_some_and(|share| {
                super::statistics::count_of(count) < share * super::statistics::count_of(rows.len())
            })
        };
        let mut levels = Vec::new();
        let mut pooled = Vec::new();
        let mut most = (0, 0);
        for (level, count) in category.levels.iter().zip(&counts).filter(|(_, count)| **count > 0) {
            if rare(*count) {
                pooled.push(level.clone());
            } else {
                if *count > most.1 {
                    most = (levels.len(), *count);
                }
                levels.push(level.clone());
            }
        }
        if pooled.len() == 1 {
            // One level alone is not pooled with anything.
            let level = pooled.remove(0);
            let at = levels.partition_point(|other| *other < level);
            levels.insert(at, level);
            most.0 += usize::from(at <= most.0 && levels.len() > 1);
        }
        let missing = match (missing, without) {
            (CategoricalMissing::Refuse, Some(row)) => {
                return Err(PrepareError::MissingValue { column: clipped(&category.name), row: row + 1 }.into());
            }
            (CategoricalMissing::Refuse, None) => MissingLevel::Refuse,
            (CategoricalMissing::OwnLevel, Some(_)) => MissingLevel::Own,
            (CategoricalMissing::OwnLevel, None) => MissingLevel::Unseen,
            (CategoricalMissing::MostFrequent, _) if levels.is_empty() => MissingLevel::Unseen,
            (CategoricalMissing::MostFrequent, _) => MissingLevel::Fill(most.0),
        };
        Ok(Self { name: category.name.clone(), levels, pooled, missing })
    }

    /// Whether a missing text becomes a column that is there.
    pub(super) fn is_consistent(&self) -> bool {
        !matches!(self.missing, MissingLevel::Fill(column) if column >= self.width())
    }

    /// How many columns of 0 and 1 there are.
    #[must_use]
    pub fn width(&self) -> usize {
        self.levels.len() + usize::from(!self.pooled.is_empty()) + usize::from(self.missing == MissingLevel::Own)
    }

    /// The names of these columns.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.levels.iter().map(|level| format!("{}={level}", self.name)).collect();
        if !self.pooled.is_empty() {
            names.push(format!("{}=(other)", self.name));
        }
        if self.missing == MissingLevel::Own {
            names.push(format!("{}=(missing)", self.name));
        }
        names
    }

    /// Writes the column's rows into `values` from column `first` on; returns the levels that no training
    /// row had: their rows are all zeros.
    ///
    /// # Errors
    /// If a row is missing and that is refused.
    pub(super) fn encode(&self, category: &Category, values: &mut Array2<f32>, first: usize) -> Result<Option<Unseen>> {
        let other = self.levels.len();
        let mut position: HashMap<&str, usize> = self.levels.iter().map(String::as_str).zip(0..).collect();
        position.extend(self.pooled.iter().map(|level| (level.as_str(), other)));
        let places: Vec<Option<usize>> =
            category.levels.iter().map(|level| position.get(level.as_str()).copied()).collect();
        let mut rows = 0;
        let mut strange = BTreeSet::new();
        for (row, level) in category.of_row.iter().enumerate() {
            let place = match (level, self.missing) {
                (Some(level), _) => places[*level as usize],
                (None, MissingLevel::Own) => Some(self.width() - 1),
                (None, MissingLevel::Fill(place)) => Some(place),
                (None, MissingLevel::Unseen) => None,
                (None, MissingLevel::Refuse) => {
                    return Err(PrepareError::MissingValue { column: clipped(&self.name), row: row + 1 }.into());
                }
            };
            match place {
                Some(place) => values[(row, first + place)] = 1.0,
                None => {
                    rows += 1;
                    strange.insert(*level);
                }
            }
        }
        let name = |level: Option<u32>| match level {
            Some(level) => category.levels[level as usize].clone(),
            None => "(missing)".to_owned(),
        };
        Ok((rows > 0).then(|| Unseen {
            column: self.name.clone(),
            rows,
            levels: strange.into_iter().map(name).collect(),
        }))
    }

    /// The level of the greatest value of each row, of columns as [`Levels::encode`] writes them.
    pub(super) fn decode(&self, values: ArrayView2<'_, f32>) -> Category {
        let mut levels = self.levels.clone();
        if !self.pooled.is_empty() {
            levels.push("(other)".to_owned());
        }
        let known = levels.len();
        let of_row = values
            .rows()
            .into_iter()
            .map(|row| {
                let mut best: Option<(usize, f32)> = None;
                for (at, value) in row.iter().enumerate() {
                    if best.is_none_or(|(_, greatest)| *value > greatest) {
                        best = Some((at, *value));
                    }
                }
                best.filter(|(at, _)| *at < known).and_then(|(at, _)| u32::try_from(at).ok())
            })
            .collect();
        Category { name: self.name.clone(), levels, of_row }
    }
}
