//! The part of a table that trains.

use std::collections::HashMap;
use std::collections::HashSet;

use ndarray::Array2;
use ndarray::Axis;

use crate::error::Result;
use crate::error::nearest;
use crate::table::Category;
use crate::table::Frame;
use crate::table::Table;
use crate::table::clipped;
use crate::table::error::TableError;
use crate::table::keep::WITHOUT_A_VALUE;

impl Table {
    /// The same rows with exactly the columns a model knows (see [`Frame::aligned_to`]).
    ///
    /// A wanted column that was left out because no row has a value comes back as missing values.
    ///
    /// # Errors
    /// As [`Frame::aligned_to`].
    pub fn aligned_to(mut self, features: &[String], categories: &[String]) -> Result<Self> {
        let rows = self.frame.rows();
        let empty: HashSet<&str> = self
            .account
            .unused
            .iter()
            .filter(|unused| unused.reason == WITHOUT_A_VALUE)
            .map(|unused| unused.name.as_str())
            .collect();
        let restored: Vec<String> = features.iter().filter(|name| empty.contains(name.as_str())).cloned().collect();
        for name in categories.iter().filter(|name| empty.contains(name.as_str())) {
            let of_row = vec![None; rows];
            self.frame.categories.push(Category { name: name.clone(), levels: Vec::new(), of_row });
        }
        if !restored.is_empty() {
            let missing = Array2::from_elem((rows, restored.len()), f32::NAN);
            self.frame.values = ndarray::concatenate![Axis(1), self.frame.values, missing];
            self.frame.features.extend(restored);
        }
        self.frame = self.frame.aligned_to(features, categories)?;
        Ok(self)
    }
}

impl Frame {
    /// Rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.nrows()
    }

    /// Columns, of numbers and of levels.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.features.len() + self.categories.len()
    }

    /// The given rows, in the given order.
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        Self {
            features: self.features.clone(),
            values: self.values.select(Axis(0), rows),
            categories: self
                .categories
                .iter()
                .map(|category| Category {
                    name: category.name.clone(),
                    levels: category.levels.clone(),
                    of_row: rows.iter().map(|row| category.of_row[*row]).collect(),
                })
                .collect(),
        }
    }

    /// The same rows with exactly these columns, in this order; other columns are left out.
    ///
    /// A wanted column of levels that the table holds as numbers is taken as the texts of these
    /// numbers; one that has no value in any row may lack from the levels of the table.
    ///
    /// # Errors
    /// If columns are missing: how many, the first of them, and the nearest names there are.
    pub fn aligned_to(self, features: &[String], categories: &[String]) -> Result<Self> {
        let number_at: HashMap<&str, usize> = self.features.iter().map(String::as_str).zip(0..).collect();
        let level_at: HashMap<&str, usize> =
            self.categories.iter().map(|category| category.name.as_str()).zip(0..).collect();
        let missing: Vec<&String> = features
            .iter()
            .filter(|name| !number_at.contains_key(name.as_str()))
            .chain(
                categories
                    .iter()
                    .filter(|name| !level_at.contains_key(name.as_str()) && !number_at.contains_key(name.as_str())),
            )
            .collect();
        if !missing.is_empty() {
            return Err(self.missing(&missing, features.len() + categories.len()).into());
        }
        let same = features.len() == self.features.len() && features.iter().zip(&self.features).all(|(a, b)| a == b);
        let columns: Vec<usize> = features.iter().map(|name| number_at[name.as_str()]).collect();
        let levels: Vec<Category> = categories
            .iter()
            .map(|name| match level_at.get(name.as_str()) {
                Some(at) => self.categories[*at].clone(),
                None => levels_of(name, &self.values, number_at[name.as_str()]),
            })
            .collect();
        let values = if same { self.values } else { select_columns(self.values, &columns) };
        Ok(Self { features: features.to_vec(), values, categories: levels })
    }

    /// The columns that [`Frame::aligned_to`] would leave out.
    #[must_use]
    pub fn extra_beside(&self, features: &[String], categories: &[String]) -> Vec<&str> {
        let wanted: std::collections::HashSet<&str> = features.iter().chain(categories).map(String::as_str).collect();
        let names = self.features.iter().chain(self.categories.iter().map(|category| &category.name));
        names.map(String::as_str).filter(|name| !wanted.contains(name)).collect()
    }

    fn missing(&self, missing: &[&String], wanted: usize) -> TableError {
        const SHOWN: usize = 3;
        let here: Vec<&str> = self
            .features
            .iter()
            .map(String::as_str)
            .chain(self.categories.iter().map(|category| category.name.as_str()))
            .collect();
        let mut names: Vec<String> = Vec::new();
        for name in missing.iter().take(SHOWN) {
            let near = match nearest(name, here.iter().copied()) {
                Some(near) if near == name.as_str() => {
                    " (it holds texts here, and numbers in the training rows)".to_owned()
                }
                Some(near) => format!(" (nearest: `{}`)", clipped(near)),
                None => String::new(),
            };
            names.push(format!("`{}`{near}", clipped(name)));
        }
        if missing.len() > SHOWN {
            names.push(format!("and {} more", missing.len() - SHOWN));
        }
        TableError::ColumnsMissing { count: missing.len(), wanted, names: names.join(", ") }
    }
}

