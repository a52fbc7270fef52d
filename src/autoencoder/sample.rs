//! New rows from a variational autoencoder, and rows between two rows.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::error::AutoencoderError;
use super::options::Code;
use super::{Autoencoder, Network};
use crate::seed::{Generator, Seed, Stream};

/// A mixture of normal distributions with axes of their own, fitted to codes by expectation maximization.
///
/// The codes of a variational autoencoder come near the standard normal distribution, but not to it; rows drawn from where
/// the codes really are look more like rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// The share of every component.
    pub shares: Vec<f64>,
    /// The mean of every component (`components × code_size`).
    pub means: Array2<f64>,
    /// The variance of every component along every node (`components × code_size`).
    pub variances: Array2<f64>,
}

impl Mixture {
    /// Fits `components` components to `codes` in 50 rounds.
    ///
    /// # Panics
    /// If there are no codes or no components.
    #[must_use]
    pub fn fit(codes: ArrayView2<f32>, components: usize, seed: Seed) -> Self {
        const ROUNDS: usize = 50;
        assert!(codes.nrows() > 0 && components > 0, "nothing to fit");
        let mut generator = seed.stream(Stream::Mixture);
        let size = codes.ncols();
        let codes = codes.mapv(f64::from);
        let overall = codes.var_axis(Axis(0), 0.0).mapv(|variance| variance.max(1e-9));
        let mut mixture = Self {
            shares: vec![1.0 / components as f64; components],
            means: Array2::from_shape_fn((components, size), |_| 0.0),
            variances: Array2::from_shape_fn((components, size), |(_, node)| overall[node]),
        };
        for mut mean in mixture.means.rows_mut() {
            mean.assign(&codes.row(generator.random_range(0..codes.nrows())));
        }
        for _ in 0..ROUNDS {
            mixture.improve(&codes, &overall);
        }
        mixture
    }

    fn improve(&mut self, codes: &Array2<f64>, overall: &Array1<f64>) {
        let components = self.shares.len();
        let mut weights = vec![0.0; components];
        let (mut sums, mut squares) = (Array2::zeros(self.means.dim()), Array2::zeros(self.means.dim()));
        for code in codes.rows() {
            let logs: Vec<f64> = (0..components).map(|component| self.log_density(component, code)).collect();
            let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = logs.iter().map(|log| (log - highest).exp()).sum();
            for (component, log) in logs.iter().enumerate() {
                let share = (log - highest).exp() / total;
                weights[component] += share;
                sums.row_mut(component).scaled_add(share, &code);
                squares.row_mut(component).scaled_add(share, &code.mapv(|value| value * value));
            }
        }
        for component in 0..components {
            let weight = weights[component].max(1e-9);
            self.shares[component] = weights[component] / codes.nrows() as f64;
            for node in 0..codes.ncols() {
                let mean = sums[(component, node)] / weight;
                self.means[(component, node)] = mean;
                let variance = squares[(component, node)] / weight - mean * mean;
                self.variances[(component, node)] = variance.max(1e-4 * overall[node]);
            }
        }
    }

    fn log_density(&self, component: usize, code: ArrayView1<f64>) -> f64 {
        let terms = code.iter().zip(self.means.row(component)).zip(self.variances.row(component));
        let sum: f64 = terms.map(|((value, mean), variance)| (value - mean).powi(2) / variance + variance.ln()).sum();
        self.shares[component].max(1e-300).ln() - 0.5 * sum
    }

    /// Codes drawn from the mixture (`count × code_size`).
    #[must_use]
    pub fn sample(&self, count: usize, seed: Seed) -> Array2<f32> {
        self.next(count, &mut seed.stream(Stream::Sample))
    }

    fn next(&self, count: usize, generator: &mut Generator) -> Array2<f32> {
        let mut codes = Array2::zeros((count, self.means.ncols()));
        for mut code in codes.rows_mut() {
            let mut left: f64 = generator.random();
            let mut component = 0;
            while component + 1 < self.shares.len() && left >= self.shares[component] {
                left -= self.shares[component];
                component += 1;
            }
            for (node, value) in code.iter_mut().enumerate() {
                let spread = self.variances[(component, node)].sqrt();
                *value = (self.means[(component, node)] + spread * normal(generator)) as f32;
            }
        }
        codes
    }
}

/// Rows drawn from a variational autoencoder, some at a time: the same rows however they are parted.
pub struct Draw<'a> {
    autoencoder: &'a Autoencoder,
    mixture: Option<&'a Mixture>,
    generator: Generator,
}

impl Draw<'_> {
    /// The next `count` rows (`count × features`, in the units of the prepared table).
    pub fn next(&mut self, count: usize) -> Array2<f32> {
        let codes = match self.mixture {
            Some(mixture) => mixture.next(count, &mut self.generator),
            None => {
                let shape = (count, self.autoencoder.code_size());
                Array2::from_shape_simple_fn(shape, || normal(&mut self.generator) as f32)
            }
        };
        self.autoencoder.decode(codes.view())
    }
}

fn normal(generator: &mut Generator) -> f64 {
    StandardNormal.sample(generator)
}

impl Autoencoder {
    /// `count` new rows (`count × features`, in the units of the training table): codes from the standard normal
    /// distribution, decoded.
    ///
    /// # Errors
    /// If the code is not variational.
    pub fn sample(&self, count: usize, seed: Seed) -> Result<Array2<f32>, AutoencoderError> {
        Ok(self.draw(None, seed)?.next(count))
    }

    /// A draw of new rows, some at a time: codes from `mixture`, or from the standard normal distribution, decoded.
    ///
    /// # Errors
    /// If the code is not variational.
    pub fn draw<'a>(&'a self, mixture: Option<&'a Mixture>, seed: Seed) -> Result<Draw<'a>, AutoencoderError> {
        self.refuse_unless_variational()?;
        Ok(Draw { autoencoder: self, mixture, generator: seed.stream(Stream::Sample) })
    }

    /// `count` new rows from a mixture fitted to codes.
    ///
    /// # Errors
    /// If the code is not variational.
    ///
    /// # Panics
    /// If the mixture was fitted to codes of another size.
    pub fn sample_from(&self, mixture: &Mixture, count: usize, seed: Seed) -> Result<Array2<f32>, AutoencoderError> {
        self.refuse_unless_variational()?;
        Ok(self.decode(mixture.sample(count, seed).view()))
    }

    /// `steps` rows from the code `first` to the code `last`, both included, along the straight line between them
    /// (`steps × features`, in the units of the training table).
    ///
    /// # Panics
    /// If a code has another size.
    #[must_use]
    pub fn between(&self, first: ArrayView1<f32>, last: ArrayView1<f32>, steps: usize) -> Array2<f32> {
        let along = Array2::from_shape_fn((steps, self.code_size()), |(step, node)| {
            let part = step as f32 / (steps.max(2) - 1) as f32;
            first[node] + part * (last[node] - first[node])
        });
        self.decode(along.view())
    }

    fn refuse_unless_variational(&self) -> Result<(), AutoencoderError> {
        match (self.options().code, &self.network) {
            (Code::Variational(_), Network::Trained { .. }) => Ok(()),
            _ => Err(AutoencoderError::NotVariational),
        }
    }
}
