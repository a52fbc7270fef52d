//! From what a reader gathered to a [`Table`]: ids, labels, what trains, and the account.

use std::collections::HashMap;
use std::collections::HashSet;

use ndarray::Array2;

use crate::error::Result;
use crate::table::Account;
use crate::table::Category;
use crate::table::Frame;
use crate::table::Label;
use crate::table::LabelValues;
use crate::table::MissingCount;
use crate::table::Table;
use crate::table::dictionary::Dictionary;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::frame::select_columns;
use crate::table::frame::select_rows;
use crate::table::gather::Gather;
use crate::table::gather::TextColumn;
use crate::table::gather::TextUse;
use crate::table::metadata::Joined;
use crate::table::options::CategoricalMissing;
use crate::table::options::Input;
use crate::table::options::NumericMissing;
use crate::table::read::unused;

/// Why a column without values is left out.
pub(super) const WITHOUT_A_VALUE: &str = "without a value in any row";

/// What a reader gathered.
pub(super) struct Loaded {
    pub(super) id_name: String,
    /// The ids, empty where missing; `None` numbers the rows.
    pub(super) ids: Option<Vec<String>>,
    /// Ids nobody asked for: where they repeat, rows are numbered instead.
    pub(super) ids_optional: bool,
    pub(super) names: Vec<String>,
    pub(super) values: Array2<f32>,
    /// Labels and levels.
    pub(super) texts: Vec<TextColumn>,
    /// Columns in which integers were too long for single precision.
    pub(super) rounded: Vec<String>,
    pub(super) account: Account,
    /// The number of the first row, where rows are numbered.
    pub(super) first_row: usize,
    pub(super) labels_elsewhere: Vec<String>,
}

impl Loaded {
    pub(super) fn from_gather(
        mut gather: Gather,
        input: &Input,
        account: Account,
        first_row: usize,
        labels_elsewhere: Vec<String>,
    ) -> Self {
        let rows = gather.rows();
        let keep: Vec<bool> = gather.dead.iter().map(|dead| !dead).collect();
        let kept = |position: &usize| keep[*position];
        let names: Vec<String> = (0..keep.len()).filter(kept).map(|position| gather.names[position].clone()).collect();
        let rounded: Vec<String> = (0..keep.len())
            .filter(|position| gather.rounded[*position])
            .map(|position| gather.names[position].clone())
            .collect();
        let values = gather.take_matrix(&keep);
        let mut texts = std::mem::take(&mut gather.texts);
        let id = texts.iter().position(|text| text.use_as == TextUse::Id).map(|position| texts.remove(position));
        let ids = id.map(|id| (0..rows).map(|row| id.cells.get(row).unwrap_or_default().to_owned()).collect());
        Self {
            id_name: input.id.clone().unwrap_or_else(|| "row".to_owned()),
            ids,
            ids_optional: false,
            names,
            values,
            texts,
            rounded,
            account,
            first_row,
            labels_elsewhere,
        }
    }
}

/// Makes the table: joins, types the labels, leaves out what cannot train, checks what is missing.
pub(super) fn table(loaded: Loaded, metadata: Option<Joined>, input: &Input) -> Result<Table> {
    let Loaded {
        id_name,
        ids,
        ids_optional,
        names,
        mut values,
        mut texts,
        rounded,
        mut account,
        first_row,
        labels_elsewhere,
    } = loaded;
    if values.nrows() == 0 {
        return Err(TableError::NoRows { header: None }.into());
    }
    let (mut id_name, mut ids) = named(id_name, ids, ids_optional, values.nrows(), first_row, &mut account)?;
    let mut labels: Vec<(String, Dictionary)> = Vec::new();
    let mut categories = Vec::new();
    for text in texts.drain(..) {
        match text.use_as {
            TextUse::Label => labels.push((text.name, text.cells)),
            TextUse::Category | TextUse::Id => categories.push((text.name, text.cells)),
        }
    }
    if let Some(joined) = metadata {
        let matched = joined.look_up(&ids, &labels_elsewhere, !labels.is_empty())?;
        labels.extend(matched.labels);
        account.notes.extend(matched.notes);
        if let Some(keep) = matched.keep {
            let rows: Vec<usize> = (0..keep.len()).filter(|row| keep[*row]).collect();
            values = select_rows(values, &rows);
            ids = rows.iter().map(|row| std::mem::take(&mut ids[*row])).collect();
            labels.iter_mut().chain(&mut categories).for_each(|(_, cells)| cells.retain(&keep));
        }
    }
    let order = |name: &str| input.labels.iter().position(|label| label == name).unwrap_or(usize::MAX);
    labels.sort_by_key(|(name, _)| order(name));
    if !rounded.is_empty() {
        account
            .notes
            .push(format!("integers longer than 7 digits are rounded to single precision in {}", first_few(&rounded)));
    }
    account.rows_used = values.nrows();
    let (names, values) = keep_numbers(names, values, input, &ids, &mut account)?;
    let categories = keep_levels(categories, input, &ids, &mut account)?;
    account.columns_used = names.len() + categories.len();
    if account.columns_used == 0 {
        return Err(TableError::NoFeatures { reasons: reasons(&account) }.into());
    }
    if id_name.is_empty() {
        "row".clone_into(&mut id_name);
    }
    let labels = labels.into_iter().map(|(name, cells)| label(name, cells)).collect();
    Ok(Table { id_name, ids, frame: Frame { features: names, values, categories }, labels, account })
}

