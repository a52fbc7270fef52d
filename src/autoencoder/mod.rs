//! The autoencoder: a wide row in, a few numbers that stand for it, and the row back.
//!
//! Explicit forward and backward passes over buffers made once, on all threads of the current rayon pool, with the same
//! bytes whatever their number. It knows nothing of files; what is fitted goes out and comes back as named tensors.

mod activation;
mod adam;
mod checkpoint;
mod code;
mod corrupt;
mod entering;
mod error;
mod facts;
mod findings;
mod fit;
mod gradient;
mod history;
mod layout;
mod loss;
mod math;
mod measure;
mod metric;
mod network;
mod options;
mod pass;
mod pretrain;
mod price;
mod resolve;
mod sample;
mod schedule;
mod search;
mod sparse;
mod start;
mod step;
mod tensors;
mod train;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::matmul::{Before, matmul};
use crate::pca::Pca;
use layout::Layout;
use network::{CHUNK, Chunk, CodePrice, Scaling};

pub use checkpoint::{Checkpoint, CheckpointRef, KeepNothing, Keeper, Standing};
pub use error::AutoencoderError;
pub use facts::{DataFacts, Found};
pub use fit::{fit, fit_kept};
pub use history::{Activity, Denoising, Elbo, ElboParts, EpochRecord, History, SizeRecord, StoppedBecause};
pub use options::{
    Activation, Code, Corruption, GradientClip, LinearPath, Loss, Metric, Options, Pretrain, Schedule, Sparsity, Tied,
    Training, Variational,
};
pub use sample::{Draw, Mixture};
pub use search::searched_rows;

/// A trained autoencoder and how it came to be.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The autoencoder with the best weights.
    pub autoencoder: Autoencoder,
    /// Every epoch.
    pub history: History,
}

/// A trained autoencoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Autoencoder {
    options: Options,
    columns: usize,
    code_size: usize,
    network: Network,
}

#[derive(Debug, Clone, PartialEq)]
enum Network {
    /// The principal axes alone: no epoch of training was better.
    Principal {
        mean: Vec<f32>,
        /// `code_size × columns`; zero beyond the axes there are.
        axes: Array2<f32>,
    },
    Trained {
        layout: Box<Layout>,
        scaling: Scaling,
        parameters: Vec<f32>,
    },
}

impl Autoencoder {
    fn principal(options: Options, pca: &Pca, code_size: usize) -> Self {
        let mut axes = Array2::zeros((code_size, pca.mean.len()));
        axes.slice_mut(s![..pca.count(), ..]).assign(&pca.axes);
        let network = Network::Principal { mean: pca.mean.to_vec(), axes };
        Self { options, columns: pca.mean.len(), code_size, network }
    }

    fn trained(options: Options, layout: Layout, scaling: Scaling, parameters: Vec<f32>) -> Self {
        let (columns, code_size) = (layout.columns, layout.code_size);
        Self {
            options,
            columns,
            code_size,
            network: Network::Trained { layout: Box::new(layout), scaling, parameters },
        }
    }

    /// How many numbers stand for a row.
    #[must_use]
    pub fn code_size(&self) -> usize {
        self.code_size
    }

    /// The number of features of a row.
    #[must_use]
    pub fn features(&self) -> usize {
        self.columns
    }

    /// The options it was trained with, without an `auto`.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether this is principal component analysis, because no epoch of training was better.
    #[must_use]
    pub fn is_principal(&self) -> bool {
        matches!(self.network, Network::Principal { .. })
    }

    /// Whether it knows the commonest value of every input, because the rows it was trained on mostly have it.
    #[must_use]
    pub fn is_for_sparse_rows(&self) -> bool {
        matches!(&self.network, Network::Trained { layout, .. } if !layout.common.is_empty())
    }

    /// The code of every row (`n × code_size`); for a variational autoencoder the means.
    ///
    /// A row's code depends on no other row, on no batch and on no number of threads, to the last bit.
    ///
    /// # Panics
    /// If `data` has another number of columns than [`features`](Self::features).
    #[must_use]
    pub fn encode(&self, data: ArrayView2<f32>) -> Array2<f32> {
        assert_eq!(data.ncols(), self.columns, "other features than those trained on");
        let mut codes = Array2::zeros((data.nrows(), self.code_size));
        self.by_tile(data, codes.view_mut(), |tile, rows, mut out| {
            tile.encode(self, rows);
            out.assign(&tile.chunk.code.slice(s![..rows.nrows(), ..]));
        });
        codes
    }

    /// The rows that belong to codes (`n × features`), in the units of the training table. Count likelihoods give the
    /// means at the mean size.
    ///
    /// # Panics
    /// If `codes` has another number of columns than [`code_size`](Self::code_size).
    #[must_use]
    pub fn decode(&self, codes: ArrayView2<f32>) -> Array2<f32> {
        assert_eq!(codes.ncols(), self.code_size, "codes of another size");
        let mut rows = Array2::zeros((codes.nrows(), self.columns));
        self.by_tile(codes, rows.view_mut(), |tile, codes, mut out| {
            tile.chunk.size.fill(1.0);
            tile.chunk.code.slice_mut(s![..codes.nrows(), ..]).assign(&codes);
            tile.decode(self);
            out.assign(&tile.chunk.output.slice(s![..codes.nrows(), ..self.columns]));
        });
        rows
    }

