//! A column of texts that stores each different text once.

use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::hash::BuildHasherDefault;
use std::hash::DefaultHasher;

/// Stands for "missing" in [`Dictionary::rows`].
const MISSING: u32 = u32::MAX;

/// A column of texts, each different text once, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    levels: Vec<Box<str>>,
    index: HashMap<Box<str>, u32, BuildHasherDefault<DefaultHasher>>,
    rows: Vec<u32>,
    most: Option<usize>,
    overflow: Option<HashSet<u64, BuildHasherDefault<DefaultHasher>>>,
}

impl Dictionary {
    /// A dictionary that keeps every text.
    pub(super) fn complete() -> Self {
        Self::default()
    }

    /// A dictionary that, beyond `most` different texts, only counts them.
    pub(super) fn bounded(most: usize) -> Self {
        Self { most: Some(most), ..Self::default() }
    }

    /// Appends a row.
    pub(super) fn push(&mut self, text: Option<&str>) {
        let code = text.map_or(MISSING, |text| self.code(text));
        self.rows.push(code);
    }

    /// Appends rows without a value.
    pub(super) fn push_missing(&mut self, count: usize) {
        self.rows.resize(self.rows.len() + count, MISSING);
    }

    /// Replaces a row.
    pub(super) fn set(&mut self, row: usize, text: Option<&str>) {
        let code = text.map_or(MISSING, |text| self.code(text));
        self.rows[row] = code;
    }

    /// How many different texts there are.
    pub(super) fn distinct(&self) -> usize {
        self.overflow.as_ref().map_or(self.levels.len(), HashSet::len)
    }

    /// Whether every text was kept.
    pub(super) fn is_complete(&self) -> bool {
        self.overflow.is_none()
    }

    /// Whether every text that was kept is one for which `holds` does.
    pub(super) fn all(&self, holds: impl Fn(&str) -> bool) -> bool {
        self.levels.iter().all(|level| holds(level))
    }

    /// How many rows have no value.
    pub(super) fn missing(&self) -> usize {
        self.rows.iter().filter(|code| **code == MISSING).count()
    }

    /// The text of a row, if it has one and texts were kept.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        let code = self.rows[row];
        if code == MISSING { None } else { self.levels.get(code as usize).map(AsRef::as_ref) }
    }

    /// Keeps the rows for which `keep` holds.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        let mut row = 0;
        self.rows.retain(|_| {
            row += 1;
            keep[row - 1]
        });
    }

    /// Puts rows into the given order; `order[i]` is the row that becomes row i.
    pub(super) fn reorder(&mut self, order: &[usize]) {
        self.rows = order.iter().map(|row| self.rows[*row]).collect();
    }

    /// The levels that occur, in order, and for each row an index into them.
    ///
    /// Levels are in the order of numbers where all are integers, else in the order of their text.
    pub(super) fn into_levels(self) -> (Vec<String>, Vec<Option<u32>>) {
        let mut used = vec![false; self.levels.len()];
        for code in self.rows.iter().filter(|code| **code != MISSING) {
            used[*code as usize] = true;
        }
        let mut order: Vec<usize> = (0..self.levels.len()).filter(|level| used[*level]).collect();
        let integers: Option<Vec<i64>> = self.levels.iter().map(|level| level.parse().ok()).collect();
        match integers {
            Some(integers) => order.sort_by_key(|level| (integers[*level], &self.levels[*level])),
            None => order.sort_by_key(|level| &self.levels[*level]),
        }
        let mut position = vec![MISSING; self.levels.len()];
        for (place, level) in (0_u32..).zip(&order) {
            position[*level] = place;
        }
        let of_row = self.rows.iter().map(|code| (*code != MISSING).then(|| position[*code as usize])).collect();
        let levels = order.iter().map(|level| self.levels[*level].to_string()).collect();
        (levels, of_row)
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.index.get(text) {
            return *code;
        }
        if let Some(seen) = &mut self.overflow {
            seen.insert(hash(text));
            return 0;
        }
        if self.most.is_some_and(|most| self.levels.len() >= most) {
            let mut seen: HashSet<u64, BuildHasherDefault<DefaultHasher>> =
                self.levels.iter().map(|level| hash(level)).collect();
            seen.insert(hash(text));
            self.overflow = Some(seen);
            self.index = HashMap::default();
            return 0;
        }
        let code = u32::try_from(self.levels.len()).unwrap_or(MISSING - 1);
        self.levels.push(text.into());
        self.index.insert(text.into(), code);
        code
    }
}

fn hash(text: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_integers_by_value_and_texts_by_letter() {
        let mut numbers = Dictionary::complete();
        for text in ["10", "9", "10"] {
            numbers.push(Some(text));
        }
        numbers.push(None);
        assert_eq!(numbers.into_levels(), (vec!["9".into(), "10".into()], vec![Some(1), Some(0), Some(1), None]));
        let mut texts = Dictionary::complete();
        for text in ["b", "a10", "a9"] {
            texts.push(Some(text));
        }
        assert_eq!(texts.into_levels().0, ["a10", "a9", "b"]);
    }

    #[test]
    fn counts_beyond_its_bound_without_keeping() {
        let mut bounded = Dictionary::bounded(2);
        for text in ["a", "b", "c", "c", "d"] {
            bounded.push(Some(text));
        }
        assert!(!bounded.is_complete());
        assert_eq!(bounded.distinct(), 4);
    }
}
