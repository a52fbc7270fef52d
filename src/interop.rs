//! As a citizen of linfa: parameters that check themselves, `Fit` and `Transformer`.
//!
//! [`AutoencoderParams`] fits an [`Autoencoder`] on the records of a dataset, [`TSneParams`] a [`Map`]; both transform
//! records and whole datasets, and so compose with linfa's own algorithms. It adds nothing but these traits: records
//! train as they are, in single precision.

use linfa::ParamGuard;
use linfa::dataset::DatasetBase;
use linfa::traits::{Fit, Transformer};
use ndarray::{Array2, ArrayBase, ArrayView2, Data, Ix2};

use crate::autoencoder;
use crate::autoencoder::Autoencoder;
use crate::autoencoder::AutoencoderError;
use crate::autoencoder::DataFacts;
use crate::embed;
use crate::embed::EmbedError;
use crate::embed::Embedding;
use crate::event::silent;
use crate::neighbors;
use crate::neighbors::NeighborsError;
use crate::seed::Seed;
use crate::split;
use crate::split::SplitError;
use crate::value::{Auto, OneOrMany, Positive};

/// Why records cannot be fitted or transformed.
#[derive(Debug, thiserror::Error)]
pub enum InteropError {
    /// The autoencoder's options or records.
    #[error(transparent)]
    Autoencoder(#[from] AutoencoderError),
    /// The map's options or records.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The records' neighbors.
    #[error(transparent)]
    Neighbors(#[from] NeighborsError),
    /// Too few records to hold some out.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A perplexity that is no positive number.
    #[error("the perplexity must be a positive number, but is {0}")]
    Perplexity(f64),
    /// A dataset that linfa refuses.
    #[error(transparent)]
    Linfa(#[from] linfa::error::Error),
}

/// The parameters of an autoencoder, not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoencoderParams(AutoencoderValidParams);

/// The checked parameters of an autoencoder.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoencoderValidParams {
    options: autoencoder::Options,
    seed: Seed,
}

impl Autoencoder {
    /// Parameters for linfa's `fit`, with codes of `code_size` numbers.
    #[must_use]
    pub fn params(code_size: usize) -> AutoencoderParams {
        let options = autoencoder::Options { code_size: Some(Auto::Given(code_size)), ..Default::default() };
        AutoencoderParams(AutoencoderValidParams { options, seed: Seed(42) })
    }
}

impl AutoencoderParams {
    /// These options, all of them.
    #[must_use]
    pub fn options(mut self, options: autoencoder::Options) -> Self {
        self.0.options = options;
        self
    }

    /// The widths of the hidden layers from the record to the code.
    #[must_use]
    pub fn hidden(mut self, widths: &[usize]) -> Self {
        self.0.options.hidden = Auto::Given(widths.to_vec());
        self
    }

    /// The most passes over the records.
    #[must_use]
    pub fn max_epochs(mut self, epochs: usize) -> Self {
        self.0.options.training.max_epochs = Auto::Given(epochs);
        self
    }

    /// The seed of every random choice; 42 if not given.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = Seed(seed);
        self
    }
}

impl ParamGuard for AutoencoderParams {
    type Checked = AutoencoderValidParams;
    type Error = InteropError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        self.0.options.check()?;
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl<D: Data<Elem = f32>, T> Fit<ArrayBase<D, Ix2>, T, InteropError> for AutoencoderValidParams {
    type Object = Autoencoder;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Autoencoder, InteropError> {
        let records = dataset.records.view();
        let split = split::random(records.nrows(), self.options.training.validation.get(), self.seed)?;
        let names: Vec<String> = match dataset.feature_names() {
            names if names.len() == records.ncols() => names.to_vec(),
            _ => (0..records.ncols()).map(|column| format!("feature-{column}")).collect(),
        };
        let options = self.options.resolve(split.training.len(), &DataFacts::of(records), &names)?;
        Ok(autoencoder::fit(records, &split, &options, self.seed, &mut silent)?.autoencoder)
    }
}

impl Transformer<ArrayView2<'_, f32>, Array2<f32>> for Autoencoder {
    /// The code of every record.
    ///
    /// # Panics
    /// If the records have other features than those trained on.
    fn transform(&self, records: ArrayView2<'_, f32>) -> Array2<f32> {
        self.encode(records)
    }
}

impl<D: Data<Elem = f32>, T> Transformer<DatasetBase<ArrayBase<D, Ix2>, T>, DatasetBase<Array2<f32>, T>>
    for Autoencoder
{
    /// The same dataset with a code in the place of every record.
    ///
    /// # Panics
    /// If the records have other features than those trained on.
    fn transform(&self, dataset: DatasetBase<ArrayBase<D, Ix2>, T>) -> DatasetBase<Array2<f32>, T> {
        let codes = self.encode(dataset.records.view());
        let names = (0..codes.ncols()).map(|node| format!("code_{node:02}")).collect();
        DatasetBase::new(codes, dataset.targets).with_weights(dataset.weights).with_feature_names(names)
    }
}

/// The parameters of t-SNE, not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct TSneParams {
    perplexity: Option<f64>,
    checked: TSneValidParams,
}

/// The checked parameters of t-SNE.
#[derive(Debug, Clone, PartialEq)]
pub struct TSneValidParams {
    options: embed::Options,
    seed: Seed,
}

/// t-SNE as linfa knows it: `TSne::params()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TSne;

impl TSne {
    /// Parameters for linfa's `fit` and `transform`.
    #[must_use]
    pub fn params() -> TSneParams {
        TSneParams { perplexity: None, checked: TSneValidParams { options: embed::Options::default(), seed: Seed(42) } }
    }
}

