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
const GENERATION: u32 = 1;

/// Names what a stage's result depends on; the same parts give the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key of parts that are told apart by their order; each is serialized.
    ///
    /// # Errors
    /// If a part cannot be serialized, which would be a bug.
    pub fn of(parts: &[&dyn erased::Part]) -> Result<Self> {
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
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kept file of this key.
    #[must_use]
    pub fn file(&self, stem: &str, extension: &str) -> String {
        format!("{stem}-{}.{extension}", self.0)
    }
}

/// Serializable things behind one reference.
pub mod erased {
    /// A part of a key.
    pub trait Part {
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
pub struct Kept {
    digests: BTreeMap<String, String>,
    #[serde(skip)]
    used: Vec<String>,
}

impl Kept {
    /// What the folder holds; nothing where the index is absent or damaged.
    #[must_use]
    pub fn in_folder(path: &std::path::Path) -> Self {
        let index = std::fs::read(path.join(KEPT).join(INDEX)).unwrap_or_default();
        serde_json::from_slice(&index).unwrap_or_default()
    }

    /// Whether a file is kept and has the bytes it had.
    #[must_use]
    pub fn holds(&self, path: &std::path::Path, name: &str) -> bool {
        let Some(expected) = self.digests.get(name) else { return false };
        folder::digest_of(&path.join(KEPT).join(name)).is_ok_and(|found| &found == expected)
    }

    /// The bytes of a kept file, if it is as it was.
    pub fn take(&mut self, path: &std::path::Path, name: &str) -> Option<Vec<u8>> {
        let expected = self.digests.get(name)?;
        let bytes = std::fs::read(path.join(KEPT).join(name)).ok()?;
        if &folder::digest(&bytes) != expected {
            return None;
        }
        self.used.push(name.to_owned());
        Some(bytes)
    }

    /// Keeps a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&mut self, folder: &Folder, name: &str, bytes: &[u8]) -> Result<()> {
        let digest = folder.write_bytes(&format!("{KEPT}/{name}"), bytes)?;
        self.digests.insert(name.to_owned(), digest);
        self.used.push(name.to_owned());
        let index =
            serde_json::to_vec_pretty(self).map_err(|error| Error::failure(format!("cannot keep a stage: {error}")))?;
        folder.write_bytes(&format!("{KEPT}/{INDEX}"), &index)?;
        Ok(())
    }

    /// Removes what this run neither took nor kept.
    ///
    /// # Errors
    /// If the index cannot be written.
    pub fn forget_the_rest(&mut self, folder: &Folder) -> Result<()> {
        let used = std::mem::take(&mut self.used);
        self.digests.retain(|name, _| used.contains(name));
        let index =
            serde_json::to_vec_pretty(self).map_err(|error| Error::failure(format!("cannot keep a stage: {error}")))?;
        folder.write_bytes(&format!("{KEPT}/{INDEX}"), &index)?;
        let wanted: Vec<String> = used.iter().cloned().chain([INDEX.to_owned()]).collect();
        folder.forget_all_but(&wanted);
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
    }

    #[test]
    fn what_was_not_used_is_forgotten() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        Kept::default().keep(&folder, "old", b"old").unwrap();
        let mut kept = Kept::in_folder(place.path());
        kept.keep(&folder, "new", b"new").unwrap();
        kept.forget_the_rest(&folder).unwrap();
        assert!(kept.holds(place.path(), "new") && !place.path().join(KEPT).join("old").exists());
    }
}
