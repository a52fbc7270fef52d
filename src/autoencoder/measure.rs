//! The pass over held-out rows after every epoch.

use rayon::prelude::*;

use super::entering::{Entering, Random};
use super::layout::CodeKind;
use super::network::{CHUNK, Chunk, Sums};
use super::options::{Corruption, Loss, Sparsity};
use super::price::mean_divergence;
use super::train::Trainer;

/// What a pass over held-out rows found: losses per row, `mse` per value.
pub(super) struct Measured {
    pub(super) loss: f64,
    /// What epochs are compared by: the loss, or first how far the activity is from the wanted one.
    pub(super) rank: f64,
    pub(super) parts: Sums,
    pub(super) mse: f64,
}

impl Trainer<'_> {
    /// The held-out loss as trained (corrupted, sampled), and the squared error of clean rows at the means.
    pub(super) fn measure(&mut self) -> Measured {
        let as_trained = self.options.corruption != Corruption::None || self.layout.code_kind == CodeKind::Normal;
        let rows = &self.split.validation;
        let mut chunks = std::mem::take(&mut self.chunks);
        let noisy = as_trained.then(|| self.pass(&mut chunks, rows, Random::Everything));
        let clean = self.pass(&mut chunks, rows, Random::Nothing);
        self.chunks = chunks;
        let parts = noisy.unwrap_or(clean);
        let mut per_row = 1.0 / rows.len().max(1) as f64;
        let mse = clean.squared_error * per_row / self.layout.columns as f64;
        let loss = (parts.loss + f64::from(self.price.beta) * parts.divergence + parts.penalty) * per_row;
        if !per_row.is_finite() {
            per_row = 0.0;
        }
        let parts = Sums {
            loss: parts.loss * per_row,
            divergence: parts.divergence * per_row,
            penalty: parts.penalty * per_row,
            active: parts.active * per_row / self.layout.code_size as f64,
            squared_error: mse,
        };
        Measured { loss, rank: self.rank(loss, parts), parts, mse }
    }

    /// One pass over rows that do not train now.
    fn pass(&self, chunks: &mut [Chunk], rows: &[usize], random: Random) -> Sums {
        let mut sums = Sums::default();
        let entering = Entering { random, dropout: 0.0, ..self.entering() };
        let (layout, scaling, parameters, price) = (&self.layout, &self.scaling, &self.parameters, self.price);
        let mut codes = vec![0.0; layout.code_size];
        for rows in rows.chunks(chunks.len() * CHUNK) {
            chunks.par_iter_mut().enumerate().for_each(|(index, chunk)| {
                entering.fill(chunk, rows, index);
                chunk.encode(layout, parameters, price);
                chunk.decode(layout, parameters);
                let output = chunk.output.clone();
                chunk.lose(layout, parameters, scaling, 1);
                chunk.output.assign(&output);
                chunk.reconstruct(layout, scaling);
                for place in 0..chunk.rows {
                    chunk.miss(place, self.data.row(rows[index * CHUNK + place]));
                }
            });
            for chunk in &*chunks {
                sums += chunk.result;
                for row in chunk.code.rows().into_iter().take(chunk.rows) {
                    codes.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                }
            }
        }
        if let Sparsity::Kl { target, weight } = self.options.sparsity {
            let rows = rows.len() as f64;
            let price: f64 = codes.iter().map(|sum| mean_divergence(target.get(), f64::from(*sum) / rows).0).sum();
            sums.penalty += price * weight.get() * rows;
        }
        sums
    }

    /// The least cross-entropy that the held-out rows allow, per row: what no training can take away.
    pub(super) fn floor(&self) -> f64 {
        if self.layout.loss != Loss::Bce {
            return 0.0;
        }
        let entropy = |share: f64| if share > 0.0 { -share * share.ln() } else { 0.0 };
        let row = |row: &usize| -> f64 {
            self.data.row(*row).iter().map(|value| entropy(f64::from(*value)) + entropy(1.0 - f64::from(*value))).sum()
        };
        self.split.validation.iter().map(row).sum::<f64>() / self.split.validation.len().max(1) as f64
    }
}
