//! What the options need to know of the data.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use super::error::AutoencoderError;

/// A value that stands out: where it is and what it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The row, from 0.
    pub row: usize,
    /// The column, from 0.
    pub column: usize,
    /// The value.
    pub value: f32,
}

/// What the options need to know of a table, found in one pass.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFacts {
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub columns: usize,
    /// The smallest and the largest finite value.
    pub range: (f32, f32),
    /// The first value that is not finite.
    pub not_finite: Option<Found>,
    /// The first value outside [0, 1].
    pub outside_unit: Option<Found>,
    /// How many values lie strictly between 0.05 and 0.95.
    pub gray: usize,
    /// The first value that is no count: negative or not whole.
    pub not_count: Option<Found>,
}

impl DataFacts {
    /// Looks at every value of `data` once.
    #[must_use]
    pub fn of(data: ArrayView2<f32>) -> Self {
        const ROWS: usize = 256;
        let empty = Self {
            rows: data.nrows(),
            columns: data.ncols(),
            range: (f32::INFINITY, f32::NEG_INFINITY),
            not_finite: None,
            outside_unit: None,
            gray: 0,
            not_count: None,
        };
        let chunks: Vec<ArrayView2<f32>> = data.axis_chunks_iter(Axis(0), ROWS).collect();
        let parts: Vec<Self> = chunks
            .into_par_iter()
            .enumerate()
            .map(|(chunk, rows)| {
                let mut facts = empty.clone();
                for ((row, column), value) in rows.indexed_iter() {
                    facts.see(Found { row: chunk * ROWS + row, column, value: *value });
                }
                facts
            })
            .collect();
        parts.into_iter().fold(empty, Self::and)
    }

    fn see(&mut self, found: Found) {
        let value = found.value;
        if !value.is_finite() {
            self.not_finite.get_or_insert(found);
            return;
        }
        self.range = (self.range.0.min(value), self.range.1.max(value));
        if !(0.0..=1.0).contains(&value) {
            self.outside_unit.get_or_insert(found);
        }
        self.gray += usize::from(value > 0.05 && value < 0.95);
        if value < 0.0 || value.fract() != 0.0 {
            self.not_count.get_or_insert(found);
        }
    }

    fn and(self, later: Self) -> Self {
        Self {
            range: (self.range.0.min(later.range.0), self.range.1.max(later.range.1)),
            not_finite: self.not_finite.or(later.not_finite),
            outside_unit: self.outside_unit.or(later.outside_unit),
            gray: self.gray + later.gray,
            not_count: self.not_count.or(later.not_count),
            ..self
        }
    }

    /// Whether every value lies in [0, 1] and at most a third of them away from the ends: drawings, digits, yes or no.
    pub(super) fn is_nearly_binary(&self) -> bool {
        self.outside_unit.is_none() && 3 * self.gray <= self.rows * self.columns
    }

    pub(super) fn refuse_unless_finite(&self, features: &[String]) -> Result<(), AutoencoderError> {
        self.not_finite.map_or(Ok(()), |found| {
            let (column, row, value) = found.named(features);
            Err(AutoencoderError::NotFinite { column, row, value })
        })
    }
}

impl Found {
    /// The feature's name, the row from 1, the value.
    pub(super) fn named(self, features: &[String]) -> (String, usize, f32) {
        let name = features.get(self.column).cloned().unwrap_or_else(|| format!("#{}", self.column + 1));
        (name, self.row + 1, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn finds_the_first_of_each_kind() {
        let facts = DataFacts::of(array![[0.0, 1.0], [0.5, 7.0], [f32::NAN, -1.0]].view());
        assert_eq!(facts.range, (-1.0, 7.0));
        assert_eq!(facts.outside_unit, Some(Found { row: 1, column: 1, value: 7.0 }));
        assert_eq!(facts.not_count, Some(Found { row: 1, column: 0, value: 0.5 }));
        assert_eq!(facts.not_finite.map(|found| (found.row, found.column)), Some((2, 0)));
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        let facts = DataFacts::of(Array2::from_elem((600, 3), 4.0).view());
        assert!(facts.not_count.is_none() && facts.outside_unit.is_some() && facts.not_finite.is_none());
    }
}
