//! The forward and backward passes over a chunk of rows, in buffers made once.
//!
//! A chunk knows nothing of other chunks: threads take one each, and the gradient of a weight is summed over the chunks
//! in their order, so the number of threads changes no bit.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::activation::{add_bias, through};
use super::layout::{CodeKind, Dense, Layout};
use super::loss;
use super::math::{exp, sigmoid, sum_of, wide};
use super::options::Loss;
use crate::matmul::matmul;

/// Rows of a chunk.
pub(super) const CHUNK: usize = 64;

/// How rows enter the network and what the output stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaling {
    /// Subtracted from every input (for counts: from `ln(1 + x / size)`).
    pub(super) mean: Vec<f32>,
    /// Then every input is multiplied by this.
    pub(super) factor: f32,
    /// The mean sum of a row of counts; a row's size factor is its sum over this.
    pub(super) row_sum: f32,
}

/// What a pass over the code does beside passing it on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CodePrice {
    /// The price on the sum of the nodes.
    pub(super) l1: f32,
    /// The price on the divergence from the standard normal.
    pub(super) beta: f32,
    /// Nats per node that cost nothing.
    pub(super) free: f32,
}

impl CodePrice {
    pub(super) const NONE: Self = Self { l1: 0.0, beta: 0.0, free: 0.0 };
}

/// One hidden layer's buffers.
#[derive(Debug, Clone)]
pub(super) struct Nodes {
    pub(super) values: Array2<f32>,
    slopes: Array2<f32>,
    pub(super) gradient: Array2<f32>,
}

impl Nodes {
    fn new(width: usize) -> Self {
        let zeros = Array2::zeros((CHUNK, width));
        Self { values: zeros.clone(), slopes: zeros.clone(), gradient: zeros }
    }
}

/// Sums over the rows of a chunk.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    /// Of the loss without prices.
    pub(super) loss: f64,
    /// Of the divergence from the standard normal, unweighted.
    pub(super) divergence: f64,
    /// Of what sparsity costs.
    pub(super) penalty: f64,
    /// Nodes of the code that are not at rest.
    pub(super) active: f64,
    /// Of the squared error in the units of the data; only where asked for.
    pub(super) squared_error: f64,
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.loss += other.loss;
        self.divergence += other.divergence;
        self.penalty += other.penalty;
        self.active += other.active;
        self.squared_error += other.squared_error;
    }
}

/// The buffers of one chunk of rows.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) rows: usize,
    /// What the output is compared with.
    pub(super) target: Array2<f32>,
    /// What enters the network.
    pub(super) input: Array2<f32>,
    /// The size factor of every row of counts.
    pub(super) size: Vec<f32>,
    pub(super) encoder: Vec<Nodes>,
    /// The sums of the code layer: values, or means and logarithmic variances.
    pub(super) sums: Array2<f32>,
    /// The code.
    pub(super) code: Array2<f32>,
    pub(super) code_gradient: Array2<f32>,
    pub(super) sums_gradient: Array2<f32>,
    /// Standard normal draws of a variational code; zero gives the means.
    pub(super) draws: Array2<f32>,
    pub(super) decoder: Vec<Nodes>,
    /// Raw outputs, then their gradient.
    pub(super) output: Array2<f32>,
    pub(super) dispersion_gradient: Array2<f32>,
    pub(super) noise_gradient: Array2<f32>,
    pub(super) result: Sums,
}

impl Chunk {
    pub(super) fn new(layout: &Layout) -> Self {
        let buffer = |width| Array2::zeros((CHUNK, width));
        let nodes = |layers: &[Dense]| layers.iter().map(|layer| Nodes::new(layer.outputs())).collect();
        Self {
            rows: 0,
            target: buffer(layout.columns),
            input: buffer(layout.columns),
            size: vec![1.0; CHUNK],
            encoder: nodes(&layout.encoder),
            sums: buffer(layout.code_sums()),
            code: buffer(layout.code_size),
            code_gradient: buffer(layout.code_size),
            sums_gradient: buffer(layout.code_sums()),
            draws: buffer(if layout.code_kind == CodeKind::Normal { layout.code_size } else { 0 }),
            decoder: nodes(&layout.decoder),
            output: buffer(layout.outputs()),
            dispersion_gradient: buffer(layout.dispersion.as_ref().map_or(0, |tensor| tensor.outputs)),
            noise_gradient: buffer(usize::from(layout.noise.is_some())),
            result: Sums::default(),
        }
    }

