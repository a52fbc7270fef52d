//! What the figures of a run show: a few rows before and after, distances before and after, variances.
//!
//! Taken once while faithfulness is measured, so that figures are drawn again without the table.

use ndarray::{Array2, ArrayView2, Axis};
use rand::seq::index;
use serde::{Deserialize, Serialize};

use super::data::Data;
use super::work::gather;
use crate::autoencoder::Autoencoder;
use crate::error::Result;
use crate::evaluate::Reconstruction;
use crate::pca::Pca;
use crate::plot::Theme;
use crate::plot::svg;
use crate::seed::{Seed, Stream};

/// Held-out rows shown beside their reconstructions.
const EXAMPLES: usize = 10;
/// Rows that are rebuilt worst and named.
const WORST_ROWS: usize = 5;
/// Features up to which whole rows are kept for that.
const WIDEST: usize = 4_096;
/// Rows between which distances are shown.
const DISTANT_ROWS: usize = 200;
/// A node of the code counts as used above this share of the mean variance of all nodes.
const USED: f64 = 1e-3;

/// What the figures show.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Looks {
    /// Names of the example rows.
    pub ids: Vec<String>,
    /// Names of the features shown.
    pub features: Vec<String>,
    /// The example rows as they went in, and as they came out.
    pub original: Vec<Vec<f32>>,
    /// As `original`.
    pub reconstructed: Vec<Vec<f32>>,
    /// Distances in the prepared table between pairs of rows.
    pub before: Vec<f64>,
    /// Distances of the same pairs on the map; empty where there is none.
    pub after: Vec<f64>,
    /// The variance of each node of the code.
    pub code_variance: Vec<f64>,
    /// The variance of each principal component.
    pub pca_variance: Vec<f64>,
    /// The rows that were held out, ascending.
    #[serde(default)]
    pub held_out: Vec<u32>,
}

impl Looks {
    /// Takes them.
    #[must_use]
    pub(super) fn of(
        data: &Data,
        autoencoder: &Autoencoder,
        codes: ArrayView2<f32>,
        points: Option<ArrayView2<f32>>,
        pca: &Pca,
        seed: Seed,
    ) -> Self {
        let mut generator = seed.keyed(Stream::Evaluation, 2, 0);
        let held_out = &data.split.validation;
        let mut looks = Self {
            code_variance: codes
                .axis_iter(Axis(1))
                .map(|node| variance(node.iter().map(|value| f64::from(*value))))
                .collect(),
            pca_variance: pca.variances.iter().copied().collect(),
            held_out: held_out.iter().filter_map(|row| u32::try_from(*row).ok()).collect(),
            ..Self::default()
        };
        if data.prepared.ncols() <= WIDEST {
            let examples: Vec<usize> = index::sample(&mut generator, held_out.len(), EXAMPLES.min(held_out.len()))
                .into_iter()
                .map(|place| held_out[place])
                .collect();
            let rows = gather(data.prepared.view(), &examples);
            let back = autoencoder.reconstruct(rows.view());
            looks.ids = examples.iter().map(|row| data.rows.ids[*row].clone()).collect();
            looks.features = data.preparation.features().to_vec();
            looks.original = rows.rows().into_iter().map(|row| row.to_vec()).collect();
            looks.reconstructed = back.rows().into_iter().map(|row| row.to_vec()).collect();
        }
        if let Some(points) = points {
            let rows = index::sample(&mut generator, data.prepared.nrows(), DISTANT_ROWS.min(data.prepared.nrows()))
                .into_vec();
            looks.before = distances(gather(data.prepared.view(), &rows).view());
            looks.after = distances(gather(points, &rows).view());
        }
        looks
    }

