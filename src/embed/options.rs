//! What a user may say about t-SNE, and what is chosen where nothing was said.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::embed::affinity::neighbors_needed;
use crate::embed::error::EmbedError;
use crate::neighbors::Method;
use crate::value::{Auto, FractionOrZero, OneOrMany, Positive};

/// The fewest rows that can be laid out.
pub(super) const FEWEST_ROWS: usize = 4;
/// The perplexity where none is given and the table is large enough.
const PERPLEXITY: f64 = 30.0;
/// The lowest learning rate that `auto` chooses.
const LOWEST_RATE: f64 = 200.0;
/// Rows up to which computing every pair is the quickest way.
const EXACT_ROWS: usize = 1_000;

/// How the codes are laid out as a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Tsne")] // its own name in the schema: three rooms have `Options`
pub struct Options {
    /// How many neighbors each row attends to, roughly; several values are mixed with equal weight. `auto` is 30, or
    /// less where the table has fewer than 92 rows.
    pub perplexity: Auto<OneOrMany<Positive>>,
    /// How repulsive forces are computed.
    pub engine: Engine,
    /// Where the points begin.
    pub start: Start,
    /// Dimensions of the embedding: 1 or 2.
    pub dimensions: Dimensions,
    /// How neighbors are searched.
    pub neighbors: Method,
    /// How much stronger attraction is in the early iterations, which sort out the large picture.
    pub early_exaggeration: Positive,
    /// How many early iterations there are.
    pub early_iterations: usize,
    /// How many iterations follow.
    pub iterations: usize,
    /// How much stronger attraction is in these; 1 is plain t-SNE, about 4 draws clusters tight.
    pub late_exaggeration: Positive,
    /// The step size of the early iterations; `auto` is `learning_rate` if that is given, else the number of rows over
    /// `early_exaggeration`, at least 200.
    pub early_learning_rate: Auto<Positive>,
    /// The step size of the iterations that follow; `auto` is the number of rows over `late_exaggeration`, at least
    /// 200.
    pub learning_rate: Auto<Positive>,
    /// The part of each step that carries on into the next.
    pub momentum: FractionOrZero,
    /// Whether to stop before the last iteration once the map has settled.
    pub stop_when_settled: StopWhenSettled,
}

/// How repulsive forces are computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// `exact` for up to 1,000 rows, `interpolation` above.
    #[default]
    Auto,
    /// On a mesh by a Fourier transform; the time of an iteration grows with the rows.
    Interpolation,
    /// By a tree of cells (angle 0.5); slower and less exact, for comparison.
    BarnesHut,
    /// Every pair; the time of an iteration grows with the square of the rows.
    Exact,
    /// The package `linfa-tsne`, for comparison: no seed, no start, a fixed learning rate, not to be interrupted.
    Linfa,
}

/// Where the points begin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// On the first principal axes of the codes: the large picture is that of the data.
    #[default]
    Pca,
    /// At random around the middle.
    Random,
    /// Where the rows with the same ids are in an earlier run (its folder); new rows begin among their neighbors.
    From(String),
}

/// Dimensions of an embedding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Dimensions {
    /// Points on a line.
    One,
    /// Points in the plane.
    #[default]
    Two,
}

/// Whether the descent stops before its last iteration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopWhenSettled {
    /// All iterations are done.
    None,
    /// Stop where the divergence falls by less than this per iteration, over 50 iterations.
    Below(Positive),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            perplexity: Auto::Auto,
            engine: Engine::Auto,
            start: Start::Pca,
            dimensions: Dimensions::Two,
            neighbors: Method::Auto,
            early_exaggeration: Positive::constant(12.0),
            early_iterations: 250,
            iterations: 500,
            late_exaggeration: Positive::constant(1.0),
            early_learning_rate: Auto::Auto,
            learning_rate: Auto::Auto,
            momentum: FractionOrZero::constant(0.8),
            stop_when_settled: StopWhenSettled::Below(Positive::constant(1e-5)),
        }
    }
}

impl Dimensions {
    /// How many there are.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

impl TryFrom<u8> for Dimensions {
    type Error = String;

