use ndarray::{Array2, array, s};
use proptest::prelude::*;
use rand::RngExt;

use super::*;
use crate::event::silent;
use crate::seed::Stream;

#[derive(serde::Deserialize)]
struct Golden {
    points: Vec<Vec<f32>>,
    indices: Vec<Vec<u32>>,
    distances: Vec<Vec<f32>>,
}

fn random(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let mut generator = Seed(seed).stream(Stream::Sample);
    Array2::from_shape_simple_fn((rows, columns), || generator.random::<f32>() - 0.5)
}

/// Rows around `centers` centers, as codes are.
fn clustered(rows: usize, columns: usize, centers: usize) -> Array2<f32> {
    let (middle, noise) = (random(centers, columns, 1), random(rows, columns, 2));
    Array2::from_shape_fn((rows, columns), |(row, column)| 3.0 * middle[(row % centers, column)] + noise[(row, column)])
}

fn exact(points: &Array2<f32>, count: usize) -> Neighbors {
    find(points.view(), count, Method::Exact, Seed(0), &mut silent).unwrap()
}

/// Every pair in f64, one after another.
fn plain(points: &Array2<f32>, count: usize) -> Array2<u32> {
    let mut indices = Array2::zeros((points.nrows(), count));
    for row in 0..points.nrows() {
        let squared = |other: usize| -> f64 {
            let pairs = points.row(row).into_iter().zip(points.row(other));
            pairs.map(|(left, right)| (f64::from(*left) - f64::from(*right)).powi(2)).sum()
        };
        let mut others: Vec<(f64, u32)> =
            (0..points.nrows()).filter(|other| *other != row).map(|other| (squared(other), other as u32)).collect();
        others.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        others.iter().take(count).enumerate().for_each(|(place, (_, other))| indices[(row, place)] = *other);
    }
    indices
}

#[test]
fn agrees_with_scikit_learn() {
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/embed/golden.json")).unwrap();
    let points = Array2::from_shape_vec((40, 5), golden.points.concat()).unwrap();
    let found = exact(&points, 25);
    assert_eq!(found.indices.into_raw_vec_and_offset().0, golden.indices.concat());
    for (ours, theirs) in found.distances.iter().zip(golden.distances.concat()) {
        assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
    }
}

#[test]
fn is_exact_across_blocks_and_for_odd_counts() {
    for (rows, columns, count) in [(2, 1, 1), (700, 3, 12), (1_300, 33, 90), (60, 2_000, 59)] {
        let points = random(rows, columns, 3);
        assert_eq!(exact(&points, count).indices, plain(&points, count), "{rows} × {columns}");
    }
}

#[test]
fn ties_go_by_the_index() {
    // A grid: every distance occurs many times over.
    let points = Array2::from_shape_fn((900, 2), |(row, column)| if column == 0 { row / 30 } else { row % 30 } as f32);
    assert_eq!(exact(&points, 17).indices, plain(&points, 17));
}

#[test]
fn neighbors_far_from_the_origin_are_told_apart() {
    let mut points = random(400, 4, 4);
    points.slice_mut(s![..200, ..]).mapv_inplace(|value| 10_000.0 + value);
    points.slice_mut(s![200.., ..]).mapv_inplace(|value| value - 70_000.0);
    assert_eq!(exact(&points, 9).indices, plain(&points, 9));
}

#[test]
fn values_of_any_size_are_compared() {
    for scale in [1e-30, 1e-12, 1e12, 1e30] {
        let points = random(300, 3, 5) * scale;
        assert_eq!(exact(&points, 5).indices, plain(&points, 5), "{scale}");
    }
    let mut points = random(300, 3, 6);
    points[(7, 1)] = 3e38;
    points[(8, 1)] = -3e38;
    let found = exact(&points, 5);
    assert_eq!(found.indices, plain(&points, 5));
    assert!(found.distances.iter().all(|distance| distance.is_finite()));
}

