//! Maps of codes, and whole pipelines.

use std::path::PathBuf;

use numpy::{IntoPyArray, PyArray2, PyReadonlyArray2};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use reduce::embed::{self, Options};
use reduce::error::{Error, Result};
use reduce::model::Model;
use reduce::neighbors;
use reduce::pipeline::Pipeline;
use reduce::run::record::Record;
use reduce::run::{Reuse, read_back};
use reduce::seed::Seed;

use crate::progress::{Progress, of_json, raised};

/// A map of rows by t-SNE: points (`rows × dimensions`), the divergence in nats, and the iterations done.
#[pyfunction]
#[pyo3(signature = (rows, options, seed, start=None, progress=None))]
pub(crate) fn lay_out<'py>(
    py: Python<'py>,
    rows: PyReadonlyArray2<'py, f32>,
    options: &str,
    seed: u64,
    start: Option<PyReadonlyArray2<'py, f32>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyArray2<f32>>, f64, usize)> {
    let options: Options = serde_json::from_str(options).map_err(|error| of_json(&error))?;
    let rows = rows.as_array();
    let start = start.as_ref().map(|start| start.as_array());
    let mut progress = Progress::new(progress);
    let work = || -> Result<_> {
        let options = options.resolve(rows.nrows(), rows.ncols())?;
        let count = options.neighbors_needed().min(rows.nrows().saturating_sub(1));
        let mut observer = |event| progress.take(&event);
        let neighbors = neighbors::find(rows, count, options.neighbors, Seed(seed), &mut observer)?;
        Ok(embed::fit(rows, &neighbors, &options, start, Seed(seed), &mut observer)?)
    };
    let laid_out = py.detach(work);
    let embedding = progress.end(laid_out)?;
    if embedding.points.iter().any(|value| !value.is_finite()) {
        return Err(PyRuntimeError::new_err("the map is not finite: lower the learning rate"));
    }
    Ok((embedding.points.into_pyarray(py), embedding.divergence, embedding.iterations))
}

/// New rows placed on the map of old rows, which stay where they are.
#[pyfunction]
pub(crate) fn place<'py>(
    py: Python<'py>,
    new_rows: PyReadonlyArray2<'py, f32>,
    old_rows: PyReadonlyArray2<'py, f32>,
    points: PyReadonlyArray2<'py, f32>,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let (new_rows, old_rows, points) = (new_rows.as_array(), old_rows.as_array(), points.as_array());
    let mut progress = Progress::new(None);
    let placed =
        py.detach(|| embed::place(new_rows, old_rows, points, &mut |event| progress.take(&event)).map_err(Error::from));
    Ok(progress.end(placed)?.points.into_pyarray(py))
}

/// Runs a pipeline file; returns the run folder.
#[pyfunction]
#[pyo3(signature = (path, overrides, fresh, progress=None))]
pub(crate) fn run(
    py: Python<'_>,
    path: PathBuf,
    overrides: Vec<String>,
    fresh: bool,
    progress: Option<Py<PyAny>>,
) -> PyResult<PathBuf> {
    let mut progress = Progress::new(progress);
    let reuse = if fresh { Reuse::Nothing } else { Reuse::Kept };
    let work = || -> Result<_> {
        let loaded = Pipeline::load(&path, &overrides)?;
        reduce::run::run(&loaded, reuse, &mut |event| progress.take(&event))
            .map_err(|error| Pipeline::pointed(error, &path))
    };
    let done = py.detach(work);
    Ok(progress.end(done)?.folder)
}

/// The ids of a run's rows, their codes and, where there is one, their embedding.
#[pyfunction]
#[expect(clippy::type_complexity, reason = "a tuple for Python")]
pub(crate) fn read_run<'py>(
    py: Python<'py>,
    folder: PathBuf,
) -> PyResult<(Vec<String>, Bound<'py, PyArray2<f32>>, Option<Bound<'py, PyArray2<f32>>>)> {
    let work = || -> Result<_> {
        let record = Record::load(&folder)?;
        let model = Model::load(&folder.join("model.safetensors"))?;
        let (rows, codes) = read_back::read_embedded(
            &folder.join("codes.parquet"),
            &model.about.input.labels,
            model.autoencoder.code_size(),
        )?;
        let there = record.files.contains_key("embedding.parquet");
        let points = there.then(|| read_back::read_embedding(&folder, &record)).transpose()?.map(|(_, points)| points);
        Ok((rows.ids, codes, points))
    };
    let (ids, codes, points) = py.detach(work).map_err(|error| raised(&error))?;
    Ok((ids, codes.into_pyarray(py), points.map(|points| points.into_pyarray(py))))
}
