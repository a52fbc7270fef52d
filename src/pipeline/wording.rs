//! The YAML parser's messages in the words of the pipeline file.

use crate::error::nearest;

/// The parser's message in the words of the pipeline file, with a way out.
pub(super) fn reworded(raw: &str) -> (String, Option<String>) {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    let choices = |text: &str| -> Vec<String> {
        let list =
            text.split_once("expected one of ").or_else(|| text.split_once("expected ")).map_or("", |(_, list)| list);
        list.split([',', ' '])
            .map(|word| word.trim_matches('`').to_owned())
            .filter(|word| !word.is_empty() && word != "or")
            .collect()
    };
    for (start, name, all) in [("unknown field", "key", "the keys here are"), ("unknown variant", "word", "one of")] {
        if raw.starts_with(start) {
            let word = quoted(raw);
            let choices = choices(raw);
            let hint = match nearest(&word, choices.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "{all} {}",
                    choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", ")
                ),
            };
            return (format!("unknown {name} `{word}`"), (!choices.is_empty()).then_some(hint));
        }
    }
    if let Some(rest) = raw.strip_prefix("duplicate mapping key: ") {
        let key = rest.split(',').next().unwrap_or(rest);
        return (format!("the key `{key}` is given twice"), Some("keep one of the two".to_owned()));
    }
    if raw.starts_with("missing field") {
        let key = quoted(raw);
        let hint = (key == "input").then(|| "add `input: {path: TABLE}`".to_owned());
        return (format!("the key `{key}` is missing here"), hint);
    }
    if raw.contains("found a tab") || raw.contains("tab") && raw.contains("indent") {
        return ("a tab where YAML wants spaces".to_owned(), Some("indent with spaces".to_owned()));
    }
    if raw.starts_with("multiple YAML documents") {
        return ("a pipeline file holds one document; `---` begins a second".to_owned(), None);
    }
    if raw.starts_with("expected mapping start") {
        return ("expected keys and values (`key: value`) here".to_owned(), None);
    }
    if raw.starts_with("non-finite float") {
        return (format!("expected a finite number above 0 or a word, found `{}`", quoted(raw)), None);
    }
    let mut message = raw.to_owned();
    for (from, to) in [
        ("invalid floating point", "expected a number"),
        ("invalid boolean", "expected `true` or `false`"),
        ("invalid u64", "expected a whole number of at least 0"),
        ("invalid u32", "expected a whole number of at least 0"),
        ("invalid usize", "expected a whole number of at least 0"),
        ("expected usize", "expected a whole number of at least 0"),
        ("expected u64", "expected a whole number of at least 0"),
        ("expected u32", "expected a whole number of at least 0"),
        ("expected f64", "expected a number"),
        ("expected a sequence", "expected a list such as `[512, 128]`"),
        ("invalid type: string ", "found the text "),
        ("invalid type: floating point ", "found the number "),
        ("invalid value: integer ", "found the number "),
        ("invalid type: integer ", "found the number "),
        ("invalid type: ", "found "),
        ("invalid value: ", "found "),
    ] {
        message = message.replace(from, to);
    }
    (message, None)
}
