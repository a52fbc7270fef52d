//! Reconstruction errors: of the rows as a histogram, of the worst features as bars.

use crate::plot::PlotError;
use crate::plot::color::Ground;
use crate::plot::color::Rgb;
use crate::plot::options::Theme;
use crate::plot::scale::Span;
use crate::plot::scale::Steps;
use crate::plot::svg::MARGIN;
use crate::plot::svg::canvas::Anchor;
use crate::plot::svg::canvas::Canvas;
use crate::plot::svg::canvas::Rect;
use crate::plot::svg::canvas::Words;
use crate::plot::svg::chart::Axis;
use crate::plot::svg::chart::Chart;
use crate::plot::svg::chart::Series;
use crate::plot::svg::figure::Key;
use crate::plot::svg::figure::Stroke;
use crate::plot::svg::figure::keys;
use crate::plot::svg::heading;
use crate::plot::text;
use crate::plot::text::Weight;

/// Errors by row and by feature.
#[derive(Debug, Clone)]
pub struct Errors<'a> {
    /// The heading.
    pub title: String,
    /// A sentence below it.
    pub caption: String,
    /// The error of every row that trained.
    pub training: &'a [f32],
    /// The error of every row that was held out.
    pub held_out: &'a [f32],
    /// The features with the largest errors on held-out rows, the worst first.
    pub features: &'a [WorstFeature<'a>],
    /// Light or dark.
    pub theme: Theme,
}

/// A feature that is rebuilt badly.
#[derive(Debug, Clone, Copy)]
pub struct WorstFeature<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its mean squared error.
    pub error: f64,
    /// The share of its variance that is kept, where it varies.
    pub kept: Option<f64>,
}

const BINS: usize = 36;

/// The share of rows by error, training beside held-out rows, and below it the worst features.
///
/// # Errors
/// [`PlotError::EmptyFigure`] where no error is finite.
pub fn errors(figure: &Errors<'_>) -> Result<String, PlotError> {
    let finite = |errors: &[f32]| -> Vec<f64> {
        errors.iter().map(|error| f64::from(*error)).filter(|error| error.is_finite()).collect()
    };
    let (training, held_out) = (finite(figure.training), finite(figure.held_out));
    if training.is_empty() && held_out.is_empty() {
        return Err(PlotError::EmptyFigure { figure: "errors" });
    }
    let (width, height) = (640.0, 220.0);
    let mut canvas = Canvas::new(Ground::of(figure.theme));
    let ground = canvas.ground;
    let top = heading(&mut canvas, &figure.title, &figure.caption, width);
    let key = |name: &str, rows: usize, color| Key {
        label: format!("{} {name} rows", text::count(rows)),
        color,
        stroke: Stroke::Line,
    };
    let entries = [key("training", training.len(), ground.first), key("held-out", held_out.len(), ground.second)];
    let top = keys(&mut canvas, &entries, MARGIN, top, width);
    let span = range(&training, &held_out);
    let shares = [(shares(&training, span), ground.first), (shares(&held_out, span), ground.second)];
    let tallest = Span::of(shares.iter().flat_map(|(shares, _)| shares.iter().copied()), Steps::Equal).with_zero();
    let tallest = tallest.widened(0.0, 0.05);
    let percent = |share: f64| format!("{} %", text::number(share * 100.0, 3));
    let chart = Chart {
        area: Rect { x: MARGIN, y: top, width, height },
        x: Axis::new(span, "mean squared error of a row", 6),
        y: Axis {
            span: tallest,
            title: "share of the rows",
            ticks: tallest.ticks(4).into_iter().map(|tick| (tick, percent(tick))).collect(),
        },
    };
    let series: Vec<Series> = shares
        .into_iter()
        .filter(|(shares, _)| shares.iter().any(|share| *share > 0.0))
        .map(|(shares, color)| Series::Line { points: stairs(&shares, span), color, width: 1.8 })
        .collect();
    chart.draw(&mut canvas, &series)?;
    let mut bottom = top + height + 10.0;
    if !figure.features.is_empty() {
        bottom = features(&mut canvas, figure.features, bottom + 12.0, width, ground.first);
    }
    Ok(canvas.finish(width + 2.0 * MARGIN, bottom + 8.0, &format!("{}: errors of rows and features", figure.title)))
}

