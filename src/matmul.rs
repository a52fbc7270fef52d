//! The matrix product, on one thread and in one place.
//!
//! Threads split rows among themselves outside; a product inside never starts threads of its own,
//! so that the order of every sum is fixed.
#![expect(unsafe_code, reason = "`faer` takes views of any strides as pointers; shapes are asserted here")]

use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{ArrayView2, ArrayViewMut2};

/// What becomes of the values that a product is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// They are never read, so they may be NaN.
    Forget,
    /// The product is added to them.
    Keep,
}

/// `out = left · right` or `out += left · right`, single-threaded.
///
/// # Shapes
/// `left`: `m × k`, `right`: `k × n`, `out`: `m × n`; any strides (a transposed view costs nothing).
///
/// # Panics
/// If the shapes do not fit: shapes are the callers' business, never the user's.
pub fn matmul(left: ArrayView2<f32>, right: ArrayView2<f32>, before: Before, mut out: ArrayViewMut2<f32>) {
    let ((rows, inner), (inner_right, columns)) = (left.dim(), right.dim());
    assert_eq!(inner, inner_right, "inner dimensions differ");
    assert_eq!(out.dim(), (rows, columns), "the result has another shape");
    let product = |of: ArrayView2<f32>| {
        let (rows, columns) = of.dim();
        // SAFETY: a view is valid for its shape and strides, and outlives the product.
        unsafe { MatRef::from_raw_parts(of.as_ptr(), rows, columns, of.strides()[0], of.strides()[1]) }
    };
    let (row_stride, column_stride) = (out.strides()[0], out.strides()[1]);
    // SAFETY: as above; `out` is borrowed mutably, so it overlaps neither operand.
    let to = unsafe { MatMut::from_raw_parts_mut(out.as_mut_ptr(), rows, columns, row_stride, column_stride) };
    let accum = if before == Before::Keep { Accum::Add } else { Accum::Replace };
    faer::linalg::matmul::matmul(to, accum, product(left), product(right), 1.0, Par::Seq);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn agrees_with_ndarray_for_every_layout() {
        let left = Array2::from_shape_fn((7, 5), |(i, j)| (i * 5 + j) as f32 * 0.1 - 1.0);
        let right = Array2::from_shape_fn((5, 9), |(i, j)| (i as f32 - j as f32) * 0.3);
        let expected = left.dot(&right);
        let right_transposed = right.t().to_owned();
        let mut out = Array2::from_elem((7, 9), f32::NAN);
        matmul(left.view(), right_transposed.t(), Before::Forget, out.view_mut());
        assert!((&out - &expected).iter().all(|difference| difference.abs() < 1e-5));
        matmul(left.view(), right.view(), Before::Keep, out.view_mut());
        assert!((&out - &(&expected * 2.0)).iter().all(|difference| difference.abs() < 1e-5));
    }

    #[test]
    fn an_empty_inner_dimension_gives_zero() {
        let mut out = array![[1.0_f32]];
        matmul(Array2::zeros((1, 0)).view(), Array2::zeros((0, 1)).view(), Before::Forget, out.view_mut());
        assert_eq!(out, array![[0.0]]);
    }
}
