//! Whether a network fits into memory, asked before the training asks for it.

use crate::autoencoder::Options;
use crate::error::{Error, Result};
use crate::table::memory;

/// Refuses a network whose training needs more memory than there is.
///
/// Training keeps the weights, their gradients, two moments of each (Adam) and the best weights so far; a
/// chunk of rows keeps the activations of every layer.
///
/// # Errors
/// If it would not fit, with what it needs and what there is.
pub fn check(options: &Options, columns: usize) -> Result<()> {
    const COPIES: u64 = 5;
    let weights = options.weights(columns)? as u64;
    let need = weights.saturating_mul(4).saturating_mul(COPIES);
    match memory::available() {
        Some(available) if need > available => Err(Error::request(format!(
            "a network of {weights} weights needs {} to train, and {} are available",
            memory::in_words(need),
            memory::in_words(available)
        ))
        .hint("make `autoencoder.hidden` narrower, or leave it out")),
        _ => Ok(()),
    }
}
