//! Bad input gets one clear error and the right exit code, and leaves nothing behind.
//!
//! The catalogue is data: a case is the files it needs, the command, and what must be said. Every
//! case runs the built program with little address space, and is held to the same rules.

mod command_line;
mod memory;
mod model;
mod output;
mod pipeline;
mod request;
mod table;

use std::process::Command;
use std::time::{Duration, Instant};

use crate::program::{Place, Said};

/// One bad input.
pub(crate) struct Case {
    name: &'static str,
    files: Vec<(String, Vec<u8>)>,
    before: &'static str,
    arguments: Vec<String>,
    code: i32,
    words: Vec<&'static str>,
}

/// A case that is refused: exit code 2, unless said otherwise.
pub(crate) fn case(name: &'static str) -> Case {
    Case { name, files: Vec::new(), before: "true", arguments: Vec::new(), code: 2, words: Vec::new() }
}

impl Case {
    /// A file that is there.
    pub(crate) fn file(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.push((name.to_owned(), content.as_ref().to_vec()));
        self
    }

    /// A shell command before the program, for what is no file.
    pub(crate) fn before(mut self, command: &'static str) -> Self {
        self.before = command;
        self
    }

    /// The program's arguments.
    pub(crate) fn run(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self
    }

    /// What the message holds.
    pub(crate) fn says(mut self, words: &[&'static str]) -> Self {
        self.words = words.to_vec();
        self
    }
}

/// A table of numbers that trains.
pub(crate) fn numbers(rows: usize, columns: usize) -> String {
    let mut text: String = (0..columns).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",");
    for row in 0..rows {
        text += "\n";
        text += &(0..columns)
            .map(|column| format!("{}", ((row * 7 + column * 13) % 23) as f64 / 3.0))
            .collect::<Vec<_>>()
            .join(",");
    }
    text
}

/// Address space of a case, in KiB: bad input is never a reason to need more.
const ROOM: u32 = 2_500_000;
/// No case may take longer.
const LONGEST: Duration = Duration::from_secs(20);

/// Runs all cases and tells of all that do not hold.
pub(crate) fn hold(cases: Vec<Case>) -> usize {
    let count = cases.len();
    let wrong: Vec<String> = cases.into_iter().filter_map(broken).collect();
    assert!(wrong.is_empty(), "{} of {count} cases:\n\n{}", wrong.len(), wrong.join("\n\n"));
    count
}

/// What is wrong with how the program took a case.
fn broken(case: Case) -> Option<String> {
    let place = Place::new();
    for (name, content) in &case.files {
        place.file(name, content);
    }
    let prepared = Command::new("sh").args(["-c", case.before]).current_dir(place.path()).status();
    assert!(prepared.is_ok_and(|status| status.success()), "{}: its preparation", case.name);
    let before = snapshot(&place);
    let began = Instant::now();
    let said = limited(&place, &case.arguments, ROOM);
    let took = began.elapsed();
    let mut wrong = breaches(&said, case.code);
    wrong.extend(case.words.iter().filter(|word| !said.stderr.contains(**word)).map(|word| format!("no `{word}`")));
    if snapshot(&place) != before {
        wrong.push(format!("files were left or changed: {:?}", place.names()));
    }
    if took > LONGEST {
        wrong.push(format!("it took {took:?}"));
    }
    let told: String = said.stderr.chars().take(1500).collect();
    (!wrong.is_empty()).then(|| format!("{}: {}\n{told}", case.name, wrong.join("; ")))
}

/// What a failure's message may never be.
pub(crate) fn breaches(said: &Said, code: i32) -> Vec<String> {
    let mut wrong = Vec::new();
    if said.code != code {
        wrong.push(format!("exit code {} in place of {code}", said.code));
    }
    for word in ["panicked", ".rs:", "unwrap()", "Os {", "Some(", "Error {", "stack backtrace", "\u{1b}", "a bug in"] {
        if said.stderr.contains(word) {
            wrong.push(format!("`{word}` in the message"));
        }
    }
    let lines = said.stderr.lines().count();
    if !(1..=150).contains(&lines) || said.stderr.len() > 12_000 {
        wrong.push(format!("{lines} lines, {} bytes", said.stderr.len()));
    }
    if code != 0 && !said.stderr.contains("error:") && !said.stderr.contains("Usage:") {
        wrong.push("nothing is called an error".to_owned());
    }
    wrong
}

fn snapshot(place: &Place) -> Vec<(String, u64)> {
    let size = |name: &String| std::fs::symlink_metadata(place.join(name)).map_or(0, |found| found.len());
    place.names().into_iter().map(|name| (name.clone(), size(&name))).collect()
}

/// The program with `kibibytes` of address space and two threads.
pub(crate) fn limited(place: &Place, arguments: &[String], kibibytes: u32) -> Said {
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {kibibytes}; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_reduce"))
        .args(arguments)
        .current_dir(place.path())
        .env_remove("RUST_BACKTRACE")
        .envs([("RAYON_NUM_THREADS", "2"), ("POLARS_MAX_THREADS", "2"), ("MALLOC_ARENA_MAX", "2")])
        .output();
    Said::of(output.expect("the program starts"))
}
