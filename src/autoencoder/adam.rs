//! One step of the Adam optimizer (Kingma & Ba 2015), with weight decay apart from the gradient (Loshchilov & Hutter
//! 2019), in one pass over the parameters.

use super::math::wide;

const DECAY_OF_MEAN: f32 = 0.9;
const DECAY_OF_SQUARE: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// The factors of one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct AdamStep {
    /// Learning rate over the mean's bias correction.
    rate: f32,
    /// One over the root of the square's bias correction.
    root: f32,
    /// What is left of a weight after its decay.
    keep: f32,
    /// A factor on the gradient.
    shorten: f32,
}

impl AdamStep {
    /// The factors of step `step`, from 1.
    pub(super) fn new(step: u64, learning_rate: f64, weight_decay: f64) -> Self {
        let power = step.min(1_000_000) as i32;
        Self {
            rate: (learning_rate / (1.0 - f64::from(DECAY_OF_MEAN).powi(power))) as f32,
            root: (1.0 / (1.0 - f64::from(DECAY_OF_SQUARE).powi(power)).sqrt()) as f32,
            keep: (1.0 - learning_rate * weight_decay) as f32,
            shorten: 1.0,
        }
    }

    /// The same step for parameters that do not decay.
    pub(super) fn without_decay(self) -> Self {
        Self { keep: 1.0, ..self }
    }

    /// The same step with the gradient times `shorten`.
    pub(super) fn shortened(self, shorten: f32) -> Self {
        Self { shorten, ..self }
    }

    /// ```text
    /// m ← m + (1 - β₁)(g - m)      v ← β₂ v + (1 - β₂) g²
    /// p ← keep · p - rate · m / (√v · root + ε)
    /// ```
    pub(super) fn apply(self, parameters: &mut [f32], gradient: &[f32], mean: &mut [f32], square: &mut [f32]) {
        walk(self, parameters, gradient, mean, square);
    }
}

wide! {
    fn walk<'a>(step: AdamStep, parameters: &'a mut [f32], gradient: &'a [f32], mean: &'a mut [f32], square: &'a mut [f32]) {
        let length = parameters.len();
        let (gradient, mean, square) = (&gradient[..length], &mut mean[..length], &mut square[..length]);
        for index in 0..length {
            let slope = gradient[index] * step.shorten;
            mean[index] += (slope - mean[index]) * (1.0 - DECAY_OF_MEAN);
            square[index] = square[index] * DECAY_OF_SQUARE + (1.0 - DECAY_OF_SQUARE) * slope * slope;
            parameters[index] = parameters[index] * step.keep
                - step.rate * mean[index] / (square[index].sqrt() * step.root + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_steps_agree_with_pytorch() {
        // p = torch.tensor([1.0, -2.0], requires_grad=True); o = torch.optim.AdamW([p], lr=0.1, weight_decay=0.01)
        // three times: o.zero_grad(); ((p - 0.5) ** 2 * torch.tensor([1.0, 3.0])).sum().backward(); o.step()
        let (mut parameters, mut mean, mut square) = ([1.0_f32, -2.0], [0.0; 2], [0.0; 2]);
        for step in 1..=3 {
            let gradient = [2.0 * (parameters[0] - 0.5), 6.0 * (parameters[1] - 0.5)];
            AdamStep::new(step, 0.1, 0.01).apply(&mut parameters, &gradient, &mut mean, &mut square);
        }
        let expected = PYTORCH;
        assert!(
            parameters.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 2e-6),
            "{parameters:?}"
        );
    }

    const PYTORCH: [f32; 2] = [0.702_258_3, -1.694_791_1];
}
