use ndarray::{Array2, s};
use rand::RngExt;

use super::*;
use crate::error::Explain;
use crate::event::silent;
use crate::neighbors::{Method, find};
use crate::seed::Stream;
use crate::value::OneOrMany;

/// Rows around some centers in `columns` dimensions, one after another.
fn blobs(rows: usize, columns: usize, centers: usize) -> Array2<f32> {
    let mut generator = Seed(11).stream(Stream::Sample);
    let middle = Array2::from_shape_simple_fn((centers, columns), || 12.0 * (generator.random::<f32>() - 0.5));
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let noise: f32 = (0..4).map(|_| generator.random::<f32>() - 0.5).sum();
        middle[(row % centers, column)] + noise
    })
}

fn quick() -> Options {
    Options { early_iterations: 100, iterations: 150, ..Options::default() }
}

fn laid_out(points: &Array2<f32>, options: &Options) -> Result<Embedding, EmbedError> {
    let resolved = options.resolve(points.nrows(), points.ncols())?;
    let neighbors = find(points.view(), resolved.neighbors_needed(), Method::Exact, Seed(0), &mut silent).unwrap();
    fit(points.view(), &neighbors, options, None, Seed(1), &mut silent)
}

/// The share of rows whose nearest row in the map is of the same blob.
fn agreement(map: &Array2<f32>, centers: usize) -> f64 {
    let nearest = find(map.view(), 1, Method::Exact, Seed(0), &mut silent).unwrap();
    let same = nearest.indices.iter().enumerate().filter(|(row, other)| **other as usize % centers == row % centers);
    same.count() as f64 / map.nrows() as f64
}

#[test]
fn every_engine_separates_what_is_separate() {
    let points = blobs(420, 8, 6);
    let mut divergences = Vec::new();
    for engine in [Engine::Exact, Engine::BarnesHut, Engine::Interpolation, Engine::Linfa] {
        let map = laid_out(&points, &Options { engine, iterations: 500, early_iterations: 250, ..quick() }).unwrap();
        assert_eq!(map.points.dim(), (420, 2));
        assert!(agreement(&map.points, 6) > 0.99, "{engine:?}");
        assert!(map.points.iter().all(|value| value.is_finite()));
        divergences.push(map.divergence);
    }
    for divergence in &divergences[1..3] {
        assert!((divergence / divergences[0] - 1.0).abs() < 0.06, "{divergences:?}");
    }
    assert!(divergences[3] < 1.3 * divergences[0], "{divergences:?}");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let points = blobs(1_500, 6, 5);
    for engine in [Engine::Exact, Engine::BarnesHut, Engine::Interpolation] {
        let options = Options { engine, early_iterations: 30, iterations: 30, ..Options::default() };
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| laid_out(&points, &options).unwrap())
        };
        let one = on(1);
        assert!(one == on(2) && one == on(4), "{engine:?}");
    }
}

#[test]
fn sorted_points_change_no_byte_by_threads_either() {
    let points = blobs(15_100, 3, 5);
    let perplexity = Auto::Given(OneOrMany(vec![Positive::constant(2.0)]));
    let options = Options { perplexity, early_iterations: 35, iterations: 35, ..Options::default() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| laid_out(&points, &options).unwrap())
    };
    assert!(on(1) == on(3));
}

#[test]
fn another_seed_gives_another_random_start_and_the_same_seed_the_same() {
    let points = blobs(100, 4, 3);
    let neighbors = find(points.view(), 90, Method::Exact, Seed(0), &mut silent).unwrap();
    let options = Options { start: Start::Random, ..quick() };
    let on = |seed: u64| fit(points.view(), &neighbors, &options, None, Seed(seed), &mut silent).unwrap();
    assert_eq!(on(1), on(1));
    assert_ne!(on(1).points, on(2).points);
}

#[test]
fn one_dimension_is_a_line() {
    for engine in [Engine::Exact, Engine::BarnesHut, Engine::Interpolation] {
        let map = laid_out(&blobs(300, 5, 4), &Options { dimensions: Dimensions::One, engine, ..quick() }).unwrap();
        assert_eq!(map.points.dim(), (300, 1));
        assert!(agreement(&map.points, 4) > 0.95, "{engine:?}");
    }
}

#[test]
fn small_tables_adapt_the_default_perplexity() {
    for rows in [4, 5, 9, 30, 91, 92] {
        let points = blobs(rows, 3, 2);
        let options = Options::default().resolve(rows, 3).unwrap();
        assert!(options.neighbors_needed() < rows);
        let map = laid_out(&points, &quick()).unwrap();
        assert!(map.points.iter().all(|value| value.is_finite()) && map.divergence.is_finite(), "{rows}");
    }
    assert_eq!(Options::default().resolve(92, 3).unwrap().perplexities(), [30.0]);
    assert!(matches!(Options::default().resolve(3, 3), Err(EmbedError::TooFewRows { rows: 3 })));
}

