//! How well rows are reconstructed, beside PCA of the same size.

use ndarray::{ArrayView2, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Squared errors of a reconstruction, added up block by block.
///
/// Give held-out rows: errors on training rows are too small.
#[derive(Debug, Clone, PartialEq)]
pub struct Errors {
    /// Sum of squared errors of each feature.
    squared: Vec<f64>,
    /// Mean of each feature so far, and its sum of squared deviations from it.
    means: Vec<f64>,
    deviations: Vec<f64>,
    by_row: Vec<f32>,
}

impl Errors {
    /// Nothing added yet.
    #[must_use]
    pub fn new(features: usize) -> Self {
        Self {
            squared: vec![0.0; features],
            means: vec![0.0; features],
            deviations: vec![0.0; features],
            by_row: Vec::new(),
        }
    }

    /// Adds rows and their reconstructions: both `m × d`, `d` as given to [`Errors::new`].
    ///
    /// The order of rows matters in the last bits only; the thread count does not matter.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn add(&mut self, rows: ArrayView2<f32>, reconstruction: ArrayView2<f32>) {
        assert_eq!(rows.dim(), reconstruction.dim(), "a reconstruction per row");
        assert_eq!(rows.ncols(), self.squared.len(), "the same features in every block");
        for (row, reconstruction) in rows.axis_iter(Axis(0)).zip(reconstruction.axis_iter(Axis(0))) {
            let mut sum = 0.0_f64;
            let seen = (self.by_row.len() + 1) as f64;
            for (feature, (value, again)) in row.iter().zip(reconstruction).enumerate() {
                let (value, again) = (f64::from(*value), f64::from(*again));
                let error = (value - again).powi(2);
                sum += error;
                self.squared[feature] += error;
                // Welford, Technometrics 4 (1962)
                let distance = value - self.means[feature];
                self.means[feature] += distance / seen;
                self.deviations[feature] += distance * (value - self.means[feature]);
            }
            self.by_row.push((sum / self.squared.len().max(1) as f64) as f32);
        }
    }

    /// The mean squared error of each row added, in order.
    #[must_use]
    pub fn by_row(&self) -> &[f32] {
        &self.by_row
    }

    /// The mean squared error of all values; `None` before any were added.
    #[must_use]
    pub fn mse(&self) -> Option<f64> {
        let values = self.by_row.len() * self.squared.len();
        (values > 0).then(|| self.squared.iter().sum::<f64>() / values as f64)
    }

    /// The share of the rows' variance (about their own means) that the reconstruction keeps, over all
    /// features together; below 0 where means alone would have done better, `None` where nothing varies.
    #[must_use]
    pub fn variance_explained(&self) -> Option<f64> {
        explained(self.squared.iter().sum(), self.deviations.iter().sum())
    }
}

/// How well held-out rows are reconstructed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reconstruction {
    /// Mean squared error per value of the prepared table.
    pub mse: f64,
    /// The same for PCA with as many components as the code has numbers.
    pub pca_mse: Option<f64>,
    /// `mse / pca_mse`: below 1 the autoencoder lost less.
    pub mse_relative_to_pca: Option<f64>,
    /// The share of variance kept; `None` where nothing varies.
    pub variance_explained: Option<f64>,
    /// The same for PCA.
    pub pca_variance_explained: Option<f64>,
    /// The features with the largest error, the worst first.
    pub worst_features: Vec<FeatureError>,
    /// How many rows were reconstructed.
    pub rows: usize,
}

/// How well one feature is reconstructed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FeatureError {
    /// Its name.
    pub feature: String,
    /// Mean squared error.
    pub mse: f64,
    /// The share of its variance kept; `None` where it does not vary.
    pub variance_explained: Option<f64>,
}

/// How many features are named.
const WORST_FEATURES: usize = 10;

