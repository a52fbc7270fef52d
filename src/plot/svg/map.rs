//! A map of points: one panel, or several on a sheet.

use std::fmt::Write as _;

use crate::plot::Color;
use crate::plot::PlotError;
use crate::plot::Scatter;
use crate::plot::color::Rgb;
use crate::plot::gathered::keeps_to_itself;
use crate::plot::options::LabelsOnMap;
use crate::plot::options::Points;
use crate::plot::placement;
use crate::plot::placement::Wanted;
use crate::plot::raster::Dot;
use crate::plot::raster::Image;
use crate::plot::svg::canvas::Anchor;
use crate::plot::svg::canvas::Canvas;
use crate::plot::svg::canvas::Rect;
use crate::plot::svg::canvas::Words;
use crate::plot::svg::layers::Layer;
use crate::plot::svg::layers::Layers;
use crate::plot::text;
use crate::plot::text::Weight;

/// Above this many points `points: auto` embeds one image.
pub(super) const MOST_VECTOR_POINTS: usize = 20_000;
/// Pixels of the embedded image to the CSS pixel, the first that keeps the file small: 288 dots per inch, 240, 192.
const DENSITIES: [f64; 3] = [3.0, 2.5, 2.0];
/// Bytes of the embedded image, so that the whole file stays below 2 MB: in the text of SVG they take a third more.
const LARGEST_IMAGE: usize = 1_450_000;
/// How much of their opacity unreliable points keep where they are too small for rings.
pub(super) const FAINT: f64 = 0.35;
/// Room between the outermost points and the panel's edge.
const INSET: f64 = 8.0;

/// Where the points of a map go on the page: one scale for both axes, y upward.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    scale: f64,
    left: f64,
    top: f64,
    low: (f64, f64),
    high: (f64, f64),
}

impl Frame {
    /// Height over width of the points' bounding box.
    pub(super) fn shape(scatter: &Scatter<'_>) -> Result<f64, PlotError> {
        let (low, high) = bounds(scatter)?;
        let (width, height) = (high.0 - low.0, high.1 - low.1);
        Ok(if width > 0.0 && height > 0.0 { height / width } else { 1.0 })
    }

    pub(super) fn new(scatter: &Scatter<'_>, panel: Rect) -> Result<Self, PlotError> {
        let (low, high) = bounds(scatter)?;
        let room = (panel.width - 2.0 * INSET, panel.height - 2.0 * INSET);
        let widest = (high.0 - low.0).max(f64::MIN_POSITIVE);
        let tallest = (high.1 - low.1).max(f64::MIN_POSITIVE);
        let scale = (room.0 / widest).min(room.1 / tallest);
        let scale = if scale.is_finite() && scale < 1e30 { scale } else { 1.0 };
        let left = panel.x + (panel.width - (high.0 - low.0) * scale) / 2.0;
        let top = panel.y + (panel.height - (high.1 - low.1) * scale) / 2.0;
        Ok(Self { scale, left, top, low, high })
    }

    fn place(&self, scatter: &Scatter<'_>, row: usize) -> (f64, f64) {
        let (x, y) = (f64::from(scatter.points[[row, 0]]), f64::from(scatter.points[[row, 1]]));
        (self.left + (x - self.low.0) * self.scale, self.top + (self.high.1 - y) * self.scale)
    }
}

type Corner = (f64, f64);

fn bounds(scatter: &Scatter<'_>) -> Result<(Corner, Corner), PlotError> {
    assert_eq!(scatter.points.ncols(), 2, "a map has two coordinates");
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for (row, point) in scatter.points.rows().into_iter().enumerate() {
        for axis in 0..2 {
            let value = f64::from(point[axis]);
            if !value.is_finite() {
                return Err(PlotError::NonFinitePoint { row });
            }
            low[axis] = low[axis].min(value);
            high[axis] = high[axis].max(value);
        }
    }
    if scatter.points.is_empty() {
        return Err(PlotError::NoPoints);
    }
    Ok(((low[0], low[1]), (high[0], high[1])))
}

/// The size and opacity of points.
#[derive(Debug, Clone, Copy)]
struct Look {
    radius: f64,
    opacity: f64,
}

impl Look {
    /// Points that together could cover about a quarter of the panel, within bounds a reader sees.
    fn of(rows: usize, scatter: &Scatter<'_>, panel: Rect) -> Self {
        let rows = rows as f64;
        let side = panel.width.min(panel.height);
        let radius = (0.24 * side * side / (std::f64::consts::PI * rows)).sqrt().clamp(0.5, side / 190.0);
        let opacity = (0.9 - 0.12 * (rows / 5_000.0).log10().max(0.0)).clamp(0.6, 0.9);
        Self {
            radius: scatter.style.size.given().map_or(radius, |size| size.get().min(50.0)),
            opacity: scatter.style.opacity.given().map_or(opacity, |opacity| opacity.get().min(1.0)),
        }
    }
}

/// How many points are no ground.
fn in_front(scatter: &Scatter<'_>) -> usize {
    scatter.points.nrows() - scatter.ground.map_or(0, |ground| ground.count)
}

