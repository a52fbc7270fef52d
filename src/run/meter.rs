//! Seconds and peak memory of every stage.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::event::{Event, Observer, Stage};

/// What one stage took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRecord {
    /// The stage.
    pub name: Stage,
    /// Wall seconds.
    pub seconds: f64,
    /// The most memory the process held during the stage; `None` where the system does not say.
    pub peak_memory_bytes: Option<u64>,
    /// Whether the result was taken from an earlier run.
    pub reused: bool,
}

/// Measures stages as they pass.
#[derive(Debug, Default)]
pub struct Meter {
    /// The stages so far, in order.
    pub stages: Vec<StageRecord>,
}

impl Meter {
    /// Runs one stage, telling the observer when it begins and ends.
    ///
    /// # Errors
    /// Those of the stage.
    pub fn stage<T>(
        &mut self,
        stage: Stage,
        observer: &mut Observer<'_>,
        work: impl FnOnce(&mut Observer<'_>) -> Result<T>,
    ) -> Result<T> {
        if observer(Event::Started(stage)).is_break() {
            return Err(stopped(stage));
        }
        reset_peak_memory();
        let began = Instant::now();
        let result = work(observer)?;
        let seconds = began.elapsed().as_secs_f64();
        self.stages.push(StageRecord { name: stage, seconds, peak_memory_bytes: peak_memory(), reused: false });
        // what is finished is kept before the wish to stop is heard, at the next stage
        let _ = observer(Event::Finished(stage));
        Ok(result)
    }

    /// Notes a stage whose result was taken from an earlier run.
    pub fn reused(&mut self, stage: Stage, observer: &mut Observer<'_>) {
        self.stages.push(StageRecord { name: stage, seconds: 0.0, peak_memory_bytes: None, reused: true });
        // the wish to stop is heard again at the next stage that works
        let _ = observer(Event::Reused(stage));
    }
}

/// The error of a run that was asked to stop.
pub fn stopped(stage: Stage) -> Error {
    let hint = if stage > Stage::Autoencoder {
        "the finished stages are kept: the same command goes on from there"
    } else {
        "nothing was finished yet: the same command begins again"
    };
    Error::interrupted(format!("stopped before the stage `{}` was done", stage.name())).hint(hint)
}

/// The most memory the process held since the last reset, in bytes.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    of_status("VmHWM:")
}

fn of_status(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(key))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// The memory the process holds now, in bytes.
#[must_use]
pub fn memory() -> Option<u64> {
    of_status("VmRSS:")
}

fn reset_peak_memory() {
    // where the kernel has no such file or forbids it, the peak is that of the run so far
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