/// The ids as given, checked; or the rows' numbers.
fn named(
    id_name: String,
    ids: Option<Vec<String>>,
    optional: bool,
    rows: usize,
    first_row: usize,
    account: &mut Account,
) -> Result<(String, Vec<String>)> {
    let numbered = || (first_row..first_row + rows).map(|row| row.to_string()).collect();
    let Some(ids) = ids else { return Ok(("row".to_owned(), numbered())) };
    let mut first: HashMap<&str, usize> = HashMap::with_capacity(ids.len());
    let mut problem = None;
    for (row, id) in ids.iter().enumerate() {
        if id.is_empty() {
            problem = Some(TableError::MissingId { row: first_row + row + 1, column: id_name.clone() });
            break;
        }
        if let Some(before) = first.insert(id, row) {
            let id = super::clipped(id);
            problem = Some(TableError::DuplicateId { id, first: first_row + before + 1, second: first_row + row + 1 });
            break;
        }
    }
    match problem {
        None => {
            if optional {
                account.notes.push(format!("ids are taken from `{}`", super::clipped(&id_name)));
            }
            Ok((id_name, ids))
        }
        Some(_) if optional => {
            account.notes.push(format!(
                "`{}` repeats itself and cannot serve as id: rows are numbered",
                super::clipped(&id_name)
            ));
            Ok(("row".to_owned(), numbered()))
        }
        Some(error) => Err(error.into()),
    }
}

/// Leaves out columns of numbers with too few values, and refuses missing ones where that is the policy.
fn keep_numbers(
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
    account.missing.extend(counts.iter().map(|(name, count)| MissingCount { name: (*name).clone(), count: *count }));
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

/// Leaves out columns of texts with too many levels or too few values.
fn keep_levels(
    columns: Vec<(String, Dictionary)>,
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
        #[expect(clippy::cast_precision_loss, reason = "a share of a row count")]
        let share = missing as f64 / ids.len() as f64;
        let reason = if missing == ids.len() {
            Some(WITHOUT_A_VALUE.to_owned())
        } else if cells.distinct() + missing == ids.len() && cells.distinct() > most {
            Some("a different text in every row, as ids have".to_owned())
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
    account.missing.extend(counts.into_iter().map(|(name, count)| MissingCount { name, count }));
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
    const ROWS: usize = 1024;
    let width = values.ncols();
    let Some(flat) = values.as_slice() else { return vec![0; width] };
    if width == 0 {
        return Vec::new();
    }
    let parts: Vec<Vec<u32>> = flat
        .par_chunks(ROWS * width)
        .filter(|rows| rows.iter().any(|value| value.is_nan()))
        .map(|rows| {
            let mut counts = vec![0_u32; width];
            for row in rows.chunks_exact(width) {
                for (count, value) in counts.iter_mut().zip(row) {
                    *count += u32::from(value.is_nan());
                }
            }
            counts
        })
        .collect();
    let mut counts = vec![0; width];
    for part in parts {
        for (count, more) in counts.iter_mut().zip(part) {
            *count += more as usize;
        }
    }
    counts
}

/// Every column and why it does not train, for a table that has none that does.
fn reasons(account: &Account) -> String {
    const SHOWN: usize = 8;
    let mut parts: Vec<String> = account
        .unused
        .iter()
        .take(SHOWN)
        .map(|unused| format!("`{}` ({}): {}", super::clipped(&unused.name), unused.kind, unused.reason))
        .collect();
    match account.unused.len() {
        0 => parts.push("every column is id or label".to_owned()),
        all if all > SHOWN => parts.push(format!("and {} more", all - SHOWN)),
        _ => {}
    }
    parts.join("; ")
}

/// Types a label: classes, or numbers (see [`LabelValues`]).
pub(super) fn label(name: String, cells: Dictionary) -> Label {
    let (levels, of_row) = cells.into_levels();
    let numbers: Option<Vec<f64>> = levels.iter().map(|level| level.trim().parse().ok()).collect();
    let amounts = numbers.filter(|numbers| {
        let integers = numbers.iter().all(|number| number.fract() == 0.0);
        !numbers.is_empty()
            && numbers.iter().all(|number| number.is_finite())
            && (!integers || numbers.len() > LabelValues::MOST_NUMBERED_CLASSES)
    });
    let values = match amounts {
        Some(numbers) => {
            LabelValues::Numbers(of_row.iter().map(|level| level.map(|level| numbers[level as usize])).collect())
        }
        None => LabelValues::Classes { levels, of_row },
    };
    Label { name, values }
}

/// Makes names different from each other by adding `-1`, `-2`, … to repeats; returns how many changed.
pub(super) fn make_unique(names: &mut [String]) -> usize {
    let mut seen: HashSet<String> = HashSet::with_capacity(names.len());
    let all: HashSet<String> = names.iter().cloned().collect();
    let mut next: HashMap<String, usize> = HashMap::new();
    let mut changed = 0;
    for name in names {
        if seen.insert(name.clone()) {
            continue;
        }
        let number = next.entry(name.clone()).or_insert(1);
        let unique = loop {
            let candidate = format!("{name}-{number}");
            *number += 1;
            if !all.contains(&candidate) && !seen.contains(&candidate) {
                break candidate;
            }
        };
        seen.insert(unique.clone());
        *name = unique;
        changed += 1;
    }
    changed
}
