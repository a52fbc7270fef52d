//! Drawing from what a run left, without computing it again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::folder::{self, Folder};
use super::pictures::Palette;
use super::read_back;
use super::record::Record;
use crate::error::{Error, Result, nearest};
use crate::event::Observer;
use crate::model::Model;
use crate::plot::{self, Format, PlotOptions};
use crate::table;
use crate::table::write::{Column, ColumnValues};

/// Draws a run's embedding colored by other columns; gives the path of the first file.
///
/// # Errors
/// If the run has no embedding or a column is not there.
pub fn plot(run: &Path, options: &PlotOptions, output: Option<&Path>, observer: &mut Observer<'_>) -> Result<PathBuf> {
    let record = Record::load(run)?;
    let (_, points) = read_back::read_embedding(run, &record)?;
    let model = Model::load(&run.join("model.safetensors"))?;
    let (rows, codes) =
        read_back::read_embedded(&run.join("codes.parquet"), &model.about.input.labels, model.autoencoder.code_size())?;
    let reliability = column_of(&run.join("embedding.parquet"), "reliability")?;
    let mut options = options.clone();
    if options.color_by.0.is_empty() {
        options.color_by.0.push(rows.labels.first().map_or_else(String::new, |label| label.name.clone()));
    }
    let options = &options;
    let known: Vec<&str> = rows.labels.iter().map(|label| label.name.as_str()).collect();
    let from_table: Vec<String> = options
        .color_by
        .0
        .iter()
        .filter(|name| super::pictures::is_feature(name) && !known.contains(&name.as_str()))
        .cloned()
        .collect();
    let row_errors = column_of(&run.join("embedding.parquet"), "reconstruction_error")?;
    let plan = crate::pipeline::Pipeline::load(&run.join("pipeline.yaml"), &[])?;
    let mut features = BTreeMap::new();
    if !from_table.is_empty() {
        // raw values are not kept in a run: its table is read again, by the plan the run left
        let files = table::read::input_files(&plan.pipeline.input, &plan.base)?;
        let now: BTreeMap<String, String> = super::keys::digests(&files, run)?.into_iter().collect();
        if now != record.inputs {
            return Err(Error::request("the table of the run was changed since").hint("run the pipeline again"));
        }
        features = super::data::colors(&plan.pipeline, &plan.base, &from_table, observer)?;
    }
    let palette = Palette {
        rows: &rows,
        codes: codes.view(),
        points: points.view(),
        reliability: &reliability,
        row_errors: &row_errors,
        features: &features,
        unit: super::pictures::unit_of(
            plan.pipeline.prepare.as_deref().unwrap_or_default(),
            plan.pipeline.autoencoder.loss,
        ),
    };
    let metrics = super::told::metrics_of(run)?;
    let caption = super::publish::caption(rows.ids.len(), codes.ncols(), metrics.faithfulness.as_ref());
    let stem = super::pictures::file_stem(&options.color_by.0);
    let drawn = palette.draw(&stem, options, &record.name, &caption)?;
    let (name, bytes) = drawn.first().ok_or_else(|| Error::failure("nothing was drawn"))?;
    if let Some(target) = output {
        folder::write_bytes(target, bytes)?;
        return Ok(target.to_owned());
    }
    let folder = Folder::open(run)?;
    let mut record = Record::load(run)?;
    let first = run.join(name);
    record.drawn.insert(name.clone());
    record.publish(&folder, drawn)?;
    Ok(first)
}

/// A figure of a run (`training`, `reconstruction`, …) as it was drawn, in another format.
///
/// # Errors
/// If the run has no such figure, with the nearest that it has, or its file was changed.
pub fn figure(run: &Path, name: &str, format: Format) -> Result<Vec<u8>> {
    let record = Record::load(run)?;
    let file = format!("{name}.svg");
    let known: Vec<&str> = record.files.keys().filter_map(|file| file.strip_suffix(".svg")).collect();
    let Some(digest) = record.files.get(&file) else {
        let error = Error::request(format!("the run `{}` has no figure `{name}`", run.display()));
        return Err(match nearest(name, known.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("it has {}", known.join(", "))),
        });
    };
    let path = run.join(&file);
    let svg = std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))?;
    if folder::digest(svg.as_bytes()) != *digest {
        return Err(
            Error::request(format!("`{}` was changed since the run", path.display())).hint("run its pipeline again")
        );
    }
    Ok(plot::render(&svg, format)?)
}

/// Writes a run's report again from what the run left.
///
/// # Errors
/// If the run is not finished or was changed.
pub fn report(run: &Path) -> Result<PathBuf> {
    let plan = crate::pipeline::Pipeline::load(&run.join("pipeline.yaml"), &[])?;
    let mut record = Record::load(run)?;
    let page = super::told::page_of_run(run, &plan, &record)?;
    let folder = Folder::open(run)?;
    record.publish(&folder, vec![("report.html".to_owned(), page.into_bytes())])?;
    Ok(run.join("report.html"))
}

/// One column of a file of ours; empty where it has none of that name.
pub(super) fn column_of(path: &Path, name: &str) -> Result<Vec<f32>> {
    Ok(table::read::columns(path)?
        .into_iter()
        .find_map(|column| match column {
            Column { name: found, values: ColumnValues::Single(values) } if found == name => Some(values),
            _ => None,
        })
        .unwrap_or_default())
}
