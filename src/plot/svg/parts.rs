//! The parts of a loss by epoch: reconstruction, divergence, the price of sparsity.

use crate::plot::PlotError;
use crate::plot::color::Ground;
use crate::plot::options::Theme;
use crate::plot::scale::Span;
use crate::plot::scale::Steps;
use crate::plot::svg::MARGIN;
use crate::plot::svg::canvas::Canvas;
use crate::plot::svg::canvas::Rect;
use crate::plot::svg::canvas::Words;
use crate::plot::svg::chart::Axis;
use crate::plot::svg::chart::Chart;
use crate::plot::svg::chart::Series;
use crate::plot::svg::heading;
use crate::plot::svg::training::whole_ticks;
use crate::plot::text;

/// The parts of a loss, each on an axis of its own: they differ a hundredfold.
#[derive(Debug, Clone)]
pub struct LossParts<'a> {
    /// The heading.
    pub title: String,
    /// A sentence below it.
    pub caption: String,
    /// The epochs, ascending.
    pub epochs: &'a [usize],
    /// Each part's name and its value at every epoch; not finite where it was not measured.
    pub parts: &'a [(&'a str, Vec<f64>)],
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
    /// Light or dark.
    pub theme: Theme,
}

/// A small chart for each part, one below the other.
///
/// # Errors
/// [`PlotError::EmptyFigure`] where no value is finite.
///
/// # Panics
/// If a part has not a value for each epoch.
pub fn loss_parts(figure: &LossParts<'_>) -> Result<String, PlotError> {
    let (width, height) = (640.0, 150.0);
    let mut canvas = Canvas::new(Ground::of(figure.theme));
    let ground = canvas.ground;
    let mut top = heading(&mut canvas, &figure.title, &figure.caption, width);
    let epochs = Span::of(figure.epochs.iter().map(|&epoch| epoch as f64), Steps::Equal);
    let mut drawn = 0;
    for (name, values) in figure.parts {
        assert_eq!(values.len(), figure.epochs.len(), "a value for each epoch");
        let points: Vec<(f64, f64)> = figure
            .epochs
            .iter()
            .zip(values)
            .map(|(&epoch, &value)| (epoch as f64, value))
            .filter(|(_, value)| value.is_finite())
            .collect();
        if points.is_empty() {
            continue;
        }
        drawn += 1;
        let kept = points.iter().find(|(epoch, _)| *epoch == figure.best_epoch as f64).copied();
        let told =
            kept.map_or_else(String::new, |(epoch, value)| format!(": {} at epoch {epoch}", text::number(value, 4)));
        canvas.text(MARGIN, top + 10.0, Words::new(12.0, ground.ink).bold(), &format!("{name}{told}"));
        let span = Span::of(points.iter().map(|point| point.1), Steps::Equal).widened(0.08, 0.08);
        let chart = Chart {
            area: Rect { x: MARGIN, y: top + 20.0, width, height },
            x: Axis { ticks: whole_ticks(epochs), ..Axis::new(epochs, "epoch", 8) },
            y: Axis::new(span, "", 4),
        };
        let mut series = vec![Series::Line { points, color: ground.second, width: 1.8 }];
        series.extend(kept.map(|point| Series::Dots { points: vec![point], color: ground.second, radius: 4.0 }));
        chart.draw(&mut canvas, &series)?;
        top += height + 38.0;
    }
    if drawn == 0 {
        return Err(PlotError::EmptyFigure { figure: "loss_parts" });
    }
    Ok(canvas.finish(width + 2.0 * MARGIN, top, &format!("{}: parts of the loss by epoch", figure.title)))
}
