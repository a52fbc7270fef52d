//! One step: forward and backward over a batch, Adam, and the price of codes.

use rayon::prelude::*;

use super::adam::AdamStep;
use super::entering::{Entering, Random};
use super::gradient::Flat;
use super::network::Sums;
use super::options::{GradientClip, Sparsity};
use super::price::pull_of;
use super::train::Trainer;

impl Trainer<'_> {
    /// One step on `rows`; the sum of their losses, prices included.
    pub(super) fn step(&mut self, rows: &[usize], epoch: u64, learning_rate: f64) -> f64 {
        let batch = rows.len();
        let mut chunks = std::mem::take(&mut self.chunks);
        let mut pull = std::mem::take(&mut self.pull);
        let entering = Entering { epoch, random: Random::Everything, ..self.entering() };
        let (layout, scaling, parameters, price) = (&self.layout, &self.scaling, &self.parameters, self.price);
        let mean_pull = matches!(self.options.sparsity, Sparsity::Kl { .. });
        let mut penalty = 0.0;
        if mean_pull {
            // The price is on the mean over the whole batch: all codes first.
            chunks.par_iter_mut().enumerate().for_each(|(index, chunk)| {
                entering.fill(chunk, rows, index);
                chunk.encode(layout, parameters, price);
            });
            penalty = pull_of(self.options.sparsity, &chunks, batch, &mut pull);
        }
        let pulled = mean_pull.then_some(&pull[..]);
        chunks.par_iter_mut().enumerate().for_each(|(index, chunk)| {
            if !mean_pull {
                entering.fill(chunk, rows, index);
                chunk.encode(layout, parameters, price);
            }
            chunk.decode(layout, parameters);
            chunk.lose(layout, parameters, scaling, batch);
            chunk.backward(layout, parameters, price, pulled, batch);
        });
        let mut sums = Sums::default();
        chunks.iter().for_each(|chunk| sums += chunk.result);
        (self.chunks, self.pull) = (chunks, pull);
        self.steps += 1;
        let step = AdamStep::new(self.steps, learning_rate, self.decided.weight_decay);
        let longest = match self.options.training.gradient_clip {
            GradientClip::None => None,
            GradientClip::Norm(norm) => Some(norm.get()),
        };
        let flat = Flat {
            parameters: &mut self.parameters,
            gradient: &mut self.gradient,
            mean: &mut self.mean,
            square: &mut self.square,
        };
        self.tiles.step(&self.layout, &self.chunks, flat, step, longest);
        self.search_price(sums, batch, learning_rate / self.decided.learning_rate);
        sums.loss + f64::from(price.beta) * sums.divergence + sums.penalty + penalty * batch as f64
    }
}
