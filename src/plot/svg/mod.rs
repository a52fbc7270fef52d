//! Descriptions to SVG: the only place that names plotters.
//!
//! plotters draws axes, grids and curves, on a [`canvas::Canvas`] of ours, which rounds numbers, cleans
//! and escapes text, and measures it with the embedded font. Maps are written on the canvas directly: they
//! have no axes, and their points want tooltips and groups, which plotters does not know.

mod activity;
mod canvas;
mod chart;
mod codes;
mod errors;
mod figure;
#[cfg(test)]
mod figure_tests;
mod layers;
mod legend;
mod map;
mod parts;
mod reconstruction;
mod search;
mod shepard;
#[cfg(test)]
mod tests;
mod training;

use crate::plot::Color;
use crate::plot::PlotError;
use crate::plot::Scatter;
use crate::plot::color::Ground;
use crate::plot::options::Points;
use crate::plot::svg::canvas::Canvas;
use crate::plot::svg::canvas::Rect;
use crate::plot::svg::canvas::Words;
use crate::plot::svg::layers::Layers;
use crate::plot::svg::legend::Legend;
use crate::plot::svg::legend::Room;
use crate::plot::svg::map::Frame;
use crate::plot::text;
use crate::plot::text::Weight;

pub use crate::plot::svg::activity::NodeActivity;
pub use crate::plot::svg::activity::node_activity;
pub use crate::plot::svg::codes::CodeHistograms;
pub use crate::plot::svg::codes::CodeVariance;
pub use crate::plot::svg::codes::code_histograms;
pub use crate::plot::svg::codes::code_variance;
pub use crate::plot::svg::errors::Errors;
pub use crate::plot::svg::errors::WorstFeature;
pub use crate::plot::svg::errors::errors;
pub use crate::plot::svg::parts::LossParts;
pub use crate::plot::svg::parts::loss_parts;
pub use crate::plot::svg::reconstruction::Reconstruction;
pub use crate::plot::svg::reconstruction::RowShape;
pub use crate::plot::svg::reconstruction::reconstruction;
pub use crate::plot::svg::search::SearchCurve;
pub use crate::plot::svg::search::search;
pub use crate::plot::svg::shepard::Shepard;
pub use crate::plot::svg::shepard::shepard;
pub use crate::plot::svg::training::TrainingCurve;
pub use crate::plot::svg::training::training;

const MARGIN: f64 = 16.0;

/// One map with its title, caption and legend.
///
/// # Errors
/// [`PlotError::NoPoints`] and [`PlotError::NonFinitePoint`]; [`PlotError::Rendering`] where the embedded
/// image cannot be made.
///
/// # Panics
/// If ids, classes, values or reliabilities are not as many as the points.
pub fn scatter(scatter: &Scatter<'_>) -> Result<String, PlotError> {
    const SIDE: f64 = 640.0;
    let shape = Frame::shape(scatter)?.clamp(0.55, 1.1);
    let room = Room { height: SIDE * shape, label_width: 190.0, text_size: 12.0, most_entries: 41, most_columns: 3 };
    let mut canvas = Canvas::new(Ground::of(scatter.style.theme));
    let ground = canvas.ground;
    let layers = Layers::of(scatter, ground);
    let legend = Legend::new(scatter, &layers, ground, room);
    let beside = if legend.width > 0.0 { legend.width + 20.0 } else { 0.0 };
    let width = SIDE + beside + 2.0 * MARGIN;
    let top = heading(&mut canvas, &scatter.title, &scatter.caption, width - 2.0 * MARGIN);
    let panel = Rect { x: MARGIN, y: top, width: SIDE, height: (SIDE * shape).round() };
    map::draw(&mut canvas, scatter, &layers, panel)?;
    legend.draw(&mut canvas, MARGIN + SIDE + 20.0, top + 6.0);
    let height = top + panel.height.max(legend.height + 12.0) + MARGIN;
    Ok(canvas.finish(width, height, &name(scatter)))
}

