//! What is minimized: each loss with its gradient in one pass over a row of raw outputs.
//!
//! A loss is a sum over the features of one row; the mean over rows is the caller's, through `scale`.

use super::math::{exp, ln, sigmoid, sum_of, wide};
use super::options::Loss;

wide! {
    /// Squared error `Σ (t - z)²` times `weight`; `outputs` becomes its gradient times `scale`.
    pub(super) fn squared_error<'a>(targets: &'a [f32], outputs: &'a mut [f32], weight: f32, scale: f32) -> f64 {
        let sum = sum_of(targets, outputs, |target, output| (output - target) * (output - target));
        let factor = 2.0 * weight * scale;
        outputs.iter_mut().zip(targets).for_each(|(output, target)| *output = (*output - target) * factor);
        sum * f64::from(weight)
    }
}

wide! {
    /// Binary cross-entropy of logits against targets in [0, 1]; `outputs` becomes its gradient times `scale`.
    ///
    /// ```text
    /// loss    = Σ max(z, 0) - z·t + ln(1 + exp(-|z|))
    /// ∂loss/∂z = σ(z) - t
    /// ```
    ///
    /// This form never takes the logarithm of a rounded-off sigmoid, so it stays finite for every finite logit.
    pub(super) fn binary_cross_entropy<'a>(targets: &'a [f32], outputs: &'a mut [f32], scale: f32) -> f64 {
        // One exponential serves the loss and the gradient.
        const BLOCK: usize = 256;
        let mut total = 0.0_f64;
        let mut losses = [0.0_f32; BLOCK];
        for (targets, outputs) in targets.chunks(BLOCK).zip(outputs.chunks_mut(BLOCK)) {
            let length = targets.len();
            let losses = &mut losses[..length];
            for ((target, output), loss) in targets.iter().zip(outputs.iter_mut()).zip(losses.iter_mut()) {
                let logit = *output;
                let tail = exp(-logit.abs());
                let upper = 1.0 / (1.0 + tail);
                let share = if logit >= 0.0 { upper } else { tail * upper };
                *loss = logit.max(0.0) - logit * target + ln(1.0 + tail);
                *output = (share - target) * scale;
            }
            total += sum_of(losses, losses, |loss, _| loss);
        }
        total
    }
}

