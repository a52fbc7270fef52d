//! The backward pass against finite differences, and ten steps against PyTorch.

use ndarray::Array2;

use super::super::adam::AdamStep;
use super::super::gradient::{Flat, Tiles};
use super::super::layout::{CodeKind, Layout};
use super::super::network::{CHUNK, Chunk, CodePrice, Scaling};
use super::super::*;
use crate::value::Auto;

fn wave(count: usize, rate: f64, shift: f64) -> Vec<f32> {
    (0..count).map(|step| (step as f64 * rate + shift).sin() as f32).collect()
}

/// A network with everything that a step needs, on fixed rows and draws.
struct Bench {
    layout: Layout,
    tiles: Tiles,
    scaling: Scaling,
    rows: Array2<f32>,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    mean: Vec<f32>,
    square: Vec<f32>,
    chunk: Chunk,
    price: CodePrice,
}

impl Bench {
    fn new(options: &Options, rows: Array2<f32>, scaling: Scaling, price: CodePrice) -> Self {
        let options = Options { code_size: Some(Auto::Given(3)), ..options.clone() };
        let options = options
            .resolve(rows.nrows(), &DataFacts::of(rows.view()), &[])
            .unwrap_or_else(|error| panic!("{error}: {options:?}"));
        let layout = Layout::of(&options, rows.ncols()).unwrap();
        let parameters: Vec<f32> = wave(layout.length, 0.7, 0.0).iter().map(|value| 0.5 * value).collect();
        let zeros = vec![0.0; layout.length];
        let mut chunk = Chunk::new(&layout);
        chunk.rows = rows.nrows();
        assert!(chunk.rows <= CHUNK);
        if layout.code_kind == CodeKind::Normal {
            let draws = wave(rows.nrows() * layout.code_size, 1.3, 0.5);
            let draws = Array2::from_shape_vec((rows.nrows(), layout.code_size), draws).unwrap();
            chunk.draws.slice_mut(s![..rows.nrows(), ..]).assign(&draws);
        }
        let (gradient, mean, square) = (zeros.clone(), zeros.clone(), zeros);
        Self { tiles: Tiles::of(&layout), layout, scaling, rows, parameters, gradient, mean, square, chunk, price }
    }

    /// The loss per row at the present parameters, up to and including the backward pass.
    fn pass(&mut self) -> f64 {
        let batch = self.rows.nrows();
        for (place, row) in self.rows.rows().into_iter().enumerate() {
            self.chunk.take(place, row, &self.layout, &self.scaling);
        }
        self.chunk.encode(&self.layout, &self.parameters, self.price);
        self.chunk.decode(&self.layout, &self.parameters);
        self.chunk.lose(&self.layout, &self.parameters, &self.scaling, batch);
        self.chunk.backward(&self.layout, &self.parameters, self.price, None, batch);
        let sums = self.chunk.result;
        (sums.loss + f64::from(self.price.beta) * sums.divergence + sums.penalty) / batch as f64
    }

    fn flat(&mut self) -> (&Tiles, &Layout, &Chunk, Flat<'_>) {
        let flat = Flat {
            parameters: &mut self.parameters,
            gradient: &mut self.gradient,
            mean: &mut self.mean,
            square: &mut self.square,
        };
        (&self.tiles, &self.layout, &self.chunk, flat)
    }

    fn gradient(&mut self) -> Vec<f32> {
        self.pass();
        let (tiles, layout, chunk, flat) = self.flat();
        tiles.gradient(layout, std::slice::from_ref(chunk), flat);
        self.gradient.clone()
    }

    fn step(&mut self, step: u64) -> f64 {
        let loss = self.pass();
        let (tiles, layout, chunk, flat) = self.flat();
        tiles.step(layout, std::slice::from_ref(chunk), flat, AdamStep::new(step, 0.01, 0.0), None);
        loss
    }
}

fn rows_for(loss: Loss, rows: usize, columns: usize) -> Array2<f32> {
    let values = wave(rows * columns, 1.1, 0.0).into_iter().map(|value| match loss {
        Loss::Bce => 0.5 + 0.5 * value,
        Loss::Mse | Loss::Auto => value,
        _ => (3.0 * (1.0 + value)).floor(),
    });
    Array2::from_shape_vec((rows, columns), values.collect()).unwrap()
}

