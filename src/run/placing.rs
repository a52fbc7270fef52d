//! New rows on the map of a run.

use std::path::Path;

use ndarray::ArrayView2;

use super::apply::{NewRows, read_rows, unlike_columns};
use super::graph;
use super::read_back::{read_embedded, read_embedding};
use super::reading::Otherwise;
use super::record::Record;
use crate::embed;
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::model::Model;
use crate::neighbors::{Neighbors, outlier_factors, outlier_limit};
use crate::table::write::{Column, ColumnValues};

/// New rows placed on the embedding of a run; the run's own points stay where they are.
///
/// # Errors
/// If the run has no embedding, its model does not fit the rows, or its files were changed.
pub fn placed(
    run: &Path,
    data: &Path,
    otherwise: &Otherwise,
    observer: &mut Observer<'_>,
) -> Result<(Vec<Column>, NewRows)> {
    if run.is_file() {
        let folder = run.parent().unwrap_or(run).display();
        return Err(Error::request(format!(
            "`{}` is a file, and rows are placed on the map of a run folder",
            run.display()
        ))
        .hint(format!("give the folder of the run: `{folder}`")));
    }
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
    let new = read_rows(&model, data, otherwise, observer)?;
    let codes = model.autoencoder.encode(new.prepared.view());
    let placement = embed::place(codes.view(), old_codes.view(), old_points.view(), observer)?;
    let mut columns = super::publish::embedding_columns(&new.rows, placement.points.view(), &[], &[]);
    columns.extend(outlier_columns(run, &record, old_codes.view(), placement.nearest, observer)?);
    columns.extend(unlike_columns(&new));
    Ok((columns, new))
}

/// How far outside the rows of the run each placed row lies among the codes: t-SNE puts it beside some rows all the same.
fn outlier_columns(
    run: &Path,
    record: &Record,
    old_codes: ArrayView2<f32>,
    near: Neighbors,
    observer: &mut Observer<'_>,
) -> Result<[Column; 2]> {
    let count = near.count().min(old_codes.nrows() - 1);
    let old = graph::of_run(run, record, old_codes, count)?;
    let factors = outlier_factors(&graph::nearest(near, count), &old);
    let limit = outlier_limit(&old);
    let outside: Vec<bool> = factors.iter().map(|factor| *factor > limit).collect();
    let flagged = outside.iter().filter(|outside| **outside).count();
    if flagged > 0 {
        let lie = if flagged == 1 { "lies" } else { "lie" };
        let said = format!(
            "{flagged} of {} placed rows {lie} further outside the rows of `{}` than 99 % of those do: where they land \
             says little (`outlier` in the table)",
            outside.len(),
            run.display()
        );
        let usual = flagged as f64 <= 0.02 * outside.len() as f64;
        let said = if usual { format!("{said}; of rows of the same kind about 1 % do") } else { said };
        let _ = observer(if usual { Event::Note(said) } else { Event::Warning(said) });
    }
    Ok([
        Column::single("outlier_factor", factors.into_iter()),
        Column { name: "outlier".to_owned(), values: ColumnValues::Flag(outside) },
    ])
}
