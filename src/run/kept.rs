//! What an earlier run finished and this one may take up.
//!
//! Every stage's result lies in the run folder under a key made of its options, its inputs'
//! contents and the program's version; the index says which bytes it had, and a file that has
//! others is not trusted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::folder::{self, Folder, KEPT};
use crate::error::{Error, Result};

const INDEX: &str = "index.json";
/// Raised whenever a change of code changes what a stage computes.
const GENERATION: u32 = 3;

/// Names what a stage's result depends on; the same parts give the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    /// The key of parts that are told apart by their order; each is serialized.
    ///
    /// # Errors
    /// If a part cannot be serialized, which would be a bug.
    pub(super) fn of(parts: &[&dyn erased::Part]) -> Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{} {GENERATION}", env!("CARGO_PKG_VERSION")).as_bytes());
        for part in parts {
            let text = part.text().map_err(|error| Error::failure(format!("cannot name a stage: {error}")))?;
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        Ok(Self(hasher.finalize().to_hex()[..16].to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The kept file of this key.
    #[must_use]
    pub(super) fn file(&self, stem: &str, extension: &str) -> String {
        format!("{stem}-{}.{extension}", self.0)
    }
}

/// Serializable things behind one reference.
pub(super) mod erased {
    /// A part of a key.
    pub(crate) trait Part {
        /// The part as JSON.
        ///
        /// # Errors
        /// If it cannot be serialized.
        fn text(&self) -> serde_json::Result<String>;
    }

    impl<T: serde::Serialize> Part for T {
        fn text(&self) -> serde_json::Result<String> {
            serde_json::to_string(self)
        }
    }
}

/// The kept stages of one run folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    digests: BTreeMap<String, String>,
    #[serde(skip)]
    used: Vec<String>,
}

impl Kept {
    /// What the folder holds; nothing where the index is absent or damaged.
    #[must_use]
    pub(super) fn in_folder(path: &std::path::Path) -> Self {
        let index = std::fs::read(path.join(KEPT).join(INDEX)).unwrap_or_default();
        serde_json::from_slice(&index).unwrap_or_default()
    }

    /// Whether a file is kept and has the bytes it had.
    #[must_use]
    pub(super) fn holds(&self, path: &std::path::Path, name: &str) -> bool {
        let Some(expected) = self.digests.get(name) else { return false };
        folder::digest_of(&path.join(KEPT).join(name)).is_ok_and(|found| &found == expected)
    }

    /// The bytes of a kept file, if it is as it was.
    pub(super) fn take(&mut self, path: &std::path::Path, name: &str) -> Option<Vec<u8>> {
        let expected = self.digests.get(name)?;
        let bytes = std::fs::read(path.join(KEPT).join(name)).ok()?;
        if &folder::digest(&bytes) != expected {
            return None;
        }
        self.used.push(name.to_owned());
        Some(bytes)
    }

    /// The files that the index names, whatever became of them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.digests.keys().map(String::as_str)
    }

    /// What is kept in a folder but not as it was, by its path in it.
    #[must_use]
    pub(super) fn changed(path: &std::path::Path) -> Vec<String> {
        let kept = Self::in_folder(path);
        let is_lost = kept.digests.is_empty() && path.join(KEPT).join(INDEX).exists();
        let lost = is_lost.then(|| INDEX.to_owned());
        let changed = kept.digests.keys().filter(|name| !kept.holds(path, name)).cloned();
        changed.chain(lost).map(|name| format!("{KEPT}/{name}")).collect()
    }

    /// Leaves a kept file for later runs, if it is as it was.
    pub(super) fn hold_on(&mut self, path: &std::path::Path, name: &str) {
        if self.holds(path, name) {
            self.used.push(name.to_owned());
        }
    }

    /// Keeps a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn keep(&mut self, folder: &Folder, name: &str, bytes: &[u8]) -> Result<()> {
        let file = format!("{KEPT}/{name}");
        let digest = folder.write(&file, bytes)?;
        let earlier = self.digests.insert(name.to_owned(), digest);
        self.used.push(name.to_owned());
        self.write(folder).inspect_err(|_| {
            // a file that no index names is nobody's
            if earlier.is_none() {
                folder.remove(&file);
            }
        })
    }

    /// Removes what this run neither took nor kept. Where the index cannot be written, all that it names is left.
    pub(super) fn forget_the_rest(&mut self, folder: &Folder) {
        let used = std::mem::take(&mut self.used);
        self.digests.retain(|name, _| used.contains(name));
        if self.write(folder).is_ok() {
            let wanted: Vec<String> = used.iter().cloned().chain([INDEX.to_owned()]).collect();
            folder.forget_all_but(&wanted);
        }
    }

    fn write(&self, folder: &Folder) -> Result<()> {
        let index =
            serde_json::to_vec_pretty(self).map_err(|error| Error::failure(format!("cannot keep a stage: {error}")))?;
        folder.write(&format!("{KEPT}/{INDEX}"), &index)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_where_parts_do() {
        let key = |left: &str, right: &str| Key::of(&[&left, &right]).unwrap();
        assert_eq!(key("a", "b"), key("a", "b"));
        assert_ne!(key("a", "b"), key("ab", ""));
    }

    #[test]
    fn a_kept_file_that_changed_is_not_taken() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let mut kept = Kept::default();
        kept.keep(&folder, "codes-1", b"codes").unwrap();
        assert_eq!(Kept::in_folder(place.path()).take(place.path(), "codes-1").unwrap(), b"codes");
        std::fs::write(place.path().join(KEPT).join("codes-1"), b"other").unwrap();
        assert!(Kept::in_folder(place.path()).take(place.path(), "codes-1").is_none());
        assert_eq!(Kept::changed(place.path()), [".stages/codes-1"]);
        std::fs::write(place.path().join(KEPT).join(INDEX), b"{").unwrap();
        assert_eq!(Kept::changed(place.path()), [".stages/index.json"]);
    }

    #[test]
    fn what_was_not_used_is_forgotten() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        Kept::default().keep(&folder, "old", b"old").unwrap();
        let mut kept = Kept::in_folder(place.path());
        kept.keep(&folder, "new", b"new").unwrap();
        kept.forget_the_rest(&folder);
        assert!(kept.holds(place.path(), "new") && !place.path().join(KEPT).join("old").exists());
    }
}
