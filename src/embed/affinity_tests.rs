use ndarray::{Array2, Axis};
use proptest::prelude::*;

use super::*;
use crate::event::silent;
use crate::neighbors::{Method, find};
use crate::seed::Seed;

#[derive(serde::Deserialize)]
struct Golden {
    points: Vec<Vec<f32>>,
    perplexity: f64,
    affinities: Vec<Vec<f64>>,
}

fn neighbors(points: &Array2<f32>, count: usize) -> Neighbors {
    find(points.view(), count, Method::Exact, Seed(0), &mut silent).unwrap()
}

fn dense(affinities: &Affinities) -> Array2<f64> {
    let mut all = Array2::zeros((affinities.rows(), affinities.rows()));
    for row in 0..affinities.rows() {
        let (columns, values) = affinities.row(row);
        columns.iter().zip(values).for_each(|(column, value)| all[(row, *column as usize)] = f64::from(*value));
    }
    all
}

fn entropy(weights: &[f64]) -> f64 {
    -weights.iter().filter(|weight| **weight > 0.0).map(|weight| weight * weight.ln()).sum::<f64>()
}

#[test]
fn agree_with_opentsne() {
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/embed/golden.json")).unwrap();
    let points = Array2::from_shape_vec((40, 5), golden.points.concat()).unwrap();
    let ours = dense(&Affinities::new(&neighbors(&points, 25), &[golden.perplexity]));
    for (ours, theirs) in ours.iter().zip(golden.affinities.concat()) {
        assert!((ours - theirs).abs() < 1e-8, "{ours} {theirs}");
    }
}

#[test]
fn hit_the_perplexity_however_far_the_neighbors_are() {
    let mut weights = Vec::new();
    for scale in [1e-20_f32, 1e-3, 1.0, 1e5, 1e25] {
        for power in [0.1, 1.0, 4.0] {
            let distances: Vec<f32> = (1..=90).map(|rank| (rank as f32).powf(power) * scale).collect();
            for perplexity in [1.5, 5.0, 30.0] {
                conditional(&distances, perplexity, &mut weights);
                let reached = entropy(&weights).exp();
                assert!((reached - perplexity).abs() < 1e-6 * perplexity, "{scale} {power} {perplexity} {reached}");
            }
        }
    }
}

#[test]
fn ties_share_what_no_bandwidth_can_spread() {
    let mut weights = Vec::new();
    conditional(&[0.0, 0.0, 0.0, 0.0, 1.0, 2.0], 2.0, &mut weights);
    assert_eq!(weights, [0.25, 0.25, 0.25, 0.25, 0.0, 0.0]);
    conditional(&[3.0; 6], 2.0, &mut weights);
    assert_eq!(weights, [1.0 / 6.0; 6]);
    conditional(&[1.0, 2.0], 2.0 / 3.0, &mut weights);
    assert_eq!(weights, [1.0, 0.0]);
    // The nearest by so little that squares hardly tell.
    conditional(&[1.0, 1.000_000_1, 1.000_000_1, 2.0, 3.0, 4.0], 2.0, &mut weights);
    assert!(weights.iter().all(|weight| weight.is_finite()));
}

#[test]
fn several_perplexities_are_averaged() {
    let points = Array2::from_shape_fn((60, 2), |(row, column)| ((row * 37 + column * 11) % 53) as f32);
    let found = neighbors(&points, 30);
    let both = dense(&Affinities::new(&found, &[3.0, 10.0]));
    let mean = (dense(&Affinities::new(&found, &[3.0])) + dense(&Affinities::new(&found, &[10.0]))) / 2.0;
    assert!((both - mean).iter().all(|difference| difference.abs() < 1e-8));
}

#[test]
fn reordering_moves_rows_and_columns_alike() {
    let points = Array2::from_shape_fn((30, 2), |(row, column)| ((row * 7 + column * 3) % 29) as f32);
    let affinities = Affinities::new(&neighbors(&points, 9), &[3.0]);
    let order: Vec<u32> = (0..30).map(|row| (row * 11) % 30).collect();
    let (before, after) = (dense(&affinities), dense(&affinities.reordered(&order)));
    for ((row, column), value) in after.indexed_iter() {
        assert_eq!(*value, before[(order[row] as usize, order[column] as usize)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn are_symmetric_sum_to_one_and_follow_their_rows(
        values in prop::collection::vec(-100.0_f32..100.0, 50 * 3), perplexity in 1.1_f64..16.0, step in 1_usize..49
    ) {
        let points = Array2::from_shape_vec((50, 3), values).unwrap();
        let all = dense(&Affinities::new(&neighbors(&points, neighbors_needed(perplexity)), &[perplexity]));
        prop_assert_eq!(&all, &all.t());
        prop_assert!((all.sum() - 1.0).abs() < 1e-6);
        prop_assert!(all.diag().iter().all(|value| *value == 0.0));

        // 7 steps of any length that shares no factor with 50 visit every row.
        let step = if step % 2 == 0 || step % 5 == 0 { 7 } else { step };
        let order: Vec<usize> = (0..50).map(|row| (row * step) % 50).collect();
        let permuted = points.select(Axis(0), &order);
        let moved = dense(&Affinities::new(&neighbors(&permuted, neighbors_needed(perplexity)), &[perplexity]));
        for ((row, column), value) in moved.indexed_iter() {
            prop_assert!((value - all[(order[row], order[column])]).abs() < 1e-9);
        }
    }
}
