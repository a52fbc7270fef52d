//! Where training starts: how rows are scaled, the principal axes in the direct map, random weights elsewhere.

use ndarray::{Array2, ArrayView2};
use rand::RngExt;

use super::layout::{CodeKind, Dense, Layout};
use super::network::Scaling;
use super::options::{Activation, LinearPath, Loss, Options};
use crate::pca::Pca;
use crate::seed::{Generator, Seed, Stream};

/// Rows of counts that are looked at to find where to start.
const COUNT_ROWS: usize = 5_000;

/// The parameters and the scaling that training starts from.
pub(super) struct Start {
    pub(super) scaling: Scaling,
    pub(super) parameters: Vec<f32>,
}

/// The start for `layout`; `pca` is that of the training rows.
pub(super) fn start(
    options: &Options,
    layout: &Layout,
    data: ArrayView2<f32>,
    training: &[usize],
    pca: &Pca,
    seed: Seed,
) -> Start {
    let mut parameters = vec![0.0; layout.length];
    let mut generator = seed.stream(Stream::Weights);
    let linear = options.linear_path == LinearPath::Pca;
    for layer in &layout.encoder {
        spread(layer, options.activation, &mut parameters, &mut generator);
    }
    // The last layers of the deep paths start at zero beside a direct map, so that it alone speaks at first.
    let tied = bool::from(options.tied);
    for (layer, hushed) in [(&layout.code, linear), (&layout.output, linear && !tied)] {
        if let (Some(layer), false) = (layer, hushed) {
            spread(layer, Activation::Tanh, &mut parameters, &mut generator);
        }
    }
    for layer in layout.decoder.iter().filter(|layer| !layer.mirrored) {
        spread(layer, options.activation, &mut parameters, &mut generator);
    }
    if !options.loss.is_for_counts() {
        let scaling = if linear { scaling_of(pca) } else { Scaling::plain(layout.columns) };
        set_output_bias(layout, &mut parameters, &scaling, pca.mean.as_slice().unwrap_or(&[]), linear);
        set_direct(layout, &mut parameters, pca, scaling.factor);
        set_noise(layout, &mut parameters, pca);
        return Start { scaling, parameters };
    }
    let (inputs, means, row_sum) = count_inputs(data, training);
    let rows: Vec<usize> = (0..inputs.nrows()).collect();
    let input_pca = Pca::fit(inputs.view(), &rows, layout.code_size, seed);
    let scaling = Scaling { row_sum, ..if linear { scaling_of(&input_pca) } else { Scaling::plain(layout.columns) } };
    let bias = layout.output_bias.range().start;
    for (to, mean) in parameters[bias..bias + layout.columns].iter_mut().zip(&means) {
        *to = mean.max(1e-6).ln();
    }
    for logit in &mut parameters[bias + layout.columns..bias + layout.outputs()] {
        *logit = -2.0;
    }
    set_direct(layout, &mut parameters, &input_pca, scaling.factor);
    Start { scaling, parameters }
}

impl Scaling {
    /// Rows enter as they are.
    pub(super) fn plain(columns: usize) -> Self {
        Self { mean: vec![0.0; columns], factor: 1.0, row_sum: 1.0 }
    }
}

/// Centered, and a mean variance of 1 over the features: the network sees the same whatever the units.
fn scaling_of(pca: &Pca) -> Scaling {
    let variance = pca.total_variance / pca.mean.len().max(1) as f64;
    let factor = if variance > 0.0 { variance.sqrt().recip() as f32 } else { 1.0 };
    let factor = if factor.is_finite() && factor > 0.0 { factor } else { 1.0 };
    Scaling { mean: pca.mean.to_vec(), factor, row_sum: 1.0 }
}

/// Uniform weights whose variance keeps that of the signal (He 2015 for halves, Glorot & Bengio 2010 for the others).
fn spread(layer: &Dense, activation: Activation, parameters: &mut [f32], generator: &mut Generator) {
    let (inputs, outputs) = (layer.weight.inputs as f32, layer.weight.outputs as f32);
    let bound = match activation {
        Activation::Relu | Activation::Gelu | Activation::Elu => (6.0 / inputs).sqrt(),
        Activation::Tanh => (6.0 / (inputs + outputs)).sqrt(),
        Activation::Sigmoid => 4.0 * (6.0 / (inputs + outputs)).sqrt(),
    };
    for weight in &mut parameters[layer.weight.range()] {
        *weight = generator.random_range(-bound..bound);
    }
}

