//! New rows that are unlike the training rows: how many they are, and which features are to blame.

use ndarray::{Array1, Array2, Axis, Zip};

use super::apply::NewRows;
use crate::model::Model;
use crate::table::clipped;
use crate::table::write::{Column, ColumnValues};

/// Rows whose reconstructions are kept at once while the feature to blame is looked for.
const AT_ONCE: usize = 1024;
/// So many features to blame are named.
const NAMED: usize = 3;
/// Where no row is unlike the training rows, a feature beyond their range is named from this share of rows on.
const WORTH_NAMING: f64 = 0.01;

/// How many rows were written, and how many of them are unlike the training rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// Rows written.
    pub rows: usize,
    /// Rows that are unlike the training rows.
    pub flagged: usize,
    /// The features to blame.
    blame: Vec<Blame>,
}

/// In how many rows a prepared feature is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Blame {
    feature: String,
    /// Of the rows that are unlike the training rows, those in which its error is the most unusual.
    most_unusual: usize,
    /// Of all rows, those in which it lies beyond the range of the training rows: a fault of one feature need not mark a row.
    beyond: usize,
}

impl Count {
    /// Counts these rows of a model as well.
    pub fn add(&mut self, new: &NewRows) {
        self.rows += new.rows.ids.len();
        self.flagged += flagged(new).count();
    }

    /// Looks which features of these rows lie beyond the range of the training rows, and which have the most unusual errors in
    /// those that are unlike the training rows.
    pub fn add_blame(&mut self, model: &Model, new: &NewRows) {
        if self.blame.is_empty() {
            let features = model.preparation.features().iter().cloned();
            self.blame = features.map(|feature| Blame { feature, most_unusual: 0, beyond: 0 }).collect();
        }
        self.blame.iter_mut().zip(&new.unlike.beyond).for_each(|(blame, rows)| blame.beyond += rows);
        let flagged: Vec<usize> = flagged(new).collect();
        let usual = Array1::from(model.profile.usual_errors());
        for rows in flagged.chunks(AT_ONCE) {
            // beside what is usual of each feature: a fault spreads to features that are otherwise rebuilt worse
            let unusual = differences(model, &new.prepared.select(Axis(0), rows)) / &usual;
            for row in unusual.rows() {
                // the first of equal ones, so that no order of threads or parts shows
                let most = (0..row.len()).rev().max_by(|one, other| row[*one].abs().total_cmp(&row[*other].abs()));
                if let Some(feature) = most {
                    self.blame[feature].most_unusual += 1;
                }
            }
        }
    }

    /// A sentence on how unlike the rows are, where that is worth a warning.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        const WORTH_SAYING: f64 = 0.05;
        (self.flagged as f64 >= WORTH_SAYING * self.rows as f64 && self.flagged > 0).then(|| {
            format!("{} of {} rows are unlike the training rows: their codes may mean little", self.flagged, self.rows)
        })
    }

    /// Which features are to blame, a sentence each: those whose error is the most unusual in most of the rows unlike the training
    /// rows, and those that lie beyond the range of the training rows in most of all rows; with the number of these rows.
    #[must_use]
    pub fn blamed(&self) -> Vec<String> {
        let of = |what: &str, all: &str, rows: fn(&Blame) -> usize| {
            let mut features: Vec<&Blame> = self.blame.iter().filter(|blame| rows(blame) > 0).collect();
            features.sort_by_key(|blame| std::cmp::Reverse(rows(blame)));
            let named = features.iter().take(NAMED).enumerate().map(|(place, blame)| {
                let of = if place == 0 { all } else { "" };
                format!("`{}` (in {}{of})", clipped(&blame.feature), rows(blame))
            });
            let named = named.collect::<Vec<_>>().join(", ");
            let more = match features.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (!named.is_empty()).then(|| format!("{what}: {named}{more}"))
        };
        let unusual = of("most unusual in them", &format!(" of {}", self.flagged), |blame| blame.most_unusual);
        let most_beyond = self.blame.iter().map(|blame| blame.beyond).max().unwrap_or(0);
        let worth_naming = self.flagged > 0 || most_beyond as f64 >= WORTH_NAMING * self.rows as f64;
        let all = format!(" of all {} rows", self.rows);
        let beyond = worth_naming.then(|| of("beyond the range of the training rows", &all, |blame| blame.beyond));
        unusual.into_iter().chain(beyond.flatten()).collect()
    }
}

fn flagged(new: &NewRows) -> impl Iterator<Item = usize> {
    new.unlike.flags.iter().enumerate().filter(|(_, flag)| **flag).map(|(row, _)| row)
}

/// What each prepared value (`n × d`) differs by from its reconstruction, in the units of the prepared table.
#[must_use]
pub(super) fn differences(model: &Model, prepared: &Array2<f32>) -> Array2<f32> {
    let mut differences = model.autoencoder.reconstruct(prepared.view());
    Zip::from(&mut differences).and(prepared).for_each(|difference, value| *difference = value - *difference);
    differences
}

/// The columns that say how unlike the training rows each row is.
#[must_use]
pub(super) fn columns(new: &NewRows) -> [Column; 2] {
    [
        Column::single("reconstruction_error", new.errors.iter().copied()),
        Column { name: "unlike_training".to_owned(), values: ColumnValues::Flag(new.unlike.flags.clone()) },
    ]
}
