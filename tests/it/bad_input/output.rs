//! Outputs go where they were asked to, whole, and say nothing that could be taken for more than words.

use std::process::{Command, Stdio};

use super::numbers;
use crate::program::{Place, Said};

const SMALL: &str =
    "autoencoder: {code_size: 2, hidden: [8], training: {max_epochs: 2}}\ntsne: {iterations: 20}\noutput: run\n";

/// Rows with a label in front, its name and values as given.
fn labelled(name: &str, values: &[&str]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let table = numbers(60, 5);
    let lines = table.lines().enumerate().map(|(row, line)| match row {
        0 => format!("{},{line}", quoted(name)),
        row => format!("{},{line}", quoted(values[row % values.len()])),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn run_with_label(name: &str, values: &[&str]) -> Place {
    let place = Place::new();
    let label = serde_json::to_string(name).expect("JSON is YAML");
    place
        .file("t.csv", labelled(name, values))
        .file("p.yaml", format!("version: 1\ninput: {{path: t.csv, labels: [{label}]}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place
}

#[test]
fn names_of_labels_lead_nowhere() {
    for name in ["../../x", "/etc/x", "a/b", "..", "CON", "x\u{1b}[31m", &"long".repeat(100), "=1+1", "<svg onload=x>"]
    {
        let place = run_with_label(name, &["u", "v"]);
        for file in place.names() {
            let inside = file.strip_prefix("run/").is_none_or(|file| {
                file.starts_with('.')
                    || file.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
            });
            assert!(inside && file.len() < 120, "{name}: {file}");
        }
        assert!(
            place.names().iter().any(|file| file.starts_with("run/embedding-") && file.ends_with(".svg")),
            "{name}"
        );
    }
}

#[test]
fn labels_with_markup_are_words_in_every_picture_and_page() {
    const NASTY: [&str; 8] = [
        "</text><script>alert(1)</script>",
        "\" onload=\"alert(1)",
        "</script><img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        "&lt;b&gt; ]]> <!--",
        "$x$ %s {{7*7}}",
        "\u{202e}abc\u{202c}\u{2028}z",
        "=cmd|'/C calc'!A0",
    ];
    let place = run_with_label("<b>", &NASTY);
    for file in place.names() {
        if file.ends_with(".svg") {
            let text = String::from_utf8(place.read(&file)).expect("UTF-8");
            let tree = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
            for node in tree.descendants().filter(roxmltree::Node::is_element) {
                assert!(node.tag_name().name() != "script" && node.tag_name().name() != "foreignObject", "{file}");
                assert!(node.attributes().all(|attribute| !attribute.name().starts_with("on")), "{file}");
            }
        }
    }
    let page = String::from_utf8(place.read("run/report.html")).expect("UTF-8");
    for word in ["<script>alert", "<img src=x", "\" onload=\"alert", "</script><img", "\u{2028}", "href=\"javascript:"]
    {
        assert!(!page.contains(word), "the page holds `{word}`");
    }
    assert!(page.contains("default-src 'none'"), "the page allows more than it needs");
    // what is in the data comes back as it was
    let codes = place.reduce(&["encode", "run", "t.csv", "-o", "codes.csv"]).done();
    assert_eq!(codes.code, 0);
    let text = String::from_utf8(place.read("codes.csv")).expect("UTF-8");
    assert!(text.contains("</text><script>alert(1)</script>") && text.contains("=cmd|'/C calc'!A0"));
}

#[test]
fn a_spreadsheet_gets_no_formula_where_that_is_asked_for() {
    let place = run_with_label("@l", &["=1+1", "+1+1", "-1+1", "@x", "plain"]);
    place.reduce(&["encode", "run", "t.csv", "-o", "plain.csv"]).done();
    place.reduce(&["encode", "run", "t.csv", "-o", "safe.csv", "--spreadsheet-safe"]).done();
    let cells = |name: &str| -> Vec<String> {
        let text = String::from_utf8(place.read(name)).expect("UTF-8");
        text.lines().map(|line| line.split(',').nth(1).expect("a label").to_owned()).collect()
    };
    let (plain, safe) = (cells("plain.csv"), cells("safe.csv"));
    assert_eq!(plain[0], "@l");
    assert!(safe.iter().all(|cell| !cell.trim_matches('"').starts_with(['=', '+', '-', '@'])), "{safe:?}");
    for (plain, safe) in plain.iter().zip(&safe) {
        let formula = plain.starts_with(['=', '+', '-', '@']);
        assert_eq!(*safe, if formula { format!("'{plain}") } else { plain.clone() });
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_result_is_replaced_and_its_target_untouched() {
    let place = Place::new();
    place.file("t.csv", numbers(60, 5)).file("p.yaml", format!("version: 1\ninput: {{path: t.csv}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.file("precious", "mine");
    for name in ["codes.parquet", "report.html", "run.json"] {
        std::fs::remove_file(place.join(&format!("run/{name}"))).expect("it is there");
        std::os::unix::fs::symlink(place.join("precious"), place.join(&format!("run/{name}"))).expect("a link");
        // a broken record makes it nobody's folder: then nothing is touched, which is as well
        place.reduce(&["run", "p.yaml"]);
        assert_eq!(place.read("precious"), b"mine", "{name}");
    }
    std::os::unix::fs::symlink(place.join("precious"), place.join("codes.csv")).expect("a link");
    std::fs::remove_dir_all(place.join("run")).expect("it is there");
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "t.csv", "-o", "codes.csv"]).done();
    assert_eq!(place.read("precious"), b"mine");
    assert!(!std::fs::symlink_metadata(place.join("codes.csv")).expect("there").is_symlink());
}

#[test]
fn an_output_that_is_the_input_by_another_name_is_refused() {
    let place = Place::new();
    place.file("t.csv", numbers(60, 5)).file("p.yaml", format!("version: 1\ninput: {{path: t.csv}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    let before = place.read("t.csv");
    std::os::unix::fs::symlink("t.csv", place.join("other.csv")).expect("a link");
    place.reduce(&["encode", "run", "t.csv", "-o", "other.csv"]).refused(&["not overwritten"]);
    place.reduce(&["encode", "run", "t.csv", "-o", "./run/../t.csv"]).refused(&["not overwritten"]);
    assert_eq!(place.read("t.csv"), before);
}

#[test]
fn nobody_reading_is_no_failure_and_a_full_device_is() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    if let Ok(full) = full {
        let output = Command::new(env!("CARGO_BIN_EXE_reduce")).arg("schema").stdout(full).output();
        let said = Said::of(output.expect("the program starts"));
        assert_eq!(said.code, 1);
        assert!(super::breaches(&said, 1).is_empty() && said.stderr.contains("stdout"), "{}", said.stderr);
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_reduce"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let said = Said::of(child.wait_with_output().expect("it ends"));
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
}

/// What a run asks of the system: no socket, no other program. Says so and does nothing where `strace` is not there.
#[cfg(target_os = "linux")]
#[test]
fn a_run_opens_no_socket_and_starts_no_program() {
    let place = Place::new();
    place.file("t.csv", numbers(60, 5)).file("p.yaml", format!("version: 1\ninput: {{path: t.csv}}\n{SMALL}"));
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-o", "calls", "-e", "trace=%network,execve,execveat,ptrace"])
        .arg(env!("CARGO_BIN_EXE_reduce"))
        .args(["run", "p.yaml"])
        .current_dir(place.path())
        .output();
    let Ok(output) = traced else {
        eprintln!("skipped: there is no `strace`");
        return;
    };
    if output.status.code() != Some(0) {
        eprintln!("skipped: `strace` may not trace here: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let calls = String::from_utf8_lossy(&place.read("calls")).into_owned();
    let others: Vec<&str> = calls
        .lines()
        .filter(|line| line.contains('(') && !(line.contains("execve(") && line.contains("\"run\", \"p.yaml\"")))
        .collect();
    assert!(calls.contains("execve("), "nothing was traced");
    assert!(others.is_empty(), "{}", others.join("\n"));
}
