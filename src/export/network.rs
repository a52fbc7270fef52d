//! The autoencoder as nodes of a graph, from its named tensors (see `Autoencoder::to_tensors`).

use std::collections::BTreeMap;

use ndarray::ArrayD;

use super::graph::{Attribute, Graph, Type, Value};
use crate::autoencoder::Activation;
use crate::autoencoder::Autoencoder;
use crate::autoencoder::Code;
use crate::autoencoder::Loss;
use crate::autoencoder::Options;
use crate::autoencoder::Sparsity;

/// Logarithmic variances of a code beyond this are held there, as in the program.
const LARGEST_LOG_VARIANCE: f32 = 12.0;
/// Logarithmic means of counts beyond this are held there, as in the program.
const LARGEST_EXPONENT: f32 = 20.0;

/// An autoencoder's tensors by name.
pub(super) struct Network<'a> {
    options: &'a Options,
    tensors: BTreeMap<String, ArrayD<f32>>,
    columns: usize,
    code_size: usize,
}

/// What leads from a row to its code.
pub(super) struct Encoded {
    /// The codes; the means where the code is variational.
    pub(super) codes: Value,
    /// The logarithms of their variances, where the code is variational.
    pub(super) log_variances: Option<Value>,
}

impl<'a> Network<'a> {
    pub(super) fn of(autoencoder: &'a Autoencoder) -> Self {
        Self {
            options: autoencoder.options(),
            tensors: autoencoder.to_tensors().into_iter().collect(),
            columns: autoencoder.features(),
            code_size: autoencoder.code_size(),
        }
    }

    /// Prepared rows to codes.
    pub(super) fn encode(&self, graph: &mut Graph, rows: &Value) -> Encoded {
        if let (Some(mean), Some(axes)) = (self.tensors.get("principal.mean"), self.tensors.get("principal.axes")) {
            let mean = constant(graph, mean);
            let centered = graph.apply("Sub", &[rows, &mean], &[]);
            let axes = constant(graph, axes);
            let codes = graph.apply("Gemm", &[&centered, &axes], &[Attribute::Int("transB", 1)]);
            return Encoded { codes, log_variances: None };
        }
        let input = self.enter(graph, rows);
        let mut hidden = input.clone();
        for layer in 0.. {
            let Some(weight) = self.tensors.get(&format!("encoder.{layer}.weight")) else { break };
            hidden =
                self.dense(graph, &hidden, weight, Orientation::Stored, &self.vector(&format!("encoder.{layer}.bias")));
            hidden = self.activate(graph, &hidden);
        }
        let variational = matches!(self.options.code, Code::Variational(_));
        let heads = self.tensors.get("code.weight").map(|weight| (weight, self.vector("code.bias")));
        let mut sums = heads.as_ref().map(|(weight, bias)| {
            let mean = weight.slice_axis(ndarray::Axis(0), (..self.code_size).into()).to_owned();
            self.dense(graph, &hidden, &mean, Orientation::Stored, &bias[..self.code_size])
        });
        if let Some(direct) = self.tensors.get("code.direct") {
            let direct = constant(graph, direct);
            let linear = graph.apply("Gemm", &[&input, &direct], &[Attribute::Int("transB", 1)]);
            sums = Some(match sums {
                Some(sums) => graph.apply("Add", &[&sums, &linear], &[]),
                None => linear,
            });
        }
        let sums = sums.unwrap_or(hidden.clone());
        if variational {
            let log_variances = heads.map(|(weight, bias)| {
                let head = weight.slice_axis(ndarray::Axis(0), (self.code_size..).into()).to_owned();
                let value = self.dense(graph, &hidden, &head, Orientation::Stored, &bias[self.code_size..]);
                clip(graph, &value, -LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)
            });
            return Encoded { codes: sums, log_variances };
        }
        let codes = match self.options.sparsity {
            Sparsity::None => sums,
            Sparsity::L1 { .. } | Sparsity::Active(_) => graph.apply("Relu", &[&sums], &[]),
            Sparsity::Kl { .. } => graph.apply("Sigmoid", &[&sums], &[]),
        };
        Encoded { codes, log_variances: None }
    }

