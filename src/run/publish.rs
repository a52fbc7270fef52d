//! Everything a run leaves for its user, written whole, the record last.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ndarray::ArrayView2;

use super::courses;
use super::data::RowNames;
use super::folder;
use super::measure::Measured;
use super::named;
use super::pictures::{self, Palette};
use super::record::{self, Machine, Record};
use super::told::Told;
use super::work::{Coded, LaidOut, Trained, Work};
use super::{Faithfulness, Metrics, Outcome};
use crate::embed;
use crate::error::{Error, Result};
use crate::event::{Event, Observer, Stage};
use crate::pipeline::{Loaded, Pipeline, tidy};
use crate::table::LabelValues;
use crate::table::write::{self, Column, ColumnValues};
use crate::value::{OneOrMany, Switch};

impl Work<'_> {
    /// Draws, reports and writes everything, and the record last.
    ///
    /// # Errors
    /// If drawing or writing fails; what an earlier run left is then as it was, or replaced by its successor.
    pub(super) fn publish(
        mut self,
        trained: Trained,
        coded: Coded,
        laid_out: Option<LaidOut>,
        measured: Measured,
        observer: &mut Observer<'_>,
    ) -> Result<Outcome> {
        let colors = self.colors(observer)?;
        let loaded = self.loaded;
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        let mut meter = std::mem::take(&mut self.meter);
        meter.stage(Stage::Plot, observer, |_| {
            files.push(("training.svg".to_owned(), courses::training(&trained.record, &loaded.name)?.into_bytes()));
            if let Some(laid_out) = &laid_out {
                let unit = pictures::unit_of(&trained.record.steps, trained.record.options.loss);
                files.extend(maps(loaded, &coded, laid_out, &measured, &colors, unit)?);
            }
            let (errors, rebuilt) = (&measured.row_errors, measured.reconstruction.as_ref());
            let figures = measured.looks.draw(coded.codes.view(), errors, rebuilt, &coded.rows.ids)?;
            for (name, svg) in figures.into_iter().chain(courses::of_training(&trained.record)?) {
                files.push((name.to_owned(), svg.into_bytes()));
            }
            Ok(())
        })?;
        if let Some(laid_out) = &laid_out {
            let mut bytes = Vec::new();
            let mut columns = embedding_columns(&coded.rows, laid_out.points.view());
            columns.extend(measured_columns(&measured, coded.rows.ids.len()));
            write::parquet(&mut bytes, columns)?;
            files.push(("embedding.parquet".to_owned(), bytes));
        }
        let metrics = Metrics {
            reconstruction: measured.reconstruction.clone(),
            faithfulness: measured.faithfulness.clone(),
            scored_label: measured.scored_label.clone(),
            verdict: measured.verdict.clone(),
            training: Some(trained.record.clone()),
            embedding: laid_out.as_ref().map(|laid_out| laid_out.record.clone()),
        };
        let plan = resolved(loaded, &trained, laid_out.as_ref())?;
        files.push(("metrics.json".to_owned(), pretty(&metrics)?));
        files.push(("pipeline.yaml".to_owned(), plan.to_yaml()?.into_bytes()));
        files.push(("model.safetensors".to_owned(), trained.bytes.clone()));
        files.push(("codes.parquet".to_owned(), coded.bytes.clone()));
        let figures: Vec<(String, String)> = files
            .iter()
            .filter(|(name, _)| name.ends_with(".svg"))
            .map(|(name, bytes)| (name.clone(), String::from_utf8_lossy(bytes).into_owned()))
            .collect();
        let stages = meter.stages.clone();
        let told = Told {
            name: &loaded.name,
            plan: &plan,
            metrics: &metrics,
            rows: &coded.rows,
            codes: coded.codes.view(),
            points: laid_out.as_ref().map(|laid_out| laid_out.points.view()),
            reliability: &measured.reliability,
            row_errors: &measured.row_errors,
            figures: &figures,
            stages: &stages,
            files: files
                .iter()
                .map(|(name, _)| name.clone())
                .chain(["report.html".to_owned(), record::FILE.to_owned()])
                .collect(),
        };
        let page = meter.stage(Stage::Report, observer, |_| told.page())?;
        let summary = Told { stages: &meter.stages, ..told }.summary(&loaded.output);
        files.push(("report.html".to_owned(), page.into_bytes()));
        let mut record = Record {
            format: 1,
            written_by: format!("reduce {}", env!("CARGO_PKG_VERSION")),
            name: loaded.name.clone(),
            seed: loaded.pipeline.seed,
            rows: coded.rows.ids.len(),
            features: trained.record.features,
            inputs: self.inputs.iter().cloned().collect(),
            stages: meter.stages,
            files: BTreeMap::new(),
            drawn: BTreeSet::new(),
            neighbors: self.graph.clone(),
            machine: Machine::here(),
            digest: String::new(),
        };
        let folder = self.folder()?;
        let earlier = Record::load(folder.path()).ok();
        record.files =
            earlier.as_ref().map(|earlier| maps_that_stay(folder.path(), earlier, &files)).unwrap_or_default();
        record.drawn = record.files.keys().cloned().collect();
        record.publish(folder, files)?;
        let earlier = earlier.map(|earlier| earlier.files).unwrap_or_default();
        let is_name = |name: &String| Path::new(name).file_name() == Some(name.as_ref());
        let gone: Vec<&String> =
            earlier.keys().filter(|name| is_name(name) && !record.files.contains_key(*name)).collect();
        gone.iter().for_each(|name| folder.remove(name));
        if !gone.is_empty() {
            let named = crate::table::first_few(&gone);
            let _ = observer(Event::Warning(format!("removed, because they show what was there before: {named}")));
        }
        self.forget_the_rest();
        Ok(Outcome { folder: loaded.output.clone(), metrics, record, summary })
    }
}

