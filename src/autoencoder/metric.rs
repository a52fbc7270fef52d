//! The metric of the code: a linear change of coordinates that leaves every reconstruction as it is.
//!
//! Training fixes the code only up to what the decoder can undo, so distances between codes mean little by themselves. With
//! `J` the derivative of the reconstruction by the code, `G = mean of Jᵀ J` over the training rows says how far apart in the
//! table a small step in the code leads; codes times the symmetric root of `G` have these distances as their own (the
//! pulled-back metric of Arvanitidis et al. 2018, averaged). The change is folded into the layers on both sides.

use faer::{Mat, Side};
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

use super::layout::{Layout, Weight};
use super::network::{CHUNK, Chunk, CodePrice, Scaling};
use crate::pca::eigen;

/// Training rows over which the metric is averaged.
const ROWS: usize = 512;
/// Numbers that the slopes of the rows taken at once may be, on each thread.
const SLOPES: usize = 1 << 22;
/// The step of the finite differences, in standard deviations of the code.
const STEP: f32 = 0.05;
/// Directions in which a step leads nowhere keep this part of the largest scale, so that the change can be undone.
const FLOOR: f64 = 1e-3;

/// Changes the coordinates of the code in `parameters`.
pub(super) fn turn(
    layout: &Layout,
    scaling: &Scaling,
    parameters: &mut [f32],
    data: ArrayView2<f32>,
    training: &[usize],
) {
    let rows: Vec<usize> = training.iter().copied().step_by(training.len().div_ceil(ROWS).max(1)).collect();
    let metric = mean_metric(layout, scaling, parameters, &data, &rows);
    let Some((root, inverse)) = roots(&metric) else { return };
    let mut multiply = |weight: &Weight, matrix: &Array2<f32>, side: Side| {
        let old = weight.view(parameters);
        let new = if side == Side::Upper { matrix.dot(&old) } else { old.dot(matrix) };
        weight.view_mut(parameters).assign(&new);
    };
    // `Lower` multiplies what leads to the code from the right, `Upper` what leads away from it from the left.
    if let Some(layer) = &layout.code {
        multiply(&layer.weight, &root, Side::Lower);
        multiply(&layer.bias, &root, Side::Lower);
    }
    if let Some(layer) = layout.decoder.first().or(layout.output.as_ref()) {
        multiply(&layer.weight, &inverse, Side::Upper);
    }
    if let Some(direct) = &layout.direct {
        multiply(&direct.encoder, &root, Side::Lower);
        multiply(&direct.decoder, &inverse, Side::Upper);
    }
}

/// The mean of `Jᵀ J` over `rows`, by central differences, in the units of the data.
fn mean_metric(
    layout: &Layout,
    scaling: &Scaling,
    parameters: &[f32],
    data: &ArrayView2<f32>,
    rows: &[usize],
) -> Array2<f64> {
    let size = layout.code_size;
    let at_once = (SLOPES / (size * layout.columns).max(1)).clamp(1, CHUNK);
    let parts: Vec<Array2<f64>> = rows
        .par_chunks(at_once)
        .map(|rows| {
            let mut chunk = Chunk::new(layout);
            chunk.rows = rows.len();
            for (place, row) in rows.iter().enumerate() {
                chunk.take(place, data.row(*row), layout, scaling);
            }
            chunk.encode(layout, parameters, CodePrice::NONE);
            let codes = chunk.code.slice(s![..rows.len(), ..]).to_owned();
            let spread = codes.iter().map(|value| f64::from(value * value)).sum::<f64>() / codes.len() as f64;
            let step = STEP * (spread.sqrt() as f32).max(1e-6);
            let mut shifted = |node: usize, by: f32| {
                chunk.code.slice_mut(s![..rows.len(), ..]).assign(&codes);
                chunk.code.slice_mut(s![..rows.len(), node]).mapv_inplace(|value| value + by);
                chunk.decode(layout, parameters);
                chunk.reconstruct(layout, scaling);
                chunk.output.slice(s![..rows.len(), ..layout.columns]).to_owned()
            };
            let slopes: Vec<Array2<f32>> =
                (0..size).map(|node| (shifted(node, step) - shifted(node, -step)) / (2.0 * step)).collect();
            let mut products = Array2::zeros((size, size));
            for left in 0..size {
                for right in 0..=left {
                    let pairs = slopes[left].iter().zip(&slopes[right]);
                    let sum: f64 = pairs.map(|(left, right)| f64::from(left * right)).sum();
                    (products[(left, right)], products[(right, left)]) = (sum, sum);
                }
            }
            products
        })
        .collect();
    let sum = parts.into_iter().fold(Array2::zeros((size, size)), |sum, part| sum + part);
    sum / rows.len().max(1) as f64
}

/// The symmetric root and its inverse; `None` where the code leads nowhere at all.
fn roots(metric: &Array2<f64>) -> Option<(Array2<f32>, Array2<f32>)> {
    let size = metric.nrows();
    let matrix = Mat::from_fn(size, size, |row, column| metric[(row, column)]);
    let (values, vectors) = eigen(matrix.as_ref())?;
    let scales: Vec<f64> = (0..size).map(|axis| values[axis].max(0.0).sqrt()).collect();
    let floor = scales.iter().fold(0.0_f64, |largest, scale| largest.max(*scale)) * FLOOR;
    if !(floor.is_finite() && floor > 0.0) {
        return None;
    }
    let compose = |scale: &dyn Fn(f64) -> f64| {
        Array2::from_shape_fn((size, size), |(row, column)| {
            let terms = (0..size).map(|axis| vectors[(row, axis)] * scale(scales[axis]) * vectors[(column, axis)]);
            terms.sum::<f64>() as f32
        })
    };
    Some((compose(&|scale| scale.max(floor)), compose(&|scale| 1.0 / scale.max(floor))))
}
