//! A first look at a table in whose columns of numbers something else stands: what a first pipeline makes of it.

use std::path::Path;

use crate::error::Result;
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
        let Some(found) = Amid::of(error.message()) else { return Err(error) };
        let level_of = if found.may_be_a_word() { column_with_text(input, &found.text)? } else { None };
        if found.may_be_a_word() && level_of.is_none() {
            if words.len() == MOST_WORDS || words.contains(&found.text) {
                return Err(error);
            }
            words.push(found.text);
            let mut all = table::usual_words_for_missing();
            all.extend(words.iter().cloned());
            input.missing.words = Some(all);
            continue;
        }
        let Amid { column, text, row, infinite } = found;
        let taken = input.categorical.columns.contains(&column) || input.features.exclude.contains(&column);
        if taken || sentences.len() == MOST_COLUMNS || !has_column(input, &column)? {
            return Err(error);
        }
        if infinite || table::is_formatted_number(&text) {
            let mend = if infinite { "correct the value" } else { "write plain digits" };
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

/// What stands amid the numbers of a column.
struct Amid {
    column: String,
    text: String,
    row: String,
    /// It is a number, an infinite one or too large.
    infinite: bool,
}

impl Amid {
    /// From the message by which reading refuses it.
    fn of(message: &str) -> Option<Self> {
        const INFINITE: &str = "` holds an infinite value (`";
        let until = |end: &str| message.split_once(end).map(|(cell, _)| cell);
        let (cell, before, after) = if let Some(cell) = until(", which is not a number, though") {
            (cell, "` holds `", "`")
        } else if let Some(cell) = until(", beyond the largest number") {
            (cell, "` holds ", "")
        } else if message.contains(INFINITE) {
            (message, INFINITE, "`)")
        } else {
            return None;
        };
        let (cell, row) = cell.rsplit_once(" in row ")?;
        let (column, text) = cell.strip_prefix("column `")?.strip_suffix(after)?.split_once(before)?;
        let infinite = before != "` holds `";
        Some(Self { column: column.to_owned(), text: text.to_owned(), row: row.to_owned(), infinite })
    }

    /// A text with a digit may be a number written otherwise, which does not mean "missing"; one that is shortened in the
    /// message cannot be told.
    fn may_be_a_word(&self) -> bool {
        !self.infinite && !self.text.contains(|letter: char| letter.is_ascii_digit() || letter == '…')
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_read_from_the_message() {
        let read = |message: &str| {
            let Amid { column, text, row, infinite } = Amid::of(message).expect("the message is understood");
            (column, text, row, infinite)
        };
        let cell = |text: &str, infinite| ("in row".to_owned(), text.to_owned(), "7".to_owned(), infinite);
        let text = "column `in row` holds `1 and 2` in row 7, which is not a number, though 64 of its other values are";
        assert_eq!(read(text), cell("1 and 2", false));
        assert_eq!(read("column `in row` holds an infinite value (`-inf`) in row 7"), cell("-inf", true));
        let large = "column `in row` holds 1e50 in row 7, beyond the largest number a network can take (3.4e38)";
        assert_eq!(read(large), cell("1e50", true));
        assert!(Amid::of("there is no file").is_none());
    }
}
