//! The matrix product, on one thread and in one place.
//!
//! Threads split rows among themselves outside; a product inside never starts threads of its own,
//! so that the order of every sum is fixed.
#![expect(unsafe_code, reason = "the `gemm` crate takes pointers; shapes are asserted here")]

use ndarray::{ArrayView2, ArrayViewMut2};

/// `out = keep · out + left · right`, single-threaded.
///
/// # Shapes
/// - `left`: `m × k`, `right`: `k × n`, `out`: `m × n`; any strides (a transposed view costs nothing).
/// - With `keep == 0.0` what `out` held before is never read, so it may be NaN.
///
/// # Panics
/// If the shapes do not fit: shapes are the callers' business, never the user's.
pub fn matmul(left: ArrayView2<f32>, right: ArrayView2<f32>, keep: f32, mut out: ArrayViewMut2<f32>) {
    let ((rows, inner), (inner_right, columns)) = (left.dim(), right.dim());
    assert_eq!(inner, inner_right, "inner dimensions differ");
    assert_eq!(out.dim(), (rows, columns), "the result has another shape");
    let (out_strides, left_strides, right_strides) =
        (strides(out.strides()), strides(left.strides()), strides(right.strides()));
    // SAFETY: the three views are valid for their shapes and strides, the shapes agree as asserted,
    // and `out` is borrowed mutably, so it overlaps neither operand.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            out_strides.1,
            out_strides.0,
            keep != 0.0,
            left.as_ptr(),
            left_strides.1,
            left_strides.0,
            right.as_ptr(),
            right_strides.1,
            right_strides.0,
            keep,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

fn strides(strides: &[isize]) -> (isize, isize) {
    (strides[0], strides[1])
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
        matmul(left.view(), right_transposed.t(), 0.0, out.view_mut());
        assert!((&out - &expected).iter().all(|difference| difference.abs() < 1e-5));
        matmul(left.view(), right.view(), 1.0, out.view_mut());
        assert!((&out - &(&expected * 2.0)).iter().all(|difference| difference.abs() < 1e-5));
    }

    #[test]
    fn an_empty_inner_dimension_gives_zero() {
        let mut out = array![[1.0_f32]];
        matmul(Array2::zeros((1, 0)).view(), Array2::zeros((0, 1)).view(), 0.0, out.view_mut());
        assert_eq!(out, array![[0.0]]);
    }
}
