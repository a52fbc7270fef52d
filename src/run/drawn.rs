//! New rows out of a variational model: drawn, or between two rows of its run.

use std::collections::HashMap;
use std::path::Path;

use ndarray::{Array2, Axis};

use super::apply::frame_columns;
use super::data::RowNames;
use super::read_back::read_embedded;
use crate::autoencoder::Mixture;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::seed::Seed;
use crate::table::Frame;
use crate::table::write::Column;

/// Normal distributions in a mixture fitted to codes.
const COMPONENTS: usize = 10;

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
        columns.extend(in_order(model, &frame));
        sink(columns)?;
        done += rows;
    }
    Ok(())
}

/// A sentence where the codes that lie beside a model spread so much wider than the standard normal distribution that rows
/// drawn from it are unlike the data.
#[must_use]
pub fn misfit(path: &Path, model: &Model) -> Option<String> {
    const TOO_WIDE: f64 = 1.25;
    let codes = codes_beside(path, model).ok()?;
    let widest = codes.std_axis(Axis(0), 0.0).iter().fold(0.0_f64, |widest, one| widest.max(f64::from(*one)));
    (widest > TOO_WIDE).then(|| {
        format!(
            "the codes of the run spread up to {widest:.1} times as wide as the normal distribution that is drawn from: rows \
             drawn with `--from mixture` are nearer to the data, and so are those of a model trained with a larger `beta`"
        )
    })
}

/// A mixture fitted to the codes that lie beside a model in its run folder.
///
/// # Errors
/// If there are no codes beside the model.
pub fn mixture(path: &Path, model: &Model, seed: Seed) -> Result<Mixture> {
    let codes = codes_beside(path, model)?;
    Ok(Mixture::fit(codes.view(), COMPONENTS.min(codes.nrows()), seed))
}

fn codes_beside(path: &Path, model: &Model) -> Result<Array2<f32>> {
    Ok(rows_beside(path, model)?.1)
}

/// The rows of the run that a model lies in, and their codes.
fn rows_beside(path: &Path, model: &Model) -> Result<(RowNames, Array2<f32>)> {
    let run = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    read_embedded(&run.join("codes.parquet"), &model.about.input.labels, model.autoencoder.code_size())
}

/// Rows in equal steps from one row of a run to another, along the line between their codes, in original units and
/// columns.
///
/// # Errors
/// If there are no codes beside the model or none of such an id, or a step of the preparation cannot be undone.
pub fn between(path: &Path, model: &Model, ends: [&str; 2], steps: usize) -> Result<Vec<Column>> {
    let (rows, codes) = rows_beside(path, model)?;
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
    columns.extend(in_order(model, &frame));
    Ok(columns)
}

/// The columns of a frame in the order that the model's table had.
fn in_order(model: &Model, frame: &Frame) -> Vec<Column> {
    let place: HashMap<&str, usize> = model.about.order.iter().map(String::as_str).zip(0..).collect();
    let mut columns = frame_columns(frame);
    columns.sort_by_key(|column| place.get(column.name.as_str()).copied());
    columns
}
