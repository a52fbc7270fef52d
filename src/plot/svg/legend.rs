//! The words beside a map: classes with their counts, or a color bar.

use crate::plot::Color;
use crate::plot::Scatter;
use crate::plot::color::Ground;
use crate::plot::color::Rgb;
use crate::plot::color::viridis;
use crate::plot::svg::canvas::Anchor;
use crate::plot::svg::canvas::Canvas;
use crate::plot::svg::canvas::Rect;
use crate::plot::svg::canvas::Words;
use crate::plot::svg::layers::Bar;
use crate::plot::svg::layers::Layers;
use crate::plot::svg::map;
use crate::plot::text;
use crate::plot::text::Weight;

const GAP: f64 = 18.0;
const MARK: f64 = 16.0;
const BAR_WIDTH: f64 = 14.0;

enum Mark {
    Disc(Rgb),
    Ring(Rgb),
    Faint(Rgb),
}

struct Entry {
    mark: Mark,
    label: String,
    count: String,
}

/// A legend, measured and ready to be drawn.
pub(super) struct Legend {
    title: String,
    entries: Vec<Entry>,
    bar: Option<Bar>,
    bar_height: f64,
    ticks: Vec<(f64, String)>,
    rows: usize,
    label_width: f64,
    count_width: f64,
    size: f64,
    row_height: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// How much room a legend may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) height: f64,
    pub(super) label_width: f64,
    pub(super) text_size: f64,
    /// Classes beyond are summed up.
    pub(super) most_entries: usize,
    pub(super) most_columns: usize,
}

impl Legend {
    pub(super) fn new(scatter: &Scatter<'_>, layers: &Layers, colors: Ground, room: Room) -> Self {
        let Ground { muted: ring, missing, line: ground, .. } = colors;
        let size = room.text_size;
        let row_height = (size * 1.5).round();
        let mut entries = Vec::new();
        if let Color::Classes { .. } = scatter.color {
            let shown =
                if layers.layers.len() > room.most_entries { room.most_entries - 1 } else { layers.layers.len() };
            for layer in &layers.layers[..shown] {
                entries.push(Entry {
                    mark: Mark::Disc(layer.color),
                    label: text::fit(
                        shown_name(layer.label.as_deref().unwrap_or_default()),
                        room.label_width,
                        size,
                        Weight::Regular,
                    ),
                    count: text::count(layer.rows.len()),
                });
            }
            let hidden = layers.layers.len() - shown + layers.others.as_ref().map_or(0, |(classes, _)| *classes);
            if hidden > 0 {
                let rows: usize = layers.layers[shown..].iter().map(|layer| layer.rows.len()).sum::<usize>()
                    + layers.others.as_ref().map_or(0, |(_, layer)| layer.rows.len());
                entries.push(Entry {
                    mark: Mark::Disc(ring),
                    label: format!("… and {} more", text::count(hidden)),
                    count: text::count(rows),
                });
            }
        }
        if let (Some(points), Color::None) = (scatter.ground, scatter.color) {
            let shown = layers.layers.iter().map(|layer| (layer.color, layer.rows.len()));
            entries.extend(shown.map(|(color, rows)| Entry {
                mark: Mark::Disc(color),
                label: text::fit(points.others, room.label_width, size, Weight::Regular),
                count: text::count(rows),
            }));
        }
        if !layers.missing.is_empty() {
            let count = text::count(layers.missing.len());
            entries.push(Entry { mark: Mark::Disc(missing), label: "missing".into(), count });
        }
        let hollow = layers.hollow.iter().filter(|hollow| **hollow).count();
        if hollow > 0 {
            let count = text::count(hollow);
            let mark = if map::is_raster(scatter) { Mark::Faint(ring) } else { Mark::Ring(ring) };
            let look = if map::is_raster(scatter) { "pale" } else { "hollow" };
            let name = scatter.faded.map_or("", |faded| faded.name);
            entries.push(Entry { mark, label: format!("{name} ({look})"), count });
        }
        if let Some(points) = scatter.ground {
            entries.push(Entry {
                mark: Mark::Disc(ground),
                label: text::fit(points.name, room.label_width, size, Weight::Regular),
                count: text::count(points.count),
            });
        }
        let bar_height = if layers.bar.is_some() { (room.height * 0.45).clamp(80.0, 220.0) } else { 0.0 };
        let ticks = layers.bar.map_or_else(Vec::new, |bar| bar_ticks(&bar, bar_height));
        let mut this = Self {
            title: String::new(),
            entries,
            bar: layers.bar,
            bar_height,
            ticks,
            rows: 0,
            label_width: 0.0,
            count_width: 0.0,
            size,
            row_height,
            width: 0.0,
            height: 0.0,
        };
        this.measure(scatter.color.name().unwrap_or_default(), room);
        this
    }

