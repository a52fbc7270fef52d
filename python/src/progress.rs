//! Errors and progress between the two languages.

use std::ops::ControlFlow;

use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use reduce::error::{Error, Fault};
use reduce::event::Event;

/// An error of ours as an exception: `ValueError` where the request was wrong, else `RuntimeError`.
pub(crate) fn raised(error: &Error) -> PyErr {
    match error.fault() {
        Fault::Request => PyValueError::new_err(error.to_string()),
        Fault::Failure => PyRuntimeError::new_err(error.to_string()),
        Fault::Interrupted => PyKeyboardInterrupt::new_err(error.to_string()),
    }
}

/// Hands events to a Python function, and stops the work where that raises or a key interrupts it.
pub(crate) struct Progress {
    callback: Option<Py<PyAny>>,
    stopped: Option<PyErr>,
}

impl Progress {
    pub(crate) fn new(callback: Option<Py<PyAny>>) -> Self {
        Self { callback, stopped: None }
    }

    /// Takes an event; `Break` once Python wants to stop. A function that returns `False` stops the work too.
    pub(crate) fn take(&mut self, event: &Event) -> ControlFlow<()> {
        if self.stopped.is_some() {
            return ControlFlow::Break(());
        }
        let told = Python::attach(|py| {
            py.check_signals()?;
            let Some(callback) = &self.callback else { return Ok(true) };
            let text = serde_json::to_string(event).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
            let event = py.import("json")?.call_method1("loads", (text,))?;
            let answer = callback.call1(py, (event,))?;
            Ok(!answer.bind(py).is(pyo3::types::PyBool::new(py, false)))
        });
        match told {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => {
                self.stopped = Some(PyKeyboardInterrupt::new_err("stopped by the progress function"));
                ControlFlow::Break(())
            }
            Err(error) => {
                self.stopped = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// The result of the work; what stopped it comes first.
    pub(crate) fn end<T>(self, result: Result<T, Error>) -> PyResult<T> {
        match (self.stopped, result) {
            (Some(stopped), _) => Err(stopped),
            (None, Ok(value)) => Ok(value),
            (None, Err(error)) => Err(raised(&error)),
        }
    }
}