/// Minus the log-likelihood of counts, without the terms in which only the counts stand for `poisson`.
///
/// ```text
/// μ = size · exp(z)     θ = exp(dispersion)
/// poisson  μ - x ln μ + ln x!
/// nb       ln Γ(θ) + ln x! - ln Γ(x + θ) - θ ln(θ / (θ + μ)) - x ln(μ / (θ + μ))
/// zinb     -ln(π [x = 0] + (1 - π) exp(-nb)),  π = σ(logit)
/// ```
///
/// The mean parameterization of DCA (Eraslan 2019) and scVI (Lopez 2018). `outputs` holds `z`, and for `zinb` the logits
/// after them; it becomes the gradient times `scale`, as does `dispersion_gradient` that of the logarithmic dispersion.
pub(super) fn counts(
    loss: Loss,
    counts: &[f32],
    size: f32,
    outputs: &mut [f32],
    dispersion: &[f32],
    dispersion_gradient: &mut [f32],
    scale: f32,
) -> f64 {
    let columns = counts.len();
    let (means, drops) = outputs.split_at_mut(columns);
    let log_size = f64::from(size).ln();
    let mut total = 0.0;
    for column in 0..columns {
        let x = f64::from(counts[column]);
        let inside = means[column].abs() < LARGEST_EXPONENT;
        let log_mean = f64::from(means[column].clamp(-LARGEST_EXPONENT, LARGEST_EXPONENT)) + log_size;
        let mean = log_mean.exp();
        if loss == Loss::Poisson {
            total += mean - x * log_mean + ln_gamma(x + 1.0);
            means[column] = if inside { (mean - x) as f32 * scale } else { 0.0 };
            continue;
        }
        let free = dispersion[column].abs() < LARGEST_DISPERSION;
        let log_theta = f64::from(dispersion[column].clamp(-LARGEST_DISPERSION, LARGEST_DISPERSION));
        let theta = log_theta.exp();
        let log_both = (theta + mean).ln();
        let mut value = -theta * (log_theta - log_both) - x * (log_mean - log_both);
        let mut to_mean = mean * (theta + x) / (theta + mean) - x;
        let mut to_theta = -(log_theta + 1.0 - log_both - (theta + x) / (theta + mean));
        if x > 0.0 {
            value += ln_gamma(theta) + ln_gamma(x + 1.0) - ln_gamma(x + theta);
            to_theta += digamma(theta) - digamma(x + theta);
        }
        if loss == Loss::Zinb {
            let logit = f64::from(drops[column].clamp(-LARGEST_EXPONENT, LARGEST_EXPONENT));
            let drop = 1.0 / (1.0 + (-logit).exp());
            let to_drop;
            if x > 0.0 {
                // -ln(1 - π) is softplus(logit).
                value += logit.max(0.0) + (-logit.abs()).exp().ln_1p();
                to_drop = drop;
            } else {
                let zero = (-value).exp();
                let both = drop + (1.0 - drop) * zero;
                let share = (1.0 - drop) * zero / both;
                to_drop = -drop * (1.0 - drop) * (1.0 - zero) / both;
                to_mean *= share;
                to_theta *= share;
                value = -both.ln();
            }
            drops[column] = to_drop as f32 * scale;
        }
        total += value;
        means[column] = if inside { to_mean as f32 * scale } else { 0.0 };
        dispersion_gradient[column] = if free { (to_theta * theta) as f32 * scale } else { 0.0 };
    }
    total
}

/// Logarithmic means beyond this are held there: exp(20) counts of one feature in one row.
const LARGEST_EXPONENT: f32 = 20.0;
/// Logarithmic dispersions beyond this are held there; exp(9) can not be told from a Poisson distribution.
const LARGEST_DISPERSION: f32 = 9.0;

wide! {
    /// The mean that raw outputs stand for, in place; only the first `columns` of them.
    pub(super) fn to_means<'a>(loss: Loss, outputs: &'a mut [f32], columns: usize, size: f32) {
        let (means, drops) = outputs.split_at_mut(columns);
        let mean = |output: f32| size * exp(output.clamp(-LARGEST_EXPONENT, LARGEST_EXPONENT));
        match loss {
            Loss::Bce => means.iter_mut().for_each(|output| *output = sigmoid(*output)),
            Loss::Poisson | Loss::Nb => means.iter_mut().for_each(|output| *output = mean(*output)),
            Loss::Zinb => means.iter_mut().zip(drops).for_each(|(output, drop)| {
                *output = mean(*output) * (1.0 - sigmoid(*drop));
            }),
            Loss::Mse | Loss::Auto => {}
        }
    }
}

/// The divergence of `N(mean, exp(log_variance))` from the standard normal, in nats, and its gradient by both.
#[inline(always)]
pub(super) fn divergence(mean: f32, log_variance: f32) -> (f32, f32, f32) {
    let variance = exp(log_variance);
    (0.5 * (mean * mean + variance - 1.0 - log_variance), mean, 0.5 * (variance - 1.0))
}

/// `ln Γ(x)` for x > 0: Stirling's series above 8, the recurrence below (absolute error near 1e-12).
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 8.0 {
        product *= x;
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.918_938_533_204_672_8 + series - product.ln()
}

/// The derivative of `ln Γ(x)` for x > 0.
fn digamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 8.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    sum + x.ln() - 0.5 / x - square * (1.0 / 12.0 - square * (1.0 / 120.0 - square * (1.0 / 252.0 - square / 240.0)))
}

#[cfg(test)]
mod tests;
