//! Lays out codes and says how long each part took.
//!
//! ```text
//! cargo bench --bench tsne -- CODES.npy EMBEDDING.npy [ENGINE] [NEIGHBORS] [ITERATIONS]
//! cargo bench --bench tsne -- growth [ROWS ...]
//! cargo bench --bench tsne -- neighbors CODES.npy [ROWS ...]
//! ```
//!
//! Prints a line of JSON: seconds of neighbors and t-SNE, milliseconds of every part of an iteration on the finished
//! map, the divergence as computed here, and the peak memory of the process. `growth` does so for made-up codes of
//! growing numbers of rows (32 columns, 50 groups), each in a process of its own. `neighbors` compares the exact and the approximate search on so many of the codes;
//! beyond their number, copies of them with noise are added. `opentsne.py` beside this file runs
//! openTSNE on the same codes and compares.
#![expect(clippy::print_stdout, reason = "what a bench finds is what it prints")]

use std::ops::ControlFlow;
use std::time::Instant;

use ndarray::{Array2, ArrayView2};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use rand_distr::{Distribution, StandardNormal};
use reduce::embed::parts::Parts;
use reduce::embed::{self, Options};
use reduce::event::Event;
use reduce::neighbors::{self, Method, Neighbors};
use reduce::seed::{Seed, Stream};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The rows that `growth` lays out where none are given.
const GROWTH: [&str; 5] = ["10000", "25000", "50000", "100000", "200000"];
/// How often a part is repeated to time it.
const REPEATS: u32 = 20;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["growth"] => grow(&GROWTH),
        ["growth", rows @ ..] => grow(rows),
        ["neighbors", codes, rows @ ..] => search(read(codes)?.view(), rows),
        ["groups", rows] => lay_out(groups(rows.parse()?, 32, 50).view(), &[]).map(drop),
        [codes, embedding, rest @ ..] => {
            let map = lay_out(read(codes)?.view(), rest)?;
            Ok(map.write_npy(std::io::BufWriter::new(std::fs::File::create(embedding)?))?)
        }
        _ => {
            println!("usage: tsne CODES.npy EMBEDDING.npy [ENGINE] [NEIGHBORS] [ITERATIONS] | growth [ROWS ...]");
            Ok(())
        }
    }
}

fn read(codes: &str) -> Outcome<Array2<f32>> {
    Ok(Array2::read_npy(std::io::BufReader::new(std::fs::File::open(codes)?))?)
}

/// Both searches of 90 neighbors, and the share of the exact ones that the approximate search finds.
fn search(points: ArrayView2<f32>, sizes: &[&str]) -> Outcome<()> {
    for rows in sizes {
        let points = enough(points, rows.parse()?);
        let find = |method: Method| -> Outcome<(f64, Neighbors)> {
            let begun = Instant::now();
            let found = neighbors::find(points.view(), 90, method, Seed(42), &mut |_| ControlFlow::Continue(()))?;
            Ok((begun.elapsed().as_secs_f64(), found))
        };
        let (exact_seconds, exact) = find(Method::Exact)?;
        let (approximate_seconds, approximate) = find(Method::Approximate)?;
        let shared = exact.indices.rows().into_iter().zip(approximate.indices.rows()).map(|(exact, found)| {
            let mut exact = exact.to_vec();
            exact.sort_unstable();
            found.iter().filter(|row| exact.binary_search(row).is_ok()).count()
        });
        let recall = shared.sum::<usize>() as f64 / exact.indices.len() as f64;
        println!(
            "{{\"rows\": {rows}, \"exact_seconds\": {exact_seconds:.2}, \"approximate_seconds\": {approximate_seconds:.2}, \
             \"recall\": {recall:.4}}}"
        );
    }
    Ok(())
}

/// The first `rows` of `points`; beyond their number copies with normal noise of a tenth of each column's deviation.
fn enough(points: ArrayView2<f32>, rows: usize) -> Array2<f32> {
    let mut generator = Seed(7).stream(Stream::Neighbors);
    let deviations = points.std_axis(ndarray::Axis(0), 0.0);
    Array2::from_shape_fn((rows, points.ncols()), |(row, column)| {
        let value = points[(row % points.nrows(), column)];
        if row < points.nrows() {
            return value;
        }
        let noise: f32 = StandardNormal.sample(&mut generator);
        value + 0.1 * deviations[column] * noise
    })
}

/// One process per size, so that each peak of memory is its own.
fn grow(sizes: &[&str]) -> Outcome<()> {
    for rows in sizes {
        std::process::Command::new(std::env::current_exe()?).args(["groups", rows]).status()?;
    }
    Ok(())
}

/// Codes in groups of normal distributions around normal centers.
fn groups(rows: usize, columns: usize, groups: usize) -> Array2<f32> {
    let mut generator = Seed(7).stream(Stream::Neighbors);
    let mut draw = |scale: f32| -> f32 {
        let value: f32 = StandardNormal.sample(&mut generator);
        value * scale
    };
    let centers = Array2::from_shape_simple_fn((groups, columns), || draw(2.0));
    Array2::from_shape_fn((rows, columns), |(row, column)| centers[(row % groups, column)] + draw(1.0))
}

fn lay_out(points: ArrayView2<f32>, rest: &[&str]) -> Outcome<Array2<f32>> {
    let word = |place: usize, default: &str| format!("\"{}\"", rest.get(place).unwrap_or(&default));
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
    let peak = peak_megabytes();
    let first = first.unwrap_or(searched);
    let [attraction, spreading, transform, gathering] = parts(map.points.view(), &neighbors, &options.perplexities());
    println!(
        "{{\"rows\": {}, \"columns\": {}, \"seconds\": {all:.3}, \"neighbors_seconds\": {searched:.3}, \
         \"affinities_and_start_seconds\": {:.3}, \"milliseconds_per_iteration\": {:.3}, \
         \"attraction_ms\": {attraction:.3}, \"spreading_ms\": {spreading:.3}, \"fourier_ms\": {transform:.3}, \
         \"gathering_ms\": {gathering:.3}, \"divergence\": {:.5}, \"peak_megabytes\": {peak:.0}}}",
        points.nrows(),
        points.ncols(),
        first - searched,
        (all - first) * 1e3 / map.iterations.max(1) as f64,
        map.divergence,
    );
    Ok(map.points)
}

/// Milliseconds of attraction, spreading, transform and gathering on a finished map.
fn parts(map: ArrayView2<f32>, neighbors: &Neighbors, perplexities: &[f64]) -> [f64; 4] {
    let mut parts = Parts::new(map, neighbors, perplexities);
    [Parts::attract, Parts::spread, Parts::convolve, Parts::gather].map(|part| {
        part(&mut parts);
        let begun = Instant::now();
        (0..REPEATS).for_each(|_| part(&mut parts));
        begun.elapsed().as_secs_f64() * 1e3 / f64::from(REPEATS)
    })
}

/// The most memory this process has held, where the system says so.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok())
        .map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}
