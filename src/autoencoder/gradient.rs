//! The gradient of the parameters, and the step along it: the flat vector is cut into tiles, each tile is one thread's.
//!
//! A tile's gradient is summed over the chunks in their order, so the number of threads changes no bit.

use ndarray::{ArrayView2, ArrayViewMut2, s};

use super::adam::AdamStep;
use super::layout::{Layout, Weight};
use super::math::{add_rows, squares};
use super::network::Chunk;
use crate::matmul::{Before, matmul};

/// Parameters of a tile, more or less.
const TILE: usize = 65_536;

/// One of a chunk's buffers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Input,
    Encoder(usize),
    Code,
    Decoder(usize),
    EncoderGradient(usize),
    SumsGradient,
    /// The part of the code layer's sums that the direct map leads to.
    MeansGradient,
    DecoderGradient(usize),
    OutputGradient,
    /// The part of the output that the direct map leads to.
    MeanOutputGradient,
    DispersionGradient,
    NoiseGradient,
}

impl Side {
    fn of<'a>(self, chunk: &'a Chunk, layout: &Layout) -> ArrayView2<'a, f32> {
        let all = s![..chunk.rows, ..];
        match self {
            Self::Input => chunk.input.slice(all),
            Self::Encoder(layer) => chunk.encoder[layer].values.slice(all),
            Self::Code => chunk.code.slice(all),
            Self::Decoder(layer) => chunk.decoder[layer].values.slice(all),
            Self::EncoderGradient(layer) => chunk.encoder[layer].gradient.slice(all),
            Self::SumsGradient => chunk.sums_gradient.slice(all),
            Self::MeansGradient => chunk.sums_gradient.slice(s![..chunk.rows, ..layout.code_size]),
            Self::DecoderGradient(layer) => chunk.decoder[layer].gradient.slice(all),
            Self::OutputGradient => chunk.output.slice(all),
            Self::MeanOutputGradient => chunk.output.slice(s![..chunk.rows, ..layout.columns]),
            Self::DispersionGradient => chunk.dispersion_gradient.slice(all),
            Self::NoiseGradient => chunk.noise_gradient.slice(all),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Source {
    /// `Σ leftᵀ · right` over the pairs, for these rows of the weight.
    Products { pairs: Vec<(Side, Side)>, rows: std::ops::Range<usize>, outputs: usize },
    /// The sum of the rows.
    Rows(Side),
}

/// A contiguous part of the flat vector with what its gradient is made of.
#[derive(Debug, Clone, PartialEq)]
struct Tile {
    start: usize,
    length: usize,
    source: Source,
    decays: bool,
}

/// All tiles of a network, in the order of the flat vector.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tiles(Vec<Tile>);

/// The flat vectors that a step changes.
pub(super) struct Flat<'a> {
    pub(super) parameters: &'a mut [f32],
    pub(super) gradient: &'a mut [f32],
    pub(super) mean: &'a mut [f32],
    pub(super) square: &'a mut [f32],
}

impl<'a> Flat<'a> {
    fn split(self, at: usize) -> (Self, Self) {
        let (parameters, parameters_after) = self.parameters.split_at_mut(at);
        let (gradient, gradient_after) = self.gradient.split_at_mut(at);
        let (mean, mean_after) = self.mean.split_at_mut(at);
        let (square, square_after) = self.square.split_at_mut(at);
        (
            Self { parameters, gradient, mean, square },
            Self { parameters: parameters_after, gradient: gradient_after, mean: mean_after, square: square_after },
        )
    }
}

