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

/// Where an alternative stands with too much, too little or nothing in it: how it is written.
pub(super) fn written_out(raw: &str, line: &str, column: usize) -> Option<Form> {
    let at = line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
    let (before, after) = line.split_at(at);
    let schema = super::Pipeline::schema();
    let definitions: Vec<&Value> = schema.get("$defs")?.as_object()?.values().collect();
    if raw.starts_with("missing field") {
        // `corruption: gaussian`: the place is that of the key, or of the word itself
        let value = after.split_once(':').map_or(after, |(_, value)| value);
        return form(words(value).take(1), "", &definitions, &schema);
    }
    let wrong_kind = ["expected mapping start", "expected string scalar", "invalid type", "expected a scalar"];
    if !wrong_kind.iter().any(|start| raw.starts_with(start)) {
        return None;
    }
    form(words(before).last(), after, &definitions, &schema)
}

/// The same for a value of the command line, `key=value`: of what may stand at that key.
pub(super) fn written_out_of_value(raw: &str, key: &str, value: &str) -> Option<Form> {
    let wrong_kind = raw.starts_with("invalid type") || raw.starts_with("missing field");
    let schema = super::Pipeline::schema();
    let mut places = may_be(&schema, &schema);
    for part in key.split('.') {
        let inside = places.iter().filter_map(|place| place.get("properties")?.get(part));
        places = inside.flat_map(|place| may_be(place, &schema)).collect();
    }
    wrong_kind.then(|| form(words(value), value, &places, &schema))?
}

/// A place of the schema and all that may stand there: behind references, as alternatives, in a list.
fn may_be<'a>(place: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let place = resolved(place, schema);
    let alternatives = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|kind| place.get(kind)?.as_array()).flatten();
    let inside = alternatives.chain(place.get("items")).flat_map(|inside| may_be(inside, schema));
    std::iter::once(place).chain(inside).collect()
}

/// The form of the first word in `words` that names an alternative, with something in it, of one of `places`; a number in
/// `given` is taken over where the form has room for one.
fn form<'a>(words: impl IntoIterator<Item = &'a str>, given: &str, places: &[&Value], schema: &Value) -> Option<Form> {
    for word in words {
        let alternatives = places.iter().filter_map(|place| place.get("oneOf")?.as_array()).flatten();
        let inside = alternatives.filter_map(|alternative| alternative.get("properties")?.get(word)).next();
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
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Pipeline;

    #[track_caller]
    fn told(words_of: &str, given: &str) -> (String, String) {
        let schema = Pipeline::schema();
        let definitions: Vec<&Value> = schema["$defs"].as_object().expect("definitions").values().collect();
        let form = form(words(words_of), given, &definitions, &schema).expect("a form");
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
    }

    #[test]
    fn a_value_of_the_command_line_is_told_only_what_may_stand_at_its_key() {
        let told =
            |key: &str, value: &str| written_out_of_value("invalid type: string", key, value).map(|form| form.hint);
        assert_eq!(told("autoencoder.sparsity", "{l1: 0.01}").as_deref(), Some("write `{l1: {weight: 0.01}}`"));
        assert_eq!(told("input.missing.numeric", "constant").as_deref(), Some("write `{constant: NUMBER}`"));
        for (key, value) in
            [("input.labels", "constant"), ("seed", "constant"), ("tsne.perplexity", "kl"), ("nothing", "l1")]
        {
            assert_eq!(told(key, value), None, "{key}");
        }
    }
}
