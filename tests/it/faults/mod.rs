//! What stops a run, and what is there then: killed, told to stop, out of disk, doubled, tampered with.

mod calls;
mod disk;
mod flips;
mod inputs;
mod kills;
mod reuse;
mod signals;
mod twice;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use crate::program::Place;

/// Long enough to be hit at every stage, and with checkpoints of the training.
const LONG: &str = "autoencoder: {code_size: 8, hidden: [256], training: {max_epochs: 800, patience: 800}}\n\
                    tsne: {iterations: 800}\noutput: run\n";

/// As short as a whole run can be.
const SHORT: &str = "autoencoder: {code_size: 4, hidden: [16], training: {max_epochs: 3}}\n\
                     tsne: {iterations: 40}\noutput: run\n";

type Files = BTreeMap<String, Vec<u8>>;

/// What [`LONG`] comes to when nothing happens to it.
fn undisturbed() -> &'static Files {
    static RESULTS: OnceLock<Files> = OnceLock::new();
    RESULTS.get_or_init(|| {
        let place = Place::new();
        place.digits(LONG).reduce(&["run", "p.yaml"]).done();
        place.results("run")
    })
}

#[track_caller]
fn assert_same(found: &Files, expected: &Files, when: &str) {
    for (name, bytes) in expected {
        assert!(found.get(name) == Some(bytes), "{name} differs {when}");
    }
    assert_eq!(found.len(), expected.len(), "{when}");
}

/// Files that were written halfway.
fn strays(place: &Place) -> Vec<String> {
    place.names().into_iter().filter(|name| name.contains(".reduce-")).collect()
}

/// Waits for a checkpoint of a later epoch; its name and epoch.
fn checkpoint_after(place: &Place, epoch: u32) -> (String, u32) {
    for _ in 0..3_000 {
        for name in place.names().into_iter().filter(|name| name.ends_with(".checkpoint")) {
            let text = String::from_utf8_lossy(&place.read(&name)).into_owned();
            let number = text.split("\"epoch\":").nth(1).and_then(|rest| rest.split(',').next()?.parse().ok());
            if let Some(number) = number.filter(|number| *number > epoch) {
                return (name, number);
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no checkpoint of an epoch after {epoch}");
}
