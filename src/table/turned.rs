//! Files with a row per feature: read as they stand, then turned.

use std::path::PathBuf;

use crate::error::Error;
use crate::error::Result;
use crate::event::Observer;
use crate::table::Account;
use crate::table::assemble::Loaded;
use crate::table::assemble::Places;
use crate::table::clipped;
use crate::table::error::TableError;
use crate::table::first_few;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::gather::TextUse;
use crate::table::labels::make_unique;
use crate::table::options::Input;
use crate::table::read::drain;
use crate::table::read::open;
use crate::table::read::placed;
use crate::table::roles;
use crate::table::source;
use crate::table::source::Kind;
use crate::table::transpose;

/// Reads a file with a row per feature: as it stands, then turned.
pub(super) fn load_transposed(files: &[PathBuf], input: &Input, observer: &mut Observer<'_>) -> Result<Loaded> {
    let file = &files[0];
    if files.len() > 1 {
        return Err(TableError::Request {
            message: "several files with features in rows cannot be read as one table".to_owned(),
            hint: "give one file".to_owned(),
        }
        .into());
    }
    if input.rows.is_some() {
        return Err(TableError::Request {
            message: "`input.rows` cannot sample a file with features in rows".to_owned(),
            hint: "leave `input.rows` out".to_owned(),
        }
        .into());
    }
    let mut source = open(file, input)?;
    let columns = source.columns().to_vec();
    roles::refuse_repeated(&columns, columns.iter().filter_map(|column| column.repeats.as_deref()))
        .map_err(|error| placed(error, file))?;
    let names = match (&input.id, source.row_names()) {
        (Some(id), _) => Some(id.clone()),
        (None, Some(names)) => Some(names.to_owned()),
        (None, None) => columns.iter().find(|column| column.kind == Kind::Text).map(|column| column.name.clone()),
    };
    let Some(names) = names else {
        return Err(placed(
            TableError::Request {
                message: "no column names the features: all columns are numbers".to_owned(),
                hint: "set `input.id` to the column that names the features, or `input.layout: samples_in_rows`"
                    .to_owned(),
            }
            .into(),
            file,
        ));
    };
    let mut as_it_stands = Input { id: Some(names.clone()), labels: Vec::new(), ..Input::new(file) };
    as_it_stands.categorical.max_levels = 0;
    as_it_stands.missing = input.missing.clone();
    let mut account = Account { format: source.format(), notes: source.notes(), ..Account::default() };
    let mut roles = roles::assign(&columns, &as_it_stands, &mut account).map_err(|error| placed(error, file))?;
    let mut slots = std::mem::take(&mut roles.slots);
    drain(source.as_mut(), &mut slots, &mut roles.gather, observer).map_err(|error| placed(error, file))?;
    drop(source);
    account.rows_read = roles.gather.width();
    account.turned = true;
    let left_out: Vec<String> = std::mem::take(&mut account.unused).into_iter().map(|unused| unused.name).collect();
    if !left_out.is_empty() {
        account.notes.push(format!("columns that are no samples are left out: {}", first_few(&left_out)));
    }
    account.notes.push(format!("features are named by column `{}`, samples by the header", clipped(&names)));
    let loaded = turn(roles.gather, account).map_err(|error| placed(error, file))?;
    choose(loaded, input).map_err(|error| placed(error, file))
}

fn turn(mut gather: Gather, mut account: Account) -> Result<Loaded> {
    let late: Vec<String> = gather.unused_late.iter().map(|unused| unused.name.clone()).collect();
    if !late.is_empty() {
        account.notes.push(format!("columns that are no samples are left out: {}", first_few(&late)));
    }
    let features = gather.rows();
    let id = gather.texts.iter().position(|text| text.use_as == TextUse::Id);
    let mut names: Vec<String> = match id {
        Some(id) => (0..features).map(|row| gather.texts[id].cells.get(row).unwrap_or_default().to_owned()).collect(),
        None => Vec::new(),
    };
    if let Some(position) = names.iter().position(|name| name.trim().is_empty()) {
        return Err(
            Error::request(format!("row {} has no feature name", position + 1)).hint("every feature needs a name")
        );
    }
    let renamed = make_unique(&mut names);
    if renamed > 0 {
        account.notes.push(format!("{renamed} feature names occur more than once and got a number: `-1`, `-2`, …"));
    }
    let keep: Vec<bool> = gather.dead.iter().map(|dead| !dead).collect();
    let ids: Vec<String> =
        gather.names.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(name, _)| name.clone()).collect();
    let rounded = Vec::new();
    let matrix = gather.take_matrix(&keep);
    let values = transpose::turned(matrix);
    account.columns_in = names.len();
    Ok(Loaded {
        id_name: "sample".to_owned(),
        ids: Some(ids),
        ids_optional: false,
        names,
        values,
        texts: Vec::new(),
        rounded,
        account,
        places: Places::From(0),
        amounts: None,
        labels_elsewhere: Vec::new(),
    })
}

/// Applies the choice of features to a matrix that was read whole.
pub(super) fn choose(mut loaded: Loaded, input: &Input) -> Result<Loaded> {
    let columns: Vec<source::Column> =
        loaded.names.iter().map(|name| source::Column::new(name.clone(), Kind::Number, "number")).collect();
    let chosen = Input { id: None, labels: Vec::new(), rows: None, ..input.clone() };
    let roles = roles::assign(&columns, &chosen, &mut loaded.account)?;
    loaded.labels_elsewhere.clone_from(&input.labels);
    if let Some(label) = input.labels.first()
        && input.metadata.is_none()
    {
        return Err(TableError::Request {
            message: format!("label `{}` cannot be in a file with features in rows", clipped(label)),
            hint: "give the labels in a second file: `input.metadata: {path: …}`".to_owned(),
        }
        .into());
    }
    let keep: Vec<bool> = roles.slots.iter().map(|slot| *slot != Slot::Skip).collect();
    if keep.iter().any(|keep| !keep) {
        let wanted: Vec<usize> = (0..keep.len()).filter(|column| keep[*column]).collect();
        loaded.names = wanted.iter().map(|column| std::mem::take(&mut loaded.names[*column])).collect();
        let values = std::mem::take(&mut loaded.values);
        loaded.values = super::frame::select_columns(values, &wanted);
    }
    Ok(loaded)
}
