//! Two runs into one folder: the second is refused by the first's name, and a dead one is in nobody's way.

use super::{LONG, assert_same, checkpoint_after, undisturbed};
use crate::program::Place;

#[test]
fn a_second_run_is_refused_by_name_and_a_killed_one_is_not_in_the_way() {
    let place = Place::new();
    let mut first = place.digits(LONG).begin(&["run", "p.yaml"]);
    first.until("autoencoder");
    let process = format!("process {}, begun ", first.process());
    place.reduce(&["run", "p.yaml"]).failed(&[&process, "is at work in", "hint: wait for it"]);
    place.reduce(&["clean", "run"]).failed(&[&process]);
    first.kill();
    assert!(place.join("run/.lock").exists());
    place.reduce(&["run", "p.yaml"]).done();
    assert_same(&place.results("run"), undisturbed(), "after a run that was killed");
    assert!(!place.join("run/.lock").exists());
}

#[test]
fn runs_begun_together_leave_one_whole_run() {
    let place = Place::new();
    place.digits(LONG);
    let running: Vec<_> = (0..3).map(|_| place.begin(&["run", "p.yaml"])).collect();
    let codes: Vec<i32> = running.into_iter().map(|running| running.end().code).collect();
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 1].contains(code)), "{codes:?}");
    assert_same(&place.results("run"), undisturbed(), "after three runs at once");
    place.reduce(&["verify", "run"]).done();
}

#[test]
fn what_an_unfinished_run_kept_can_be_removed() {
    let place = Place::new();
    let names = place.digits(LONG).names();
    let mut running = place.begin(&["run", "p.yaml"]);
    running.until("autoencoder");
    checkpoint_after(&place, 0);
    running.signal("INT");
    assert_eq!(running.end().code, 130);
    assert_ne!(place.names(), names);
    place.reduce(&["clean", "run"]).done();
    assert_eq!(place.names(), names);
}