    fn measure(&mut self, name: &str, room: Room) {
        let width_of = |label: &str| text::width(label, self.size, Weight::Regular);
        self.label_width = self.entries.iter().map(|entry| width_of(&entry.label)).fold(0.0, f64::max);
        self.count_width = self.entries.iter().map(|entry| width_of(&entry.count)).fold(0.0, f64::max);
        let title_size = self.size + 0.5;
        let fitting = (((room.height - 26.0 - self.bar_block()) / self.row_height) as usize).max(1);
        let columns = self.entries.len().div_ceil(fitting).clamp(1, room.most_columns);
        self.rows = self.entries.len().div_ceil(columns);
        let columns = if self.rows == 0 { 0 } else { self.entries.len().div_ceil(self.rows) };
        let column = self.column_width();
        let entries_width = (columns as f64 * (column + GAP) - GAP).max(0.0);
        let tick_width = self.ticks.iter().map(|(_, label)| width_of(label)).fold(0.0, f64::max);
        let bar_width = if self.bar.is_some() { BAR_WIDTH + 8.0 + tick_width } else { 0.0 };
        let body = entries_width.max(bar_width);
        self.title = text::fit(name, (body + 40.0).max(room.label_width), title_size, Weight::Bold);
        self.width = body.max(text::width(&self.title, title_size, Weight::Bold));
        let head = if self.title.is_empty() { 0.0 } else { 24.0 };
        self.height = head + self.bar_block() + self.rows as f64 * self.row_height;
    }

    fn bar_block(&self) -> f64 {
        if self.bar.is_some() { self.bar_height + 18.0 } else { 0.0 }
    }

    fn column_width(&self) -> f64 {
        // a viewer without Arial draws wider letters
        MARK + 1.12 * self.label_width + 10.0 + self.count_width
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, x: f64, y: f64) {
        let ground = canvas.ground;
        canvas.open("legend", None, "");
        let mut top = y;
        if !self.title.is_empty() {
            canvas.text(x, top + self.size, Words::new(self.size + 0.5, ground.ink).bold(), &self.title);
            top += 24.0;
        }
        if self.bar.is_some() {
            self.draw_bar(canvas, x, top);
            top += self.bar_block();
        }
        for (index, entry) in self.entries.iter().enumerate() {
            let left = x + (index / self.rows) as f64 * (self.column_width() + GAP);
            let middle = top + (index % self.rows) as f64 * self.row_height + self.row_height / 2.0;
            let radius = self.size * 0.38;
            match entry.mark {
                Mark::Disc(color) => {
                    canvas.circle(left + radius, middle, radius, &format!(" fill=\"{color}\""), None);
                }
                Mark::Faint(color) => {
                    // beside what it pales from: alone it would look like the gray of missing values
                    let attributes = format!(" fill=\"{color}\" fill-opacity=\"{}\"", map::FAINT);
                    canvas.circle(left + 1.5 * radius, middle, 0.7 * radius, &attributes, None);
                    canvas.circle(left + 0.5 * radius, middle, 0.7 * radius, &format!(" fill=\"{color}\""), None);
                }
                Mark::Ring(color) => {
                    let attributes = format!(" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.2\"");
                    canvas.circle(left + radius, middle, radius - 0.6, &attributes, None);
                }
            }
            let baseline = middle + self.size * 0.36;
            canvas.text(left + MARK, baseline, Words::new(self.size, ground.ink), &entry.label);
            let right = left + self.column_width();
            canvas.text(right, baseline, Words::new(self.size, ground.muted).anchored(Anchor::End), &entry.count);
        }
        canvas.close();
    }

    fn draw_bar(&self, canvas: &mut Canvas, x: f64, y: f64) {
        const STEPS: u32 = 64;
        let ground = canvas.ground;
        canvas.open("bar", None, "shape-rendering=\"crispEdges\"");
        let step = self.bar_height / f64::from(STEPS);
        for index in 0..STEPS {
            let color = viridis(1.0 - (f64::from(index) + 0.5) / f64::from(STEPS));
            // Each step reaches under the next, so that no seam shows.
            let height = if index + 1 == STEPS { step } else { step + 0.6 };
            let rect = Rect { x, y: y + f64::from(index) * step, width: BAR_WIDTH, height };
            canvas.rect(rect, &format!(" fill=\"{color}\""));
        }
        canvas.close();
        for (place, label) in &self.ticks {
            let level = y + place;
            let stroke = format!(" stroke=\"{}\"", ground.muted);
            canvas.line((x + BAR_WIDTH, level), (x + BAR_WIDTH + 4.0, level), &stroke);
            let words = Words::new(self.size, ground.ink);
            canvas.text(x + BAR_WIDTH + 8.0, level + self.size * 0.36, words, label);
        }
    }
}

/// A class whose name is nothing is still a class.
fn shown_name(label: &str) -> &str {
    if label.trim().is_empty() { "(empty)" } else { label }
}

fn bar_ticks(bar: &Bar, height: f64) -> Vec<(f64, String)> {
    let place = |value: f64| height * (1.0 - bar.span.place(value));
    let mut ticks: Vec<(f64, String)> = bar
        .span
        .ticks(if height > 120.0 { 5 } else { 3 })
        .iter()
        .map(|&tick| (place(tick), text::number(tick, 3)))
        .collect();
    // Where values lie beyond the bar, its ends say so and crowd out the ticks beside them.
    for (beyond, value, sign) in [(bar.beyond.0, bar.span.low, "≤ "), (bar.beyond.1, bar.span.high, "≥ ")] {
        if beyond {
            let end = place(value);
            ticks.retain(|(level, _)| (level - end).abs() > 14.0);
            ticks.push((end, format!("{sign}{}", text::number(value, 2))));
        }
    }
    ticks
}
