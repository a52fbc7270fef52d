use super::*;
use crate::event::silent;
use ndarray::Array2;
use std::ops::ControlFlow;

#[derive(Deserialize)]
struct Golden {
    high: Vec<Vec<f32>>,
    low: Vec<Vec<f32>>,
    labels: Vec<i64>,
    some_labels: Vec<i64>,
    measures: std::collections::BTreeMap<String, GoldenMeasures>,
    silhouette: f64,
    some_silhouette: f64,
    high_silhouette: f64,
    distance_correlation: f64,
    class_neighbor_preservation: f64,
    grid_high: Vec<Vec<f32>>,
    grid_low: Vec<Vec<f32>>,
    grid_trustworthiness: f64,
    grid_continuity: f64,
}

#[derive(Deserialize)]
struct GoldenMeasures {
    trustworthiness: f64,
    continuity: f64,
    knn_recall: f64,
    label_agreement: f64,
    some_label_agreement: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/evaluate/faithfulness.json")).unwrap()
}

fn array(rows: &[Vec<f32>]) -> Array2<f32> {
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| rows[row][column])
}

fn labels(classes: &[i64]) -> Vec<Option<u32>> {
    classes.iter().map(|class| u32::try_from(*class).ok()).collect()
}

fn measure(high: &Array2<f32>, low: &Array2<f32>, labels: Option<&[Option<u32>]>, options: &Options) -> Measures {
    let (high, low) = (Space { name: "high", points: high.view() }, Space { name: "low", points: low.view() });
    faithfulness(high, low, labels, options, Seed(1), &mut silent).unwrap()
}

fn close(left: f64, right: f64, tolerance: f64) {
    assert!((left - right).abs() <= tolerance, "{left} is not {right}");
}

#[test]
fn agrees_with_sklearn_and_scipy() {
    let golden = golden();
    let (high, low, classes) = (array(&golden.high), array(&golden.low), labels(&golden.labels));
    for (neighbors, expected) in &golden.measures {
        let options = Options { neighbors: neighbors.parse().unwrap(), ..Options::default() };
        let found = measure(&high, &low, Some(&classes), &options);
        close(found.trustworthiness, expected.trustworthiness, 1e-12);
        close(found.continuity, expected.continuity, 1e-12);
        close(found.knn_recall, expected.knn_recall, 1e-12);
        close(found.label_agreement.unwrap(), expected.label_agreement, 1e-12);
        close(found.silhouette.unwrap(), golden.silhouette, 1e-9);
        close(found.distance_correlation.unwrap(), golden.distance_correlation, 1e-9);
        close(found.class_neighbor_preservation.unwrap(), golden.class_neighbor_preservation, 1e-12);
        assert_eq!((found.rows, found.total_rows, found.sampled), (240, 240, false));
        let itself = measure(&high, &high, Some(&classes), &options);
        close(itself.silhouette.unwrap(), golden.high_silhouette, 1e-6);
        assert_eq!((itself.trustworthiness, itself.continuity, itself.knn_recall), (1.0, 1.0, 1.0));
    }
}

#[test]
fn rows_without_a_label_neither_vote_nor_count() {
    let golden = golden();
    let (high, low, classes) = (array(&golden.high), array(&golden.low), labels(&golden.some_labels));
    let found = measure(&high, &low, Some(&classes), &Options::default());
    close(found.label_agreement.unwrap(), golden.measures["10"].some_label_agreement, 1e-12);
    close(found.silhouette.unwrap(), golden.some_silhouette, 1e-9);
    let none = vec![None; 240];
    let found = measure(&high, &low, Some(&none), &Options::default());
    assert_eq!((found.label_agreement, found.silhouette, found.class_neighbor_preservation), (None, None, None));
}

#[test]
fn ties_go_to_the_lower_row_number() {
    let golden = golden();
    let found = measure(&array(&golden.grid_high), &array(&golden.grid_low), None, &Options::default());
    close(found.trustworthiness, golden.grid_trustworthiness, 1e-12);
    close(found.continuity, golden.grid_continuity, 1e-12);
}

#[test]
fn ranks_stay_exact_far_from_zero_and_at_any_scale() {
    let golden = golden();
    let (high, low) = (array(&golden.high), array(&golden.low));
    let expected = measure(&high, &low, None, &Options::default());
    // powers of two change no digit; one far row makes all others nearly equal in single precision
    for scale in [2.0_f32.powi(-130), 2.0_f32.powi(120)] {
        let found = measure(&(&high * scale), &low, None, &Options::default());
        close(found.trustworthiness, expected.trustworthiness, if scale < 1.0 { 1e-2 } else { 0.0 });
    }
    let mut far = Array2::zeros((241, 12));
    far.slice_mut(s![..240, ..]).assign(&high);
    far.row_mut(240).fill(1e7);
    let mut low_far = Array2::zeros((241, 2));
    low_far.slice_mut(s![..240, ..]).assign(&low);
    low_far.row_mut(240).fill(1e7);
    let found = measure(&far, &low_far, None, &Options::default());
    let direct = brute_force_trustworthiness(&far, &low_far, 10);
    close(found.trustworthiness, direct, 1e-12);
}

