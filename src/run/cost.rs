//! What a run will cost: memory and time of every stage, told before it begins.
//!
//! Memory follows from what each stage holds; the constants are fitted to the peaks that runs on real tables
//! recorded, and `benches/forecast.py` measures how far off they are. Seconds are rough: they depend on the machine.

use crate::autoencoder;
use crate::error::{Error, Result};
use crate::event::Stage;
use crate::pipeline::{Loaded, Pipeline};
use crate::table;
use crate::table::memory;
use crate::value::Auto;

/// Multiplications and additions per second and thread that training reaches at these shapes, about.
const OPERATIONS_PER_SECOND: f64 = 4e10;
/// Numbers of a table read, and prepared, per second, about.
const READ_PER_SECOND: f64 = 4e7;
/// Seconds on two threads per pair of rows that are compared, about.
const SECONDS_PER_PAIR: f64 = 1.5e-9;
/// Seconds on two threads per row of an approximate search for neighbors, about.
const SECONDS_PER_SEARCH: f64 = 5e-5;
/// Seconds on two threads per row and iteration of the embedding, about.
const SECONDS_PER_POINT: f64 = 2e-7;
/// Seconds on two threads per pair of rows whose ranks are compared in every space, and more per feature, about.
const SECONDS_PER_RANK: (f64, f64) = (6.5e-8, 4e-11);
/// Bytes of the program itself.
const PROGRAM: u64 = 45 << 20;
/// Bytes of a row beside its numbers: its id, its labels.
const NAMES: u64 = 120;
/// Bytes of a weight while it is trained, about: itself, its gradient, its two moments, its best value, and its share of
/// what is packed to be multiplied.
const WEIGHT: u64 = 24;
/// Bytes of the grid on which points repel each other.
const GRID: u64 = 16 << 20;
/// Bytes while neighborhoods are compared, and more per row that is compared.
const COMPARING: (u64, u64) = (16 << 20, 4 << 10);
/// Of what training and the embedding freed the system may not have everything back: one part in so many stays.
const STAYS: u64 = 2;
/// Bytes of the columns that are read at once.
const READING: u64 = 96 << 20;
/// Bytes of a neighbor while neighbors are searched, and while points are moved.
const NEIGHBOR: (u64, u64) = (18, 36);
/// Rows reconstructed at once while losses are measured.
const BLOCK: u64 = 4096;
/// Features beyond which principal axes are found without a matrix of features × features.
const WIDEST_MATRIX: u64 = 4000;

/// How large a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Rows that are used.
    pub rows: usize,
    /// Columns of numbers that are read.
    pub columns: usize,
    /// Features after preparation.
    pub features: usize,
    /// Rows that train.
    pub training: usize,
}

/// What a stage will cost, about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// The stage.
    pub stage: Stage,
    /// The most memory the process will hold meanwhile, in bytes.
    pub memory: u64,
    /// Wall seconds; for training, at most.
    pub seconds: f64,
}

