//! What each stage's result depends on, and which of them an earlier run left.

use std::path::{Path, PathBuf};

use super::checkpoint;
use super::folder;
use super::kept::{Kept, Key};
use super::{Reuse, TrainingRecord, pictures};
use crate::embed;
use crate::error::{Error, Result};
use crate::event::Stage;
use crate::neighbors::Method;
use crate::pipeline::Loaded;
use crate::table::{self, Input};
use crate::value::OneOrMany;

/// The key of each stage's result.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) model: Key,
    pub(super) neighbors: Key,
    pub(super) embedding: Key,
    pub(super) measures: Key,
    /// The digest of the embedding that the map starts from, if it starts from one.
    pub(super) start: Option<String>,
}

impl Keys {
    pub(super) fn of(loaded: &Loaded, inputs: &[(String, String)]) -> Result<Self> {
        let pipeline = &loaded.pipeline;
        // where the table lies does not change what it holds; the order of its files does
        let input = Input { path: OneOrMany(vec![PathBuf::new()]), ..pipeline.input.clone() };
        let digests: Vec<&String> = inputs.iter().map(|(_, digest)| digest).collect();
        let model = Key::of(&[
            &"model",
            &digests,
            &input,
            &pipeline.prepare,
            &pipeline.autoencoder,
            &pipeline.seed,
            &loaded.name,
        ])?;
        let tsne = pipeline.tsne.on();
        // how many neighbors there are is told by the file's name
        let method = tsne.map(|options| options.neighbors);
        let neighbors = Key::of(&[&"neighbors", &model.as_str(), &method])?;
        let start = start(loaded)?;
        let embedding = Key::of(&[&"embedding", &model.as_str(), &pipeline.tsne, &start])?;
        let measures = Key::of(&[&"measures", &embedding.as_str(), &pipeline.evaluate])?;
        Ok(Self { model, neighbors, embedding, measures, start })
    }
}

impl Keys {
    /// The file of so many neighbors of every row.
    pub(super) fn neighbors_file(&self, count: usize) -> String {
        self.neighbors.file(&format!("neighbors-{count}"), "bin")
    }

    /// A kept file with the neighbors that are needed, and how many it holds: where they are exact, any that holds as many,
    /// because the nearest of more are the same; where not, one that holds no more.
    pub(super) fn kept_neighbors(&self, kept: &Kept, needed: usize, exact: bool) -> Option<(String, usize)> {
        let counts = kept.names().filter_map(|name| {
            let count = name.strip_prefix("neighbors-")?.split('-').next()?.parse().ok()?;
            (name == self.neighbors_file(count)).then_some(count)
        });
        let count = counts.filter(|count| if exact { *count >= needed } else { *count == needed }).min()?;
        Some((self.neighbors_file(count), count))
    }
}

/// The digest of the embedding that the map starts from, if it starts from one.
///
/// # Errors
/// If the run that is named has none.
pub(super) fn start(loaded: &Loaded) -> Result<Option<String>> {
    match loaded.pipeline.tsne.on().map(|options| &options.start) {
        Some(embed::Start::From(run)) => start_digest(loaded, run)
            .map(Some)
            .map_err(|error| error.hint("`tsne.start` names a run folder with an embedding")),
        _ => Ok(None),
    }
}

/// The digest of the embedding of a run that a map starts from.
pub(super) fn start_digest(loaded: &Loaded, run: &str) -> Result<String> {
    folder::digest_of(&loaded.base.join(run).join("embedding.parquet"))
}

/// What a run would take up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Every stage, in order, and whether its result is kept.
    pub stages: Vec<(Stage, Reuse)>,
    /// The epochs after which a training that was stopped goes on.
    pub checkpoint: Option<usize>,
}

/// Which stages a run would take up; nothing is written.
///
/// # Errors
/// If an input cannot be read.
pub fn forecast(loaded: &Loaded) -> Result<Forecast> {
    let files = table::read::input_files(&loaded.pipeline.input, &loaded.base)?;
    let keys = Keys::of(loaded, &digests(&files, &loaded.output)?)?;
    let kept = Kept::in_folder(&loaded.output);
    let holds = |key: &Key, stem: &str, extension: &str| kept.holds(&loaded.output, &key.file(stem, extension));
    let model = holds(&keys.model, "model", "safetensors") && holds(&keys.model, "training", "json");
    let codes = holds(&keys.model, "codes", "parquet");
    let embedding = holds(&keys.embedding, "embedding", "json");
    let measures = holds(&keys.measures, "measures", "json");
    let neighbors = || {
        let record = std::fs::read(loaded.output.join(folder::KEPT).join(keys.model.file("training", "json"))).ok()?;
        let record: TrainingRecord = serde_json::from_slice(&record).ok()?;
        let (rows, columns) = (record.rows.0 + record.rows.1, record.options.code_size?.given()?);
        let options = loaded.pipeline.tsne.on()?.resolve(rows, columns).ok()?;
        let exact = options.neighbors.chosen(rows, columns).0 == Method::Exact;
        let (file, _) = keys.kept_neighbors(&kept, options.neighbors_needed(), exact)?;
        kept.holds(&loaded.output, &file).then_some(())
    };
    let table = model && codes && measures && pictures::features_wanted(&loaded.pipeline).is_empty();
    let mut stages =
        vec![(Stage::Read, table), (Stage::Prepare, table), (Stage::Autoencoder, model), (Stage::Encode, codes)];
    if loaded.pipeline.tsne.on().is_some() {
        stages.push((Stage::Neighbors, embedding || model && codes && neighbors().is_some()));
        stages.push((Stage::Tsne, embedding));
    }
    stages.extend([(Stage::Evaluate, measures), (Stage::Plot, false), (Stage::Report, false)]);
    let reuse = |(stage, kept)| (stage, if kept { Reuse::Kept } else { Reuse::Nothing });
    let checkpoint = match checkpoint::read(&loaded.output, &keys.model) {
        Some(Ok(checkpoint)) if !model => Some(checkpoint.lent().epochs()),
        _ => None,
    };
    Ok(Forecast { stages: stages.into_iter().map(reuse).collect(), checkpoint })
}

/// The digest of every input file, by its name without folders; files inside the output folder are refused.
pub(super) fn digests(files: &[PathBuf], output: &Path) -> Result<Vec<(String, String)>> {
    let output = output.canonicalize().ok();
    let mut digests: Vec<(String, String)> = Vec::new();
    for (place, file) in files.iter().enumerate() {
        let canonical = file.canonicalize().map_err(|error| Error::io("read", file, &error))?;
        if output.as_ref().is_some_and(|output| canonical.starts_with(output)) {
            return Err(Error::request(format!("the input `{}` lies in the output folder", file.display()))
                .hint("set `output` to another folder: a run must not read its own results"));
        }
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let name =
            if digests.iter().any(|(earlier, _)| earlier == &name) { format!("{name} ({})", place + 1) } else { name };
        digests.push((name, folder::digest_of(file)?));
    }
    Ok(digests)
}

/// Refuses to go on where an input is not what it was when its digest was taken.
///
/// # Errors
/// If an input was changed, or is gone.
pub(super) fn unchanged(files: &[PathBuf], output: &Path, before: &[(String, String)]) -> Result<()> {
    let now = digests(files, output).unwrap_or_default();
    let differs = before.iter().zip(files).enumerate().find(|(place, (before, _))| now.get(*place) != Some(*before));
    match differs {
        None => Ok(()),
        Some((_, (_, file))) => {
            Err(Error::failure(format!("`{}` was changed while it was being read", file.display()))
                .hint("run it again when nothing writes to it any more"))
        }
    }
}
