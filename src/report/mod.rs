//! What a run says in the end: one page that works offline, and some ten lines for the terminal.
//!
//! Everything here is made from plain data; this room reads no file, measures nothing and draws nothing.

mod html;
mod island;
pub mod methods;
mod summary;

use ndarray::ArrayView2;
use thiserror::Error;

use crate::error::Explain;
use crate::error::Fault;

pub use html::html;
pub use summary::Epochs;
pub use summary::Summary;
pub use summary::summary;

/// All that the page shows, in its order.
#[derive(Debug, Clone, Default)]
pub struct ReportData<'a> {
    /// The heading: the run's name.
    pub title: String,
    /// A line below it: rows, features, code size, date-free.
    pub subtitle: String,
    /// Two or three sentences: was it worth it, what was lost, what to try.
    pub verdict: Vec<String>,
    /// What the reader should know: rows dropped, values filled, samples taken; a sentence each.
    pub notes: Vec<String>,
    /// The map to explore.
    pub map: Option<Explorable<'a>>,
    /// Figures as SVG documents of ours, drawn for a light ground.
    pub figures: Vec<Figure>,
    /// Tables of measures, ours beside PCA's.
    pub measures: Vec<MeasureTable>,
    /// The stages of the run.
    pub stages: Vec<StageRow>,
    /// The pipeline file with every default written out.
    pub pipeline: String,
    /// The paragraph for a paper, and its citations.
    pub methods: Option<methods::Methods>,
    /// The files of the run and what they hold.
    pub files: Vec<(String, String)>,
    /// The program's name and version.
    pub version: String,
}

/// A map whose points can be looked at one by one.
#[derive(Debug, Clone)]
pub struct Explorable<'a> {
    /// `n × 2`, a row per point.
    pub points: ArrayView2<'a, f32>,
    /// `n` names.
    pub ids: &'a [String],
    /// What can color the points and is shown for each; the first colors them when the page opens.
    pub columns: Vec<Column<'a>>,
}

/// A column of the explorable map.
#[derive(Debug, Clone)]
pub struct Column<'a> {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: ColumnValues<'a>,
}

/// Classes or numbers.
#[derive(Debug, Clone, Copy)]
pub enum ColumnValues<'a> {
    /// A class for each point.
    Classes {
        /// The classes, in the order of the legend.
        levels: &'a [String],
        /// `n` indices into `levels`; `None` where missing.
        of_row: &'a [Option<u32>],
    },
    /// `n` numbers, not finite where missing.
    Numbers(&'a [f64]),
}

/// A figure and what it says.
#[derive(Debug, Clone, Default)]
pub struct Figure {
    /// The heading, for the list of figures and for screen readers.
    pub title: String,
    /// What to see in it.
    pub caption: String,
    /// A whole SVG document of ours.
    pub svg: String,
    /// How much of the page it takes.
    pub width: FigureWidth,
}

/// How much of the page a figure takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FigureWidth {
    /// Half a line where the page is wide.
    #[default]
    Half,
    /// A whole line.
    Whole,
    /// A whole line, and a map: its colors mean classes and stay as they are on a dark page.
    Map,
}

/// A table of measures: a row per measure, a column per thing measured.
#[derive(Debug, Clone, Default)]
pub struct MeasureTable {
    /// The heading.
    pub title: String,
    /// How it was measured: on how many rows.
    pub note: String,
    /// What was measured: `codes`, `PCA-32`, `map`, `PCA-2`.
    pub columns: Vec<MeasureColumn>,
    /// The measures.
    pub rows: Vec<MeasureRow>,
}

/// A thing that was measured.
#[derive(Debug, Clone, Default)]
pub struct MeasureColumn {
    /// Its name.
    pub name: String,
    /// Columns of one group compete: the best value of each group is marked.
    pub group: usize,
}

/// One measure of several things.
#[derive(Debug, Clone, Default)]
pub struct MeasureRow {
    /// Its name.
    pub name: String,
    /// What it means, in a few words.
    pub meaning: String,
    /// A value for each column of the table; `None` where it was not measured.
    pub values: Vec<Option<f64>>,
    /// Which values are the good ones.
    pub better: Better,
}

/// Which values of a measure are the good ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Better {
    /// High ones.
    #[default]
    Higher,
    /// Low ones.
    Lower,
    /// Neither.
    Neither,
}

/// A stage of the run and what it cost.
#[derive(Debug, Clone, Default)]
pub struct StageRow {
    /// Its name.
    pub name: String,
    /// Seconds of wall time.
    pub seconds: f64,
    /// The most memory the process held, in bytes, where it is known.
    pub peak_memory: Option<u64>,
    /// Whether the result of an earlier run was taken.
    pub source: StageSource,
}

/// Where a stage's result came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StageSource {
    /// It was computed.
    #[default]
    Computed,
    /// It was taken from an earlier run.
    Reused,
}

/// Why a report could not be written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A table's row has not a value for each column.
    #[error("the measure `{measure}` has {found} values where its table has {expected} columns")]
    UnevenTable {
        /// The measure's name.
        measure: String,
        /// Columns of the table.
        expected: usize,
        /// Values of the row.
        found: usize,
    },
}

impl Explain for ReportError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}
