//! Which way round a file lies, told by names that are known.

use std::collections::HashSet;
use std::path::Path;

use crate::error::Result;
use crate::event::silent;
use crate::table::gather::TextUse;
use crate::table::options::Features;
use crate::table::options::Input;
use crate::table::options::Layout;
use crate::table::read::data_files;
use crate::table::read::open;
use crate::table::roles;
use crate::table::source::Kind;
use crate::table::source::Progress;

/// Rows whose names are looked at.
const MOST_NAMES: usize = 1 << 18;

/// How a file lies, as far as its names tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Lies {
    /// The names of its columns.
    pub columns: Vec<String>,
    /// The way on which more of the known names are found; `None` where hardly one is.
    pub layout: Option<Layout>,
    /// How many of the known names are found that way.
    pub found: usize,
    /// The first column, where it holds texts and none of the known names.
    pub first_text: Option<String>,
    /// What the file is, where it cannot hold several matrices.
    pub one_matrix: Option<String>,
}

/// Looks for `known` features among the columns of the first file of `input`, and where most are not there, among the
/// names of its rows.
///
/// # Errors
/// If the file cannot be read.
pub fn lies(input: &Input, base: &Path, known: &[&str]) -> Result<Lies> {
    lies_by(MOST_NAMES, input, base, known)
}

/// As [`lies`], by the names of at most so many rows.
fn lies_by(most: usize, input: &Input, base: &Path, known: &[&str]) -> Result<Lies> {
    let files = data_files(input, base)?;
    let source = open(&files[0], input)?;
    let one_matrix = (!source.has_matrices()).then(|| source.format());
    let columns: Vec<String> = source.columns().iter().map(|column| column.name.clone()).collect();
    let wanted: HashSet<&str> = known.iter().copied().collect();
    let as_columns = columns.iter().filter(|name| wanted.contains(name.as_str())).count();
    let first_text = source
        .columns()
        .first()
        .filter(|column| column.kind == Kind::Text && !wanted.contains(column.name.as_str()))
        .map(|column| column.name.clone());
    if 2 * as_columns >= wanted.len() {
        return Ok(Lies { columns, layout: Some(Layout::SamplesInRows), found: as_columns, first_text, one_matrix });
    }
    // a matrix with annotations beside it says itself which way it lies
    let text = |kind: Kind| kind == Kind::Text;
    let named_by = match source.row_names() {
        Some(_) if source.columns().iter().any(|column| column.kind == Kind::Annotation) => None,
        Some(names) => Some(names.to_owned()),
        None => source.columns().iter().find(|column| text(column.kind)).map(|column| column.name.clone()),
    };
    let (as_rows, looked_at) = match named_by {
        Some(column) => {
            let names = names_in(&files[0], input, column, most)?;
            let found = names.iter().filter(|name| wanted.contains(name.as_str())).collect::<HashSet<_>>().len();
            (found, if names.len() < most { usize::MAX } else { names.len() })
        }
        None => (0, usize::MAX),
    };
    // of a file with more rows than were looked at, those tell
    let (layout, found) = match as_rows > as_columns && 2 * as_rows >= wanted.len().min(looked_at) {
        true => (Some(Layout::FeaturesInRows), as_rows),
        false => (None, as_columns),
    };
    Ok(Lies { columns, layout, found, first_text, one_matrix })
}

/// The texts of a column, from the first rows of a file.
fn names_in(file: &Path, input: &Input, column: String, most: usize) -> Result<Vec<String>> {
    let nothing_else = Features { include: Vec::new(), exclude: vec![String::new()] };
    let plain = Input { id: Some(column), features: nothing_else, ..Input::new(file) };
    let mut source = open(file, input)?;
    let columns = source.columns().to_vec();
    let mut roles = roles::assign(&columns, &plain, &mut crate::table::Account::default())?;
    let mut silent = silent;
    let mut progress = Progress::new(&mut silent);
    while roles.gather.rows() < most {
        let room = most - roles.gather.rows();
        if !source.next(&mut roles.slots, &mut roles.gather, room, &mut progress)? {
            break;
        }
    }
    let Some(at) = roles.gather.texts.iter().position(|text| text.use_as == TextUse::Id) else { return Ok(Vec::new()) };
    let rows = roles.gather.rows();
    let cells = &roles.gather.texts[at].cells;
    Ok((0..rows).filter_map(|row| cells.get(row)).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_more_features_in_rows_than_are_looked_at_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let rows: String = (0..50).map(|row| format!("g{row},1,2\n")).collect();
        std::fs::write(folder.path().join("t.csv"), format!("gene,s1,s2\n{rows}")).unwrap();
        let known: Vec<String> = (0..50).map(|row| format!("g{row}")).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let lies = |most: usize, known: &[&str]| lies_by(most, &Input::new("t.csv"), folder.path(), known).unwrap();
        for most in [20, 50, 100] {
            assert_eq!(lies(most, &known).layout, Some(Layout::FeaturesInRows), "{most}");
        }
        let others: Vec<String> = (0..50).map(|row| format!("h{row}")).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        assert_eq!(lies(20, &others).layout, None);
    }
}