    /// Codes to prepared rows.
    pub(super) fn decode(&self, graph: &mut Graph, codes: &Value) -> Value {
        if let (Some(mean), Some(axes)) = (self.tensors.get("principal.mean"), self.tensors.get("principal.axes")) {
            let axes = constant(graph, axes);
            let mean = constant(graph, mean);
            let rows = graph.apply("Gemm", &[codes, &axes, &mean], &[]);
            return if self.options.loss == Loss::Bce { clip(graph, &rows, 0.0, 1.0) } else { rows };
        }
        let mut hidden = codes.clone();
        let layers = (0..).take_while(|layer| self.tensors.contains_key(&format!("decoder.{layer}.bias"))).count();
        for layer in 0..layers {
            let mirrored =
                if layer == 0 { "code.weight".to_owned() } else { format!("encoder.{}.weight", layers - layer) };
            let (weight, orientation) = self.weight_or_mirror(&format!("decoder.{layer}.weight"), &mirrored);
            let bias = self.vector(&format!("decoder.{layer}.bias"));
            if let Some(weight) = weight {
                hidden = self.dense(graph, &hidden, weight, orientation, &bias);
                hidden = self.activate(graph, &hidden);
            }
        }
        let mirrored = if layers > 0 { "encoder.0.weight" } else { "code.weight" };
        let deep = layers > 0 || !self.tensors.contains_key("code.direct");
        let (weight, orientation) =
            if deep { self.weight_or_mirror("output.weight", mirrored) } else { (None, Orientation::Stored) };
        let bias = self.vector("output.bias");
        let mut means = self.head(graph, &hidden, weight, orientation, &bias, 0);
        if let Some(encoder) = self.tensors.get("code.direct") {
            let linear = match self.tensors.get("output.direct") {
                Some(direct) => {
                    let direct = constant(graph, direct);
                    graph.apply("Gemm", &[codes, &direct], &[Attribute::Int("transB", 1)])
                }
                None => {
                    let direct = constant(graph, encoder);
                    graph.apply("Gemm", &[codes, &direct], &[])
                }
            };
            means = graph.apply("Add", &[&means, &linear], &[]);
        }
        match self.options.loss {
            Loss::Mse | Loss::Auto => {
                let back = graph.single(&[], &[1.0 / self.vector("input.factor")[0]]);
                let mean = self.tensors.get("input.mean").map(|mean| constant(graph, mean));
                let spread = graph.apply("Mul", &[&means, &back], &[]);
                mean.map_or(spread.clone(), |mean| graph.apply("Add", &[&spread, &mean], &[]))
            }
            Loss::Bce => graph.apply("Sigmoid", &[&means], &[]),
            Loss::Poisson | Loss::Nb => exponential(graph, &means),
            Loss::Zinb => {
                let expected = exponential(graph, &means);
                let drops = self.head(graph, &hidden, weight, orientation, &bias, self.columns);
                // 1 − σ(z) = σ(−z)
                let against = graph.apply("Neg", &[&drops], &[]);
                let kept = graph.apply("Sigmoid", &[&against], &[]);
                graph.apply("Mul", &[&expected, &kept], &[])
            }
        }
    }

    /// How rows enter the network: centered and scaled; counts as logarithms of their share of the row's size.
    fn enter(&self, graph: &mut Graph, rows: &Value) -> Value {
        let mean = graph.single(&[1, self.columns], &self.vector("input.mean"));
        let factor = graph.single(&[], &[self.vector("input.factor")[0]]);
        let rows = if self.options.loss.is_for_counts() {
            let wide = graph.cast(rows, Type::Double);
            let sums = graph.row_sums(&wide);
            let usual = graph.double(&[], &[f64::from(self.vector("input.row_sum")[0])]);
            let sizes = graph.apply("Div", &[&sums, &usual], &[]);
            let (zero, one) = (graph.double(&[], &[0.0]), graph.double(&[], &[1.0]));
            let positive = graph.apply("Greater", &[&sums, &zero], &[]);
            let sizes = graph.apply("Where", &[&positive, &sizes, &one], &[]);
            let shares = graph.apply("Div", &[&wide, &sizes], &[]);
            let shifted = graph.apply("Add", &[&shares, &one], &[]);
            let logarithms = graph.apply("Log", &[&shifted], &[]);
            graph.cast(&logarithms, Type::Single)
        } else {
            rows.clone()
        };
        let centered = graph.apply("Sub", &[&rows, &mean], &[]);
        graph.apply("Mul", &[&centered, &factor], &[])
    }

