//! The shape of the network and where each of its tensors lies in one flat vector of parameters.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::error::AutoencoderError;
use super::options::{Activation, Code, LinearPath, Loss, Options, Sparsity, Tied};
use super::resolve::Decided;
use crate::value::Auto;

/// What the nodes of the code do with their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeKind {
    /// The sum itself.
    Linear,
    /// Its positive part, so that a node can be at rest exactly.
    Positive,
    /// Between 0 and 1.
    Unit,
    /// A mean and a logarithmic variance.
    Normal,
}

/// A matrix of weights, stored as inputs × outputs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weight {
    pub(super) name: String,
    pub(super) start: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Weight {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.inputs * self.outputs
    }

    #[expect(clippy::expect_used, reason = "the range has this length by its making")]
    pub(super) fn view<'a>(&self, parameters: &'a [f32]) -> ArrayView2<'a, f32> {
        ArrayView2::from_shape((self.inputs, self.outputs), &parameters[self.range()]).expect("a range of this length")
    }

    #[expect(clippy::expect_used, reason = "the range has this length by its making")]
    pub(super) fn view_mut<'a>(&self, parameters: &'a mut [f32]) -> ArrayViewMut2<'a, f32> {
        ArrayViewMut2::from_shape((self.inputs, self.outputs), &mut parameters[self.range()])
            .expect("a range of this length")
    }
}

/// A fully connected layer: a weight, which may belong to the mirrored layer, and a bias.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dense {
    pub(super) weight: Weight,
    /// The weight is another layer's, transposed.
    pub(super) mirrored: bool,
    pub(super) bias: Weight,
}

impl Dense {
    /// Inputs × outputs.
    pub(super) fn matrix<'a>(&self, parameters: &'a [f32]) -> ArrayView2<'a, f32> {
        let view = self.weight.view(parameters);
        if self.mirrored { view.reversed_axes() } else { view }
    }

    pub(super) fn outputs(&self) -> usize {
        self.bias.outputs
    }
}

/// The direct linear map of the encoder and of the decoder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Direct {
    pub(super) encoder: Weight,
    pub(super) decoder: Weight,
    pub(super) mirrored: bool,
}

impl Direct {
    pub(super) fn decoder_matrix<'a>(&self, parameters: &'a [f32]) -> ArrayView2<'a, f32> {
        let view = self.decoder.view(parameters);
        if self.mirrored { view.reversed_axes() } else { view }
    }
}

/// The network's shape and the places of its tensors.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) columns: usize,
    pub(super) code_size: usize,
    pub(super) code_kind: CodeKind,
    pub(super) activation: Activation,
    pub(super) loss: Loss,
    pub(super) encoder: Vec<Dense>,
    /// Hidden layer → code; `None` where only the direct map leads there.
    pub(super) code: Option<Dense>,
    pub(super) decoder: Vec<Dense>,
    /// Last hidden layer → output; `None` where only the direct map leads there.
    pub(super) output: Option<Dense>,
    pub(super) direct: Option<Direct>,
    /// The bias of the output, also where only the direct map leads there.
    pub(super) output_bias: Weight,
    /// The logarithm of the dispersion of every feature (`nb`, `zinb`).
    pub(super) dispersion: Option<Weight>,
    /// The logarithm of the noise's standard deviation (variational with squared error).
    pub(super) noise: Option<Weight>,
    pub(super) length: usize,
    /// The commonest input of every column where rows are sparse, else empty; found when training starts.
    pub(super) common: Vec<f32>,
}

struct Allocator {
    next: usize,
}

impl Allocator {
    fn take(&mut self, name: &str, inputs: usize, outputs: usize) -> Weight {
        let weight = Weight { name: name.to_owned(), start: self.next, inputs, outputs };
        self.next = self.next.saturating_add(inputs.saturating_mul(outputs));
        weight
    }

    fn dense(&mut self, name: &str, inputs: usize, outputs: usize) -> Dense {
        let weight = self.take(&format!("{name}.weight"), inputs, outputs);
        Dense { weight, mirrored: false, bias: self.take(&format!("{name}.bias"), 1, outputs) }
    }

    fn mirror(&mut self, name: &str, of: &Weight) -> Dense {
        Dense { weight: of.clone(), mirrored: true, bias: self.take(&format!("{name}.bias"), 1, of.inputs) }
    }
}

impl Options {
    /// How many numbers the network that resolved options describe learns, for rows of `columns` features.
    ///
    /// A `code_size` of `auto` counts as one node.
    ///
    /// # Errors
    /// If the options are not resolved otherwise.
    pub fn weights(&self, columns: usize) -> Result<usize, AutoencoderError> {
        let mut options = self.clone();
        if options.code_size.and_then(Auto::given).is_none() {
            options.code_size = Some(Auto::Given(1));
        }
        Ok(Layout::of(&options, columns)?.length)
    }
}

