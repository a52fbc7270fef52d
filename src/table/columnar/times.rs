//! Texts that are dates or times, in formats that have types of their own for them and files that do not use them.

use polars::prelude::*;

use super::contain;
use crate::error::Result;
use crate::table::source;
use crate::table::source::Kind;
use crate::table::text::time::Tally;

/// Texts of a column that are looked at to judge whether it is of dates or times.
pub(super) const HEAD: usize = 1000;

/// The positions of the columns of texts.
pub(super) fn texts(columns: &[source::Column]) -> Vec<usize> {
    (0..columns.len()).filter(|at| columns[*at].kind == Kind::Text).collect()
}

/// Judges a column by its first texts: whether it had any.
///
/// A column whose first texts are all ISO 8601 becomes one of times; categoricals stay what they are.
pub(super) fn judge(format: &'static str, column: &mut source::Column, pieces: &[Series]) -> Result<bool> {
    let mut tally = Tally::default();
    let mut left = HEAD;
    for piece in pieces {
        if *piece.dtype() != DataType::String {
            return Ok(true);
        }
        let texts = contain(format, || Ok(piece.str()?.clone()))?;
        for text in texts.iter().flatten().take(left) {
            tally.add(text);
            left -= 1;
        }
    }
    if let Some(kind) = tally.kind() {
        column.kind = Kind::Time;
        kind.name().clone_into(&mut column.type_name);
    }
    Ok(left < HEAD)
}
