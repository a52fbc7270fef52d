//! Tables larger than comfort: parts, samples, limits of memory.

use crate::program::Place;

const SMALL: &str =
    "autoencoder: {code_size: 4, hidden: [16], training: {max_epochs: 2}}\ntsne: none\nevaluate: none\noutput: run\n";

/// A table of numbers, classes and ids, as CSV.
fn table(rows: usize) -> String {
    let mut text = "id,kind,a,b,c,d,e\n".to_owned();
    for row in 0..rows {
        let x = (row * 7919 % 1000) as f64 / 100.0;
        text += &format!("r{row},k{},{x},{},{},{},{}\n", row % 3, x * 2.0 + 1.0, row % 17, row % 5, 10.0 - x);
    }
    text
}

fn trained(rows: usize, more: &str) -> Place {
    let place = Place::new();
    place.file("t.csv", table(rows));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv, id: id, labels: [kind]}}\n{SMALL}{more}"));
    place
}

fn lines(place: &Place, name: &str) -> Vec<String> {
    String::from_utf8(place.read(name)).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn a_row_has_the_same_code_in_a_long_table_as_in_a_short_one() {
    let place = trained(400, "");
    place.reduce(&["run", "p.yaml"]).done();
    place.file("long.csv", table(300_000));
    place.reduce(&["encode", "run", "t.csv", "-o", "short_codes.csv"]).done();
    place.reduce(&["encode", "run", "long.csv", "-o", "long_codes.csv"]).done();
    let (short, long) = (lines(&place, "short_codes.csv"), lines(&place, "long_codes.csv"));
    assert_eq!(long.len(), 300_001);
    assert_eq!(short[..], long[..short.len()]);
}

#[test]
fn a_table_that_breaks_off_late_leaves_no_output() {
    let place = trained(400, "");
    place.reduce(&["run", "p.yaml"]).done();
    place.file("broken.csv", table(300_000) + "r,k,1,2\n");
    place.reduce(&["encode", "run", "broken.csv", "-o", "codes.csv"]).refused(&["line 300002 has 4 fields"]);
    place.reduce(&["reconstruct", "run", "broken.csv", "-o", "back.parquet"]).refused(&["line 300002"]);
    assert!(
        !place.names().iter().any(|name| name.contains("codes.csv") || name.contains("back") || name.contains(".tmp"))
    );
}

#[test]
fn training_on_a_sample_reads_as_many_rows_and_says_so() {
    let place = trained(5000, "");
    let set = ["run", "p.yaml", "--set", "autoencoder.training.rows=500"];
    let said = place.reduce(&set).done();
    assert!(said.stderr.contains("a sample of 500 of 5000 rows is used"), "{}", said.stderr);
    assert!(said.stderr.contains("`reduce encode` gives every row"), "{}", said.stderr);
    place.reduce(&["encode", "run", "t.csv", "-o", "codes.csv"]).done();
    assert_eq!(lines(&place, "codes.csv").len(), 5001);
    let both = ["run", "p.yaml", "--set", "autoencoder.training.rows=500", "--set", "input.rows={sample: 50}"];
    place.reduce(&both).refused(&["both ask for a sample"]);
}

#[test]
fn a_run_that_would_not_fit_says_at_once_what_would_help() {
    let place = trained(20_000, "");
    place.file("p.yaml", "version: 1\ninput: {path: t.csv, id: id, labels: [kind]}\n");
    let said = place.reduce(&["run", "p.yaml", "--memory", "47MiB"]).refused(&["needs about", "`--memory`"]);
    assert!(said.stderr.contains("hint: `autoencoder.training.rows: "), "{}", said.stderr);
    assert_eq!(place.names(), ["p.yaml", "t.csv"]);
    assert_eq!(place.reduce(&["run", "p.yaml", "--memory", "plenty"]).code, 2);
}

#[test]
fn a_plan_foretells_memory_and_time_of_every_stage() {
    let place = trained(400, "");
    let plan = place.reduce(&["plan", "p.yaml", "--set", "tsne={}", "--json"]).done();
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON");
    let stages = plan["stages"].as_array().expect("stages");
    assert_eq!(stages.len(), 9);
    for stage in stages {
        assert!(stage["memory_bytes"].as_u64() > Some(40 << 20), "{stage}");
        assert!(stage["seconds"].as_f64() > Some(0.0), "{stage}");
    }
}
