//! Runs the built binary in a folder of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

/// The built program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_reduce");

/// A folder that is removed with the value, and the program to run in it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// What the program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
        self
    }

    /// A pipeline over the digits, small enough for a test; `more` is added to it.
    pub(crate) fn digits(&self, more: &str) -> &Self {
        let table = repository().join("sample_data/digits.csv");
        let rows: Vec<String> =
            std::fs::read_to_string(table).expect("digits").lines().take(301).map(str::to_owned).collect();
        self.file("digits.csv", rows.join("\n"));
        self.file("p.yaml", format!("version: 1\ninput: {{path: digits.csv, labels: [label]}}\n{more}"))
    }

    pub(crate) fn reduce(&self, arguments: &[&str]) -> Said {
        self.reduce_with(arguments, &[])
    }

    pub(crate) fn reduce_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let mut command = self.command(PROGRAM, arguments);
        for (name, value) in environment {
            command.env(name, value);
        }
        Said::of(command.output().expect("the program starts"))
    }

    /// Some other program, such as a shell that starts ours, in this folder.
    pub(crate) fn other(&self, program: &str, arguments: &[&str]) -> Said {
        Said::of(self.command(program, arguments).output().expect("the program starts"))
    }

    /// Starts the program and does not wait for it.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Running {
        self.begin_other(PROGRAM, arguments)
    }

    /// Starts some other program and does not wait for it. It hears signals, also where whoever started the tests ignores them
    /// (`nohup`, a shell's background job): what is ignored is inherited, and the program leaves it so.
    pub(crate) fn begin_other(&self, program: &str, arguments: &[&str]) -> Running {
        let mut command = if cfg!(target_os = "linux") {
            self.command("env", &[&["--default-signal=INT,TERM,HUP", program], arguments].concat())
        } else {
            self.command(program, arguments)
        };
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("its stderr"));
        Running { child, stderr, said: String::new() }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.path()).env_remove("RUST_BACKTRACE");
        command
    }

    /// The files that a run leaves for its user, but for those that hold seconds.
    #[track_caller]
    pub(crate) fn results(&self, run: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.join(run)).expect("a run").flatten();
        let files = entries.filter(|entry| entry.path().is_file());
        files
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !["run.json", "report.html", ".lock"].contains(&name.as_str()))
            .map(|name| (name.clone(), self.read(&format!("{run}/{name}"))))
            .collect()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).expect("JSON")
    }

    /// Names of all files in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(self.path(), self.path(), &mut names);
        names.sort();
        names
    }
}

/// A program that was started.
pub(crate) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Running {
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line on stderr that holds `word`.
    #[track_caller]
    pub(crate) fn until(&mut self, word: &str) {
        loop {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).expect("its stderr");
            self.said.push_str(&line);
            assert!(read > 0, "it ended without `{word}`: {}", self.said);
            if line.contains(word) {
                return;
            }
        }
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.process().to_string()]).status().expect("`kill`");
        assert!(sent.success(), "{name}");
    }

    /// Kills it as the system does when memory is out: nothing can be done any more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("waited for");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Said {
        self.stderr.read_to_string(&mut self.said).expect("its stderr");
        let status = self.child.wait().expect("waited for");
        Said { code: status.code().unwrap_or(-1), stdout: String::new(), stderr: self.said }
    }
}

fn collect(root: &Path, folder: &Path, names: &mut Vec<String>) {
    // a run that is under way may remove what was just seen
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            collect(root, &entry.path(), names);
        } else {
            names.push(entry.path().strip_prefix(root).expect("inside").display().to_string());
        }
    }
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts that the program did what it was asked.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Asserts that it failed by the machine's fault: exit code 1, one clear message, nothing of a panic.
    #[track_caller]
    pub(crate) fn failed(self, words: &[&str]) -> Self {
        assert_eq!(self.code, 1, "stderr: {}", self.stderr);
        Self { code: 2, ..self }.refused(words)
    }

    /// Asserts that the request was refused: exit code 2, one clear message, nothing of a panic.
    #[track_caller]
    pub(crate) fn refused(self, words: &[&str]) -> Self {
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
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
