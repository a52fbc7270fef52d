//! Codes and embeddings, read back from the files of a run.

use std::path::Path;

use ndarray::Array2;

use super::data::RowNames;
use super::named;
use super::pictures::is_code;
use super::record::Record;
use crate::error::{Error, Result};
use crate::table::write::{Column, ColumnValues};
use crate::table::{self, Label, LabelValues};

/// The ids and coordinates of a run's embedding.
///
/// # Errors
/// If the run laid nothing out.
pub fn read_embedding(run: &Path, record: &Record) -> Result<(Vec<String>, Array2<f32>)> {
    if !record.files.contains_key("embedding.parquet") {
        return Err(Error::request(format!("the run `{}` has no embedding", run.display()))
            .hint("run it with `tsne` switched on"));
    }
    let path = run.join("embedding.parquet");
    let columns = table::read::columns(&path)?;
    let sides = columns.iter().filter(|column| column.name == "x" || column.name == "y").count();
    let (rows, points) = split_columns(columns, sides, |name| name == "x" || name == "y", &path)?;
    Ok((rows.ids, points))
}

/// The rows and codes of a file as `codes.parquet`; `labels` are called as in the table.
///
/// # Errors
/// If it cannot be read or has another number of codes.
pub fn read_embedded(path: &Path, labels: &[String], size: usize) -> Result<(RowNames, Array2<f32>)> {
    let columns = table::read::columns(path)?;
    let (mut rows, codes) = split_columns(columns, size, is_code, path)?;
    for (label, name) in labels.iter().zip(named::of_labels(labels)) {
        rows.labels.iter_mut().filter(|found| found.name == name).for_each(|found| found.name.clone_from(label));
    }
    Ok((rows, codes))
}

/// Parts a table of ours into its rows' names and its numbers.
fn split_columns(
    columns: Vec<Column>,
    expected: usize,
    is_number: impl Fn(&str) -> bool,
    path: &Path,
) -> Result<(RowNames, Array2<f32>)> {
    let foreign = |what: &str| Error::request(format!("`{}` is not a file of a run: {what}", path.display()));
    let mut columns = columns.into_iter();
    let (id_name, ids) = match columns.next() {
        Some(Column { name, values: ColumnValues::Text(ids) }) => {
            (name, ids.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>())
        }
        _ => return Err(foreign("its first column holds no ids")),
    };
    let (mut labels, mut numbers) = (Vec::new(), Vec::new());
    for column in columns {
        match column.values {
            ColumnValues::Single(values) if is_number(&column.name) => numbers.push(values),
            values if column.name != "reliability" => labels.extend(label(column.name, values)),
            _ => {}
        }
    }
    if numbers.len() != expected || expected == 0 {
        return Err(foreign(&format!("it has {} columns of numbers, not {expected}", numbers.len())));
    }
    let values = Array2::from_shape_fn((ids.len(), expected), |(row, column)| numbers[column][row]);
    Ok((RowNames { id_name, ids, labels }, values))
}

fn label(name: String, values: ColumnValues) -> Option<Label> {
    let values = match values {
        ColumnValues::Text(texts) => {
            let mut levels: Vec<String> = texts.iter().flatten().cloned().collect();
            levels.sort();
            levels.dedup();
            // in the order in which the table's reader gives them
            if levels.iter().all(|level| level.parse::<i64>().is_ok()) {
                levels.sort_by_key(|level| level.parse::<i64>().unwrap_or_default());
            }
            let places: std::collections::HashMap<&String, u32> = levels.iter().zip(0..).collect();
            let place = |text: &String| places.get(text).copied();
            let of_row = texts.iter().map(|text| text.as_ref().and_then(place)).collect();
            drop(places);
            LabelValues::Classes { levels, of_row }
        }
        ColumnValues::Double(numbers) => {
            LabelValues::Numbers(numbers.into_iter().map(|number| (!number.is_nan()).then_some(number)).collect())
        }
        ColumnValues::Single(_) | ColumnValues::Integer(_) | ColumnValues::Flag(_) => return None,
    };
    Some(Label { name, values })
}
