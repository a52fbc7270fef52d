//! The forward and backward passes of a chunk.

use ndarray::{ArrayView2, ArrayViewMut2, s};

use super::activation::{add_bias, through};
use super::layout::{Dense, Layout};
use super::loss;
use super::math::exp;
use super::network::{CHUNK, Chunk, CodePrice, Nodes, Scaling, Sums, front};
use super::options::{Activation, Loss};
use super::sparse::Sparse;
use crate::matmul::{Before, matmul};

const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

impl Chunk {
    /// From `input` to `code`.
    pub(super) fn encode(&mut self, layout: &Layout, parameters: &[f32], price: CodePrice) {
        let rows = self.rows;
        let used = s![..rows, ..];
        if let Some(sparse) = &mut self.sparse {
            sparse.gather(front(&mut self.input, rows), &layout.common);
        }
        let input = Rows { dense: self.input.slice(used), sparse: self.sparse.as_ref() };
        climb(&layout.encoder, layout.activation, parameters, input, &mut self.encoder, rows);
        let from = self.encoder.last().map_or(input.reborrow(), |nodes| Rows::dense(nodes.values.slice(used)));
        let mut before = Before::Forget;
        if let Some(layer) = &layout.code {
            from.times(layer.matrix(parameters), before, self.sums.slice_mut(used));
            add_bias(front(&mut self.sums, rows), &parameters[layer.bias.range()]);
            before = Before::Keep;
        }
        if let Some(direct) = &layout.direct {
            let to = self.sums.slice_mut(s![..rows, ..layout.code_size]);
            input.times(direct.encoder.view(parameters), before, to);
        }
        self.result = Sums::default();
        self.settle_code(layout, price);
    }

    /// From `code` to raw `output`.
    pub(super) fn decode(&mut self, layout: &Layout, parameters: &[f32]) {
        let rows = self.rows;
        let used = s![..rows, ..];
        let code = self.code.slice(used);
        climb(&layout.decoder, layout.activation, parameters, Rows::dense(code), &mut self.decoder, rows);
        let from = self.decoder.last().map_or(code, |nodes| nodes.values.slice(used));
        let mut before = Before::Forget;
        if let Some(layer) = &layout.output {
            matmul(from, layer.matrix(parameters), before, self.output.slice_mut(used));
            before = Before::Keep;
        }
        if let Some(direct) = &layout.direct {
            let to = self.output.slice_mut(s![..rows, ..layout.columns]);
            matmul(code, direct.decoder_matrix(parameters), before, to);
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
        if let Some(sparse) = &mut self.sparse {
            sparse.turn(layout.columns);
        }
        let mut before = Before::Forget;
        if let Some(layer) = &layout.output {
            let to = match self.decoder.last_mut() {
                Some(nodes) => nodes.gradient.slice_mut(used),
                None => self.code_gradient.slice_mut(used),
            };
            matmul(self.output.slice(used), layer.matrix(parameters).reversed_axes(), Before::Forget, to);
            descend(&layout.decoder, parameters, &mut self.decoder, Some(self.code_gradient.slice_mut(used)), rows);
            before = Before::Keep;
        }
        if let Some(direct) = &layout.direct {
            let outputs = self.output.slice(s![..rows, ..layout.columns]);
            let matrix = direct.decoder_matrix(parameters).reversed_axes();
            matmul(outputs, matrix, before, self.code_gradient.slice_mut(used));
        }
        self.unsettle_code(layout, price, pull, batch);
        if let (Some(layer), Some(nodes)) = (&layout.code, self.encoder.last_mut()) {
            let matrix = layer.matrix(parameters).reversed_axes();
            matmul(self.sums_gradient.slice(used), matrix, Before::Forget, nodes.gradient.slice_mut(used));
        }
        descend(&layout.encoder, parameters, &mut self.encoder, None, rows);
    }
}

/// Rows on their way into a layer.
#[derive(Clone, Copy)]
struct Rows<'a> {
    dense: ArrayView2<'a, f32>,
    /// The same, where they are sparse.
    sparse: Option<&'a Sparse>,
}

impl<'a> Rows<'a> {
    fn dense(dense: ArrayView2<'a, f32>) -> Self {
        Self { dense, sparse: None }
    }

    /// The same rows for a shorter time.
    fn reborrow<'b>(self) -> Rows<'b>
    where
        'a: 'b,
    {
        Rows { dense: self.dense.reborrow(), sparse: self.sparse }
    }

    /// `out = self · weights` or `out += self · weights`.
    fn times(self, weights: ArrayView2<f32>, before: Before, mut out: ArrayViewMut2<f32>) {
        if let (Some(sparse), Some(out)) = (self.sparse, out.as_slice_mut()) {
            sparse.product(weights, before == Before::Keep, out);
            return;
        }
        matmul(self.dense, weights, before, out);
    }
}

/// From `input` through hidden layers up, each a product, a bias and the activation.
fn climb(
    layers: &[Dense],
    activation: Activation,
    parameters: &[f32],
    input: Rows<'_>,
    nodes: &mut [Nodes],
    rows: usize,
) {
    for (index, layer) in layers.iter().enumerate() {
        let (below, rest) = nodes.split_at_mut(index);
        let nodes = &mut rest[0];
        let from = match below.last() {
            Some(nodes) => Rows::dense(nodes.values.slice(s![..rows, ..])),
            None => input.reborrow(),
        };
        from.times(layer.matrix(parameters), Before::Forget, nodes.values.slice_mut(s![..rows, ..]));
        let bias = &parameters[layer.bias.range()];
        activation.apply(bias, front(&mut nodes.values, rows), front(&mut nodes.slopes, rows));
    }
}

/// From the gradient of the last hidden layer's values down to that of every layer's sums, and to what feeds the first
/// where that is asked for.
fn descend(
    layers: &[Dense],
    parameters: &[f32],
    nodes: &mut [Nodes],
    mut first: Option<ArrayViewMut2<f32>>,
    rows: usize,
) {
    for (index, layer) in layers.iter().enumerate().rev() {
        let (below, rest) = nodes.split_at_mut(index);
        let nodes = &mut rest[0];
        through(front(&mut nodes.gradient, rows), front(&mut nodes.slopes, rows));
        let to = match below.last_mut() {
            Some(nodes) => nodes.gradient.slice_mut(s![..rows, ..]),
            None => match &mut first {
                Some(first) => first.view_mut(),
                None => return,
            },
        };
        let matrix = layer.matrix(parameters).reversed_axes();
        matmul(nodes.gradient.slice(s![..rows, ..]), matrix, Before::Forget, to);
    }
}
