//! Which columns are kept: those with enough values, and of texts those with few enough levels.

use std::collections::HashSet;

use ndarray::Array2;

use crate::error::Result;
use crate::table::Account;
use crate::table::Category;
use crate::table::MissingCount;
use crate::table::dictionary::Dictionary;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::frame::select_columns;
use crate::table::options::CategoricalMissing;
use crate::table::options::Input;
use crate::table::options::NumericMissing;
use crate::table::read::unused;
use crate::table::source::FORMATTED;
use crate::table::text::number::is_formatted;

/// Why a column without values is left out.
pub const WITHOUT_A_VALUE: &str = "without a value in any row";

/// Leaves out columns of numbers with too few values, and refuses missing ones where that is the policy.
pub(super) fn keep_numbers(
    names: Vec<String>,
    values: Array2<f32>,
    input: &Input,
    ids: &[String],
    account: &mut Account,
) -> Result<(Vec<String>, Array2<f32>)> {
    let rows = values.nrows();
    let missing = missing_per_column(&values);
    let limit = input.missing.drop_feature_above.map(|share| share.get());
    let refuse = input.missing.numeric == NumericMissing::Refuse;
    let empty: Vec<&String> =
        names.iter().zip(&missing).filter(|(_, count)| **count == rows).map(|(name, _)| name).collect();
    if refuse && limit.is_none() && !empty.is_empty() {
        return Err(TableError::Request {
            message: format!(
                "{} without a value in any row: {}",
                if empty.len() == 1 { "there is a column" } else { "there are columns" },
                first_few(&empty)
            ),
            hint: format!(
                "exclude with `input.features.exclude: [{}]`, or set `input.missing.drop_feature_above: 0.99`",
                quoted(empty[0])
            ),
        }
        .into());
    }
    let reason = |count: usize| -> Option<String> {
        #[expect(clippy::cast_precision_loss, reason = "a share of a row count")]
        let share = count as f64 / rows as f64;
        match limit {
            _ if count == rows => Some(WITHOUT_A_VALUE.to_owned()),
            Some(limit) if share > limit => Some(format!("more than {limit} of its rows are missing")),
            _ => None,
        }
    };
    let reasons: Vec<Option<String>> = missing.iter().map(|count| reason(*count)).collect();
    for (name, reason) in names.iter().zip(&reasons) {
        if let Some(reason) = reason {
            account.unused.push(unused(name, "number", reason.clone()));
        }
    }
    let counts: Vec<(&String, usize)> = names
        .iter()
        .zip(&missing)
        .zip(&reasons)
        .filter(|((_, count), reason)| **count > 0 && reason.is_none())
        .map(|((name, count), _)| (name, *count))
        .collect();
    if refuse && !counts.is_empty() {
        let (column, count) = *counts.iter().max_by_key(|(_, count)| *count).unwrap_or(&counts[0]);
        let at = names.iter().position(|name| name == column).unwrap_or(0);
        let row = values.column(at).iter().position(|value| value.is_nan()).unwrap_or(0);
        return Err(refused(column, count, row, ids, &counts, "numeric").into());
    }
    account.missing.extend(counts.iter().map(|(name, count)| MissingCount {
        name: (*name).clone(),
        count: *count,
        of_texts: false,
    }));
    if reasons.iter().all(Option::is_none) {
        return Ok((names, values));
    }
    let wanted: Vec<usize> = (0..names.len()).filter(|column| reasons[*column].is_none()).collect();
    let names = wanted.iter().map(|column| names[*column].clone()).collect();
    Ok((names, select_columns(values, &wanted)))
}

fn quoted(name: &str) -> String {
    let plain = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", super::clipped(name)) }
}

/// Why a column that names the rows does not train.
pub(super) const AS_IDS: &str = "a different text in every row, as ids have";