    /// The buffers that the principal axes alone need.
    pub(super) fn of_principal(columns: usize, code_size: usize) -> Self {
        let buffer = |width| Array2::zeros((CHUNK, width));
        Self {
            rows: CHUNK,
            target: buffer(0),
            input: buffer(columns),
            size: vec![1.0; CHUNK],
            encoder: Vec::new(),
            sums: buffer(0),
            code: buffer(code_size),
            code_gradient: buffer(0),
            sums_gradient: buffer(0),
            draws: buffer(0),
            decoder: Vec::new(),
            output: buffer(columns),
            dispersion_gradient: buffer(0),
            noise_gradient: buffer(0),
            result: Sums::default(),
        }
    }

    /// Takes the row `values` in at place `row`: target and clean input.
    pub(super) fn take(&mut self, row: usize, values: ndarray::ArrayView1<f32>, layout: &Layout, scaling: &Scaling) {
        let (mut target, mut input) = (self.target.row_mut(row), self.input.row_mut(row));
        let (Some(target), Some(input)) = (target.as_slice_mut(), input.as_slice_mut()) else { return };
        match values.as_slice() {
            Some(values) => target.copy_from_slice(values),
            None => target.iter_mut().zip(values).for_each(|(target, value)| *target = *value),
        }
        if layout.loss.is_for_counts() {
            let sum: f64 = target.iter().map(|value| f64::from(*value)).sum();
            // A row without a count has no size of its own.
            let size = if sum > 0.0 { (sum / f64::from(scaling.row_sum)) as f32 } else { 1.0 };
            self.size[row] = size;
            for ((input, value), mean) in input.iter_mut().zip(&*target).zip(&scaling.mean) {
                *input = ((value / size).ln_1p() - mean) * scaling.factor;
            }
            return;
        }
        wide(|| {
            for ((input, value), mean) in input.iter_mut().zip(&*target).zip(&scaling.mean) {
                *input = (value - mean) * scaling.factor;
            }
        });
        if layout.loss == Loss::Mse {
            target.copy_from_slice(input);
        }
    }

    /// From `input` to `code`.
    pub(super) fn encode(&mut self, layout: &Layout, parameters: &[f32], price: CodePrice) {
        let rows = self.rows;
        let used = s![..rows, ..];
        let mut from = self.input.slice(used);
        for (layer, nodes) in layout.encoder.iter().zip(&mut self.encoder) {
            forward(layer, parameters, from, 0.0, nodes.values.slice_mut(used));
            layout.activation.apply(
                &parameters[layer.bias.range()],
                front(&mut nodes.values, rows),
                front(&mut nodes.slopes, rows),
            );
            from = nodes.values.slice(used);
        }
        if let Some(layer) = &layout.code {
            forward(layer, parameters, from, 0.0, self.sums.slice_mut(used));
            add_bias(front(&mut self.sums, rows), &parameters[layer.bias.range()]);
        }
        if let Some(direct) = &layout.direct {
            let keep = if layout.code.is_some() { 1.0 } else { 0.0 };
            let to = self.sums.slice_mut(s![..rows, ..layout.code_size]);
            matmul(self.input.slice(used), direct.encoder.view(parameters), keep, to);
        }
        self.result = Sums::default();
        self.settle_code(layout, price);
    }

