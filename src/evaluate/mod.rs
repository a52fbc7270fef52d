//! How much each step lost: faithfulness, reconstruction, reliability, a verdict, and novelty.
//!
//! Every measure compares the same rows in two spaces, *before* and *after* a step. Ranks of
//! neighbors are exact up to [`Options::sample`] rows and exact on a seeded sample above, which the
//! result says. Nothing here knows where the numbers came from: anybody's codes can be rated.

mod among_all;
mod classes;
mod compare;
mod correlation;
mod distance;
mod error;
mod novelty;
mod ranks;
mod reconstruction;
mod reliability;
mod rows;
mod verdict;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use among_all::{AmongAll, among_all};
pub use compare::{Measures, Pair, Space, compare, faithfulness};
pub use error::EvaluateError;
pub use novelty::{TrainingProfile, Unlikeness};
pub use reconstruction::{Errors, FeatureError, Reconstruction};
pub use reliability::{LANDMARKS, reliability};
pub use rows::Rows;
pub use verdict::{Aim, Facts, Noise, verdict};

/// How faithfulness is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Evaluate")] // its own name in the schema: three rooms have `Options`
pub struct Options {
    /// How many nearest neighbors count as a row's neighborhood. Fewer are used where the table has
    /// no more than twice as many rows.
    #[schemars(range(min = 1))]
    pub neighbors: usize,
    /// The most rows that are compared with each other; above, a seeded sample of this size is, and
    /// the result says so. Time grows with the square of this number.
    #[schemars(range(min = 3))]
    pub sample: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { neighbors: 10, sample: 10_000 }
    }
}
