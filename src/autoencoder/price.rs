//! What the codes cost while they are trained: the price by epoch, its search, and the pull of mean activations.

use super::network::{Chunk, CodePrice, Sums};
use super::options::{Code, Sparsity};
use super::train::Trainer;

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
            Code::Variational(code) => epoch > code.warmup_epochs || epoch == self.decided.max_epochs,
            Code::Plain => !matches!(self.options.sparsity, Sparsity::Active(_)) || epoch > 10,
        }
    }

    pub(super) fn price_for_epoch(&mut self, epoch: usize) {
        if let Code::Variational(code) = self.options.code {
            let warm = (epoch.max(1) as f64 / code.warmup_epochs.max(1) as f64).min(1.0);
            self.price.beta = (code.beta.get() * warm) as f32;
            self.price.free = code.free_bits.single();
        }
    }

    /// Moves the price of activity towards that at which the wanted fraction of nodes is active.
    pub(super) fn search_price(&mut self, sums: Sums, batch: usize) {
        let Sparsity::Active(wanted) = self.options.sparsity else { return };
        let nodes = (batch * self.layout.code_size) as f64;
        if self.price.l1 == 0.0 {
            self.price.l1 = (0.01 * sums.loss / nodes) as f32;
        }
        let active = (sums.active / nodes).max(1e-3);
        self.price.l1 *= (0.05 * (active / wanted.get()).ln()).clamp(-0.1, 0.1).exp() as f32;
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
