//! The forces that pull neighbors together, and the part of the divergence that goes with them.

use crate::embed::affinity::Affinities;

/// Neighbors that are computed at once.
const LANES: usize = 16;

/// Σ_j P_ij (y_i − y_j) / (1 + |y_i − y_j|²) for one point.
///
/// Coordinates are gathered into short arrays first, so that the arithmetic runs in all lanes of the processor;
/// lanes left over hold the point itself, which pulls nowhere.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled for the processor at hand together with its caller")]
pub(super) fn pull(points: &[[f32; 2]], point: [f32; 2], columns: &[u32], values: &[f32]) -> [f32; 2] {
    let mut horizontal = [0.0_f32; LANES];
    let mut vertical = [0.0_f32; LANES];
    let mut add = |x: &[f32; LANES], y: &[f32; LANES], affinity: &[f32; LANES]| {
        for lane in 0..LANES {
            let (dx, dy) = (point[0] - x[lane], point[1] - y[lane]);
            let weight = affinity[lane] / (1.0 + dx * dx + dy * dy);
            horizontal[lane] += weight * dx;
            vertical[lane] += weight * dy;
        }
    };
    let (columns, columns_left) = columns.as_chunks::<LANES>();
    let (values, values_left) = values.as_chunks::<LANES>();
    for (columns, values) in columns.iter().zip(values) {
        let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            [x[lane], y[lane]] = points[columns[lane] as usize];
        }
        add(&x, &y, values);
    }
    let (mut x, mut y, mut affinity) = ([point[0]; LANES], [point[1]; LANES], [0.0; LANES]);
    for (lane, (column, value)) in columns_left.iter().zip(values_left).enumerate() {
        [x[lane], y[lane]] = points[*column as usize];
        affinity[lane] = *value;
    }
    add(&x, &y, &affinity);
    [horizontal.iter().sum(), vertical.iter().sum()]
}

/// Σ_ij P_ij ln(1 + |y_i − y_j|²) over the given rows.
pub(super) fn logarithms(affinities: &Affinities, points: &[[f32; 2]], rows: std::ops::Range<usize>) -> f64 {
    rows.map(|row| {
        let (columns, values) = affinities.row(row);
        let [x, y] = points[row];
        let terms = columns.iter().zip(values).map(|(column, value)| {
            let [other_x, other_y] = points[*column as usize];
            let squared = f64::from(x - other_x).powi(2) + f64::from(y - other_y).powi(2);
            f64::from(*value) * squared.ln_1p()
        });
        terms.sum::<f64>()
    })
    .sum()
}
