//! Training on a table that is in memory already, for bindings: the same model as a run of the same pipeline gives.

use std::path::PathBuf;

use super::apply::{self, NewRows};
use super::data::Data;
use super::reading;
use crate::autoencoder::{self, Autoencoder, DataFacts, History};
use crate::error::Result;
use crate::evaluate::TrainingProfile;
use crate::event::{Observer, Stage};
use crate::model::{About, Model};
use crate::pipeline::Pipeline;
use crate::table::{Held, Input};
use crate::value::OneOrMany;

/// Reads `held`, prepares it and trains on it as `pipeline` says; of its `input` the path and the metadata are not read.
///
/// # Errors
/// Whatever does not fit between table and pipeline; if the observer asks to stop.
pub fn train(pipeline: &Pipeline, name: &str, held: Held<'_>, observer: &mut Observer<'_>) -> Result<(Model, History)> {
    pipeline.check()?;
    let table = held.read(&pipeline.input_read(), observer)?;
    let data = Data::prepare(pipeline, table, &[], observer)?;
    let facts = DataFacts::of(data.prepared.view());
    let options = pipeline.autoencoder.resolve(data.split.training.len(), &facts, data.preparation.features())?;
    let _ = observer(crate::event::Event::Started(Stage::Autoencoder));
    let fitted = autoencoder::fit(data.prepared.view(), &data.split, &options, pipeline.seed, observer)?;
    Ok((assemble(pipeline, name.to_owned(), &data, fitted.autoencoder), fitted.history))
}

/// Prepares new rows with a model's fitted steps, as `reduce encode` does with those of a file.
///
/// # Errors
/// If they lack features of the model, which are named, or hold values that a step does not take.
pub fn new_rows(model: &Model, held: Held<'_>, observer: &mut Observer<'_>) -> Result<NewRows> {
    let input = reading::with_what_is_there(reading::input_of(model), model, &held.names());
    let prepared = held.read(&input, observer).and_then(|table| apply::prepare_rows(model, table, observer));
    prepared.map_err(|error| match error.hint_text() {
        Some(hint) if hint.contains("`input.missing.numeric`") => error.hint(
            "fill them in, or `set_params(missing=\"median\")`: missing numbers are then filled with the medians of the \
             training rows",
        ),
        _ => error,
    })
}

/// The same model, which fills missing numbers of new rows with the medians of its training rows.
///
/// # Errors
/// If the model was written by a program that did not keep the medians.
pub fn filling_medians(model: &Model) -> Result<Model> {
    let filling =
        reading::filling(model, &reading::Otherwise { fill_with_medians: true, ..reading::Otherwise::default() })?;
    let mut filling = filling.unwrap_or_else(|| model.clone());
    filling.about.input.missing.numeric = crate::table::NumericMissing::Median;
    Ok(filling)
}

/// A model of what was trained on `data`.
pub(super) fn assemble(pipeline: &Pipeline, name: String, data: &Data, autoencoder: Autoencoder) -> Model {
    let held_out = super::work::gather(data.prepared.view(), &data.split.validation);
    let errors = autoencoder.reconstruction_errors(held_out.view());
    let profile = TrainingProfile {
        feature_errors: autoencoder.feature_errors(held_out.view()),
        ..TrainingProfile::fit(data.prepared.view(), &data.split.training, &data.split.validation, &errors)
    };
    let about = About {
        name,
        seed: pipeline.seed,
        input: Input { path: OneOrMany(vec![PathBuf::new()]), metadata: None, ..pipeline.input.clone() },
        training_rows: data.split.training.len(),
        order: data.account.order.clone(),
    };
    Model { about, preparation: data.preparation.clone(), autoencoder, profile }
}
