//! A few seconds of what `fuzz/run` does for hours: every seed and every find, each changed a few times.

#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::path::PathBuf;
use std::time::Instant;

use rand::RngExt;
use reduce::seed::{Generator, Seed, Stream};

use crate::bad_input::{breaches, limited};
use crate::program::{Place, repository};

/// Changed inputs per target.
const COUNT: usize = 400;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = repository().join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("a corpus").flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("a seed"))).collect()
}

/// Some bytes flipped, cut out, doubled, or set to what breaks sizes.
fn changed(bytes: &[u8], generator: &mut Generator) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..generator.random_range(1..4_u32) {
        if bytes.is_empty() {
            break;
        }
        let at = generator.random_range(0..bytes.len());
        let to = (at + generator.random_range(1..16_usize)).min(bytes.len());
        match generator.random_range(0..6_u32) {
            0 => bytes[at] ^= 1 << generator.random_range(0..8_u32),
            1 => bytes[at] = [0, 0xff, 0x7f, 0x80, b'\n', b'"', b'[', b'-'][generator.random_range(0..8_usize)],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..to)),
            4 => {
                let piece = bytes[at..to].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes[at..to].fill(0xff),
        }
    }
    bytes
}

fn fuzz(name: &str) {
    let target = targets::ALL.iter().find(|target| target.name == name).expect("a target");
    let seeds = corpus(name);
    for (path, bytes) in &seeds {
        eprintln!("{}", path.display());
        (target.run)(bytes);
    }
    let mut generator = Seed(7).stream(Stream::Subsample);
    for _ in 0..COUNT {
        let (path, bytes) = &seeds[generator.random_range(0..seeds.len())];
        let bytes = changed(bytes, &mut generator);
        if let Err(panic) = std::panic::catch_unwind(|| (target.run)(&bytes)) {
            let kept = std::env::temp_dir().join(format!("reduce-{name}-find"));
            std::fs::write(&kept, &bytes).expect("kept");
            eprintln!("{} from {}: copy it into fuzz/corpus/{name}", kept.display(), path.display());
            std::panic::resume_unwind(panic);
        }
    }
}

/// The same for longer, without coverage: `FUZZ_TARGET=text FUZZ_SECONDS=600 cargo test --release --test it -- --ignored for_long`.
#[test]
#[ignore = "runs for FUZZ_SECONDS"]
fn for_long() {
    let setting = |name: &str| std::env::var(name).ok();
    let seconds = setting("FUZZ_SECONDS").and_then(|text| text.parse().ok()).unwrap_or(60);
    let wanted = setting("FUZZ_TARGET");
    let mut generator =
        Seed(setting("FUZZ_SEED").and_then(|text| text.parse().ok()).unwrap_or(1)).stream(Stream::Subsample);
    std::panic::set_hook(Box::new(|_| {}));
    let mut finds = Vec::new();
    for target in targets::ALL.iter().filter(|target| wanted.as_ref().is_none_or(|wanted| wanted == target.name)) {
        let mut seeds: Vec<Vec<u8>> = corpus(target.name).into_iter().map(|(_, bytes)| bytes).collect();
        let own = seeds.len();
        let (began, mut count) = (Instant::now(), 0_u64);
        while began.elapsed().as_secs() < seconds {
            let bytes = changed(&seeds[generator.random_range(0..seeds.len())], &mut generator);
            // written before it is tried: what ends the process is found there
            let trial = std::env::temp_dir().join(format!("reduce-{}-trial", target.name));
            std::fs::write(&trial, &bytes).expect("kept");
            if let Err(panic) = std::panic::catch_unwind(|| (target.run)(&bytes)) {
                let message = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                let message = message.unwrap_or_default();
                let start: String = message.chars().take(60).collect();
                if !finds.iter().any(|(_, known)| *known == start) {
                    let kept = std::env::temp_dir().join(format!("reduce-{}-find-{}", target.name, finds.len()));
                    std::fs::copy(&trial, &kept).expect("kept");
                    eprintln!("{}: {message}", kept.display());
                    finds.push((target.name, start));
                }
            } else if seeds.len() < own + 2000 && generator.random_range(0..50_u32) == 0 {
                // changes upon changes
                seeds.push(bytes);
            }
            count += 1;
        }
        eprintln!("{}: {count} inputs in {seconds} s", target.name);
    }
    assert!(finds.is_empty(), "{finds:?}");
}

#[test]
fn pipeline_files() {
    fuzz("pipeline");
}

#[test]
fn text_tables() {
    fuzz("text");
}

#[test]
fn sparse_matrices_of_10x() {
    fuzz("tenx");
}

#[test]
fn numpy_arrays() {
    fuzz("numpy");
}

#[test]
fn hdf5_files() {
    fuzz("hdf5");
}

#[test]
fn json_lines() {
    fuzz("ndjson");
}

/// Through the program: where its libraries ask for memory without end, only the program itself can say so. With
/// `FUZZ_SECONDS` in the environment it goes on for so long, and `FUZZ_SEED` has it change other bytes.
#[test]
fn parquet_and_arrow() {
    const CHANGED: usize = 120;
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = setting("FUZZ_SECONDS").unwrap_or(0);
    let place = Place::new();
    let seeds = corpus("columnar");
    let mut generator = Seed(setting("FUZZ_SEED").unwrap_or(7)).stream(Stream::Subsample);
    let (began, mut count) = (Instant::now(), 0);
    while count < seeds.len() + CHANGED || began.elapsed().as_secs() < seconds {
        let bytes = match seeds.get(count) {
            Some((_, seed)) => seed.clone(),
            None => changed(&seeds[generator.random_range(0..seeds.len())].1, &mut generator),
        };
        count += 1;
        place.file("t.bin", &bytes);
        let said = limited(&place, &["inspect".to_owned(), "t.bin".to_owned()], 2_500_000);
        let wrong = if said.code == 0 { Vec::new() } else { breaches(&said, if said.code == 1 { 1 } else { 2 }) };
        if !wrong.is_empty() {
            let kept = std::env::temp_dir().join("reduce-columnar-find");
            std::fs::write(&kept, &bytes).expect("kept");
            panic!("{}: {wrong:?}\n{}", kept.display(), said.stderr);
        }
    }
    eprintln!("columnar: {count} inputs");
}

#[test]
fn models() {
    fuzz("model");
}

#[test]
fn labels() {
    fuzz("label");
}
