//! A first look at a table in whose columns of numbers something else stands: what a first pipeline makes of it.

use std::path::Path;

use crate::error::{Cell, Result};
use crate::event::Observer;
use crate::table::inspect::{self, Inspection};
use crate::table::{self, Input};

/// Looks at a table, and changes `input` until it can be read: a word that can only mean "missing" is added to those that
/// do, unless it is a value of another column; a column amid whose numbers another text stands is one of texts; one with an
/// infinite or too large value or a number that is written for people is left out. Gives what was done, a sentence each.
///
/// # Errors
/// If the table cannot be read.
pub(super) fn look(input: &mut Input, observer: &mut Observer<'_>) -> Result<(Vec<String>, Inspection)> {
    const MOST_WORDS: usize = 4;
    const MOST_COLUMNS: usize = 20;
    let mut words: Vec<String> = Vec::new();
    let mut sentences: Vec<String> = Vec::new();
    loop {
        let error = match inspect::look(input, Path::new(""), observer) {
            Ok((_, seen)) => break Ok((told(&words).into_iter().chain(sentences).collect(), seen)),
            Err(error) => error,
        };
        let Some(cell) = error.cell().cloned() else { return Err(error) };
        let level_of = if may_be_a_word(&cell) { column_with_text(input, &cell.text)? } else { None };
        if may_be_a_word(&cell) && level_of.is_none() {
            if words.len() == MOST_WORDS || words.contains(&cell.text) {
                return Err(error);
            }
            words.push(cell.text);
            let mut all = table::usual_words_for_missing();
            all.extend(words.iter().cloned());
            input.missing.words = Some(all);
            continue;
        }
        let Cell { column, text, row, is_number } = cell;
        let taken = input.categorical.columns.contains(&column) || input.features.exclude.contains(&column);
        if taken || sentences.len() == MOST_COLUMNS || !has_column(input, &column)? {
            return Err(error);
        }
        if is_number || table::is_formatted_number(&text) {
            let mend = if is_number { "correct the value" } else { "write plain digits" };
            sentences.push(format!(
                "left out: {column}, because row {row} holds `{text}`; {mend}, and take the column out of `features.exclude`"
            ));
            input.features.exclude.push(column);
        } else {
            let why = level_of.map_or_else(String::new, |other| format!(", which is a value of `{other}` too"));
            sentences.push(format!(
                "texts, not numbers: {column}, because row {row} holds `{text}`{why}; if that is a mistake or means missing, \
                 mend it or leave the cell empty, and take the column out of `categorical.columns`"
            ));
            input.categorical.columns.push(column);
        }
    }
}

fn told(words: &[String]) -> Option<String> {
    (!words.is_empty()).then(|| {
        format!(
            "missing.words: {} beside the usual ones, because it stands where all other values of a column are numbers",
            words.join(", ")
        )
    })
}

/// Whether a cell may hold a word for "missing". A text with a digit may be a number written otherwise; one that is clipped
/// cannot be told.
fn may_be_a_word(cell: &Cell) -> bool {
    !cell.is_number && !cell.text.contains(|letter: char| letter.is_ascii_digit() || letter == '…')
}

fn has_column(input: &Input, column: &str) -> Result<bool> {
    Ok(table::read::schema(input, Path::new(""))?.columns.iter().any(|(name, _)| name == column))
}

/// The first column of texts that holds `word`.
///
/// # Errors
/// If the table cannot be read.
fn column_with_text(input: &Input, word: &str) -> Result<Option<String>> {
    let plain = Input { missing: table::Missing::default(), ..input.clone() };
    let columns = table::read::schema(&plain, Path::new(""))?.columns;
    let texts: Vec<String> = columns.into_iter().filter(|(_, kind)| kind == "text").map(|(name, _)| name).collect();
    if texts.is_empty() {
        return Ok(None);
    }
    let features = table::Features { include: texts, exclude: Vec::new() };
    let mut plain = Input { features, ..plain };
    plain.categorical.max_levels = usize::MAX;
    let (table, _) = inspect::look(&plain, Path::new(""), &mut crate::event::silent)?;
    let holds = |category: &&table::Category| category.levels.iter().any(|level| level == word);
    Ok(table.frame.categories.iter().find(holds).map(|category| category.name.clone()))
}