/// The maps that `plot` drew into the folder, if they show the points that this run publishes and it does not draw them
/// itself; with their digests.
fn maps_that_stay(run: &Path, earlier: &Record, files: &[(String, Vec<u8>)]) -> BTreeMap<String, String> {
    const POINTS: &str = "embedding.parquet";
    let points = files.iter().find(|(name, _)| name == POINTS).map(|(_, bytes)| folder::digest(bytes));
    if points.is_none() || earlier.files.get(POINTS) != points.as_ref() {
        return BTreeMap::new();
    }
    let stays = |(name, digest): &(&String, &String)| {
        earlier.drawn.contains(*name)
            && files.iter().all(|(drawn, _)| drawn != *name)
            && folder::digest_of(&run.join(name)).ok().as_ref() == Some(*digest)
    };
    earlier.files.iter().filter(stays).map(|(name, digest)| (name.clone(), digest.clone())).collect()
}

/// The names of all files a run of this pipeline writes.
pub(super) fn names(pipeline: &Pipeline) -> Vec<String> {
    let always = [
        "codes.parquet",
        "embedding.parquet",
        "metrics.json",
        "model.safetensors",
        "pipeline.yaml",
        "report.html",
        record::FILE,
        "training.svg",
        "reconstruction.svg",
        "codes.svg",
        "variance.svg",
        "distances.svg",
        "errors.svg",
        "code_sizes.svg",
        "parts.svg",
        "activity.svg",
    ];
    let mut names: Vec<String> = always.map(str::to_owned).to_vec();
    if pipeline.tsne.on().is_some() {
        for (stem, plot) in pictures::named(pictures::plots_wanted(pipeline)) {
            names.extend(plot.format.0.iter().map(|format| format!("{stem}.{}", format.extension())));
        }
    }
    names
}

/// The maps of a run.
fn maps(
    loaded: &Loaded,
    coded: &Coded,
    laid_out: &LaidOut,
    measured: &Measured,
    features: &BTreeMap<String, LabelValues>,
    unit: Option<&'static str>,
) -> Result<Vec<(String, Vec<u8>)>> {
    let palette = Palette {
        rows: &coded.rows,
        codes: coded.codes.view(),
        points: laid_out.points.view(),
        reliability: &measured.reliability,
        row_errors: &measured.row_errors,
        features,
        unit,
    };
    let caption = caption(coded.rows.ids.len(), coded.codes.ncols(), measured.faithfulness.as_ref());
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (stem, options) in pictures::named(pictures::plots_wanted(&loaded.pipeline)) {
        files.extend(palette.draw(&stem, &options, &loaded.name, &caption)?);
    }
    Ok(files)
}

