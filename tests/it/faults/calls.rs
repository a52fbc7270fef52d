//! Every single call that writes, syncs or renames fails once, fails from then on, or is the last before the program is
//! killed. `strace` does it, where it is installed.

use super::{SHORT, assert_same, strays};
use crate::program::{PROGRAM, Place};

/// Calls, and what a disk answers when they fail.
const CALLS: [(&str, &str); 4] = [("write", "ENOSPC"), ("fsync", "EIO"), ("/^rename", "EIO"), ("mkdir", "EACCES")];

#[test]
#[ignore = "five minutes, and needs strace: cargo test --release --test it -- --ignored every_call"]
fn every_call_that_fails_leaves_each_file_old_or_new_and_the_next_run_mends() {
    let place = Place::new();
    place.digits(SHORT).reduce(&["run", "p.yaml", "--set", "output=new"]).done();
    let new = place.results("new");
    place.reduce(&["run", "p.yaml", "--set", "output=old", "--set", "seed=7"]).done();
    let old = place.results("old");
    let mut points = 0;
    for (call, error) in CALLS {
        for fault in
            [format!("error={error}:when=#"), format!("error={error}:when=#+"), "signal=KILL:when=#".to_owned()]
        {
            for number in 1.. {
                let copied = place.other("sh", &["-c", "rm -rf run before && cp -r old run"]);
                copied.done();
                let trace = format!("trace={call}");
                let inject = format!("inject={call}:{}", fault.replace('#', &number.to_string()));
                let traced = ["-f", "-qq", "-o", "calls", "-e", &trace, "-e", &inject];
                let run = [PROGRAM, "run", "p.yaml", "--quiet", "--threads", "1"];
                let said = place.other("strace", &[&traced[..], &run[..]].concat());
                let calls = String::from_utf8_lossy(&place.read("calls")).into_owned();
                let when = format!("with {inject}: {} {}", said.code, said.stderr);
                if !calls.contains("(INJECTED)") && !calls.contains("killed by SIGKILL") {
                    said.done();
                    break;
                }
                points += 1;
                let killed = said.code == -1;
                assert!(killed == fault.contains("KILL") && (killed || [0, 1].contains(&said.code)), "{when}");
                assert!(!said.stderr.contains("panicked") && !said.stderr.contains("a bug"), "{when}");
                // where no write succeeds any more, nothing can be said either
                let mute = call == "write" && fault.ends_with('+');
                let told = said.stderr.contains("error: ") && said.stderr.contains("hint: ");
                assert!(said.code != 1 || mute || told, "{when}");
                assert!(killed || strays(&place).is_empty(), "{when}: {:?}", strays(&place));
                for (name, bytes) in place.results("run").iter().filter(|(name, _)| !name.starts_with(".reduce-")) {
                    assert!([old.get(name), new.get(name)].contains(&Some(bytes)), "{name} is torn {when}");
                }
                if said.code == 0 {
                    assert_same(&place.results("run"), &new, &when);
                    place.reduce(&["verify", "run"]).done();
                }
                place.reduce(&["run", "p.yaml"]).done();
                assert_same(&place.results("run"), &new, &when);
                place.reduce(&["verify", "run"]).done();
                assert!(strays(&place).is_empty(), "{when}");
            }
        }
    }
    println!("{points} faults, no file torn, every run mended");
    assert!(points > 200, "{points}");
}
