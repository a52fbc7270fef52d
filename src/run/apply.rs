//! What a trained model does to new rows: encode, reconstruct, denoise.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2, Axis};

use super::data::RowNames;
use super::reading::{self, Otherwise};
use super::unlike::{self, Count};
use crate::error::{Error, Result};
use crate::evaluate::Unlikeness;
use crate::event::{Event, Observer};
use crate::model::Model;
use crate::prepare::Applied;
use crate::table::write::{self, Column, ColumnValues};
use crate::table::{self, Frame, Table};

/// New rows that were prepared as the model's own rows were.
pub struct NewRows {
    /// Their names and labels.
    pub rows: RowNames,
    /// `n × d`, prepared.
    pub prepared: Array2<f32>,
    /// Mean squared error of each row's reconstruction.
    pub errors: Vec<f32>,
    /// How unlike the training rows they are.
    pub unlike: Unlikeness,
    /// What had to be filled in, pulled in, or was never seen before.
    pub applied: Applied,
}

/// Reads new rows and prepares them with the model's fitted steps; features are matched by name.
///
/// # Errors
/// If the table cannot be read or lacks features of the model, which are named.
pub fn read_rows(model: &Model, data: &Path, otherwise: &Otherwise, observer: &mut Observer<'_>) -> Result<NewRows> {
    let read = reading::of(model, data, otherwise)?;
    let filling = reading::filling(model, otherwise)?;
    let model = filling.as_ref().unwrap_or(model);
    tell(&read.notes, observer);
    let explained = |error| reading::explained(error, model);
    let table = table::read::read(&read.input, Path::new(""), observer).map_err(explained)?;
    let new = prepare_rows(model, table, observer).map_err(explained)?;
    tell_applied(&new.applied, observer);
    Ok(new)
}

fn tell(notes: &[String], observer: &mut Observer<'_>) {
    for note in notes {
        let _ = observer(Event::Note(note.clone()));
    }
}

/// Prepares a table with a model's fitted steps; features are matched by name.
///
/// # Errors
/// If it lacks features of the model, which are named, or holds values that a step does not take.
pub(super) fn prepare_rows(model: &Model, mut table: Table, observer: &mut Observer<'_>) -> Result<NewRows> {
    let (features, categories) = (model.preparation.input_features(), model.preparation.input_categories());
    let known: Vec<&str> = features.iter().chain(&categories).map(String::as_str).collect();
    let renumbered = table.renumber(&known);
    if let Some((here, wanted)) = renumbered.first() {
        let _ = observer(Event::Note(format!(
            "{} repeated names are numbered otherwise than in the model (`{here}` is its `{wanted}`): taken for the same",
            renumbered.len()
        )));
    }
    let extra = table.frame.extra_beside(features, &categories);
    if !extra.is_empty() {
        let named = table::first_few(&extra);
        let (columns, is) = if extra.len() == 1 { ("column", "is no feature") } else { ("columns", "are no features") };
        let note = format!("{} {columns} that {is} of the model: ignored ({named})", extra.len());
        let _ = observer(Event::Note(note));
    }
    let Table { id_name, ids, frame, labels, .. } = table.aligned_to(features, &categories)?;
    let (prepared, applied) = model.preparation.apply_counting(frame)?;
    let errors = model.autoencoder.reconstruction_errors(prepared.view());
    let unlike = model.profile.unlikeness(&errors, prepared.view());
    Ok(NewRows { rows: RowNames { id_name, ids, labels }, prepared, errors, unlike, applied })
}

/// A sentence where the run that a model lies in found that it removes no noise.
#[must_use]
pub fn removes_no_noise(model: &Path) -> Option<String> {
    let run = if model.is_dir() { model } else { model.parent()? };
    let found = super::told::metrics_of(run).ok()?.training?.history.denoising?;
    (found.cleaned >= found.noisy).then(|| {
        format!(
            "on held-out rows the model brings noisy rows no nearer to the clean ones (squared error {:.3e} after, {:.3e} before)",
            found.cleaned, found.noisy
        )
    })
}

/// What is written about new rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// id, labels, codes, reconstruction error, and whether a row is unlike the training rows.
    Codes,
    /// id, labels, and the rows as reconstructed from their codes, in original units and columns.
    Rows,
    /// The same of a denoising model: rows with noise are unlike the clean ones that trained, and no feature is to blame.
    Cleaned,
    /// id, labels, and what each prepared value differs by from its reconstruction.
    Differences,
}

