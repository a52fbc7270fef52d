//! Published approximate indices on the codes of a table: seconds, share of the true neighbors, and whether a second
//! build gives the same.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/indexes/Cargo.toml -- CODES.npy [ROWS]
//! ```
//!
//! Prints a line of JSON for each index and number of threads. 90 neighbors of every row are searched, as t-SNE with
//! perplexity 30 needs them; the true ones of 500 rows are found by comparing with every row. `cargo bench --bench tsne
//! -- neighbors CODES.npy` is our own side.

use std::collections::HashSet;
use std::error::Error;
use std::time::Instant;

use cpu_time::ProcessTime;
use hnsw_rs::prelude::{DistL2, Hnsw};
use instant_distance::{Builder, Point, Search};
use ndarray::{Array2, Axis};
use ndarray_npy::ReadNpyExt;
use rayon::prelude::*;

const COUNT: usize = 90;
const SAMPLE: usize = 500;

/// The ids of the neighbors found for every row.
type Found = Vec<Vec<u32>>;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: indexes CODES.npy [ROWS]")?;
    let wanted = std::env::args().nth(2).map_or(Ok(usize::MAX), |rows| rows.parse())?;
    let points = Array2::<f32>::read_npy(std::io::BufReader::new(std::fs::File::open(path)?))?;
    let rows: Vec<Vec<f32>> = points.axis_iter(Axis(0)).take(wanted).map(|row| row.to_vec()).collect();
    let step = (rows.len() / SAMPLE).max(1);
    let truth: Vec<(usize, HashSet<u32>)> =
        (0..rows.len()).step_by(step).collect::<Vec<_>>().into_par_iter().map(|row| (row, nearest(&rows, row))).collect();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        pool.install(|| {
            for (connections, effort) in [(8, 92), (16, 100)] {
                let name = format!("hnsw_rs, {connections} connections, effort {effort}");
                report(&name, threads, &truth, || graph(&rows, connections, effort, threads));
            }
            for effort in [92] {
                report(&format!("instant-distance, effort {effort}"), threads, &truth, || instant(&rows, effort));
            }
        });
    }
    Ok(())
}

fn report(name: &str, threads: usize, truth: &[(usize, HashSet<u32>)], search: impl Fn() -> Found) {
    let (start, processor) = (Instant::now(), ProcessTime::now());
    let found = search();
    let (seconds, processor) = (start.elapsed().as_secs_f64(), processor.elapsed().as_secs_f64());
    let hits: usize = truth.iter().map(|(row, near)| found[*row].iter().filter(|id| near.contains(id)).count()).sum();
    let recall = hits as f64 / (truth.len() * COUNT) as f64;
    // whoever builds it again wants the same map
    let again = search() == found;
    println!(
        "{{\"index\": \"{name}\", \"threads\": {threads}, \"rows\": {}, \"seconds\": {seconds:.2}, \
         \"processor_seconds\": {processor:.2}, \"recall\": {recall:.4}, \"same_again\": {again}}}",
        found.len()
    );
}

/// The true neighbors of a row.
fn nearest(rows: &[Vec<f32>], row: usize) -> HashSet<u32> {
    let mut all: Vec<(f32, u32)> = (0u32..)
        .zip(rows)
        .filter(|(id, _)| *id as usize != row)
        .map(|(id, other)| (squared(&rows[row], other), id))
        .collect();
    all.select_nth_unstable_by(COUNT - 1, |one, other| one.0.total_cmp(&other.0));
    all[..COUNT].iter().map(|(_, id)| *id).collect()
}

fn squared(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(here, there)| (here - there) * (here - there)).sum()
}

/// Without the row itself, and no more than wanted.
fn others(ids: impl Iterator<Item = u32>, row: usize) -> Vec<u32> {
    ids.filter(|id| *id as usize != row).take(COUNT).collect()
}

fn graph(rows: &[Vec<f32>], connections: usize, effort: usize, threads: usize) -> Found {
    let index = Hnsw::<f32, DistL2>::new(connections, rows.len(), 16, effort, DistL2 {});
    if threads == 1 {
        rows.iter().enumerate().for_each(|(id, row)| index.insert((row, id)));
    } else {
        index.parallel_insert(&rows.iter().zip(0..).collect::<Vec<_>>());
    }
    let find = |(row, values): (usize, &Vec<f32>)| {
        others(index.search(values, COUNT + 1, effort).into_iter().map(|found| found.d_id as u32), row)
    };
    rows.par_iter().enumerate().map(find).collect()
}

#[derive(Clone)]
struct Code(Vec<f32>);

impl Point for Code {
    fn distance(&self, other: &Self) -> f32 {
        squared(&self.0, &other.0)
    }
}

fn instant(rows: &[Vec<f32>], effort: usize) -> Found {
    let codes: Vec<Code> = rows.iter().cloned().map(Code).collect();
    let numbers: Vec<u32> = (0..rows.len() as u32).collect();
    let index = Builder::default().seed(42).ef_construction(effort).ef_search(effort).build(codes.clone(), numbers);
    codes
        .par_iter()
        .enumerate()
        .map_init(Search::default, |search, (row, code)| others(index.search(code, search).map(|found| *found.value), row))
        .collect()
}