/// The wanted columns in the wanted order, in place where none moves to the right.
pub(super) fn select_columns(values: Array2<f32>, columns: &[usize]) -> Array2<f32> {
    let forward =
        columns.iter().enumerate().all(|(to, from)| to <= *from) && columns.windows(2).all(|pair| pair[0] < pair[1]);
    if !forward || !values.is_standard_layout() {
        return values.select(Axis(1), columns);
    }
    let (rows, width) = values.dim();
    let (mut flat, _) = values.into_raw_vec_and_offset();
    for row in 0..rows {
        for (to, from) in columns.iter().enumerate() {
            flat[row * columns.len() + to] = flat[row * width + from];
        }
    }
    flat.truncate(rows * columns.len());
    flat.shrink_to_fit();
    Array2::from_shape_vec((rows, columns.len()), flat).expect("rows × wanted columns were kept")
}

/// The given rows, in ascending order, in place.
pub(super) fn select_rows(values: Array2<f32>, rows: &[usize]) -> Array2<f32> {
    let width = values.ncols();
    let (mut flat, _) = values.into_raw_vec_and_offset();
    for (to, from) in rows.iter().enumerate() {
        flat.copy_within(from * width..(from + 1) * width, to * width);
    }
    flat.truncate(rows.len() * width);
    flat.shrink_to_fit();
    Array2::from_shape_vec((rows.len(), width), flat).expect("wanted rows × columns were kept")
}

fn levels_of(name: &str, values: &Array2<f32>, column: usize) -> Category {
    let texts: Vec<Option<String>> =
        values.column(column).iter().map(|value| (!value.is_nan()).then(|| value.to_string())).collect();
    let mut levels: Vec<String> = texts.iter().flatten().cloned().collect();
    levels.sort_unstable();
    levels.dedup();
    let of_row = texts
        .iter()
        .map(|text| {
            text.as_ref().and_then(|text| levels.binary_search(text).ok()).and_then(|at| u32::try_from(at).ok())
        })
        .collect();
    Category { name: name.to_owned(), levels, of_row }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn frame() -> Frame {
        Frame {
            features: vec!["a".into(), "b".into(), "c".into()],
            values: array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
            categories: vec![Category { name: "s".into(), levels: vec!["x".into()], of_row: vec![Some(0), None] }],
        }
    }

    #[test]
    fn columns_are_found_by_name_whatever_their_order() {
        let aligned = frame().aligned_to(&["c".into(), "a".into()], &[]).unwrap();
        assert_eq!(aligned.values, array![[3.0, 1.0], [6.0, 4.0]]);
        let forward = frame().aligned_to(&["a".into(), "c".into()], &["s".into()]).unwrap();
        assert_eq!(forward.values, array![[1.0, 3.0], [4.0, 6.0]]);
        assert_eq!(forward.categories[0].of_row, [Some(0), None]);
        assert_eq!(frame().extra_beside(&["a".into()], &["s".into()]), ["b", "c"]);
    }

    #[test]
    fn missing_columns_are_named_with_the_nearest() {
        let mut frame = frame();
        frame.features[1] = "blood_pressure".into();
        let error = frame.aligned_to(&["a".into(), "blood_presure".into()], &["zzz".into()]).unwrap_err();
        assert_eq!(
            error.message(),
            "2 of the 3 columns the model was trained on are missing: `blood_presure` (nearest: `blood_pressure`), `zzz`"
        );
    }
}
