//! Seconds and peak memory of reading tables: `cargo bench --bench reading -- FILE…`; `--features-in-rows` turns them.
//!
//! The peak is beside what issue and documentation promise: 1.5 × the matrix and 300 MB. With several files it runs itself once for each, so that every peak is the file's own.
//! `python benches/reading_peers.py FOLDER` makes wide tables and times polars and pandas on them.
#![expect(clippy::print_stdout, reason = "a bench reports")]

use std::path::Path;
use std::time::Instant;

use reduce::event;
use reduce::table::{Input, Layout, NumericMissing, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const TURNED: &str = "--features-in-rows";
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let turned = std::env::args().any(|argument| argument == TURNED);
    match files.as_slice() {
        [] => println!("give files to read: cargo bench --bench reading -- FILE…"),
        [file] => {
            let mut input = Input::new(file);
            input.missing.numeric = NumericMissing::Median;
            if turned {
                input.layout = Layout::FeaturesInRows;
            }
            let start = Instant::now();
            let table = read::read(&input, Path::new("."), &mut event::silent)?;
            let seconds = start.elapsed().as_secs_f64();
            let allowed = (table.frame.values.len() * 6 + 300_000_000) >> 20;
            let (shape, peak) = (table.frame.values.dim(), peak_mebibytes());
            println!("reduce  {file}  {shape:?}  {seconds:.2} s  {peak} MiB of {allowed}");
        }
        many => {
            for file in many {
                let mut command = std::process::Command::new(std::env::current_exe()?);
                command.arg(file).args(turned.then_some(TURNED)).status()?;
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
