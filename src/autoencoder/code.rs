//! The code of a chunk: from its layer's sums to the numbers that stand for a row, and the gradient back.

use super::layout::{CodeKind, Layout};
use super::loss;
use super::math::{exp, sigmoid, sum_of, wide};
use super::network::{Chunk, CodePrice, front};

/// Logarithmic variances of a code beyond this are held there.
const LARGEST_LOG_VARIANCE: f32 = 12.0;

impl Chunk {
    /// From the code layer's sums to the code; what the code costs, and the gradient of that by the sums, goes into
    /// `sums_gradient`, per row and not yet scaled.
    pub(super) fn settle_code(&mut self, layout: &Layout, price: CodePrice) {
        let (rows, size) = (self.rows, layout.code_size);
        let sums = front(&mut self.sums, rows);
        let code = front(&mut self.code, rows);
        match layout.code_kind {
            CodeKind::Linear => {
                code.copy_from_slice(sums);
                self.result.active = (rows * size) as f64;
            }
            CodeKind::Positive => {
                positive(code, sums);
                self.result.penalty = f64::from(price.l1) * total(code);
                self.result.active = code.iter().filter(|value| **value > 0.0).count() as f64;
            }
            CodeKind::Unit => {
                unit(code, sums);
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

    /// From the gradient of the code to that of its layer's sums.
    pub(super) fn unsettle_code(&mut self, layout: &Layout, price: CodePrice, pull: Option<&[f32]>, batch: usize) {
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
            CodeKind::Positive => {
                for ((to, from), code) in to.iter_mut().zip(&*from).zip(&*code) {
                    *to = if *code > 0.0 { from + price.l1 * scale } else { 0.0 };
                }
            }
            CodeKind::Unit => {
                for ((to, from), code) in to.iter_mut().zip(&*from).zip(&*code) {
                    *to = from * code * (1.0 - code);
                }
            }
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

wide! {
    fn positive<'a>(code: &'a mut [f32], sums: &'a [f32]) {
        code.iter_mut().zip(sums).for_each(|(code, sum)| *code = sum.max(0.0));
    }
}

wide! {
    fn unit<'a>(code: &'a mut [f32], sums: &'a [f32]) {
        code.iter_mut().zip(sums).for_each(|(code, sum)| *code = sigmoid(*sum));
    }
}

wide! {
    fn total<'a>(code: &'a [f32]) -> f64 {
        sum_of(code, code, |value, _| value)
    }
}
