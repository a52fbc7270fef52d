//! What is taken up from an earlier run, and what is not.

use super::SHORT;
use crate::program::Place;

const STAGES: [&str; 9] =
    ["read", "prepare", "autoencoder", "encode", "neighbors", "tsne", "evaluate", "plot", "report"];

/// The stages that a run computed, in the order of [`STAGES`].
fn computed(place: &Place) -> Vec<&'static str> {
    let stages = place.json("run/run.json")["stages"].as_array().expect("stages").clone();
    let done = |name: &&str| stages.iter().any(|stage| stage["name"] == **name && stage["reused"] == false);
    STAGES.into_iter().filter(done).collect()
}

/// The stages that a finished run computes when some options change. Its results are those of a fresh run, also where a
/// run that changed nothing lies between.
fn changed(options: &[&str]) -> Vec<&'static str> {
    let place = Place::new();
    place.digits(SHORT).reduce(&["run", "p.yaml"]).done();
    assert_eq!(computed(&place), STAGES);
    place.reduce(&["run", "p.yaml"]).done();
    let sets = options.iter().flat_map(|option| ["--set", option]);
    let arguments: Vec<&str> = ["run", "p.yaml"].into_iter().chain(sets).collect();
    place.reduce(&arguments).done();
    let fresh = Place::new();
    fresh.digits(SHORT).reduce(&arguments).done();
    super::assert_same(&place.results("run"), &fresh.results("run"), &format!("with {options:?}"));
    computed(&place)
}

#[test]
fn nothing_changed_draws_only() {
    assert_eq!(changed(&[]), ["plot", "report"]);
}

#[test]
fn another_plot_draws_only() {
    assert_eq!(changed(&["plots=[{color_by: label, theme: dark}]"]), ["plot", "report"]);
}

#[test]
fn another_perplexity_takes_up_codes_and_neighbors() {
    for perplexity in ["10", "29", "40"] {
        let computed = changed(&[&format!("tsne.perplexity={perplexity}")]);
        assert_eq!(computed, ["read", "prepare", "tsne", "evaluate", "plot", "report"], "{perplexity}");
    }
}

#[test]
fn other_measures_take_up_the_map() {
    let computed = changed(&["evaluate.neighbors=7"]);
    assert_eq!(computed, ["read", "prepare", "evaluate", "plot", "report"]);
}

#[test]
fn another_seed_computes_everything() {
    assert_eq!(changed(&["seed=7"]), STAGES);
}

#[test]
fn fresh_computes_everything_and_clean_removes_what_is_kept() {
    let place = Place::new();
    place.digits(SHORT).reduce(&["run", "p.yaml"]).done();
    place.reduce(&["run", "p.yaml", "--fresh"]).done();
    assert_eq!(computed(&place), STAGES);
    place.reduce(&["clean", "run"]).done();
    assert!(!place.join("run/.stages").exists() && place.join("run/codes.parquet").exists());
    place.reduce(&["run", "p.yaml"]).done();
    assert_eq!(computed(&place), STAGES);
}