/// Leaves out columns of texts with too many levels or too few values, and of those in `formatted` the ones whose texts are
/// all numbers written for people.
pub(super) fn keep_levels(
    columns: Vec<(String, Dictionary)>,
    formatted: &HashSet<String>,
    input: &Input,
    ids: &[String],
    account: &mut Account,
) -> Result<Vec<Category>> {
    let most = input.categorical.max_levels;
    let mut kept = Vec::new();
    let mut counts = Vec::new();
    let mut first = None;
    for (name, cells) in columns {
        let missing = cells.missing();
        if formatted.contains(&name) && cells.distinct() > 0 && cells.all(|text| is_formatted(text.as_bytes())) {
            if input.features.include.contains(&name) {
                return Err(TableError::CannotTrain { name, kind: FORMATTED.to_owned() }.into());
            }
            let reason = "numbers with separators, signs or units, which are not read: write plain digits";
            account.unused.push(unused(&name, FORMATTED, reason));
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share of a row count")]
        let share = missing as f64 / ids.len() as f64;
        // of few new rows all may miss what the model has a level for
        let reason = if missing == ids.len() && !input.categorical.known.contains(&name) {
            Some(WITHOUT_A_VALUE.to_owned())
        } else if cells.distinct() + missing == ids.len() && cells.distinct() > most {
            let others = "a different text in every row that has one";
            Some(if missing == 0 { AS_IDS.to_owned() } else { others.to_owned() })
        } else if !cells.is_complete() || cells.distinct() > most {
            Some(format!("more than {most} different texts (`input.categorical.max_levels`)"))
        } else if input.missing.drop_feature_above.is_some_and(|limit| share > limit.get()) {
            Some("more of its rows are missing than `input.missing.drop_feature_above`".to_owned())
        } else {
            None
        };
        if let Some(reason) = reason {
            account.unused.push(unused(&name, "text", reason));
            continue;
        }
        if missing > 0 {
            let row = (0..ids.len()).find(|row| cells.get(*row).is_none()).unwrap_or(0);
            first.get_or_insert(row);
            counts.push((name.clone(), missing));
        }
        let (levels, of_row) = cells.into_levels();
        kept.push(Category { name, levels, of_row });
    }
    if let (CategoricalMissing::Refuse, Some(row), Some((name, count))) =
        (input.missing.categorical, first, counts.first())
    {
        let borrowed: Vec<(&String, usize)> = counts.iter().map(|(name, count)| (name, *count)).collect();
        return Err(refused(name, *count, row, ids, &borrowed, "categorical").into());
    }
    account.missing.extend(counts.into_iter().map(|(name, count)| MissingCount { name, count, of_texts: true }));
    Ok(kept)
}

fn refused(
    column: &str,
    count: usize,
    row: usize,
    ids: &[String],
    all: &[(&String, usize)],
    policy: &'static str,
) -> TableError {
    let others: Vec<String> = all
        .iter()
        .filter(|(name, _)| *name != column)
        .take(3)
        .map(|(name, count)| format!("`{}` {count}", super::clipped(name)))
        .collect();
    let others = match all.len() - 1 {
        0 => String::new(),
        1 => format!("; 1 other column has some too: {}", others[0]),
        more if more > others.len() => format!("; {more} other columns have some too: {}, …", others.join(", ")),
        more => format!("; {more} other columns have some too: {}", others.join(", ")),
    };
    TableError::Missing {
        column: super::clipped(column),
        count,
        row: row + 1,
        id: super::clipped(&ids[row]),
        others,
        policy,
    }
}

fn missing_per_column(values: &Array2<f32>) -> Vec<usize> {
    use rayon::prelude::*;
    /// Values that one thread looks at before it takes more.
    const AT_ONCE: usize = 1 << 18;
    let width = values.ncols();
    let Some(flat) = values.as_slice() else { return vec![0; width] };
    if width == 0 {
        return Vec::new();
    }
    // looked at all together first, which a processor does many at a time
    let holds_any =
        |rows: &&[f32]| rows.chunks(1024).any(|piece| piece.iter().fold(false, |any, value| any | value.is_nan()));
    let counted = |rows: &[f32]| {
        let mut counts = vec![0; width];
        for row in rows.chunks_exact(width) {
            for (count, value) in counts.iter_mut().zip(row) {
                *count += usize::from(value.is_nan());
            }
        }
        counts
    };
    let together = |mut counts: Vec<usize>, more: Vec<usize>| {
        counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        counts
    };
    let rows_at_once = (AT_ONCE / width).max(1);
    flat.par_chunks(rows_at_once * width).filter(holds_any).map(counted).reduce(|| vec![0; width], together)
}
