//! The columns of a table, one by one: type, role, holes and range.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Inspection;
use super::ranges;
use super::short;
use crate::table::LabelValues;
use crate::table::Layout;
use crate::table::Table;
use crate::table::clipped_to;
use crate::table::source::NO_VALUE;

/// A column as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenColumn {
    /// Its name.
    pub name: String,
    /// The file's own word for its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it does.
    pub role: Role,
    /// Rows without a value, where they were counted.
    pub missing: Option<usize>,
    /// How many different texts or classes it has.
    pub distinct: Option<usize>,
    /// Its least and greatest number.
    pub range: Option<(f32, f32)>,
    /// Why it does nothing.
    pub reason: Option<String>,
}

/// What a column does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Trains as a number.
    Number,
    /// Trains as levels.
    Levels,
    /// Names the rows.
    Id,
    /// Colors and scores.
    Label,
    /// Nothing.
    LeftOut,
}

/// Gives columns without a value in the first rows of a file the type of their later ones.
pub(super) fn settle_late(columns: &mut [(String, String)], table: &Table) {
    for (name, kind) in columns.iter_mut().filter(|(_, kind)| kind == NO_VALUE) {
        if table.frame.categories.iter().any(|category| category.name == *name && !category.levels.is_empty()) {
            "text".clone_into(kind);
        } else if let Some(at) = table.frame.features.iter().position(|feature| feature == name)
            && table.frame.values.column(at).iter().any(|value| !value.is_nan())
        {
            "number".clone_into(kind);
        }
    }
}

/// Each column of a table; `columns` are those of its file, with their types.
pub(super) fn of(table: &Table, columns: Vec<(String, String)>, layout: Layout) -> Vec<SeenColumn> {
    let frame = &table.frame;
    let ranges = ranges(table);
    let numbers: HashMap<&str, usize> = frame.features.iter().map(String::as_str).zip(0..).collect();
    let missing: HashMap<&str, usize> =
        table.account.missing.iter().map(|missing| (missing.name.as_str(), missing.count)).collect();
    let unused: HashMap<&str, &str> =
        table.account.unused.iter().map(|unused| (unused.name.as_str(), unused.reason.as_str())).collect();
    // a file with features in rows has samples for columns
    let columns = match layout {
        Layout::SamplesInRows => columns,
        Layout::FeaturesInRows => frame.features.iter().map(|name| (name.clone(), "number".to_owned())).collect(),
    };
    let seen = |(name, kind): (String, String)| {
        let mut column = SeenColumn {
            missing: Some(missing.get(name.as_str()).copied().unwrap_or(0)),
            role: Role::Number,
            distinct: None,
            range: None,
            reason: None,
            kind,
            name,
        };
        let name = column.name.as_str();
        if let Some(at) = numbers.get(name) {
            column.range = Some(ranges[*at]).filter(|(low, high)| low <= high);
        } else if let Some(category) = frame.categories.iter().find(|category| category.name == name) {
            (column.role, column.distinct) = (Role::Levels, Some(category.levels.len()));
        } else if let Some(label) = table.labels.iter().find(|label| label.name == name) {
            column.role = Role::Label;
            match &label.values {
                LabelValues::Classes { levels, of_row } => {
                    column.distinct = Some(levels.len());
                    column.missing = Some(of_row.iter().filter(|class| class.is_none()).count());
                }
                LabelValues::Numbers(numbers) => {
                    column.missing = Some(numbers.iter().filter(|number| number.is_none()).count());
                }
            }
        } else if table.id_name == name {
            (column.role, column.distinct) = (Role::Id, Some(table.ids.len()));
        } else {
            (column.role, column.missing) = (Role::LeftOut, None);
            column.reason = unused.get(name).map(|reason| (*reason).to_owned());
        }
        column
    };
    columns.into_iter().map(seen).collect()
}

impl SeenColumn {
    fn values(&self) -> String {
        let distinct = self.distinct.unwrap_or(0);
        match (self.role, self.range, &self.reason) {
            (Role::Number, Some((low, high)), _) if low < high => format!("{} to {}", short(low), short(high)),
            (Role::Number, Some((low, _)), _) => format!("always {}", short(low)),
            (Role::Number, None, _) => NO_VALUE.to_owned(),
            (Role::Levels, ..) if distinct == 1 => "1 level".to_owned(),
            (Role::Levels, ..) => format!("{distinct} levels"),
            (Role::Label, ..) if self.distinct.is_none() => "label of amounts".to_owned(),
            (Role::Label, ..) => format!("label of {distinct} classes"),
            (Role::Id, ..) => "names the rows".to_owned(),
            (Role::LeftOut, _, Some(reason)) => format!("left out: {reason}"),
            (Role::LeftOut, _, None) => "left out".to_owned(),
        }
    }
}

impl Inspection {
    /// The columns as lines of text: all of a narrow table, the first of a wide one.
    #[must_use]
    pub fn column_lines(&self) -> Vec<String> {
        const MOST: usize = 40;
        const FIRST: usize = 20;
        let shown = if self.by_column.len() > MOST { FIRST } else { self.by_column.len() };
        let mut rows = vec![["column", "type", "missing", "values"].map(str::to_owned)];
        rows.extend(self.by_column.iter().take(shown).map(|column| {
            let missing = column.missing.map_or_else(|| "-".to_owned(), |missing| missing.to_string());
            [clipped_to(&column.name, 32), clipped_to(&column.kind, 20), missing, column.values()]
        }));
        let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2)];
        let line = |[name, kind, missing, values]: &[String; 4]| {
            format!("{name:<0$}  {kind:<1$}  {missing:>2$}  {values}", widths[0], widths[1], widths[2])
        };
        let mut lines: Vec<String> = rows.iter().map(line).collect();
        if shown < self.by_column.len() {
            lines.push(format!("… and {} more columns: `--json` lists all", self.by_column.len() - shown));
        }
        lines
    }
}