    fn try_from(count: u8) -> Result<Self, String> {
        match count {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(format!("expected 1 or 2 dimensions, got {count}")),
        }
    }
}

impl From<Dimensions> for u8 {
    fn from(dimensions: Dimensions) -> Self {
        match dimensions {
            Dimensions::One => 1,
            Dimensions::Two => 2,
        }
    }
}

impl JsonSchema for Dimensions {
    fn schema_name() -> Cow<'static, str> {
        "Dimensions".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [1, 2], "description": "Dimensions of an embedding." })
    }
}

impl Engine {
    /// What the engine cannot do, as a sentence for the plan.
    #[must_use]
    pub fn caveat(self) -> Option<&'static str> {
        match self {
            Self::Linfa => Some(
                "`engine: linfa` (linfa-tsne 0.8) starts at random from a seed of its own, has a fixed learning rate of 200 and \
                 no progress; above 1,000 rows its Barnes–Hut tree is random too, so the same run gives another map each time",
            ),
            Self::BarnesHut => {
                Some("`engine: barnes_hut` is there for comparison: `interpolation` is quicker and more exact")
            }
            Self::Auto | Self::Interpolation | Self::Exact => None,
        }
    }
}

impl Options {
    /// The same options with a value for every `auto`, for a table of `rows` codes with `columns` numbers each.
    ///
    /// # Errors
    /// If there are fewer than 4 rows, or a given perplexity is too large for them.
    pub fn resolve(&self, rows: usize, columns: usize) -> Result<Self, EmbedError> {
        if rows < FEWEST_ROWS {
            return Err(EmbedError::TooFewRows { rows });
        }
        let largest = largest_perplexity(rows);
        let perplexity = match &self.perplexity {
            Auto::Auto => OneOrMany(vec![Positive::constant(automatic_perplexity(rows))]),
            Auto::Given(given) => {
                if let Some(perplexity) = given.0.iter().find(|perplexity| perplexity.get() > largest) {
                    return Err(EmbedError::PerplexityTooLarge { perplexity: perplexity.get(), rows });
                }
                given.clone()
            }
        };
        let engine = match self.engine {
            Engine::Auto if rows <= EXACT_ROWS => Engine::Exact,
            Engine::Auto => Engine::Interpolation,
            engine => engine,
        };
        let automatic =
            |exaggeration: Positive| Positive::constant((rows as f64 / exaggeration.get()).max(LOWEST_RATE));
        let early = self.early_learning_rate.given().or(self.learning_rate.given());
        let late = self.learning_rate.given();
        Ok(Self {
            perplexity: Auto::Given(perplexity),
            engine,
            neighbors: self.neighbors.chosen(rows, columns).0,
            early_learning_rate: Auto::Given(early.unwrap_or_else(|| automatic(self.early_exaggeration))),
            learning_rate: Auto::Given(late.unwrap_or_else(|| automatic(self.late_exaggeration))),
            ..self.clone()
        })
    }

    /// How many neighbors of every row the affinities need: three times the largest perplexity.
    ///
    /// Exact for options that [`Options::resolve`] gave; with `perplexity: auto` the count for a large table.
    #[must_use]
    pub fn neighbors_needed(&self) -> usize {
        self.perplexities().into_iter().map(neighbors_needed).max().unwrap_or(1)
    }

    /// The perplexities as numbers.
    #[must_use]
    pub fn perplexities(&self) -> Vec<f64> {
        match &self.perplexity {
            Auto::Auto => vec![PERPLEXITY],
            Auto::Given(given) => given.0.iter().map(|perplexity| perplexity.get()).collect(),
        }
    }
}

/// 30, or the largest whole perplexity that the rows allow (for four rows less than one).
fn automatic_perplexity(rows: usize) -> f64 {
    let largest = largest_perplexity(rows);
    if largest < 1.0 { largest } else { PERPLEXITY.min(largest.floor()) }
}

/// The largest perplexity that a table of `rows` rows allows: `rows ≥ 3 · perplexity + 2`.
#[must_use]
pub fn largest_perplexity(rows: usize) -> f64 {
    let rows = rows as f64;
    ((rows - 2.0) / 3.0).max(0.0)
}
