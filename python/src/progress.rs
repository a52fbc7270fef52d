//! Errors and progress between the two languages.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBool;
use reduce::error::{Error, Fault};
use reduce::event::Event;

pyo3::create_exception!(_reduce, Stopped, PyRuntimeError, "A progress function asked the work to stop.");

/// How often a key that interrupts is looked for where nobody listens to progress.
const LOOK: Duration = Duration::from_millis(50);

/// An error of ours as an exception: `ValueError` where the request was wrong, else `RuntimeError`.
pub(crate) fn raised(error: &Error) -> PyErr {
    match error.fault() {
        Fault::Request => PyValueError::new_err(error.to_string()),
        Fault::Failure => PyRuntimeError::new_err(error.to_string()),
        Fault::Interrupted => PyKeyboardInterrupt::new_err(error.to_string()),
    }
}

/// An error of JSON that Python made, without the place in a text that nobody wrote.
pub(crate) fn of_json(error: &serde_json::Error) -> PyErr {
    let text = error.to_string();
    PyValueError::new_err(text.split(" at line ").next().unwrap_or_default().to_owned())
}

/// Hands events to a Python function, and stops the work where that raises or a key interrupts it.
pub(crate) struct Progress {
    callback: Option<Py<PyAny>>,
    stopped: Option<PyErr>,
    looked: Instant,
}

impl Progress {
    pub(crate) fn new(callback: Option<Py<PyAny>>) -> Self {
        Self { callback, stopped: None, looked: Instant::now() }
    }

    /// Takes an event; `Break` once Python wants to stop: its function returned `False` or raised, or a key interrupts.
    pub(crate) fn take(&mut self, event: &Event) -> ControlFlow<()> {
        if self.stopped.is_some() {
            return ControlFlow::Break(());
        }
        if self.callback.is_none() && self.looked.elapsed() < LOOK {
            return ControlFlow::Continue(());
        }
        self.looked = Instant::now();
        match Python::attach(|py| self.tell(py, event)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.stopped = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn tell(&self, py: Python<'_>, event: &Event) -> PyResult<()> {
        py.check_signals()?;
        let Some(callback) = &self.callback else { return Ok(()) };
        let text = serde_json::to_string(event).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        let event = py.import("json")?.call_method1("loads", (text,))?;
        let answer = callback.call1(py, (event,))?;
        if answer.bind(py).is(PyBool::new(py, false)) {
            return Err(Stopped::new_err("stopped by the progress function"));
        }
        Ok(())
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
