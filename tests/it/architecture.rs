//! The house: dependencies point one way, and what a room may not know it does not name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::program::repository;

/// The rooms, in the order in which each may use those before it.
const ROOMS: [&str; 21] = [
    "error",
    "event",
    "seed",
    "value",
    "split",
    "matmul",
    "pca",
    "table",
    "prepare",
    "autoencoder",
    "neighbors",
    "embed",
    "evaluate",
    "plot",
    "report",
    "pipeline",
    "model",
    "export",
    "run",
    "plan",
    "cli",
];

/// Rooms that compute: they know nothing of tables, files, terminals, clocks or YAML.
const NUMERIC: [&str; 8] = ["matmul", "pca", "autoencoder", "neighbors", "embed", "evaluate", "plot", "split"];

/// What only one place may name.
const ONLY: [(&str, &str); 4] = [
    ("polars::", "src/table/"),
    ("plotters::", "src/plot/svg/"),
    ("serde_saphyr::", "src/pipeline"),
    ("clap::", "src/cli/"),
];

fn sources() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![repository().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.insert(name(&path), std::fs::read_to_string(&path).expect("source"));
            }
        }
    }
    files
}

fn name(path: &Path) -> String {
    path.strip_prefix(repository()).expect("inside").display().to_string()
}

fn room(file: &str) -> &str {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    inside.split(['/', '.']).next().unwrap_or(inside)
}

/// Lines of code: no comments, no docs.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()))
}

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let own = room(&file).to_owned();
        if own == "lib" || own == "main" || own == "abort" || own == "interop" {
            continue;
        }
        let place =
            ROOMS.iter().position(|room| *room == own).unwrap_or_else(|| panic!("`{own}` ({file}) is in no order"));
        for (line, text) in code(&text) {
            for used in text.split("crate::").skip(1) {
                let used: String =
                    used.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                if let Some(at) = ROOMS.iter().position(|room| *room == used)
                    && at > place
                {
                    wrong.push(format!("{file}:{line}: `{own}` uses `{used}`, which comes after it"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_use_names_one_room() {
    let all = sources();
    let wrong: Vec<&String> =
        all.iter().filter(|(_, text)| text.contains("use crate::{")).map(|(file, _)| file).collect();
    assert!(wrong.is_empty(), "`use crate::{{` hides what a room uses: {wrong:?}");
}

#[test]
fn numeric_rooms_know_nothing_of_files_tables_terminals_and_clocks() {
    let forbidden = [
        "crate::table",
        "std::fs",
        "std::io",
        "std::path",
        "std::time",
        "println!",
        "print!(",
        "polars",
        "std::env",
        "serde_saphyr",
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if !NUMERIC.contains(&room(&file)) || file.contains("test") {
            continue;
        }
        let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        for (line, text) in code(&text) {
            wrong.extend(
                forbidden.iter().filter(|word| text.contains(**word)).map(|word| format!("{file}:{line}: `{word}`")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_library_is_named_in_one_place() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (line, text) in code(&text) {
            for (word, place) in ONLY {
                if text.contains(word) && !file.starts_with(place) && !text.contains("crate::") {
                    wrong.push(format!("{file}:{line}: `{word}` belongs in {place}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_neither_prints_nor_exits() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if room(&file) == "cli" || room(&file) == "main" {
            continue;
        }
        for (line, text) in code(&text) {
            for word in ["println!", "eprintln!", "process::exit", "dbg!", "todo!", "unimplemented!"] {
                if text.contains(word) {
                    wrong.push(format!("{file}:{line}: `{word}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_stands_in_few_named_files() {
    let named = ["src/abort.rs", "src/matmul.rs"];
    let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
    let all = sources();
    let wrong: Vec<&String> = all
        .iter()
        .filter(|(file, text)| {
            !named.contains(&file.as_str()) && code(text).any(|(_, line)| words.iter().any(|word| line.contains(word)))
        })
        .map(|(file, _)| file)
        .collect();
    assert!(wrong.is_empty(), "unsafe code outside {named:?}: {wrong:?}");
}

#[test]
fn no_file_holds_a_path_of_a_machine() {
    let words = ["/root/", "/home/", "/work/", "C:\\Users"];
    let mut folders: Vec<PathBuf> = ["src", "tests", "pipelines", "docs", "benches", "notebooks"]
        .iter()
        .map(|name| repository().join(name))
        .collect();
    let mut wrong = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path)
                && !path.ends_with("architecture.rs")
            {
                wrong.extend(
                    words.iter().filter(|word| text.contains(**word)).map(|word| format!("{}: {word}", name(&path))),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