/// What every stage of a run will cost; `options` are those of the autoencoder with every `auto` a value.
#[must_use]
pub fn stages(pipeline: &Pipeline, options: &autoencoder::Options, size: Size) -> Vec<Cost> {
    let Size { rows, columns, features, .. } = size;
    let threads = rayon::current_num_threads() as f64;
    let code = options.code_size.and_then(Auto::given).unwrap_or(32).min(features.max(1));
    let (n, d) = (rows as u64, features as u64);
    let read = 4 * n * columns as u64;
    let prepared = 4 * n * d;
    let names = NAMES * n;
    let base = PROGRAM + names;
    let weights = weights(options, features, code);
    let axes = 12 * n.min(d).min(WIDEST_MATRIX).pow(2);
    let codes = 4 * n * code as u64;
    let epochs = options.training.max_epochs.given().unwrap_or(200) as f64;
    let cells = rows as f64 * columns as f64;
    let pass = 2.0 * weights as f64 * rows as f64 / (OPERATIONS_PER_SECOND * threads);
    let searched = match options.code_size {
        Some(Auto::Auto) => autoencoder::searched_rows(size.training) as f64,
        _ => 0.0,
    };
    let trained = WEIGHT * weights;
    let holding = base + prepared + codes + trained / STAYS;
    let mut costs = vec![
        Cost { stage: Stage::Read, memory: base + read + READING.min(read), seconds: cells / READ_PER_SECOND },
        Cost { stage: Stage::Prepare, memory: base + read + copied(read, prepared), seconds: cells / READ_PER_SECOND },
        Cost {
            stage: Stage::Autoencoder,
            memory: base + prepared + trained + axes,
            seconds: 3.0 * pass * (epochs * size.training as f64 + searched) / rows.max(1) as f64,
        },
        Cost { stage: Stage::Encode, memory: holding + 2 * codes + names, seconds: pass + rows as f64 * 3e-6 },
    ];
    let mut stays = 0;
    if let Some(tsne) = pipeline.tsne.on() {
        let neighbors = tsne.neighbors_needed() as u64;
        let pairs = (rows as f64).powi(2) * SECONDS_PER_PAIR * 2.0 / threads;
        let search = match tsne.neighbors.chosen(rows, code).0 {
            crate::neighbors::Method::Approximate => rows as f64 * SECONDS_PER_SEARCH * 2.0 / threads,
            _ => pairs,
        };
        costs.push(Cost { stage: Stage::Neighbors, memory: holding + NEIGHBOR.0 * neighbors * n, seconds: search });
        let moving = NEIGHBOR.1 * neighbors * n + GRID;
        stays = moving / STAYS;
        let iterations = tsne.early_iterations + tsne.iterations;
        costs.push(Cost {
            stage: Stage::Tsne,
            memory: holding + moving,
            seconds: iterations as f64 * rows as f64 * SECONDS_PER_POINT * 2.0 / threads,
        });
    }
    let sample = pipeline.evaluate.on().map_or(0, |options| options.sample.min(rows)) as u64;
    let comparing = if sample > 0 { COMPARING.0 + COMPARING.1 * sample } else { 0 };
    let compared = if sample < n { 4 * sample * d } else { 4 * n * d };
    let ranking = SECONDS_PER_RANK.0 + features as f64 * SECONDS_PER_RANK.1;
    let measuring = (sample as f64).powi(2) * ranking * 2.0 / threads;
    costs.push(Cost {
        stage: Stage::Evaluate,
        memory: holding + stays + compared.max(axes) + 8 * BLOCK.min(n) * d + comparing,
        seconds: 2.0 * pass + measuring + rows as f64 * 1e-5,
    });
    costs.push(Cost { stage: Stage::Plot, memory: holding + stays + 2 * names, seconds: rows as f64 * 3e-6 });
    costs.push(Cost { stage: Stage::Report, memory: holding + stays + 2 * names, seconds: rows as f64 * 2e-6 });
    costs
}

/// Bytes beside the table while it is prepared: steps that change its width copy it.
fn copied(read: u64, prepared: u64) -> u64 {
    if read == prepared { READING.min(read) } else { prepared }
}

/// The numbers in encoder and decoder.
fn weights(options: &autoencoder::Options, features: usize, code: usize) -> u64 {
    let hidden = match &options.hidden {
        Auto::Given(hidden) => hidden.clone(),
        Auto::Auto => vec![512.min(features)],
    };
    let widths: Vec<usize> = [features].into_iter().chain(hidden).chain([code]).collect();
    (2 * widths.windows(2).map(|pair| pair[0] * pair[1]).sum::<usize>() + 2 * features * code) as u64
}

