//! Rows per second of training and encoding: 784-512-256-32 mirrored, cross-entropy, Adam, 256 rows a step.
//!
//! `cargo bench --bench autoencoder -- write mnist FILE` writes rows as raw `f32`: the first digits of `../shared/data`, of
//! whose pixels four fifths are 0; or `waves`, where every value differs from every other. `-- FILE` trains on them and prints
//! one JSON line. `benches/peers/pytorch_autoencoder.py PATH_OF_THE_BENCH` does both with PyTorch in turn and prints the
//! ratios.
#![expect(clippy::print_stdout, reason = "a bench reports")]

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use ndarray::{Array2, s};
use reduce::autoencoder::{self, Activation, DataFacts, LinearPath, Loss, Options, Schedule};
use reduce::event::{self, Event};
use reduce::seed::Seed;
use reduce::split::Split;
use reduce::table::{Input, read};
use reduce::value::{Auto, NonNegative, Positive};

const ROWS: usize = 20_480;
const COLUMNS: usize = 784;
const EPOCHS: usize = 3;

/// Smooth waves: every value differs from every other.
fn waves() -> Array2<f32> {
    Array2::from_shape_fn((ROWS, COLUMNS), |(row, column)| {
        let (down, right) = ((column / 28) as f32, (column % 28) as f32);
        let turn = row as f32 * 0.618_034;
        0.5 + 0.5 * (0.35 * down + turn).sin() * (0.25 * right + 1.7 * turn).cos()
    })
}

fn mnist() -> Array2<f32> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mnist/mnist.parquet");
    let input = Input { labels: vec!["label".to_owned()], ..Input::new(&file) };
    let table = read::read(&input, Path::new(""), &mut event::silent).expect("the digits");
    table.frame.values.slice(s![..ROWS, ..]).mapv(|value| value / 255.0)
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let write = |rows: Array2<f32>, file: &str| {
        let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(file, bytes).expect("a file that can be written");
    };
    match words[..] {
        ["write", "mnist", file] => write(mnist(), file),
        ["write", "waves", file] => write(waves(), file),
        [file] => measure(Path::new(file)),
        _ => println!("`write mnist FILE`, `write waves FILE`, then `FILE`"),
    }
}

fn read_raw(file: &Path) -> Array2<f32> {
    let bytes = std::fs::read(file).expect("a file that this bench has written");
    let (values, _) = bytes.as_chunks();
    let values = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
    Array2::from_shape_vec((ROWS, COLUMNS), values).expect("a file that this bench has written")
}

fn measure(file: &Path) {
    let threads = std::env::var("THREADS").ok().and_then(|threads| threads.parse().ok()).unwrap_or(2);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
    pool.install(|| {
        let data = read_raw(file);
        let split = Split { training: (0..ROWS - 256).collect(), validation: (ROWS - 256..ROWS).collect() };
        let mut options = Options {
            code_size: Some(Auto::Given(32)),
            hidden: Auto::Given(vec![512, 256]),
            activation: Activation::Relu,
            loss: Loss::Bce,
            linear_path: LinearPath::None,
            ..Options::default()
        };
        options.training.max_epochs = Auto::Given(EPOCHS);
        options.training.batch_size = Auto::Given(256);
        options.training.learning_rate = Auto::Given(Positive::constant(1e-3));
        options.training.weight_decay = Auto::Given(NonNegative::constant(0.0));
        options.training.warmup_steps = Auto::Given(1);
        options.training.schedule = Schedule::Constant;
        let options = options.resolve(split.training.len(), &DataFacts::of(data.view()), &[]).expect("options that fit");
        let (mut last, mut best, mut losses) = (Instant::now(), f64::INFINITY, Vec::new());
        let mut observer = |event: Event| {
            if let Event::Epoch { epoch, loss, .. } = event {
                if epoch > 0 {
                    best = best.min(last.elapsed().as_secs_f64());
                    losses.push(loss);
                }
                last = Instant::now();
            }
            ControlFlow::Continue(())
        };
        let fitted = autoencoder::fit(data.view(), &split, &options, Seed(1), &mut observer).expect("a training");
        let seconds = (0..3).map(|_| {
            let start = Instant::now();
            std::hint::black_box(fitted.autoencoder.encode(data.view()));
            start.elapsed().as_secs_f64()
        });
        let encode = seconds.fold(f64::INFINITY, f64::min);
        println!(
            "{{\"train_rows_per_second\": {:.0}, \"encode_rows_per_second\": {:.0}, \"peak_mib\": {}, \"losses\": {losses:?}}}",
            split.training.len() as f64 / best,
            ROWS as f64 / encode,
            peak_memory()
        );
    });
}
