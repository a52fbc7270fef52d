//! A first pipeline for a table: what was guessed, why, and a commented file that runs as it stands.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::mixed;
use crate::error::Result;
use crate::event::Observer;
use crate::pipeline;
use crate::prepare::Preparation;
use crate::table;
use crate::table::WITHOUT_A_VALUE;
use crate::table::inspect::{self, FEWEST_FEATURES, Inspection, named_as_label};
use crate::table::{Input, Layout};

/// A pipeline file for a table, and the guesses in it, a sentence each.
#[derive(Debug, Clone)]
pub struct Starter {
    /// The file's text.
    pub text: String,
    /// What was guessed and why.
    pub guesses: Vec<String>,
    /// What was seen.
    pub inspection: Inspection,
    /// The run folder, relative to the pipeline file.
    pub output: String,
}

/// Looks at a table and writes a pipeline for it that will lie in `folder`, called `name`; after the table, if not given.
///
/// # Errors
/// If the table cannot be read.
pub fn starter(data: &Path, folder: &Path, name: Option<&str>, observer: &mut Observer<'_>) -> Result<Starter> {
    let absolute = table::read::absolute(data);
    let mut input = Input::new(&absolute);
    let mut guesses = Vec::new();
    let (done, mut seen) = mixed::look(&mut input, observer)?;
    guesses.extend(done);
    if let Some(reason) = seen.other_layout.clone() {
        let turned = Input { layout: Layout::FeaturesInRows, ..input.clone() };
        if let Ok((_, other)) = inspect::look(&turned, Path::new(""), observer) {
            // what the warning says of the file, without its advice: that is taken here
            let why = reason.split("; if so").next().unwrap_or(&reason);
            let why = why.split_once(": ").map_or(why, |(_, why)| why);
            guesses.push(format!("layout: features_in_rows, because {why}"));
            (input, seen) = (turned, other);
        }
    }
    if let Some(id) = seen.possible_ids.first() {
        guesses.push(format!("id: {id}, because it differs in every row"));
        input.id = Some(id.clone());
    }
    // the file must run as it stands, and an autoencoder needs two features
    let mut features = seen.features();
    let weight: BTreeMap<String, usize> = seen.categories.iter().cloned().collect();
    for name in seen.row_numbers.iter().filter(|name| input.id.as_ref() != Some(name)) {
        if features <= FEWEST_FEATURES {
            break;
        }
        features -= 1;
        guesses.push(format!("not a feature: {name}, because it only numbers the rows"));
        input.features.exclude.push(name.clone());
    }
    let times = seen.unused.iter().filter(|unused| unused.reason.contains("`input.times`"));
    let times: Vec<&str> = times.map(|unused| unused.name.as_str()).collect();
    if !times.is_empty() {
        guesses.push(format!("left out: {}, dates or times; `times: number` lets them train", times.join(", ")));
    }
    let mut others = Vec::new();
    if let Some((name, classes)) = seen.label_among_numbered.as_ref().filter(|(name, _)| !named_as_label(name)) {
        guesses.push(format!(
            "label: {name}, because all other columns are numbered and it has {classes} classes; labels never train"
        ));
        input.labels.push(name.clone());
    }
    for (name, classes) in seen.possible_labels.iter().filter(|(name, _)| input.id.as_ref() != Some(name)) {
        if seen.annotations.contains(name) {
            guesses.push(format!(
                "label: {name}, an annotation of {classes} classes beside the matrix; these never train"
            ));
            input.labels.push(name.clone());
        } else if named_as_label(name)
            && (input.labels.is_empty() || features >= FEWEST_FEATURES + weight.get(name).unwrap_or(&1))
        {
            // the first is a label whatever is left: a table of nothing but labels trains nothing
            features = features.saturating_sub(*weight.get(name).unwrap_or(&1));
            guesses.push(format!("label: {name}, by its name and its {classes} classes; labels never train"));
            input.labels.push(name.clone());
        } else if !input.labels.contains(name) {
            others.push(name.as_str());
        }
    }
    if !others.is_empty() {
        guesses.push(format!(
            "features, not labels: {}; name those that should only color in `labels`",
            others.join(", ")
        ));
    }
    let empty = seen.unused.iter().filter(|unused| unused.reason == WITHOUT_A_VALUE).count();
    let missing = seen.missing.0 > 0 || empty > 0;
    if seen.missing.0 > 0 {
        guesses.push(format!("missing: median, because {} numbers are missing", seen.missing.0));
    } else if empty > 0 {
        guesses.push(format!("missing: median, because {empty} columns without any value are left out then"));
    }
    let (table, found) = inspect::look(&input, Path::new(""), observer)?;
    let chosen = Preparation::default_steps(&table.frame);
    let named = table.id_name != table::ROW;
    guesses.push(format!("prepare: {}", chosen.reason));
    let name = name.map_or_else(|| stem(data), str::to_owned);
    let mut text = format!(
        "# A first pipeline for {}.\n",
        data.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    );
    for line in found.lines() {
        let _ = writeln!(text, "#   {line}");
    }
    text += "# Guessed; look at these lines first:\n";
    for guess in &guesses {
        let _ = writeln!(text, "#   {}", guess.replace('\n', " "));
    }
    let _ = write!(
        text,
        "version: 1\nname: {}\nseed: 42\n\ninput:\n  path: {}\n",
        quoted(&name),
        quoted(&path_in(folder, data, &absolute).display().to_string())
    );
    if input.layout == Layout::FeaturesInRows {
        text += "  layout: features_in_rows\n";
    }
    match &input.id {
        Some(id) => {
            let _ = writeln!(text, "  id: {}", quoted(id));
        }
        None if input.layout == Layout::FeaturesInRows => {
            text += "  # id: COLUMN               # names the features; the header names the samples\n";
        }
        None if !named => {
            text += "  # id: COLUMN               # names the rows; without it they are numbered\n";
        }
        None => {
            let _ = writeln!(text, "  # id: the rows are named by `{}`", table.id_name);
        }
    }
    if input.labels.is_empty() {
        text += "  # labels: [COLUMN]         # colors and scores; never trains\n";
    } else {
        let labels: Vec<String> = input.labels.iter().map(|label| quoted(label)).collect();
        let _ = writeln!(text, "  labels: [{}]              # colors and scores; never trains", labels.join(", "));
    }
    text += "  # metadata: {path: FILE.csv, key: COLUMN}   # a second file, joined by id; its columns can be labels\n";
    if input.features.exclude.is_empty() {
        text += "  # features: {exclude: [\"^name-\"]}   # names or regular expressions; default: every other column\n";
    } else {
        let names: Vec<String> = input.features.exclude.iter().map(|name| quoted(name)).collect();
        let _ = writeln!(text, "  features: {{exclude: [{}]}}   # names or regular expressions", names.join(", "));
    }
    if !input.categorical.columns.is_empty() {
        let names: Vec<String> = input.categorical.columns.iter().map(|name| quoted(name)).collect();
        let _ = writeln!(text, "  categorical: {{columns: [{}]}}   # read as texts", names.join(", "));
    }
    if !times.is_empty() {
        text += "  # times: number            # dates as days, times as seconds; without it they do not train\n";
    }
    if let Some(words) = &input.missing.words {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let _ = writeln!(text, "  missing: {{numeric: median, words: [{}]}}", words.join(", "));
    } else if missing {
        text += "  missing: {numeric: median}   # or mean, {constant: 0}, refuse\n";
    } else {
        text +=
            "  # missing: {numeric: median}   # if rows to come have holes: without it, missing numbers are refused\n";
    }
    text += "\nprepare:                       # in order; fitted on the training rows; stored in the model\n";
    if chosen.steps.is_empty() {
        text.truncate(
            text.len() - "                       # in order; fitted on the training rows; stored in the model\n".len(),
        );
        text += " []                    # as they are\n";
    }
    for line in pipeline::yaml_of(&chosen.steps)?.lines().filter(|_| !chosen.steps.is_empty()) {
        let _ = writeln!(text, "  {line}");
    }
    text += "\nautoencoder:\n  # code_size: 32              # numbers per row; `auto` searches\n  # hidden: auto               # or nodes per layer, as [512, 128]; the decoder mirrors them\n  loss: auto                   # mse, bce, poisson, nb, zinb; auto: by the values\n\ntsne: {}                       # {perplexity: 30}; `none` writes codes only\n\n# plots:\n#   - color_by: COLUMN          # a label, a feature, `reliability`, `density`, or [SEVERAL, ON, ONE, SHEET]\n";
    let output = format!("runs/{}", crate::plot::readable_slug(&name));
    let _ = write!(text, "\noutput: {}\n", quoted(&output));
    Ok(Starter { text, guesses, inspection: found, output })
}

