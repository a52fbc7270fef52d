//! A trained model with its preparation.

use std::path::PathBuf;

use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use reduce::error::Error;
use reduce::pipeline::Pipeline;
use reduce::prepare::Applied;
use reduce::run::{apply, memory};
use reduce::seed::Seed;

use crate::frame::{Column, column, frame, table};
use crate::progress::{Progress, raised};

/// What `model.safetensors` holds.
#[pyclass(frozen, module = "reduce._reduce")]
pub(crate) struct Model {
    inner: reduce::model::Model,
    history: Option<String>,
}

#[pymethods]
impl Model {
    /// Trains on numbers (`rows × features`, NaN where missing) and columns of texts, as the JSON of a pipeline says.
    #[staticmethod]
    #[pyo3(signature = (values, features, categories, pipeline, name, progress=None))]
    fn train(
        py: Python<'_>,
        values: PyReadonlyArray2<'_, f32>,
        features: Vec<String>,
        categories: Vec<Column>,
        pipeline: &str,
        name: &str,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let pipeline: Pipeline =
            serde_json::from_str(pipeline).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let table = table(frame(&values, features, categories)?);
        let mut progress = Progress::new(progress);
        let trained = py.detach(|| memory::train(&pipeline, name, table, &mut |event| progress.take(&event)));
        let (inner, history) = progress.end(trained)?;
        let history = serde_json::to_string(&history).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { inner, history: Some(history) })
    }

    /// Reads a model file or that of a run folder.
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        let inner = reduce::model::Model::load(&path).map_err(|error| raised(&error))?;
        Ok(Self { inner, history: None })
    }

    /// Reads a model from the bytes of its file.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        let inner = reduce::model::Model::from_bytes(bytes, "bytes").map_err(|error| raised(&Error::from(error)))?;
        Ok(Self { inner, history: None })
    }

    /// The bytes of the model's file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.inner.to_bytes()).map_err(|error| raised(&error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Writes `encoder.onnx` and `decoder.onnx` into a folder.
    fn export_onnx(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        py.detach(|| apply::export(&self.inner, &folder)).map_err(|error| raised(&error))
    }

    /// Codes (`rows × code_size`), each row's reconstruction error, and whether it is unlike the training rows.
    #[expect(clippy::type_complexity, reason = "a tuple for Python")]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        values: PyReadonlyArray2<'py, f32>,
        features: Vec<String>,
        categories: Vec<Column>,
        novelty: bool,
    ) -> PyResult<(Bound<'py, PyArray2<f32>>, Option<(Bound<'py, PyArray1<f32>>, Vec<bool>)>)> {
        let frame = frame(&values, features, categories)?;
        let model = &self.inner;
        let work = || -> reduce::error::Result<_> {
            let (prepared, Applied { .. }) = {
                let (features, categories) = (model.preparation.input_features(), model.preparation.input_categories());
                model.preparation.apply_counting(frame.aligned_to(features, &categories)?)?
            };
            let codes = model.autoencoder.encode(prepared.view());
            let unlike = novelty.then(|| {
                let errors = model.autoencoder.reconstruction_errors(prepared.view());
                let flags = model.profile.unlikeness(&errors, prepared.view()).flags;
                (errors, flags)
            });
            Ok((codes, unlike))
        };
        let (codes, unlike) = py.detach(work).map_err(|error| raised(&error))?;
        let unlike = unlike.map(|(errors, flags)| (errors.into_pyarray(py), flags));
        Ok((codes.into_pyarray(py), unlike))
    }

    /// Prepared rows that belong to codes (`rows × prepared features`).
    fn decode<'py>(&self, py: Python<'py>, codes: PyReadonlyArray2<'py, f32>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let codes = self.codes(&codes)?;
        Ok(py.detach(|| self.inner.autoencoder.decode(codes.view())).into_pyarray(py))
    }

    /// Rows in the units of the table that belong to codes: numbers, their names, and columns of texts.
    fn invert<'py>(
        &self,
        py: Python<'py>,
        codes: PyReadonlyArray2<'py, f32>,
    ) -> PyResult<(Bound<'py, PyArray2<f32>>, Vec<String>, Vec<Column>)> {
        let codes = self.codes(&codes)?;
        let frame = py
            .detach(|| self.inner.preparation.invert(self.inner.autoencoder.decode(codes.view()).view()))
            .map_err(|error| raised(&error))?;
        let categories = frame.categories.into_iter().map(column).collect();
        Ok((frame.values.into_pyarray(py), frame.features, categories))
    }

    /// Codes of new rows of a variational model.
    fn sample<'py>(&self, py: Python<'py>, count: usize, seed: u64) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let rows = py
            .detach(|| self.inner.autoencoder.sample(count, Seed(seed)))
            .map_err(|error| raised(&Error::from(error)))?;
        Ok(rows.into_pyarray(py))
    }

    /// The names of the columns of numbers that come in.
    #[getter]
    fn features(&self) -> Vec<String> {
        self.inner.preparation.input_features().to_vec()
    }

    /// The names of the columns of texts that come in.
    #[getter]
    fn categories(&self) -> Vec<String> {
        self.inner.preparation.input_categories()
    }

    /// The names of the prepared features.
    #[getter]
    fn prepared_features(&self) -> Vec<String> {
        self.inner.preparation.features().to_vec()
    }

    /// How many numbers stand for a row.
    #[getter]
    fn code_size(&self) -> usize {
        self.inner.autoencoder.code_size()
    }

    /// Whether the codes are principal components, because no epoch of training was better.
    #[getter]
    fn is_principal(&self) -> bool {
        self.inner.autoencoder.is_principal()
    }

    /// How training went, as JSON; `None` for a model that was read.
    #[getter]
    fn history(&self) -> Option<&str> {
        self.history.as_deref()
    }

    /// The options it was trained with, without an `auto`, as JSON.
    #[getter]
    fn options(&self) -> PyResult<String> {
        serde_json::to_string(self.inner.autoencoder.options())
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// What the preparation does, a sentence per step.
    #[getter]
    fn described(&self) -> Vec<String> {
        self.inner.preparation.describe()
    }
}

impl Model {
    fn codes(&self, codes: &PyReadonlyArray2<'_, f32>) -> PyResult<ndarray::Array2<f32>> {
        let size = self.inner.autoencoder.code_size();
        let found = codes.as_array().ncols();
        if found != size {
            return Err(PyValueError::new_err(format!("codes have {found} columns, and the model has {size}")));
        }
        Ok(codes.as_array().to_owned())
    }
}
