//! `run.json`: the commit record of a run, written last, with the digest of everything the run wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder::{self, Folder};
use super::graph::Graph;
use super::kept::Kept;
use super::meter::StageRecord;
use crate::error::{Error, Result};
use crate::seed::Seed;

/// The record's file name.
pub const FILE: &str = "run.json";

/// What a run was and what it left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The record's format.
    pub format: u32,
    /// The program and its version.
    pub written_by: String,
    /// The run's name.
    pub name: String,
    /// The seed.
    pub seed: Seed,
    /// Rows and features that trained.
    pub rows: usize,
    /// Features after preparation.
    pub features: usize,
    /// The digest (BLAKE3) of every input file, by name without folders.
    pub inputs: BTreeMap<String, String>,
    /// What each stage took.
    pub stages: Vec<StageRecord>,
    /// The digest (BLAKE3) of every file the run wrote.
    pub files: BTreeMap<String, String>,
    /// Which of these files `plot` drew: they stay as long as the map is the same.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub drawn: BTreeSet<String>,
    /// The neighbor graph of the codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbors: Option<Graph>,
    /// The processor architecture and threads, on which speed but no byte depends.
    pub machine: Machine,
    /// The digest (BLAKE3) of this record itself, written with an empty one.
    #[serde(default)]
    pub digest: String,
}

/// Where a run took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor architecture.
    pub architecture: String,
    /// The operating system.
    pub system: String,
    /// Threads used.
    pub threads: usize,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn here() -> Self {
        Self {
            architecture: std::env::consts::ARCH.to_owned(),
            system: std::env::consts::OS.to_owned(),
            threads: rayon::current_num_threads(),
        }
    }
}

impl Record {
    /// Reads the record of a run folder.
    ///
    /// # Errors
    /// If there is none, or it is not one of ours.
    pub fn load(run: &Path) -> Result<Self> {
        let path = run.join(FILE);
        let bytes = std::fs::read(&path).map_err(|error| {
            if run.is_dir() && error.kind() == std::io::ErrorKind::NotFound {
                Error::request(format!("`{}` is not a finished run: it has no `{FILE}`", run.display()))
                    .hint("run its pipeline to the end first")
            } else {
                Error::io("read the run", run, &error)
            }
        })?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Error::request(format!("`{}` is damaged: {error}", path.display())).hint("run its pipeline again")
        })
    }

    /// Writes files into the run of this record, and the record last.
    ///
    /// # Errors
    /// If anything cannot be written.
    pub fn publish(&mut self, folder: &Folder, mut files: Vec<(String, Vec<u8>)>) -> Result<()> {
        self.files.extend(files.iter().map(|(name, bytes)| (name.clone(), folder::digest(bytes))));
        files.push((FILE.to_owned(), self.to_bytes()?));
        folder.write_together(&files)
    }

    /// The bytes of `run.json`, with the record's own digest.
    ///
    /// # Errors
    /// If it cannot be serialized, which would be a bug.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let text = |record: &Self| {
            let text = serde_json::to_vec_pretty(record);
            text.map(|text| [text, b"\n".to_vec()].concat())
                .map_err(|error| Error::failure(format!("cannot write JSON: {error}")))
        };
        let mut sealed = Self { digest: String::new(), ..self.clone() };
        sealed.digest = folder::digest(&text(&sealed)?);
        text(&sealed)
    }

    /// Recomputes every digest; gives the names of files that differ or are gone: results, kept stages and the record.
    #[must_use]
    pub fn verify(&self, run: &Path) -> Vec<String> {
        let differs =
            |(name, digest): &(&String, &String)| folder::digest_of(&run.join(name)).ok().as_ref() != Some(*digest);
        let mut changed: Vec<String> = self.files.iter().filter(differs).map(|(name, _)| name.clone()).collect();
        if std::fs::read(run.join(FILE)).ok() != self.to_bytes().ok() {
            changed.push(FILE.to_owned());
        }
        changed.extend(Kept::changed(run));
        changed
    }
}
