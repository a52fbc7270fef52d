//! Tables between Python and the program: an array of numbers, and columns of texts as levels and places.

use numpy::PyReadonlyArray2;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use reduce::table::{Account, Category, Frame, Table};

/// A column of texts: its name, its levels in order, and for every row a place among them or −1.
pub(crate) type Column = (String, Vec<String>, Vec<i64>);

/// The frame of numbers and texts.
///
/// # Errors
/// If names and columns, or columns and rows, do not fit.
pub(crate) fn frame(
    values: &PyReadonlyArray2<'_, f32>,
    features: Vec<String>,
    categories: Vec<Column>,
) -> PyResult<Frame> {
    let values = values.as_array();
    if values.ncols() != features.len() {
        let message = format!("there are {} names for {} columns of numbers", features.len(), values.ncols());
        return Err(PyValueError::new_err(message));
    }
    if let Some((row, column)) = values.indexed_iter().find(|(_, value)| value.is_infinite()).map(|(at, _)| at) {
        let message = format!("column `{}` holds infinity (row {})", features[column], row + 1);
        return Err(PyValueError::new_err(message));
    }
    let rows = values.nrows();
    let categories = categories.into_iter().map(|column| category(column, rows)).collect::<PyResult<_>>()?;
    Ok(Frame { features, values: values.to_owned(), categories })
}

fn category((name, levels, places): Column, rows: usize) -> PyResult<Category> {
    let wrong = || PyValueError::new_err(format!("the levels of column `{name}` do not fit its rows"));
    if places.len() != rows {
        return Err(wrong());
    }
    let of_row = places
        .into_iter()
        .map(|place| match u32::try_from(place) {
            Ok(at) if (at as usize) < levels.len() => Ok(Some(at)),
            Ok(_) => Err(wrong()),
            Err(_) => Ok(None),
        })
        .collect::<PyResult<_>>()?;
    Ok(Category { name, levels, of_row })
}

/// A column of texts for Python.
pub(crate) fn column(category: Category) -> Column {
    let places = category.of_row.into_iter().map(|level| level.map_or(-1, i64::from)).collect();
    (category.name, category.levels, places)
}

/// A table of a frame, its rows numbered.
pub(crate) fn table(frame: Frame) -> Table {
    let rows = frame.values.nrows();
    let columns = frame.columns();
    let account = Account {
        rows_read: rows,
        rows_used: rows,
        columns_in: columns,
        columns_used: columns,
        ..Account::default()
    };
    let ids = (0..rows).map(|row| row.to_string()).collect();
    Table { id_name: "row".to_owned(), ids, rows: (0..rows).collect(), frame, labels: Vec::new(), account }
}
