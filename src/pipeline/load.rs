//! From text to a typed pipeline, with every problem of the file at once.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::forms::written_out;
use super::wording::reworded;
use crate::error::{Error, Explain, Result};

/// A pipeline file is written by hand; a larger one is something else.
const LARGEST_FILE: u64 = 1 << 20;
/// Brackets deeper than this are no pipeline.
const DEEPEST: usize = 64;
/// Problems shown at once.
const MOST_PROBLEMS: usize = 20;

/// One problem of a pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    message: String,
    /// Line and column, from 1.
    position: Option<(usize, usize)>,
    hint: Option<String>,
}

/// All problems of a pipeline file, each with its line, a caret and a way out.
#[derive(Debug)]
pub struct PipelineError {
    path: PathBuf,
    lines: Vec<String>,
    problems: Vec<Problem>,
}

impl std::error::Error for PipelineError {}

impl Explain for PipelineError {}

impl std::fmt::Display for PipelineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut blocks = Vec::new();
        for problem in &self.problems {
            let mut block = problem.message.clone();
            match problem.position {
                Some((line, column)) => {
                    let number = line.to_string();
                    let margin = " ".repeat(number.len());
                    let (source, caret) = shown(self.lines.get(line - 1).map_or("", String::as_str), column);
                    write!(block, "\n{margin}--> {}:{line}:{column}", self.path.display())?;
                    write!(block, "\n{margin} |\n{number} | {source}\n{margin} | {}^", " ".repeat(caret))?;
                }
                None => write!(block, "\n  --> {}", self.path.display())?,
            }
            if let Some(hint) = &problem.hint {
                write!(block, "\nhint: {hint}")?;
            }
            blocks.push(block);
        }
        f.write_str(&blocks.join("\n\n"))
    }
}

/// The part of a line round a column (from 1) that fits a terminal, without control characters; and the column in it, from 0.
fn shown(line: &str, column: usize) -> (String, usize) {
    const LONGEST: usize = 120;
    let skipped = if column > LONGEST { column - LONGEST / 2 } else { 0 };
    let clean = |letter: char| if letter.is_control() && letter != '\t' { char::REPLACEMENT_CHARACTER } else { letter };
    (line.chars().skip(skipped).take(LONGEST).map(clean).collect(), column - 1 - skipped)
}

/// Reads a pipeline file as text.
///
/// # Errors
/// If it cannot be read, is too large, is empty or is not UTF-8 (with the byte where that shows).
pub(super) fn text(path: &Path) -> Result<String> {
    let metadata = std::fs::metadata(path).map_err(|error| Error::io("read the pipeline", path, &error))?;
    if metadata.is_dir() {
        return Err(Error::request(format!("`{}` is a folder, not a pipeline file", path.display()))
            .hint("give the YAML file itself, such as `pipelines/genes.yaml`"));
    }
    if !metadata.is_file() {
        return Err(Error::request(format!("`{}` is not a regular file", path.display())));
    }
    if metadata.len() > LARGEST_FILE {
        return Err(Error::request(format!(
            "`{}` has {} bytes; a pipeline file has at most {LARGEST_FILE}",
            path.display(),
            metadata.len()
        ))
        .hint("is this the table? `reduce init TABLE` writes a pipeline for it"));
    }
    let bytes = std::fs::read(path).map_err(|error| Error::io("read the pipeline", path, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        Error::request(format!("the pipeline is not UTF-8 text: byte {byte} is not part of a character"))
            .at(path.display().to_string())
            .hint("save the file as UTF-8")
    })?;
    let text = text.trim_start_matches('\u{feff}').to_owned();
    if text.trim().is_empty() {
        return Err(Error::request("the pipeline file is empty")
            .at(path.display().to_string())
            .hint("the smallest one is `version: 1` and `input: {path: TABLE}`"));
    }
    Ok(text)
}

