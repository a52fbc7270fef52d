//! Killed at any moment, a run that is begun again ends with the same bytes.

use std::time::{Duration, Instant};

use super::{LONG, assert_same, checkpoint_after, undisturbed};
use crate::program::Place;

/// Kills runs at so many moments, spread evenly over a run; how often a training went on from a checkpoint.
fn kill_at(moments: u32) -> u32 {
    let expected = undisturbed();
    let place = Place::new();
    let began = Instant::now();
    place.digits(LONG).reduce(&["run", "p.yaml"]).done();
    let whole = began.elapsed();
    let mut taken_up = 0;
    for moment in 1..=moments {
        let place = Place::new();
        let running = place.digits(LONG).begin(&["run", "p.yaml"]);
        std::thread::sleep(whole * moment / (moments + 1));
        running.kill();
        let said = place.reduce(&["run", "p.yaml"]).done();
        taken_up += u32::from(said.stderr.contains("training goes on after"));
        let when = format!("when killed {moment}/{} into {whole:?}", moments + 1);
        assert_same(&place.results("run"), expected, &when);
        place.reduce(&["verify", "run"]).done();
        let left = place.names().into_iter().filter(|name| name.ends_with(".checkpoint") || name.contains(".tmp"));
        assert_eq!(left.count(), 0, "{when}");
    }
    taken_up
}

#[test]
fn a_run_killed_at_five_moments_ends_with_the_same_bytes() {
    assert!(kill_at(5) > 0, "no training went on from a checkpoint");
}

#[test]
#[ignore = "a minute: cargo test --release --test it -- --ignored twenty_five"]
fn a_run_killed_at_twenty_five_moments_ends_with_the_same_bytes() {
    assert!(kill_at(25) > 3, "no training went on from a checkpoint");
}

#[test]
fn a_run_killed_again_and_again_gets_on_and_ends_with_the_same_bytes() {
    let place = Place::new();
    place.digits(LONG);
    let mut epochs = vec![0];
    for _ in 0..2 {
        let running = place.begin(&["run", "p.yaml"]);
        let earlier = epochs.last().copied().unwrap_or(0);
        epochs.push(checkpoint_after(&place, earlier).1);
        running.kill();
    }
    assert!(epochs.windows(2).all(|pair| pair[0] < pair[1]), "{epochs:?}");
    place.reduce(&["run", "p.yaml"]).done();
    assert_same(&place.results("run"), undisturbed(), "after two kills");
}

#[test]
fn a_run_killed_while_it_publishes_leaves_every_file_old_or_new() {
    let place = Place::new();
    place.digits(LONG).reduce(&["run", "p.yaml", "--set", "seed=7"]).done();
    let old = place.results("run");
    let mut mixed = 0;
    for moment in 0..12 {
        let mut running = place.begin(&["run", "p.yaml"]);
        running.until("report");
        std::thread::sleep(Duration::from_millis(25 * moment));
        running.kill();
        let mut found = place.results("run");
        found.retain(|name, _| !name.starts_with(".reduce-"));
        for (name, bytes) in &found {
            let whole = [old.get(name), undisturbed().get(name)].contains(&Some(bytes));
            assert!(whole, "{name} is neither old nor new at moment {moment}");
        }
        mixed += u32::from(found != old);
        if mixed > 0 {
            place.reduce(&["run", "p.yaml"]).done();
            assert_same(&place.results("run"), undisturbed(), "after a kill while it published");
            place.reduce(&["verify", "run"]).done();
            place.reduce(&["run", "p.yaml", "--set", "seed=7"]).done();
        }
    }
    assert!(mixed > 0, "no run came to its end");
}

#[test]
fn a_damaged_checkpoint_is_named_and_not_used() {
    let place = Place::new();
    let running = place.digits(LONG).begin(&["run", "p.yaml"]);
    let (checkpoint, _) = checkpoint_after(&place, 0);
    running.kill();
    let mut bytes = place.read(&checkpoint);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.file(&checkpoint, &bytes);
    let said = place.reduce(&["run", "p.yaml"]).done();
    assert!(said.stderr.contains("checkpoint of the training is damaged"), "{}", said.stderr);
    assert_same(&place.results("run"), undisturbed(), "after a damaged checkpoint");
}
