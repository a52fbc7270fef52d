//! A chunk of rows on its way through the network, in buffers made once.
//!
//! A chunk knows nothing of other chunks: threads take one each, and the gradient of a weight is summed over the chunks
//! in their order, so the number of threads changes no bit.

use ndarray::{Array2, ArrayView1};

use super::layout::{CodeKind, Dense, Layout};
use super::loss;
use super::math::{scale_into, squared_distance, unscale};
use super::options::Loss;
use super::sparse::Sparse;

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
    pub(super) slopes: Array2<f32>,
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
    /// The same where rows are sparse: what differs from the commonest values.
    pub(super) sparse: Option<Sparse>,
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
            sparse: (!layout.common.is_empty()).then(Sparse::default),
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
            sparse: None,
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
    pub(super) fn take(&mut self, row: usize, values: ArrayView1<f32>, layout: &Layout, scaling: &Scaling) {
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
        scale_into(input, target, &scaling.mean, scaling.factor);
        if layout.loss == Loss::Mse {
            target.copy_from_slice(input);
        }
    }

    /// `output` becomes the reconstruction in the units of the data.
    pub(super) fn reconstruct(&mut self, layout: &Layout, scaling: &Scaling) {
        let (columns, outputs) = (layout.columns, layout.outputs());
        let back = 1.0 / scaling.factor;
        for row in 0..self.rows {
            let output = &mut front(&mut self.output, CHUNK)[row * outputs..(row + 1) * outputs];
            if layout.loss == Loss::Mse {
                unscale(output, &scaling.mean, back);
            } else {
                loss::to_means(layout.loss, output, columns, self.size[row]);
            }
        }
    }

    /// Adds to `squared_error` what the reconstruction in `output` misses of `row`.
    pub(super) fn miss(&mut self, row: usize, values: ArrayView1<f32>) -> f64 {
        let output = self.output.row(row);
        let error = match (values.as_slice(), output.as_slice()) {
            (Some(values), Some(output)) => squared_distance(values, &output[..values.len()]),
            _ => values.iter().zip(output).map(|(value, output)| f64::from(value - output).powi(2)).sum(),
        };
        self.result.squared_error += error;
        error
    }
}

/// The first `rows` rows of a buffer as one slice.
pub(super) fn front(buffer: &mut Array2<f32>, rows: usize) -> &mut [f32] {
    let width = buffer.ncols();
    // Buffers are made row-major and never reshaped.
    buffer.as_slice_mut().map_or(&mut [], |all| &mut all[..rows * width])
}
