//! Which column does what.

use std::collections::HashMap;
use std::collections::HashSet;

use regex::Regex;

use crate::error::Result;
use crate::error::nearest;
use crate::table::Account;
use crate::table::Unused;
use crate::table::clipped;
use crate::table::error::TableError;
use crate::table::gather::CANNOT_TRAIN;
use crate::table::gather::Gather;
use crate::table::gather::Slot;
use crate::table::gather::TIMES_LEFT_OUT;
use crate::table::gather::TextUse;
use crate::table::options::Input;
use crate::table::options::Times;
use crate::table::source::Column;
use crate::table::source::FORMATTED;
use crate::table::source::Kind;

/// A gather with its columns laid out, and where each column of the first file goes.
pub(super) struct Roles {
    pub(super) gather: Gather,
    pub(super) slots: Vec<Slot>,
    /// Labels that are not in the table and must come from the metadata.
    pub(super) labels_elsewhere: Vec<String>,
}

/// Decides what each of `columns` does; what does nothing goes into `account`.
///
/// # Errors
/// A name that is not there, a name with two jobs, a pattern that is none, names that occur twice.
pub(super) fn assign(columns: &[Column], input: &Input, account: &mut Account) -> Result<Roles> {
    let positions = positions(columns)?;
    let names = || columns.iter().map(|column| column.name.as_str());
    if let Some(id) = &input.id
        && !positions.contains_key(id.as_str())
    {
        let nearest = nearest(id, names()).map(str::to_owned);
        return Err(TableError::NoSuchColumn { role: "id", name: id.clone(), nearest }.into());
    }
    let mut labels_elsewhere = Vec::new();
    for label in &input.labels {
        if input.id.as_ref() == Some(label) {
            return Err(TableError::TwoRoles { name: label.clone(), one: "id", other: "label" }.into());
        }
        if !positions.contains_key(label.as_str()) {
            if input.metadata.is_none() {
                let nearest = nearest(label, names()).map(str::to_owned);
                return Err(TableError::NoSuchColumn { role: "label", name: label.clone(), nearest }.into());
            }
            labels_elsewhere.push(label.clone());
        }
    }
    refuse_repeated(columns, input.id.iter().chain(&input.labels).map(String::as_str))?;
    let choice = Choice::new(input, columns, &positions, account)?;
    let mut layout = Layout::default();
    let mut times = Vec::new();
    let mut slots = Vec::with_capacity(columns.len());
    account.columns_in = columns.len();
    for (position, column) in columns.iter().enumerate() {
        let slot = if input.id.as_deref() == Some(column.name.as_str()) {
            layout.text(column, TextUse::Id)
        } else if input.labels.contains(&column.name) {
            layout.text(column, TextUse::Label)
        } else {
            match choice.of(position, column, input) {
                Feature::Number if column.kind == Kind::Unknown => {
                    layout.numbers.push(column.name.clone());
                    Slot::Unknown(layout.numbers.len() - 1)
                }
                Feature::Number => {
                    if column.kind == Kind::Time {
                        times.push(column.name.as_str());
                    }
                    layout.numbers.push(column.name.clone());
                    Slot::Number(layout.numbers.len() - 1)
                }
                Feature::Category => layout.text(column, TextUse::Category),
                Feature::Formatted => layout.text(column, TextUse::Formatted),
                Feature::Unused(reason) => {
                    account.unused.push(Unused {
                        name: column.name.clone(),
                        kind: column.type_name.clone(),
                        reason: reason.to_owned(),
                    });
                    Slot::Skip
                }
            }
        };
        slots.push(slot);
    }
    if !layout.numbers.is_empty() && layout.texts.iter().any(|(_, use_as)| use_as.is_level()) {
        let used = columns.iter().zip(&slots).filter(|(_, slot)| **slot != Slot::Skip);
        account.order = used.map(|(column, _)| column.name.clone()).collect();
    }
    if !times.is_empty() {
        let named = super::first_few(&times);
        account.notes.push(format!("dates train as days and times as seconds since 1970 or midnight: {named}"));
    }
    let most_levels = input.categorical.max_levels.max(1);
    let gather = Gather::new(layout.numbers, layout.texts, most_levels, input.rows);
    Ok(Roles { gather, slots, labels_elsewhere })
}

