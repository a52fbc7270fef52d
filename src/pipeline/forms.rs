//! How an alternative of the pipeline file is written out, told from the schema: `{l1: {weight: 0.01}}`.

use serde_json::Value;

/// What a word is followed by, and the whole of it as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    /// The word with what it needs, as a message: "`l1` needs a map".
    pub(super) needs: String,
    /// How it is written, as a hint: "write `{l1: {weight: 0.01}}`".
    pub(super) hint: String,
}

const NUMBER: &str = "NUMBER";

/// The form of the first word in `words` that names an alternative with something in it; a number in `given` is taken over
/// where the form has room for one.
pub(super) fn form<'a>(words: impl IntoIterator<Item = &'a str>, given: &str, schema: &Value) -> Option<Form> {
    let definitions = schema.get("$defs")?.as_object()?;
    for word in words {
        let inside = definitions
            .values()
            .filter_map(|definition| definition.get("oneOf")?.as_array())
            .flatten()
            .find_map(|alternative| alternative.get("properties")?.get(word));
        if let Some(inside) = inside {
            let (kind, text) = written(inside, schema);
            let number = given.split(|letter: char| !(letter.is_ascii_alphanumeric() || "+-._".contains(letter)));
            let number = number.filter(|word| word.parse::<f64>().is_ok_and(f64::is_finite)).last();
            let text = match number {
                Some(number) if text.matches(NUMBER).count() == 1 => text.replace(NUMBER, number),
                _ => text,
            };
            return Some(Form { needs: format!("`{word}` needs {kind}"), hint: format!("write `{{{word}: {text}}}`") });
        }
    }
    None
}

/// What a value is called, and how it is written.
fn written(value: &Value, schema: &Value) -> (&'static str, String) {
    let value = resolved(value, schema);
    if let Some(properties) = value.get("properties").and_then(Value::as_object) {
        let required: Vec<&str> =
            value.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let shown = properties.iter().filter(|(key, _)| required.is_empty() || required.contains(&key.as_str()));
        let pairs: Vec<String> = shown.map(|(key, inside)| format!("{key}: {}", written(inside, schema).1)).collect();
        return ("a map", format!("{{{}}}", pairs.join(", ")));
    }
    let one = |name: &str| match value.get("type") {
        Some(Value::String(kind)) => kind == name,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == name),
        _ => false,
    };
    if one("number") || one("integer") || value.get("anyOf").is_some() {
        return ("a number", NUMBER.to_owned());
    }
    if one("array") {
        return ("a list", format!("[{NUMBER}]"));
    }
    ("a word", "WORD".to_owned())
}

fn resolved<'a>(value: &'a Value, schema: &'a Value) -> &'a Value {
    let name = value.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
    name.and_then(|name| schema.get("$defs")?.get(name)).unwrap_or(value)
}

/// The words of a text that could be keys.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Pipeline;

    #[track_caller]
    fn told(words_of: &str, given: &str) -> (String, String) {
        let form = form(words(words_of), given, &Pipeline::schema()).expect("a form");
        (form.needs, form.hint)
    }

    #[test]
    fn alternatives_are_written_out_with_the_number_that_was_given() {
        assert_eq!(told("l1", "0.01}"), ("`l1` needs a map".into(), "write `{l1: {weight: 0.01}}`".into()));
        assert_eq!(told("active", "{fraction: 0.1}}").1, "write `{active: 0.1}`");
        assert_eq!(told("kl", "0.1").1, "write `{kl: {target: NUMBER, weight: NUMBER}}`");
        assert_eq!(told("gaussian", "").1, "write `{gaussian: {sd: NUMBER}}`");
        assert_eq!(told("standardize", "10").1, "write `{standardize: {clip: 10}}`");
        assert_eq!(told("constant", "x").1, "write `{constant: NUMBER}`");
        assert_eq!(form(words("perplexity"), "3", &Pipeline::schema()), None);
    }
}