/// A name as YAML: plain where nothing can be misread, else in quotes.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '.' || first == '/')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./".contains(letter))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&name.to_lowercase().as_str());
    if plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

/// The file's name without what says how it is written and packed.
fn stem(data: &Path) -> String {
    let name = data.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let unpacked = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let stem = Path::new(unpacked).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    if stem.is_empty() { "run".to_owned() } else { stem }
}

/// The data's path as the pipeline in `folder` gives it: relative, unless it was given absolute and lies elsewhere.
fn path_in(folder: &Path, given: &Path, absolute: &Path) -> PathBuf {
    let relative = seen_from(folder, absolute);
    if given.is_absolute() && relative.starts_with("..") { absolute.to_owned() } else { relative }
}

fn seen_from(folder: &Path, data: &Path) -> PathBuf {
    let from = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let from = std::path::absolute(from).unwrap_or_else(|_| from.to_owned());
    pathdiff::diff_paths(data, from).unwrap_or_else(|| data.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::path_in;
    use super::quoted;
    use super::stem;

    #[test]
    fn names_that_yaml_would_misread_are_quoted() {
        assert_eq!(quoted("cell_type"), "cell_type");
        for name in ["no", "007", "a: b", "#x", "[1]", ""] {
            assert!(quoted(name).starts_with('"'), "{name}");
        }
    }

    #[test]
    fn a_packed_table_gives_its_name_without_endings() {
        for (file, name) in [("a/t.tsv.gz", "t"), ("t.csv.zst", "t"), ("t.v2.parquet", "t.v2"), ("folder", "folder")] {
            assert_eq!(stem(Path::new(file)), name);
        }
    }

    #[test]
    fn a_path_is_relative_unless_it_was_given_absolute_and_lies_elsewhere() {
        let path = |given: &str, absolute: &str| {
            path_in(Path::new("/place/me"), Path::new(given), Path::new(absolute)).display().to_string()
        };
        assert_eq!(path("/place/me/data/t.csv", "/place/me/data/t.csv"), "data/t.csv");
        assert_eq!(path("/data/t.csv", "/data/t.csv"), "/data/t.csv");
        assert_eq!(path("../t.csv", "/place/t.csv"), "../t.csv");
    }
}
