//! Choosing the features that vary most.

use ndarray::Array2;

use crate::error::Result;
use crate::prepare::error::PrepareError;
use crate::prepare::fitted::find;
use crate::prepare::loess;
use crate::prepare::statistics;
use crate::prepare::statistics::count_of;
use crate::prepare::step::TopVariable;
use crate::prepare::step::Variability;
use crate::table::clipped;

/// The positions of the `count` features that vary most, in ascending order.
///
/// # Errors
/// If the method needs counts and a value is none.
pub(super) fn top_variable(
    options: TopVariable,
    values: &Array2<f32>,
    names: &[String],
    rows: &[usize],
) -> Result<Vec<usize>> {
    let scores = match options.method {
        Variability::Variance => statistics::moments(values, rows).iter().map(|moments| moments.variance).collect(),
        Variability::Dispersion => dispersions(values, rows),
        Variability::SeuratV3 => {
            if let Some((row, column, value)) = find(values, |value| value < 0.0 || value.fract() != 0.0) {
                return Err(PrepareError::NotCounts { column: clipped(&names[column]), row: row + 1, value }.into());
            }
            standardized_variances(values, rows)
        }
    };
    Ok(best(&scores, options.count))
}

/// The positions of the greatest scores; of equal ones, the first.
fn best(scores: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|left, right| scores[*right].total_cmp(&scores[*left]).then(left.cmp(right)));
    order.truncate(count);
    order.sort_unstable();
    order
}

/// Dispersion (variance over mean) of log-normalized counts, as a z-score among features of like
/// mean: 20 bins of equal width (Satija et al. 2015; scanpy's `highly_variable_genes`, `seurat`).
fn dispersions(values: &Array2<f32>, rows: &[usize]) -> Vec<f64> {
    const BINS: usize = 20;
    let counts = values.mapv(|value| f64::from(value).exp_m1());
    #[expect(clippy::cast_possible_truncation, reason = "as the matrix was before its logarithm")]
    let counts = counts.mapv(|value| value as f32);
    let unbiased = count_of(rows.len()) / count_of(rows.len().max(2) - 1);
    let figures: Vec<(f64, Option<f64>)> = statistics::moments(&counts, rows)
        .iter()
        .map(|moments| {
            let mean = if moments.mean == 0.0 { 1e-12 } else { moments.mean };
            let dispersion = moments.variance * unbiased / mean;
            (mean.ln_1p(), (dispersion > 0.0).then(|| dispersion.ln()))
        })
        .collect();
    let low = figures.iter().map(|(mean, _)| *mean).fold(f64::INFINITY, f64::min);
    let high = figures.iter().map(|(mean, _)| *mean).fold(f64::NEG_INFINITY, f64::max);
    let width = (high - low) / count_of(BINS);
    // Bins are closed on the right, the first on both sides (pandas' `cut`).
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bin's number")]
    let bin = |mean: f64| (((mean - low) / width).ceil().max(1.0) as usize - 1).min(BINS - 1);
    let mut members: Vec<Vec<f64>> = vec![Vec::new(); BINS];
    for (mean, dispersion) in &figures {
        if let Some(dispersion) = dispersion {
            members[bin(*mean)].push(*dispersion);
        }
    }
    let of_bins: Vec<(f64, f64)> = members
        .iter()
        .map(|members| {
            let mean = members.iter().sum::<f64>() / count_of(members.len().max(1));
            if members.len() < 2 {
                // A feature alone in its bin gets a score of 1.
                return (0.0, mean);
            }
            let square = members.iter().map(|member| (member - mean).powi(2)).sum::<f64>();
            (mean, (square / count_of(members.len() - 1)).sqrt())
        })
        .collect();
    figures
        .iter()
        .map(|(mean, dispersion)| match dispersion {
            Some(dispersion) => {
                let (center, spread) = of_bins[bin(*mean)];
                let score = (dispersion - center) / spread;
                if score.is_nan() { 0.0 } else { score }
            }
            None => 0.0,
        })
        .collect()
}

/// Variance of counts after standardizing with the variance that the trend expects at their mean
/// (Stuart et al. 2019; scanpy's `highly_variable_genes`, `seurat_v3`).
fn standardized_variances(values: &Array2<f32>, rows: &[usize]) -> Vec<f64> {
    let count = count_of(rows.len());
    let figures = statistics::moments(values, rows);
    let unbiased = count / (count - 1.0).max(1.0);
    let varying: Vec<usize> = (0..figures.len()).filter(|column| figures[*column].variance > 0.0).collect();
    let means: Vec<f64> = varying.iter().map(|column| figures[*column].mean.log10()).collect();
    let variances: Vec<f64> = varying.iter().map(|column| (figures[*column].variance * unbiased).log10()).collect();
    let trend = loess::smooth(&means, &variances, 0.3);
    let mut expected = vec![0.0; figures.len()];
    for (column, logarithm) in varying.iter().zip(trend) {
        expected[*column] = 10_f64.powf(logarithm).sqrt();
    }
    let limits: Vec<f64> =
        expected.iter().zip(&figures).map(|(spread, moments)| spread * count.sqrt() + moments.mean).collect();
    let sums = statistics::clipped_sums(values, rows, &limits);
    let scores = figures.iter().zip(&expected).zip(sums).map(|((moments, spread), (sum, square))| {
        if *spread == 0.0 {
            return 0.0;
        }
        (count * moments.mean.powi(2) + square - 2.0 * sum * moments.mean) / ((count - 1.0).max(1.0) * spread.powi(2))
    });
    scores.collect()
}