#[test]
fn too_large_a_perplexity_names_the_largest_that_would_do() {
    let options = Options { perplexity: Auto::Given(OneOrMany(vec![Positive::constant(50.0)])), ..quick() };
    let error = options.resolve(120, 3).unwrap_err();
    assert_eq!(error.to_string(), "perplexity 50 needs at least 152 rows, but the table has 120");
    assert_eq!(error.hint().unwrap(), "set `tsne.perplexity` to 39 or less");
    assert!(options.resolve(152, 3).is_ok() && options.resolve(151, 3).is_err());
}

#[test]
fn several_perplexities_are_laid_out() {
    let perplexity = Auto::Given(OneOrMany(vec![Positive::constant(5.0), Positive::constant(40.0)]));
    let map = laid_out(&blobs(200, 4, 3), &Options { perplexity, ..quick() }).unwrap();
    assert!(agreement(&map.points, 3) > 0.99);
}

#[test]
fn equal_rows_are_refused_and_duplicates_are_not() {
    let equal = Array2::from_elem((50, 3), 2.5_f32);
    let error = laid_out(&equal, &quick()).unwrap_err();
    assert_eq!(error.to_string(), "all 50 codes are equal: there is nothing to lay out");

    let distinct = blobs(40, 3, 4);
    for different in [2, 40] {
        let points = Array2::from_shape_fn((400, 3), |(row, column)| distinct[(row % different, column)]);
        for engine in [Engine::Exact, Engine::BarnesHut, Engine::Interpolation] {
            let map = laid_out(&points, &Options { engine, ..quick() }).unwrap();
            assert!(map.points.iter().all(|value| value.is_finite()) && map.divergence.is_finite());
            // The jitter lets equal rows part, so that they do not hide each other.
            assert_ne!(map.points.row(0), map.points.row(different));
        }
    }
}

#[test]
fn what_is_not_finite_is_refused() {
    let mut points = blobs(50, 3, 2);
    let neighbors = find(points.view(), 48, Method::Exact, Seed(0), &mut silent).unwrap();
    for bad in [f32::NAN, f32::INFINITY] {
        points[(3, 1)] = bad;
        for engine in [Engine::Auto, Engine::Linfa] {
            let options = Options { engine, ..quick() };
            let error = fit(points.view(), &neighbors, &options, None, Seed(1), &mut silent).unwrap_err();
            assert!(matches!(error, EmbedError::NotFinite { row: 3, column: 1, .. }));
        }
    }
}

#[test]
fn values_of_any_size_are_laid_out() {
    for scale in [1e-20, 1e15, 1e30] {
        let map = laid_out(&(blobs(100, 3, 3) * scale), &quick()).unwrap();
        assert!(agreement(&map.points, 3) > 0.95, "{scale}");
    }
}

