//! What can be asked for on the command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A wide table goes in; a learned code for every row and an honest 2-D map of them come out.
///
/// The three commands to begin with:
///   reduce init TABLE -o PIPELINE.yaml    look at a table and write a pipeline for it
///   reduce run PIPELINE.yaml              train, encode, lay out, measure, draw
///   reduce encode MODEL TABLE -o CODES    the codes of new rows
#[derive(Debug, Parser)]
#[command(name = "reduce", version, verbatim_doc_comment, arg_required_else_help = true, propagate_version = true)]
pub(super) struct Arguments {
    /// Threads to use; all processors if not given. Changes no byte of any result.
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// The most memory to use, such as `4GiB`: what needs more is refused before it is begun.
    #[arg(long, global = true, value_name = "LIMIT", value_parser = crate::table::memory::parse)]
    pub memory: Option<u64>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run a pipeline: read, prepare, train, encode, lay out, measure, draw.
    Run(Run),
    /// Look at a table and write a commented pipeline for it.
    Init(Init),
    /// Say what a table holds.
    Inspect(Inspect),
    /// Check a pipeline file and that its table has the columns it names.
    Check(Pipeline),
    /// Show a pipeline with every default and `auto` resolved, its stages and its cost; train nothing.
    Plan(Plan),
    /// Write the codes of new rows.
    Encode(Rows),
    /// Write new rows as the model reconstructs them, in original units and columns.
    Reconstruct(Reconstruct),
    /// Write new rows cleaned of noise by a denoising model, in original units and columns.
    Denoise(Rows),
    /// Draw new rows from a variational model, in original units and columns.
    Sample(Sample),
    /// Place new rows on the embedding of a run; its own points stay where they are.
    Place(Place),
    /// Write a model as ONNX, the preparation included.
    Export(Export),
    /// Draw a run's embedding again, colored by something else.
    Plot(Plot),
    /// Write a run's report again.
    Report(RunFolder),
    /// Rate anybody's codes or embedding of a table by their faithfulness.
    Score(Score),
    /// Recompute the digests of a run's files and name those that changed.
    Verify(RunFolder),
    /// Remove the stages kept in a run folder for later runs; its results stay.
    Clean(RunFolder),
    /// Print the JSON Schema of the pipeline file.
    Schema,
    /// Print completions for a shell.
    Completions(Completions),
    /// Print the manual page.
    Man,
    /// Say what this machine offers: version, processor, threads, memory.
    Doctor,
}

impl Verb {
    /// Whether the verb's work can be asked to stop; a signal ends the others at once.
    #[must_use]
    pub(super) fn listens(&self) -> bool {
        matches!(
            self,
            Self::Run(_)
                | Self::Encode(_)
                | Self::Reconstruct(_)
                | Self::Denoise(_)
                | Self::Place(_)
                | Self::Plot(_)
                | Self::Score(_)
        )
    }
}

/// A pipeline file with overrides.
#[derive(Debug, Args)]
pub(super) struct Pipeline {
    /// The pipeline file (YAML).
    pub file: PathBuf,
    /// Replace one value of the file, such as `autoencoder.code_size=16`; can be given more than once.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
}

/// `run`.
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub pipeline: Pipeline,
    /// Take up nothing from an earlier run.
    #[arg(long, conflicts_with = "from")]
    pub fresh: bool,
    /// Compute this stage and all after it again.
    #[arg(long, value_name = "STAGE", value_enum)]
    pub from: Option<From>,
    /// Print one JSON object per event on stdout, and the metrics at the end.
    #[arg(long)]
    pub json: bool,
    /// Say nothing but warnings and errors.
    #[arg(long, short)]
    pub quiet: bool,
}

/// A stage that `run --from` can begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum From {
    /// Read the table again, and so everything.
    Read,
    /// Prepare again.
    Prepare,
    /// Train again.
    Autoencoder,
    /// Encode again.
    Encode,
    /// Find neighbors again.
    Neighbors,
    /// Lay out again.
    Tsne,
    /// Measure again.
    Evaluate,
    /// Draw again.
    Plot,
    /// Write the report again.
    Report,
}

/// `plan`.
#[derive(Debug, Args)]
pub(super) struct Plan {
    #[command(flatten)]
    pub pipeline: Pipeline,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `init`.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The table.
    pub data: PathBuf,
    /// The pipeline file to write; printed if not given.
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Replace a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// `inspect`.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The table.
    pub data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A model and new rows.
#[derive(Debug, Args)]
pub(super) struct Rows {
    /// The model: `model.safetensors`, or its run folder.
    pub model: PathBuf,
    /// The table of new rows, with the model's columns in any order.
    pub data: PathBuf,
    #[command(flatten)]
    pub otherwise: Otherwise,
    /// Where to write (.parquet or .csv); beside the table if not given.
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Say nothing but warnings and errors.
    #[arg(long, short)]
    pub quiet: bool,
    /// CSV: put a `'` before texts that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`); they come back changed.
    #[arg(long)]
    pub spreadsheet_safe: bool,
}

/// `reconstruct`.
#[derive(Debug, Args)]
pub(super) struct Reconstruct {
    #[command(flatten)]
    pub rows: Rows,
    /// Write what each prepared value differs by from its reconstruction instead: after `standardize` in standard deviations.
    #[arg(long)]
    pub differences: bool,
}

/// How a table of new rows is read, where that is otherwise than the model's own was.
#[derive(Debug, Args)]
pub(super) struct Otherwise {
    /// Which way round the table lies; found by the names in it if not given.
    #[arg(long, value_enum)]
    pub layout: Option<Layout>,
    /// The column that names the rows; the one the model was trained with, where it is there, if not given.
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// Which matrix of an `.h5ad` (`X`, `raw`, a layer) or array of an `.npz`; the model's if not given.
    #[arg(long, value_name = "NAME")]
    pub matrix: Option<String>,
    /// Missing numbers: `median` fills them with the medians of the training rows, `model` does what its pipeline said.
    #[arg(long, value_enum, default_value = "model")]
    pub missing: Missing,
}

/// Which way round a table lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Layout {
    /// A row per sample, a column per feature.
    SamplesInRows,
    /// A row per feature, a column per sample.
    FeaturesInRows,
}

