//! The search for a code size: error by size, beside PCA's.

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

/// Held-out errors by code size.
#[derive(Debug, Clone)]
pub struct SearchCurve<'a> {
    /// The heading.
    pub title: String,
    /// A sentence below it.
    pub caption: String,
    /// What the errors are: `held-out mean squared error per value`.
    pub error_name: &'a str,
    /// The sizes tried.
    pub sizes: &'a [usize],
    /// The autoencoder's error at each size.
    pub errors: &'a [f64],
    /// PCA's error at each size; empty where it was not measured.
    pub pca_errors: &'a [f64],
    /// The size that was chosen.
    pub chosen: Option<usize>,
    /// Light or dark.
    pub theme: Theme,
}

/// Error against code size, the sizes in equal steps where they double.
///
/// # Errors
/// [`PlotError::EmptyFigure`] where no size was tried.
///
/// # Panics
/// If there are not as many errors as sizes.
pub fn search(curve: &SearchCurve<'_>) -> Result<String, PlotError> {
    assert_eq!(curve.sizes.len(), curve.errors.len(), "an error for each size");
    assert!(curve.pca_errors.is_empty() || curve.pca_errors.len() == curve.sizes.len(), "PCA's for each size");
    let points = |errors: &[f64]| -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = curve
            .sizes
            .iter()
            .zip(errors)
            .map(|(&size, &error)| (size as f64, error))
            .filter(|(size, error)| *size > 0.0 && error.is_finite())
            .collect();
        points.sort_by(|left, right| left.0.total_cmp(&right.0));
        points
    };
    let (codes, pca) = (points(curve.errors), points(curve.pca_errors));
    if codes.is_empty() {
        return Err(PlotError::EmptyFigure { figure: "search" });
    }
    let (width, height) = (520.0, 300.0);
    let mut canvas = Canvas::new(Ground::of(curve.theme));
    let ground = canvas.ground;
    let top = heading(&mut canvas, &curve.title, &curve.caption, width);
    let mut entries = vec![Key { label: "autoencoder".into(), color: ground.first, stroke: Stroke::Line }];
    if !pca.is_empty() {
        entries.push(Key { label: "PCA".into(), color: ground.third, stroke: Stroke::Line });
    }
    let chosen = curve.chosen.and_then(|size| codes.iter().find(|point| point.0 == size as f64).copied());
    if let Some((size, _)) = chosen {
        entries.push(Key { label: format!("chosen: {size}"), color: ground.second, stroke: Stroke::Dot });
    }
    let top = keys(&mut canvas, &entries, MARGIN, top, width);
    let sizes = Span::of(codes.iter().map(|point| point.0), Steps::Tenfold).widened(0.04, 0.04);
    let errors = Span::of(codes.iter().chain(&pca).map(|point| point.1), Steps::Equal).widened(0.06, 0.06);
    let chart = Chart {
        area: Rect { x: MARGIN, y: top, width, height },
        x: Axis {
            span: sizes,
            title: "code size",
            ticks: codes.iter().map(|(size, _)| (*size, format!("{size}"))).collect(),
        },
        y: Axis::new(errors, curve.error_name, 5),
    };
    let mut series = Vec::new();
    if !pca.is_empty() {
        series.push(Series::Line { points: pca.clone(), color: ground.third, width: 1.6 });
        series.push(Series::Dots { points: pca, color: ground.third, radius: 2.6 });
    }
    series.push(Series::Line { points: codes.clone(), color: ground.first, width: 1.8 });
    series.push(Series::Dots { points: codes, color: ground.first, radius: 3.0 });
    if let Some(point) = chosen {
        series.push(Series::Dots { points: vec![point], color: ground.second, radius: 5.0 });
    }
    chart.draw(&mut canvas, &series)?;
    Ok(canvas.finish(width + 2.0 * MARGIN, top + height + 10.0, &format!("{}: error by code size", curve.title)))
}
