//! What the kept weights do, measured once after training: active nodes, noise removed, the bound on the likelihood.

use ndarray::{Array2, ArrayView1, ArrayView2, s};
use rayon::prelude::*;

use super::entering::{Entering, Random};
use super::error::AutoencoderError;
use super::history::{Activity, Denoising, Elbo, ElboParts, History};
use super::layout::CodeKind;
use super::network::{CHUNK, Chunk, CodePrice, Sums};
use super::options::{Corruption, Sparsity};
use super::train::Trainer;
use super::{Autoencoder, Network};
use crate::pca::Pca;
use crate::seed::Seed;

/// Training rows over which the bound is averaged, at most.
const TRAINING_ROWS: usize = 20_000;
/// A node whose mean varies more than this carries something (Burda, Grosse & Salakhutdinov 2016, section 4.1).
const ACTIVE_VARIANCE: f64 = 0.01;
/// A wanted activity is missed where the measured one is further away than this, as a logarithm.
const MISSED: f64 = 0.1;

impl Trainer<'_> {
    /// Measures `self.parameters` and writes what is found to the history.
    pub(super) fn find(&self, pca: &Pca, history: &mut History) {
        let rows = &self.split.validation;
        if rows.is_empty() {
            return;
        }
        let codes = matches!(self.layout.code_kind, CodeKind::Positive | CodeKind::Unit | CodeKind::Normal)
            .then(|| self.codes(rows));
        if let Some(codes) = &codes {
            if self.layout.code_kind == CodeKind::Normal {
                history.variational = Some(self.bound(codes));
            } else {
                let activity = self.activity(codes);
                history.notes.extend(missed(&activity));
                history.activity = Some(activity);
            }
        }
        if self.options.corruption != Corruption::None {
            history.denoising = Some(self.denoising(pca, rows));
        }
    }

    /// The clean codes of `rows`; for a variational code the means.
    fn codes(&self, rows: &[usize]) -> Array2<f32> {
        let entering = self.entering();
        let parts: Vec<Array2<f32>> = rows
            .par_chunks(CHUNK)
            .map_init(
                || Chunk::new(&self.layout),
                |chunk, rows| {
                    entering.fill(chunk, rows, 0);
                    chunk.encode(&self.layout, &self.parameters, CodePrice::NONE);
                    chunk.code.slice(s![..rows.len(), ..]).to_owned()
                },
            )
            .collect();
        let mut codes = Array2::zeros((rows.len(), self.layout.code_size));
        let mut next = 0;
        for part in parts {
            codes.slice_mut(s![next..next + part.nrows(), ..]).assign(&part);
            next += part.nrows();
        }
        codes
    }

    fn activity(&self, codes: &Array2<f32>) -> Activity {
        let rest = if self.layout.code_kind == CodeKind::Unit { 0.5 } else { 0.0 };
        let (rows, nodes) = codes.dim();
        let share = |values: ArrayView1<f32>| {
            values.iter().filter(|value| **value > rest).count() as f64 / values.len().max(1) as f64
        };
        let mut by_row: Vec<f64> = codes.rows().into_iter().map(share).collect();
        by_row.sort_by(f64::total_cmp);
        let by_node: Vec<f64> = codes.columns().into_iter().map(share).collect();
        let mean =
            |values: ArrayView1<f32>| values.iter().map(|value| f64::from(*value)).sum::<f64>() / rows.max(1) as f64;
        Activity {
            wanted: match self.options.sparsity {
                Sparsity::Active(wanted) => Some(wanted.get()),
                _ => None,
            },
            active: by_node.iter().sum::<f64>() / nodes.max(1) as f64,
            by_row: [0, 1, 2, 3, 4].map(|quarter| by_row[quarter * (rows - 1) / 4]),
            dead_nodes: by_node.iter().filter(|share| **share == 0.0).count(),
            by_node,
            mean_activation: codes.columns().into_iter().map(mean).collect(),
            rows,
        }
    }

    fn bound(&self, means: &Array2<f32>) -> Elbo {
        let training = &self.split.training;
        let step = training.len().div_ceil(TRAINING_ROWS).max(1);
        let training: Vec<usize> = training.iter().copied().step_by(step).collect();
        let entering = Entering { random: Random::Draws, ..self.entering() };
        let variance = |means: ArrayView1<f32>| means.mapv(f64::from).var(0.0);
        let mean_variances: Vec<f64> = means.columns().into_iter().map(variance).collect();
        Elbo {
            training: bound(&entering, &self.parameters, &training),
            held_out: bound(&entering, &self.parameters, &self.split.validation),
            active_units: mean_variances.iter().filter(|variance| **variance > ACTIVE_VARIANCE).count(),
            mean_variances,
        }
    }

    fn denoising(&self, pca: &Pca, rows: &[usize]) -> Denoising {
        let entering = Entering { random: Random::Everything, dropout: 0.0, ..self.entering() };
        let parts: Vec<[f64; 3]> = rows
            .par_chunks(CHUNK)
            .map_init(
                || Chunk::new(&self.layout),
                |chunk, rows| {
                    entering.fill(chunk, rows, 0);
                    let noisy = self.entered(chunk);
                    chunk.draws.fill(0.0);
                    chunk.encode(&self.layout, &self.parameters, CodePrice::NONE);
                    chunk.decode(&self.layout, &self.parameters);
                    chunk.reconstruct(&self.layout, &self.scaling);
                    let projected = pca.reconstruct(pca.project(noisy.view()).view());
                    let mut sums = [0.0; 3];
                    for (place, row) in rows.iter().enumerate() {
                        let clean = self.data.row(*row);
                        sums[0] += distance(clean, noisy.row(place));
                        sums[1] += chunk.miss(place, clean);
                        sums[2] += distance(clean, projected.row(place));
                    }
                    sums
                },
            )
            .collect();
        let mut sums = [0.0; 3];
        parts.iter().for_each(|part| sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part));
        let [noisy, cleaned, pca] = sums.map(|sum| sum / (rows.len() * self.layout.columns) as f64);
        Denoising { noisy, cleaned, pca, rows: rows.len() }
    }

    /// The rows of a chunk as they entered, noise included, in the units of the data.
    fn entered(&self, chunk: &Chunk) -> Array2<f32> {
        let mut rows = chunk.input.slice(s![..chunk.rows, ..]).to_owned();
        for (mut row, size) in rows.rows_mut().into_iter().zip(&chunk.size) {
            for (value, mean) in row.iter_mut().zip(&self.scaling.mean) {
                *value = *value / self.scaling.factor + mean;
                if self.layout.loss.is_for_counts() {
                    *value = size * value.exp_m1();
                }
            }
        }
        rows
    }
}

