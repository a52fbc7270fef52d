//! The parts of one iteration over a finished map, each to be called alone: `benches/tsne.rs` says what each costs.

use ndarray::ArrayView2;

use crate::embed::affinity::Affinities;
use crate::embed::descent::{Motion, Phase};
use crate::embed::pairs;
use crate::embed::repulsion::interpolation::{Mesh, SPACING};
use crate::neighbors::Neighbors;

/// A map at rest and the buffers of an iteration on it.
pub struct Parts {
    motion: Motion,
    mesh: Mesh,
}

impl Parts {
    /// The parts for `map` (`n × 1` or `n × 2`), whose rows have these `neighbors`, at the given perplexities.
    ///
    /// # Panics
    /// If the neighbors are those of another number of rows.
    #[must_use]
    pub fn new(map: ArrayView2<f32>, neighbors: &Neighbors, perplexities: &[f64]) -> Self {
        assert_eq!(neighbors.rows(), map.nrows(), "neighbors of other points");
        let mut motion = Motion::new(Affinities::new(neighbors, perplexities), pairs(map), map.ncols());
        motion.sort();
        Self { motion, mesh: Mesh::new(SPACING) }
    }

    /// The pull of the neighbors on every point, and a step of length zero.
    pub fn attract(&mut self) {
        self.motion.advance(&Phase { iterations: 1, exaggeration: 1.0, rate: 0.0, momentum: 0.0, settled: None });
    }

    /// The points spread on the grid.
    pub fn spread(&mut self) {
        self.mesh.spread(&self.motion.points, 0.0);
    }

    /// The grid convolved with the kernel by Fourier transforms; after [`spread`](Self::spread).
    pub fn convolve(&mut self) {
        self.mesh.convolve(self.motion.points.len());
    }

    /// The forces read off the grid; after [`convolve`](Self::convolve).
    pub fn gather(&mut self) {
        self.mesh.gather(&self.motion.points, &mut self.motion.forces);
    }
}
