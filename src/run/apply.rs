//! What a trained model does to new rows: encode, reconstruct, denoise, sample, place.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};

use super::data::RowNames;
use super::record::Record;
use crate::autoencoder::Mixture;
use crate::embed;
use crate::error::{Error, Result};
use crate::evaluate::Unlikeness;
use crate::event::{Event, Observer};
use crate::model::Model;
use crate::seed::Seed;
use crate::table::write::{self, Column, ColumnValues};
use crate::table::{self, Frame, Input, Label, LabelValues, Table};
use crate::value::OneOrMany;

/// Normal distributions in a mixture fitted to codes.
const COMPONENTS: usize = 10;

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
    /// Columns of levels and the number of rows with a level that no training row had.
    pub unseen_levels: Vec<(String, usize)>,
}

impl NewRows {
    /// How many rows are unlike the training rows.
    #[must_use]
    pub fn flagged(&self) -> usize {
        self.unlike.flags.iter().filter(|flag| **flag).count()
    }
}

/// Reads new rows and prepares them with the model's fitted steps; features are matched by name.
///
/// # Errors
/// If the table cannot be read or lacks features of the model, which are named.
pub fn read_rows(model: &Model, data: &Path, observer: &mut Observer<'_>) -> Result<NewRows> {
    let input = new_input(model, data)?;
    let table = table::read::read(&input, Path::new(""), observer)?;
    let new = prepare_rows(model, table, observer)?;
    tell_unseen(&new.unseen_levels, observer);
    Ok(new)
}

/// Prepares a table with a model's fitted steps; features are matched by name.
///
/// # Errors
/// If it lacks features of the model, which are named, or holds values that a step does not take.
pub(super) fn prepare_rows(model: &Model, table: Table, observer: &mut Observer<'_>) -> Result<NewRows> {
    let (features, categories) = (model.preparation.input_features(), model.preparation.input_categories());
    let extra = table.frame.extra_beside(features, &categories);
    if extra > 0 {
        let _ = observer(Event::Note(format!("{extra} columns that the model does not know are ignored")));
    }
    let Table { id_name, ids, frame, labels, .. } = table.aligned_to(features, &categories)?;
    let (prepared, applied) = model.preparation.apply_counting(frame)?;
    let errors = model.autoencoder.reconstruction_errors(prepared.view());
    let unlike = model.profile.unlikeness(&errors, prepared.view());
    let unseen_levels = applied.unseen_levels;
    Ok(NewRows { rows: RowNames { id_name, ids, labels }, prepared, errors, unlike, unseen_levels })
}

/// How new rows are read: as the model's own were, with the labels that are there.
fn new_input(model: &Model, data: &Path) -> Result<Input> {
    let mut input = input_of(model);
    input.path = OneOrMany(vec![table::read::absolute(data)]);
    let schema = table::read::schema(&Input { labels: Vec::new(), id: None, ..input.clone() }, Path::new(""))?;
    Ok(with_what_is_there(input, |name| schema.columns.iter().any(|(column, _)| column == name)))
}

/// How a model's own rows were read, without what was decided when it was trained.
pub(super) fn input_of(model: &Model) -> Input {
    let mut input = Input { rows: None, ..model.about.input.clone() };
    // which columns there are was decided when the model was trained
    input.categorical.max_levels = usize::MAX;
    input.missing.drop_feature_above = None;
    input
}

/// The same without labels and id that are not there.
pub(super) fn with_what_is_there(mut input: Input, there: impl Fn(&String) -> bool) -> Input {
    input.labels.retain(&there);
    input.id = input.id.filter(there);
    input
}

/// A sentence on how unlike the new rows are, where that is worth saying.
#[must_use]
pub fn unlike_sentence(flagged: usize, rows: usize) -> Option<String> {
    const WORTH_SAYING: f64 = 0.05;
    (flagged as f64 >= WORTH_SAYING * rows as f64 && flagged > 0)
        .then(|| format!("{flagged} of {rows} rows are unlike the training rows: their codes may mean little"))
}

