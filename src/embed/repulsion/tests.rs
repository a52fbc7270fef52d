use proptest::prelude::*;
use rand::RngExt;

use super::*;
use crate::embed::repulsion::interpolation::SPACING;
use crate::seed::{Seed, Stream};

/// Points in a few clumps, as a map has them.
fn clumps(count: usize, extent: f32) -> Vec<[f32; 2]> {
    let mut generator = Seed(5).stream(Stream::Sample);
    let centers: Vec<[f32; 2]> = (0..12).map(|_| [generator.random(), generator.random()]).collect();
    let side =
        |generator: &mut crate::seed::Generator| (0..4).map(|_| generator.random::<f32>() - 0.5).sum::<f32>() * 0.15;
    (0..count).map(|row| centers[row % 12].map(|center: f32| (center - 0.5 + side(&mut generator)) * extent)).collect()
}

fn forces(repulsion: &mut Repulsion, points: &[[f32; 2]]) -> (f64, Vec<[f32; 2]>) {
    let mut forces = vec![[f32::NAN; 2]; points.len()];
    (repulsion.forces(points, &mut forces), forces)
}

/// Root mean square of the difference over that of the reference, and the relative error of the normalization.
fn errors(found: &(f64, Vec<[f32; 2]>), reference: &(f64, Vec<[f32; 2]>)) -> (f64, f64) {
    let squares = |pairs: &mut dyn Iterator<Item = [f64; 2]>| pairs.map(|[x, y]| x * x + y * y).sum::<f64>();
    let difference =
        squares(
            &mut found.1.iter().zip(&reference.1).map(|(left, right)| {
                [f64::from(left[0]) - f64::from(right[0]), f64::from(left[1]) - f64::from(right[1])]
            }),
        );
    let size = squares(&mut reference.1.iter().map(|force| force.map(f64::from)));
    ((difference / size).sqrt(), (found.0 / reference.0 - 1.0).abs())
}

fn mesh(spacing: f32) -> Repulsion {
    Repulsion::Interpolation(Box::new(Mesh::new(spacing)))
}

#[test]
fn exact_forces_agree_with_the_formula() {
    // Two points at distance 2: similarity 1/5, force 2 · (1/5)², both ways.
    let (normalization, forces) = forces(&mut Repulsion::Exact, &[[0.0, 0.0], [2.0, 0.0]]);
    assert!((normalization - 0.4).abs() < 1e-6);
    assert!((forces[0][0] + 0.08).abs() < 1e-6 && (forces[1][0] - 0.08).abs() < 1e-6);
    assert_eq!((forces[0][1], forces[1][1]), (0.0, 0.0));
}

#[test]
fn interpolated_forces_agree_with_exact_ones_at_every_size() {
    // From the start of a descent to a map of a hundred thousand rows.
    for extent in [1e-4, 1e-2, 0.3, 3.0, 20.0, 80.0, 200.0] {
        let points = clumps(3_000, extent);
        let reference = forces(&mut Repulsion::Exact, &points);
        let (force, normalization) = errors(&forces(&mut mesh(SPACING), &points), &reference);
        assert!(force < 3e-2 && normalization < 1e-3, "extent {extent}: {force} {normalization}");
    }
}

#[test]
fn interpolation_becomes_exact_as_nodes_grow() {
    let points = clumps(2_000, 30.0);
    let reference = forces(&mut Repulsion::Exact, &points);
    let mut before = f64::INFINITY;
    for spacing in [1.0, 0.5, 0.25, 0.125] {
        let (force, _) = errors(&forces(&mut mesh(spacing), &points), &reference);
        assert!(force < before / 4.0, "spacing {spacing}: {force} after {before}");
        before = force;
    }
    assert!(before < 2e-4, "{before}");
}

#[test]
fn barnes_hut_becomes_exact_as_the_angle_closes() {
    let points = clumps(2_000, 40.0);
    let reference = forces(&mut Repulsion::Exact, &points);
    let mut before = f64::INFINITY;
    for angle in [1.0, 0.5, 0.25, 0.0] {
        let mut found = vec![[0.0; 2]; points.len()];
        let normalization = barnes_hut::forces(&points, angle, &mut found);
        let (force, _) = errors(&(normalization, found), &reference);
        assert!(force < before, "angle {angle}: {force} after {before}");
        before = force;
    }
    assert!(before < 1e-6, "{before}");
}