impl Tiles {
    pub(super) fn of(layout: &Layout) -> Self {
        let mut pairs: Vec<(&Weight, Vec<(Side, Side)>)> = Vec::new();
        let mut add = |weight, pair| match pairs.iter_mut().find(|(known, _)| *known == weight) {
            Some((_, pairs)) => pairs.push(pair),
            None => pairs.push((weight, vec![pair])),
        };
        let mut sums: Vec<(&Weight, Side)> = Vec::new();
        let mut denses = Vec::new();
        let mut below = Side::Input;
        for (index, layer) in layout.encoder.iter().enumerate() {
            denses.push((layer, below, Side::EncoderGradient(index)));
            below = Side::Encoder(index);
        }
        denses.extend(layout.code.iter().map(|layer| (layer, below, Side::SumsGradient)));
        below = Side::Code;
        for (index, layer) in layout.decoder.iter().enumerate() {
            denses.push((layer, below, Side::DecoderGradient(index)));
            below = Side::Decoder(index);
        }
        denses.extend(layout.output.iter().map(|layer| (layer, below, Side::OutputGradient)));
        for (layer, input, gradient) in denses {
            // A mirrored weight stands the other way round, and so do the two sides of its gradient.
            add(&layer.weight, if layer.mirrored { (gradient, input) } else { (input, gradient) });
            sums.push((&layer.bias, gradient));
        }
        if let Some(direct) = &layout.direct {
            add(&direct.encoder, (Side::Input, Side::MeansGradient));
            let back = (Side::Code, Side::MeanOutputGradient);
            add(&direct.decoder, if direct.mirrored { (back.1, back.0) } else { back });
        }
        if layout.output.is_none() {
            sums.push((&layout.output_bias, Side::OutputGradient));
        }
        sums.extend(layout.dispersion.iter().map(|weight| (weight, Side::DispersionGradient)));
        sums.extend(layout.noise.iter().map(|weight| (weight, Side::NoiseGradient)));
        let rows = |(weight, side): (&Weight, Side)| Tile {
            start: weight.start,
            length: weight.outputs,
            source: Source::Rows(side),
            decays: false,
        };
        let mut tiles: Vec<Tile> = sums.into_iter().map(rows).collect();
        for (weight, pairs) in pairs {
            let step = (TILE / weight.outputs).max(1).next_multiple_of(16);
            for first in (0..weight.inputs).step_by(step) {
                let last = (first + step).min(weight.inputs);
                tiles.push(Tile {
                    start: weight.start + first * weight.outputs,
                    length: (last - first) * weight.outputs,
                    source: Source::Products { pairs: pairs.clone(), rows: first..last, outputs: weight.outputs },
                    // The direct map keeps its axes; what decays is what is bent.
                    decays: !weight.name.ends_with(".direct"),
                });
            }
        }
        tiles.sort_by_key(|tile| tile.start);
        assert_eq!(tiles.iter().map(|tile| tile.length).sum::<usize>(), layout.length, "every parameter has a tile");
        Self(tiles)
    }

    /// Computes the gradient from the chunks' buffers and takes the step with it; where a longest length is given, the
    /// whole gradient is known before the first parameter moves.
    pub(super) fn step(&self, layout: &Layout, chunks: &[Chunk], flat: Flat, step: AdamStep, longest: Option<f64>) {
        let Some(longest) = longest else {
            each(&self.0, 0, flat, &|tile, flat| {
                tile.gradient(layout, chunks, flat.gradient);
                tile.walk(flat, step);
                0.0
            });
            return;
        };
        let Flat { parameters, gradient, mean, square } = flat;
        let squared = self.gradient(layout, chunks, Flat { parameters, gradient, mean, square });
        let shorten = if squared.sqrt() > longest { (longest / squared.sqrt()) as f32 } else { 1.0 };
        let step = step.shortened(shorten);
        each(&self.0, 0, Flat { parameters, gradient, mean, square }, &|tile, flat| {
            tile.walk(flat, step);
            0.0
        });
    }

    /// Computes the gradient only; its squared length.
    pub(super) fn gradient(&self, layout: &Layout, chunks: &[Chunk], flat: Flat) -> f64 {
        each(&self.0, 0, flat, &|tile, flat| {
            tile.gradient(layout, chunks, flat.gradient);
            squares(flat.gradient)
        })
    }
}

impl Tile {
    fn gradient(&self, layout: &Layout, chunks: &[Chunk], to: &mut [f32]) {
        let used = chunks.iter().filter(|chunk| chunk.rows > 0);
        match &self.source {
            Source::Products { pairs, rows, outputs } => {
                let Ok(mut to) = ArrayViewMut2::from_shape((rows.len(), *outputs), to) else { return };
                let mut before = Before::Forget;
                for chunk in used {
                    for (left, right) in pairs {
                        if let (Side::Input, Some(sparse), Some(to)) = (left, &chunk.sparse, to.as_slice_mut()) {
                            sparse.add_gradient(rows.clone(), right.of(chunk, layout), before == Before::Keep, to);
                            before = Before::Keep;
                            continue;
                        }
                        let left = left.of(chunk, layout);
                        let left = left.slice(s![.., rows.clone()]);
                        matmul(left.t(), right.of(chunk, layout), before, to.view_mut());
                        before = Before::Keep;
                    }
                }
            }
            Source::Rows(side) => {
                to.fill(0.0);
                for chunk in used {
                    let rows = side.of(chunk, layout);
                    match rows.as_slice() {
                        Some(rows) => add_rows(to, rows),
                        None => rows.rows().into_iter().for_each(|row| {
                            to.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                        }),
                    }
                }
            }
        }
    }

    fn walk(&self, flat: Flat, step: AdamStep) {
        let step = if self.decays { step } else { step.without_decay() };
        step.apply(flat.parameters, flat.gradient, flat.mean, flat.square);
    }
}

/// Calls `work` for every tile with its part of the flat vectors, on all threads and without allocating; the results are
/// added in a fixed order.
fn each(tiles: &[Tile], start: usize, flat: Flat, work: &(impl Fn(&Tile, Flat) -> f64 + Sync)) -> f64 {
    match tiles {
        [] => 0.0,
        [tile] => work(tile, flat),
        _ => {
            let (before, after) = tiles.split_at(tiles.len() / 2);
            let middle = after[0].start;
            let (left, right) = flat.split(middle - start);
            let (left, right) = rayon::join(|| each(before, start, left, work), || each(after, middle, right, work));
            left + right
        }
    }
}