/// Where each column of a further file goes, by name.
///
/// # Errors
/// If the file lacks a column of the first or has one besides, or a column is of another kind there.
pub(super) fn map(first: &[Column], slots: &[Slot], columns: &[Column], file: &str) -> Result<Vec<Slot>> {
    let known: HashMap<&str, Slot> =
        first.iter().map(|column| column.name.as_str()).zip(slots.iter().copied()).collect();
    let here = positions(columns)?;
    let missing: Vec<&str> = known_names(first).filter(|name| !here.contains_key(name)).collect();
    let extra: Vec<&str> = known_names(columns).filter(|name| !known.contains_key(name)).collect();
    if missing.is_empty() && extra.is_empty() {
        let kinds: HashMap<&str, &Column> = first.iter().map(|column| (column.name.as_str(), column)).collect();
        for column in columns {
            let (before, slot) = (kinds[column.name.as_str()], known[column.name.as_str()]);
            if !goes_with(before, column, slot) {
                let (name, here, before) = (clipped(&column.name), column.type_name.clone(), before.type_name.clone());
                return Err(TableError::KindsDiffer { file: file.to_owned(), name, here, before }.into());
            }
        }
        return Ok(columns.iter().map(|column| known[column.name.as_str()]).collect());
    }
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("it lacks {}", super::first_few(&missing)));
    }
    if !extra.is_empty() {
        parts.push(format!("it has {} besides", super::first_few(&extra)));
    }
    Err(TableError::ColumnsDiffer { file: file.to_owned(), difference: parts.join(" and ") }.into())
}

/// Whether a column can go where its namesake of the first file went.
fn goes_with(before: &Column, here: &Column, slot: Slot) -> bool {
    // days are not seconds: `datetime[ms]` goes with `datetime[μs]`, not with `date`
    let family = |column: &Column| column.type_name.split('[').next().unwrap_or_default().to_owned();
    match (slot, before.kind, here.kind) {
        (Slot::Skip, ..) | (_, _, Kind::Unknown) | (Slot::Unknown(_), ..) => true,
        (Slot::Number(_), Kind::Time, Kind::Time) => family(before) == family(here),
        (Slot::Number(_), Kind::Unknown, here) => matches!(here, Kind::Number | Kind::Time),
        (Slot::Number(_), before, here) => before == here,
        (Slot::Text(_), _, here) => here != Kind::Other,
    }
}

/// Gives columns of a further file that had no value so far the kind that they have there.
pub(super) fn settle(slots: &mut [Slot], columns: &[Column], gather: &mut Gather, times: Times) {
    for (slot, column) in slots.iter_mut().zip(columns) {
        if let Slot::Unknown(place) = *slot {
            *slot = gather.settle_unknown(place, column.kind, &column.type_name, times);
        }
    }
}

fn known_names(columns: &[Column]) -> impl Iterator<Item = &str> {
    columns.iter().map(|column| column.name.as_str())
}

#[derive(Default)]
struct Layout {
    numbers: Vec<String>,
    texts: Vec<(String, TextUse)>,
}

impl Layout {
    fn text(&mut self, column: &Column, use_as: TextUse) -> Slot {
        self.texts.push((column.name.clone(), use_as));
        Slot::Text(self.texts.len() - 1)
    }
}

/// Refuses names that more than one column of the file has: which one is meant cannot be known.
pub(super) fn refuse_repeated<'a>(columns: &[Column], mut names: impl Iterator<Item = &'a str>) -> Result<()> {
    let second = |name: &str| columns.iter().position(|column| column.repeats.as_deref() == Some(name));
    let Some((name, second)) = names.find_map(|name| Some((name, second(name)?))) else { return Ok(()) };
    let first = columns.iter().position(|column| column.name == name).unwrap_or(0);
    Err(TableError::DuplicateColumn { name: super::clipped(name), first: first + 1, second: second + 1 }.into())
}

fn positions(columns: &[Column]) -> Result<HashMap<&str, usize>> {
    let mut positions = HashMap::with_capacity(columns.len());
    for (position, column) in columns.iter().enumerate() {
        if column.name.is_empty() {
            return Err(TableError::UnnamedColumn { position: position + 1 }.into());
        }
        if let Some(first) = positions.insert(column.name.as_str(), position) {
            let name = super::clipped(&column.name);
            return Err(TableError::DuplicateColumn { name, first: first + 1, second: position + 1 }.into());
        }
    }
    Ok(positions)
}

