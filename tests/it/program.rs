//! Runs the built binary in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder that is removed with the value, and the program to run in it.
pub struct Place {
    folder: tempfile::TempDir,
}

/// What the program said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
        self
    }

    /// A pipeline over the digits, small enough for a test; `more` is added to it.
    pub fn digits(&self, more: &str) -> &Self {
        let table = repository().join("sample_data/digits.csv");
        let rows: Vec<String> =
            std::fs::read_to_string(table).expect("digits").lines().take(301).map(str::to_owned).collect();
        self.file("digits.csv", rows.join("\n"));
        self.file("p.yaml", format!("version: 1\ninput: {{path: digits.csv, labels: [label]}}\n{more}"))
    }

    pub fn reduce(&self, arguments: &[&str]) -> Said {
        self.reduce_with(arguments, &[])
    }

    pub fn reduce_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reduce"));
        command.args(arguments).current_dir(self.path()).env_remove("RUST_BACKTRACE");
        for (name, value) in environment {
            command.env(name, value);
        }
        Said::of(command.output().expect("the program starts"))
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = self.join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).expect("JSON")
    }

    /// Names of all files in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(self.path(), self.path(), &mut names);
        names.sort();
        names
    }
}

fn collect(root: &Path, folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            collect(root, &entry.path(), names);
        } else {
            names.push(entry.path().strip_prefix(root).expect("inside").display().to_string());
        }
    }
}

impl Said {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts that the program did what it was asked.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Asserts that the request was refused: exit code 2, one clear message, nothing of a panic.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> Self {
        assert_eq!(self.code, 2, "stderr: {}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in: {}", self.stderr);
        }
        for word in ["panicked", "unwrap", ".rs:", "Some(", "Os {", "a bug in reduce"] {
            assert!(!self.stderr.contains(word), "`{word}` in: {}", self.stderr);
        }
        self
    }
}

/// The project's own folder.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