/// What is written about new rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// id, labels, codes, reconstruction error, and whether a row is unlike the training rows.
    Codes,
    /// id, labels, and the rows as reconstructed from their codes, in original units and columns.
    Rows,
}

/// How many rows were written, and how many of them are unlike the training rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Rows written.
    pub rows: usize,
    /// Rows that are unlike the training rows.
    pub flagged: usize,
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
    written: Written,
    observer: &mut Observer<'_>,
    sink: &mut dyn FnMut(Vec<Column>) -> Result<()>,
) -> Result<Count> {
    let input = new_input(model, data)?;
    let order = match written {
        // numbers and levels lie apart in a frame: they go back among each other as the file has them
        Written::Rows if !model.preparation.levels().is_empty() => {
            let columns = table::read::schema(&input, Path::new(""))?.columns;
            columns.into_iter().map(|(name, _)| name).zip(0..).collect()
        }
        _ => HashMap::new(),
    };
    let mut count = Count::default();
    let mut said: Vec<Event> = Vec::new();
    let mut unseen: BTreeMap<String, usize> = BTreeMap::new();
    table::parts(&input, Path::new(""), observer, &mut |table| {
        let new = prepare_rows(model, table, &mut |event| {
            if !said.contains(&event) {
                said.push(event);
            }
            std::ops::ControlFlow::Continue(())
        })?;
        for (column, rows) in &new.unseen_levels {
            *unseen.entry(column.clone()).or_default() += rows;
        }
        count.rows += new.rows.ids.len();
        count.flagged += new.flagged();
        sink(match written {
            Written::Codes => {
                let codes = model.autoencoder.encode(new.prepared.view());
                let mut columns = super::work::code_columns(&new.rows, codes.view());
                columns.extend(unlike_columns(&new));
                columns
            }
            Written::Rows => reconstructed(model, &new, &order)?,
        })
    })?;
    for event in said {
        let _ = observer(event);
    }
    tell_unseen(&unseen.into_iter().collect::<Vec<_>>(), observer);
    Ok(count)
}

fn tell_unseen(levels: &[(String, usize)], observer: &mut Observer<'_>) {
    for (column, rows) in levels {
        let _ =
            observer(Event::Warning(format!("column `{column}` has a level that no training row had in {rows} rows")));
    }
}

fn unlike_columns(new: &NewRows) -> [Column; 2] {
    [
        Column::single("reconstruction_error", new.errors.iter().copied()),
        Column { name: "unlike_training".to_owned(), values: ColumnValues::Flag(new.unlike.flags.clone()) },
    ]
}

/// The columns of a table reconstructed from its codes, in original units and columns.
///
/// # Errors
/// If a step of the preparation cannot be undone, naming it.
fn reconstructed(model: &Model, new: &NewRows, order: &HashMap<String, usize>) -> Result<Vec<Column>> {
    let prepared = model.autoencoder.reconstruct(new.prepared.view());
    let frame = model.preparation.invert(prepared.view())?;
    let mut columns = vec![Column::text(&new.rows.id_name, new.rows.ids.iter().cloned())];
    columns.extend(write::labels_columns(&new.rows.labels));
    let mut numbers_and_levels = frame_columns(&frame);
    if !order.is_empty() {
        numbers_and_levels.sort_by_key(|column| order.get(&column.name).copied().unwrap_or(usize::MAX));
    }
    columns.extend(numbers_and_levels);
    Ok(columns)
}

/// Where the codes of new rows are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub enum DrawnFrom {
    /// The standard normal distribution.
    Normal,
    /// A mixture fitted to the codes of the run.
    Mixture(Mixture),
}