/// From the least to the greatest error, in tenfold steps where they are far apart.
fn range(training: &[f64], held_out: &[f64]) -> Span {
    let all = || training.iter().chain(held_out).copied();
    let mut sorted: Vec<f64> = all().filter(|error| *error > 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    // by the middle 98 %: one row that is rebuilt perfectly, or not at all, must not rule the axis
    let place = |share: f64| sorted.get(((sorted.len() as f64 - 1.0) * share) as usize).copied();
    let (Some(low), Some(high)) = (place(0.01), place(0.99)) else { return Span::of(all(), Steps::Equal) };
    if high > 8.0 * low {
        let wide = Span::of([low, high], Steps::Tenfold).widened(0.15, 0.15);
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        Span { low: wide.low.max(least.min(low)), high: wide.high.min(most.max(high)), ..wide }
    } else {
        Span::of(sorted.iter().copied().map(|error| error.min(4.0 * high)), Steps::Equal).with_zero()
    }
}

/// The share of the rows in each bin; those beyond the axis count in its first or last bin.
fn shares(errors: &[f64], span: Span) -> Vec<f64> {
    let mut counts = vec![0.0; BINS];
    for error in errors {
        let bin = (span.place(*error) * BINS as f64).clamp(0.0, BINS as f64 - 1.0);
        counts[bin as usize] += 1.0 / errors.len() as f64;
    }
    counts
}

/// The outline of a histogram.
fn stairs(shares: &[f64], span: Span) -> Vec<(f64, f64)> {
    let edge = |bin: usize| {
        let place = bin as f64 / BINS as f64;
        match span.steps {
            Steps::Equal => span.low + place * (span.high - span.low),
            Steps::Tenfold => span.low * (span.high / span.low).powf(place),
        }
    };
    let mut points = vec![(edge(0), 0.0)];
    for (bin, share) in shares.iter().enumerate() {
        points.extend([(edge(bin), *share), (edge(bin + 1), *share)]);
    }
    points.push((edge(BINS), 0.0));
    points
}

/// A bar for each feature; returns where they end.
fn features(canvas: &mut Canvas, features: &[WorstFeature<'_>], top: f64, width: f64, color: Rgb) -> f64 {
    const LINE: f64 = 18.0;
    const NAME: f64 = 170.0;
    const TOLD: f64 = 150.0;
    let ground = canvas.ground;
    canvas.open("features", None, "");
    let head = "Features with the largest errors on held-out rows";
    canvas.text(MARGIN, top + 10.0, Words::new(12.0, ground.ink).bold(), head);
    let longest = features.iter().map(|feature| feature.error).filter(|error| error.is_finite()).fold(0.0, f64::max);
    let room = width - NAME - TOLD;
    for (line, feature) in features.iter().enumerate() {
        let middle = top + 28.0 + line as f64 * LINE;
        let name = text::fit(feature.name, NAME - 10.0, 11.0, Weight::Regular);
        let words = Words::new(11.0, ground.ink).anchored(Anchor::End);
        canvas.text(MARGIN + NAME - 8.0, middle + 4.0, words, &name);
        let length = if longest > 0.0 { (feature.error / longest).clamp(0.0, 1.0) * room } else { 0.0 };
        let bar = Rect { x: MARGIN + NAME, y: middle - 6.0, width: length, height: 12.0 };
        canvas.rect(bar, &format!(" fill=\"{color}\" fill-opacity=\"0.85\""));
        let kept = feature.kept.map_or_else(String::new, |kept| format!(", {:.0} % kept", 100.0 * kept.max(0.0)));
        let told = format!("{}{kept}", text::number(feature.error, 3));
        canvas.text(MARGIN + NAME + length + 6.0, middle + 4.0, Words::new(11.0, ground.muted), &told);
    }
    canvas.close();
    top + 28.0 + features.len() as f64 * LINE
}
