//! A single bit that changes anywhere is found.

use super::{SHORT, assert_same};
use crate::program::Place;

/// Places of a file at which a bit is flipped: the ends, and some between.
fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..8).map(move |part| (length - 1) * part / 7)
}

#[test]
fn verify_finds_a_flipped_bit_in_every_file_of_a_run() {
    let place = Place::new();
    place.digits(SHORT).reduce(&["run", "p.yaml"]).done();
    let files: Vec<String> = place.names().into_iter().filter(|name| name.starts_with("run/")).collect();
    assert!(files.iter().any(|name| name.contains(".stages/")) && files.len() > 12, "{files:?}");
    for file in &files {
        let bytes = place.read(file);
        for at in places(bytes.len()) {
            let mut damaged = bytes.clone();
            // a bit that turns no blank into another blank
            damaged[at] ^= 1 << (at % 3 + 4);
            place.file(file, &damaged);
            let name = file.rsplit('/').next().expect("a name");
            let said = place.reduce(&["verify", "run"]).refused(&["hint: "]);
            // the index names others: damage to it shows in what it says of them
            assert!(name == "index.json" || said.stderr.contains(name), "{file} at {at}: {}", said.stderr);
        }
        place.file(file, &bytes);
    }
    place.reduce(&["verify", "run"]).done();
}

#[test]
fn a_kept_stage_that_was_changed_is_done_again_and_that_is_said() {
    let place = Place::new();
    place.digits(SHORT).reduce(&["run", "p.yaml"]).done();
    let before = place.results("run");
    let kept: Vec<String> = place.names().into_iter().filter(|name| name.contains(".stages/")).collect();
    for file in kept.iter().filter(|name| !name.ends_with("index.json")) {
        let mut bytes = place.read(file);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        place.file(file, &bytes);
        let said = place.reduce(&["run", "p.yaml"]).done();
        // neighbors are not looked at where the embedding itself was kept
        let unseen = file.contains("neighbors-");
        assert!(unseen || said.stderr.contains("was changed since: it is done again"), "{file}: {}", said.stderr);
        assert_same(&place.results("run"), &before, file);
        place.reduce(&["verify", "run"]).done();
    }
}

#[test]
fn a_damaged_index_of_stages_costs_time_and_nothing_else() {
    let place = Place::new();
    place.digits(SHORT).reduce(&["run", "p.yaml"]).done();
    let before = place.results("run");
    for text in ["", "{", "{\"digests\": {\"model\": 3}}", "{\"digests\": {\"../../p.yaml\": \"00\"}}"] {
        place.file("run/.stages/index.json", text).reduce(&["run", "p.yaml"]).done();
        assert_same(&place.results("run"), &before, text);
        assert!(place.join("p.yaml").exists());
    }
}
