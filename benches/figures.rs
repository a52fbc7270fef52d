//! Figures that others have reported, reached again: `cargo bench --bench figures -- FIGURE`, on `../shared/data`.
//!
//! | figure | what |
//! |---|---|
//! | `hinton` | MNIST 784-1000-500-250-30: summed squared error per test image (Hinton & Salakhutdinov 2006: 3.00) |
//! | `code32` | MNIST, default network, 32 numbers, 20 epochs: test error over that of 32 principal axes |
//! | `variational` | statically binarized MNIST, two hidden layers, 50 epochs: evidence lower bound on test rows |
//! | `pca` | the held-out error over that of principal axes, default options, every set (or those named) |
#![expect(clippy::print_stdout, reason = "a bench reports")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ndarray::{Array2, s};
use reduce::autoencoder::{self, Autoencoder, Code, DataFacts, Fitted, LinearPath, Loss, Options, Variational};
use reduce::event::{self, Event};
use reduce::pca::Pca;
use reduce::prepare::Preparation;
use reduce::seed::{Seed, Stream};
use reduce::split::{self, Split};
use reduce::table::{Input, NumericMissing, Rows, Table, read};
use reduce::value::{Auto, NonNegative, Positive};

type Outcome = Result<(), Box<dyn Error>>;

/// Rows of MNIST that may train; the others are the test.
const TRAINING: usize = 60_000;
/// Of these, the last so many decide which epoch is kept.
const HELD_OUT: usize = 1_000;
/// Rows of a set that the table of all sets looks at, at most.
const ROWS: usize = 20_000;