    /// From the code layer's sums to the code; what the code costs, and the gradient of that by the sums, goes into
    /// `sums_gradient`, per row and not yet scaled.
    fn settle_code(&mut self, layout: &Layout, price: CodePrice) {
        let (rows, size) = (self.rows, layout.code_size);
        let sums = front(&mut self.sums, rows);
        let code = front(&mut self.code, rows);
        match layout.code_kind {
            CodeKind::Linear => {
                code.copy_from_slice(sums);
                self.result.active = (rows * size) as f64;
            }
            CodeKind::Positive => {
                wide(|| code.iter_mut().zip(&*sums).for_each(|(code, sum)| *code = sum.max(0.0)));
                self.result.penalty = f64::from(price.l1) * sum_of(code, code, |value, _| value);
                self.result.active = code.iter().filter(|value| **value > 0.0).count() as f64;
            }
            CodeKind::Unit => {
                wide(|| code.iter_mut().zip(&*sums).for_each(|(code, sum)| *code = sigmoid(*sum)));
                self.result.active = code.iter().filter(|value| **value > 0.5).count() as f64;
            }
            CodeKind::Normal => {
                let (draws, gradient) = (front(&mut self.draws, rows), front(&mut self.sums_gradient, rows));
                for (((sums, code), draws), gradient) in sums
                    .chunks_exact_mut(2 * size)
                    .zip(code.chunks_exact_mut(size))
                    .zip(draws.chunks_exact(size))
                    .zip(gradient.chunks_exact_mut(2 * size))
                {
                    let (means, log_variances) = sums.split_at_mut(size);
                    for node in 0..size {
                        log_variances[node] = log_variances[node].clamp(-LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE);
                        code[node] = means[node] + draws[node] * exp(0.5 * log_variances[node]);
                        let (nats, by_mean, by_log_variance) = loss::divergence(means[node], log_variances[node]);
                        self.result.divergence += f64::from(nats);
                        let weight = if nats > price.free { price.beta } else { 0.0 };
                        gradient[node] = weight * by_mean;
                        gradient[size + node] = weight * by_log_variance;
                    }
                }
                self.result.active = (rows * size) as f64;
            }
        }
    }

    /// From `code` to raw `output`.
    pub(super) fn decode(&mut self, layout: &Layout, parameters: &[f32]) {
        let rows = self.rows;
        let used = s![..rows, ..];
        let mut from = self.code.slice(used);
        for (layer, nodes) in layout.decoder.iter().zip(&mut self.decoder) {
            forward(layer, parameters, from, 0.0, nodes.values.slice_mut(used));
            layout.activation.apply(
                &parameters[layer.bias.range()],
                front(&mut nodes.values, rows),
                front(&mut nodes.slopes, rows),
            );
            from = nodes.values.slice(used);
        }
        if let Some(layer) = &layout.output {
            forward(layer, parameters, from, 0.0, self.output.slice_mut(used));
        }
        if let Some(direct) = &layout.direct {
            let keep = if layout.output.is_some() { 1.0 } else { 0.0 };
            let to = self.output.slice_mut(s![..rows, ..layout.columns]);
            matmul(self.code.slice(used), direct.decoder_matrix(parameters), keep, to);
        }
        add_bias(front(&mut self.output, rows), &parameters[layout.output_bias.range()]);
        if layout.output.is_none() && layout.outputs() > layout.columns {
            // Without deep layers the logits of dropping are their biases alone.
            let bias = &parameters[layout.output_bias.range()][layout.columns..];
            for mut row in self.output.slice_mut(s![..rows, layout.columns..]).rows_mut() {
                row.iter_mut().zip(bias).for_each(|(logit, bias)| *logit = *bias);
            }
        }
    }

