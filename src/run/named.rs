//! What ids and labels are called in the files of a run, whose own columns have names too.

use super::data::RowNames;
use super::pictures::is_code;
use crate::table::write::{self, Column};

/// Columns of ours that may stand beside ids and labels, besides codes.
const OURS: [&str; 8] =
    ["x", "y", "reliability", "reconstruction_error", "held_out", "unlike_training", "outlier", "outlier_factor"];

fn is_ours(name: &str) -> bool {
    OURS.contains(&name) || is_code(name)
}

/// What labels are called in files: as in the table, with `_label` behind it where a column of ours has that name.
#[must_use]
pub(super) fn of_labels(labels: &[String]) -> Vec<String> {
    let mut named: Vec<String> = Vec::with_capacity(labels.len());
    for label in labels {
        let mut name = label.clone();
        while is_ours(&name) || named.contains(&name) || (name != *label && labels.contains(&name)) {
            name.push_str("_label");
        }
        named.push(name);
    }
    named
}

/// What the column of ids is called in files: as in the table, with `_id` behind it where that name is taken.
fn of_ids(id_name: &str, labels: &[String]) -> String {
    let mut name = id_name.to_owned();
    while is_ours(&name) || labels.contains(&name) {
        name.push_str("_id");
    }
    name
}

/// The first columns of every file of rows: their ids, then their labels.
#[must_use]
pub(super) fn columns(rows: &RowNames) -> Vec<Column> {
    let (id_name, names) = names(rows);
    let mut columns = vec![Column::text(&id_name, rows.ids.iter().cloned())];
    for (mut column, name) in write::labels_columns(&rows.labels).into_iter().zip(names) {
        column.name = name;
        columns.push(column);
    }
    columns
}

fn names(rows: &RowNames) -> (String, Vec<String>) {
    let labels: Vec<String> = rows.labels.iter().map(|label| label.name.clone()).collect();
    let labels = of_labels(&labels);
    (of_ids(&rows.id_name, &labels), labels)
}

/// Says which ids and labels are called otherwise in the results than in the table.
#[must_use]
pub(super) fn sentence(rows: &RowNames) -> Option<String> {
    let (id_name, labels) = names(rows);
    let of_table = std::iter::once(&rows.id_name).chain(rows.labels.iter().map(|label| &label.name));
    let called: Vec<String> = of_table
        .zip(std::iter::once(&id_name).chain(&labels))
        .filter(|(table, file)| table != file)
        .map(|(table, file)| format!("`{table}` is called `{file}`"))
        .collect();
    (!called.is_empty())
        .then(|| format!("in the files of the run {}: they have columns of that name", called.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(labels: &[&str]) -> Vec<String> {
        of_labels(&labels.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_label_called_as_a_column_of_ours_gets_a_name_of_its_own() {
        assert_eq!(names(&["class", "y", "code_00", "code_name"]), ["class", "y_label", "code_00_label", "code_name"]);
        assert_eq!(names(&["y", "y_label"]), ["y_label_label", "y_label"]);
    }

    #[test]
    fn ids_give_way_to_labels() {
        let labels = names(&["y"]);
        assert_eq!(of_ids("sample", &labels), "sample");
        assert_eq!(of_ids("x", &labels), "x_id");
        assert_eq!(of_ids("y_label", &labels), "y_label_id");
    }
}