/// Small multiples: a panel for each map, side by side.
///
/// Where all maps have the same title it stands once, over the sheet, and each panel is named by what
/// colors it.
///
/// # Errors
/// As [`scatter`]; [`PlotError::EmptyFigure`] for no map at all.
///
/// # Panics
/// As [`scatter`].
pub fn sheet(maps: &[Scatter<'_>]) -> Result<String, PlotError> {
    const SIDE: f64 = 300.0;
    let Some(first) = maps.first() else { return Err(PlotError::EmptyFigure { figure: "sheet" }) };
    if maps.len() == 1 {
        return scatter(first);
    }
    let columns = match maps.len() {
        2 | 4 => 2,
        3 | 5 | 6 | 9 => 3,
        _ => 4,
    };
    let shape = Frame::shape(first)?.clamp(0.55, 1.1);
    let room = Room { height: SIDE * shape, label_width: 110.0, text_size: 10.0, most_entries: 18, most_columns: 1 };
    let maps: Vec<Scatter<'_>> = maps.iter().map(|map| on_sheet(map, maps.len())).collect();
    let mut canvas = Canvas::new(Ground::of(first.style.theme));
    let ground = canvas.ground;
    let sorted: Vec<Layers> = maps.iter().map(|map| Layers::of(map, ground)).collect();
    let legends: Vec<Legend> =
        maps.iter().zip(&sorted).map(|(map, layers)| Legend::new(&untitled(map), layers, ground, room)).collect();
    let beside = legends.iter().map(|legend| legend.width).fold(0.0, f64::max) + 10.0;
    let (cell_width, cell_height) = (SIDE + beside + 18.0, SIDE * shape + 40.0);
    let width = columns as f64 * cell_width - 18.0 + 2.0 * MARGIN;
    let shared = maps.iter().all(|map| map.title == first.title);
    let title = if shared { first.title.as_str() } else { "" };
    let top = heading(&mut canvas, title, &first.caption, width - 2.0 * MARGIN);
    for (index, ((map, layers), legend)) in maps.iter().zip(&sorted).zip(&legends).enumerate() {
        let x = MARGIN + (index % columns) as f64 * cell_width;
        let y = top + (index / columns) as f64 * cell_height;
        let head = if shared { map.color.name().unwrap_or_default() } else { map.title.as_str() };
        let head = text::fit(head, SIDE, 13.0, Weight::Bold);
        canvas.open("panel", Some(&head), "");
        canvas.text(x + 2.0, y + 13.0, Words::new(13.0, ground.ink).bold(), &head);
        let panel = Rect { x, y: y + 20.0, width: SIDE, height: (SIDE * shape).round() };
        map::draw(&mut canvas, map, layers, panel)?;
        legend.draw(&mut canvas, x + SIDE + 10.0, y + 24.0);
        canvas.close();
    }
    let height = top + maps.len().div_ceil(columns) as f64 * cell_height - 14.0 + MARGIN;
    Ok(canvas.finish(width, height, &name(first)))
}

/// The same map, its column unnamed: on a sheet the panel's title names it.
fn untitled<'a>(map: &Scatter<'a>) -> Scatter<'a> {
    let color = match map.color {
        Color::Classes { levels, of_row, .. } => Color::Classes { name: "", levels, of_row },
        Color::Numbers { values, .. } => Color::Numbers { name: "", values },
        Color::None => Color::None,
    };
    Scatter { color, ..map.clone() }
}

/// The same map, its points one image where those of all panels together would be too many circles.
fn on_sheet<'a>(map: &Scatter<'a>, panels: usize) -> Scatter<'a> {
    let mut map = map.clone();
    if map.style.points == Points::Auto && map.points.nrows() * panels > map::MOST_VECTOR_POINTS {
        map.style.points = Points::Raster;
    }
    map
}

fn name(scatter: &Scatter<'_>) -> String {
    let color = scatter.color.name().map(|name| format!(", colored by {name}")).unwrap_or_default();
    let points = scatter.points.nrows();
    let points = match scatter.ground {
        Some(ground) => {
            format!("{} points on {} {}", text::count(points - ground.count), text::count(ground.count), ground.name)
        }
        None => format!("{} points", text::count(points)),
    };
    format!("{}: a map of {points}{color}", scatter.title)
}

/// Title and caption; returns where the picture begins.
fn heading(canvas: &mut Canvas, title: &str, caption: &str, width: f64) -> f64 {
    let ground = canvas.ground;
    let mut y = MARGIN;
    for line in text::wrap(title, width, 17.0, Weight::Bold, 2) {
        canvas.text(MARGIN, y + 14.0, Words::new(17.0, ground.ink).bold(), &line);
        y += 21.0;
    }
    for line in text::wrap(caption, width, 12.0, Weight::Regular, 4) {
        canvas.text(MARGIN, y + 12.0, Words::new(12.0, ground.muted), &line);
        y += 16.0;
    }
    if y > MARGIN { y + 8.0 } else { y }
}
