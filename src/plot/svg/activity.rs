//! How often each node of a sparse code is active.

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

/// How often each node is active.
#[derive(Debug, Clone)]
pub struct NodeActivity<'a> {
    /// The heading.
    pub title: String,
    /// A sentence below it.
    pub caption: String,
    /// The share of rows in which each node is active.
    pub active: &'a [f64],
    /// The share that was wanted.
    pub wanted: Option<f64>,
    /// Light or dark.
    pub theme: Theme,
}

/// A bar for each node, in the order of the code.
///
/// # Errors
/// [`PlotError::EmptyFigure`] where there is no node.
pub fn node_activity(figure: &NodeActivity<'_>) -> Result<String, PlotError> {
    if figure.active.is_empty() {
        return Err(PlotError::EmptyFigure { figure: "node_activity" });
    }
    let (width, height) = (640.0, 260.0);
    let mut canvas = Canvas::new(Ground::of(figure.theme));
    let ground = canvas.ground;
    let top = heading(&mut canvas, &figure.title, &figure.caption, width);
    let percent = |share: f64| format!("{} %", text::number(share * 100.0, 3));
    let mut entries = vec![Key { label: "node".into(), color: ground.first, stroke: Stroke::Block }];
    if let Some(wanted) = figure.wanted {
        let label = format!("wanted: {}", percent(wanted));
        entries.push(Key { label, color: ground.third, stroke: Stroke::Dashes });
    }
    let top = keys(&mut canvas, &entries, MARGIN, top, width);
    let nodes = figure.active.len() as f64;
    let x = Span { low: -0.6, high: nodes - 0.4, steps: Steps::Equal };
    let shares = Span::of(figure.active.iter().copied().chain(figure.wanted), Steps::Equal).with_zero();
    let y = Span { high: shares.high.min(1.0), ..shares }.widened(0.0, 0.04);
    let ticks = x.ticks(8).into_iter().filter(|tick| tick.fract().abs() < 1e-9 && *tick >= 0.0 && *tick < nodes);
    let chart = Chart {
        area: Rect { x: MARGIN, y: top, width, height },
        x: Axis {
            span: x,
            title: "node of the code",
            ticks: ticks.map(|tick| (tick, text::number(tick, 4))).collect(),
        },
        y: Axis {
            span: y,
            title: "rows in which it is active",
            ticks: y.ticks(5).into_iter().map(|tick| (tick, percent(tick))).collect(),
        },
    };
    let bar = |(node, share): (usize, &f64)| [(node as f64 - 0.38, 0.0), (node as f64 + 0.38, *share)];
    let corners = figure.active.iter().enumerate().map(bar).collect();
    let mut series = vec![Series::Boxes { corners, color: ground.first, opacity: 0.85 }];
    if let Some(wanted) = figure.wanted {
        let points = vec![(x.low, wanted), (x.high, wanted)];
        series.push(Series::Dashed { points, color: ground.third, width: 1.4 });
    }
    chart.draw(&mut canvas, &series)?;
    Ok(canvas.finish(width + 2.0 * MARGIN, top + height + 10.0, &format!("{}: activity by node", figure.title)))
}
