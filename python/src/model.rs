//! A trained model with its preparation.

use std::ffi::CString;
use std::path::PathBuf;

use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray2};
use pyo3::exceptions::{PyRuntimeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use reduce::autoencoder::Corruption;
use reduce::error::Error;
use reduce::pipeline::Pipeline;
use reduce::prepare::Unseen;
use reduce::run::{apply, memory};
use reduce::seed::Seed;
use reduce::table::Frame;

use crate::frame::{Column, Texts, held, texts};
use crate::progress::{Progress, of_json, raised};

/// Rows in the units of the table: numbers, their names, and columns of texts.
type Rows<'py> = (Bound<'py, PyArray2<f32>>, Vec<String>, Vec<Texts>);

/// What `model.safetensors` holds.
#[pyclass(frozen, module = "reduce._reduce")]
pub(crate) struct Model {
    inner: reduce::model::Model,
    history: Option<String>,
}

#[pymethods]
impl Model {
    /// A model from the bytes of its file, and how its training went where that is known (JSON).
    #[new]
    #[pyo3(signature = (bytes, history=None))]
    fn new(bytes: &[u8], history: Option<String>) -> PyResult<Self> {
        let inner = reduce::model::Model::from_bytes(bytes, "bytes").map_err(|error| raised(&Error::from(error)))?;
        Ok(Self { inner, history })
    }

    /// What `pickle` makes it from.
    fn __getnewargs__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, Option<String>)> {
        Ok((self.to_bytes(py)?, self.history.clone()))
    }

    /// Trains on a matrix of numbers (`rows × columns`, NaN where missing) and columns, as the JSON of a pipeline says.
    #[staticmethod]
    #[pyo3(signature = (numbers, columns, pipeline, name, progress=None))]
    fn train(
        py: Python<'_>,
        numbers: PyReadonlyArray2<'_, f32>,
        columns: Vec<Column>,
        pipeline: &str,
        name: &str,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let pipeline: Pipeline = serde_json::from_str(pipeline).map_err(|error| of_json(&error))?;
        let held = held(numbers.as_array(), columns)?;
        let mut progress = Progress::new(progress);
        let trained = py.detach(|| memory::train(&pipeline, name, held, &mut |event| progress.take(&event)));
        let (inner, history) = progress.end(trained)?;
        let history = serde_json::to_string(&history).map_err(|error| of_json(&error))?;
        Ok(Self { inner, history: Some(history) })
    }

    /// Reads a model file or that of a run folder.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = py.detach(|| reduce::model::Model::load(&path)).map_err(|error| raised(&error))?;
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

    /// The same model, which fills missing numbers with the medians of its training rows whatever it was trained to do.
    fn filling_medians(&self) -> PyResult<Self> {
        let inner = memory::filling_medians(&self.inner).map_err(|error| raised(&error))?;
        Ok(Self { inner, history: self.history.clone() })
    }

    /// Codes (`rows × code_size`).
    fn encode<'py>(
        &self,
        py: Python<'py>,
        numbers: PyReadonlyArray2<'py, f32>,
        columns: Vec<Column>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let codes =
            self.with_rows(py, &numbers, columns, |new| Ok(self.inner.autoencoder.encode(new.prepared.view())))?;
        Ok(codes.into_pyarray(py))
    }

    /// Each row's mean squared reconstruction error, and whether it is unlike the training rows.
    fn novelty<'py>(
        &self,
        py: Python<'py>,
        numbers: PyReadonlyArray2<'py, f32>,
        columns: Vec<Column>,
    ) -> PyResult<(Bound<'py, PyArray1<f32>>, Bound<'py, PyArray1<bool>>)> {
        let (errors, flags) = self.with_rows(py, &numbers, columns, |new| Ok((new.errors, new.unlike.flags)))?;
        Ok((errors.into_pyarray(py), flags.into_pyarray(py)))
    }

    /// Rows back through their codes, in the units of the table.
    fn reconstruct<'py>(
        &self,
        py: Python<'py>,
        numbers: PyReadonlyArray2<'py, f32>,
        columns: Vec<Column>,
    ) -> PyResult<Rows<'py>> {
        let frame = self.with_rows(py, &numbers, columns, |new| {
            self.inner.preparation.invert(self.inner.autoencoder.reconstruct(new.prepared.view()).view())
        })?;
        Ok(rows(py, frame))
    }

    /// Rows in the units of the table that belong to codes.
    fn decode<'py>(&self, py: Python<'py>, codes: PyReadonlyArray2<'py, f32>) -> PyResult<Rows<'py>> {
        let codes = codes.as_array();
        let size = self.inner.autoencoder.code_size();
        if codes.ncols() != size {
            let message = format!("the codes have {} columns, and the model has codes of {size}", codes.ncols());
            return Err(PyValueError::new_err(message));
        }
        let frame = py
            .detach(|| self.inner.preparation.invert(self.inner.autoencoder.decode(codes).view()))
            .map_err(|error| raised(&error))?;
        Ok(rows(py, frame))
    }

    /// New rows of a variational model, in the units of the table.
    fn sample<'py>(&self, py: Python<'py>, count: usize, seed: u64) -> PyResult<Rows<'py>> {
        let work = || -> reduce::error::Result<Frame> {
            let mut draw = self.inner.autoencoder.draw(None, Seed(seed))?;
            self.inner.preparation.invert(draw.next(count).view())
        };
        Ok(rows(py, py.detach(work).map_err(|error| raised(&error))?))
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

    /// Whether it was trained to remove noise.
    #[getter]
    fn is_denoising(&self) -> bool {
        self.inner.autoencoder.options().corruption != Corruption::None
    }

    /// How training went, as JSON; `None` for a model that was read.
    #[getter]
    fn history(&self) -> Option<&str> {
        self.history.as_deref()
    }

    /// Name, seed and input of its run, as JSON.
    #[getter]
    fn about(&self) -> PyResult<String> {
        serde_json::to_string(&self.inner.about).map_err(|error| of_json(&error))
    }

    /// The options it was trained with, without an `auto`, as JSON.
    #[getter]
    fn options(&self) -> PyResult<String> {
        serde_json::to_string(self.inner.autoencoder.options()).map_err(|error| of_json(&error))
    }

    /// What the preparation does, a sentence per step.
    #[getter]
    fn described(&self) -> Vec<String> {
        self.inner.preparation.describe()
    }
}

