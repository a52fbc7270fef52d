//! What the nodes of hidden layers do: bias and activation in one pass, with the slope that the backward pass needs.

use super::math::{exp, normal, sigmoid, tanh, wide};
use super::options::Activation;

impl Activation {
    /// The value and the slope at `z`.
    #[inline(always)]
    fn at(self, z: f32) -> (f32, f32) {
        match self {
            Self::Relu => (z.max(0.0), if z > 0.0 { 1.0 } else { 0.0 }),
            Self::Gelu => {
                let (below, density) = normal(z);
                // Far out `z · φ(z)` is 0, but for infinite z it would be NaN.
                (z * below, below + z.clamp(-30.0, 30.0) * density)
            }
            Self::Elu => {
                let tail = exp(z.min(0.0));
                (if z > 0.0 { z } else { tail - 1.0 }, tail)
            }
            Self::Tanh => {
                let value = tanh(z);
                (value, 1.0 - value * value)
            }
            Self::Sigmoid => {
                let value = sigmoid(z);
                (value, value * (1.0 - value))
            }
        }
    }

    /// Adds `bias` to every row of `sums` (`n × bias.len()`, row-major) and applies the activation in place; `slopes`
    /// gets the derivative at every node.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub(super) fn apply(self, bias: &[f32], sums: &mut [f32], slopes: &mut [f32]) {
        assert!(sums.len() == slopes.len() && sums.len().is_multiple_of(bias.len()));
        // A loop of its own for each, so that the choice is made outside it.
        match self {
            Self::Relu => relu(bias, sums, slopes),
            Self::Gelu => gelu(bias, sums, slopes),
            Self::Elu => elu(bias, sums, slopes),
            Self::Tanh => hyperbolic(bias, sums, slopes),
            Self::Sigmoid => logistic(bias, sums, slopes),
        }
    }
}

macro_rules! apply {
    ($name:ident, $kind:ident) => {
        wide! {
            fn $name<'a>(bias: &'a [f32], sums: &'a mut [f32], slopes: &'a mut [f32]) {
                for (sums, slopes) in sums.chunks_exact_mut(bias.len()).zip(slopes.chunks_exact_mut(bias.len())) {
                    for ((sum, slope), bias) in sums.iter_mut().zip(slopes).zip(bias) {
                        (*sum, *slope) = Activation::$kind.at(*sum + bias);
                    }
                }
            }
        }
    };
}

apply!(relu, Relu);
apply!(gelu, Gelu);
apply!(elu, Elu);
apply!(hyperbolic, Tanh);
apply!(logistic, Sigmoid);

wide! {
    /// `gradient ·= slopes`: from the gradient of a layer's values to that of its sums.
    pub(super) fn through<'a>(gradient: &'a mut [f32], slopes: &'a [f32]) {
        gradient.iter_mut().zip(slopes).for_each(|(gradient, slope)| *gradient *= slope);
    }
}

wide! {
    /// Adds `bias` to every row.
    pub(super) fn add_bias<'a>(sums: &'a mut [f32], bias: &'a [f32]) {
        for row in sums.chunks_exact_mut(bias.len().max(1)) {
            row.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Activation; 5] =
        [Activation::Relu, Activation::Gelu, Activation::Elu, Activation::Tanh, Activation::Sigmoid];

    #[test]
    fn values_agree_with_pytorch() {
        // torch.nn.functional.{relu, gelu, elu, tanh, sigmoid}(torch.tensor([-1.3, 0.7]))
        let expected = [
            [0.0, 0.7],
            [-0.125_840_1, 0.530_625_4],
            [-0.727_468_2, 0.7],
            [-0.861_723_2, 0.604_367_8],
            [0.214_165, 0.668_187_8],
        ];
        for (activation, expected) in ALL.into_iter().zip(expected) {
            for (z, expected) in [-1.3, 0.7].into_iter().zip(expected) {
                let mut value = [z];
                activation.apply(&[0.0], &mut value, &mut [0.0]);
                assert!((value[0] - expected).abs() < 1e-6_f32, "{activation:?}({z}): {} {expected}", value[0]);
            }
        }
    }

    #[test]
    fn slopes_agree_with_finite_differences() {
        for activation in ALL {
            for z in [-3.1, -0.7, -0.2, 0.15, 0.8, 2.5] {
                let step = 1e-3;
                let numeric = (activation.at(z + step).0 - activation.at(z - step).0) / (2.0 * step);
                assert!((activation.at(z).1 - numeric).abs() < 3e-4, "{activation:?} at {z}");
            }
        }
    }

    #[test]
    fn extremes_stay_finite() {
        for activation in ALL {
            for z in [-1e30, -1e4, 1e4, 1e30] {
                let (value, slope) = activation.at(z);
                assert!(value.is_finite() && slope.is_finite(), "{activation:?} at {z}: {value} {slope}");
            }
        }
    }
}
