//! Labels: classes or amounts; and names made different from each other.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::table::Label;
use crate::table::LabelValues;
use crate::table::dictionary::Dictionary;

/// Types a label: classes, or numbers (see [`LabelValues`]).
pub(super) fn label(name: String, cells: Dictionary) -> Label {
    let mut seen = Seen::default();
    let (levels, of_row) = cells.into_levels();
    seen.add(&levels);
    typed(name, levels, of_row, seen.is_amount())
}

/// A label whose kind is known already.
pub(super) fn label_as(name: String, cells: Dictionary, is_amount: bool) -> Label {
    let (levels, of_row) = cells.into_levels();
    typed(name, levels, of_row, is_amount)
}

fn typed(name: String, levels: Vec<String>, of_row: Vec<Option<u32>>, is_amount: bool) -> Label {
    if !is_amount {
        return Label { name, values: LabelValues::Classes { levels, of_row } };
    }
    let numbers: Vec<f64> = levels.iter().map(|level| level.trim().parse().unwrap_or(f64::NAN)).collect();
    let numbers = of_row.iter().map(|level| level.map(|level| numbers[level as usize])).collect();
    Label { name, values: LabelValues::Numbers(numbers) }
}

/// What has been seen of a label, however many rows it has.
#[derive(Debug, Default)]
struct Seen {
    any: bool,
    not_a_number: bool,
    fractions: bool,
    /// At most one more than there may be numbered classes.
    different: BTreeSet<i64>,
}

impl Seen {
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers; beyond 2^63 all count as one")]
    fn add(&mut self, levels: &[String]) {
        for level in levels {
            self.any = true;
            match level.trim().parse::<f64>() {
                Ok(number) if !number.is_finite() => self.not_a_number = true,
                Ok(number) if number.fract() != 0.0 => self.fractions = true,
                Ok(number) if self.different.len() <= LabelValues::MOST_NUMBERED_CLASSES => {
                    self.different.insert(number as i64);
                }
                Ok(_) => {}
                Err(_) => self.not_a_number = true,
            }
        }
    }

    fn is_amount(&self) -> bool {
        self.any && !self.not_a_number && (self.fractions || self.different.len() > LabelValues::MOST_NUMBERED_CLASSES)
    }
}

/// Learns, part by part, which labels of a table are amounts.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    seen: BTreeMap<String, Seen>,
}

impl Kinds {
    /// Looks at the labels of a part.
    pub(super) fn add(&mut self, name: String, cells: Dictionary) {
        self.seen.entry(name).or_default().add(&cells.into_levels().0);
    }

    /// The names of the labels that are amounts.
    pub(super) fn amounts(&self) -> BTreeSet<String> {
        self.seen.iter().filter(|(_, seen)| seen.is_amount()).map(|(name, _)| name.clone()).collect()
    }
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
