//! Distances before and after, as a density: does far remain far?

use crate::plot::PlotError;
use crate::plot::color::Ground;
use crate::plot::color::viridis;
use crate::plot::options::Theme;
use crate::plot::raster;
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

/// Pairs of distances between the same two rows.
#[derive(Debug, Clone)]
pub struct Shepard<'a> {
    /// The heading.
    pub title: String,
    /// A sentence below it, for example the rank correlation.
    pub caption: String,
    /// Distances before, as many as after.
    pub before: &'a [f64],
    /// Distances after.
    pub after: &'a [f64],
    /// What `before` is: `distance in the prepared table`.
    pub before_name: &'a str,
    /// What `after` is: `distance on the map`.
    pub after_name: &'a str,
    /// Light or dark.
    pub theme: Theme,
}

const CELLS: usize = 72;

/// How often a distance before (across) became a distance after (up), after Shepard (1962); the line
/// is the median.
///
/// # Errors
/// [`PlotError::EmptyFigure`] where no pair is finite.
///
/// # Panics
/// If there are not as many distances before as after.
pub fn shepard(figure: &Shepard<'_>) -> Result<String, PlotError> {
    assert_eq!(figure.before.len(), figure.after.len(), "distances come in pairs");
    let pairs: Vec<(f64, f64)> = figure
        .before
        .iter()
        .zip(figure.after)
        .map(|(&before, &after)| (before, after))
        .filter(|(before, after)| before.is_finite() && after.is_finite())
        .collect();
    if pairs.is_empty() {
        return Err(PlotError::EmptyFigure { figure: "shepard" });
    }
    let across = Span::of(pairs.iter().map(|pair| pair.0), Steps::Equal);
    // Among many features all distances are alike: an axis from 0 would be half empty.
    let across = if across.low < 0.4 * across.high { across.with_zero() } else { across.widened(0.03, 0.03) };
    let up = Span::of(pairs.iter().map(|pair| pair.1), Steps::Equal).with_zero();
    let (width, height) = (520.0, 400.0);
    let mut canvas = Canvas::new(Ground::of(figure.theme));
    let ground = canvas.ground;
    let top = heading(&mut canvas, &figure.title, &figure.caption, width);
    let entries = [
        Key {
            label: format!("{} pairs; brighter: more of them", text::count(pairs.len())),
            color: viridis(0.5),
            stroke: Stroke::Block,
        },
        Key { label: "median".into(), color: ground.second, stroke: Stroke::Line },
    ];
    let top = keys(&mut canvas, &entries, MARGIN, top, width);
    let chart = Chart {
        area: Rect { x: MARGIN, y: top, width, height },
        x: Axis::new(across, figure.before_name, 6),
        y: Axis::new(up, figure.after_name, 6),
    };
    let png = density(&pairs, across, up)?;
    canvas.image(chart.inside(), &png, "density of pairs of distances");
    let median = Series::Line { points: medians(&pairs, across), color: ground.second, width: 2.0 };
    chart.draw(&mut canvas, &[median])?;
    Ok(canvas.finish(
        width + 2.0 * MARGIN,
        top + height + 10.0,
        &format!("{}: distances before and after", figure.title),
    ))
}

fn cell(span: Span, value: f64) -> usize {
    (span.place(value) * CELLS as f64).clamp(0.0, CELLS as f64 - 1.0) as usize
}

/// The counts as an image, the logarithm of the count as color.
fn density(pairs: &[(f64, f64)], across: Span, up: Span) -> Result<Vec<u8>, PlotError> {
    // Viewers smooth an image that they enlarge; one that is large already keeps its cells.
    const ENLARGED: usize = 12;
    let mut counts = vec![0_u32; CELLS * CELLS];
    for &(before, after) in pairs {
        counts[(CELLS - 1 - cell(up, after)) * CELLS + cell(across, before)] += 1;
    }
    let most = f64::from(counts.iter().copied().max().unwrap_or(1)).ln_1p();
    let side = CELLS * ENLARGED;
    let mut bytes = Vec::with_capacity(side * side * 4);
    for row in 0..side {
        for column in 0..side {
            let count = counts[(row / ENLARGED) * CELLS + column / ENLARGED];
            let [red, green, blue] = viridis(f64::from(count).ln_1p() / most).0;
            bytes.extend([red, green, blue, if count == 0 { 0 } else { 255 }]);
        }
    }
    raster::encode(side, side, png::ColorType::Rgba, png::Filter::NoFilter, &bytes)
}

/// The median distance after, for bands of distances before that hold at least ten pairs.
fn medians(pairs: &[(f64, f64)], across: Span) -> Vec<(f64, f64)> {
    const BANDS: usize = 24;
    let mut bands: Vec<Vec<f64>> = vec![Vec::new(); BANDS];
    for &(before, after) in pairs {
        bands[cell(across, before) * BANDS / CELLS].push(after);
    }
    let middle = |band: usize| across.low + (band as f64 + 0.5) / BANDS as f64 * (across.high - across.low);
    let mut line = Vec::new();
    for (band, mut values) in bands.into_iter().enumerate().filter(|(_, values)| values.len() >= 10) {
        values.sort_by(f64::total_cmp);
        line.push((middle(band), values[values.len() / 2]));
    }
    line
}