impl Autoencoder {
    /// The evidence lower bound of rows (`n × features`), with one draw of the code per row.
    ///
    /// # Errors
    /// If the code is not variational.
    ///
    /// # Panics
    /// If `data` has another number of columns than [`features`](Self::features).
    pub fn bound(&self, data: ArrayView2<f32>, seed: Seed) -> Result<ElboParts, AutoencoderError> {
        assert_eq!(data.ncols(), self.features(), "other features than those trained on");
        let Network::Trained { layout, scaling, parameters } = &self.network else {
            return Err(AutoencoderError::NotVariational);
        };
        if layout.code_kind != CodeKind::Normal {
            return Err(AutoencoderError::NotVariational);
        }
        let entering = Entering {
            data: data.view(),
            layout,
            scaling,
            corruption: Corruption::None,
            dropout: 0.0,
            range: (0.0, 0.0),
            seed,
            epoch: 0,
            random: Random::Draws,
        };
        let rows: Vec<usize> = (0..data.nrows()).collect();
        Ok(bound(&entering, parameters, &rows))
    }
}

fn bound(entering: &Entering, parameters: &[f32], rows: &[usize]) -> ElboParts {
    let layout = entering.layout;
    let parts: Vec<Sums> = rows
        .par_chunks(CHUNK)
        .map_init(
            || Chunk::new(layout),
            |chunk, rows| {
                entering.fill(chunk, rows, 0);
                chunk.encode(layout, parameters, CodePrice::NONE);
                chunk.decode(layout, parameters);
                chunk.lose(layout, parameters, entering.scaling, 1);
                chunk.result
            },
        )
        .collect();
    let mut sums = Sums::default();
    parts.into_iter().for_each(|part| sums += part);
    let count = rows.len().max(1) as f64;
    let (log_likelihood, divergence) = (-sums.loss / count, sums.divergence / count);
    ElboParts { elbo: log_likelihood - divergence, log_likelihood, divergence, rows: rows.len() }
}

/// What is to be said where the wanted activity was not reached.
fn missed(activity: &Activity) -> Option<String> {
    let wanted = activity.wanted?;
    ((activity.active.max(1e-6) / wanted).ln().abs() > MISSED).then(|| {
        format!(
            "{:.3} of the nodes are active on held-out rows, not {wanted} as wanted: give training more epochs, or \
             choose another fraction",
            activity.active
        )
    })
}

fn distance(left: ArrayView1<f32>, right: ArrayView1<f32>) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(left - right).powi(2)).sum()
}
