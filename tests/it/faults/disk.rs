//! A disk that is full, a file-size limit, a folder that goes away: one clear error, and the old results as they were.

use std::collections::BTreeSet;

use super::{SHORT, assert_same, strays};
use crate::program::{PROGRAM, Place, Said};

/// Runs under a limit on the size of every file, in blocks of 512 bytes.
fn limited(place: &Place, blocks: u32, arguments: &str) -> Said {
    place.other("sh", &["-c", &format!("ulimit -f {blocks}; exec \"$0\" {arguments}"), PROGRAM])
}

#[test]
fn a_file_that_may_not_grow_leaves_the_old_results_and_no_temporary_file() {
    let expected = Place::new();
    expected.digits(SHORT).reduce(&["run", "p.yaml", "--set", "seed=7"]).done();
    let place = Place::new();
    place.digits(SHORT).reduce(&["run", "p.yaml"]).done();
    let before = place.results("run");
    let mut failed_at = BTreeSet::new();
    let mut blocks = 1;
    loop {
        let said = limited(&place, blocks, "run p.yaml --set seed=7");
        assert_eq!(strays(&place), Vec::<String>::new());
        if said.code == 0 {
            break;
        }
        let said = said.failed(&["error: cannot write", "larger than the system allows", "hint: "]);
        let file = said.stderr.split('`').nth(1).expect("a file").rsplit('/').next().expect("a name").to_owned();
        failed_at.insert(file.split('-').next().expect("a stem").to_owned());
        assert_same(&place.results("run"), &before, &format!("with files of at most {blocks} blocks"));
        place.reduce(&["verify", "run"]).done();
        blocks = blocks * 5 / 4 + 1;
    }
    // each of these is larger than all before it
    let stages = ["model", "neighbors", "measures"];
    assert!(stages.iter().all(|stage| failed_at.contains(*stage)), "only {failed_at:?}");
    assert_same(&place.results("run"), &expected.results("run"), "after the disk had room again");
}

#[test]
fn a_new_run_on_a_full_disk_leaves_nothing_behind() {
    let place = Place::new();
    let names = place.digits(SHORT).names();
    limited(&place, 1, "run p.yaml --set output=runs/of/digits").failed(&["cannot write", "hint: "]);
    assert_eq!(place.names(), names);
    assert!(!place.join("runs").exists());
}

#[test]
fn a_training_that_fails_leaves_no_folder_behind() {
    let place = Place::new();
    let names = place.digits(SHORT).names();
    let arguments = ["run", "p.yaml", "--set", "output=runs/of/digits"];
    let wild = ["--set", "autoencoder.training.learning_rate=1e18"];
    place.reduce(&[&arguments[..], &wild[..]].concat()).failed(&["not finite", "learning_rate"]);
    assert_eq!(place.names(), names);
    assert!(!place.join("runs").exists());
}

#[test]
fn a_folder_that_goes_away_is_a_clear_error_and_not_made_anew() {
    let place = Place::new();
    let mut running = place.digits(super::LONG).begin(&["run", "p.yaml"]);
    running.until("autoencoder");
    std::fs::rename(place.join("run"), place.join("elsewhere")).expect("renamed");
    running.end().failed(&["cannot write", "no such file or folder"]);
    assert!(!place.join("run").exists());
}

/// A real disk of its own for the run folder, where the system lets a user have one.
fn on_a_disk(place: &Place, options: &str, script: &str) -> Option<Said> {
    let mounted = format!("mount -t tmpfs -o {options} tmpfs run || exit 99; {script}");
    std::fs::create_dir_all(place.join("run")).expect("a folder");
    let said = place.other("unshare", &["--user", "--map-root-user", "--mount", "sh", "-c", &mounted, PROGRAM]);
    // 99: no mount; 1 of `unshare` itself has its name in the message
    (said.code != 99 && !said.stderr.contains("unshare:")).then_some(said)
}

#[test]
fn a_disk_that_fills_at_any_stage_keeps_the_old_results() {
    let place = Place::new();
    place.digits(SHORT);
    // the disk grows by little until the second run fits on it beside the first
    let script = r#""$0" run p.yaml --quiet || exit 98
        sha256sum run/* > before
        size=$(($(du -sk run | cut -f1) + 4))
        for step in $(seq 400); do
            mount -o remount,size=${size}k run || exit 97
            "$0" run p.yaml --quiet --set seed=7 2> error; code=$?
            cat error >> errors
            find run -name '.reduce-*' >> strays
            [ $code = 0 ] && break
            [ $code = 1 ] || exit 96
            sha256sum run/* | cmp before || exit 95
            "$0" verify run > verified || exit 94
            size=$((size + 12))
        done; exit $code"#;
    let Some(said) = on_a_disk(&place, "size=64m", script) else {
        eprintln!("this system lets no user mount a disk; the file-size limit stands in for it");
        return;
    };
    said.done();
    assert_eq!(place.read("strays"), b"");
    let errors = String::from_utf8(place.read("errors")).expect("text");
    assert!(errors.contains("error: cannot write") && errors.contains("no space left on the disk"), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    for stage in ["model", "codes", "neighbors", "measures", "svg", "report.html"] {
        assert!(errors.lines().any(|line| line.contains("cannot write") && line.contains(stage)), "{stage}: {errors}");
    }
}

#[test]
fn a_disk_that_can_only_be_read_is_a_clear_error_before_any_work() {
    let place = Place::new();
    place.digits(SHORT);
    let Some(said) = on_a_disk(&place, "ro,size=1m", "\"$0\" run p.yaml") else {
        eprintln!("this system lets no user mount a disk");
        return;
    };
    assert!(!said.stderr.contains("autoencoder"), "{}", said.stderr);
    said.failed(&["run folder", "can only be read", "hint: "]);
}
