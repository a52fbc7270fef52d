use ndarray::{Array2, s};

use super::*;
use crate::event::silent;
use crate::seed::Seed;
use crate::split::{self, Split};
use crate::value::Auto;

/// Two hidden numbers bent into many columns, so that no plane comes near the rows.
fn curves(rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let (first, second) = ((row as f32 * 0.754_877_7).fract(), (row as f32 * 0.569_840_3).fract());
        let phase = column as f32 / columns as f32;
        (6.0 * first + 5.0 * phase).sin() + (9.0 * (second - phase).powi(2)).cos() * first
    })
}

fn small(loss: Loss) -> Options {
    let training = Training { max_epochs: Auto::Given(5), ..Training::default() };
    Options { code_size: Some(Auto::Given(4)), hidden: Auto::Given(vec![24, 12]), loss, training, ..Options::default() }
}

fn fitted(data: &Array2<f32>, options: &Options) -> Fitted {
    let split = split_of(data);
    let options = options.resolve(split.training.len(), &DataFacts::of(data.view()), &[]).unwrap();
    fit(data.view(), &split, &options, Seed(1), &mut silent).unwrap()
}

fn split_of(data: &Array2<f32>) -> Split {
    split::random(data.nrows(), 0.2, Seed(1)).unwrap()
}

#[test]
fn a_row_has_the_same_code_alone_and_among_others() {
    let data = curves(150, 20);
    let autoencoder = fitted(&data, &small(Loss::Mse)).autoencoder;
    let together = autoencoder.encode(data.view());
    let reversed = autoencoder.encode(data.slice(s![..;-1, ..]));
    for row in 0..data.nrows() {
        assert_eq!(autoencoder.encode(data.slice(s![row..=row, ..])).row(0), together.row(row));
        assert_eq!(reversed.row(data.nrows() - 1 - row), together.row(row));
    }
}

#[test]
fn training_beats_principal_component_analysis_where_rows_lie_on_a_curve() {
    let data = curves(600, 20);
    let mut options = small(Loss::Mse);
    options.training.max_epochs = Auto::Given(60);
    let history = fitted(&data, &options).history;
    assert!(history.validation_mse < 0.7 * history.pca_validation_mse, "{history:?}");
}
