//! Lays out codes from a `.npy` file and says how long each part took.
//!
//! ```text
//! cargo bench --bench tsne -- CODES.npy EMBEDDING.npy [ENGINE] [NEIGHBORS] [ITERATIONS]
//! ```
//!
//! Prints one line of JSON: seconds of neighbors and t-SNE, the divergence as computed here, and the peak memory of the
//! process. `opentsne.py` beside this file runs openTSNE on the same codes and compares.
#![expect(clippy::print_stdout, reason = "what a bench finds is what it prints")]

use std::ops::ControlFlow;
use std::time::Instant;

use ndarray::Array2;
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use reduce::embed::{self, Options};
use reduce::event::Event;
use reduce::neighbors;
use reduce::seed::Seed;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [codes, embedding, rest @ ..] = arguments.as_slice() else {
        println!("usage: cargo bench --bench tsne -- CODES.npy EMBEDDING.npy [ENGINE] [NEIGHBORS] [ITERATIONS]");
        return Ok(());
    };
    let points = Array2::<f32>::read_npy(std::io::BufReader::new(std::fs::File::open(codes)?))?;
    let word = |place: usize, default: &str| format!("\"{}\"", rest.get(place).map_or(default, String::as_str));
    let options = Options {
        engine: serde_json::from_str(&word(0, "auto"))?,
        neighbors: serde_json::from_str(&word(1, "auto"))?,
        stop_when_settled: embed::StopWhenSettled::None,
        iterations: rest.get(2).map_or(Ok(500), |number| number.parse())?,
        ..Options::default()
    };
    let options = options.resolve(points.nrows(), points.ncols())?;
    let begun = Instant::now();
    let count = options.neighbors_needed();
    let neighbors =
        neighbors::find(points.view(), count, options.neighbors, Seed(42), &mut |_| ControlFlow::Continue(()))?;
    let searched = begun.elapsed().as_secs_f64();
    let mut first = None;
    let mut observer = |event: Event| {
        if let (Event::Iteration { .. }, None) = (&event, first) {
            first = Some(begun.elapsed().as_secs_f64());
        }
        ControlFlow::Continue(())
    };
    let map = embed::fit(points.view(), &neighbors, &options, None, Seed(42), &mut observer)?;
    let all = begun.elapsed().as_secs_f64();
    map.points.write_npy(std::io::BufWriter::new(std::fs::File::create(embedding)?))?;
    let first = first.unwrap_or(searched);
    println!(
        "{{\"rows\": {}, \"columns\": {}, \"seconds\": {all:.3}, \"neighbors_seconds\": {searched:.3}, \
         \"affinities_and_start_seconds\": {:.3}, \"milliseconds_per_iteration\": {:.3}, \"divergence\": {:.5}, \"peak_megabytes\": {:.0}}}",
        points.nrows(),
        points.ncols(),
        first - searched,
        (all - first) * 1e3 / map.iterations.max(1) as f64,
        map.divergence,
        peak_megabytes(),
    );
    Ok(())
}

/// The most memory this process has held, where the system says so.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok())
        .map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}
