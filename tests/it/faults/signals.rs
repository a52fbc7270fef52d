//! Told to stop, a run keeps what it has, says how to go on, and ends with the same bytes when it does.

use super::{LONG, assert_same, checkpoint_after, strays, undisturbed};
use crate::program::{PROGRAM, Place, Said};

/// A training to which a signal was sent, and what it said. On a busy machine the training may be over before the signal is
/// sent: then another is begun.
fn stopped_in_training(signal: &str) -> (Place, Said) {
    const ATTEMPTS: usize = 5;
    let attempt = || {
        let place = Place::new();
        let mut running = place.digits(LONG).begin(&["run", "p.yaml"]);
        running.until("autoencoder");
        checkpoint_after(&place, 0);
        running.signal(signal);
        (running.end(), place)
    };
    let (said, place) = (1..ATTEMPTS).map(|_| attempt()).find(|(said, _)| said.code != 0).unwrap_or_else(attempt);
    (place, said)
}

#[test]
fn each_signal_stops_a_training_with_a_checkpoint() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let (place, said) = stopped_in_training(signal);
        assert_eq!(said.code, code, "{}", said.stderr);
        assert!(said.stderr.contains("hint: a checkpoint is kept: the same command goes on"), "{}", said.stderr);
        assert!(strays(&place).is_empty() && !place.join("run/run.json").exists());
        let said = place.reduce(&["plan", "p.yaml"]).done();
        assert!((said.stdout + &said.stderr).contains("goes on from a checkpoint after"), "{signal}");
        let said = place.reduce(&["run", "p.yaml"]).done();
        assert!(said.stderr.contains("training goes on after"), "{}", said.stderr);
        assert_same(&place.results("run"), undisturbed(), signal);
    }
}

#[test]
fn a_run_stopped_at_any_stage_ends_with_the_same_bytes() {
    for stage in ["read", "prepare", "autoencoder", "encode", "neighbors", "tsne", "evaluate", "plot", "report"] {
        let place = Place::new();
        let mut running = place.digits(LONG).begin(&["run", "p.yaml"]);
        running.until(stage);
        running.signal("INT");
        let said = running.end();
        // the last stages may be over before the signal is heard
        let late = ["evaluate", "plot", "report"].contains(&stage);
        assert!(said.code == 130 || late && said.code == 0, "{stage}: {} {}", said.code, said.stderr);
        assert!(said.code == 0 || said.stderr.contains("hint: "), "{}", said.stderr);
        assert!(strays(&place).is_empty());
        place.reduce(&["run", "p.yaml"]).done();
        assert_same(&place.results("run"), undisturbed(), stage);
    }
}

#[test]
fn a_stopped_run_leaves_earlier_results_as_they_were() {
    let place = Place::new();
    place.digits(LONG).reduce(&["run", "p.yaml"]).done();
    let mut running = place.begin(&["run", "p.yaml", "--set", "seed=7"]);
    running.until("autoencoder");
    running.signal("INT");
    assert_eq!(running.end().code, 130);
    assert_same(&place.results("run"), undisturbed(), "in a run that was stopped");
    place.reduce(&["verify", "run"]).done();
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    // threads of a busy machine may hear the first signal so long before the second that the run stops in between, and
    // says how to go on: that is right too, but not what is looked for
    const TRIALS: usize = 10;
    let at_once = (0..TRIALS).any(|_| {
        let place = Place::new();
        let mut running = place.digits(LONG).begin(&["run", "p.yaml"]);
        running.until("autoencoder");
        // both wait while it is halted, so that no step lies between them
        running.signal("STOP");
        running.signal("INT");
        running.signal("TERM");
        running.signal("CONT");
        let said = running.end();
        assert!(said.code == 130 || said.code == 143, "{} {}", said.code, said.stderr);
        place.reduce(&["run", "p.yaml"]).done();
        assert_same(&place.results("run"), undisturbed(), "after a second signal");
        !said.stderr.contains("hint")
    });
    assert!(at_once, "the second signal did nothing in {TRIALS} trials");
}

#[test]
fn a_signal_that_whoever_started_us_ignores_is_ignored() {
    let place = Place::new();
    place.digits(LONG);
    let mut running = place.begin_other("sh", &["-c", "trap '' HUP; exec \"$0\" run p.yaml", PROGRAM]);
    running.until("autoencoder");
    running.signal("HUP");
    running.end().done();
}