    /// The part of the last layer that begins at output `first`, one number per feature.
    fn head(
        &self,
        graph: &mut Graph,
        hidden: &Value,
        weight: Option<&ArrayD<f32>>,
        orientation: Orientation,
        bias: &[f32],
        first: usize,
    ) -> Value {
        let range = first..first + self.columns;
        let Some(weight) = weight else {
            // without deep layers a bias alone, as many rows as there are codes
            let zero = graph.single(&[], &[0.0]);
            let none = graph.apply("Mul", &[hidden, &zero], &[]);
            let none = graph.row_sums(&none);
            let bias = graph.single(&[1, self.columns], &bias[range]);
            return graph.apply("Add", &[&none, &bias], &[]);
        };
        match orientation {
            Orientation::Stored => {
                let part = weight.slice_axis(ndarray::Axis(0), range.clone().into()).to_owned();
                self.dense(graph, hidden, &part, orientation, &bias[range])
            }
            Orientation::Mirrored => self.dense(graph, hidden, weight, orientation, &bias[range]),
        }
    }

    fn weight_or_mirror(&self, name: &str, mirrored: &str) -> (Option<&ArrayD<f32>>, Orientation) {
        match self.tensors.get(name) {
            Some(weight) => (Some(weight), Orientation::Stored),
            None => (self.tensors.get(mirrored), Orientation::Mirrored),
        }
    }

    fn dense(
        &self,
        graph: &mut Graph,
        input: &Value,
        weight: &ArrayD<f32>,
        orientation: Orientation,
        bias: &[f32],
    ) -> Value {
        let weight = constant(graph, weight);
        let bias = graph.single(&[bias.len()], bias);
        let transposed = i64::from(orientation == Orientation::Stored);
        graph.apply("Gemm", &[input, &weight, &bias], &[Attribute::Int("transB", transposed)])
    }

    fn activate(&self, graph: &mut Graph, sums: &Value) -> Value {
        match self.options.activation {
            Activation::Relu => graph.apply("Relu", &[sums], &[]),
            Activation::Elu => graph.apply("Elu", &[sums], &[Attribute::Float("alpha", 1.0)]),
            Activation::Tanh => graph.apply("Tanh", &[sums], &[]),
            Activation::Sigmoid => graph.apply("Sigmoid", &[sums], &[]),
            Activation::Gelu => {
                // z · Φ(z) with Φ(z) = (1 + erf(z / √2)) / 2
                let root = graph.single(&[], &[std::f32::consts::FRAC_1_SQRT_2]);
                let (one, half) = (graph.single(&[], &[1.0]), graph.single(&[], &[0.5]));
                let scaled = graph.apply("Mul", &[sums, &root], &[]);
                let error = graph.apply("Erf", &[&scaled], &[]);
                let above = graph.apply("Add", &[&error, &one], &[]);
                let share = graph.apply("Mul", &[&above, &half], &[]);
                graph.apply("Mul", &[sums, &share], &[])
            }
        }
    }

    fn vector(&self, name: &str) -> Vec<f32> {
        self.tensors.get(name).map(|tensor| tensor.iter().copied().collect()).unwrap_or_default()
    }
}

/// How a weight lies beside what it multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Orientation {
    /// Outputs × inputs, as stored.
    Stored,
    /// Inputs × outputs: the weight of the layer that this one mirrors.
    Mirrored,
}

fn constant(graph: &mut Graph, tensor: &ArrayD<f32>) -> Value {
    let values: Vec<f32> = tensor.iter().copied().collect();
    graph.single(tensor.shape(), &values)
}

fn clip(graph: &mut Graph, value: &Value, low: f32, high: f32) -> Value {
    let (low, high) = (graph.single(&[], &[low]), graph.single(&[], &[high]));
    graph.apply("Clip", &[value, &low, &high], &[])
}

fn exponential(graph: &mut Graph, logarithms: &Value) -> Value {
    let held = clip(graph, logarithms, -LARGEST_EXPONENT, LARGEST_EXPONENT);
    graph.apply("Exp", &[&held], &[])
}
