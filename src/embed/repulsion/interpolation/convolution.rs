//! The convolution of a grid with the kernel of t-SNE, by a real Fourier transform in two dimensions.

use std::f64::consts::TAU;
use std::sync::Arc;

use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

/// Columns of the transform that one task handles.
const COLUMNS: usize = 16;
/// Rows of the transform that one task handles.
const ROWS: usize = 8;

/// A grid of a given size, padded to twice that so that opposite borders do not meet.
pub(super) struct Convolution {
    columns: usize,
    rows: usize,
    spacing: f32,
    lowered: f64,
    real: RealFftPlanner<f32>,
    complex: FftPlanner<f32>,
    plans: Option<Plans>,
    /// The transform of the kernel, transposed: a row per wave number along a row of the grid.
    kernel: Vec<f32>,
    by_row: Vec<Complex<f32>>,
    by_column: Vec<Complex<f32>>,
}

struct Plans {
    forward_rows: Arc<dyn RealToComplex<f32>>,
    backward_rows: Arc<dyn ComplexToReal<f32>>,
    forward_columns: Arc<dyn Fft<f32>>,
    backward_columns: Arc<dyn Fft<f32>>,
}

/// The next even number of at least `least` that has no prime factor above 7: lengths that transform quickly.
pub(super) fn smooth(least: usize) -> usize {
    let is_smooth = |number: &usize| {
        let rest = [2, 3, 5, 7].iter().fold(*number, |mut rest, prime| {
            while rest % prime == 0 {
                rest /= prime;
            }
            rest
        });
        rest == 1
    };
    (least.max(8).next_multiple_of(2)..).step_by(2).find(is_smooth).unwrap_or(least)
}

impl Convolution {
    pub(super) fn new() -> Self {
        Self {
            columns: 0,
            rows: 0,
            spacing: 0.0,
            lowered: 0.0,
            real: RealFftPlanner::new(),
            complex: FftPlanner::new(),
            plans: None,
            kernel: Vec::new(),
            by_row: Vec::new(),
            by_column: Vec::new(),
        }
    }

    /// Gets ready for a grid of `rows × columns` nodes, `spacing` apart; cheap where nothing has changed. Gives what is
    /// taken off the kernel everywhere.
    pub(super) fn prepare(&mut self, columns: usize, rows: usize, spacing: f32) -> f64 {
        if (self.columns, self.rows) != (columns, rows) {
            let (padded_columns, padded_rows) = (2 * columns, 2 * rows);
            self.plans = Some(Plans {
                forward_rows: self.real.plan_fft_forward(padded_columns),
                backward_rows: self.real.plan_fft_inverse(padded_columns),
                forward_columns: self.complex.plan_fft_forward(padded_rows),
                backward_columns: self.complex.plan_fft_inverse(padded_rows),
            });
            self.by_row.resize(rows * (columns + 1), Complex::default());
            self.by_column.resize((columns + 1) * padded_rows, Complex::default());
        }
        if (self.columns, self.rows) != (columns, rows) || self.spacing != spacing {
            (self.columns, self.rows, self.spacing) = (columns, rows, spacing);
            self.transform_kernel();
        }
        self.lowered
    }

    /// The transform of the lowered kernel, divided by that of the splines (once for spreading, once for reading) and
    /// by the length of the transform.
    ///
    /// The kernel is lowered by its value at the far corner, in a form that does not cancel:
    /// `1/(1 + r²) − 1/(1 + R²) = (R² − r²) / ((1 + r²)(1 + R²))`.
    fn transform_kernel(&mut self) {
        let (columns, rows) = (2 * self.columns, 2 * self.rows);
        let spacing = f64::from(self.spacing);
        let squared = |nodes: usize| (nodes as f64 * spacing).powi(2);
        let farthest = squared(self.columns) + squared(self.rows);
        self.lowered = 1.0 / (1.0 + farthest);
        let along_rows = RealFftPlanner::<f64>::new().plan_fft_forward(columns);
        let along_columns = FftPlanner::<f64>::new().plan_fft_forward(rows);
        let waves = self.columns + 1;
        let mut half = vec![Complex::<f64>::default(); (self.rows + 1) * waves];
        half.par_chunks_mut(waves).enumerate().for_each(|(row, out)| {
            let mut values: Vec<f64> = (0..columns)
                .map(|column| {
                    let near = squared(column.min(columns - column)) + squared(row);
                    (farthest - near) / ((1.0 + near) * (1.0 + farthest))
                })
                .collect();
            along_rows.process(&mut values, out).expect("the lengths are those of the plan");
        });
        let length = (columns * rows) as f64;
        let down: Vec<f64> = (0..rows).map(|wave| smoothing(wave, rows)).collect();
        self.kernel.resize(waves * rows, 0.0);
        self.kernel.par_chunks_mut(rows).enumerate().for_each(|(wave, out)| {
            let mut values: Vec<Complex<f64>> = (0..rows).map(|row| half[row.min(rows - row) * waves + wave]).collect();
            along_columns.process(&mut values);
            let across = smoothing(wave, columns);
            for ((out, value), down) in out.iter_mut().zip(values).zip(&down) {
                let both = across * down;
                *out = (value.re / (length * both * both)) as f32;
            }
        });
    }