fn brute_force_trustworthiness(high: &Array2<f32>, low: &Array2<f32>, neighbors: usize) -> f64 {
    let rows = high.nrows();
    let order = |points: &Array2<f32>, row: usize| {
        let distance = |other: usize| -> f64 {
            points.row(row).iter().zip(points.row(other)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
        };
        let mut others: Vec<usize> = (0..rows).filter(|other| *other != row).collect();
        others.sort_by(|left, right| distance(*left).total_cmp(&distance(*right)));
        others
    };
    let penalty = |row: usize| -> usize {
        let (before, after) = (order(high, row), order(low, row));
        let rank = |other: usize| 1 + before.iter().position(|candidate| *candidate == other).unwrap();
        after[..neighbors].iter().map(|other| rank(*other).saturating_sub(neighbors)).sum()
    };
    let sum: usize = (0..rows).map(penalty).sum();
    1.0 - sum as f64 / (rows as f64 * ranks::largest_penalty(rows, neighbors))
}

#[test]
fn equal_rows_and_constant_spaces_are_no_trouble() {
    let same = Array2::<f32>::ones((50, 12));
    let line = Array2::from_shape_fn((50, 2), |(row, _)| row as f32);
    let classes: Vec<Option<u32>> = (0..50).map(|row| Some(row % 3)).collect();
    let found = measure(&same, &line, Some(&classes), &Options::default());
    assert!(found.trustworthiness.is_finite() && found.distance_correlation.is_none());
    let found = measure(&line, &same, Some(&classes), &Options::default());
    assert_eq!(found.silhouette, Some(0.0));
}

#[test]
fn several_pairs_in_one_pass_give_what_each_gives_alone() {
    let golden = golden();
    let (high, low) = (array(&golden.high), array(&golden.low));
    let third = high.slice(s![.., 3..6]).to_owned();
    let spaces = [("high", high.view()), ("low", low.view()), ("third", third.view())];
    let spaces = spaces.map(|(name, points)| Space { name, points });
    let pairs = [(0, 1), (0, 2), (2, 1)].map(|(before, after)| Pair { before, after });
    let classes = labels(&golden.labels);
    let found = compare(&spaces, &pairs, Some(&classes), &Options::default(), Seed(1), &mut silent).unwrap();
    assert_eq!(found[0], measure(&high, &low, Some(&classes), &Options::default()));
    assert_eq!(found[1], measure(&high, &third, Some(&classes), &Options::default()));
    assert_eq!(found[2], measure(&third, &low, Some(&classes), &Options::default()));
}

#[test]
fn the_thread_count_changes_no_bit() {
    let golden = golden();
    let (high, low, classes) = (array(&golden.high), array(&golden.low), labels(&golden.labels));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| measure(&high, &low, Some(&classes), &Options { sample: 200, ..Options::default() }))
    };
    let one = run(1);
    assert!(one.sampled && one.rows == 200 && one.total_rows == 240);
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&run(2)).unwrap());
    assert_eq!(one, run(4));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let rows = Array2::<f32>::zeros((2, 3));
    let more = Array2::<f32>::zeros((4, 3));
    let mut broken = more.clone();
    broken[[3, 1]] = f32::NAN;
    let run = |high: &Array2<f32>, low: &Array2<f32>, observer: &mut Observer| {
        let (high, low) =
            (Space { name: "prepared", points: high.view() }, Space { name: "codes", points: low.view() });
        faithfulness(high, low, None, &Options::default(), Seed(1), observer).unwrap_err()
    };
    assert_eq!(run(&rows, &rows, &mut silent), EvaluateError::TooFewRows { rows: 2 });
    assert_eq!(run(&rows, &more, &mut silent).to_string(), "`prepared` has 2 rows, but `codes` has 4");
    assert_eq!(run(&more, &broken, &mut silent).to_string(), "`codes` holds NaN in row 3, column 1");
    assert_eq!(run(&more, &more, &mut |_| ControlFlow::Break(())), EvaluateError::Stopped);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Few distinct values give many ties and equal rows; wide rows go through products, narrow ones do not.
    #[test]
    fn agrees_with_full_sorting_whatever_the_ties(
        rows in 9_usize..40,
        wide in 1_usize..30,
        narrow in 1_usize..4,
        levels in 1_u64..6,
        offset in -1e6_f32..1e6,
        salt in 0_u64..1000,
    ) {
        let level = |row: usize, column: usize, space: u64| {
            use rand_chacha::rand_core::Rng;
            let draw = Seed(salt + space).keyed(Stream::Sample, row as u64, column as u64).next_u64();
            (draw % levels) as f32
        };
        let high = Array2::from_shape_fn((rows, wide), |(row, column)| level(row, column, 0) + offset.round());
        let low = Array2::from_shape_fn((rows, narrow), |(row, column)| level(row, column, 1));
        let found = measure(&high, &low, None, &Options { neighbors: 4, ..Options::default() });
        close(found.trustworthiness, brute_force_trustworthiness(&high, &low, 4), 1e-12);
        close(found.continuity, brute_force_trustworthiness(&low, &high, 4), 1e-12);
    }

    /// Where there are no ties, the order of rows changes nothing.
    #[test]
    fn the_order_of_rows_does_not_matter(turn in 1_usize..239) {
        let golden = golden();
        let (high, low) = (array(&golden.high), array(&golden.low));
        let turned = |points: &Array2<f32>| {
            Array2::from_shape_fn(points.dim(), |(row, column)| points[[(row + turn) % 240, column]])
        };
        let (straight, turned) = (measure(&high, &low, None, &Options::default()), measure(&turned(&high), &turned(&low), None, &Options::default()));
        close(straight.trustworthiness, turned.trustworthiness, 1e-12);
        close(straight.knn_recall, turned.knn_recall, 1e-12);
        close(straight.distance_correlation.unwrap(), turned.distance_correlation.unwrap(), 1e-9);
    }
}
