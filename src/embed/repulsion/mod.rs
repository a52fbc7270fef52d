//! The forces that push all points apart: exact, by Barnes–Hut, or by interpolation on a mesh.
//!
//! ```text
//! F_i = Σ_j (y_i − y_j) / (1 + |y_i − y_j|²)²        Z = Σ_{i≠j} 1 / (1 + |y_i − y_j|²)
//! ```

pub(super) mod barnes_hut;
pub(super) mod exact;
pub(super) mod interpolation;

use crate::embed::repulsion::interpolation::Mesh;

/// How wide a cell may look before it is opened: 0 opens all, 0.5 is the usual choice.
pub(super) const ANGLE: f32 = 0.5;

/// A way to compute the repulsive forces, with its buffers.
pub(super) enum Repulsion {
    /// Every pair.
    Exact,
    /// A tree of cells; far ones act as one point.
    BarnesHut,
    /// A mesh and a Fourier transform.
    Interpolation(Box<Mesh>),
}

impl Repulsion {
    /// Overwrites `forces` with the force on every point and gives the normalization `Z`.
    pub(super) fn forces(&mut self, points: &[[f32; 2]], forces: &mut [[f32; 2]]) -> f64 {
        match self {
            Self::Exact => exact::forces(points, forces),
            Self::BarnesHut => barnes_hut::forces(points, ANGLE, forces),
            Self::Interpolation(mesh) => mesh.forces(points, forces),
        }
    }
}

#[cfg(test)]
mod tests;
