//! Repulsion by a tree of square cells; a cell that looks small from a point acts as one point.
//!
//! Barnes and Hut, A hierarchical O(N log N) force-calculation algorithm (1986), for t-SNE as in van der Maaten,
//! Accelerating t-SNE using Tree-Based Algorithms, JMLR 15 (2014).

use rayon::prelude::*;

/// Points that one task handles.
const CHUNK: usize = 256;
/// Cells are halved at most this often, so that equal points end in one leaf.
const DEPTH: u32 = 24;

/// A square cell; its points are contiguous in the tree's order.
struct Cell {
    center_of_mass: [f32; 2],
    mass: f32,
    width: f32,
    /// Cells between this one and the next that is not inside it; 1 for a leaf.
    skip: usize,
    /// The points of a leaf, as a range of the tree's order; empty where the cell has children.
    leaf: std::ops::Range<usize>,
}

/// Cells in depth-first order, over points in Morton order.
struct Tree {
    cells: Vec<Cell>,
    points: Vec<[f32; 2]>,
}

/// Overwrites `forces` with the force of all points on each and gives the normalization `Z`.
///
/// A cell of width `w` whose center of mass is at distance `d` acts as one point where `w < angle · d`.
pub(in crate::embed) fn forces(points: &[[f32; 2]], angle: f32, forces: &mut [[f32; 2]]) -> f64 {
    let tree = Tree::new(points);
    let sums: Vec<f64> = points
        .par_chunks(CHUNK)
        .zip(forces.par_chunks_mut(CHUNK))
        .map(|(points, forces)| {
            let mut normalization = 0.0;
            for (point, force) in points.iter().zip(forces.iter_mut()) {
                let (sum, pushed) = tree.push(*point, angle * angle);
                *force = pushed;
                normalization += sum - 1.0; // without the point itself
            }
            normalization
        })
        .collect();
    sums.iter().sum()
}

impl Tree {
    fn new(points: &[[f32; 2]]) -> Self {
        let bounds = super::interpolation::Bounds::of(points);
        let width = bounds.width().max(bounds.height()).max(f32::MIN_POSITIVE);
        let mut keyed: Vec<(u64, u32)> =
            (0_u32..).zip(points).map(|(number, point)| (bounds.morton(*point, DEPTH), number)).collect();
        keyed.par_sort_unstable();
        let points = keyed.iter().map(|(_, number)| points[*number as usize]).collect();
        let mut tree = Self { cells: Vec::new(), points };
        if !keyed.is_empty() {
            tree.add(&keyed, 0..keyed.len(), DEPTH, width);
        }
        tree
    }

    /// Adds the cell of a range of points that share all but the lowest `2 · level` bits of their keys.
    fn add(&mut self, keyed: &[(u64, u32)], range: std::ops::Range<usize>, level: u32, width: f32) {
        let place = self.cells.len();
        let inside = &self.points[range.clone()];
        let sum = inside.iter().fold([0.0_f64; 2], |sum, [x, y]| [sum[0] + f64::from(*x), sum[1] + f64::from(*y)]);
        let (mass, center_of_mass) = (range.len() as f32, sum.map(|sum| (sum / range.len() as f64) as f32));
        let is_leaf = range.len() == 1 || level == 0;
        let leaf = if is_leaf { range.clone() } else { 0..0 };
        self.cells.push(Cell { center_of_mass, mass, width, skip: 1, leaf });
        if !is_leaf {
            let quarter = |key: u64| (key >> (2 * (level - 1))) & 3;
            let mut start = range.start;
            for child in keyed[range].chunk_by(|left, right| quarter(left.0) == quarter(right.0)) {
                self.add(keyed, start..start + child.len(), level - 1, width / 2.0);
                start += child.len();
            }
        }
        self.cells[place].skip = self.cells.len() - place;
    }

    fn push(&self, point: [f32; 2], squared_angle: f32) -> (f64, [f32; 2]) {
        let (mut sum, mut force) = (0.0_f64, [0.0_f64; 2]);
        let mut add = |mass: f32, other: [f32; 2]| {
            let (dx, dy) = (point[0] - other[0], point[1] - other[1]);
            let similarity = 1.0 / (1.0 + dx * dx + dy * dy);
            let weight = f64::from(mass * similarity);
            sum += weight;
            force[0] += weight * f64::from(similarity * dx);
            force[1] += weight * f64::from(similarity * dy);
        };
        let mut place = 0;
        while let Some(cell) = self.cells.get(place) {
            let (dx, dy) = (point[0] - cell.center_of_mass[0], point[1] - cell.center_of_mass[1]);
            if cell.width * cell.width < squared_angle * (dx * dx + dy * dy) {
                add(cell.mass, cell.center_of_mass);
                place += cell.skip;
            } else {
                self.points[cell.leaf.clone()].iter().for_each(|other| add(1.0, *other));
                place += 1;
            }
        }
        let force = force.map(|force| force as f32);
        (sum, force)
    }
}