    /// The loss of every row; `output` becomes its gradient over `batch` rows.
    pub(super) fn lose(&mut self, layout: &Layout, parameters: &[f32], scaling: &Scaling, batch: usize) {
        let scale = 1.0 / batch as f32;
        let columns = layout.columns;
        let unscale = 1.0 / (scaling.factor * scaling.factor);
        let mut total = 0.0;
        for row in 0..self.rows {
            let target = &self.target.as_slice().unwrap_or(&[])[row * columns..(row + 1) * columns];
            let outputs = layout.outputs();
            let output = &mut front(&mut self.output, CHUNK)[row * outputs..(row + 1) * outputs];
            total += match (layout.loss, &layout.noise) {
                (Loss::Mse | Loss::Auto, None) => loss::squared_error(target, output, unscale, scale),
                (Loss::Mse | Loss::Auto, Some(noise)) => {
                    // The normal distribution with a standard deviation that is learned along.
                    let log_sd = parameters[noise.start].clamp(-10.0, 10.0);
                    let precision = exp(-2.0 * log_sd);
                    let half = loss::squared_error(target, output, 0.5 * unscale * precision, scale);
                    let width = columns as f64;
                    self.noise_gradient[(row, 0)] = ((width - 2.0 * half) * f64::from(scale)) as f32;
                    half + width * (f64::from(log_sd) + HALF_LN_TWO_PI)
                }
                (Loss::Bce, _) => loss::binary_cross_entropy(target, output, scale),
                (kind, _) => {
                    let dispersion = layout.dispersion.as_ref().map_or(&[][..], |tensor| &parameters[tensor.range()]);
                    let width = self.dispersion_gradient.ncols();
                    let gradient = &mut front(&mut self.dispersion_gradient, CHUNK)[row * width..(row + 1) * width];
                    loss::counts(kind, target, self.size[row], output, dispersion, gradient, scale)
                }
            };
        }
        self.result.loss = total;
    }

    /// The squared error of every row in the units of the data; `output` becomes the reconstruction in these units.
    pub(super) fn reconstruct(&mut self, layout: &Layout, scaling: &Scaling) {
        let (columns, outputs) = (layout.columns, layout.outputs());
        let back = 1.0 / scaling.factor;
        for row in 0..self.rows {
            let output = &mut front(&mut self.output, CHUNK)[row * outputs..(row + 1) * outputs];
            if layout.loss == Loss::Mse {
                wide(|| {
                    for (output, mean) in output.iter_mut().zip(&scaling.mean) {
                        *output = *output * back + mean;
                    }
                });
            } else {
                loss::to_means(layout.loss, output, columns, self.size[row]);
            }
        }
    }

    /// Adds to `squared_error` what the reconstruction in `output` misses of `row`.
    pub(super) fn miss(&mut self, row: usize, values: ndarray::ArrayView1<f32>) -> f64 {
        let output = self.output.row(row);
        let error = match (values.as_slice(), output.as_slice()) {
            (Some(values), Some(output)) => {
                wide(|| sum_of(values, &output[..values.len()], |value, output| (value - output) * (value - output)))
            }
            _ => values.iter().zip(output).map(|(value, output)| f64::from(value - output).powi(2)).sum(),
        };
        self.result.squared_error += error;
        error
    }

