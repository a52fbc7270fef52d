//! Fitted weights as named tensors, and back, with everything checked that a damaged file could get wrong.

use ndarray::{Array2, ArrayD, ArrayView2, IxDyn};

use super::error::AutoencoderError;
use super::layout::{Layout, Weight};
use super::network::Scaling;
use super::options::Options;
use super::resolve::Decided;
use super::{Autoencoder, Network};

/// The names of what belongs to no layer.
const MEAN: &str = "input.mean";
const FACTOR: &str = "input.factor";
const COMMON: &str = "input.common";
const ROW_SUM: &str = "input.row_sum";
const PRINCIPAL_MEAN: &str = "principal.mean";
const PRINCIPAL_AXES: &str = "principal.axes";

impl Autoencoder {
    /// Everything fitted as named tensors, in a fixed order.
    ///
    /// Weights are outputs × inputs, as PyTorch keeps them. Layers are `encoder.0` …, `code`, `decoder.0` …, `output`, each
    /// with `weight` and `bias`; the direct map is `code.direct` and `output.direct`. Weights that mirror another layer's
    /// (`tied`) are not repeated. Where training was no better than principal component analysis, there are only
    /// `principal.mean` and `principal.axes`. Where rows are sparse, `input.common` has the commonest input of every column.
    #[must_use]
    pub fn to_tensors(&self) -> Vec<(String, ArrayD<f32>)> {
        match &self.network {
            Network::Principal { mean, axes } => {
                vec![(PRINCIPAL_MEAN.to_owned(), vector(mean)), (PRINCIPAL_AXES.to_owned(), axes.clone().into_dyn())]
            }
            Network::Trained { layout, scaling, parameters } => {
                let mut tensors = vec![
                    (MEAN.to_owned(), vector(&scaling.mean)),
                    (FACTOR.to_owned(), vector(&[scaling.factor])),
                    (ROW_SUM.to_owned(), vector(&[scaling.row_sum])),
                ];
                if !layout.common.is_empty() {
                    tensors.push((COMMON.to_owned(), vector(&layout.common)));
                }
                tensors.extend(layout.tensors().into_iter().map(|weight| {
                    let stored = if is_vector(weight) {
                        vector(&parameters[weight.range()])
                    } else {
                        weight.view(parameters).reversed_axes().as_standard_layout().into_owned().into_dyn()
                    };
                    (weight.name.clone(), stored)
                }));
                tensors
            }
        }
    }

    /// The autoencoder that [`to_tensors`](Self::to_tensors) came from.
    ///
    /// # Errors
    /// A tensor that is missing, foreign, of another shape than `options` ask for, or not finite, by name.
    pub fn from_tensors(
        options: Options,
        columns: usize,
        tensors: Vec<(String, ArrayD<f32>)>,
    ) -> Result<Self, AutoencoderError> {
        let code_size = Decided::of(&options)?.code_size;
        let mut stored = Stored(tensors);
        if stored.0.iter().any(|(name, _)| name == PRINCIPAL_AXES) {
            let mean = stored.take(PRINCIPAL_MEAN, &[columns])?.into_raw_vec_and_offset().0;
            let axes = stored.take(PRINCIPAL_AXES, &[code_size, columns])?;
            stored.refuse_others()?;
            let axes = Array2::from_shape_fn((code_size, columns), |(axis, column)| axes[[axis, column]]);
            return Ok(Self { options, columns, code_size, network: Network::Principal { mean, axes } });
        }
        let mut layout = Layout::of(&options, columns)?;
        if stored.0.iter().any(|(name, _)| name == COMMON) {
            layout.common = stored.take(COMMON, &[columns])?.into_raw_vec_and_offset().0;
        }
        let scaling = Scaling {
            mean: stored.take(MEAN, &[columns])?.into_raw_vec_and_offset().0,
            factor: stored.take(FACTOR, &[1])?[[0]],
            row_sum: stored.take(ROW_SUM, &[1])?[[0]],
        };
        // before room is made for them: the options of a hostile file may ask for anything
        for weight in layout.tensors() {
            stored.check(&weight.name, &shape_of(weight))?;
        }
        let mut parameters = vec![0.0; layout.length];
        for weight in layout.tensors() {
            let shape = shape_of(weight);
            let tensor = stored.take(&weight.name, &shape)?;
            let (rows, columns) = if is_vector(weight) { (weight.outputs, 1) } else { (weight.outputs, weight.inputs) };
            let values = tensor.as_slice().unwrap_or(&[]);
            if let Ok(values) = ArrayView2::from_shape((rows, columns), values) {
                weight.view_mut(&mut parameters).assign(&values.reversed_axes());
            }
        }
        stored.refuse_others()?;
        Ok(Self::trained(options, layout, scaling, parameters))
    }
}

/// Biases and other vectors have one axis; a weight keeps two even where it has one input.
fn is_vector(weight: &Weight) -> bool {
    !(weight.name.ends_with(".weight") || weight.name.ends_with(".direct"))
}

fn shape_of(weight: &Weight) -> Vec<usize> {
    if is_vector(weight) { vec![weight.outputs] } else { vec![weight.outputs, weight.inputs] }
}

fn vector(values: &[f32]) -> ArrayD<f32> {
    ndarray::arr1(values).into_dyn()
}

struct Stored(Vec<(String, ArrayD<f32>)>);

impl Stored {
    /// Looks whether tensor `name` is there and has `shape`.
    fn check(&self, name: &str, shape: &[usize]) -> Result<(), AutoencoderError> {
        match self.0.iter().find(|(known, _)| known == name) {
            None => Err(AutoencoderError::MissingTensor { name: name.to_owned() }),
            Some((_, tensor)) if tensor.shape() != shape => Err(AutoencoderError::TensorShape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: tensor.shape().to_vec(),
            }),
            Some(_) => Ok(()),
        }
    }

    /// Takes out the tensor `name`, in row-major order.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<ArrayD<f32>, AutoencoderError> {
        let name_of = || name.to_owned();
        let place = self.0.iter().position(|(known, _)| known == name);
        let place = place.ok_or_else(|| AutoencoderError::MissingTensor { name: name_of() })?;
        let (_, tensor) = self.0.swap_remove(place);
        if tensor.shape() != shape {
            let found = tensor.shape().to_vec();
            return Err(AutoencoderError::TensorShape { name: name_of(), expected: shape.to_vec(), found });
        }
        if tensor.iter().any(|value| !value.is_finite()) {
            return Err(AutoencoderError::TensorNotFinite { name: name_of() });
        }
        // Row-major whatever came in.
        let values: Vec<f32> = tensor.iter().copied().collect();
        ArrayD::from_shape_vec(IxDyn(shape), values).map_err(|_| AutoencoderError::MissingTensor { name: name_of() })
    }

    fn refuse_others(mut self) -> Result<(), AutoencoderError> {
        self.0.pop().map_or(Ok(()), |(name, _)| Err(AutoencoderError::ForeignTensor { name }))
    }
}
