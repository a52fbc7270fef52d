//! What is said of the kept weights: active nodes, noise removed, the bound on the likelihood. On the digits.

use super::*;
use crate::value::{Fraction, NonNegative, Positive};

/// 1,797 digits of 8 × 8 pixels between 0 and 1.
fn digits() -> Array2<f32> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/digits.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<f32>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').skip(1).map(|cell| cell.parse::<f32>().unwrap() / 16.0).collect())
        .collect();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| rows[row][column])
}

fn on_digits(options: &Options) -> History {
    fitted(&digits(), options).history
}

fn default_with(epochs: usize) -> Options {
    let mut options = Options { code_size: Some(Auto::Given(32)), loss: Loss::Mse, ..Options::default() };
    options.training.max_epochs = Auto::Given(epochs);
    options
}

#[test]
fn noise_on_digits_falls_by_more_than_half_and_further_than_by_principal_axes() {
    let corruption = Corruption::Gaussian { sd: Positive::constant(0.3) };
    let found = on_digits(&Options { corruption, ..default_with(60) }).denoising.unwrap();
    assert!((found.noisy - 0.09).abs() < 0.005, "the noise itself: {found:?}");
    assert!(found.cleaned < 0.5 * found.noisy && found.cleaned < found.pca, "{found:?}");
}

#[test]
fn a_tenth_of_the_nodes_is_active_where_that_is_wanted() {
    let sparsity = Sparsity::Active(Fraction::constant(0.1));
    let history = on_digits(&Options { sparsity, ..default_with(100) });
    let found = history.activity.unwrap();
    assert!((found.active / 0.1 - 1.0).abs() < 0.1, "{found:?} {:?}", history.notes);
    assert_eq!((found.by_node.len(), found.wanted), (32, Some(0.1)));
    assert!(found.by_row.is_sorted() && found.by_row[0] <= found.active && found.by_row[4] >= found.active);
    let mean = found.by_node.iter().sum::<f64>() / 32.0;
    assert!((mean - found.active).abs() < 1e-12);
}

#[test]
fn activity_is_told_of_every_sparse_kind() {
    let weight = NonNegative::constant(0.05);
    for sparsity in [Sparsity::L1 { weight }, Sparsity::Kl { target: Fraction::constant(0.05), weight }] {
        let found = on_digits(&Options { sparsity, ..default_with(5) }).activity.unwrap();
        assert!((0.0..=1.0).contains(&found.active) && found.mean_activation.len() == 32, "{found:?}");
        assert!(found.dead_nodes == found.by_node.iter().filter(|share| **share == 0.0).count());
    }
}

#[test]
fn the_bound_is_told_with_its_parts_and_that_of_new_rows_agrees() {
    let rows = digits();
    let code = Code::Variational(Variational { warmup_epochs: 5, ..Variational::default() });
    let Fitted { autoencoder, history } = fitted(&rows, &Options { code, ..default_with(30) });
    // the untrained start, whose divergence is cheap, is not what is kept
    assert!(history.best_epoch > 5, "{:?}", history.best_epoch);
    let found = history.variational.unwrap();
    for parts in [found.training, found.held_out] {
        assert!((parts.elbo - (parts.log_likelihood - parts.divergence)).abs() < 1e-9 && parts.divergence > 0.0);
    }
    let active = found.mean_variances.iter().filter(|variance| **variance > 0.01).count();
    assert!(found.active_units == active && active > 3, "{found:?}");
    let split = split_of(&rows);
    let held_out = rows.select(ndarray::Axis(0), &split.validation);
    let again = autoencoder.bound(held_out.view(), Seed(9)).unwrap();
    assert!((again.divergence / found.held_out.divergence - 1.0).abs() < 1e-4, "{again:?} {found:?}");
    assert!((again.elbo - found.held_out.elbo).abs() < 1.5, "other draws only: {again:?} {found:?}");
}
