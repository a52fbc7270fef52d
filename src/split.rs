//! Which rows train and which are held out.

use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Explain;
use crate::seed::{Seed, Stream};

/// Training rows and held-out (validation) rows, each in ascending order; together every row once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Rows that train.
    pub training: Vec<usize>,
    /// Rows that are only looked at: early stopping and every held-out figure.
    pub validation: Vec<usize>,
}

/// How rows are held out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// Every row has the same chance.
    #[default]
    Random,
    /// Each class of this label keeps its share.
    Stratified(String),
    /// All rows with the same value of this label stay together, so that held-out groups are new.
    Grouped(String),
}

/// Why a table cannot be split.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// Too few rows would be left on a side.
    #[error("holding out {fraction} of {rows} rows leaves {training} to train on and {validation} to check with")]
    TooFewRows {
        /// The held-out fraction.
        fraction: f64,
        /// Rows in all.
        rows: usize,
        /// Training rows there would be.
        training: usize,
        /// Held-out rows there would be.
        validation: usize,
    },
}

impl Explain for SplitError {
    fn hint(&self) -> Option<String> {
        Some("at least 2 rows must train and 1 must be held out; give more rows or another `autoencoder.training.validation`".to_owned())
    }
}

/// Holds out about `fraction` of `rows` rows at random.
///
/// # Errors
/// If fewer than 2 rows would train or fewer than 1 would be held out.
pub fn random(rows: usize, fraction: f64, seed: Seed) -> Result<Split, SplitError> {
    let groups: Vec<u32> = vec![0; rows];
    stratified(&groups, fraction, seed)
}

/// Holds out about `fraction` of each class; `classes` has one number per row.
///
/// # Errors
/// As [`random`].
pub fn stratified(classes: &[u32], fraction: f64, seed: Seed) -> Result<Split, SplitError> {
    let mut generator = seed.stream(Stream::Split);
    let mut members: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    for (row, class) in classes.iter().enumerate() {
        members.entry(*class).or_default().push(row);
    }
    let mut held_out = vec![false; classes.len()];
    for rows in members.values_mut() {
        rows.shuffle(&mut generator);
        for row in &rows[..share(rows.len(), fraction)] {
            held_out[*row] = true;
        }
    }
    sides(&held_out, fraction)
}

/// Holds out whole groups until about `fraction` of the rows are held out; `groups` has one number per row.
///
/// # Errors
/// As [`random`].
pub fn grouped(groups: &[u32], fraction: f64, seed: Seed) -> Result<Split, SplitError> {
    let mut generator = seed.stream(Stream::Split);
    let mut sizes: std::collections::BTreeMap<u32, usize> = std::collections::BTreeMap::new();
    for group in groups {
        *sizes.entry(*group).or_default() += 1;
    }
    let mut order: Vec<(u32, usize)> = sizes.into_iter().collect();
    order.shuffle(&mut generator);
    let wanted = share(groups.len(), fraction).max(1);
    let mut chosen = std::collections::BTreeSet::new();
    let mut rows = 0;
    for (group, size) in order {
        if rows < wanted && rows + size < groups.len() {
            chosen.insert(group);
            rows += size;
        }
    }
    let held_out: Vec<bool> = groups.iter().map(|group| chosen.contains(group)).collect();
    sides(&held_out, fraction)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a row count"
)]
fn share(rows: usize, fraction: f64) -> usize {
    (rows as f64 * fraction).round() as usize
}

fn sides(held_out: &[bool], fraction: f64) -> Result<Split, SplitError> {
    let (validation, training): (Vec<usize>, Vec<usize>) = (0..held_out.len()).partition(|row| held_out[*row]);
    if training.len() < 2 || validation.is_empty() {
        return Err(SplitError::TooFewRows {
            fraction,
            rows: held_out.len(),
            training: training.len(),
            validation: validation.len(),
        });
    }
    Ok(Split { training, validation })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_on_one_side() {
        let split = random(100, 0.1, Seed(1)).unwrap();
        assert_eq!((split.training.len(), split.validation.len()), (90, 10));
        let mut all = [split.training, split.validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn classes_keep_their_share() {
        let classes: Vec<u32> = (0..100).map(|row| u32::from(row >= 80)).collect();
        let split = stratified(&classes, 0.2, Seed(1)).unwrap();
        assert_eq!(split.validation.iter().filter(|row| classes[**row] == 1).count(), 4);
    }

    #[test]
    fn groups_stay_together() {
        let groups: Vec<u32> = (0..100).map(|row| row % 10).collect();
        let split = grouped(&groups, 0.2, Seed(1)).unwrap();
        assert_eq!(split.validation.len(), 20);
        assert!(split.validation.iter().all(|row| !split.training.iter().any(|other| groups[*other] == groups[*row])));
    }

    #[test]
    fn too_few_rows_are_refused() {
        assert!(random(2, 0.1, Seed(1)).is_err());
        assert!(random(1, 0.5, Seed(1)).is_err());
    }
}
