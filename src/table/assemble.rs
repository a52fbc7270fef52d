//! From what a reader gathered to a [`Table`]: ids, labels, what trains, and the account.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use ndarray::Array2;

use crate::error::Result;
use crate::table::Account;
use crate::table::Frame;
use crate::table::ROW;
use crate::table::Table;
use crate::table::Unused;
use crate::table::dictionary::Dictionary;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::frame::select_rows;
use crate::table::gather::Gather;
use crate::table::gather::TextColumn;
use crate::table::gather::TextUse;
use crate::table::keep::keep_levels;
use crate::table::keep::keep_numbers;
use crate::table::labels::label;
use crate::table::labels::label_as;
use crate::table::metadata::Joined;
use crate::table::options::Input;

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
    /// Which rows of the file these are.
    pub(super) places: Places,
    /// Where a table is read in parts: the labels that are amounts in all of it. Ids may repeat then.
    pub(super) amounts: Option<BTreeSet<String>>,
    pub(super) labels_elsewhere: Vec<String>,
}

/// Which rows of the file a table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Places {
    /// Every row from this one on.
    From(usize),
    /// A sample, in ascending order.
    Sample(Vec<usize>),
}

impl Places {
    /// The row of the file that is row `row` of the table.
    fn of(&self, row: usize) -> usize {
        match self {
            Self::From(first) => first + row,
            Self::Sample(rows) => rows[row],
        }
    }
}

impl Loaded {
    pub(super) fn from_gather(
        mut gather: Gather,
        input: &Input,
        mut account: Account,
        places: Places,
        labels_elsewhere: Vec<String>,
    ) -> Self {
        account.unused.append(&mut gather.unused_late);
        account.notes.append(&mut gather.notes);
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
        let trimmed: Vec<&str> = texts.iter().filter(|text| text.trimmed).map(|text| text.name.as_str()).collect();
        if !trimmed.is_empty() {
            account.notes.push(format!("blanks around texts are ignored: {}", first_few(&trimmed)));
        }
        let id = texts.iter().position(|text| text.use_as == TextUse::Id).map(|position| texts.remove(position));
        let ids = id.map(|id| (0..rows).map(|row| id.cells.get(row).unwrap_or_default().to_owned()).collect());
        Self {
            id_name: input.id.clone().unwrap_or_else(|| ROW.to_owned()),
            ids,
            ids_optional: false,
            names,
            values,
            texts,
            rounded,
            account,
            places,
            amounts: None,
            labels_elsewhere,
        }
    }
}

/// Makes the table: joins, types the labels, leaves out what cannot train, checks what is missing.
///
/// # Errors
/// As [`any`], and if no column is left to train on.
pub(super) fn table(loaded: Loaded, metadata: Option<Joined>, input: &Input) -> Result<Table> {
    let table = any(loaded, metadata, input)?;
    if table.account.columns_used == 0 {
        return Err(TableError::NoFeatures { reasons: reasons(&table.account.unused) }.into());
    }
    Ok(table)
}

/// As [`table`], though it may hold nothing that trains.
pub(super) fn any(loaded: Loaded, metadata: Option<Joined>, input: &Input) -> Result<Table> {
    let Loaded {
        id_name,
        ids,
        ids_optional,
        names,
        mut values,
        mut texts,
        rounded,
        mut account,
        mut places,
        amounts,
        labels_elsewhere,
    } = loaded;
    if values.nrows() == 0 {
        return Err(TableError::NoRows { header: None }.into());
    }
    let row_names = Names { id_name, ids, optional: ids_optional, may_repeat: amounts.is_some() };
    let (mut id_name, mut ids) = row_names.settle(values.nrows(), &places, &mut account)?;
    let mut labels: Vec<(String, Dictionary)> = Vec::new();
    let mut categories = Vec::new();
    let mut formatted = HashSet::new();
    for text in texts.drain(..) {
        match text.use_as {
            TextUse::Label => labels.push((text.name, text.cells)),
            TextUse::Category | TextUse::Id => categories.push((text.name, text.cells)),
            TextUse::Formatted => {
                formatted.insert(text.name.clone());
                categories.push((text.name, text.cells));
            }
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
            places = Places::Sample(rows.iter().map(|row| places.of(*row)).collect());
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
    let categories = keep_levels(categories, &formatted, input, &ids, &mut account)?;
    account.columns_used = names.len() + categories.len();
    if categories.is_empty() {
        account.order.clear();
    } else {
        let levels = categories.iter().map(|category| category.name.as_str());
        let used: HashSet<&str> = names.iter().map(String::as_str).chain(levels).collect();
        account.order.retain(|name| used.contains(name.as_str()));
    }
    if id_name.is_empty() {
        ROW.clone_into(&mut id_name);
    }
    let kind = |name: &str| amounts.as_ref().map(|amounts| amounts.contains(name));
    let labels = labels
        .into_iter()
        .map(|(name, cells)| match kind(&name) {
            None => label(name, cells),
            Some(is_amount) => label_as(name, cells, is_amount),
        })
        .collect();
    let rows = (0..values.nrows()).map(|row| places.of(row)).collect();
    Ok(Table { id_name, ids, rows, frame: Frame { features: names, values, categories }, labels, account })
}

/// What names the rows.
struct Names {
    id_name: String,
    ids: Option<Vec<String>>,
    /// Nobody asked for these ids: where they cannot serve, rows are numbered.
    optional: bool,
    /// The table comes in parts, in which a repeated id cannot be seen.
    may_repeat: bool,
}

impl Names {
    /// The ids as given, checked; or the rows' numbers in the file.
    fn settle(self, rows: usize, places: &Places, account: &mut Account) -> Result<(String, Vec<String>)> {
        let Self { id_name, ids, optional, may_repeat } = self;
        let numbered = || (0..rows).map(|row| places.of(row).to_string()).collect();
        let Some(ids) = ids else { return Ok((ROW.to_owned(), numbered())) };
        let mut first: HashMap<&str, usize> = HashMap::new();
        let mut problem = None;
        for (row, id) in ids.iter().enumerate() {
            if id.is_empty() && !(optional && may_repeat) {
                problem = Some(TableError::MissingId { row: places.of(row) + 1, column: id_name.clone() });
                break;
            }
            if !may_repeat && let Some(before) = first.insert(id, row) {
                let id = super::clipped(id);
                let (first, second) = (places.of(before) + 1, places.of(row) + 1);
                problem = Some(TableError::DuplicateId { id, first, second });
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
                Ok((ROW.to_owned(), numbered()))
            }
            Some(error) => Err(error.into()),
        }
    }
}

/// Every column and why it does not train, for a table that has none that does.
pub(super) fn reasons(all: &[Unused]) -> String {
    const SHOWN: usize = 8;
    let mut parts: Vec<String> = all
        .iter()
        .take(SHOWN)
        .map(|unused| format!("`{}` ({}): {}", super::clipped(&unused.name), unused.kind, unused.reason))
        .collect();
    match all.len() {
        0 => parts.push("every column is id or label".to_owned()),
        all if all > SHOWN => parts.push(format!("and {} more", all - SHOWN)),
        _ => {}
    }
    parts.join("; ")
}