/// Refuses a table that cannot fit, by what its file announces, before it is read.
///
/// # Errors
/// If reading it alone needs more memory than there is, saying what would help.
pub fn check_reading(loaded: &Loaded) -> Result<()> {
    let pipeline = &loaded.pipeline;
    let schema = table::read::schema(&pipeline.input, &loaded.base)?;
    let Some(announced) = schema.rows_about else { return Ok(()) };
    let size = |rows: usize| Size { rows, columns: schema.trainable, features: schema.trainable, training: rows };
    let need = |rows: usize| {
        stages(pipeline, &pipeline.autoencoder, size(rows))[..1].iter().map(|cost| cost.memory).max().unwrap_or(0)
    };
    let rows = pipeline.rows_sampled().map_or(announced, |sampled| sampled.min(announced));
    refuse_beyond(Stage::Read, rows, announced, &need)
}

/// Refuses a run that cannot fit, now that its table is known.
///
/// # Errors
/// If a stage needs more memory than there is, naming it and what would help.
pub fn check(pipeline: &Pipeline, options: &autoencoder::Options, size: Size) -> Result<()> {
    let costs = stages(pipeline, options, size);
    // the table is in memory already; what it takes is no longer available but ours
    let rest = costs.iter().filter(|cost| cost.stage > Stage::Prepare);
    let Some(highest) = rest.max_by_key(|cost| cost.memory) else { return Ok(()) };
    let need = |rows: usize| {
        let costs = stages(pipeline, options, Size { rows, training: rows, ..size });
        costs.iter().map(|cost| cost.memory).max().unwrap_or(0)
    };
    refuse_beyond(highest.stage, size.rows, size.rows, &need)
}

/// What would help a run that needs more than there is, if it does.
#[must_use]
pub fn too_much(pipeline: &Pipeline, options: &autoencoder::Options, size: Size) -> Option<Error> {
    check(pipeline, options, size).err()
}

fn refuse_beyond(stage: Stage, rows: usize, announced: usize, need: &dyn Fn(usize) -> u64) -> Result<()> {
    let Some(usable) = usable() else { return Ok(()) };
    let needed = need(rows);
    if needed <= usable {
        return Ok(());
    }
    let whose =
        if memory::limit().is_some_and(|limit| limit <= usable) { "allowed by `--memory`" } else { "available" };
    let error = Error::request(format!(
        "stage `{}` needs about {} of memory for about {rows} rows, and {} are {whose}",
        stage.name(),
        memory::in_words(needed),
        memory::in_words(usable)
    ));
    let fits = fitting(rows, usable, need);
    Err(if fits >= 10 {
        error.hint(format!(
            "`autoencoder.training.rows: {fits}` trains on a sample of the {announced} rows that fits; \
             `reduce encode` then gives every row its code in bounded memory; fewer columns (`input.features`) help too"
        ))
    } else {
        error.hint("choose fewer columns with `input.features`, or use a machine with more memory")
    })
}

/// What this process may hold in all: what it holds now and what is left, within the user's limit.
fn usable() -> Option<u64> {
    let ours = super::meter::memory().unwrap_or(0);
    let system = memory::available().map(|available| available.saturating_add(ours));
    match (system, memory::limit()) {
        (Some(system), Some(limit)) => Some(system.min(limit)),
        (system, limit) => system.or(limit),
    }
}

/// The most rows, to two digits, whose need fits into `usable` bytes.
fn fitting(rows: usize, usable: u64, need: &dyn Fn(usize) -> u64) -> usize {
    let (mut fits, mut beyond) = (0, rows);
    while beyond - fits > 1 {
        let middle = fits + (beyond - fits) / 2;
        if need(middle) <= usable { fits = middle } else { beyond = middle }
    }
    let unit = 10_usize.pow(fits.checked_ilog10().unwrap_or(0).saturating_sub(1));
    fits / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_that_fit_are_found_and_rounded_down() {
        let need = |rows: usize| 1000 + 10 * rows as u64;
        assert_eq!(fitting(1_000_000, 1000 + 10 * 123_456, &need), 120_000);
        assert_eq!(fitting(1_000_000, 999, &need), 0);
        assert_eq!(fitting(50, 1080, &need), 8);
    }
}
