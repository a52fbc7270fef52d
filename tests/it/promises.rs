//! What the README promises: same seed, same bytes; nothing old lost; finished stages taken up.

use crate::program::Place;

const SMALL: &str =
    "autoencoder: {code_size: 8, hidden: [32], training: {max_epochs: 4}}\ntsne: {iterations: 60}\noutput: run\n";

fn all_but_the_record(place: &Place) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in std::fs::read_dir(place.join("run")).expect("a run").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // the record and the report hold seconds
        if entry.path().is_file() && name != "run.json" && name != "report.html" && name != ".lock" {
            files.push((name, std::fs::read(entry.path()).expect("a file")));
        }
    }
    files.sort();
    files
}

#[test]
fn the_same_seed_gives_the_same_bytes_at_any_number_of_threads() {
    let runs: Vec<_> = ["1", "2", "4"]
        .iter()
        .map(|threads| {
            let place = Place::new();
            place.digits(SMALL).reduce(&["--threads", threads, "run", "p.yaml"]).done();
            all_but_the_record(&place)
        })
        .collect();
    for other in &runs[1..] {
        for (one, other) in runs[0].iter().zip(other) {
            assert!(one == other, "{} differs", one.0);
        }
        assert_eq!(runs[0].len(), other.len());
    }
}

#[test]
fn another_seed_gives_other_codes() {
    let codes = |seed: &str| {
        let place = Place::new();
        place.digits(SMALL).reduce(&["run", "p.yaml", "--set", &format!("seed={seed}")]).done();
        place.read("run/codes.parquet")
    };
    assert_ne!(codes("1"), codes("2"));
}

#[test]
fn a_second_run_takes_up_every_stage_and_leaves_the_same_bytes() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    let first = all_but_the_record(&place);
    let said = place.reduce(&["run", "p.yaml"]).done();
    assert!(said.stderr.contains("kept from an earlier run"), "{}", said.stderr);
    assert_eq!(first, all_but_the_record(&place));
    let stages = place.json("run/run.json")["stages"].as_array().expect("stages").clone();
    let reused = |name: &str| stages.iter().any(|stage| stage["name"] == name && stage["reused"] == true);
    for stage in ["read", "autoencoder", "encode", "tsne", "evaluate"] {
        assert!(reused(stage), "{stage} was computed again");
    }
}

#[test]
fn another_perplexity_takes_up_the_codes() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    let codes = place.read("run/codes.parquet");
    place.reduce(&["run", "p.yaml", "--set", "tsne.perplexity=10"]).done();
    assert_eq!(codes, place.read("run/codes.parquet"));
    let stages = place.json("run/run.json")["stages"].clone();
    let reused = |name: &str| {
        stages.as_array().expect("stages").iter().any(|stage| stage["name"] == name && stage["reused"] == true)
    };
    assert!(reused("autoencoder") && !reused("tsne"));
}

#[test]
fn files_in_another_order_are_another_table() {
    let place = Place::new();
    place.digits("");
    let text = String::from_utf8(place.read("digits.csv")).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    place.file("a.csv", [&lines[..1], &lines[1..150]].concat().join("\n"));
    place.file("b.csv", [&lines[..1], &lines[150..]].concat().join("\n"));
    let pipeline = |order: &str| format!("version: 1\ninput: {{path: {order}, labels: [label]}}\n{SMALL}");
    place.file("p.yaml", pipeline("[a.csv, b.csv]")).reduce(&["run", "p.yaml"]).done();
    let first = place.read("run/codes.parquet");
    place.file("p.yaml", pipeline("[b.csv, a.csv]")).reduce(&["run", "p.yaml"]).done();
    assert_ne!(first, place.read("run/codes.parquet"));
}

#[test]
fn a_plot_drawn_again_belongs_to_the_run() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    let before = place.read("run/embedding-label.svg");
    place.reduce(&["plot", "run", "--color-by", "label"]).done();
    assert_eq!(before, place.read("run/embedding-label.svg"));
    place.reduce(&["plot", "run", "--color-by", "code_00"]).done();
    place.reduce(&["verify", "run"]).done();
    place.reduce(&["report", "run"]).done();
    place.reduce(&["verify", "run"]).done();
}

#[test]
fn a_refused_run_leaves_an_earlier_one_as_it_was() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    let before = all_but_the_record(&place);
    place.reduce(&["run", "p.yaml", "--set", "autoencoder.code_size=400"]).refused(&["code"]);
    assert_eq!(before, all_but_the_record(&place));
}

#[test]
fn a_tampered_file_is_named_by_verify_and_mended_by_the_next_run() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    place.reduce(&["verify", "run"]).done();
    let mut bytes = place.read("run/codes.parquet");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.file("run/codes.parquet", &bytes);
    place.reduce(&["verify", "run"]).refused(&["codes.parquet"]);
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["verify", "run"]).done();
}

#[test]
fn a_damaged_model_is_refused_wherever_the_damage_is() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml", "--set", "tsne=none"]).done();
    let bytes = place.read("run/model.safetensors");
    for part in 0..24 {
        let mut damaged = bytes.clone();
        let at = (bytes.len() - 1) * part / 23;
        damaged[at] ^= 4;
        place.file("damaged.safetensors", &damaged);
        place
            .reduce(&["encode", "damaged.safetensors", "digits.csv", "-o", "codes.parquet"])
            .refused(&["damaged.safetensors"]);
    }
    place.file("damaged.safetensors", &bytes[..bytes.len() / 2]);
    place.reduce(&["encode", "damaged.safetensors", "digits.csv", "-o", "codes.parquet"]).refused(&["damaged"]);
    assert!(!place.join("codes.parquet").exists());
}

#[test]
fn no_result_names_this_machine() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    let here = place.path().display().to_string();
    for name in ["metrics.json", "pipeline.yaml", "run.json", "model.safetensors"] {
        let text = String::from_utf8_lossy(&place.read(&format!("run/{name}"))).into_owned();
        assert!(!text.contains(&here), "{name} holds {here}");
    }
}
