use ndarray::{Array2, Axis, s};
use rand_distr::{Distribution, StandardNormal};

use super::*;
use crate::seed::Stream;

/// Rows with standard deviations 8, 4, 2, … along random directions, and a little noise.
fn table(rows: usize, columns: usize) -> Array2<f32> {
    let mut generator = Seed(7).stream(Stream::Sample);
    let mut normal =
        |rows, columns| Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut generator));
    let scores: Array2<f32> = normal(rows, 6) * ndarray::arr1(&[8.0_f32, 4.0, 2.0, 1.0, 0.5, 0.25]);
    let directions: Array2<f32> = normal(6, columns);
    scores.dot(&directions) + normal(rows, columns) * 0.1 + 3.0
}

fn all(data: &Array2<f32>) -> Vec<usize> {
    (0..data.nrows()).collect()
}

fn orthonormality_error(pca: &Pca) -> f32 {
    let product = pca.axes.dot(&pca.axes.t()) - Array2::<f32>::eye(pca.count());
    product.iter().fold(0.0, |worst, entry| worst.max(entry.abs()))
}

#[test]
fn both_sides_and_the_iteration_find_the_same_axes() {
    let data = table(60, 40);
    let rows = all(&data);
    let covariance = Pca::fit(data.view(), &rows, 5, Seed(1));
    assert_eq!(covariance.method, Method::Covariance);
    let few = &rows[..30];
    let gram = Pca::fit(data.view(), few, 5, Seed(1));
    assert_eq!(gram.method, Method::Gram);
    let wide: Vec<usize> = few.to_vec();
    let direct = decompose::fit_by(decompose::Way::Iterate, data.view(), &wide, 5, Seed(1));
    for (left, right) in gram.variances.iter().zip(&direct.variances) {
        assert!((left / right - 1.0).abs() < 1e-6, "{left} {right}");
    }
    let difference = (&gram.axes - &direct.axes).iter().fold(0.0_f32, |worst, entry| worst.max(entry.abs()));
    assert!(difference < 1e-4, "{difference}");
    assert!(orthonormality_error(&covariance) < 1e-6 && orthonormality_error(&gram) < 1e-6);
}

#[test]
fn variances_are_those_of_the_projections_and_the_error_is_what_is_left() {
    let data = table(200, 12);
    let rows = all(&data);
    let pca = Pca::fit(data.view(), &rows, 4, Seed(1));
    let codes = pca.project(data.view());
    for (axis, variance) in pca.variances.iter().enumerate() {
        let measured = codes.column(axis).mapv(f64::from).var(1.0);
        assert!((measured / variance - 1.0).abs() < 1e-4, "{measured} {variance}");
    }
    let left = (pca.total_variance - pca.variances.sum()) * 199.0 / (200.0 * 12.0);
    assert!((pca.held_out_error(data.view(), &rows) / left - 1.0).abs() < 1e-3);
    let back = pca.reconstruct(codes.view());
    let error = (&back - &data).mapv(|difference| f64::from(difference).powi(2)).mean().unwrap();
    assert!((error / left - 1.0).abs() < 1e-3);
}

#[test]
fn agrees_with_scikit_learn() {
    // numpy: x = np.array([[i*j % 7 + (i+1)**0.5*j for j in range(5)] for i in range(9)], dtype=float)
    // sklearn 1.9: PCA(3, svd_solver="full").fit(x).explained_variance_
    let data = Array2::from_shape_fn((9, 5), |(i, j)| ((i * j % 7) as f64 + ((i + 1) as f64).sqrt() * j as f64) as f32);
    let pca = Pca::fit(data.view(), &all(&data), 3, Seed(1));
    for (found, expected) in pca.variances.iter().zip(SCIKIT_LEARN_VARIANCES) {
        assert!((found / expected - 1.0).abs() < 1e-5, "{found} {expected}");
    }
}

const SCIKIT_LEARN_VARIANCES: [f64; 3] = [28.004_729_174_739_666, 4.382_305_002_268_047, 2.602_813_380_172_918];

#[test]
fn the_number_of_axes_is_what_exists() {
    let data = table(5, 40);
    assert_eq!(Pca::fit(data.view(), &all(&data), 32, Seed(1)).count(), 4);
    let data = table(50, 3);
    let pca = Pca::fit(data.view(), &all(&data), 32, Seed(1));
    assert_eq!(pca.count(), 3);
    assert_eq!(pca.truncated(2).axes, pca.axes.slice(s![..2, ..]));
}

#[test]
fn constant_and_repeated_rows_still_give_an_orthonormal_basis() {
    for data in [Array2::from_elem((10, 6), 2.5_f32), table(2, 30).select(Axis(0), &[0, 1, 0, 1, 0, 1, 0, 1])] {
        let pca = Pca::fit(data.view(), &all(&data), 5, Seed(1));
        assert!(orthonormality_error(&pca) < 1e-5, "{:?}", pca.axes);
        assert!(pca.variances.iter().skip(1).all(|variance| *variance < 1e-6));
        assert!(pca.held_out_error(data.view(), &all(&data)) < 1e-9);
    }
}

#[test]
fn a_row_is_projected_the_same_alone_and_among_others() {
    let data = table(150, 33);
    let pca = Pca::fit(data.view(), &all(&data), 7, Seed(1));
    let together = pca.project(data.view());
    for row in [0, 1, 63, 64, 149] {
        assert_eq!(pca.project(data.slice(s![row..=row, ..])).row(0), together.row(row));
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let data = table(700, 300);
    let rows = all(&data);
    let fits: Vec<(Pca, Pca)> = [1, 2, 4]
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let krylov = decompose::fit_by(decompose::Way::Iterate, data.view(), &rows, 9, Seed(1));
                (Pca::fit(data.view(), &rows, 9, Seed(1)), krylov)
            })
        })
        .into();
    assert!(fits[0] == fits[1] && fits[1] == fits[2]);
}