#[test]
fn duplicates_are_neighbors_at_distance_zero() {
    let distinct = random(50, 3, 7);
    let points = Array2::from_shape_fn((400, 3), |(row, column)| distinct[(row % 50, column)]);
    for method in [Method::Exact, Method::Approximate] {
        let found = find(points.view(), 20, method, Seed(0), &mut silent).unwrap();
        assert_eq!(found.indices, plain(&points, 20), "{method:?}");
        assert!(found.distances.slice(s![.., ..7]).iter().all(|distance| *distance == 0.0));
        assert!(found.distances.slice(s![.., 7..]).iter().all(|distance| *distance > 0.0));
    }
    let equal = Array2::from_elem((10, 2), -0.0_f32);
    assert_eq!(exact(&equal, 3).indices.row(2), array![0, 1, 3]);
}

#[test]
fn other_layouts_give_the_same() {
    let points = random(200, 6, 8);
    let columns_first = points.t().as_standard_layout().into_owned();
    let found = find(columns_first.t(), 7, Method::Exact, Seed(0), &mut silent).unwrap();
    assert_eq!(found, exact(&points, 7));
}

#[test]
fn a_query_equal_to_a_point_finds_it() {
    let points = random(300, 4, 9);
    let found = exact::among(points.slice(s![10..20, ..]), points.view(), 3);
    assert_eq!(found.indices.column(0).to_vec(), (10..20).collect::<Vec<u32>>());
    assert!(found.distances.column(0).iter().all(|distance| *distance == 0.0));
    assert_eq!(exact::among(Array2::zeros((0, 4)).view(), points.view(), 3).rows(), 0);
}

#[test]
fn the_approximate_search_finds_nearly_all() {
    let points = clustered(6_000, 16, 10);
    let (right, found) =
        (exact(&points, 30), find(points.view(), 30, Method::Approximate, Seed(1), &mut silent).unwrap());
    let hits: usize = (right.indices.rows().into_iter().zip(found.indices.rows()))
        .map(|(right, found)| found.iter().filter(|other| right.iter().any(|one| one == *other)).count())
        .sum();
    let recall = hits as f64 / right.indices.len() as f64;
    assert!(recall > 0.96, "{recall}");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let points = clustered(3_000, 8, 5);
    for method in [Method::Exact, Method::Approximate] {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| find(points.view(), 15, method, Seed(3), &mut silent).unwrap())
        };
        let one = on(1);
        assert!(one == on(2) && one == on(4), "{method:?}");
    }
}

#[test]
fn bad_requests_are_errors() {
    let mut points = random(20, 3, 10);
    assert!(matches!(
        find(points.view(), 20, Method::Auto, Seed(0), &mut silent),
        Err(NeighborsError::TooFewRows { rows: 20, count: 20 })
    ));
    let stopped = find(points.view(), 3, Method::Auto, Seed(0), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(NeighborsError::Interrupted)));
    points[(4, 2)] = f32::NAN;
    let error = find(points.view(), 3, Method::Auto, Seed(0), &mut silent).unwrap_err();
    assert_eq!(error.to_string(), "neighbors need finite values, but row 4, column 2 holds NaN");
}

#[test]
fn the_plan_hears_which_method_and_why() {
    assert_eq!(Method::Auto.chosen(10_000, 32).0, Method::Exact);
    assert_eq!(Method::Auto.chosen(1_000_000, 32).0, Method::Approximate);
    assert_eq!(Method::Auto.chosen(90_000, 2_000).0, Method::Approximate);
    assert!(Method::Approximate.chosen(10, 2).1.contains("as asked for"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn small_whole_numbers_with_many_ties_are_exact(values in prop::collection::vec(-2_i8..3, 3 * 40), count in 1_usize..39) {
        let points = Array2::from_shape_vec((40, 3), values.into_iter().map(f32::from).collect()).unwrap();
        prop_assert_eq!(exact(&points, count).indices, plain(&points, count));
    }
}