#[test]
fn equal_points_and_points_on_a_line_are_no_trouble() {
    let mut points: Vec<[f32; 2]> = (0..600).map(|row| [(row % 200) as f32 * 0.1, 0.0]).collect();
    points.extend([[4.0, 0.0]; 300]);
    let reference = forces(&mut Repulsion::Exact, &points);
    for mut repulsion in [Repulsion::BarnesHut, mesh(SPACING)] {
        let (force, normalization) = errors(&forces(&mut repulsion, &points), &reference);
        assert!(force < 0.05 && normalization < 5e-3, "{force} {normalization}");
    }
    for mut repulsion in [Repulsion::Exact, Repulsion::BarnesHut, mesh(SPACING)] {
        let (normalization, forces) = forces(&mut repulsion, &[[1.0, 1.0]; 50]);
        assert!((normalization - 2_450.0).abs() < 0.1, "{normalization}");
        assert!(forces.iter().flatten().all(|force| force.abs() < 1e-3));
    }
}

/// The length of the sum of all forces, and the sum of their lengths.
fn total(forces: &[[f32; 2]]) -> (f64, f64) {
    let side = |side: usize| forces.iter().map(|force| f64::from(force[side])).sum::<f64>();
    (side(0).hypot(side(1)), forces.iter().map(|force| f64::from(force[0].hypot(force[1]))).sum())
}

#[test]
fn forces_of_a_map_sum_to_zero_on_the_mesh_and_in_the_tree() {
    for mut repulsion in [mesh(SPACING), Repulsion::BarnesHut] {
        let (sum, size) = total(&forces(&mut repulsion, &clumps(3_000, 40.0)).1);
        assert!(sum < 2e-3 * size, "{sum} of {size}");
    }
}

#[test]
fn a_very_wide_map_stays_within_memory() {
    let mut points = clumps(500, 100.0);
    points.push([1e6, -1e6]);
    let (normalization, forces) = forces(&mut mesh(SPACING), &points);
    assert!(normalization.is_finite() && forces.iter().flatten().all(|force| force.is_finite()));
}

#[test]
fn a_mesh_that_was_used_gives_the_same_as_a_new_one() {
    let mut used = mesh(SPACING);
    forces(&mut used, &clumps(500, 90.0));
    let points = clumps(3_000, 17.0);
    assert_eq!(forces(&mut used, &points), forces(&mut mesh(SPACING), &points));
}

#[test]
fn the_field_of_resting_points_is_that_of_the_mesh() {
    let points = clumps(2_000, 25.0);
    let (x, y): (Vec<f32>, Vec<f32>) = points.iter().map(|point| (point[0], point[1])).unzip();
    let field = Mesh::new(SPACING).into_field(&points, 3.0);
    for place in [[0.3, -2.0], [14.9, 1.0], [-7.0, 6.5]] {
        let (sum, force) = exact::push(place, &x, &y);
        let (interpolated, read) = field.at(place).unwrap();
        assert!((interpolated / sum - 1.0).abs() < 1e-2, "{place:?}: {interpolated} {sum}");
        assert!((read[0] - force[0]).abs() + (read[1] - force[1]).abs() < 0.02 * force[0].hypot(force[1]), "{place:?}");
    }
    assert!(field.at([1e4, 0.0]).is_none() && field.at([0.0, f32::NAN]).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn forces_sum_to_zero(values in prop::collection::vec(-20.0_f32..20.0, 2 * 80)) {
        let points: Vec<[f32; 2]> = values.chunks(2).map(|pair| [pair[0], pair[1]]).collect();
        let (_, forces) = forces(&mut Repulsion::Exact, &points);
        let (sum, size) = total(&forces);
        prop_assert!(sum < 1e-5 * size, "{} of {}", sum, size);
    }
}
