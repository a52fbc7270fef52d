//! Bad input gets one clear error, exit code 2, and leaves nothing behind.

use crate::program::Place;

/// Runs a pipeline over a small CSV; the table and what the pipeline says beside its input.
fn table(csv: &str, more: &str) -> (Place, crate::program::Said) {
    let place = Place::new();
    place.file("t.csv", csv).file("p.yaml", format!("version: 1\ninput: {{path: t.csv}}\noutput: run\n{more}"));
    let said = place.reduce(&["run", "p.yaml"]);
    (place, said)
}

fn pipeline(text: &str) -> crate::program::Said {
    let place = Place::new();
    place.file("t.csv", numbers(20, 4)).file("p.yaml", text);
    let said = place.reduce(&["check", "p.yaml"]);
    assert_eq!(place.names(), ["p.yaml", "t.csv"]);
    said
}

fn numbers(rows: usize, columns: usize) -> String {
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

#[test]
fn tables_that_cannot_train() {
    let cases: [(&str, String, &[&str]); 10] = [
        ("empty file", String::new(), &["t.csv"]),
        ("header only", "a,b,c".to_owned(), &["no rows"]),
        ("one row", "a,b,c\n1,2,3".to_owned(), &["row"]),
        ("no numeric column", "a\nx1\nx2\nx3".to_owned(), &[]),
        ("infinite value", format!("{}\ninf,1,2,3", numbers(20, 4)), &["row 21", "c0"]),
        ("text in a numeric column", format!("{}\nabc,1,2,3", numbers(20, 4)), &["abc", "c0", "21"]),
        ("duplicate column names", format!("a,b,a\n{}", "1,2,3\n".repeat(10)), &["`a`"]),
        ("short row", format!("{}\n1,2", numbers(20, 4)), &["2"]),
        ("long row", format!("{}\n1,2,3,4,5", numbers(20, 4)), &["5"]),
        ("overflow", format!("{}\n1e309,1,2,3", numbers(20, 4)), &["1e309", "c0"]),
    ];
    for (name, csv, words) in cases {
        let (place, said) = table(&csv, "");
        eprintln!("{name}: {}", said.stderr);
        said.refused(words);
        assert!(!place.join("run").exists(), "{name}: a folder was left behind");
    }
}

#[test]
fn requests_that_do_not_fit_the_table() {
    let cases: [(&str, &[&str]); 6] = [
        ("autoencoder: {code_size: 4}\n", &["code_size", "3"]),
        ("autoencoder: {hidden: [8, 16], code_size: 2}\n", &["16"]),
        ("tsne: {perplexity: 50}\n", &["perplexity", "6"]),
        ("autoencoder: {loss: bce, code_size: 2}\nprepare: [standardize]\n", &["[0, 1]"]),
        ("autoencoder: {training: {split_by: {stratified: site}}}\n", &["site"]),
        ("plots: [{color_by: c9}]\n", &["c9"]),
    ];
    for (more, words) in cases {
        let (place, said) = table(&numbers(20, 4), more);
        eprintln!("{more}{}", said.stderr);
        said.refused(words);
        assert!(!place.join("run").exists(), "{more}: a folder was left behind");
    }
}

#[test]
fn names_that_are_not_there_have_a_nearest_one() {
    let place = Place::new();
    place.digits("output: run\n");
    place.file("l.yaml", "version: 1\ninput: {path: digits.csv, labels: [lable]}\n");
    place.reduce(&["check", "l.yaml"]).refused(&["lable", "`label`", "l.yaml:2:36"]);
    place.file("i.yaml", "version: 1\ninput: {path: digits.csv, id: pixel_0_00}\n");
    place.reduce(&["check", "i.yaml"]).refused(&["pixel_0_00", "pixel_0_0"]);
    place.file("d.yaml", "version: 1\ninput: {path: digits.csv, id: pixel_0_1}\n");
    place.reduce(&["run", "d.yaml"]).refused(&["id"]);
    place.file("m.yaml", "version: 1\ninput: {path: digit.csv}\n");
    place.reduce(&["check", "m.yaml"]).refused(&["digit.csv"]);
}

#[test]
fn pipeline_files_that_are_wrong() {
    let input = "input: {path: t.csv}\n";
    let cases: Vec<(String, &[&str])> = vec![
        (String::new(), &["empty"]),
        (input.to_owned(), &["version: 1"]),
        (format!("version: 2\n{input}"), &["version 2"]),
        ("version: 1\n".to_owned(), &["input"]),
        (format!("version: 1\n{input}tsne: {{perplexty: 30}}\n"), &["p.yaml:3:", "did you mean `perplexity`"]),
        (format!("version: 1\n{input}tsne:\n  perplexity: lots\n"), &["p.yaml:4:", "lots"]),
        (format!("version: 1\n{input}tsne: {{perplexity: -5}}\n"), &["above 0"]),
        (format!("version: 1\n{input}tsne: {{perplexity: .nan}}\n"), &["above 0"]),
        (format!("version: 1\n{input}autoencoder: {{code_size: 0}}\n"), &["code_size"]),
        (format!("version: 1\n{input}autoencoder: {{code_size: 32.5}}\n"), &["32.5"]),
        (format!("version: 1\n{input}autoencoder: {{training: {{validation: 1.5}}}}\n"), &["between 0 and 1"]),
        (format!("version: 1\n{input}autoencoder: {{training: {{batch_size: 0}}}}\n"), &["batch_size"]),
        (
            format!("version: 1\n{input}autoencoder: {{corruption: {{gausian: {{sd: 1}}}}}}\n"),
            &["did you mean `gaussian`"],
        ),
        (format!("version: 1\n{input}seed: -1\n"), &["p.yaml:3:"]),
        (format!("version: 1\n{input}prepare: [log2p]\n"), &["log2p"]),
        (format!("version: 1\nversion: 1\n{input}"), &["given twice"]),
        (format!("version: 1\n{input}output: \"\"\n"), &["output"]),
        (format!("version: 1\n{input}x: &a [1]\ny: *a\n"), &["anchors"]),
        (format!("version: 1\n{input}tsne: {}\n", "[".repeat(100_000)), &["nested"]),
        ("version: 1\ninput: {path: https://example.org/t.csv}\n".to_owned(), &["https"]),
    ];
    for (text, words) in cases {
        let said = pipeline(&text);
        eprintln!("{}\n---", said.stderr);
        said.refused(words);
    }
}

#[test]
fn every_problem_of_a_file_is_told_at_once() {
    let said = pipeline("version: 1\ninput: {path: t.csv}\ntsne:\n  perplexty: 30\nautoencoder:\n  code_size: many\n");
    said.refused(&["p.yaml:4:3", "p.yaml:6:"]);
}

#[test]
fn outputs_that_cannot_be_written() {
    let place = Place::new();
    place.digits("output: taken\n").file("taken", "a file");
    place.reduce(&["run", "p.yaml"]).refused(&["taken"]);
    place.reduce(&["run", "p.yaml", "--set", "output=taken/sub"]).refused(&["taken"]);
    place.file("theirs/codes.parquet", "theirs");
    place.reduce(&["run", "p.yaml", "--set", "output=theirs"]).refused(&["codes.parquet"]);
    assert_eq!(place.read("theirs/codes.parquet"), b"theirs");
    place.reduce(&["run", "p.yaml", "--set", "output=."]).refused(&["output"]);
}

#[test]
fn labels_called_as_columns_of_the_results_are_refused_before_any_work() {
    let rows: Vec<String> =
        (0..30).map(|row| format!("{},{},{},{}", row % 3, row, row * 7 % 5, row * 3 % 11)).collect();
    let place = Place::new();
    place.file("t.csv", format!("x,a,b,c\n{}", rows.join("\n")));
    place.file("p.yaml", "version: 1\ninput: {path: t.csv, labels: [x]}\noutput: run\n");
    place.reduce(&["run", "p.yaml"]).refused(&["`x`", "rename"]);
    assert!(!place.join("run").exists());
}

#[test]
fn command_lines_that_are_wrong() {
    let place = Place::new();
    place.digits("");
    place.reduce(&["rum", "p.yaml"]).refused(&["run"]);
    place.reduce(&["run"]).refused(&["FILE"]);
    place.reduce(&["run", "p.yaml", "--quite"]).refused(&["--quiet"]);
    place.reduce(&["run", "absent.yaml"]).refused(&["absent.yaml"]);
    place.reduce(&["run", "."]).refused(&["folder"]);
    place.reduce(&["run", "digits.csv"]).refused(&[]);
    place.reduce(&["run", "p.yaml", "--set", "tsne"]).refused(&["="]);
    place.reduce(&["run", "p.yaml", "--set", "tsne.perplexty=5"]).refused(&["perplexity"]);
    place.reduce(&["encode", "digits.csv", "digits.csv"]).refused(&["not a model"]);
    place.reduce(&["verify", "absent"]).refused(&["absent"]);
}
