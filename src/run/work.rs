//! The stages of a run, each taken up from an earlier run or computed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ndarray::{Array2, ArrayView2};
use serde::Serialize;

use super::checkpoint::{self, Checkpoints};
use super::cost;
use super::data::{Data, RowNames};
use super::folder::{self, Folder};
use super::graph::Graph;
use super::kept::Kept;
use super::keys::{self, Keys};
use super::measure::{Measured, measure};
use super::meter::Meter;
use super::named;
use super::pictures;
use super::room;
use super::{EmbeddingRecord, Reuse, TrainingRecord};
use crate::autoencoder::{self, Checkpoint};
use crate::embed;
use crate::error::{Error, Fault, Result};
use crate::event::{Event, Observer, Stage};
use crate::model::Model;
use crate::pipeline::{Loaded, Pipeline};
use crate::table::{self, Input, LabelValues};

/// A run at work.
pub(super) struct Work<'a> {
    pub(super) loaded: &'a Loaded,
    folder: Option<Folder>,
    pub(super) kept: Kept,
    reuse: Reuse,
    pub(super) meter: Meter,
    files: Vec<PathBuf>,
    pub(super) inputs: Vec<(String, String)>,
    pub(super) keys: Keys,
    /// The neighbor graph, once it is known.
    pub(super) graph: Option<Graph>,
    data: Option<Data>,
}

/// A trained model and how it came about.
pub(super) struct Trained {
    /// What is written to `model.safetensors`.
    pub model: Model,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How training went.
    pub record: TrainingRecord,
}

/// Every row's code.
pub(super) struct Coded {
    /// Whose codes they are.
    pub rows: RowNames,
    /// `n × code_size`.
    pub codes: Array2<f32>,
    /// The bytes of `codes.parquet`.
    pub bytes: Vec<u8>,
}

/// The embedding.
pub(super) struct LaidOut {
    /// `n × 2`, or `n × 1`.
    pub points: Array2<f32>,
    /// How it came about.
    pub record: EmbeddingRecord,
}

impl<'a> Work<'a> {
    /// Looks at the output folder and the inputs, and works out which stages can be taken up.
    ///
    /// # Errors
    /// If an input cannot be read or the output cannot be a run folder; nothing is written then.
    pub(super) fn begin(loaded: &'a Loaded, reuse: Reuse) -> Result<Self> {
        let ours = super::publish::names(&loaded.pipeline);
        Folder::check(&loaded.output, &ours)?;
        let files = table::read::input_files(&loaded.pipeline.input, &loaded.base)?;
        // A run that fails on its table must leave no folder behind, so a new folder waits for the table.
        let folder = if Folder::is_run(&loaded.output) { Some(Folder::open(&loaded.output)?) } else { None };
        let inputs = keys::digests(&files, &loaded.output)?;
        let keys = Keys::of(loaded, &inputs)?;
        let kept = Kept::in_folder(&loaded.output);
        Ok(Work { loaded, folder, kept, reuse, meter: Meter::default(), files, inputs, keys, graph: None, data: None })
    }

    /// The run folder, opened.
    pub(super) fn folder(&self) -> Result<&Folder> {
        self.folder.as_ref().ok_or_else(|| Error::failure("the run folder was not opened"))
    }

    /// The kept result of a stage, if it may be taken up and is as it was.
    pub(super) fn take(&mut self, stage: Stage, name: &str, observer: &mut Observer<'_>) -> Option<Vec<u8>> {
        if !self.reuse.includes(stage) {
            return None;
        }
        let taken = self.kept.take(&self.loaded.output, name);
        if taken.is_none() && self.kept.names().any(|kept| kept == name) {
            let said = format!("what was kept of the stage `{}` was changed since: it is done again", stage.name());
            // the wish to stop is heard at the next stage
            let _ = observer(Event::Warning(said));
        }
        taken
    }

    pub(super) fn keep(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let folder = self.folder.as_ref().ok_or_else(|| Error::failure("the run folder was not opened"))?;
        self.kept.keep(folder, name, bytes)
    }

