//! Tables between Python and the program: a matrix of numbers, and columns that say where in it they are or hold texts.

use ndarray::ArrayView2;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use reduce::table::{Category, Held, HeldColumn, Holds};

/// A column for Rust: name, type, what it holds (`number`, `time`, `text`, `boolean`, `other`), the column of the matrix
/// of a number or time, and the texts of a text or boolean.
pub(crate) type Column = (String, String, String, usize, Option<Vec<Option<String>>>);

/// A column of texts for Python: its name and for every row a text, or `None` where missing.
pub(crate) type Texts = (String, Vec<Option<String>>);

/// The table of some columns.
///
/// # Errors
/// If columns and rows do not fit together.
pub(crate) fn held(numbers: ArrayView2<'_, f32>, columns: Vec<Column>) -> PyResult<Held<'_>> {
    let columns = columns.into_iter().map(|column| described(column, numbers)).collect::<PyResult<_>>()?;
    Ok(Held::new(numbers, columns))
}

fn described((name, type_name, kind, at, texts): Column, numbers: ArrayView2<'_, f32>) -> PyResult<HeldColumn> {
    let wrong = |what: &str| PyValueError::new_err(format!("column `{name}`: {what}"));
    let holds = match (kind.as_str(), texts) {
        ("number" | "time", _) if at >= numbers.ncols() => return Err(wrong("it is not in the matrix")),
        ("number", _) => Holds::Numbers(at),
        ("time", _) => Holds::Times(at),
        ("text" | "boolean", Some(texts)) if texts.len() != numbers.nrows() => {
            return Err(wrong("it has other rows than the matrix"));
        }
        ("text", Some(texts)) => Holds::Texts(texts),
        ("boolean", Some(texts)) => Holds::Booleans(texts),
        ("other", _) => Holds::Other,
        _ => return Err(wrong("it holds nothing")),
    };
    Ok(HeldColumn { name, type_name, holds })
}

/// A column of levels for Python.
pub(crate) fn texts(category: Category) -> Texts {
    let Category { name, levels, of_row } = category;
    let texts = of_row.into_iter().map(|level| level.map(|level| levels[level as usize].clone())).collect();
    (name, texts)
}