/// Draws new rows from a variational autoencoder, in original units and columns, and hands them to `sink` part by part.
///
/// # Errors
/// If the model is not variational, or a step of the preparation cannot be undone; and what `sink` answers.
pub fn sample(
    model: &Model,
    from: &DrawnFrom,
    count: usize,
    seed: Seed,
    sink: &mut dyn FnMut(Vec<Column>) -> Result<()>,
) -> Result<()> {
    const BYTES: usize = 64 << 20;
    let most = (BYTES / 4 / model.preparation.features().len().max(1)).clamp(64, 1 << 17);
    let mixture = match from {
        DrawnFrom::Normal => None,
        DrawnFrom::Mixture(mixture) => Some(mixture),
    };
    let mut draw = model.autoencoder.draw(mixture, seed)?;
    let mut done = 0;
    while done < count {
        let rows = most.min(count - done);
        let frame = model.preparation.invert(draw.next(rows).view())?;
        let mut columns = vec![Column::text("sample", (done..done + rows).map(|row| row.to_string()))];
        columns.extend(frame_columns(&frame));
        sink(columns)?;
        done += rows;
    }
    Ok(())
}

/// A mixture fitted to the codes that lie beside a model in its run folder.
///
/// # Errors
/// If there are no codes beside the model.
pub fn mixture(path: &Path, model: &Model, seed: Seed) -> Result<Mixture> {
    let run = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let (_, codes) =
        read_embedded(&run.join("codes.parquet"), &model.about.input.labels, model.autoencoder.code_size())?;
    Ok(Mixture::fit(codes.view(), COMPONENTS.min(codes.nrows()), seed))
}

/// Rows in equal steps from one row of a run to another, along the line between their codes, in original units and
/// columns.
///
/// # Errors
/// If there are no codes beside the model or none of such an id, or a step of the preparation cannot be undone.
pub fn between(path: &Path, model: &Model, ends: [&str; 2], steps: usize) -> Result<Vec<Column>> {
    let run = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let (rows, codes) =
        read_embedded(&run.join("codes.parquet"), &model.about.input.labels, model.autoencoder.code_size())?;
    let code = |id: &str| {
        let place = rows.ids.iter().position(|known| known == id).ok_or_else(|| {
            let error = Error::request(format!("no row of the run is called `{id}`"));
            error.hint(format!("the names are in the column `{}` of `codes.parquet`", rows.id_name))
        })?;
        Ok::<_, Error>(codes.row(place))
    };
    let prepared = model.autoencoder.between(code(ends[0])?, code(ends[1])?, steps);
    let frame = model.preparation.invert(prepared.view())?;
    let mut columns = vec![Column::text("step", (0..steps).map(|step| step.to_string()))];
    columns.extend(frame_columns(&frame));
    Ok(columns)
}

fn frame_columns(frame: &Frame) -> Vec<Column> {
    let numbers = frame.features.iter().zip(frame.values.axis_iter(Axis(1)));
    let mut columns: Vec<Column> = numbers.map(|(name, values)| Column::single(name, values.iter().copied())).collect();
    columns.extend(frame.categories.iter().map(|category| Column {
        name: category.name.clone(),
        values: ColumnValues::Text(
            category.of_row.iter().map(|level| level.map(|level| category.levels[level as usize].clone())).collect(),
        ),
    }));
    columns
}

/// New rows placed on the embedding of a run; the run's own points stay where they are.
///
/// # Errors
/// If the run has no embedding, its model does not fit the rows, or its files were changed.
pub fn placed(run: &Path, data: &Path, observer: &mut Observer<'_>) -> Result<(Vec<Column>, NewRows)> {
    let record = Record::load(run)?;
    let changed = record.verify(run);
    if !changed.is_empty() {
        return Err(Error::request(format!("`{}` was changed since the run: {}", run.display(), changed.join(", ")))
            .hint("run its pipeline again"));
    }
    let model = Model::load(&run.join("model.safetensors"))?;
    let (_, old_codes) =
        read_embedded(&run.join("codes.parquet"), &model.about.input.labels, model.autoencoder.code_size())?;
    let (_, old_points) = read_embedding(run, &record)?;
    let new = read_rows(&model, data, observer)?;
    let codes = model.autoencoder.encode(new.prepared.view());
    let placement = embed::place(codes.view(), old_codes.view(), old_points.view(), observer)?;
    let mut columns = super::publish::embedding_columns(&new.rows, placement.points.view(), &[], &[]);
    columns.extend(unlike_columns(&new));
    Ok((columns, new))
}