    /// Draws what there is, of all rows' codes and reconstruction errors: file names and SVG.
    ///
    /// # Errors
    /// If drawing fails.
    pub(super) fn draw(
        &self,
        codes: ArrayView2<f32>,
        row_errors: &[f32],
        reconstruction: Option<&Reconstruction>,
        ids: &[String],
    ) -> Result<Vec<(&'static str, String)>> {
        let mut figures = Vec::new();
        if !self.original.is_empty() {
            let (original, reconstructed) = (matrix(&self.original), matrix(&self.reconstructed));
            let figure = svg::Reconstruction {
                title: "Held-out rows and their reconstructions".to_owned(),
                caption: "Each row as it went in, and as it came back from its code.".to_owned(),
                ids: &self.ids,
                features: &self.features,
                original: original.view(),
                reconstructed: reconstructed.view(),
                shape: svg::RowShape::Auto,
                theme: Theme::Light,
            };
            figures.push(("reconstruction.svg", svg::reconstruction(&figure)?));
        }
        figures.extend(self.errors(row_errors, reconstruction, ids)?.map(|figure| ("errors.svg", figure)));
        let mean = self.code_variance.iter().sum::<f64>() / self.code_variance.len().max(1) as f64;
        let active: Vec<bool> = self.code_variance.iter().map(|variance| *variance > USED * mean).collect();
        let histograms = svg::CodeHistograms {
            title: "What the nodes of the code hold".to_owned(),
            caption: String::new(),
            codes: codes.reborrow(),
            active: &active,
            theme: Theme::Light,
        };
        figures.push(("codes.svg", svg::code_histograms(&histograms)?));
        if self.code_variance.iter().sum::<f64>() > 0.0 {
            let variance = svg::CodeVariance {
                title: "Variance by node".to_owned(),
                caption: "The share of the code's variance that each node holds, largest first.".to_owned(),
                variance: &self.code_variance,
                reference: Some(("principal components", &self.pca_variance)),
                theme: Theme::Light,
            };
            figures.push(("variance.svg", svg::code_variance(&variance)?));
        }
        if !self.after.is_empty() {
            let shepard = svg::Shepard {
                title: "Distances before and after".to_owned(),
                caption: "Each cell counts pairs of rows; t-SNE keeps near ones and lets far ones go.".to_owned(),
                before: &self.before,
                after: &self.after,
                before_name: "distance in the prepared table",
                after_name: "distance on the map",
                theme: Theme::Light,
            };
            figures.push(("distances.svg", svg::shepard(&shepard)?));
        }
        Ok(figures)
    }

    /// Whether each of `rows` rows was held out.
    #[must_use]
    pub(super) fn is_held_out(&self, rows: usize) -> Vec<bool> {
        let mut flags = vec![false; rows];
        for row in &self.held_out {
            if let Some(flag) = flags.get_mut(*row as usize) {
                *flag = true;
            }
        }
        flags
    }

    /// Errors of rows and of the worst features.
    fn errors(
        &self,
        row_errors: &[f32],
        reconstruction: Option<&Reconstruction>,
        ids: &[String],
    ) -> Result<Option<String>> {
        let is_held_out = self.is_held_out(row_errors.len());
        let of = |wanted: bool| -> Vec<f32> {
            let rows = row_errors.iter().zip(&is_held_out).filter(|(_, held_out)| **held_out == wanted);
            rows.map(|(error, _)| *error).collect()
        };
        let (training, held_out) = (of(false), of(true));
        if !row_errors.iter().any(|error| error.is_finite()) {
            return Ok(None);
        }
        let mut worst: Vec<usize> = (0..row_errors.len().min(ids.len())).collect();
        worst.sort_by(|left, right| row_errors[*right].total_cmp(&row_errors[*left]));
        let worst: Vec<&str> = worst.into_iter().take(WORST_ROWS).map(|row| ids[row].as_str()).collect();
        let features: Vec<svg::WorstFeature<'_>> = reconstruction
            .map(|reconstruction| reconstruction.worst_features.iter())
            .into_iter()
            .flatten()
            .map(|feature| svg::WorstFeature {
                name: &feature.feature,
                error: feature.mse,
                kept: feature.variance_explained,
            })
            .collect();
        let figure = svg::Errors {
            title: "Reconstruction errors".to_owned(),
            caption: format!("Rebuilt worst: {}.", worst.join(", ")),
            training: &training,
            held_out: &held_out,
            features: &features,
            theme: Theme::Light,
        };
        Ok(Some(svg::errors(&figure)?))
    }
}

fn matrix(rows: &[Vec<f32>]) -> Array2<f32> {
    let columns = rows.first().map_or(0, Vec::len);
    Array2::from_shape_fn((rows.len(), columns), |(row, column)| rows[row][column])
}

fn variance(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    values.map(|value| (value - mean).powi(2)).sum::<f64>() / count
}

/// Distances between all pairs of rows.
fn distances(rows: ArrayView2<f32>) -> Vec<f64> {
    let mut distances = Vec::with_capacity(rows.nrows() * rows.nrows() / 2);
    for left in 0..rows.nrows() {
        for right in 0..left {
            let squared: f64 = rows.row(left).iter().zip(rows.row(right)).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            distances.push(squared.sqrt());
        }
    }
    distances
}