impl Layout {
    /// The layout of the network that resolved `options` describe for rows of `columns` features.
    pub(super) fn of(options: &Options, columns: usize) -> Result<Self, AutoencoderError> {
        let Decided { code_size, hidden, .. } = Decided::of(options)?;
        let linear = options.linear_path == LinearPath::Pca;
        let tied = options.tied == Tied::Tied;
        let code_kind = match (&options.code, options.sparsity) {
            (Code::Variational(_), _) => CodeKind::Normal,
            (Code::Plain, Sparsity::None) => CodeKind::Linear,
            (Code::Plain, Sparsity::L1 { .. } | Sparsity::Active(_)) => CodeKind::Positive,
            (Code::Plain, Sparsity::Kl { .. }) => CodeKind::Unit,
        };
        let heads = if code_kind == CodeKind::Normal { 2 } else { 1 };
        let outputs = if options.loss == Loss::Zinb { columns.saturating_mul(2) } else { columns };
        let mut room = Allocator { next: 0 };
        let widths: Vec<usize> = [columns].into_iter().chain(hidden.iter().copied()).collect();
        let encoder: Vec<Dense> = widths
            .windows(2)
            .enumerate()
            .map(|(layer, pair)| room.dense(&format!("encoder.{layer}"), pair[0], pair[1]))
            .collect();
        let last = widths[widths.len() - 1];
        let deep = !(hidden.is_empty() && linear);
        // A variance needs weights of its own even where the mean is a direct map.
        let code = (deep || heads == 2).then(|| room.dense("code", last, code_size.saturating_mul(heads)));
        let direct_encoder = linear.then(|| room.take("code.direct", columns, code_size));
        let mirror_widths: Vec<usize> = [code_size].into_iter().chain(hidden.iter().rev().copied()).collect();
        let decoder: Vec<Dense> = mirror_widths
            .windows(2)
            .enumerate()
            .map(|(layer, pair)| {
                let name = format!("decoder.{layer}");
                let mirrored = if layer == 0 { code.as_ref() } else { encoder.get(hidden.len() - layer) };
                match mirrored {
                    // The two heads of a variational code are no mirror of anything.
                    Some(of) if tied && !(layer == 0 && heads == 2) => room.mirror(&name, &of.weight),
                    _ => room.dense(&name, pair[0], pair[1]),
                }
            })
            .collect();
        let first = mirror_widths[mirror_widths.len() - 1];
        let output = deep.then(|| match encoder.first().or(code.as_ref()) {
            Some(of) if tied && heads == 1 || tied && !encoder.is_empty() => room.mirror("output", &of.weight),
            _ => room.dense("output", first, outputs),
        });
        let output_bias = match &output {
            Some(output) => output.bias.clone(),
            None => room.take("output.bias", 1, outputs),
        };
        let direct = direct_encoder.map(|encoder| {
            let decoder = if tied { encoder.clone() } else { room.take("output.direct", code_size, columns) };
            Direct { encoder, decoder, mirrored: tied }
        });
        let dispersion =
            matches!(options.loss, Loss::Nb | Loss::Zinb).then(|| room.take("output.dispersion", 1, columns));
        let noise = (heads == 2 && options.loss == Loss::Mse).then(|| room.take("output.noise", 1, 1));
        Ok(Self {
            columns,
            code_size,
            code_kind,
            activation: options.activation,
            loss: options.loss,
            encoder,
            code,
            decoder,
            output,
            direct,
            output_bias,
            dispersion,
            noise,
            length: room.next,
            common: Vec::new(),
        })
    }

    /// The width of the output: one number per feature, or two where each also has a probability of being dropped.
    pub(super) fn outputs(&self) -> usize {
        self.output_bias.outputs
    }

    /// The width of the code layer: one number per node, or a mean and a logarithmic variance.
    pub(super) fn code_sums(&self) -> usize {
        if self.code_kind == CodeKind::Normal { 2 * self.code_size } else { self.code_size }
    }

    /// Every stored tensor once, in the order of the flat vector.
    pub(super) fn tensors(&self) -> Vec<&Weight> {
        let denses = self.encoder.iter().chain(&self.code).chain(&self.decoder).chain(&self.output);
        let own = denses.flat_map(|dense| [(!dense.mirrored).then_some(&dense.weight), Some(&dense.bias)]);
        let direct = self
            .direct
            .iter()
            .flat_map(|direct| [Some(&direct.encoder), (!direct.mirrored).then_some(&direct.decoder)]);
        let bias = self.output.is_none().then_some(&self.output_bias);
        let mut all: Vec<&Weight> =
            own.chain(direct).chain([bias, self.dispersion.as_ref(), self.noise.as_ref()]).flatten().collect();
        all.sort_by_key(|weight| weight.start);
        all
    }
}
