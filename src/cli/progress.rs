//! What the terminal shows while work goes on: bars on a terminal, plain lines in a log, JSON lines for programs.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Event, Stage};

/// A log gets at most one line of progress in this time.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// Bars where stderr is a terminal, plain lines where not.
    Normal,
    /// Warnings only.
    Quiet,
    /// One JSON object per event on stdout.
    Json,
}

/// The signal that asked us to stop; 0 while none has.
pub(super) type Stop = Arc<AtomicUsize>;

/// Listens to a run and tells the user.
pub(super) struct Progress {
    voice: Voice,
    stop: Stop,
    bar: Option<ProgressBar>,
    stage: Option<(Stage, Instant)>,
    told: Option<Instant>,
    /// Of what there are how many, since when, and how many were done then.
    pace: Option<(u64, Instant, u64)>,
}

impl Progress {
    /// A listener that speaks with `voice` and passes on the wish to stop.
    #[must_use]
    pub(super) fn new(voice: Voice, stop: Stop) -> Self {
        Self { voice, stop, bar: None, stage: None, told: None, pace: None }
    }

    /// Takes one event; breaks off where a signal asked for it.
    pub(super) fn take(&mut self, event: Event) -> ControlFlow<()> {
        match self.voice {
            Voice::Json if event != Event::Tick => tell_json(&event),
            Voice::Json => {}
            Voice::Quiet => {
                if let Event::Warning(text) = &event {
                    line(&format!("warning: {text}"));
                }
            }
            Voice::Normal => self.show(event),
        }
        if self.stop.load(Ordering::Relaxed) == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Started(stage) => {
                self.stage = Some((stage, Instant::now()));
                self.told = Some(Instant::now());
                self.pace = None;
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
                bar.set_style(style("{prefix:>12} {spinner} {elapsed} {msg}"));
                bar.set_prefix(stage.name());
                if bar.is_hidden() {
                    line(&format!("{:>12}", stage.name()));
                } else {
                    bar.enable_steady_tick(Duration::from_millis(200));
                    self.bar = Some(bar);
                }
            }
            Event::Reused(stage) => self.line_above(&format!("{:>12}  kept from an earlier run", stage.name())),
            Event::Finished(stage) => {
                let seconds = self.stage.take().map_or(0.0, |(_, began)| began.elapsed().as_secs_f64());
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                line(&format!("{:>12}  done in {seconds:.1} s", stage.name()));
            }
            Event::Note(text) => self.line_above(&format!("{:>12}  {text}", "")),
            Event::Warning(text) => self.line_above(&format!("warning: {text}")),
            Event::Tick => {}
            Event::Advanced { done, total } => self.advance(done, total, String::new()),
            Event::Epoch { epoch, max_epochs, loss, validation_loss, validation_mse } => {
                let message = format!(
                    "epoch {epoch}/{max_epochs}  loss per row {loss:.5}, held-out {validation_loss:.5}; squared error per \
                     value, held-out {validation_mse:.5}"
                );
                self.advance(epoch as u64, max_epochs as u64, message);
            }
            Event::Iteration { iteration, max_iterations, divergence } => {
                let message = divergence
                    .map_or_else(String::new, |kl| format!("iteration {iteration}/{max_iterations}  KL {kl:.4}"));
                self.advance(iteration as u64, max_iterations as u64, message);
            }
        }
    }

    fn advance(&mut self, done: u64, total: u64, message: String) {
        if let Some(bar) = &self.bar {
            if bar.length() != Some(total) {
                bar.set_length(total);
                bar.reset_eta();
                bar.set_style(style("{prefix:>12} [{bar:24}] {percent} % {msg} {elapsed}, about {eta} left"));
            }
            bar.set_position(done);
            if !message.is_empty() {
                bar.set_message(message);
            }
            return;
        }
        // a search before the epochs has a pace of its own
        let (_, since, before) = match self.pace {
            Some(pace) if pace.0 == total && pace.2 <= done => pace,
            _ => *self.pace.insert((total, Instant::now(), done)),
        };
        // new rows begin no stage: what is done at once needs no line
        let told = *self.told.get_or_insert_with(Instant::now);
        let in_stage = self.stage.is_some();
        let at_end = done == total;
        let late = told.elapsed() >= LINE_EVERY && (in_stage || (done > 0 && !at_end));
        if (in_stage && at_end) || late {
            let message = if message.is_empty() {
                format!("{} % done", u128::from(done) * 100 / u128::from(total.max(1)))
            } else {
                message
            };
            let known = self.stage.is_some() && done > before && done < total;
            #[expect(clippy::cast_precision_loss, reason = "an estimate for the eye")]
            let left = since.elapsed().as_secs_f64() * (total - done) as f64 / (done - before).max(1) as f64;
            let left = if known { format!("  about {left:.0} s left") } else { String::new() };
            line(&format!("{:>12}  {message}{left}", ""));
            self.told = Some(Instant::now());
        }
    }

    fn line_above(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| line(text)),
            None => line(text),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// One line of talk. Nobody may be listening any more, which is no reason to stop working.
///
/// File names and labels may hold anything; what would steer a terminal becomes a visible `�`.
pub(super) fn line(text: &str) {
    let steers = |letter: char| {
        letter.is_control() && letter != '\n' && letter != '\t'
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown = text.replace(steers, "\u{fffd}");
    let _ = writeln!(std::io::stderr(), "{shown}");
}

fn tell_json(event: &Event) {
    if let Ok(text) = serde_json::to_string(event) {
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}