    /// Overwrites `potential` with the convolution of `charges` (both `rows × columns`) and the lowered kernel.
    ///
    /// # Panics
    /// If nothing was prepared.
    pub(super) fn apply(&mut self, charges: &[f32], potential: &mut [f32]) {
        let plans = self.plans.as_ref().expect("a size was prepared");
        let (columns, rows) = (2 * self.columns, 2 * self.rows);
        let waves = self.columns + 1;
        let (by_row, by_column, kernel) = (&mut self.by_row, &mut self.by_column, &self.kernel);

        by_row.par_chunks_mut(waves * ROWS).zip(charges.par_chunks(self.columns * ROWS)).for_each_init(
            || (vec![0.0; columns], plans.forward_rows.make_scratch_vec()),
            |(padded, scratch), (out, charges)| {
                for (out, charges) in out.chunks_mut(waves).zip(charges.chunks(self.columns)) {
                    padded[..self.columns].copy_from_slice(charges);
                    padded[self.columns..].fill(0.0);
                    let done = plans.forward_rows.process_with_scratch(padded, out, scratch);
                    done.expect("the lengths are those of the plan");
                }
            },
        );

        let by_row = &*by_row;
        let scratch_length =
            plans.forward_columns.get_inplace_scratch_len().max(plans.backward_columns.get_inplace_scratch_len());
        by_column.par_chunks_mut(COLUMNS * rows).zip(kernel.par_chunks(COLUMNS * rows)).enumerate().for_each_init(
            || vec![Complex::default(); scratch_length],
            |scratch, (block, (out, kernel))| {
                let first = block * COLUMNS;
                let width = out.len() / rows;
                for (row, values) in by_row.chunks_exact(waves).enumerate() {
                    for (column, value) in values[first..first + width].iter().enumerate() {
                        out[column * rows + row] = *value;
                    }
                }
                for (column, kernel) in out.chunks_exact_mut(rows).zip(kernel.chunks_exact(rows)) {
                    column[self.rows..].fill(Complex::default());
                    plans.forward_columns.process_with_scratch(column, scratch);
                    column.iter_mut().zip(kernel).for_each(|(value, kernel)| *value *= *kernel);
                    plans.backward_columns.process_with_scratch(column, scratch);
                }
            },
        );

        let by_column = &*by_column;
        potential.par_chunks_mut(ROWS * self.columns).enumerate().for_each_init(
            || (vec![Complex::default(); waves * ROWS], vec![0.0; columns], plans.backward_rows.make_scratch_vec()),
            |(gathered, padded, scratch), (block, out)| {
                let first = block * ROWS;
                let height = out.len() / self.columns;
                for (wave, values) in by_column.chunks_exact(rows).enumerate() {
                    for (row, value) in values[first..first + height].iter().enumerate() {
                        gathered[row * waves + wave] = *value;
                    }
                }
                for (waves, out) in gathered.chunks_exact_mut(waves).zip(out.chunks_exact_mut(self.columns)) {
                    // These two are real but for rounding, and the transform insists.
                    waves[0].im = 0.0;
                    waves[self.columns].im = 0.0;
                    let done = plans.backward_rows.process_with_scratch(waves, padded, scratch);
                    done.expect("the lengths are those of the plan");
                    out.copy_from_slice(&padded[..self.columns]);
                }
            },
        );
    }
}

/// The transform of the cubic B-spline at its nodes, `(1, 4, 1) / 6`.
fn smoothing(wave: usize, length: usize) -> f64 {
    (4.0 + 2.0 * (TAU * wave as f64 / length as f64).cos()) / 6.0
}
