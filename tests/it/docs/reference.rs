//! `docs/pipeline.md`, the reference of the pipeline file, is written from the schema and cannot fall behind it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::program::{Place, repository};

const HEAD: &str = "# The pipeline file: every key\n\n\
    *Written from the program's own types: `UPDATE_DOCS=1 cargo test --release --test it reference`.*\n\n\
    Two lines are enough, `version: 1` and `input: {path: table.csv}`: every other key has a default, and `reduce plan FILE` shows them \
    all resolved for your table. Paths are relative to the file. `--set autoencoder.code_size=16` replaces a value on the command line; \
    `reduce schema` gives editors this page. A key with alternatives is written as `corruption: none` or `corruption: {gaussian: {sd: 0.2}}`.\n";

/// The sections, by the name of their definition in the schema; the empty name is the file itself.
const SECTIONS: [(&str, &str, &str); 8] = [
    ("", "The file", ""),
    ("Input", "`input`", "More: [tables](tables.md)."),
    ("Step", "`prepare`", "A list of steps, applied in order. What each computes: [tables](tables.md#preparation)."),
    ("Autoencoder", "`autoencoder`", "More: [the autoencoder](autoencoder.md), [its kinds](kinds.md)."),
    ("Training", "`autoencoder.training`", ""),
    ("Tsne", "`tsne`", "`none` writes codes only. More: [t-SNE](tsne.md)."),
    ("Evaluate", "`evaluate`", "`none` measures nothing. More: [faithfulness](faithfulness.md)."),
    ("PlotOptions", "`plots`", "A list. More: [plots](plots.md)."),
];

struct Schema(Value);

impl Schema {
    fn definition(&self, name: &str) -> &Value {
        if name.is_empty() { &self.0 } else { &self.0["$defs"][name] }
    }

    /// The definition that a property's type points to, looking through "or null", "or auto", "or none" and "or a list of them".
    fn target<'a>(&'a self, property: &'a Value) -> &'a Value {
        let reference = |value: &'a Value| value["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
        let mut at = property;
        loop {
            let through = at["anyOf"].as_array().into_iter().flatten().find_map(reference);
            match reference(at).or(through) {
                Some(name) => at = self.definition(name),
                None => return at,
            }
        }
    }

    fn section(&self, definition: &Value, prefix: &str, text: &mut String) {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            let target = self.target(property);
            let name = format!("{prefix}{key}");
            let nested = target["properties"].is_object();
            let default = match &property["default"] {
                _ if key == "version" => "required".to_owned(),
                _ if nested => String::new(),
                Value::Null => String::new(),
                Value::String(word) if word.is_empty() => String::new(),
                value => format!("`{value}`").replace('"', ""),
            };
            let _ = writeln!(text, "| `{name}` | {default} | {} |", sentence(property).unwrap_or_default());
            for (word, meaning) in self.alternatives(target) {
                let _ = writeln!(text, "| | | `{word}`: {meaning} |");
            }
            if nested && !SECTIONS.iter().any(|(section, ..)| std::ptr::eq(self.definition(section), target)) {
                self.section(target, &format!("{name}."), text);
            }
        }
    }

    /// The values that keys of steps may take, and the steps that can stand as a word.
    fn words_of_steps(&self, definition: &Value, text: &mut String) {
        let forms: Vec<&Value> =
            ["oneOf", "anyOf"].into_iter().filter_map(|key| definition[key].as_array()).flatten().collect();
        let steps = forms.iter().filter_map(|form| form["properties"].as_object()).flatten();
        for (step, inner) in steps {
            for (key, property) in self.target(inner)["properties"].as_object().into_iter().flatten() {
                for (word, meaning) in self.alternatives(self.target(property)) {
                    let _ = writeln!(text, "| `{step}.{key}: {word}` | {meaning} |");
                }
            }
        }
        let words = forms.iter().filter_map(|form| form["enum"].as_array()).flatten().filter_map(Value::as_str);
        let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
        let _ = writeln!(text, "\nAs a word, with its usual options or because it has none: {}.", words.join(", "));
    }

    /// The words or forms that a value may take, each with its meaning.
    fn alternatives(&self, target: &Value) -> Vec<(String, String)> {
        let all = ["oneOf", "anyOf"].into_iter().filter_map(|key| target[key].as_array()).flatten();
        all.filter_map(|one| {
            let meaning = sentence(one)?;
            let word = match (one["const"].as_str(), one["properties"].as_object()) {
                (Some(word), _) => word.to_owned(),
                (None, Some(forms)) => {
                    let (form, inner) = forms.iter().next()?;
                    match self.target(inner)["properties"].as_object() {
                        Some(keys) => {
                            format!("{{{form}: {{{}}}}}", keys.keys().cloned().collect::<Vec<_>>().join(", "))
                        }
                        None if self.target(inner)["type"] == "string" => format!("{{{form}: TEXT}}"),
                        None => format!("{{{form}: NUMBER}}"),
                    }
                }
                (None, None) => return None,
            };
            Some((word, meaning))
        })
        .collect()
    }
}

fn sentence(value: &Value) -> Option<String> {
    let text = value["description"].as_str()?;
    let paragraph = text.split("\n\n").next()?.replace('\n', " ").replace('|', "\\|");
    Some(paragraph.replace("[`Step::", "`").replace("`]", "`"))
}

fn page(schema: Value) -> String {
    let schema = Schema(schema);
    let mut text = HEAD.to_owned();
    for (name, title, more) in SECTIONS {
        let definition = schema.definition(name);
        let _ = write!(text, "\n## {title}\n");
        if !more.is_empty() {
            let _ = write!(text, "\n{more}\n");
        }
        if name == "Step" {
            text += "\n| step | |\n|---|---|\n";
            let mut seen = BTreeSet::new();
            for (word, meaning) in schema.alternatives(definition) {
                if seen.insert(word.clone()) {
                    let _ = writeln!(text, "| `{word}` | {meaning} |");
                }
            }
            schema.words_of_steps(definition, &mut text);
        } else {
            text += "\n| key | default | |\n|---|---|---|\n";
            schema.section(definition, "", &mut text);
        }
    }
    text
}

#[test]
fn every_section_of_the_schema_has_the_keys_of_its_own() {
    let schema: Value = serde_json::from_str(&Place::new().reduce(&["schema"]).done().stdout).expect("JSON");
    let schema = Schema(schema);
    for (section, key) in
        [("autoencoder", "code_size"), ("tsne", "perplexity"), ("evaluate", "sample"), ("input", "path")]
    {
        let target = schema.target(&schema.0["properties"][section]);
        assert!(target["properties"][key].is_object(), "`{section}` knows no `{key}` in the schema");
    }
}

#[test]
fn the_reference_of_the_pipeline_file_is_fresh() {
    let schema = Place::new().reduce(&["schema"]).done().stdout;
    let fresh = page(serde_json::from_str(&schema).expect("JSON"));
    let file = repository().join("docs/pipeline.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &fresh).expect("docs/pipeline.md");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == fresh, "docs/pipeline.md is stale: UPDATE_DOCS=1 cargo test --release --test it reference");
}