    /// Removes kept stages that this run neither took nor made.
    pub(super) fn forget_the_rest(&mut self) {
        if let Some(folder) = &self.folder {
            self.kept.forget_the_rest(folder);
        }
    }

    fn pipeline(&self) -> &'a Pipeline {
        &self.loaded.pipeline
    }

    /// The table, read and prepared when it is first needed.
    fn data(&mut self, observer: &mut Observer<'_>) -> Result<&Data> {
        if self.data.is_none() {
            let colors = pictures::features_wanted(self.pipeline());
            cost::check_reading(self.loaded)?;
            let data = Data::load(self.pipeline(), &self.loaded.base, &colors, &mut self.meter, observer);
            // an input that changed explains any error but the wish to stop
            if data.as_ref().err().is_none_or(|error| error.fault() != Fault::Interrupted) {
                keys::unchanged(&self.files, &self.loaded.output, &self.inputs)?;
            }
            self.data = Some(data?);
        }
        self.data.as_ref().ok_or_else(|| Error::failure("the table is gone"))
    }

    /// Raw values of the features that color plots.
    pub(super) fn colors(&mut self, observer: &mut Observer<'_>) -> Result<BTreeMap<String, LabelValues>> {
        if pictures::features_wanted(self.pipeline()).is_empty() {
            return Ok(BTreeMap::new());
        }
        Ok(self.data(observer)?.colors.clone())
    }

    /// Trains the autoencoder.
    pub(super) fn train(&mut self, observer: &mut Observer<'_>) -> Result<Trained> {
        let (model_file, record_file) =
            (self.keys.model.file("model", "safetensors"), self.keys.model.file("training", "json"));
        if let Some(bytes) = self.take(Stage::Autoencoder, &model_file, observer)
            && let Some(record) = self.take(Stage::Autoencoder, &record_file, observer)
            && let (Ok(model), Ok(record)) = (Model::from_bytes(&bytes, &model_file), serde_json::from_slice(&record))
        {
            for stage in [Stage::Read, Stage::Prepare, Stage::Autoencoder] {
                self.meter.reused(stage, observer);
            }
            return Ok(Trained { model, bytes, record });
        }
        let pipeline = self.pipeline();
        let name = self.loaded.name.clone();
        self.data(observer)?;
        let data = self.data.take().ok_or_else(|| Error::failure("the table is gone"))?;
        let features = data.preparation.features();
        let facts = autoencoder::DataFacts::of(data.prepared.view());
        let options = pipeline.autoencoder.resolve(data.split.training.len(), &facts, features)?;
        room::check(&options, features.len())?;
        if let Some(tsne) = pipeline.tsne.on() {
            tsne.resolve(data.prepared.nrows(), data.prepared.ncols())?;
        }
        cost::check(
            pipeline,
            &options,
            cost::Size {
                rows: data.prepared.nrows(),
                columns: data.columns,
                features: data.prepared.ncols(),
                training: data.split.training.len(),
            },
        )?;
        if let Some(sentence) = named::sentence(&data.rows) {
            let _ = observer(Event::Note(sentence));
        }
        // whether the map can start where it is told to is known before the training
        if let Some(tsne) = pipeline.tsne.on() {
            pictures::start_from(tsne, &self.loaded.base, &data.rows, &mut crate::event::silent)?;
        }
        if self.folder.is_none() {
            self.folder = Some(Folder::open(&self.loaded.output)?);
        }
        let from = self.checkpoint(observer);
        let folder = self.folder.as_ref().ok_or_else(|| Error::failure("the run folder was not opened"))?;
        let mut keeper = Checkpoints::new(folder, &self.keys.model);
        let reuse = self.reuse;
        let trained = self.meter.stage(Stage::Autoencoder, observer, |observer| {
            let rows = data.prepared.view();
            let fitted = autoencoder::fit_kept(rows, &data.split, &options, pipeline.seed, from, &mut keeper, observer);
            let fitted = fitted.map_err(|error| keeper.closing(error.into(), reuse))?;
            if let Some(Err(error)) = &keeper.last {
                let _ = observer(Event::Warning(format!("the training has no checkpoint: {}", error.message())));
            }
            // a code size of `auto` is known only now
            let options = fitted.autoencoder.options().clone();
            let model = super::memory::assemble(pipeline, name, &data, fitted.autoencoder);
            let record = TrainingRecord {
                history: fitted.history,
                options,
                steps: data.steps.clone(),
                described: data.preparation.describe(),
                account: data.account.clone(),
                rows: (data.split.training.len(), data.split.validation.len()),
                features: data.prepared.ncols(),
            };
            let bytes = model.to_bytes()?;
            Ok(Trained { model, bytes, record })
        })?;
        self.data = Some(data);
        self.keep(&model_file, &trained.bytes)?;
        self.keep(&record_file, &json(&trained.record)?)?;
        self.folder()?.remove(&checkpoint::file(&self.keys.model));
        Ok(trained)
    }

    /// Where an earlier run stopped in the midst of this training, if it may be taken up; the start if not.
    fn checkpoint(&self, observer: &mut Observer<'_>) -> Checkpoint {
        if !self.reuse.includes(Stage::Autoencoder) {
            return Checkpoint::default();
        }
        match checkpoint::read(&self.loaded.output, &self.keys.model) {
            Some(Ok(checkpoint)) => checkpoint,
            Some(Err(checkpoint::Damaged)) => {
                let said = "the checkpoint of the training is damaged and not used: it begins again";
                let _ = observer(Event::Warning(said.to_owned()));
                Checkpoint::default()
            }
            None => Checkpoint::default(),
        }
    }

    /// Gives every row its code.
    pub(super) fn encode(&mut self, trained: &Trained, observer: &mut Observer<'_>) -> Result<Coded> {
        let file = self.keys.model.file("codes", "parquet");
        if let Some(bytes) = self.take(Stage::Encode, &file, observer)
            && let Ok((rows, codes)) =
                read_codes(&self.loaded.output.join(folder::KEPT).join(&file), trained, &self.loaded.pipeline.input)
        {
            self.meter.reused(Stage::Encode, observer);
            return Ok(Coded { rows, codes, bytes });
        }
        self.data(observer)?;
        let data = self.data.take().ok_or_else(|| Error::failure("the table is gone"))?;
        let coded = self.meter.stage(Stage::Encode, observer, |_| {
            let codes = trained.model.autoencoder.encode(data.prepared.view());
            finite("codes", codes.view())?;
            let mut bytes = Vec::new();
            table::write::parquet(&mut bytes, code_columns(&data.rows, codes.view()))?;
            Ok(Coded { rows: data.rows.clone(), codes, bytes })
        })?;
        self.data = Some(data);
        self.keep(&file, &coded.bytes)?;
        Ok(coded)
    }

    /// Lays the codes out by t-SNE.
    pub(super) fn lay_out(&mut self, coded: &Coded, observer: &mut Observer<'_>) -> Result<Option<LaidOut>> {
        let Some(options) = self.pipeline().tsne.on() else { return Ok(None) };
        let file = self.keys.embedding.file("embedding", "json");
        let (_, reason) = options.neighbors.chosen(coded.codes.nrows(), coded.codes.ncols());
        let options = options.resolve(coded.codes.nrows(), coded.codes.ncols())?;
        if let Some(kept) = self.take(Stage::Tsne, &file, observer)
            && let Ok((points, record)) = serde_json::from_slice::<(Vec<Vec<f32>>, EmbeddingRecord)>(&kept)
            && let Some(points) = rectangle(&points, coded.codes.nrows())
        {
            self.meter.reused(Stage::Neighbors, observer);
            self.meter.reused(Stage::Tsne, observer);
            // another perplexity may want them yet
            let graph = self.graph_of(coded, &options);
            self.kept.hold_on(&self.loaded.output, &graph.file);
            self.graph = Some(graph);
            return Ok(Some(LaidOut { points, record }));
        }
        let seed = self.pipeline().seed;
        let neighbors = self.neighbors(coded, &options, observer)?;
        let start = pictures::start_from(&options, &self.loaded.base, &coded.rows, observer)?;
        if let embed::Start::From(run) = &options.start
            && keys::start_digest(self.loaded, run).ok() != self.keys.start
        {
            return Err(Error::failure(format!("the embedding of `{run}` was changed while it was being read"))
                .hint("run it again when nothing writes to it any more"));
        }
        let laid_out = self.meter.stage(Stage::Tsne, observer, |observer| {
            let embedding =
                embed::fit(coded.codes.view(), &neighbors, &options, start.as_ref().map(Array2::view), seed, observer)?;
            if embedding.stopped == embed::Stopped::Interrupted {
                return Err(super::meter::stopped(Stage::Tsne));
            }
            finite("embedding", embedding.points.view())?;
            let record = EmbeddingRecord {
                divergence: embedding.divergence,
                history: embedding.history,
                iterations: embedding.iterations,
                neighbors: reason,
            };
            Ok(LaidOut { points: embedding.points, record })
        })?;
        let points: Vec<Vec<f32>> = laid_out.points.rows().into_iter().map(|row| row.to_vec()).collect();
        self.keep(&file, &json(&(points, &laid_out.record))?)?;
        Ok(Some(laid_out))
    }

    /// Measures what each step lost.
    pub(super) fn measure(
        &mut self,
        trained: &Trained,
        coded: &Coded,
        laid_out: Option<&LaidOut>,
        observer: &mut Observer<'_>,
    ) -> Result<Measured> {
        let file = self.keys.measures.file("measures", "json");
        if let Some(kept) = self.take(Stage::Evaluate, &file, observer)
            && let Ok(measured) = serde_json::from_slice(&kept)
        {
            self.meter.reused(Stage::Evaluate, observer);
            return Ok(measured);
        }
        self.data(observer)?;
        let data = self.data.take().ok_or_else(|| Error::failure("the table is gone"))?;
        let near = self.nearest_codes(coded)?;
        let pipeline = self.pipeline();
        let measured = self.meter.stage(Stage::Evaluate, observer, |observer| {
            measure(pipeline, trained, coded, laid_out, near.as_ref(), &data, observer)
        })?;
        self.data = Some(data);
        self.keep(&file, &json(&measured)?)?;
        Ok(measured)
    }
}

