//! What the Python package calls: training, encoding, maps and whole pipelines, with arrays in and out.
//!
//! Nothing is decided here: Python says what it wants as JSON in the terms of the pipeline file, and gets arrays. Work
//! runs without Python's lock; progress takes it for each call back.

mod frame;
mod model;
mod progress;
mod run;

/// The compiled part of `reduce`.
#[pyo3::pymodule]
mod _reduce {
    #[pymodule_export]
    use super::model::{Model, check, read_pipeline};
    #[pymodule_export]
    use super::progress::Stopped;
    #[pymodule_export]
    use super::run::{lay_out, place, read_run, run};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
