//! Decompositions and products on one thread.
//!
//! `faer`'s plain methods divide work among as many threads as there are, wherever some crate of the build switches that on,
//! and the division moves the last bits. Here it is said: results are the same bits for any number of threads.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
};
use faer::linalg::matmul::matmul;
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::{Accum, Conj, Mat, MatRef, Par};

/// The eigenvalues of a symmetric matrix, in ascending order, and its eigenvectors as columns, from the lower triangle.
/// `None` where the matrix is not finite.
pub(crate) fn eigen(matrix: MatRef<f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let side = matrix.nrows();
    let (mut vectors, mut values) = (Mat::zeros(side, side), Diag::zeros(side));
    let need = self_adjoint_evd_scratch::<f64>(side, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    with_room(need, |stack| {
        self_adjoint_evd(matrix, values.as_mut(), Some(vectors.as_mut()), Par::Seq, stack, Default::default())
    })
    .ok()?;
    Some((values.column_vector().iter().copied().collect(), vectors))
}

/// An orthonormal basis of the columns.
pub(super) fn orthonormal(vectors: MatRef<f64>) -> Mat<f64> {
    let (rows, columns) = vectors.shape();
    let (size, block) = (rows.min(columns), recommended_block_size::<f64>(rows, columns));
    let (mut reflections, mut weights) = (vectors.to_owned(), Mat::zeros(block, size));
    with_room(qr_in_place_scratch::<f64>(rows, columns, block, Par::Seq, Default::default()), |stack| {
        qr_in_place(reflections.as_mut(), weights.as_mut(), Par::Seq, stack, Default::default());
    });
    let mut basis = Mat::identity(rows, size);
    with_room(apply_scratch::<f64>(rows, block, size), |stack| {
        let reflections = reflections.subcols(0, size);
        apply(reflections, weights.as_ref(), Conj::No, basis.as_mut(), Par::Seq, stack);
    });
    basis
}

/// `left · right`.
pub(super) fn times(left: MatRef<f64>, right: MatRef<f64>) -> Mat<f64> {
    let mut out = Mat::zeros(left.nrows(), right.ncols());
    matmul(out.as_mut(), Accum::Replace, left, right, 1.0, Par::Seq);
    out
}

fn with_room<T>(need: StackReq, work: impl FnOnce(&mut MemStack) -> T) -> T {
    work(MemStack::new(&mut MemBuffer::new(need)))
}
