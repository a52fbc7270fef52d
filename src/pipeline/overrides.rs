//! `--set key=value`: one value of a pipeline replaced.

use serde_json::Value;

use super::Pipeline;
use super::forms::written_out_of_value;
use super::wording::reworded;
use crate::error::{Error, Result};

/// The pipeline with the value at a dotted key replaced; `pair` is `key=value`, the value in YAML.
///
/// # Errors
/// If the pair is malformed, the key unknown (with the nearest one) or the value of the wrong kind.
pub(super) fn apply(pipeline: &Pipeline, pair: &str) -> Result<Pipeline> {
    let place = format!("--set {pair}");
    let (key, text) = pair.split_once('=').ok_or_else(|| {
        Error::request(format!("`--set {pair}` has no `=`")).hint("write `--set autoencoder.code_size=16`")
    })?;
    // `yes` and `no` are words in a pipeline file too
    let words = serde_saphyr::options! { strict_booleans: true };
    let value: Value = serde_saphyr::from_str_with_options(text, words).map_err(|error| {
        Error::request(format!("the value is not YAML: {}", error.without_snippet())).at(place.clone())
    })?;
    let mut tree =
        serde_json::to_value(pipeline).map_err(|error| Error::failure(format!("cannot override: {error}")))?;
    set(&mut tree, key, value);
    serde_json::from_value(tree).map_err(|error| {
        let raw = error.to_string();
        let (message, hint) = match written_out_of_value(&raw, key, text) {
            Some(form) => (form.needs, Some(form.hint)),
            None => reworded(&raw),
        };
        let error = Error::request(message).at(place.clone());
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })
}

/// Sets the value at a dotted key, making sections on the way; a number walks into a list.
fn set(tree: &mut Value, key: &str, value: Value) {
    let mut node = tree;
    for part in key.split('.') {
        let index =
            part.parse::<usize>().ok().filter(|index| node.as_array().is_some_and(|items| *index < items.len()));
        node = match index {
            Some(index) => &mut node[index],
            None => {
                if !node.is_object() {
                    *node = Value::Object(serde_json::Map::new());
                }
                &mut node[part]
            }
        };
    }
    *node = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_dotted_key_walks_into_sections_and_lists() {
        let mut tree = json!({"prepare": [{"standardize": {"clip": 10}}], "tsne": "none"});
        set(&mut tree, "prepare.0.standardize.clip", json!(5));
        set(&mut tree, "tsne.perplexity", json!(40));
        assert_eq!(tree, json!({"prepare": [{"standardize": {"clip": 5}}], "tsne": {"perplexity": 40}}));
    }
}