impl Model {
    /// Prepares rows and does something with them, without Python's lock.
    fn with_rows<T: Send>(
        &self,
        py: Python<'_>,
        numbers: &PyReadonlyArray2<'_, f32>,
        columns: Vec<Column>,
        work: impl FnOnce(apply::NewRows) -> reduce::error::Result<T> + Send,
    ) -> PyResult<T> {
        let held = held(numbers.as_array(), columns)?;
        let mut progress = Progress::new(None);
        let done = py.detach(|| {
            let new = memory::new_rows(&self.inner, held, &mut |event| progress.take(&event))?;
            let unseen: Vec<String> = new.applied.unseen_levels.iter().map(Unseen::sentence).collect();
            Ok((work(new)?, unseen))
        });
        let (done, unseen) = progress.end(done)?;
        for sentence in unseen {
            let sentence = CString::new(sentence.replace('\0', " "))?;
            PyErr::warn(py, &py.get_type::<PyUserWarning>(), &sentence, 1)?;
        }
        Ok(done)
    }
}

fn rows(py: Python<'_>, frame: Frame) -> Rows<'_> {
    let categories = frame.categories.into_iter().map(texts).collect();
    (frame.values.into_pyarray(py), frame.features, categories)
}

/// Checks a pipeline as JSON.
#[pyfunction]
pub(crate) fn check(pipeline: &str) -> PyResult<()> {
    let pipeline: Pipeline = serde_json::from_str(pipeline).map_err(|error| of_json(&error))?;
    pipeline.check().map_err(|error| raised(&error))
}

/// A pipeline file as JSON, with its overrides; and the run's name.
#[pyfunction]
pub(crate) fn read_pipeline(path: PathBuf, overrides: Vec<String>) -> PyResult<(String, String, PathBuf)> {
    let loaded = Pipeline::load(&path, &overrides).map_err(|error| raised(&error))?;
    let text = serde_json::to_string(&loaded.pipeline).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    Ok((text, loaded.name, loaded.output))
}