/// The same error with the line of the pipeline that names the column it is about, where that can be told.
pub(super) fn pointed(error: Error, path: &Path) -> Error {
    if !["no column", "is not in the table"].iter().any(|words| error.message().contains(words)) {
        return error;
    }
    let Some(word) = error.message().split('`').nth(1).map(str::to_owned).filter(|word| !word.is_empty()) else {
        return error;
    };
    let Ok(text) = std::fs::read_to_string(path) else { return error };
    let part_of_name = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let found = text.lines().enumerate().find_map(|(at, line)| {
        let start = line.match_indices(&word).map(|(start, _)| start).find(|start| {
            !part_of_name(line[..*start].chars().next_back())
                && !part_of_name(line[start + word.len()..].chars().next())
        })?;
        (!line.trim_start().starts_with('#')).then(|| (at + 1, line[..start].chars().count() + 1, line))
    });
    let Some((line, column, source)) = found else { return error };
    let margin = " ".repeat(line.to_string().len());
    let pointer = format!(
        "{}:{line}:{column}\n{margin} |\n{line} | {source}\n{margin} | {}^",
        path.display(),
        " ".repeat(column - 1)
    );
    let place = error.place().map_or_else(|| pointer.clone(), |place| format!("{place}\n{margin}--> {pointer}"));
    error.at(place)
}

/// Types a pipeline, collecting every problem: each found entry is blanked out and the rest read again.
///
/// # Errors
/// All problems found, in the order of their lines.
pub(super) fn typed<T: DeserializeOwned>(text: &str, path: &Path) -> std::result::Result<T, PipelineError> {
    let original: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut lines = original.clone();
    let mut problems: Vec<Problem> = before_parsing(&original);
    if problems.is_empty() {
        while problems.len() < MOST_PROBLEMS {
            match serde_saphyr::from_str::<T>(&lines.join("\n")) {
                Ok(value) if problems.is_empty() => return Ok(value),
                Ok(_) => break,
                Err(error) => {
                    let problem = Problem::of(&error, &original);
                    let position = problem.position;
                    let seen = problems.iter().any(|earlier| earlier.position == position);
                    if seen {
                        break;
                    }
                    // a file that is no pipeline at all has one problem, not one in each line
                    let none_of_it = problems.is_empty() && problem.message.starts_with("expected keys and values");
                    problems.push(problem);
                    if none_of_it {
                        break;
                    }
                    // what is left of a broken entry would only raise problems of its own
                    if !position.is_some_and(|(line, _)| blank_entry(&mut lines, line)) {
                        break;
                    }
                }
            }
        }
    }
    problems.sort_by_key(|problem| problem.position);
    Err(PipelineError { path: path.to_owned(), lines: original, problems })
}