/// Some rows of a matrix, copied.
pub(super) fn gather(matrix: ArrayView2<f32>, rows: &[usize]) -> Array2<f32> {
    matrix.select(ndarray::Axis(0), rows)
}

/// The columns of `codes.parquet`: id, labels, `code_00` ….
pub(super) fn code_columns(rows: &RowNames, codes: ArrayView2<f32>) -> Vec<table::write::Column> {
    let mut columns = named::columns(rows);
    columns.extend(named_columns(codes));
    columns
}

/// A column `code_00`, `code_01` … per number of the code.
pub(super) fn named_columns(codes: ArrayView2<f32>) -> Vec<table::write::Column> {
    let width = codes.ncols().saturating_sub(1).to_string().len().max(2);
    let column = |(place, values): (usize, ndarray::ArrayView1<f32>)| {
        table::write::Column::single(format!("code_{place:0width$}"), values.iter().copied())
    };
    codes.columns().into_iter().enumerate().map(column).collect()
}

fn read_codes(path: &std::path::Path, trained: &Trained, input: &Input) -> Result<(RowNames, Array2<f32>)> {
    let size = trained.model.autoencoder.code_size();
    let (rows, codes) = super::read_back::read_embedded(path, &input.labels, size)?;
    Ok((rows, codes))
}

fn rectangle(rows: &[Vec<f32>], expected: usize) -> Option<Array2<f32>> {
    let width = rows.first()?.len();
    let flat: Vec<f32> = rows.iter().flatten().copied().collect();
    (rows.len() == expected).then(|| Array2::from_shape_vec((expected, width), flat).ok()).flatten()
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| Error::failure(format!("cannot keep a stage: {error}")))
}

/// No number that is not finite leaves a stage.
fn finite(what: &str, values: ArrayView2<f32>) -> Result<()> {
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, column), value)) => {
            Err(Error::failure(format!("the {what} hold {value} in row {}, column {}", row + 1, column + 1))
                .hint("lower `autoencoder.training.learning_rate`, or look for extreme values in the table"))
        }
    }
}
