//! What the codes cost while they are trained: the price by epoch, its search, and the pull of mean activations.

use super::network::{Chunk, CodePrice, Sums};
use super::options::{Code, Sparsity};
use super::train::Trainer;

/// How far the active fraction may be from the wanted one, as a logarithm, to count as reached.
const TOLERANCE: f64 = 0.05;
/// How fast the price of activity moves, per step.
const GAIN: f64 = 0.02;
/// The most that its logarithm moves in a step.
const LARGEST_CHANGE: f64 = 0.05;
/// More than any loss.
const FAR: f64 = 1e30;

/// The price before the first step.
pub(super) fn price_at_start(sparsity: Sparsity) -> CodePrice {
    CodePrice {
        l1: match sparsity {
            Sparsity::L1 { weight } => weight.single(),
            _ => 0.0,
        },
        ..CodePrice::NONE
    }
}

impl Trainer<'_> {
    /// Whether prices have reached their full height, so that losses of epochs can be compared.
    pub(super) fn is_settled(&self, epoch: usize) -> bool {
        match self.options.code {
            Code::Variational(code) => {
                epoch > code.warmup_epochs || code.warmup_epochs == 0 || epoch == self.decided.max_epochs
            }
            Code::Plain => !matches!(self.options.sparsity, Sparsity::Active(_)) || epoch > 10,
        }
    }

    /// What epochs are compared by. While a price is searched, losses at different prices say little: first comes how far
    /// the activity is from the wanted one, and within [`TOLERANCE`] the reconstruction alone.
    pub(super) fn rank(&self, loss: f64, parts: Sums) -> f64 {
        let Sparsity::Active(wanted) = self.options.sparsity else { return loss };
        let away = (parts.active.max(1e-6) / wanted.get()).ln().abs();
        if away <= TOLERANCE || !parts.loss.is_finite() { parts.loss } else { FAR * away }
    }

    pub(super) fn price_for_epoch(&mut self, epoch: usize) {
        if let Code::Variational(code) = self.options.code {
            let warm = (epoch.max(1) as f64 / code.warmup_epochs.max(1) as f64).min(1.0);
            self.price.beta = (code.beta.get() * warm) as f32;
            self.price.free = code.free_bits.single();
        }
    }

    /// Moves the price of activity towards that at which the wanted fraction of nodes is active.
    ///
    /// ```text
    /// ln price += GAIN · share · ln(active / wanted)
    /// ```
    ///
    /// `share` is what the schedule has left of the learning rate: the network answers a price the more slowly, the
    /// smaller its steps are, and a price that moved faster than the answer would swing about its place.
    pub(super) fn search_price(&mut self, sums: Sums, batch: usize, share: f64) {
        let Sparsity::Active(wanted) = self.options.sparsity else { return };
        let nodes = (batch * self.layout.code_size) as f64;
        if self.price.l1 == 0.0 {
            self.price.l1 = (0.01 * sums.loss / nodes) as f32;
        }
        let active = (sums.active / nodes).max(1e-3);
        let change = (GAIN * share * (active / wanted.get()).ln()).clamp(-LARGEST_CHANGE, LARGEST_CHANGE);
        self.price.l1 *= change.exp() as f32;
    }
}

/// The divergence of a node's mean activation from the wanted one, and its derivative by the mean.
pub(super) fn mean_divergence(target: f64, mean: f64) -> (f64, f64) {
    let mean = mean.clamp(1e-6, 1.0 - 1e-6);
    let value = target * (target / mean).ln() + (1.0 - target) * ((1.0 - target) / (1.0 - mean)).ln();
    (value, (1.0 - target) / (1.0 - mean) - target / mean)
}

/// The gradient that the price on mean activations puts on every code, and the price.
pub(super) fn pull_of(sparsity: Sparsity, chunks: &[Chunk], batch: usize, pull: &mut [f32]) -> f64 {
    let Sparsity::Kl { target, weight } = sparsity else { return 0.0 };
    let mut price = 0.0;
    for (node, pull) in pull.iter_mut().enumerate() {
        let sum: f64 = chunks
            .iter()
            .flat_map(|chunk| chunk.code.column(node).into_iter().take(chunk.rows))
            .map(|value| f64::from(*value))
            .sum();
        let (value, slope) = mean_divergence(target.get(), sum / batch as f64);
        price += weight.get() * value;
        *pull = (weight.get() * slope) as f32;
    }
    price
}
