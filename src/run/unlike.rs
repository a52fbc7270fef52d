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

/// In how many of the rows that are unlike the training rows a prepared feature is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Blame {
    feature: String,
    /// Its error is the most unusual of the row's.
    most_unusual: usize,
    /// It lies beyond the range of the training rows.
    beyond: usize,
}

impl Count {
    /// Counts these rows of a model as well.
    pub fn add(&mut self, new: &NewRows) {
        self.rows += new.rows.ids.len();
        self.flagged += flagged(new).count();
    }

    /// Looks which features of those of these rows that are unlike the training rows have the most unusual errors, and which
    /// lie beyond the range of the training rows.
    pub fn add_blame(&mut self, model: &Model, new: &NewRows) {
        let flagged: Vec<usize> = flagged(new).collect();
        if flagged.is_empty() {
            return;
        }
        if self.blame.is_empty() {
            let features = model.preparation.features().iter().cloned();
            self.blame = features.map(|feature| Blame { feature, most_unusual: 0, beyond: 0 }).collect();
        }
        for row in &flagged {
            for feature in model.profile.outside(new.prepared.row(*row)) {
                self.blame[feature].beyond += 1;
            }
        }
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
    /// rows, and those that lie beyond the range of the training rows in most of them; with the number of these rows.
    #[must_use]
    pub fn blamed(&self) -> Vec<String> {
        let of = |what: &str, rows: fn(&Blame) -> usize| {
            let mut features: Vec<&Blame> = self.blame.iter().filter(|blame| rows(blame) > 0).collect();
            features.sort_by_key(|blame| std::cmp::Reverse(rows(blame)));
            let named = features.iter().take(NAMED).enumerate().map(|(place, blame)| {
                let of = if place == 0 { format!(" of {}", self.flagged) } else { String::new() };
                format!("`{}` (in {}{of})", clipped(&blame.feature), rows(blame))
            });
            let named = named.collect::<Vec<_>>().join(", ");
            let more = match features.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (!named.is_empty()).then(|| format!("{what} in them: {named}{more}"))
        };
        let unusual = of("most unusual", |blame| blame.most_unusual);
        let beyond = of("beyond the range of the training rows", |blame| blame.beyond);
        unusual.into_iter().chain(beyond).collect()
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