/// What a map was made from, and what it hides.
pub(super) fn caption(rows: usize, code_size: usize, faithfulness: Option<&Faithfulness>) -> String {
    let made = format!("t-SNE of {} rows from codes of {code_size} numbers", grouped(rows));
    let kept = faithfulness.and_then(|faithfulness| faithfulness.embedding.as_ref());
    kept.map_or(made.clone(), |kept| {
        format!(
            "{made}. Trustworthiness {:.3}; {:.0} % of the {} nearest neighbors kept.",
            kept.trustworthiness,
            100.0 * kept.knn_recall,
            kept.neighbors
        )
    })
}

/// A count with a comma between thousands.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Where rows lie on a map: id, labels, x, y.
pub(super) fn embedding_columns(rows: &RowNames, points: ArrayView2<f32>) -> Vec<Column> {
    let mut columns = named::columns(rows);
    for (name, values) in ["x", "y"].into_iter().zip(points.columns()) {
        columns.push(Column::single(name, values.iter().copied()));
    }
    columns
}

/// What was measured of each of a run's `rows` rows, where it was: reliability, reconstruction error, and whether the row was
/// held out, without which its error says little.
fn measured_columns(measured: &Measured, rows: usize) -> Vec<Column> {
    let mut columns = Vec::new();
    for (name, values) in [("reliability", &measured.reliability), ("reconstruction_error", &measured.row_errors)] {
        if !values.is_empty() {
            columns.push(Column::single(name, values.iter().copied()));
        }
    }
    // a stage that an earlier version kept does not say it
    if !measured.looks.held_out.is_empty() {
        let flags = ColumnValues::Flag(measured.looks.is_held_out(rows));
        columns.push(Column { name: "held_out".to_owned(), values: flags });
    }
    columns
}

/// The pipeline with every default and every `auto` a value, its paths seen from the run folder.
pub(super) fn resolved(loaded: &Loaded, trained: &Trained, laid_out: Option<&LaidOut>) -> Result<Pipeline> {
    let mut plan = loaded.pipeline.clone();
    plan.name = Some(loaded.name.clone());
    plan.prepare = Some(trained.record.steps.clone());
    plan.autoencoder = trained.record.options.clone();
    if let (Switch::On(tsne), Some(laid_out)) = (&plan.tsne, laid_out) {
        let mut tsne = tsne.resolve(laid_out.points.nrows(), trained.model.autoencoder.code_size())?;
        if let embed::Start::From(run) = &tsne.start {
            tsne.start =
                embed::Start::From(seen_from(&loaded.output, &loaded.base, Path::new(run)).display().to_string());
        }
        plan.tsne = Switch::On(tsne);
    }
    plan.plots = Some(pictures::plots_wanted(&loaded.pipeline));
    plan.input.path =
        OneOrMany(plan.input.path.0.iter().map(|path| seen_from(&loaded.output, &loaded.base, path)).collect());
    if let Some(metadata) = &mut plan.input.metadata {
        metadata.path = seen_from(&loaded.output, &loaded.base, &metadata.path);
    }
    plan.output = Some(PathBuf::from("."));
    Ok(plan)
}

/// A path as seen from another folder; one that the user gave in full stays so.
fn seen_from(folder: &Path, base: &Path, path: &Path) -> PathBuf {
    if path.is_absolute() {
        return path.to_owned();
    }
    let (Ok(from), Ok(to)) = (std::path::absolute(folder), std::path::absolute(base.join(path))) else {
        return path.to_owned();
    };
    pathdiff::diff_paths(tidy(&to), tidy(&from)).unwrap_or(to)
}

fn pretty<T: serde::Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|error| Error::failure(format!("cannot write JSON: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!([grouped(7), grouped(1_797), grouped(70_000)], ["7", "1,797", "70,000"]);
    }

    #[test]
    fn a_relative_path_is_seen_from_the_run_folder() {
        let seen = seen_from(Path::new("/a/runs/genes"), Path::new("/a/pipelines"), Path::new("../data/genes.parquet"));
        assert_eq!(seen, Path::new("../../data/genes.parquet"));
    }
}