/// Whether the points become one image, but for those of the ground.
pub(super) fn is_raster(scatter: &Scatter<'_>) -> bool {
    raster(scatter, in_front(scatter))
}

/// Whether so many points of a map become one image.
fn raster(scatter: &Scatter<'_>, points: usize) -> bool {
    match scatter.style.points {
        Points::Auto => points > MOST_VECTOR_POINTS,
        Points::Vector => false,
        Points::Raster => true,
    }
}

/// Draws points and class names into `panel`.
pub(super) fn draw(canvas: &mut Canvas, scatter: &Scatter<'_>, layers: &Layers, panel: Rect) -> Result<(), PlotError> {
    let rows = scatter.points.nrows();
    assert!(scatter.ids.is_empty() || scatter.ids.len() == rows, "a name for each point, or none");
    let frame = Frame::new(scatter, panel)?;
    // few points in front of many are drawn as large as if they were alone
    let look = Look::of(in_front(scatter), scatter, panel);
    let ground_look = Look::of(rows, scatter, panel);
    let map = Map { scatter, layers, frame, look, ground_look };
    canvas.open("points", None, "");
    if is_raster(scatter) {
        map.draw_raster(canvas, panel, &map.in_order())?;
    } else {
        if raster(scatter, rows) {
            map.draw_raster(canvas, panel, &map.of_ground())?;
        } else {
            map.draw_ground(canvas);
        }
        map.draw_vectors(canvas);
    }
    canvas.close();
    let classes = layers.layers.len();
    let named = match scatter.style.labels_on_map {
        LabelsOnMap::Auto => (2..=30).contains(&classes) && layers.others.is_none(),
        LabelsOnMap::Yes => true,
        LabelsOnMap::No => false,
    };
    if named && matches!(scatter.color, Color::Classes { .. }) {
        draw_names(canvas, scatter, layers, panel, &frame);
    }
    Ok(())
}

/// A map that is being drawn.
struct Map<'a, 'b> {
    scatter: &'a Scatter<'b>,
    layers: &'a Layers,
    frame: Frame,
    look: Look,
    /// That of the points of the ground.
    ground_look: Look,
}

impl Map<'_, '_> {
    fn of_ground(&self) -> Vec<usize> {
        (0..self.layers.ground).collect()
    }

    /// All rows in an order that favors no class, those of the ground first.
    fn in_order(&self) -> Vec<usize> {
        let front = self.layers.missing.iter().copied().chain(self.layers.mixed());
        (0..self.layers.ground).chain(front).collect()
    }

    /// Rows as one image of the whole panel, the first below the others.
    fn draw_raster(&self, canvas: &mut Canvas, panel: Rect, order: &[usize]) -> Result<(), PlotError> {
        let layers = self.layers;
        let draw = |density: f64| {
            let mut image =
                Image::new((panel.width * density).ceil() as usize, (panel.height * density).ceil() as usize);
            for &row in order {
                let (x, y) = self.frame.place(self.scatter, row);
                let faint = if layers.hollow[row] { FAINT } else { 1.0 };
                let look = if row < layers.ground { self.ground_look } else { self.look };
                image.dot(Dot {
                    x: ((x - panel.x) * density) as f32,
                    y: ((y - panel.y) * density) as f32,
                    radius: (look.radius * density) as f32,
                    color: layers.colors[row],
                    opacity: (look.opacity * faint) as f32,
                });
            }
            image.into_png()
        };
        let mut png = draw(DENSITIES[0])?;
        for density in &DENSITIES[1..] {
            if png.len() > LARGEST_IMAGE {
                png = draw(*density)?;
            }
        }
        let description = format!("{} points", text::count(order.len()));
        canvas.image(panel, &png, &description);
        Ok(())
    }

    fn draw_ground(&self, canvas: &mut Canvas) {
        let color = canvas.ground.line;
        if self.layers.ground > 0 {
            Self { look: self.ground_look, ..*self }.group(canvas, "ground", None, &self.of_ground(), color);
        }
    }

    fn draw_vectors(&self, canvas: &mut Canvas) {
        let missing = canvas.ground.missing;
        if !self.layers.missing.is_empty() {
            self.group(canvas, "missing", None, &self.layers.missing, missing);
        }
        if let Some((_, layer)) = &self.layers.others {
            self.group(canvas, "others", None, &layer.rows, layer.color);
        }
        // Large classes first: a small one would vanish under them.
        let mut order: Vec<&Layer> = self.layers.layers.iter().collect();
        order.sort_by_key(|layer| std::cmp::Reverse(layer.rows.len()));
        for layer in order {
            let class = if layer.label.is_some() { "class" } else { "values" };
            self.group(canvas, class, layer.label.as_deref(), &layer.rows, layer.color);
        }
    }