/// Reads a table of any length part by part, and hands what is to be written of each part to `sink`.
///
/// A row's code does not depend on its part. Levels that no training row had are counted over all parts.
///
/// # Errors
/// As [`read_rows`]; if a step of the preparation cannot be undone, naming it; and what `sink` answers.
pub fn in_parts(
    model: &Model,
    data: &Path,
    otherwise: &Otherwise,
    written: Written,
    observer: &mut Observer<'_>,
    sink: &mut dyn FnMut(Vec<Column>) -> Result<()>,
) -> Result<Count> {
    let read = reading::of(model, data, otherwise)?;
    let filling = reading::filling(model, otherwise)?;
    let model = filling.as_ref().unwrap_or(model);
    tell(&read.notes, observer);
    let order = match written {
        // numbers and levels lie apart in a frame: they go back among each other as the file has them
        Written::Rows | Written::Cleaned if !model.preparation.levels().is_empty() => {
            let categories = model.preparation.input_categories();
            let known = model.preparation.input_features().iter().chain(&categories).map(String::as_str);
            table::as_wanted(&known.collect::<Vec<_>>(), read.columns).into_iter().zip(0..).collect()
        }
        _ => HashMap::new(),
    };
    let mut count = Count::default();
    let mut said: Vec<Event> = Vec::new();
    let mut applied = Applied::default();
    let parts = table::parts(&read.input, Path::new(""), observer, &mut |table| {
        let new = prepare_rows(model, table, &mut |event| {
            if !said.contains(&event) {
                said.push(event);
            }
            std::ops::ControlFlow::Continue(())
        })?;
        applied.add(&new.applied);
        count.add(&new);
        if written != Written::Cleaned {
            count.add_blame(model, &new);
        }
        sink(match written {
            Written::Codes => {
                let codes = model.autoencoder.encode(new.prepared.view());
                let mut columns = super::work::code_columns(&new.rows, codes.view());
                columns.extend(unlike::columns(&new));
                columns
            }
            Written::Rows | Written::Cleaned => reconstructed(model, &new, &order)?,
            Written::Differences => {
                let differences = unlike::differences(model, &new.prepared);
                let mut columns = named_rows(&new);
                columns.extend(single_columns(model.preparation.features(), differences.view()));
                columns
            }
        })
    });
    parts.map_err(|error| reading::explained(error, model))?;
    for event in said {
        let _ = observer(event);
    }
    tell_applied(&applied, observer);
    Ok(count)
}

/// Says what had to be done to rows so that they fit.
fn tell_applied(applied: &Applied, observer: &mut Observer<'_>) {
    if applied.filled > 0 {
        let numbers = if applied.filled == 1 { "number was" } else { "numbers were" };
        let _ = observer(Event::Note(format!("{} missing {numbers} filled in", applied.filled)));
    }
    let bounded: usize = applied.bounded.values().sum();
    if bounded > 0 {
        let (lie, count) = if bounded == 1 { ("value lies", "counts") } else { ("values lie", "count") };
        let most = applied.bounded_most();
        let note = format!("{bounded} {lie} beyond the bounds of the preparation, and {count} as the bounds: {most}");
        let _ = observer(Event::Note(note));
    }
    for unseen in &applied.unseen_levels {
        let _ = observer(Event::Warning(unseen.sentence()));
    }
}

/// The columns of a table reconstructed from its codes, in original units and columns.
///
/// # Errors
/// If a step of the preparation cannot be undone, naming it.
fn reconstructed(model: &Model, new: &NewRows, order: &HashMap<String, usize>) -> Result<Vec<Column>> {
    let prepared = model.autoencoder.reconstruct(new.prepared.view());
    let frame = model.preparation.invert(prepared.view())?;
    let mut columns = named_rows(new);
    let mut numbers_and_levels = frame_columns(&frame);
    if !order.is_empty() {
        numbers_and_levels.sort_by_key(|column| order.get(&column.name).copied().unwrap_or(usize::MAX));
    }
    columns.extend(numbers_and_levels);
    Ok(columns)
}

/// Ids and labels as the table has them.
fn named_rows(new: &NewRows) -> Vec<Column> {
    let mut columns = vec![Column::text(&new.rows.id_name, new.rows.ids.iter().cloned())];
    columns.extend(write::labels_columns(&new.rows.labels));
    columns
}

fn single_columns(names: &[String], values: ArrayView2<f32>) -> Vec<Column> {
    let columns = names.iter().zip(values.axis_iter(Axis(1)));
    columns.map(|(name, values)| Column::single(name, values.iter().copied())).collect()
}

pub(super) fn frame_columns(frame: &Frame) -> Vec<Column> {
    let mut columns = single_columns(&frame.features, frame.values.view());
    columns.extend(frame.categories.iter().map(|category| Column {
        name: category.name.clone(),
        values: ColumnValues::Text(
            category.of_row.iter().map(|level| level.map(|level| category.levels[level as usize].clone())).collect(),
        ),
    }));
    columns
}

/// Writes a model as `encoder.onnx` and `decoder.onnx` into a folder, which is made where it is not there.
///
/// # Errors
/// If a file of ONNX cannot hold the model, or writing fails; neither file is new then.
pub fn export(model: &Model, target: &Path) -> Result<()> {
    let onnx = crate::export::onnx(model)?;
    let made = !target.exists();
    if made {
        std::fs::create_dir(target).map_err(|error| Error::io("make the folder", target, &error))?;
    }
    let files = [("decoder.onnx".to_owned(), onnx.decoder), ("encoder.onnx".to_owned(), onnx.encoder)];
    let written = super::folder::write_together(target, &files);
    if written.is_err() && made {
        // an empty folder that stays behind harms nothing
        let _ = std::fs::remove_dir(target);
    }
    written
}

/// Where a verb writes when the user names no file: beside the data, with the verb in the name.
#[must_use]
pub fn beside(data: &Path, verb: &str) -> PathBuf {
    let stem = data.file_stem().map_or_else(|| "table".to_owned(), |stem| stem.to_string_lossy().into_owned());
    data.with_file_name(format!("{stem}.{verb}.parquet"))
}
