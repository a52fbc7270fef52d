use ndarray::{Array2, Axis, s};
use rand::RngExt;

use super::*;
use crate::embed::{Options, fit};
use crate::event::silent;
use crate::neighbors::{Method, find};
use crate::seed::{Seed, Stream};

fn blobs(rows: usize) -> Array2<f32> {
    let mut generator = Seed(3).stream(Stream::Sample);
    let middle = Array2::from_shape_simple_fn((6, 5), || 12.0 * (generator.random::<f32>() - 0.5));
    Array2::from_shape_fn((rows, 5), |(row, column)| middle[(row % 6, column)] + generator.random::<f32>() - 0.5)
}

fn laid_out(codes: ArrayView2<f32>, dimensions: &str) -> Array2<f32> {
    let options: Options = serde_json::from_str(&format!(r#"{{"dimensions":{dimensions},"iterations":200}}"#)).unwrap();
    let neighbors = find(codes, 90, Method::Exact, Seed(0), &mut silent).unwrap();
    fit(codes, &neighbors, &options, None, Seed(1), &mut silent).unwrap().points
}

#[test]
fn new_rows_land_among_their_kind_on_small_and_large_maps() {
    for (old, dimensions) in [(600, "2"), (600, "1"), (1_500, "2")] {
        let codes = blobs(old + 120);
        let (old_codes, new_codes) = codes.view().split_at(Axis(0), old);
        let map = laid_out(old_codes, dimensions);
        let placed = place(new_codes, old_codes, map.view(), &mut silent).unwrap();
        let nearest = exact::among(placed.points.view(), map.view(), 1).indices;
        let right = nearest.iter().enumerate().filter(|(row, other)| (old + row) % 6 == **other as usize % 6).count();
        assert!(right >= 118, "{old} {dimensions}: {right}");
        assert_eq!((placed.nearest.rows(), placed.nearest.count()), (120, 15));
    }
}

#[test]
fn a_row_lands_in_the_same_place_whatever_comes_with_it() {
    let codes = blobs(1_400);
    let (old_codes, new_codes) = codes.view().split_at(Axis(0), 1_200);
    let map = laid_out(old_codes, "2");
    let all = place(new_codes, old_codes, map.view(), &mut silent).unwrap();
    for row in [0, 77, 199] {
        let alone = place(new_codes.slice(s![row..=row, ..]), old_codes, map.view(), &mut silent).unwrap();
        assert_eq!(alone.points.row(0), all.points.row(row));
        assert_eq!(alone.nearest.distances.row(0), all.nearest.distances.row(row));
    }
    for threads in [1, 2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(|| place(new_codes, old_codes, map.view(), &mut silent).unwrap()) == all);
    }
}

#[test]
fn rows_unlike_any_old_one_are_placed_at_a_distance_that_tells() {
    let codes = blobs(300);
    let map = laid_out(codes.view(), "2");
    let strange = Array2::from_elem((2, 5), 1e30_f32);
    let placed = place(strange.view(), codes.view(), map.view(), &mut silent).unwrap();
    assert!(placed.points.iter().all(|value| value.is_finite()));
    assert!(placed.nearest.distances.iter().all(|distance| *distance > 1e29));
}

#[test]
fn what_does_not_fit_is_an_error() {
    let codes = blobs(100);
    let map = Array2::zeros((100, 2));
    let fails = |new: ArrayView2<f32>, old: ArrayView2<f32>, map: ArrayView2<f32>| {
        place(new, old, map, &mut silent).unwrap_err()
    };
    assert!(matches!(
        fails(codes.slice(s![.., ..3]), codes.view(), map.view()),
        EmbedError::PlacingShape { expected: 5, found: 3, .. }
    ));
    assert!(matches!(fails(codes.view(), codes.slice(s![..90, ..]), map.view()), EmbedError::PlacingShape { .. }));
    assert!(matches!(
        fails(codes.view(), codes.slice(s![..3, ..]), map.slice(s![..3, ..])),
        EmbedError::TooFewRows { rows: 3 }
    ));
    let mut bad = codes.clone();
    bad[(2, 4)] = f32::NAN;
    assert!(matches!(
        fails(bad.view(), codes.view(), map.view()),
        EmbedError::NotFinite { what: "new codes", row: 2, column: 4, .. }
    ));
    let stopped = place(codes.view(), codes.view(), map.view(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(EmbedError::Interrupted)));
    assert_eq!(
        place(Array2::zeros((0, 5)).view(), codes.view(), map.view(), &mut silent).unwrap().points.dim(),
        (0, 2)
    );
}