fn set_output_bias(layout: &Layout, parameters: &mut [f32], scaling: &Scaling, mean: &[f32], linear: bool) {
    if layout.loss == Loss::Bce && linear {
        for (bias, mean) in parameters[layout.output_bias.range()].iter_mut().zip(mean) {
            let share = mean.clamp(0.01, 0.99);
            *bias = (share / (1.0 - share)).ln();
        }
    } else if linear {
        // Squared error is measured on centered rows.
        for (bias, (mean, center)) in
            parameters[layout.output_bias.range()].iter_mut().zip(mean.iter().zip(&scaling.mean))
        {
            *bias = (mean - center) * scaling.factor;
        }
    }
}

/// The principal axes as the direct map; a code that cannot be negative gets each of half as many axes both ways round,
/// a variational one gets them at variance 1. Nodes beyond the axes there are stay at zero.
fn set_direct(layout: &Layout, parameters: &mut [f32], pca: &Pca, factor: f32) {
    let Some(direct) = &layout.direct else { return };
    // σ rises by a quarter per unit at its middle; means of counts are logarithmic like their inputs.
    let gain = match layout.loss {
        Loss::Mse | Loss::Auto => 1.0,
        Loss::Bce => 4.0 / factor,
        Loss::Poisson | Loss::Nb | Loss::Zinb => 1.0 / factor,
    };
    for node in 0..layout.code_size {
        let (axis, sign) = match layout.code_kind {
            CodeKind::Positive => (node / 2, if node % 2 == 0 { 1.0 } else { -1.0 }),
            _ => (node, 1.0),
        };
        if axis >= pca.count() {
            break;
        }
        let spread = (pca.variances[axis].sqrt() as f32 * factor).max(1e-3);
        let (shrink, grow) = if layout.code_kind == CodeKind::Normal { (1.0 / spread, spread) } else { (1.0, 1.0) };
        let axis = pca.axes.row(axis);
        let mut encoder = direct.encoder.view_mut(parameters);
        encoder.column_mut(node).assign(&(&axis * (sign * shrink)));
        if !direct.mirrored {
            let mut decoder = direct.decoder.view_mut(parameters);
            decoder.row_mut(node).assign(&(&axis * (sign * grow * gain)));
        }
    }
}

/// The noise that principal component analysis leaves, and what it makes uncertain in the code (Tipping & Bishop 1999).
fn set_noise(layout: &Layout, parameters: &mut [f32], pca: &Pca) {
    let left = (pca.total_variance - pca.variances.sum()) / (layout.columns.max(1) as f64);
    let noise = left.max(1e-12 * pca.total_variance).max(1e-20);
    if let Some(tensor) = &layout.noise {
        parameters[tensor.start] = (0.5 * noise.ln()) as f32;
    }
    if let (CodeKind::Normal, Some(code), Some(_)) = (layout.code_kind, &layout.code, &layout.direct) {
        let start = code.bias.start + layout.code_size;
        for (node, bias) in parameters[start..start + layout.code_size].iter_mut().enumerate() {
            let variance = pca.variances.get(node).copied().unwrap_or(0.0);
            *bias = ((noise / (variance + noise)).ln() as f32).clamp(-6.0, 0.0);
        }
    }
}

/// Logarithmic rows as the network sees them, the mean of every feature per size, and the mean sum of a row.
fn count_inputs(data: ArrayView2<f32>, training: &[usize]) -> (Array2<f32>, Vec<f32>, f32) {
    let step = training.len().div_ceil(COUNT_ROWS).max(1);
    let rows: Vec<usize> = training.iter().copied().step_by(step).collect();
    let sums: Vec<f64> = rows.iter().map(|row| data.row(*row).iter().map(|value| f64::from(*value)).sum()).collect();
    let row_sum = (sums.iter().sum::<f64>() / sums.len().max(1) as f64).max(1e-6);
    let mut inputs = Array2::zeros((rows.len(), data.ncols()));
    let mut means = vec![0.0_f32; data.ncols()];
    for ((mut input, row), sum) in inputs.rows_mut().into_iter().zip(&rows).zip(&sums) {
        let size = if *sum > 0.0 { (sum / row_sum) as f32 } else { 1.0 };
        for ((to, value), mean) in input.iter_mut().zip(data.row(*row)).zip(&mut means) {
            *to = (value / size).ln_1p();
            *mean += value / size / rows.len() as f32;
        }
    }
    (inputs, means, row_sum as f32)
}
