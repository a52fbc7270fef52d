//! The package linfa-tsne behind a fence, as a yardstick.
//!
//! It panics on NaN, on equal rows and on other layouts, and gives NaN for some inputs as if nothing were wrong, so
//! everything is checked before and after, and panics are caught. Its Barnes–Hut tree draws from the thread's own
//! generator: the same input gives another map each time. Up to 1,000 rows its exact form is used, which does not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use linfa::traits::Transformer;
use linfa_tsne::TSneParams;
use ndarray::{Array2, ArrayView2};

use crate::embed::error::EmbedError;
use crate::embed::options::Options;

/// Rows up to which the exact form is used; its memory grows with their square.
const EXACT_ROWS: usize = 1_000;
/// The angle of the Barnes–Hut form.
const ANGLE: f32 = 0.5;

/// The embedding of `points`, which are finite, not all equal, and as many as the perplexity needs.
pub(super) fn fit(points: ArrayView2<f32>, options: &Options) -> Result<Array2<f32>, EmbedError> {
    let perplexities = options.perplexities();
    let &[perplexity] = perplexities.as_slice() else {
        return Err(EmbedError::LinfaPerplexities { count: perplexities.len() });
    };
    let dimensions = options.dimensions.count();
    if dimensions > points.ncols() {
        return Err(EmbedError::LinfaColumns { dimensions, columns: points.ncols() });
    }
    let codes = points.as_standard_layout().into_owned();
    let params = TSneParams::embedding_size(dimensions)
        .perplexity(perplexity as f32)
        .approx_threshold(if points.nrows() <= EXACT_ROWS { 0.0 } else { ANGLE })
        .max_iter(options.early_iterations + options.iterations)
        .preliminary_iter(options.early_iterations);
    let embedding = catch_unwind(AssertUnwindSafe(|| params.transform(codes)))
        .map_err(|_| EmbedError::LinfaFailed { reason: "it panicked" })??;
    if embedding.iter().all(|value| value.is_finite()) {
        Ok(embedding)
    } else {
        Err(EmbedError::LinfaFailed { reason: "its map holds numbers that are not finite" })
    }
}