    /// Every row through its code and back (`n × features`), in the units of the training table.
    ///
    /// # Panics
    /// If `data` has another number of columns than [`features`](Self::features).
    #[must_use]
    pub fn reconstruct(&self, data: ArrayView2<f32>) -> Array2<f32> {
        assert_eq!(data.ncols(), self.columns, "other features than those trained on");
        let mut back = Array2::zeros(data.dim());
        self.by_tile(data, back.view_mut(), |tile, rows, mut out| {
            tile.encode(self, rows);
            tile.decode(self);
            out.assign(&tile.chunk.output.slice(s![..rows.nrows(), ..self.columns]));
        });
        back
    }

    /// The mean squared error per value of every row's reconstruction, without keeping the reconstructions.
    ///
    /// # Panics
    /// If `data` has another number of columns than [`features`](Self::features).
    #[must_use]
    pub fn reconstruction_errors(&self, data: ArrayView2<f32>) -> Vec<f32> {
        assert_eq!(data.ncols(), self.columns, "other features than those trained on");
        let mut errors = Array2::zeros((data.nrows(), 1));
        self.by_tile(data, errors.view_mut(), |tile, rows, mut out| {
            tile.encode(self, rows);
            tile.decode(self);
            for (place, row) in rows.rows().into_iter().enumerate() {
                out[(place, 0)] = (tile.chunk.miss(place, row) / self.columns as f64) as f32;
            }
        });
        errors.into_raw_vec_and_offset().0
    }

    /// The root mean square of each feature's error (`features` of them) over some rows.
    ///
    /// # Panics
    /// If `data` has another number of columns than [`features`](Self::features).
    #[must_use]
    pub fn feature_errors(&self, data: ArrayView2<f32>) -> Vec<f32> {
        const AT_ONCE: usize = 1024;
        let mut squares = vec![0.0_f64; self.columns];
        for rows in data.axis_chunks_iter(Axis(0), AT_ONCE) {
            for (row, back) in rows.rows().into_iter().zip(self.reconstruct(rows).rows()) {
                for ((sum, value), back) in squares.iter_mut().zip(row).zip(back) {
                    *sum += f64::from(value - back).powi(2);
                }
            }
        }
        let rows = data.nrows().max(1) as f64;
        squares.into_iter().map(|sum| (sum / rows).sqrt() as f32).collect()
    }

    /// Calls `work` for padded tiles of [`CHUNK`] rows on all threads, each with buffers of its own.
    fn by_tile(
        &self,
        input: ArrayView2<f32>,
        mut output: ArrayViewMut2<f32>,
        work: impl Fn(&mut Tile, ArrayView2<f32>, ArrayViewMut2<f32>) + Sync,
    ) {
        let inputs = input.axis_chunks_iter(Axis(0), CHUNK);
        let pieces: Vec<_> = inputs.zip(output.axis_chunks_iter_mut(Axis(0), CHUNK)).collect();
        pieces.into_par_iter().for_each_init(|| Tile::new(self), |tile, (input, output)| work(tile, input, output));
    }
}

/// The buffers of one tile of rows; always run whole, so that a row's result does not depend on how many there are.
struct Tile {
    chunk: Chunk,
}

impl Tile {
    fn new(autoencoder: &Autoencoder) -> Self {
        let mut chunk = match &autoencoder.network {
            Network::Trained { layout, .. } => Chunk::new(layout),
            Network::Principal { .. } => Chunk::of_principal(autoencoder.columns, autoencoder.code_size),
        };
        chunk.rows = CHUNK;
        Self { chunk }
    }

    fn encode(&mut self, autoencoder: &Autoencoder, rows: ArrayView2<f32>) {
        let chunk = &mut self.chunk;
        match &autoencoder.network {
            Network::Trained { layout, scaling, parameters } => {
                for (place, row) in rows.rows().into_iter().enumerate() {
                    chunk.take(place, row, layout, scaling);
                }
                chunk.encode(layout, parameters, CodePrice::NONE);
            }
            Network::Principal { mean, axes } => {
                for (mut input, row) in chunk.input.rows_mut().into_iter().zip(rows.rows()) {
                    for ((to, value), mean) in input.iter_mut().zip(row).zip(mean) {
                        *to = value - mean;
                    }
                }
                matmul(chunk.input.view(), axes.t(), Before::Forget, chunk.code.view_mut());
            }
        }
    }

    fn decode(&mut self, autoencoder: &Autoencoder) {
        let chunk = &mut self.chunk;
        match &autoencoder.network {
            Network::Trained { layout, scaling, parameters } => {
                chunk.decode(layout, parameters);
                chunk.reconstruct(layout, scaling);
            }
            Network::Principal { mean, axes } => {
                matmul(chunk.code.view(), axes.view(), Before::Forget, chunk.output.view_mut());
                activation::add_bias(network::front(&mut chunk.output, CHUNK), mean);
                if autoencoder.options.loss == Loss::Bce {
                    chunk.output.mapv_inplace(|value| value.clamp(0.0, 1.0));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
