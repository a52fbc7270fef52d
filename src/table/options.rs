//! The `input:` section of a pipeline: what to read and which column does what.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Fraction;
use crate::value::OneOrMany;

/// What to read and which column does what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// A file, a pattern such as `plates/*.csv`, or a list of them; many files are read as one table.
    #[schemars(with = "OneOrMany<String>")]
    pub path: OneOrMany<PathBuf>,
    /// Whether a row is a sample (the usual) or a feature (gene-by-cell files).
    #[serde(default)]
    pub layout: Layout,
    /// The column that names each row; its text is kept byte for byte. Without one, rows are numbered from 0.
    #[serde(default)]
    pub id: Option<String>,
    /// Columns that color and score but never train; looked for in the table, then in the metadata.
    #[serde(default)]
    pub labels: Vec<String>,
    /// A second file whose columns are joined to the table by id and can be labels.
    #[serde(default)]
    pub metadata: Option<Metadata>,
    /// Which of the other columns train.
    #[serde(default)]
    pub features: Features,
    /// What stands for "missing", and what is done about it.
    #[serde(default)]
    pub missing: Missing,
    /// Which text columns train, as one 0/1 column per level.
    #[serde(default)]
    pub categorical: Categorical,
    /// What to do with dates and times.
    #[serde(default)]
    pub times: Times,
    /// Text files: the character between fields; `auto` looks at the first rows.
    #[serde(default)]
    pub separator: Separator,
    /// Text files: the decimal mark; `auto` looks at the first rows.
    #[serde(default)]
    pub decimal: Decimal,
    /// Text files: whether the first row holds the column names.
    #[serde(default)]
    pub header: Header,
    /// `.h5ad`: which matrix, `X`, `raw`, or the name of a layer. `.npz`: the name of the array.
    #[serde(default)]
    pub matrix: Option<String>,
    /// Read only so many rows, drawn at random.
    #[serde(default)]
    pub rows: Option<Rows>,
}

impl Input {
    /// Everything at its default but the path.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: OneOrMany(vec![path.into()]),
            layout: Layout::default(),
            id: None,
            labels: Vec::new(),
            metadata: None,
            features: Features::default(),
            missing: Missing::default(),
            categorical: Categorical::default(),
            times: Times::default(),
            separator: Separator::default(),
            decimal: Decimal::default(),
            header: Header::default(),
            matrix: None,
            rows: None,
        }
    }
}

/// What a row of the file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A row per sample, a column per feature.
    #[default]
    SamplesInRows,
    /// A row per feature, a column per sample; the first text column (or `id`) names the features.
    FeaturesInRows,
}

/// A second file joined to the table by id, one row to one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The file: CSV, TSV, Parquet, Arrow or NDJSON.
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// Its column that holds the ids; the first column if not given.
    #[serde(default)]
    pub key: Option<String>,
    /// What to do with rows of the table that it does not name.
    #[serde(default)]
    pub unmatched: Unmatched,
}

/// What to do with rows that have no match in the metadata. Where none has, that is an error in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// Stop, naming them.
    #[default]
    Refuse,
    /// Leave them out, and say how many.
    Drop,
    /// Keep them with missing labels, and say how many.
    Keep,
}

/// Which columns train; each entry is a column's exact name or else a regular expression.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Features {
    /// Only these; empty means every column that is neither id nor label.
    pub include: Vec<String>,
    /// Not these.
    pub exclude: Vec<String>,
}

/// What stands for "missing", and what is done about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Missing {
    /// Missing numbers.
    pub numeric: NumericMissing,
    /// Missing texts in columns that train.
    pub categorical: CategoricalMissing,
    /// Leave out columns in which a larger share of the rows is missing.
    pub drop_feature_above: Option<Fraction>,
    /// The words that mean "missing" in text files, instead of the usual ones
    /// (empty, NA, N/A, n/a, #N/A, NaN, nan, null, NULL, ?; among numbers also None, none, na, -, .).
    pub words: Option<Vec<String>>,
}

/// What is done about a missing number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumericMissing {
    /// Stop, naming column and row.
    #[default]
    Refuse,
    /// The mean of the training rows.
    Mean,
    /// The median of the training rows.
    Median,
    /// This number.
    Constant(f64),
}

/// What is done about a missing text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CategoricalMissing {
    /// Missing is a level of its own.
    #[default]
    OwnLevel,
    /// The level most frequent among the training rows.
    MostFrequent,
    /// Stop, naming column and row.
    Refuse,
}

/// Which text columns train, as one 0/1 column per level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Categorical {
    /// Text columns with more levels than this are left out, and said; 0 leaves out all text.
    pub max_levels: usize,
    /// Columns of numbers that are codes, not amounts, and train as levels (exact names or regular expressions).
    pub columns: Vec<String>,
    /// Columns that a model knows as levels, by their exact names: whatever their cells look like in new rows.
    #[serde(skip)]
    pub known: Vec<String>,
}

impl Default for Categorical {
    fn default() -> Self {
        Self { max_levels: 50, columns: Vec::new(), known: Vec::new() }
    }
}

/// What to do with dates and times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// They do not train, and that is said.
    #[default]
    LeaveOut,
    /// Dates as days, times and durations as seconds, both since 1970-01-01 where they have a date.
    Number,
}

/// The character between the fields of a text file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Separator {
    /// The one that cuts the first rows into equally many fields.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// `,`
    #[serde(rename = "comma", alias = ",")]
    Comma,
    /// `;`
    #[serde(rename = "semicolon", alias = ";")]
    Semicolon,
    /// The tabulator.
    #[serde(rename = "tab", alias = "\t")]
    Tab,
    /// `|`
    #[serde(rename = "pipe", alias = "|")]
    Pipe,
    /// One space.
    #[serde(rename = "space", alias = " ")]
    Space,
}

/// The decimal mark of a text file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decimal {
    /// A comma where the first rows have numbers with one and none with a point, else a point.
    #[default]
    Auto,
    /// `1.5`
    Point,
    /// `1,5`
    Comma,
}

/// Whether the first row of a text file holds the column names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// It does; a first row that looks like data is refused.
    #[default]
    Auto,
    /// It does, whatever it looks like.
    Present,
    /// It is data; columns are called `column_1`, `column_2`, …
    Absent,
}

/// A sample of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// How many rows to keep; all, where the table has no more.
    pub sample: usize,
    /// The seed of the draw.
    #[serde(default)]
    pub seed: u64,
}
