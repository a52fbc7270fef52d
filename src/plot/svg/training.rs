//! The course of training: losses by epoch, where it stopped, and what PCA reaches.

use crate::plot::PlotError;
use crate::plot::color::Ground;
use crate::plot::options::Theme;
use crate::plot::scale::Span;
use crate::plot::scale::Steps;
use crate::plot::svg::MARGIN;
use crate::plot::svg::canvas::Canvas;
use crate::plot::svg::canvas::Rect;
use crate::plot::svg::chart::Axis;
use crate::plot::svg::chart::Chart;
use crate::plot::svg::chart::Series;
use crate::plot::svg::figure::Key;
use crate::plot::svg::figure::Stroke;
use crate::plot::svg::figure::keys;
use crate::plot::svg::heading;
use crate::plot::text;

/// Losses by epoch, as plain numbers.
#[derive(Debug, Clone, Default)]
pub struct TrainingCurve<'a> {
    /// The heading.
    pub title: String,
    /// A sentence below it.
    pub caption: String,
    /// What the losses are: `mean squared error per value`.
    pub loss: &'a str,
    /// The epochs, ascending; 0 is the state before training.
    pub epochs: &'a [usize],
    /// The training loss at each epoch; not finite where it was not measured.
    pub training: &'a [f64],
    /// The held-out loss at each epoch; not finite where it was not measured.
    pub validation: &'a [f64],
    /// The epoch whose weights were kept.
    pub best_epoch: Option<usize>,
    /// What to compare with, for example `PCA of 32` and its held-out loss.
    pub reference: Option<(&'a str, f64)>,
    /// Light or dark.
    pub theme: Theme,
}

/// The curves of a training.
///
/// # Errors
/// [`PlotError::EmptyFigure`] where no loss is finite; [`PlotError::Drawing`].
///
/// # Panics
/// If there are not as many losses as epochs.
pub fn training(curve: &TrainingCurve<'_>) -> Result<String, PlotError> {
    assert_eq!(curve.epochs.len(), curve.training.len(), "a training loss for each epoch");
    assert_eq!(curve.epochs.len(), curve.validation.len(), "a held-out loss for each epoch");
    let (width, height) = (640.0, 330.0);
    let points = |losses: &[f64]| -> Vec<(f64, f64)> {
        let pairs = curve.epochs.iter().zip(losses).map(|(&epoch, &loss)| (epoch as f64, loss));
        pairs.filter(|(_, loss)| loss.is_finite()).collect()
    };
    let (training, validation) = (points(curve.training), points(curve.validation));
    if training.is_empty() && validation.is_empty() {
        return Err(PlotError::EmptyFigure { figure: "training" });
    }
    let reference = curve.reference.filter(|(_, loss)| loss.is_finite());
    let losses = || {
        let all = training.iter().chain(&validation).map(|(_, loss)| *loss);
        all.chain(reference.map(|(_, loss)| loss))
    };
    let span = Span::of(losses(), Steps::Equal);
    // Where losses fall to a small part of where they began, equal steps would show a corner, not a course.
    let steps = if span.low > 0.0 && span.high > 6.0 * span.low { Steps::Tenfold } else { Steps::Equal };
    let span = Span::of(losses(), steps).widened(0.06, 0.06);
    let epochs = Span::of(curve.epochs.iter().map(|&epoch| epoch as f64), Steps::Equal);

    let mut canvas = Canvas::new(Ground::of(curve.theme));
    let ground = canvas.ground;
    let top = heading(&mut canvas, &curve.title, &curve.caption, width);
    let best = curve.best_epoch.and_then(|best| validation.iter().find(|(epoch, _)| *epoch == best as f64).copied());
    let mut entries = vec![
        Key { label: "training".into(), color: ground.first, stroke: Stroke::Line },
        Key { label: "held out".into(), color: ground.second, stroke: Stroke::Line },
    ];
    if let Some((name, _)) = reference {
        entries.push(Key { label: name.to_owned(), color: ground.third, stroke: Stroke::Dashes });
    }
    if let Some((epoch, loss)) = best {
        let label = format!("kept: epoch {epoch}, {}", text::number(loss, 3));
        entries.push(Key { label, color: ground.second, stroke: Stroke::Dot });
    }
    let top = keys(&mut canvas, &entries, MARGIN, top, width);
    let chart = Chart {
        area: Rect { x: MARGIN, y: top, width, height },
        x: Axis { ticks: whole_ticks(epochs), ..Axis::new(epochs, "epoch", 8) },
        y: Axis::new(span, curve.loss, 5),
    };
    let mut series = Vec::new();
    if let Some((_, loss)) = reference {
        let points = vec![(epochs.low, loss), (epochs.high, loss)];
        series.push(Series::Dashed { points, color: ground.third, width: 1.4 });
    }
    if let Some((epoch, _)) = best {
        let points = vec![(epoch, span.low), (epoch, span.high)];
        series.push(Series::Dashed { points, color: ground.second, width: 0.8 });
    }
    series.push(Series::Line { points: training, color: ground.first, width: 1.8 });
    series.push(Series::Line { points: validation, color: ground.second, width: 1.8 });
    if let Some(point) = best {
        series.push(Series::Dots { points: vec![point], color: ground.second, radius: 4.0 });
    }
    chart.draw(&mut canvas, &series)?;
    Ok(canvas.finish(width + 2.0 * MARGIN, top + height + 10.0, &format!("{}: loss by epoch", curve.title)))
}

/// Round whole numbers: there is no epoch 2.5.
pub(super) fn whole_ticks(span: Span) -> Vec<(f64, String)> {
    let ticks = span.ticks(8).into_iter().filter(|tick| (tick - tick.round()).abs() < 1e-9);
    ticks.map(|tick| (tick, text::number(tick.round(), 6))).collect()
}