    /// From the gradient in `output` back to that of every layer's sums. `pull` is added to the gradient of every code.
    pub(super) fn backward(
        &mut self,
        layout: &Layout,
        parameters: &[f32],
        price: CodePrice,
        pull: Option<&[f32]>,
        batch: usize,
    ) {
        let rows = self.rows;
        let used = s![..rows, ..];
        let outputs = self.output.slice(used);
        if let Some(layer) = &layout.output {
            let to = match self.decoder.last_mut() {
                Some(nodes) => nodes.gradient.slice_mut(used),
                None => self.code_gradient.slice_mut(used),
            };
            matmul(outputs, layer.matrix(parameters).reversed_axes(), 0.0, to);
        }
        for index in (0..self.decoder.len()).rev() {
            let (before, rest) = self.decoder.split_at_mut(index);
            let nodes = &mut rest[0];
            through(front(&mut nodes.gradient, rows), front(&mut nodes.slopes, rows));
            let to = match before.last_mut() {
                Some(nodes) => nodes.gradient.slice_mut(used),
                None => self.code_gradient.slice_mut(used),
            };
            matmul(nodes.gradient.slice(used), layout.decoder[index].matrix(parameters).reversed_axes(), 0.0, to);
        }
        if let Some(direct) = &layout.direct {
            let keep = if layout.output.is_some() { 1.0 } else { 0.0 };
            let outputs = self.output.slice(s![..rows, ..layout.columns]);
            let matrix = direct.decoder_matrix(parameters).reversed_axes();
            matmul(outputs, matrix, keep, self.code_gradient.slice_mut(used));
        }
        self.unsettle_code(layout, price, pull, batch);
        if let (Some(layer), Some(nodes)) = (&layout.code, self.encoder.last_mut()) {
            let matrix = layer.matrix(parameters).reversed_axes();
            matmul(self.sums_gradient.slice(used), matrix, 0.0, nodes.gradient.slice_mut(used));
        }
        for index in (0..self.encoder.len()).rev() {
            let (before, rest) = self.encoder.split_at_mut(index);
            let nodes = &mut rest[0];
            through(front(&mut nodes.gradient, rows), front(&mut nodes.slopes, rows));
            if let Some(earlier) = before.last_mut() {
                let matrix = layout.encoder[index].matrix(parameters).reversed_axes();
                matmul(nodes.gradient.slice(used), matrix, 0.0, earlier.gradient.slice_mut(used));
            }
        }
    }

    /// From the gradient of the code to that of its layer's sums.
    fn unsettle_code(&mut self, layout: &Layout, price: CodePrice, pull: Option<&[f32]>, batch: usize) {
        let (rows, size) = (self.rows, layout.code_size);
        let scale = 1.0 / batch as f32;
        let code = front(&mut self.code, rows);
        let from = front(&mut self.code_gradient, rows);
        let to = front(&mut self.sums_gradient, rows);
        if let Some(pull) = pull {
            for row in from.chunks_exact_mut(size) {
                row.iter_mut().zip(pull).for_each(|(gradient, pull)| *gradient += pull * scale);
            }
        }
        match layout.code_kind {
            CodeKind::Linear => to.copy_from_slice(from),
            CodeKind::Positive => wide(|| {
                for ((to, from), code) in to.iter_mut().zip(&*from).zip(&*code) {
                    *to = if *code > 0.0 { from + price.l1 * scale } else { 0.0 };
                }
            }),
            CodeKind::Unit => wide(|| {
                for ((to, from), code) in to.iter_mut().zip(&*from).zip(&*code) {
                    *to = from * code * (1.0 - code);
                }
            }),
            CodeKind::Normal => {
                let (sums, draws) = (front(&mut self.sums, rows), front(&mut self.draws, rows));
                for (((to, from), sums), draws) in to
                    .chunks_exact_mut(2 * size)
                    .zip(from.chunks_exact(size))
                    .zip(sums.chunks_exact(2 * size))
                    .zip(draws.chunks_exact(size))
                {
                    for node in 0..size {
                        let log_variance = sums[size + node];
                        let inside = log_variance.abs() < LARGEST_LOG_VARIANCE;
                        let by_draw = 0.5 * draws[node] * exp(0.5 * log_variance) * from[node];
                        to[node] = to[node] * scale + from[node];
                        to[size + node] = if inside { to[size + node] * scale + by_draw } else { 0.0 };
                    }
                }
            }
        }
    }
}

const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;
/// Logarithmic variances of a code beyond this are held there.
const LARGEST_LOG_VARIANCE: f32 = 12.0;

fn forward(layer: &Dense, parameters: &[f32], from: ArrayView2<f32>, keep: f32, to: ArrayViewMut2<f32>) {
    matmul(from, layer.matrix(parameters), keep, to);
}

/// The first `rows` rows of a buffer as one slice.
pub(super) fn front(buffer: &mut Array2<f32>, rows: usize) -> &mut [f32] {
    let width = buffer.ncols();
    // Buffers are made row-major and never reshaped.
    buffer.as_slice_mut().map_or(&mut [], |all| &mut all[..rows * width])
}