/// What is refused before a parser sees it: depth and anchors that would only serve to exhaust one.
fn before_parsing(lines: &[String]) -> Vec<Problem> {
    let mut depth = 0_usize;
    let mut begun = false;
    for (index, line) in lines.iter().enumerate() {
        let content = line.split(" #").next().unwrap_or_default();
        if begun && (line == "---" || line.starts_with("--- ")) {
            return vec![Problem {
                message: "a pipeline file holds one document; `---` begins a second".to_owned(),
                position: Some((index + 1, 1)),
                hint: Some("put the second into a file of its own".to_owned()),
            }];
        }
        begun |= !line.trim().is_empty() && !line.starts_with(['#', '%', '-']);
        for (column, character) in content.char_indices() {
            match character {
                '[' | '{' => depth += 1,
                ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEEPEST {
                return vec![Problem {
                    message: format!("brackets are nested deeper than {DEEPEST}"),
                    position: Some((index + 1, 1 + column.min(60))),
                    hint: None,
                }];
            }
        }
        let value = content.trim_start().trim_start_matches("- ");
        let value = value.split_once(": ").map_or(value, |(_, value)| value).trim_start();
        let column = content.len() - value.len() + 1;
        let refused = match value.as_bytes() {
            [b'&' | b'*', next, ..] if !next.is_ascii_whitespace() => Some("anchors and aliases are"),
            [b'!', ..] => Some("a tag is"),
            _ if content.match_indices("<<:").any(|(at, _)| is_outside_quotes(&content[..at])) => {
                Some("a merge key is")
            }
            _ => None,
        };
        if let Some(what) = refused {
            return vec![Problem {
                message: format!("{what} not part of a pipeline file"),
                position: Some((index + 1, column)),
                hint: Some("write the value out, or put it in quotes if it is text".to_owned()),
            }];
        }
    }
    Vec::new()
}

/// Whether no quote is open at the end of `text`.
fn is_outside_quotes(text: &str) -> bool {
    text.matches('"').count() % 2 == 0 && text.matches('\'').count() % 2 == 0
}

/// Blanks the entry that begins on `line`, with all that is indented below it; false where nothing was left to blank.
fn blank_entry(lines: &mut [String], line: usize) -> bool {
    let Some(first) = lines.get(line - 1) else { return false };
    if first.trim().is_empty() {
        return false;
    }
    let indent = first.len() - first.trim_start().len();
    lines[line - 1].clear();
    let mut below = line;
    while let Some(next) = lines.get(below) {
        let depth = next.len() - next.trim_start().len();
        if !next.trim().is_empty() && depth <= indent {
            break;
        }
        lines[below].clear();
        below += 1;
    }
    true
}

impl Problem {
    fn of(error: &serde_saphyr::Error, lines: &[String]) -> Self {
        let raw = error.without_snippet().to_string();
        let raw = raw.rsplit_once(" at line ").map_or(raw.as_str(), |(message, _)| message);
        let position = error.location().and_then(|location| {
            let (line, column) = (usize::try_from(location.line()).ok()?, usize::try_from(location.column()).ok()?);
            // an error at the start of a line after the entry belongs to the last line that says something
            let mut line = line.clamp(1, lines.len().max(1));
            let mut column = column.max(1);
            if lines.get(line - 1).is_none_or(|text| text.trim().is_empty() || column > text.chars().count() + 1) {
                while line > 1 && lines.get(line - 1).is_none_or(|text| text.trim().is_empty()) {
                    line -= 1;
                }
                column =
                    lines.get(line - 1).map_or(1, |text| text.chars().count() - text.trim_start().chars().count() + 1);
            }
            Some((line, column))
        });
        let (message, hint) = match position.and_then(|(line, column)| written_out(raw, lines.get(line - 1)?, column)) {
            Some(form) => (form.needs, Some(form.hint)),
            None => reworded(raw),
        };
        let message = message.replace(char::is_control, "\u{fffd}");
        let hint = hint.map(|hint| hint.replace(char::is_control, "\u{fffd}"));
        Self { message, position, hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct File {
        version: u32,
        tsne: Option<Section>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Section {
        perplexity: Option<f64>,
        iterations: usize,
    }

    fn refused(text: &str) -> String {
        typed::<File>(text, Path::new("p.yaml")).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_has_line_column_caret_and_the_nearest_key() {
        let message = refused("version: 1\ntsne:\n  perplexty: 30\n");
        assert_eq!(
            message,
            "unknown key `perplexty`\n --> p.yaml:3:3\n  |\n3 |   perplexty: 30\n  |   ^\nhint: did you mean `perplexity`?"
        );
    }

    #[test]
    fn every_problem_is_told_at_once_in_order() {
        let message = refused("version: one\ntsne:\n  perplexty: 30\n  iterations: -5\n");
        let places: Vec<&str> = message.lines().filter(|line| line.contains("-->")).collect();
        assert_eq!(places, [" --> p.yaml:1:10", " --> p.yaml:3:3", " --> p.yaml:4:15"]);
    }

    #[test]
    fn a_key_given_twice_is_named() {
        assert!(refused("version: 1\nversion: 2\n").starts_with("the key `version` is given twice\n --> p.yaml:2:1"));
    }

    #[test]
    fn aliases_tags_and_depth_are_refused_before_parsing() {
        assert!(refused("version: &a 1\n").contains("anchors and aliases"));
        assert!(refused("version: !!python/object 1\n").contains("tag"));
        assert!(refused(&format!("version: {}", "[".repeat(100_000))).contains("nested deeper"));
    }

    #[test]
    fn a_correct_file_is_read() {
        let file: File = typed("version: 1\ntsne: {perplexity: 30}\n", Path::new("p.yaml")).unwrap();
        assert_eq!((file.version, file.tsne.and_then(|section| section.perplexity)), (1, Some(30.0)));
    }
}
