//! Repulsion between every pair of points: the reference of the other two, and the quickest for small tables.

use rayon::prelude::*;

/// Points that one task handles.
const CHUNK: usize = 64;
/// Pairs that are computed at once.
const LANES: usize = 16;
/// Pairs whose sum is kept in `f32`.
const BLOCK: usize = 4_096;

/// Overwrites `forces` with the force of all points on each and gives the normalization `Z`.
pub(in crate::embed) fn forces(points: &[[f32; 2]], forces: &mut [[f32; 2]]) -> f64 {
    let x: Vec<f32> = points.iter().map(|point| point[0]).collect();
    let y: Vec<f32> = points.iter().map(|point| point[1]).collect();
    let sums: Vec<f64> = points
        .par_chunks(CHUNK)
        .zip(forces.par_chunks_mut(CHUNK))
        .map(|(points, forces)| {
            let mut normalization = 0.0;
            pulp::Arch::new().dispatch(|| {
                for (point, force) in points.iter().zip(forces.iter_mut()) {
                    let (sum, pushed) = push(*point, &x, &y);
                    *force = pushed;
                    normalization += sum - 1.0; // without the point itself
                }
            });
            normalization
        })
        .collect();
    sums.iter().sum()
}

/// Σ_j 1/(1 + d²) and Σ_j (point − y_j) / (1 + d²)² over all points.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled for the processor at hand together with its caller")]
pub(in crate::embed) fn push(point: [f32; 2], x: &[f32], y: &[f32]) -> (f64, [f32; 2]) {
    let (mut sum, mut force) = (0.0, [0.0_f64; 2]);
    for (x, y) in x.chunks(BLOCK).zip(y.chunks(BLOCK)) {
        let (mut sums, mut horizontal, mut vertical) = ([0.0_f32; LANES], [0.0_f32; LANES], [0.0_f32; LANES]);
        let (x, x_left) = x.as_chunks::<LANES>();
        let (y, y_left) = y.as_chunks::<LANES>();
        for (x, y) in x.iter().zip(y) {
            for lane in 0..LANES {
                let (dx, dy) = (point[0] - x[lane], point[1] - y[lane]);
                let similarity = 1.0 / (1.0 + dx * dx + dy * dy);
                sums[lane] += similarity;
                horizontal[lane] += similarity * similarity * dx;
                vertical[lane] += similarity * similarity * dy;
            }
        }
        for (lane, (x, y)) in x_left.iter().zip(y_left).enumerate() {
            let (dx, dy) = (point[0] - x, point[1] - y);
            let similarity = 1.0 / (1.0 + dx * dx + dy * dy);
            sums[lane] += similarity;
            horizontal[lane] += similarity * similarity * dx;
            vertical[lane] += similarity * similarity * dy;
        }
        let total = |lanes: [f32; LANES]| lanes.iter().map(|value| f64::from(*value)).sum::<f64>();
        sum += total(sums);
        force[0] += total(horizontal);
        force[1] += total(vertical);
    }
    let force = [force[0] as f32, force[1] as f32];
    (sum, force)
}
