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
    /// Of each prepared feature, in how many of these its error is the most unusual.
    most_unusual: Vec<(String, usize)>,
}

impl Count {
    /// Counts these rows of a model as well.
    pub fn add(&mut self, new: &NewRows) {
        self.rows += new.rows.ids.len();
        self.flagged += flagged(new).count();
    }

    /// Looks which features of those of these rows that are unlike the training rows have the most unusual errors.
    pub fn add_blame(&mut self, model: &Model, new: &NewRows) {
        let flagged: Vec<usize> = flagged(new).collect();
        if flagged.is_empty() {
            return;
        }
        if self.most_unusual.is_empty() {
            self.most_unusual = model.preparation.features().iter().map(|feature| (feature.clone(), 0)).collect();
        }
        let usual = Array1::from(model.profile.usual_errors());
        for rows in flagged.chunks(AT_ONCE) {
            // beside what is usual of each feature: a fault spreads to features that are otherwise rebuilt worse
            let unusual = differences(model, &new.prepared.select(Axis(0), rows)) / &usual;
            for row in unusual.rows() {
                // the first of equal ones, so that no order of threads or parts shows
                let most = (0..row.len()).rev().max_by(|one, other| row[*one].abs().total_cmp(&row[*other].abs()));
                if let Some(feature) = most {
                    self.most_unusual[feature].1 += 1;
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

    /// Which features are to blame: those whose error is the most unusual in most of the rows unlike the training rows, with the
    /// number of these rows.
    #[must_use]
    pub fn blamed(&self) -> Option<String> {
        let mut features: Vec<&(String, usize)> = self.most_unusual.iter().filter(|(_, rows)| *rows > 0).collect();
        features.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        let named = features.iter().take(NAMED).map(|(name, rows)| format!("`{}` (in {rows})", clipped(name)));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = match features.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!named.is_empty()).then(|| format!("most unusual in them: {named}{more}"))
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