enum Feature {
    Number,
    Category,
    /// Levels, unless all cells turn out to be numbers written for people.
    Formatted,
    Unused(&'static str),
}

/// The user's choice of features, by position.
struct Choice {
    included: Option<Vec<bool>>,
    excluded: Vec<bool>,
    codes: Vec<bool>,
}

impl Choice {
    fn new(input: &Input, columns: &[Column], positions: &HashMap<&str, usize>, account: &mut Account) -> Result<Self> {
        let features = &input.features;
        for name in &features.include {
            if features.exclude.contains(name) {
                return Err(TableError::TwoRoles { name: name.clone(), one: "included", other: "excluded" }.into());
            }
            let other = match () {
                () if input.id.as_ref() == Some(name) => "the id",
                () if input.labels.contains(name) => "a label",
                () => "",
            };
            if !other.is_empty() {
                return Err(TableError::TwoRoles { name: name.clone(), one: "a feature", other }.into());
            }
            if let Some(position) = positions.get(name.as_str())
                && columns[*position].kind == Kind::Other
            {
                let kind = columns[*position].type_name.clone();
                return Err(TableError::CannotTrain { name: name.clone(), kind }.into());
            }
        }
        let included = match features.include.as_slice() {
            [] => None,
            patterns => Some(matches(patterns, columns, positions, &mut |pattern| {
                let nearest = nearest(pattern, columns.iter().map(|column| column.name.as_str())).map(str::to_owned);
                Err(TableError::NothingMatches { pattern: pattern.to_owned(), nearest }.into())
            })?),
        };
        let excluded = matches(&features.exclude, columns, positions, &mut |pattern| {
            account.notes.push(format!("`{pattern}` in `input.features.exclude` matches no column"));
            Ok(())
        })?;
        for (key, patterns) in [("include", &features.include), ("exclude", &features.exclude)] {
            account.notes.extend(words_as_patterns(patterns, columns, positions).into_iter().map(|(word, means)| {
                format!(
                    "`{word}` in `input.features.{key}` is no column; as a pattern it means {}",
                    super::first_few(&means)
                )
            }));
        }
        let mut codes = matches(&input.categorical.columns, columns, positions, &mut |pattern| {
            let nearest = nearest(pattern, columns.iter().map(|column| column.name.as_str())).map(str::to_owned);
            Err(TableError::NothingMatches { pattern: pattern.to_owned(), nearest }.into())
        })?;
        let known: HashSet<&str> = input.categorical.known.iter().map(String::as_str).collect();
        // numbers become levels once it is known how the model writes them
        let looks_otherwise = |column: &Column| column.kind != Kind::Number;
        codes
            .iter_mut()
            .zip(columns)
            .for_each(|(code, column)| *code |= looks_otherwise(column) && known.contains(column.name.as_str()));
        Ok(Self { included, excluded, codes })
    }

    fn of(&self, position: usize, column: &Column, input: &Input) -> Feature {
        if self.included.as_ref().is_some_and(|included| !included[position]) {
            return Feature::Unused("not among `input.features.include`");
        }
        if self.excluded[position] {
            return Feature::Unused("excluded by `input.features.exclude`");
        }
        match column.kind {
            Kind::Number | Kind::Unknown | Kind::Text | Kind::Boolean | Kind::Time if self.codes[position] => {
                Feature::Category
            }
            Kind::Number | Kind::Unknown => Feature::Number,
            Kind::Text | Kind::Boolean if input.categorical.max_levels == 0 => {
                Feature::Unused("text, and `input.categorical.max_levels` is 0")
            }
            Kind::Text if column.type_name == FORMATTED => Feature::Formatted,
            Kind::Text | Kind::Boolean => Feature::Category,
            Kind::Time => match input.times {
                Times::LeaveOut => Feature::Unused(TIMES_LEFT_OUT),
                Times::Number => Feature::Number,
            },
            Kind::Other => Feature::Unused(CANNOT_TRAIN),
            Kind::Annotation => Feature::Unused("an annotation, which can be a label"),
        }
    }
}

/// The patterns that are plain words and no column, with the columns of whose names they are a part.
fn words_as_patterns<'a>(
    patterns: &'a [String],
    columns: &'a [Column],
    positions: &HashMap<&str, usize>,
) -> Vec<(&'a String, Vec<&'a str>)> {
    let plain = |word: &&String| word.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let words = patterns.iter().filter(plain).filter(|word| !positions.contains_key(word.as_str()));
    let means = |word: &'a String| {
        let names = columns.iter().map(|column| column.name.as_str());
        (word, names.filter(|name| name.contains(word.as_str())).collect::<Vec<_>>())
    };
    words.map(means).filter(|(_, means)| !means.is_empty()).collect()
}

/// For each column whether one of the patterns means it.
fn matches(
    patterns: &[String],
    columns: &[Column],
    positions: &HashMap<&str, usize>,
    nothing: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<Vec<bool>> {
    let mut matched = vec![false; columns.len()];
    for pattern in patterns {
        if let Some(position) = positions.get(pattern.as_str()) {
            matched[*position] = true;
            let repeats = |column: &Column| column.repeats.as_ref() == Some(pattern);
            matched.iter_mut().zip(columns).for_each(|(matched, column)| *matched |= repeats(column));
            continue;
        }
        let expression = Regex::new(pattern).map_err(|error| {
            let reason = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            TableError::BadPattern { pattern: pattern.clone(), reason }
        })?;
        let mut any = false;
        for (matched, column) in matched.iter_mut().zip(columns) {
            if expression.is_match(&column.name) {
                (*matched, any) = (true, true);
            }
        }
        if !any {
            nothing(pattern)?;
        }
    }
    Ok(matched)
}
