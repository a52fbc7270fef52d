use ndarray::Array2;

use super::*;
use crate::event::silent;
use crate::neighbors::{Method, find};
use crate::seed::Seed;

#[derive(serde::Deserialize)]
struct Golden {
    points: Vec<Vec<f32>>,
    perplexity: f64,
    embedding: Vec<Vec<f32>>,
    normalization: f64,
    divergence: f64,
}

fn golden() -> (Golden, Motion) {
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/embed/golden.json")).unwrap();
    let points = Array2::from_shape_vec((40, 5), golden.points.concat()).unwrap();
    let neighbors = find(points.view(), 24, Method::Exact, Seed(0), &mut silent).unwrap();
    let affinities = Affinities::new(&neighbors, &[golden.perplexity]);
    let embedding = golden.embedding.iter().map(|point| [point[0], point[1]]).collect();
    (golden, Motion::new(affinities, embedding, 2))
}

#[test]
fn the_divergence_agrees_with_numpy() {
    let (golden, mut motion) = golden();
    motion.repel(&mut Repulsion::Exact);
    assert!((motion.normalization / golden.normalization - 1.0).abs() < 1e-6);
    assert!((motion.divergence() - golden.divergence).abs() < 1e-5);
}

#[test]
fn a_step_goes_down_the_slope_of_the_divergence() {
    let (_, mut motion) = golden();
    motion.repel(&mut Repulsion::Exact);
    let before = motion.points.clone();
    // Without momentum and with a first gain of 1.2 the step is the gradient times −1.2 · rate; ours lacks the factor 4.
    let mut differences = Vec::new();
    for row in [0, 7, 39] {
        for side in 0..2 {
            let mut shifted = |shift: f32| {
                motion.points.clone_from(&before);
                motion.points[row][side] += shift;
                motion.repel(&mut Repulsion::Exact);
                motion.divergence()
            };
            differences.push((row, side, (shifted(1e-2) - shifted(-1e-2)) / 2e-2));
        }
    }
    motion.points.clone_from(&before);
    motion.repel(&mut Repulsion::Exact);
    let phase = Phase { iterations: 1, exaggeration: 1.0, rate: 1.0, momentum: 0.0, settled: None };
    assert!(motion.advance(&phase));
    for (row, side, slope) in differences {
        let step = f64::from(motion.steps[row][side]);
        assert!((step * -4.0 / 1.2 - slope).abs() < 1e-4 * slope.abs() + 1e-5, "{step} {slope}");
    }
}

#[test]
fn sorting_changes_only_the_order() {
    let (_, mut motion) = golden();
    motion.repel(&mut Repulsion::Exact);
    let (points, divergence) = (motion.points.clone(), motion.divergence());
    motion.sort();
    motion.repel(&mut Repulsion::Exact);
    assert_ne!(motion.points, points);
    assert_eq!(motion.in_table_order(), points);
    assert!((motion.divergence() - divergence).abs() < 1e-6);
}

#[test]
fn steps_are_bounded_and_gains_follow_the_slope() {
    let phase = Phase { iterations: 1, exaggeration: 1.0, rate: 1e30, momentum: 0.8, settled: None };
    let (mut step, mut gain) = ([0.0; 2], [1.0; 2]);
    move_point(&mut step, &mut gain, [3.0, -4.0], &phase);
    assert!((step[0].hypot(step[1]) - LONGEST_STEP).abs() < 1e-4 && step[0] < 0.0 && step[1] > 0.0);
    assert_eq!(gain, [1.2; 2]);
    move_point(&mut step, &mut gain, [-1e-9, -1e-9], &phase);
    assert!((gain[0] - (1.2 * 0.8 + 0.01)).abs() < 1e-6 && (gain[1] - 1.4).abs() < 1e-6);
}
