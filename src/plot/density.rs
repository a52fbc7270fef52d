//! How crowded a map is at each of its points, for `color_by: density`.

use ndarray::ArrayView2;

/// The share of points per cell of a fine grid, smoothed, read off at each point; the densest point has 1.
///
/// The map's longer side is cut into 128 cells, counts are smoothed by a Gaussian with a standard deviation of
/// 1.5 cells, and each point's value is interpolated between the four cells around it: a binned kernel density
/// estimate (Wand 1994, Journal of Computational and Graphical Statistics 3, 433–445).
///
/// # Panics
/// If `points` has not two columns.
#[must_use]
pub fn density(points: ArrayView2<'_, f32>) -> Vec<f64> {
    const CELLS: usize = 128;
    const MARGIN: usize = 6;
    const SIDE: usize = CELLS + 2 * MARGIN;
    assert_eq!(points.ncols(), 2, "a map has two coordinates");
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for point in points.rows() {
        for axis in 0..2 {
            low[axis] = low[axis].min(f64::from(point[axis]));
            high[axis] = high[axis].max(f64::from(point[axis]));
        }
    }
    let longest = (high[0] - low[0]).max(high[1] - low[1]);
    let step = if longest > 0.0 && longest.is_finite() { longest / (CELLS - 1) as f64 } else { 1.0 };
    // Where a point lies on the grid: the cell below it and the share of the way to the next.
    let spot = |row: usize, axis: usize| {
        let place = ((f64::from(points[[row, axis]]) - low[axis]) / step).clamp(0.0, (CELLS - 1) as f64);
        let cell = (place as usize).min(CELLS - 2);
        (cell + MARGIN, place - cell as f64)
    };
    let corners = |row: usize| {
        let ((column, right), (line, down)) = (spot(row, 0), spot(row, 1));
        let first = line * SIDE + column;
        [
            (first, (1.0 - right) * (1.0 - down)),
            (first + 1, right * (1.0 - down)),
            (first + SIDE, (1.0 - right) * down),
            (first + SIDE + 1, right * down),
        ]
    };
    let mut grid = vec![0.0_f64; SIDE * SIDE];
    for row in 0..points.nrows() {
        for (cell, share) in corners(row) {
            grid[cell] += share;
        }
    }
    let grid = smoothed(&smoothed(&grid, 1, SIDE), SIDE, SIDE);
    let mut values: Vec<f64> =
        (0..points.nrows()).map(|row| corners(row).iter().map(|(cell, share)| grid[*cell] * share).sum()).collect();
    let most = values.iter().copied().fold(0.0, f64::max);
    if most > 0.0 {
        for value in &mut values {
            *value /= most;
        }
    }
    values
}

/// The grid, smoothed along the cells that lie `stride` apart.
fn smoothed(grid: &[f64], stride: usize, side: usize) -> Vec<f64> {
    const REACH: usize = 5;
    let weight = |distance: usize| (-(distance as f64 / 1.5).powi(2) / 2.0).exp();
    let place = |cell: usize| if stride == 1 { cell % side } else { cell / side };
    (0..grid.len())
        .map(|cell| {
            let mut sum = grid[cell];
            for distance in 1..=REACH {
                let before = if place(cell) >= distance { grid[cell - distance * stride] } else { 0.0 };
                let after = if place(cell) + distance < side { grid[cell + distance * stride] } else { 0.0 };
                sum += weight(distance) * (before + after);
            }
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn a_crowd_is_denser_than_a_lone_point() {
        let points = Array2::from_shape_fn((101, 2), |(row, axis)| match (row, axis) {
            (100, _) => 50.0,
            (row, 0) => (row % 10) as f32 * 0.1,
            (row, _) => (row / 10) as f32 * 0.1,
        });
        let values = density(points.view());
        assert!(values[..100].iter().all(|value| *value > 0.4 && *value <= 1.0));
        assert!(values[100] < 0.05 && values[100] > 0.0);
    }

    #[test]
    fn odd_maps_have_finite_densities() {
        for points in [Array2::zeros((0, 2)), Array2::zeros((1, 2)), Array2::from_elem((9, 2), f32::MAX)] {
            assert!(density(points.view()).iter().all(|value| value.is_finite()));
        }
    }
}