    fn group(&self, canvas: &mut Canvas, class: &str, label: Option<&str>, rows: &[usize], color: Rgb) {
        let ground = canvas.ground;
        let mut attributes = format!("fill=\"{color}\" fill-opacity=\"{:.2}\"", self.look.opacity);
        if self.look.radius >= 2.0 {
            // A rim in the color of the ground tells neighbors apart.
            let _ = write!(attributes, " stroke=\"{}\" stroke-width=\"0.35\"", ground.background);
        }
        canvas.open(class, label, &attributes);
        let mut own = String::new();
        let mut tooltip = String::new();
        for &row in rows {
            let (x, y) = self.frame.place(self.scatter, row);
            let mut radius = self.look.radius;
            let shown = self.layers.colors[row];
            own.clear();
            if self.layers.hollow[row] {
                let width = (0.28 * radius).clamp(0.3, 1.0);
                radius -= width / 2.0;
                let _ = write!(own, " fill=\"none\" stroke=\"{shown}\" stroke-width=\"{width:.2}\"");
            } else if shown != color {
                let _ = write!(own, " fill=\"{shown}\"");
            }
            self.tooltip(&mut tooltip, row, label);
            canvas.circle(x, y, radius, &own, (!tooltip.is_empty()).then_some(&tooltip));
        }
        canvas.close();
    }

    /// The point's name and value, in at most some 60 letters each.
    fn tooltip(&self, out: &mut String, row: usize, label: Option<&str>) {
        out.clear();
        let Some(id) = self.scatter.ids.get(row) else { return };
        out.extend(id.chars().take(60));
        match self.scatter.color {
            Color::Numbers { values, .. } if values[row].is_finite() => {
                let _ = write!(out, " · {}", text::number(values[row], 3));
            }
            _ => {
                if let Some(label) = label {
                    out.push_str(" · ");
                    out.extend(label.chars().take(40));
                }
            }
        }
    }
}

/// A name must not hide the class it names: where a tenth of its points would lie under it, it keeps away.
fn clearance(points: &[Corner], anchor: Corner, width: f64, size: f64) -> f64 {
    let under = |point: &&Corner| (point.0 - anchor.0).abs() < width / 2.0 && (point.1 - anchor.1).abs() < size;
    let hidden = points.iter().filter(under).count();
    if 10 * hidden >= points.len() { size } else { 0.0 }
}

/// Class names at the middle of their points, moved apart, with a line back where they had to move far.
///
/// A name is a claim that its class is there: unless names are asked for, a class that is everywhere gets none.
fn draw_names(canvas: &mut Canvas, scatter: &Scatter<'_>, layers: &Layers, panel: Rect, frame: &Frame) {
    let ground = canvas.ground;
    let size = match layers.layers.len() {
        0..=12 => 13.0,
        13..=20 => 11.5,
        _ => 10.5,
    } * if panel.width < 400.0 { 0.8 } else { 1.0 };
    let mut names = Vec::new();
    let mut wanted = Vec::new();
    // points of the ground are of no class, so they say nothing against one
    let all: Vec<Corner> = match scatter.style.labels_on_map {
        LabelsOnMap::Auto => (layers.ground..scatter.points.nrows()).map(|row| frame.place(scatter, row)).collect(),
        _ => Vec::new(),
    };
    for layer in &layers.layers {
        let points: Vec<Corner> = layer.rows.iter().map(|&row| frame.place(scatter, row)).collect();
        let Some(anchor) = placement::middle(&points) else { continue };
        let members: Vec<usize> = layer.rows.iter().map(|row| row - layers.ground).collect();
        if !all.is_empty() && !keeps_to_itself(&all, &members, anchor) {
            continue;
        }
        let name = text::fit(layer.label.as_deref().unwrap_or_default(), 150.0, size, Weight::Bold);
        let width = text::width(&name, size, Weight::Bold) + 6.0;
        let clear = clearance(&points, anchor, width, size);
        wanted.push(Wanted { anchor, width, height: size + 4.0, rank: layer.rows.len(), clear });
        names.push(name);
    }
    let placed = placement::place(&wanted, (panel.x, panel.y), panel.width, panel.height);
    canvas.open("names", None, "");
    for ((wanted, center), name) in wanted.iter().zip(placed).zip(&names) {
        let Some((x, y)) = center else { continue };
        let apart = (x - wanted.anchor.0).hypot(y - wanted.anchor.1);
        if apart > 1.5 * size {
            let halo = format!(" stroke=\"{}\" stroke-width=\"2.6\" stroke-opacity=\"0.8\"", ground.background);
            canvas.line((x, y), wanted.anchor, &halo);
            canvas.line((x, y), wanted.anchor, &format!(" stroke=\"{}\" stroke-width=\"0.8\"", ground.ink));
        }
        let words = Words::new(size, ground.ink).bold().anchored(Anchor::Middle);
        let halo = format!(
            " stroke=\"{0}\" stroke-width=\"3\" stroke-linejoin=\"round\" stroke-opacity=\"0.85\" aria-hidden=\"true\"",
            ground.background
        );
        let under = Words { color: ground.background, ..words };
        canvas.text_with(x, y + size * 0.36, under, name, &halo);
        canvas.text(x, y + size * 0.36, words, name);
    }
    canvas.close();
}
