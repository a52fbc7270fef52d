//! Seconds and peak memory of reading tables: `cargo bench --bench reading -- FILE…`.
//!
//! With several files it runs itself once for each, so that every peak is the file's own.
//! `python benches/reading_peers.py FOLDER` makes wide tables and times polars and pandas on them.
#![expect(clippy::print_stdout, reason = "a bench reports")]

use std::path::Path;
use std::time::Instant;

use reduce::event;
use reduce::table::{Input, NumericMissing, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match files.as_slice() {
        [] => println!("give files to read: cargo bench --bench reading -- FILE…"),
        [file] => {
            let mut input = Input::new(file);
            input.missing.numeric = NumericMissing::Median;
            let start = Instant::now();
            let table = read::read(&input, Path::new("."), &mut event::silent)?;
            let seconds = start.elapsed().as_secs_f64();
            println!("reduce  {file}  {:?}  {seconds:.2} s  {} MiB", table.frame.values.dim(), peak_mebibytes());
        }
        many => {
            for file in many {
                std::process::Command::new(std::env::current_exe()?).arg(file).status()?;
            }
        }
    }
    Ok(())
}

/// The most memory this process has held, where the system says so.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}