impl TSneParams {
    /// These options, all of them.
    #[must_use]
    pub fn options(mut self, options: embed::Options) -> Self {
        self.checked.options = options;
        self
    }

    /// How many neighbors each record attends to, roughly.
    #[must_use]
    pub fn perplexity(mut self, perplexity: f64) -> Self {
        self.perplexity = Some(perplexity);
        if let Some(perplexity) = Positive::new(perplexity) {
            self.checked.options.perplexity = Auto::Given(OneOrMany(vec![perplexity]));
        }
        self
    }

    /// How many iterations follow the early ones.
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.checked.options.iterations = iterations;
        self
    }

    /// The seed of every random choice; 42 if not given.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.checked.seed = Seed(seed);
        self
    }
}

impl ParamGuard for TSneParams {
    type Checked = TSneValidParams;
    type Error = InteropError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        match self.perplexity {
            Some(perplexity) if Positive::new(perplexity).is_none() => Err(InteropError::Perplexity(perplexity)),
            _ => Ok(&self.checked),
        }
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.checked)
    }
}

/// Records and where they lie on their map.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    records: Array2<f32>,
    embedding: Embedding,
}

impl Map {
    /// The points of the records and how they came about.
    #[must_use]
    pub fn embedding(&self) -> &Embedding {
        &self.embedding
    }
}

impl<D: Data<Elem = f32>, T> Fit<ArrayBase<D, Ix2>, T, InteropError> for TSneValidParams {
    type Object = Map;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Map, InteropError> {
        let records = dataset.records.as_standard_layout().into_owned();
        let embedding = lay_out(self, records.view())?;
        Ok(Map { records, embedding })
    }
}

impl Transformer<ArrayView2<'_, f32>, Result<Array2<f32>, InteropError>> for Map {
    /// New records placed on the map; its own points stay where they are.
    fn transform(&self, records: ArrayView2<'_, f32>) -> Result<Array2<f32>, InteropError> {
        Ok(embed::place(records, self.records.view(), self.embedding.points.view(), &mut silent)?.points)
    }
}

impl Transformer<ArrayView2<'_, f32>, Result<Array2<f32>, InteropError>> for TSneParams {
    /// The map of the records, a point for each.
    fn transform(&self, records: ArrayView2<'_, f32>) -> Result<Array2<f32>, InteropError> {
        Ok(lay_out(self.check_ref()?, records)?.points)
    }
}

impl<D: Data<Elem = f32>, T>
    Transformer<DatasetBase<ArrayBase<D, Ix2>, T>, Result<DatasetBase<Array2<f32>, T>, InteropError>> for TSneParams
{
    /// The same dataset with a point in the place of every record.
    fn transform(
        &self,
        dataset: DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<DatasetBase<Array2<f32>, T>, InteropError> {
        let points = lay_out(self.check_ref()?, dataset.records.view())?.points;
        let names = ["x", "y"].into_iter().take(points.ncols()).map(str::to_owned).collect();
        Ok(DatasetBase::new(points, dataset.targets).with_weights(dataset.weights).with_feature_names(names))
    }
}

fn lay_out(params: &TSneValidParams, records: ArrayView2<'_, f32>) -> Result<Embedding, InteropError> {
    let options = params.options.resolve(records.nrows(), records.ncols())?;
    let count = options.neighbors_needed().min(records.nrows().saturating_sub(1));
    let neighbors = neighbors::find(records, count, options.neighbors, params.seed, &mut silent)?;
    Ok(embed::fit(records, &neighbors, &options, None, params.seed, &mut silent)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::Dataset;

    /// Three clouds in eight dimensions and the cloud of each record.
    fn clouds() -> Dataset<f32, usize, ndarray::Ix1> {
        let records = Array2::from_shape_fn((90, 8), |(row, column)| {
            let away = if column == row % 3 { 6.0 } else { 0.0 };
            away + (row * 31 + column * 17) as f32 % 11.0 / 10.0
        });
        Dataset::new(records, (0..90).map(|row| row % 3).collect())
    }

    #[test]
    fn a_dataset_becomes_codes_and_then_a_map_and_keeps_its_targets() {
        let dataset = clouds();
        let autoencoder = Autoencoder::params(3).hidden(&[6]).max_epochs(5).fit(&dataset).unwrap();
        let expected = autoencoder.encode(dataset.records.view());
        let codes = autoencoder.transform(dataset);
        assert_eq!((&codes.records, codes.feature_names()[2].as_str()), (&expected, "code_02"));
        let map = TSne::params().perplexity(10.0).iterations(100).transform(codes).unwrap();
        assert_eq!((map.records.dim(), map.targets[4]), ((90, 2), 1));
        assert!(map.records.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn new_records_are_placed_among_their_like() {
        let dataset = clouds();
        let map = TSne::params().perplexity(8.0).iterations(150).fit(&dataset).unwrap();
        let placed = map.transform(dataset.records.slice(ndarray::s![..3, ..])).unwrap();
        for (row, point) in placed.rows().into_iter().enumerate() {
            let distance = |other: usize| {
                let there = map.embedding().points.row(other);
                (point[0] - there[0]).hypot(point[1] - there[1])
            };
            let nearest = (0..90).min_by(|one, other| distance(*one).total_cmp(&distance(*other))).unwrap();
            assert_eq!(nearest % 3, row % 3);
        }
    }

    #[test]
    fn parameters_are_checked_before_any_work() {
        assert!(Autoencoder::params(0).check().is_err());
        assert!(matches!(TSne::params().perplexity(-1.0).check(), Err(InteropError::Perplexity(_))));
        let error = TSne::params().perplexity(f64::NAN).fit(&clouds()).unwrap_err();
        assert_eq!(error.to_string(), "the perplexity must be a positive number, but is NaN");
    }
}