impl Reconstruction {
    /// Sums up the errors of a model, and those of PCA on the same rows; `None` where no row was added.
    ///
    /// # Panics
    /// If the names are not as many as the features.
    #[must_use]
    pub fn new(model: &Errors, pca: Option<&Errors>, features: &[String]) -> Option<Self> {
        assert_eq!(features.len(), model.squared.len(), "a name per feature");
        let mse = model.mse()?;
        let pca_mse = pca.and_then(Errors::mse);
        let rows = model.by_row.len();
        let mut worst: Vec<usize> = (0..features.len()).collect();
        worst.sort_by(|left, right| model.squared[*right].total_cmp(&model.squared[*left]));
        worst.truncate(WORST_FEATURES);
        let feature_error = |feature: usize| FeatureError {
            feature: features[feature].clone(),
            mse: model.squared[feature] / rows as f64,
            variance_explained: explained(model.squared[feature], model.deviations[feature]),
        };
        Some(Self {
            mse,
            pca_mse,
            mse_relative_to_pca: pca_mse.filter(|pca_mse| *pca_mse > 0.0).map(|pca_mse| mse / pca_mse),
            variance_explained: model.variance_explained(),
            pca_variance_explained: pca.and_then(Errors::variance_explained),
            worst_features: worst.into_iter().map(feature_error).collect(),
            rows,
        })
    }
}

fn explained(squared: f64, deviations: f64) -> Option<f64> {
    (deviations > 0.0).then(|| 1.0 - squared / deviations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|feature| format!("f{feature}")).collect()
    }

    #[test]
    fn agrees_with_sklearn_block_by_block() {
        let rows = array![[3.0_f32, -0.5], [-0.5, 2.0], [2.0, 7.0], [7.0, 1.0]];
        let again = array![[2.5_f32, 0.0], [0.0, 2.0], [2.0, 8.0], [8.0, 1.5]];
        let mut errors = Errors::new(2);
        errors.add(rows.slice(ndarray::s![..1, ..]), again.slice(ndarray::s![..1, ..]));
        errors.add(rows.slice(ndarray::s![1.., ..]), again.slice(ndarray::s![1.., ..]));
        let reconstruction = Reconstruction::new(&errors, None, &names(2)).unwrap();
        // sklearn.metrics.mean_squared_error(rows, again)
        assert!((reconstruction.mse - 0.375).abs() < 1e-12);
        // sklearn.metrics.r2_score(rows, again, multioutput="variance_weighted")
        assert!((reconstruction.variance_explained.unwrap() - 0.950_718_685_831_622_3).abs() < 1e-12);
        assert_eq!(errors.by_row(), [0.25, 0.125, 0.5, 0.625]);
        assert_eq!((reconstruction.worst_features[0].feature.as_str(), reconstruction.rows), ("f0", 4));
    }

    #[test]
    fn stands_beside_pca_and_survives_constants() {
        let rows = array![[1.0_f32, 5.0], [3.0, 5.0]];
        let (mut model, mut pca) = (Errors::new(2), Errors::new(2));
        model.add(rows.view(), array![[1.5_f32, 5.0], [2.5, 5.0]].view());
        pca.add(rows.view(), array![[2.0_f32, 5.0], [2.0, 5.0]].view());
        let reconstruction = Reconstruction::new(&model, Some(&pca), &names(2)).unwrap();
        assert_eq!(reconstruction.mse_relative_to_pca, Some(0.25));
        assert_eq!(reconstruction.pca_variance_explained, Some(0.0));
        assert_eq!(reconstruction.worst_features[1].variance_explained, None);
        assert!(Reconstruction::new(&Errors::new(2), None, &names(2)).is_none());
    }

    #[test]
    fn stays_exact_where_values_are_far_from_zero() {
        let mut errors = Errors::new(1);
        for step in 0..1000 {
            let value = 1.0e6_f32 + (step % 2) as f32;
            errors.add(array![[value]].view(), array![[1.0e6_f32 + 0.5]].view());
        }
        assert!(errors.variance_explained().unwrap().abs() < 1e-9);
    }
}
