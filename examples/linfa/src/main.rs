//! The digits through linfa: its PCA beside our autoencoder, its k-means on the codes of both, and a map.
//!
//! `cargo run --release --bin with-linfa -- sample_data/digits.csv`

use std::error::Error;

use linfa::prelude::*;
use linfa_clustering::KMeans;
use linfa_reduction::Pca;
use ndarray::{Array1, Array2};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use reduce::autoencoder::Autoencoder;
use reduce::interop::TSne;

const CODE_SIZE: usize = 8;
const ROWS: usize = 800;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "sample_data/digits.csv".to_owned());
    let dataset = digits(&path)?;

    // linfa's principal components, in double precision as linfa wants them
    let wide = Dataset::new(dataset.records.mapv(f64::from), dataset.targets.clone());
    let components = Pca::params(CODE_SIZE).fit(&wide)?.transform(wide);

    // our codes, from the same dataset by the same traits
    let autoencoder = Autoencoder::params(CODE_SIZE).hidden(&[64]).max_epochs(30).fit(&dataset)?;
    let codes = autoencoder.transform(dataset);

    println!("k-means, share of rows in a cluster of their own digit:");
    println!("  linfa's PCA      {:.3}", purity(&components)?);
    println!(
        "  our autoencoder  {:.3}",
        purity(&DatasetBase::new(codes.records.mapv(f64::from), codes.targets.clone()))?
    );

    let map = TSne::params().perplexity(30.0).iterations(250).transform(codes)?;
    println!("a map of {} rows, the first at {:.2}, {:.2}", map.nsamples(), map.records[(0, 0)], map.records[(0, 1)]);
    Ok(())
}

/// The first rows of the digits, pixels from 0 to 1, with the digit as target.
fn digits(path: &str) -> Result<Dataset<f32, usize, ndarray::Ix1>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let label = lines.next().ok_or("no header")?.split(',').position(|name| name == "label").ok_or("no label")?;
    let (mut pixels, mut targets) = (Vec::new(), Vec::new());
    for line in lines.take(ROWS) {
        for (place, field) in line.split(',').enumerate() {
            if place == label { targets.push(field.parse()?) } else { pixels.push(field.parse::<f32>()? / 16.0) }
        }
    }
    let columns = pixels.len() / targets.len();
    Ok(Dataset::new(Array2::from_shape_vec((targets.len(), columns), pixels)?, Array1::from(targets)))
}

/// The share of rows whose cluster holds mostly their own digit, for ten clusters of linfa's k-means.
fn purity(dataset: &DatasetBase<Array2<f64>, Array1<usize>>) -> Result<f64, Box<dyn Error>> {
    const CLUSTERS: usize = 10;
    let unlabeled = DatasetBase::from(dataset.records.clone());
    let model = KMeans::params_with_rng(CLUSTERS, Xoshiro256Plus::seed_from_u64(42)).fit(&unlabeled)?;
    let clusters = model.predict(&dataset.records);
    let mut counts = [[0_usize; 10]; CLUSTERS];
    for (cluster, digit) in clusters.iter().zip(&dataset.targets) {
        counts[*cluster][*digit] += 1;
    }
    let most: usize = counts.iter().map(|counts| counts.iter().max().copied().unwrap_or(0)).sum();
    Ok(most as f64 / dataset.nsamples() as f64)
}