/// What becomes of missing numbers in new rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Missing {
    /// What the model's pipeline said.
    Model,
    /// The median of the training rows.
    Median,
}

impl std::convert::From<Layout> for crate::table::Layout {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::SamplesInRows => Self::SamplesInRows,
            Layout::FeaturesInRows => Self::FeaturesInRows,
        }
    }
}

impl Otherwise {
    /// The same for the library.
    #[must_use]
    pub(super) fn reading(&self) -> crate::run::reading::Otherwise {
        crate::run::reading::Otherwise {
            layout: self.layout.map(Into::into),
            id: self.id.clone(),
            matrix: self.matrix.clone(),
            fill_with_medians: self.missing == Missing::Median,
        }
    }
}

/// What the codes of new rows are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SampleFrom {
    /// The standard normal distribution that training aims at.
    Normal,
    /// A mixture of normal distributions fitted to the codes of the run.
    Mixture,
}

/// `sample`.
#[derive(Debug, Args)]
pub(super) struct Sample {
    /// The variational model: `model.safetensors`, or its run folder.
    pub model: PathBuf,
    /// How many rows to draw, or steps to take.
    #[arg(short = 'n', long, default_value = "100")]
    pub count: NonZeroUsize,
    /// Go from one row of the run to another instead, in equal steps along the line between their codes.
    #[arg(long, num_args = 2, value_names = ["ID", "ID"], conflicts_with_all = ["from", "seed"])]
    pub between: Option<Vec<String>>,
    /// What the codes are drawn from.
    #[arg(long, value_enum, default_value = "normal")]
    pub from: SampleFrom,
    /// The seed of the draw.
    #[arg(long, default_value = "42")]
    pub seed: u64,
    /// Where to write (.parquet or .csv).
    #[arg(long, short, default_value = "samples.parquet")]
    pub output: PathBuf,
    /// CSV: put a `'` before texts that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`); they come back changed.
    #[arg(long)]
    pub spreadsheet_safe: bool,
}

/// `place`.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The run folder.
    pub run: PathBuf,
    /// The table of new rows.
    pub data: PathBuf,
    #[command(flatten)]
    pub otherwise: Otherwise,
    /// Where to write (.parquet or .csv); beside the table if not given.
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    /// Draw the map too (.svg, .png or .pdf): the run's rows pale, the new ones on them, colored by the first label they have.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Say nothing but warnings and errors.
    #[arg(long, short)]
    pub quiet: bool,
    /// CSV: put a `'` before texts that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`); they come back changed.
    #[arg(long)]
    pub spreadsheet_safe: bool,
}

/// `export`.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The model: `model.safetensors`, or its run folder.
    pub model: PathBuf,
    /// The folder for `encoder.onnx` and `decoder.onnx`; made where it is not there.
    #[arg(long, value_name = "FOLDER")]
    pub onnx: PathBuf,
}

/// `plot`.
#[derive(Debug, Args)]
pub(super) struct Plot {
    /// The run folder.
    pub run: PathBuf,
    /// A label, any other column of the table, `reliability`, `reconstruction_error`, `density` or a code; several make small
    /// multiples. The first label if not given; all alike where there is none.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub color_by: Vec<String>,
    /// The format; by the ending of `--output` if that is given, else SVG.
    #[arg(long, value_parser = ["svg", "png", "pdf"])]
    pub format: Option<String>,
    /// Dark ground.
    #[arg(long)]
    pub dark: bool,
    /// Another figure of the run as a picture of its own: `training`, `reconstruction`, `errors`, ….
    #[arg(long, value_name = "NAME", requires = "output", conflicts_with_all = ["color_by", "dark"])]
    pub figure: Option<String>,
    /// Where to write; into the run folder if not given. A `--figure` needs it.
    #[arg(long, short)]
    pub output: Option<PathBuf>,
}

/// A run folder.
#[derive(Debug, Args)]
pub(super) struct RunFolder {
    /// The run folder.
    pub run: PathBuf,
}

/// `score`.
#[derive(Debug, Args)]
pub(super) struct Score {
    /// The table the codes were made from.
    pub table: PathBuf,
    /// Codes: one row for each row of the table; those of a run are matched by their ids, others by `--id` or in order.
    pub codes: PathBuf,
    /// An embedding of the same rows.
    pub embedding: Option<PathBuf>,
    /// The id column, of one name in all files, by which rows are matched.
    #[arg(long)]
    pub id: Option<String>,
    /// A column of classes in the table, or in codes or embedding of a run that joined them from another file.
    #[arg(long)]
    pub label: Option<String>,
    /// Which way round the table lies: a sample in each row if not given.
    #[arg(long, value_enum)]
    pub layout: Option<Layout>,
    /// Compare the table as it is; without this it is prepared as by a pipeline without `prepare`.
    #[arg(long)]
    pub as_is: bool,
    /// How many neighbors make a neighborhood.
    #[arg(long, default_value = "10")]
    pub neighbors: NonZeroUsize,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `completions`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