fn main() -> Outcome {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !data.is_dir() {
        println!("skipped: the data sets are looked for in {}, which is not there", data.display());
        return Ok(());
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    match words.first().map(String::as_str) {
        Some("hinton") => hinton(&data),
        Some("code32") => code32(&data),
        Some("variational") => variational(&data),
        Some("pca") => pca(&data, &words[1..]),
        _ => {
            println!("name a figure: hinton, code32, variational, pca");
            Ok(())
        }
    }
}

fn load(file: &Path, rows: Option<usize>) -> Result<Table, Box<dyn Error>> {
    let plain = Input::new(file);
    let columns = read::schema(&plain, Path::new(""))?.columns;
    let there = |name: &str| columns.iter().any(|(column, _)| column == name).then(|| name.to_owned());
    let mut input = Input { id: there("id"), labels: there("label").into_iter().collect(), ..plain };
    input.missing.numeric = NumericMissing::Median;
    input.rows = rows.map(|count| Rows { sample: count, seed: 0 });
    Ok(read::read(&input, Path::new(""), &mut event::silent)?)
}

fn mnist(data: &Path) -> Result<Array2<f32>, Box<dyn Error>> {
    Ok(load(&data.join("mnist/mnist.parquet"), None)?.frame.values / 255.0)
}

/// Trains on the first 60,000 rows, of which the last 1,000 are held out.
fn train(rows: &Array2<f32>, options: &Options) -> Result<Fitted, Box<dyn Error>> {
    let data = rows.slice(s![..TRAINING, ..]);
    let split =
        Split { training: (0..TRAINING - HELD_OUT).collect(), validation: (TRAINING - HELD_OUT..TRAINING).collect() };
    let options = options.resolve(split.training.len(), &DataFacts::of(data), &[])?;
    let start = Instant::now();
    let mut observer = |event: Event| {
        if let Event::Epoch { epoch, loss, validation_loss, .. } = event {
            let seconds = start.elapsed().as_secs_f64();
            println!("epoch {epoch}: training {loss:.3}, held out {validation_loss:.3}, {seconds:.0} s");
        }
        ControlFlow::Continue(())
    };
    Ok(autoencoder::fit(data, &split, &options, Seed(1), &mut observer)?)
}

fn options(code_size: usize, hidden: &[usize], loss: Loss, epochs: usize) -> Options {
    let mut options = Options {
        code_size: Some(Auto::Given(code_size)),
        hidden: Auto::Given(hidden.to_vec()),
        loss,
        ..Options::default()
    };
    options.training.max_epochs = Auto::Given(epochs);
    options
}

/// The squared error per test row, summed over its values.
fn test_error(rows: &Array2<f32>, autoencoder: &Autoencoder) -> f64 {
    let errors = autoencoder.reconstruction_errors(rows.slice(s![TRAINING.., ..]));
    errors.iter().map(|error| f64::from(*error)).sum::<f64>() / errors.len() as f64 * rows.ncols() as f64
}

fn axes_error(rows: &Array2<f32>, count: usize) -> f64 {
    let training: Vec<usize> = (0..TRAINING).collect();
    let test: Vec<usize> = (TRAINING..rows.nrows()).collect();
    Pca::fit(rows.view(), &training, count, Seed(1)).held_out_error(rows.view(), &test) * rows.ncols() as f64
}

fn hinton(data: &Path) -> Outcome {
    let rows = mnist(data)?;
    let start = Instant::now();
    let mut options = options(30, &[1_000, 500, 250], Loss::Bce, 45);
    options.training.learning_rate = Auto::Given(Positive::constant(1.5e-3));
    options.training.weight_decay = Auto::Given(NonNegative::constant(0.4));
    let fitted = train(&rows, &options)?;
    let (seconds, axes) = (start.elapsed().as_secs_f64(), axes_error(&rows, 30));
    println!(
        "test error {:.3} per image, principal axes {axes:.3}, {seconds:.0} s",
        test_error(&rows, &fitted.autoencoder)
    );
    Ok(())
}

fn code32(data: &Path) -> Outcome {
    let rows = mnist(data)?;
    let start = Instant::now();
    let options = Options { hidden: Auto::Auto, ..options(32, &[], Loss::Auto, 20) };
    let fitted = train(&rows, &options)?;
    let (seconds, axes) = (start.elapsed().as_secs_f64(), axes_error(&rows, 32));
    let error = test_error(&rows, &fitted.autoencoder);
    println!(
        "test error {error:.3} per image, {:.3} of that of principal axes ({axes:.3}), {seconds:.0} s",
        error / axes
    );
    Ok(())
}

fn variational(data: &Path) -> Outcome {
    let mut rows = mnist(data)?;
    let mut generator = Seed(7).stream(Stream::Sample);
    // Drawn once, as in the static binarization: a pixel is 1 with the probability that its gray says.
    for value in &mut rows {
        let draw: f32 = rand::RngExt::random(&mut generator);
        *value = f32::from(u8::from(draw < *value));
    }
    let start = Instant::now();
    let code = Code::Variational(Variational { warmup_epochs: 10, ..Variational::default() });
    let mut options = Options { code, linear_path: LinearPath::None, ..options(40, &[512, 512], Loss::Bce, 50) };
    options.training.batch_size = Auto::Given(128);
    options.training.learning_rate = Auto::Given(Positive::constant(1e-3));
    options.training.weight_decay = Auto::Given(NonNegative::constant(0.01));
    // The test rows are those held out here: nothing is chosen by them but the epoch, among the last forty.
    let fitted = train(&rows, &options)?;
    let seconds = start.elapsed().as_secs_f64();
    let test = fitted.autoencoder.bound(rows.slice(s![TRAINING.., ..]), Seed(1))?;
    if let Some(bound) = fitted.history.variational {
        println!("training {:?}\nheld out {:?}\n{} active units", bound.training, bound.held_out, bound.active_units);
    }
    println!("test {test:?}, {seconds:.0} s");
    Ok(())
}

fn pca(data: &Path, names: &[String]) -> Outcome {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(data)?.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    println!("| set | rows | features | code | loss | error / PCA's | kept |\n|---|---|---|---|---|---|---|");
    for folder in folders {
        let Some(name) = folder.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        let file = folder.join(format!("{name}.parquet"));
        if !file.is_file() || !names.is_empty() && !names.contains(&name) {
            continue;
        }
        let table = load(&file, Some(ROWS))?;
        let split = split::random(table.ids.len(), 0.1, Seed(42))?;
        let steps = Preparation::default_steps(&table.frame).steps;
        let mut input = Input::new(&file);
        input.missing.numeric = NumericMissing::Median;
        let (_, prepared) = Preparation::fit(&steps, &input.missing, table.frame, &split.training, &mut event::silent)?;
        let options = Options::default().resolve(split.training.len(), &DataFacts::of(prepared.view()), &[])?;
        let Fitted { autoencoder, history } =
            autoencoder::fit(prepared.view(), &split, &options, Seed(42), &mut event::silent)?;
        let ratio = history.validation_mse / history.pca_validation_mse;
        assert!(ratio <= 1.0, "{name}: worse than principal component analysis");
        println!(
            "| {name} | {} | {} | {} | {:?} | {ratio:.3} | {} |",
            prepared.nrows(),
            prepared.ncols(),
            autoencoder.code_size(),
            options.loss,
            if autoencoder.is_principal() { "PCA" } else { "" }
        );
    }
    Ok(())
}