/// The rows and coordinates of a run's embedding.
///
/// # Errors
/// If the run laid nothing out.
pub fn read_embedding(run: &Path, record: &Record) -> Result<(RowNames, Array2<f32>)> {
    if !record.files.contains_key("embedding.parquet") {
        return Err(Error::request(format!("the run `{}` has no embedding", run.display()))
            .hint("run it with `tsne` switched on"));
    }
    let path = run.join("embedding.parquet");
    let columns = table::read::columns(&path)?;
    let sides = columns.iter().filter(|column| column.name == "x" || column.name == "y").count();
    split_columns(columns, sides, |name| name == "x" || name == "y", &path)
}

/// The rows and codes of a file as `codes.parquet`.
///
/// # Errors
/// If it cannot be read or has another number of codes.
pub fn read_embedded(path: &Path, labels: &[String], size: usize) -> Result<(RowNames, Array2<f32>)> {
    let columns = table::read::columns(path)?;
    let is_code = |name: &str| name.starts_with("code_") && !labels.iter().any(|label| label == name);
    split_columns(columns, size, is_code, path)
}

/// Parts a table of ours into its rows' names and its numbers.
fn split_columns(
    columns: Vec<Column>,
    expected: usize,
    is_number: impl Fn(&str) -> bool,
    path: &Path,
) -> Result<(RowNames, Array2<f32>)> {
    let foreign = |what: &str| Error::request(format!("`{}` is not a file of a run: {what}", path.display()));
    let mut columns = columns.into_iter();
    let (id_name, ids) = match columns.next() {
        Some(Column { name, values: ColumnValues::Text(ids) }) => {
            (name, ids.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>())
        }
        _ => return Err(foreign("its first column holds no ids")),
    };
    let (mut labels, mut numbers) = (Vec::new(), Vec::new());
    for column in columns {
        match column.values {
            ColumnValues::Single(values) if is_number(&column.name) => numbers.push(values),
            values if column.name != "reliability" => labels.extend(label(column.name, values)),
            _ => {}
        }
    }
    if numbers.len() != expected || expected == 0 {
        return Err(foreign(&format!("it has {} columns of numbers, not {expected}", numbers.len())));
    }
    let values = Array2::from_shape_fn((ids.len(), expected), |(row, column)| numbers[column][row]);
    Ok((RowNames { id_name, ids, labels }, values))
}

fn label(name: String, values: ColumnValues) -> Option<Label> {
    let values = match values {
        ColumnValues::Text(texts) => {
            let mut levels: Vec<String> = texts.iter().flatten().cloned().collect();
            levels.sort();
            levels.dedup();
            // in the order in which the table's reader gives them
            if levels.iter().all(|level| level.parse::<i64>().is_ok()) {
                levels.sort_by_key(|level| level.parse::<i64>().unwrap_or_default());
            }
            let places: std::collections::HashMap<&String, u32> = levels.iter().zip(0..).collect();
            let place = |text: &String| places.get(text).copied();
            let of_row = texts.iter().map(|text| text.as_ref().and_then(place)).collect();
            drop(places);
            LabelValues::Classes { levels, of_row }
        }
        ColumnValues::Double(numbers) => {
            LabelValues::Numbers(numbers.into_iter().map(|number| (!number.is_nan()).then_some(number)).collect())
        }
        ColumnValues::Single(_) | ColumnValues::Integer(_) | ColumnValues::Flag(_) => return None,
    };
    Some(Label { name, values })
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
