//! How new rows are read: as the model's own were, unless their file has another form or the user says otherwise.

use std::collections::HashSet;
use std::path::Path;

use regex::Regex;

use crate::error::{Error, Result};
use crate::model::Model;
use crate::prepare::Preparation;
use crate::table::{self, Input, Layout, NumericMissing};
use crate::value::OneOrMany;

/// What is to be otherwise than the model's own rows were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Otherwise {
    /// Which way round the file lies; by the names in it, if not given.
    pub layout: Option<Layout>,
    /// The column that names the rows.
    pub id: Option<String>,
    /// Which matrix of a file that holds several.
    pub matrix: Option<String>,
    /// Fill missing numbers with the medians of the training rows, whatever the model was trained to do.
    pub fill_with_medians: bool,
}

/// How a file of new rows is read.
pub(super) struct Reading {
    /// The table.
    pub input: Input,
    /// The names of the file's columns.
    pub columns: Vec<String>,
    /// What the user should know of it.
    pub notes: Vec<String>,
}

/// How `data` is read for a model, with the labels that are there.
///
/// # Errors
/// If the file cannot be read, or lacks what the user names.
pub(super) fn of(model: &Model, data: &Path, otherwise: &Otherwise) -> Result<Reading> {
    let mut input = input_of(model);
    let trained = input.layout;
    input.path = OneOrMany(vec![table::read::absolute(data)]);
    if otherwise.matrix.is_some() {
        input.matrix.clone_from(&otherwise.matrix);
    }
    let categories = model.preparation.input_categories();
    let known: Vec<&str> = model.preparation.input_features().iter().chain(&categories).map(String::as_str).collect();
    // opened as it stands: some files say themselves which way they lie
    let plain = Input { labels: Vec::new(), id: None, layout: Layout::SamplesInRows, ..input.clone() };
    let lies = table::lies(&plain, Path::new(""), &known)?;
    if let (Some(name), Some(format)) = (&otherwise.matrix, &lies.one_matrix) {
        return Err(Error::request(format!(
            "matrix `{name}` is asked for, but this file holds one matrix only: it is {format}"
        ))
        .at(data.display().to_string())
        .hint("leave `--matrix` out: `.h5ad` and `.npz` files hold several"));
    }
    let mut notes = Vec::new();
    // where neither way has the model's features, what is missing is said of the way its own rows lay
    input.layout = otherwise.layout.or(lies.layout).unwrap_or(trained);
    if input.layout != trained {
        if otherwise.layout.is_none() && lies.layout.is_some() {
            let (features, word) = match input.layout {
                Layout::SamplesInRows => ("columns", "samples_in_rows"),
                Layout::FeaturesInRows => ("rows", "features_in_rows"),
            };
            notes.push(format!(
                "the {features} are named as the model's features ({} of {}): read with layout {word}",
                lies.found,
                known.len()
            ));
        }
        // the column that named the samples of the one form is none of the other
        input.id = lies.first_text.clone().filter(|_| input.layout == Layout::SamplesInRows);
        notes.extend(input.id.iter().map(|id| format!("ids are taken from `{id}`")));
    }
    if input.layout == Layout::FeaturesInRows {
        input.labels.clear();
    }
    input = with_what_is_there(input, model, &lies.columns);
    if let Some(id) = &otherwise.id {
        if known.contains(&id.as_str()) {
            return Err(Error::request(format!("`{id}` is a feature of the model, and cannot name the rows as well"))
                .hint("name another column by `--id`, or leave it out"));
        }
        input.id = Some(id.clone());
    }
    if otherwise.fill_with_medians {
        input.missing.numeric = NumericMissing::Median;
    }
    Ok(Reading { input, columns: lies.columns, notes })
}

/// How a model's own rows were read, without what was decided when it was trained.
pub(super) fn input_of(model: &Model) -> Input {
    let mut input = Input { rows: None, ..model.about.input.clone() };
    // which columns there are was decided when the model was trained
    input.categorical.max_levels = usize::MAX;
    input.categorical.known = model.preparation.input_categories();
    input.missing.drop_feature_above = None;
    input
}

/// The same without what names a column that is not there: labels, the id, and features that were named when the model was
/// trained. A name that is no column is a pattern, and one such as `t` would leave out half of the model's features.
pub(super) fn with_what_is_there(mut input: Input, model: &Model, columns: &[String]) -> Input {
    let there: HashSet<&str> = columns.iter().map(String::as_str).collect();
    let there = |name: &String| there.contains(name.as_str());
    input.labels.retain(there);
    input.id = input.id.filter(there);
    let features = model.preparation.input_features();
    let categories = model.preparation.input_categories();
    let known = |pattern: &String| features.contains(pattern) || categories.contains(pattern);
    input.features.include.retain(|pattern| there(pattern) || !known(pattern) && means_one_of(pattern, columns));
    input
        .features
        .exclude
        .retain(|pattern| there(pattern) || !means_one_of(pattern, features) && !means_one_of(pattern, &categories));
    input.categorical.columns.retain(|pattern| {
        there(pattern) || !means_one_of(pattern, features) && !known(pattern) && means_one_of(pattern, columns)
    });
    input
}

/// Whether a regular expression matches one of these names.
fn means_one_of(pattern: &str, names: &[String]) -> bool {
    Regex::new(pattern).is_ok_and(|expression| names.iter().any(|name| expression.is_match(name)))
}

/// The model with a preparation that fills missing numbers with medians, where that is asked for and the model does otherwise.
///
/// # Errors
/// If the model was written by a program that did not keep the medians.
pub(super) fn filling(model: &Model, otherwise: &Otherwise) -> Result<Option<Model>> {
    if !otherwise.fill_with_medians || model.about.input.missing.numeric == NumericMissing::Median {
        return Ok(None);
    }
    let preparation: Preparation = model.preparation.filling_medians().ok_or_else(|| {
        Error::request("the model does not hold the medians of its training rows")
            .hint("train it again with this version: it keeps them")
    })?;
    Ok(Some(Model { preparation, ..model.clone() }))
}

/// An error about missing values, with the way out that a trained model leaves.
pub(super) fn explained(error: Error, model: &Model) -> Error {
    const TRAINED: &str = "the model was trained without saying what a missing value becomes";
    let hint = match error.hint_text() {
        Some(hint) if ["`input.missing.numeric`", "`input.missing.drop_feature_above: 0.99`"].iter().any(|key| hint.contains(key)) => match model.preparation.filling_medians() {
            Some(_) => format!(
                "{TRAINED}: `--missing median` fills with the medians of its training rows; with `input: {{missing: {{numeric: \
                 median}}}}` in its pipeline, the next model does so by itself"
            ),
            None => format!("{TRAINED}: fill them in, or train it with `input: {{missing: {{numeric: median}}}}`"),
        },
        Some(hint) if hint.contains("`input.missing.words`") => {
            "new rows are read as the model's own were: leave the cell empty where it means missing, or name the word in \
             `input.missing.words` of the pipeline and run that again"
                .to_owned()
        }
        Some(hint) if hint.contains("`input.missing.categorical`") => format!(
            "the model was trained to refuse missing texts: fill them in, or train it with `input: {{missing: \
             {{categorical: own_level}}}}`"
        ),
        _ => return error,
    };
    error.hint(hint)
}
