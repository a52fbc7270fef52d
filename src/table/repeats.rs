//! Repeated names, which every tool numbers in its own way: AnnData and this program `U1-1`, R and pandas `U1.1`.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::table::Table;

/// What stands between a repeated name and its number.
const MARKS: [char; 2] = ['-', '.'];

impl Table {
    /// Gives repeated names that are numbered in another way the names in `wanted`; pairs of (name here, name wanted).
    pub(crate) fn renumber(&mut self, wanted: &[&str]) -> Vec<(String, String)> {
        let frame = &mut self.frame;
        let here: HashSet<&str> = frame
            .features
            .iter()
            .map(String::as_str)
            .chain(frame.categories.iter().map(|category| category.name.as_str()))
            .chain(self.account.unused.iter().map(|unused| unused.name.as_str()))
            .collect();
        let renamed = otherwise_numbered(wanted, &here);
        let to: HashMap<&str, &str> = renamed.iter().map(|(here, wanted)| (here.as_str(), wanted.as_str())).collect();
        let names = frame
            .features
            .iter_mut()
            .chain(frame.categories.iter_mut().map(|category| &mut category.name))
            .chain(self.account.unused.iter_mut().map(|unused| &mut unused.name));
        for name in names {
            if let Some(wanted) = to.get(name.as_str()) {
                (*wanted).clone_into(name);
            }
        }
        renamed
    }
}

/// Names of columns as a model has them: repeats that are numbered in another way take the names in `wanted`.
pub(crate) fn as_wanted(wanted: &[&str], here: Vec<String>) -> Vec<String> {
    let all: HashSet<&str> = here.iter().map(String::as_str).collect();
    let to: HashMap<String, String> = otherwise_numbered(wanted, &all).into_iter().collect();
    here.into_iter().map(|name| to.get(&name).cloned().unwrap_or(name)).collect()
}

/// The names here that are repeats of a wanted name, numbered with another mark; pairs of (name here, name wanted).
///
/// A name is taken for a repeat where the plain name is on both sides, and for the same repeat where both sides have the
/// same numbers of it: `U1.1` and `U1.2` are `U1-1` and `U1-2`, but `HLA.1` alone is no repeat, and one repeat here of two
/// that are wanted could be either.
fn otherwise_numbered(wanted: &[&str], here: &HashSet<&str>) -> Vec<(String, String)> {
    let all: HashSet<&str> = wanted.iter().copied().collect();
    // by plain name and mark: the numbers of its repeats that are not here under the wanted name
    let mut lacking: BTreeMap<(&str, char), Vec<&str>> = BTreeMap::new();
    for name in wanted.iter().filter(|name| !here.contains(**name)) {
        if let Some((plain, mark, number)) = numbered(name)
            && all.contains(plain)
            && here.contains(plain)
        {
            lacking.entry((plain, mark)).or_default().push(number);
        }
    }
    if lacking.is_empty() {
        return Vec::new();
    }
    let mut found: HashMap<(&str, char), HashSet<&str>> = HashMap::new();
    for name in here.iter().filter(|name| !all.contains(**name)) {
        if let Some((plain, mark, number)) = numbered(name) {
            found.entry((plain, mark)).or_default().insert(number);
        }
    }
    let mut renamed = Vec::new();
    for ((plain, mark), numbers) in lacking {
        for other in MARKS.into_iter().filter(|other| *other != mark) {
            let same = found.get(&(plain, other)).is_some_and(|found| {
                found.len() == numbers.len() && numbers.iter().all(|number| found.contains(number))
            });
            if same {
                renamed.extend(
                    numbers.iter().map(|number| (format!("{plain}{other}{number}"), format!("{plain}{mark}{number}"))),
                );
            }
        }
    }
    renamed
}

/// The plain name, the mark and the number of a name that may be a repeat.
fn numbered(name: &str) -> Option<(&str, char, &str)> {
    let at = name.rfind(MARKS)?;
    let (plain, rest) = name.split_at(at);
    let mark = rest.chars().next()?;
    let number = &rest[1..];
    let counts = !plain.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    counts.then_some((plain, mark, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(wanted: &[&str], here: &[&str]) -> Vec<(String, String)> {
        otherwise_numbered(wanted, &here.iter().copied().collect())
    }

    #[test]
    fn repeats_are_found_under_the_other_mark() {
        let pairs = renamed(&["U1", "U1.1", "U1.2", "A"], &["A", "U1-2", "U1", "U1-1"]);
        assert_eq!(pairs, [("U1-1".into(), "U1.1".into()), ("U1-2".into(), "U1.2".into())]);
        assert_eq!(renamed(&["U1", "U1-1"], &["U1.1", "U1"]), [("U1.1".into(), "U1-1".into())]);
    }

    #[test]
    fn what_is_no_repeat_or_could_be_two_is_left_alone() {
        // the plain name is missing on one side
        assert!(renamed(&["HLA.1"], &["HLA-1", "HLA"]).is_empty());
        assert!(renamed(&["HLA", "HLA.1"], &["HLA-1"]).is_empty());
        // one repeat here, two wanted; and the other way round
        assert!(renamed(&["U", "U.1", "U.2"], &["U", "U-1"]).is_empty());
        assert!(renamed(&["U", "U.1"], &["U", "U-1", "U-2"]).is_empty());
        // both marks are wanted: neither stands for the other
        assert!(renamed(&["U", "U.1", "U-1"], &["U", "U-1"]).is_empty());
        assert!(renamed(&["U", "U.x"], &["U", "U-x"]).is_empty());
    }
}