#[test]
fn gradients_agree_with_finite_differences_for_every_loss_activation_and_kind() {
    let variational = Code::Variational(Variational::default());
    let l1 = Sparsity::L1 { weight: crate::value::NonNegative::constant(0.3) };
    let losses = [Loss::Mse, Loss::Bce, Loss::Poisson, Loss::Nb, Loss::Zinb];
    let activations = [Activation::Relu, Activation::Gelu, Activation::Elu, Activation::Tanh, Activation::Sigmoid];
    let mut cases = Vec::new();
    for loss in losses {
        for (code, sparsity) in [(Code::Plain, Sparsity::None), (Code::Plain, l1), (variational, Sparsity::None)] {
            for linear_path in [LinearPath::Pca, LinearPath::None] {
                for tied in [Tied::Free, Tied::Tied] {
                    if tied == Tied::Tied && loss.is_for_counts() {
                        continue;
                    }
                    let activation = activations[cases.len() % activations.len()];
                    let hidden = Auto::Given(if cases.len() % 3 == 0 { vec![5] } else { vec![6, 5] });
                    cases.push(Options {
                        loss,
                        code,
                        sparsity,
                        linear_path,
                        tied,
                        activation,
                        hidden,
                        ..Options::default()
                    });
                }
            }
        }
    }
    for options in cases {
        let price = CodePrice { l1: 0.3, beta: 0.7, free: 0.01 };
        let scaling = Scaling { mean: wave(8, 0.3, 0.0), factor: 0.8, row_sum: 10.0 };
        let mut bench = Bench::new(&options, rows_for(options.loss, 9, 8), scaling, price);
        let analytic = bench.gradient();
        let largest = analytic.iter().fold(0.0_f32, |largest, slope| largest.max(slope.abs()));
        let length = bench.parameters.len();
        let middle = bench.pass();
        let (mut kinks, mut looks) = (0, 0);
        for index in (0..length).step_by((length / 60).max(1)) {
            let (kept, step) = (bench.parameters[index], 2e-3_f32);
            bench.parameters[index] = kept + step;
            let above = bench.pass();
            bench.parameters[index] = kept - step;
            let below = bench.pass();
            bench.parameters[index] = kept;
            let numeric = ((above - below) / (2.0 * f64::from(step))) as f32;
            let difference = (numeric - analytic[index]).abs();
            let tolerance = 0.01 * largest.max(0.1) + 2e-3;
            // Between two points on either side of a kink of `max(z, 0)` there is no slope to compare with.
            let bend = ((above - middle) - (middle - below)).abs() / f64::from(step);
            let may_kink = options.activation == Activation::Relu || matches!(options.sparsity, Sparsity::L1 { .. });
            looks += 1;
            if may_kink && bend > f64::from(tolerance) {
                kinks += 1;
                continue;
            }
            assert!(difference < tolerance, "{index}: {numeric} {} {options:?}", analytic[index]);
        }
        assert!(kinks * 4 < looks, "{kinks} of {looks} at a kink: {options:?}");
    }
}

#[test]
fn sparse_rows_have_the_loss_and_the_gradient_that_they_have_when_dense() {
    let variational = Code::Variational(Variational::default());
    for loss in [Loss::Mse, Loss::Bce, Loss::Poisson, Loss::Zinb] {
        for (code, hidden, linear_path) in [
            (Code::Plain, vec![6, 5], LinearPath::Pca),
            (Code::Plain, vec![], LinearPath::None),
            (variational, vec![70], LinearPath::Pca),
        ] {
            let options = Options { loss, code, hidden: Auto::Given(hidden), linear_path, ..Options::default() };
            let mut rows = rows_for(loss, 9, 8);
            rows.indexed_iter_mut().for_each(|((row, column), value)| {
                if (row + column) % 4 > 0 {
                    *value = 0.0;
                }
            });
            let scaling = Scaling { mean: wave(8, 0.3, 0.0), factor: 0.8, row_sum: 10.0 };
            let price = CodePrice { l1: 0.0, beta: 0.7, free: 0.01 };
            let mut dense = Bench::new(&options, rows.clone(), scaling.clone(), price);
            let mut sparse = Bench::new(&options, rows, scaling.clone(), price);
            sparse.layout.common = scaling.mean.iter().map(|mean| -mean * scaling.factor).collect();
            sparse.chunk.sparse = Some(Default::default());
            let close = |sparse: f64, dense: f64| {
                assert!((sparse - dense).abs() < 1e-4 * dense.abs().max(1.0), "{loss:?}: {sparse} {dense}")
            };
            let (expected, found) = (dense.gradient(), sparse.gradient());
            close(sparse.pass(), dense.pass());
            found.iter().zip(&expected).for_each(|(found, expected)| close(f64::from(*found), f64::from(*expected)));
            assert!(expected.iter().any(|slope| slope.abs() > 0.01));
        }
    }
}

#[derive(serde::Deserialize)]
struct Golden {
    loss: Loss,
    activation: Activation,
    code: String,
    l1: f32,
    beta: f32,
    losses: Vec<f64>,
    parameters: Vec<f32>,
}

#[test]
fn ten_steps_agree_with_pytorch() {
    let cases: Vec<Golden> =
        serde_json::from_str(include_str!("../../../tests/golden/autoencoder/steps.json")).unwrap();
    for golden in cases {
        let options = Options {
            loss: golden.loss,
            activation: golden.activation,
            hidden: Auto::Given(vec![5]),
            linear_path: LinearPath::None,
            code: if golden.code == "plain" { Code::Plain } else { Code::Variational(Variational::default()) },
            sparsity: if golden.l1 > 0.0 {
                Sparsity::L1 { weight: crate::value::NonNegative::constant(0.1) }
            } else {
                Sparsity::None
            },
            ..Options::default()
        };
        let price = CodePrice { l1: golden.l1, beta: golden.beta, free: 0.0 };
        let scaling = Scaling { row_sum: 10.0, ..Scaling::plain(6) };
        let mut bench = Bench::new(&options, rows_for(golden.loss, 7, 6), scaling, price);
        for (step, expected) in golden.losses.iter().enumerate() {
            let found = bench.step(step as u64 + 1);
            let what = (golden.loss, golden.activation, &golden.code, step);
            assert!((found / expected - 1.0).abs() < 1e-4, "{what:?}: {found} {expected}");
        }
        for (found, expected) in bench.parameters.iter().zip(&golden.parameters) {
            assert!((found - expected).abs() < 1e-4 * expected.abs().max(1.0), "{found} {expected}");
        }
    }
}
