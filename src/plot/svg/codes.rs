//! What the codes look like: a histogram of each, and how much of the variance each carries.

use ndarray::ArrayView2;

use crate::plot::PlotError;
use crate::plot::color::Ground;
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

/// Every code's values.
#[derive(Debug, Clone)]
pub struct CodeHistograms<'a> {
    /// The heading.
    pub title: String,
    /// A sentence below it; how many codes are active is said by the figure itself.
    pub caption: String,
    /// `n × k`, a row per sample.
    pub codes: ArrayView2<'a, f32>,
    /// Whether each of the `k` codes is used.
    pub active: &'a [bool],
    /// Light or dark.
    pub theme: Theme,
}

/// A small histogram per code, at most 64 of them; unused codes are gray.
///
/// # Errors
/// [`PlotError::EmptyFigure`] where there are no codes.
///
/// # Panics
/// If there are not as many flags as codes.
pub fn code_histograms(figure: &CodeHistograms<'_>) -> Result<String, PlotError> {
    const MOST: usize = 64;
    const COLUMNS: usize = 8;
    const BINS: usize = 24;
    assert_eq!(figure.codes.ncols(), figure.active.len(), "a flag for each code");
    if figure.codes.is_empty() {
        return Err(PlotError::EmptyFigure { figure: "code_histograms" });
    }
    let (cell_width, cell_height, width) = (84.0, 62.0, 8.0 * 84.0 - 12.0);
    let mut canvas = Canvas::new(Ground::of(figure.theme));
    let ground = canvas.ground;
    let count = figure.active.len();
    let active = figure.active.iter().filter(|active| **active).count();
    let mut caption = format!("{active} of {count} codes are active.");
    if count > MOST {
        caption = format!("{caption} The first {MOST} are shown.");
    }
    if !figure.caption.is_empty() {
        caption = format!("{caption} {}", figure.caption);
    }
    let top = heading(&mut canvas, &figure.title, &caption, width);
    for code in 0..count.min(MOST) {
        let x = MARGIN + (code % COLUMNS) as f64 * cell_width;
        let y = top + (code / COLUMNS) as f64 * cell_height;
        let column = figure.codes.column(code);
        let span = Span::of(column.iter().map(|&value| f64::from(value)), Steps::Equal);
        let mut bins = [0_usize; BINS];
        for &value in column.iter().filter(|value| value.is_finite()) {
            let bin = (span.place(f64::from(value)) * BINS as f64).clamp(0.0, BINS as f64 - 1.0) as usize;
            bins[bin] += 1;
        }
        let tallest = bins.iter().copied().max().unwrap_or(1).max(1) as f64;
        let (wide, high, base) = (cell_width - 12.0, 36.0, y + 38.0);
        let step = wide / BINS as f64;
        let mut outline = vec![(x, base)];
        for (bin, &height) in bins.iter().enumerate() {
            let level = base - high * height as f64 / tallest;
            outline.extend([(x + bin as f64 * step, level), (x + (bin + 1) as f64 * step, level)]);
        }
        outline.push((x + wide, base));
        let color = if figure.active[code] { ground.first } else { ground.missing };
        canvas.path(outline, "Z", &format!(" fill=\"{color}\" fill-opacity=\"0.85\""));
        canvas.line((x, base), (x + wide, base), &format!(" stroke=\"{}\" stroke-width=\"0.6\"", ground.muted));
        let label = format!("code_{code:02}{}", if figure.active[code] { "" } else { " · unused" });
        canvas.text(x + wide / 2.0, base + 11.0, Words::new(9.0, ground.muted).anchored(Anchor::Middle), &label);
    }
    let rows = count.min(MOST).div_ceil(COLUMNS) as f64;
    let name = format!("{}: histograms of {count} codes", figure.title);
    Ok(canvas.finish(width + 2.0 * MARGIN, top + rows * cell_height + 4.0, &name))
}

/// How much of the variance each code carries.
#[derive(Debug, Clone)]
pub struct CodeVariance<'a> {
    /// The heading.
    pub title: String,
    /// A sentence below it.
    pub caption: String,
    /// The variance of each code.
    pub variance: &'a [f64],
    /// What to compare with: a name and the variances of the principal components.
    pub reference: Option<(&'a str, &'a [f64])>,
    /// Light or dark.
    pub theme: Theme,
}

/// Bars of each code's share of the variance, the largest first, beside the shares of the reference.
///
/// # Errors
/// [`PlotError::EmptyFigure`] where there are no codes or none varies.
pub fn code_variance(figure: &CodeVariance<'_>) -> Result<String, PlotError> {
    let shares = |variance: &[f64]| -> Vec<f64> {
        let total: f64 = variance.iter().sum();
        let mut shares: Vec<f64> = variance.iter().map(|value| value / total).collect();
        shares.sort_by(|left, right| right.total_cmp(left));
        shares
    };
    let codes = shares(figure.variance);
    if codes.is_empty() || !codes.iter().all(|share| share.is_finite()) {
        return Err(PlotError::EmptyFigure { figure: "code_variance" });
    }
    let reference = figure.reference.map(|(name, variance)| (name, shares(variance)));
    let reference = reference.filter(|(_, shares)| shares.iter().all(|share| share.is_finite()));
    let (width, height) = (640.0, 260.0);
    let mut canvas = Canvas::new(Ground::of(figure.theme));
    let ground = canvas.ground;
    let top = heading(&mut canvas, &figure.title, &figure.caption, width);
    let mut entries = vec![Key { label: "codes".into(), color: ground.first, stroke: Stroke::Block }];
    if let Some((name, _)) = &reference {
        entries.push(Key { label: (*name).to_owned(), color: ground.second, stroke: Stroke::Line });
    }
    let top = keys(&mut canvas, &entries, MARGIN, top, width);
    let others = reference.iter().flat_map(|(_, shares)| shares.iter().copied());
    let tallest = Span::of(codes.iter().copied().chain(others), Steps::Equal).with_zero();
    let x = Span { low: 0.4, high: codes.len() as f64 + 0.6, steps: Steps::Equal };
    let ticks = x.ticks(8).into_iter().filter(|tick| tick.fract().abs() < 1e-9 && *tick >= 1.0);
    let percent = |share: f64| format!("{} %", text::number(share * 100.0, 3));
    let y = tallest.widened(0.0, 0.05);
    let chart = Chart {
        area: Rect { x: MARGIN, y: top, width, height },
        x: Axis { span: x, title: "codes, by share", ticks: ticks.map(|tick| (tick, text::number(tick, 4))).collect() },
        y: Axis {
            span: y,
            title: "share of the variance",
            ticks: y.ticks(5).into_iter().map(|tick| (tick, percent(tick))).collect(),
        },
    };
    let place = |index: usize| index as f64 + 1.0;
    let corners =
        codes.iter().enumerate().map(|(index, &share)| [(place(index) - 0.38, 0.0), (place(index) + 0.38, share)]);
    let mut series = vec![Series::Boxes { corners: corners.collect(), color: ground.first, opacity: 0.85 }];
    if let Some((_, shares)) = &reference {
        let points: Vec<(f64, f64)> =
            shares.iter().take(codes.len()).enumerate().map(|(index, &share)| (place(index), share)).collect();
        series.push(Series::Line { points: points.clone(), color: ground.second, width: 1.6 });
        series.push(Series::Dots { points, color: ground.second, radius: 2.2 });
    }
    chart.draw(&mut canvas, &series)?;
    Ok(canvas.finish(width + 2.0 * MARGIN, top + height + 10.0, &format!("{}: variance by code", figure.title)))
}