#[test]
fn stopping_keeps_the_map_so_far() {
    let points = blobs(100, 4, 3);
    let neighbors = find(points.view(), 90, Method::Exact, Seed(0), &mut silent).unwrap();
    let mut iterations = Vec::new();
    let mut observer = |event: Event| match event {
        Event::Iteration { iteration, max_iterations: 750, divergence } => {
            iterations.push((iteration, divergence.is_some()));
            if iteration == 63 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
        _ => panic!("{event:?}"),
    };
    let map = fit(points.view(), &neighbors, &Options::default(), None, Seed(1), &mut observer).unwrap();
    assert_eq!((map.stopped, map.iterations), (Stopped::Interrupted, 63));
    assert_eq!(iterations.len(), 63);
    assert!(iterations.iter().all(|(iteration, reported)| *reported == (iteration % 50 == 0)));
    assert_eq!(map.history.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [50, 63]);
    assert!(map.points.iter().all(|value| value.is_finite()));
}

#[test]
fn a_settled_map_ends_early() {
    let points = blobs(60, 4, 3);
    let settled = StopWhenSettled::Below(Positive::constant(1e-4));
    let map = laid_out(&points, &Options { stop_when_settled: settled, iterations: 5_000, ..quick() }).unwrap();
    assert_eq!(map.stopped, Stopped::Settled);
    assert!(map.iterations < 5_000);
    let all = Options { stop_when_settled: StopWhenSettled::None, iterations: 300, ..quick() };
    assert_eq!(laid_out(&points, &all).unwrap().stopped, Stopped::Finished);
}

#[test]
fn too_high_a_learning_rate_is_no_panic_and_no_nan() {
    let rate = Auto::Given(Positive::constant(1e38));
    match laid_out(&blobs(100, 4, 3), &Options { learning_rate: rate, ..quick() }) {
        Ok(map) => assert!(map.points.iter().all(|value| value.is_finite())),
        Err(error) => assert!(matches!(error, EmbedError::Diverged { .. }) && error.hint().is_some()),
    }
}

#[test]
fn a_given_start_keeps_the_map_recognizable_and_takes_in_new_rows() {
    let points = blobs(300, 6, 5);
    let (old, neighbors) =
        (points.slice(s![..240, ..]).to_owned(), find(points.view(), 90, Method::Exact, Seed(0), &mut silent).unwrap());
    let before = laid_out(&old, &quick()).unwrap().points;
    let mut start = Array2::from_elem((300, 2), f32::NAN);
    start.slice_mut(s![..240, ..]).assign(&before);
    let after = fit(points.view(), &neighbors, &quick(), Some(start.view()), Seed(1), &mut silent).unwrap().points;
    assert!(agreement(&after, 5) > 0.99);
    // The middles of the blobs lie the same way around as before.
    let middle = |map: &Array2<f32>, blob: usize| map.slice(s![blob..240;5, ..]).mean_axis(ndarray::Axis(0)).unwrap();
    let mut product = [0.0_f32; 3];
    for blob in 0..5 {
        let (left, right) = (middle(&before, blob), middle(&after, blob));
        product[0] += left.dot(&right);
        product[1] += left.dot(&left);
        product[2] += right.dot(&right);
    }
    assert!(product[0] / (product[1] * product[2]).sqrt() > 0.9, "{product:?}");

    let fitted = |start: ArrayView2<f32>| fit(points.view(), &neighbors, &quick(), Some(start), Seed(1), &mut silent);
    assert!(matches!(fitted(before.view()), Err(EmbedError::StartShape { .. })));
    assert!(matches!(fitted(Array2::from_elem((300, 2), f32::NAN).view()), Err(EmbedError::StartUnknown { .. })));
    let named = Options { start: Start::From("runs/a".to_owned()), ..quick() };
    assert!(matches!(laid_out(&points, &named), Err(EmbedError::StartNotGiven { .. })));
}

#[test]
fn no_iterations_give_the_start() {
    let options = Options { early_iterations: 0, iterations: 0, ..Options::default() };
    let map = laid_out(&blobs(50, 4, 2), &options).unwrap();
    assert_eq!((map.iterations, map.history.len()), (0, 1));
    assert!(map.points.iter().all(|value| value.abs() < 1e-3));
}

#[test]
fn linfa_is_fenced() {
    let points = blobs(60, 1, 2);
    let linfa = Options { engine: Engine::Linfa, ..quick() };
    assert!(matches!(laid_out(&points, &linfa), Err(EmbedError::LinfaColumns { dimensions: 2, columns: 1 })));
    let perplexity = Auto::Given(OneOrMany(vec![Positive::constant(5.0), Positive::constant(9.0)]));
    let mixed = Options { perplexity, ..linfa.clone() };
    assert!(matches!(laid_out(&blobs(60, 3, 2), &mixed), Err(EmbedError::LinfaPerplexities { count: 2 })));
    assert!(matches!(laid_out(&Array2::zeros((60, 3)), &linfa), Err(EmbedError::AllEqual { .. })));
    let rows = blobs(60, 3, 2);
    let columns_first = rows.t().as_standard_layout().into_owned();
    let neighbors = find(rows.view(), 57, Method::Exact, Seed(0), &mut silent).unwrap();
    let map = fit(columns_first.t(), &neighbors, &linfa, None, Seed(1), &mut silent).unwrap();
    assert_eq!(map.points.dim(), (60, 2));
    assert_eq!(map, fit(rows.view(), &neighbors, &linfa, None, Seed(1), &mut silent).unwrap());
}

#[test]
fn options_read_and_write_as_a_user_would() {
    let text = r#"{"perplexity":[30,300],"engine":"barnes_hut","start":{"from":"../runs/a"},"dimensions":1,
        "neighbors":"exact","learning_rate":500,"stop_when_settled":"none"}"#;
    let options: Options = serde_json::from_str(text).unwrap();
    assert_eq!(options.perplexities(), [30.0, 300.0]);
    assert_eq!(options.neighbors_needed(), 900);
    assert_eq!(options.start, Start::From("../runs/a".to_owned()));
    let again: Options = serde_json::from_str(&serde_json::to_string(&options).unwrap()).unwrap();
    assert_eq!(again, options);
    for wrong in [r#"{"perplexity":0}"#, r#"{"perplexity":"many"}"#, r#"{"dimensions":3}"#, r#"{"perplexty":30}"#] {
        assert!(serde_json::from_str::<Options>(wrong).is_err(), "{wrong}");
    }
    let resolved = options.resolve(10_000, 32).unwrap();
    assert_eq!(resolved.early_learning_rate, Auto::Given(Positive::constant(500.0)));
    assert_eq!(resolved.resolve(10_000, 32).unwrap(), resolved);
    let automatic = Options::default().resolve(24_000, 32).unwrap();
    assert_eq!(automatic.early_learning_rate, Auto::Given(Positive::constant(2_000.0)));
    assert_eq!(automatic.learning_rate, Auto::Given(Positive::constant(24_000.0)));
    assert_eq!(
        (automatic.engine, Options::default().resolve(500, 2).unwrap().engine),
        (Engine::Interpolation, Engine::Exact)
    );
}
