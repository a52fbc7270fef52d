//! Axes, grids and series, drawn by plotters on a canvas of ours.

use std::convert::Infallible;
use std::ops::Range;

use plotters::chart::ChartBuilder;
use plotters::coord::ranged1d::KeyPointHint;
use plotters::coord::ranged1d::NoDefaultFormatting;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::drawing::IntoDrawingArea;
use plotters::element::Circle;
use plotters::element::Rectangle;
use plotters::series::DashedLineSeries;
use plotters::series::LineSeries;
use plotters::style::Color as _;
use plotters::style::FontTransform;
use plotters::style::IntoFont as _;
use plotters::style::RGBColor;
use plotters::style::ShapeStyle;
use plotters::style::TextStyle;
use plotters::style::text_anchor::HPos;
use plotters::style::text_anchor::VPos;
use plotters_backend::BackendColor;
use plotters_backend::BackendCoord;
use plotters_backend::BackendStyle;
use plotters_backend::BackendTextStyle;
use plotters_backend::DrawingBackend;
use plotters_backend::DrawingErrorKind;

use crate::plot::PlotError;
use crate::plot::color::Rgb;
use crate::plot::scale::Span;
use crate::plot::svg::canvas::Anchor;
use crate::plot::svg::canvas::Canvas;
use crate::plot::svg::canvas::Rect;
use crate::plot::svg::canvas::Words;
use crate::plot::text;
use crate::plot::text::Weight;

/// plotters counts in whole pixels: ours are tenths of a CSS pixel.
const FINE: f64 = 10.0;
const LABEL_SIZE: f64 = 11.0;

/// One axis of a chart.
#[derive(Debug, Clone)]
pub(super) struct Axis<'a> {
    pub(super) span: Span,
    pub(super) title: &'a str,
    /// Where the axis is marked, and with what.
    pub(super) ticks: Vec<(f64, String)>,
}

impl<'a> Axis<'a> {
    /// An axis with about `count` round numbers.
    pub(super) fn new(span: Span, title: &'a str, count: usize) -> Self {
        let ticks = span.ticks(count).into_iter().map(|tick| (tick, text::number(tick, 4))).collect();
        Self { span, title, ticks }
    }
}

/// What a chart shows, in the order of drawing.
#[derive(Debug, Clone)]
pub(super) enum Series {
    Line {
        points: Vec<(f64, f64)>,
        color: Rgb,
        width: f64,
    },
    Dashed {
        points: Vec<(f64, f64)>,
        color: Rgb,
        width: f64,
    },
    /// Boxes from corner to corner.
    Boxes {
        corners: Vec<[(f64, f64); 2]>,
        color: Rgb,
        opacity: f64,
    },
    Dots {
        points: Vec<(f64, f64)>,
        color: Rgb,
        radius: f64,
    },
}

/// A chart within a rectangle of the canvas, axes and their labels included.
#[derive(Debug, Clone)]
pub(super) struct Chart<'a> {
    pub(super) area: Rect,
    pub(super) x: Axis<'a>,
    pub(super) y: Axis<'a>,
}

impl Chart<'_> {
    /// The rectangle inside the axes.
    pub(super) fn inside(&self) -> Rect {
        let (left, bottom) = (self.left(), self.bottom());
        Rect { x: self.area.x + left, y: self.area.y, width: self.area.width - left, height: self.area.height - bottom }
    }

    fn left(&self) -> f64 {
        let widest = self.y.ticks.iter().map(|(_, label)| text::width(label, LABEL_SIZE, Weight::Regular));
        let title = if self.y.title.is_empty() { 0.0 } else { 20.0 };
        widest.fold(0.0, f64::max) + 12.0 + title
    }

    fn bottom(&self) -> f64 {
        let labels = if self.x.ticks.iter().all(|(_, label)| label.is_empty()) { 4.0 } else { 24.0 };
        labels + if self.x.title.is_empty() { 0.0 } else { 15.0 }
    }

    /// Draws axes, grid and series.
    pub(super) fn draw(&self, canvas: &mut Canvas, series: &[Series]) -> Result<(), PlotError> {
        let ground = canvas.ground;
        let (left, bottom) = (fine(self.left()), fine(self.bottom()));
        let root = Pen { canvas, area: self.area }.into_drawing_area();
        let words = |size: f64, color: Rgb| -> TextStyle<'static> {
            ("sans-serif", size * FINE).into_font().color(&plain(color))
        };
        let mut chart = ChartBuilder::on(&root)
            .set_label_area_size(plotters::chart::LabelAreaPosition::Left, left)
            .set_label_area_size(plotters::chart::LabelAreaPosition::Bottom, bottom)
            .build_cartesian_2d(Scale::of(&self.x), Scale::of(&self.y))
            .map_err(failed)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(self.x.ticks.len().max(1))
            .y_labels(self.y.ticks.len().max(1))
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(line(ground.line, 0.7))
            .axis_style(line(ground.muted, 0.8))
            .x_label_style(words(LABEL_SIZE, ground.muted))
            .y_label_style(words(LABEL_SIZE, ground.muted))
            .axis_desc_style(words(LABEL_SIZE + 0.5, ground.ink))
            .x_desc(self.x.title)
            .y_desc(self.y.title)
            .set_all_tick_mark_size(30)
            .draw()
            .map_err(failed)?;
        for one in series {
            match one {
                Series::Line { points, color, width } => {
                    chart.draw_series(LineSeries::new(points.iter().copied(), line(*color, *width))).map_err(failed)?;
                }
                Series::Dashed { points, color, width } => {
                    let dashes = DashedLineSeries::new(points.iter().copied(), 50, 35, line(*color, *width));
                    chart.draw_series(dashes).map_err(failed)?;
                }
                Series::Boxes { corners, color, opacity } => {
                    let style = plain(*color).mix(*opacity).filled();
                    chart.draw_series(corners.iter().map(|corners| Rectangle::new(*corners, style))).map_err(failed)?;
                }
                Series::Dots { points, color, radius } => {
                    let style = plain(*color).filled();
                    let radius = fine(*radius);
                    chart.draw_series(points.iter().map(|point| Circle::new(*point, radius, style))).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> PlotError {
    PlotError::Drawing(error.to_string())
}

fn plain(color: Rgb) -> RGBColor {
    let [red, green, blue] = color.0;
    RGBColor(red, green, blue)
}

fn line(color: Rgb, width: f64) -> ShapeStyle {
    ShapeStyle::from(plain(color)).stroke_width((width * FINE).round() as u32)
}

fn fine(length: f64) -> i32 {
    (length * FINE).round() as i32
}

/// An axis as plotters wants it.
#[derive(Debug, Clone)]
struct Scale {
    span: Span,
    ticks: Vec<(f64, String)>,
}

impl Scale {
    fn of(axis: &Axis<'_>) -> Self {
        Self { span: axis.span, ticks: axis.ticks.clone() }
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let place = self.span.place(*value).clamp(-3.0, 4.0);
        (f64::from(limit.0) + place * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|(tick, _)| *tick).collect()
    }

    fn range(&self) -> Range<f64> {
        self.span.low..self.span.high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(tick, _)| tick.to_bits() == value.to_bits());
        tick.map_or_else(String::new, |(_, label)| label.clone())
    }
}

/// What plotters draws with.
struct Pen<'a> {
    canvas: &'a mut Canvas,
    area: Rect,
}

impl Pen<'_> {
    fn place(&self, (x, y): BackendCoord) -> (f64, f64) {
        (self.area.x + f64::from(x) / FINE, self.area.y + f64::from(y) / FINE)
    }
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

fn color(color: BackendColor) -> Rgb {
    Rgb([color.rgb.0, color.rgb.1, color.rgb.2])
}

fn stroke<S: BackendStyle>(style: &S) -> String {
    let shade = style.color();
    let opacity = if shade.alpha < 1.0 { format!(" stroke-opacity=\"{:.2}\"", shade.alpha) } else { String::new() };
    let width = f64::from(style.stroke_width()) / FINE;
    format!(" fill=\"none\" stroke=\"{}\" stroke-width=\"{width:.1}\" stroke-linejoin=\"round\"{opacity}", color(shade))
}

fn fill<S: BackendStyle>(style: &S) -> String {
    let shade = style.color();
    let opacity = if shade.alpha < 1.0 { format!(" fill-opacity=\"{:.2}\"", shade.alpha) } else { String::new() };
    format!(" fill=\"{}\"{opacity}", color(shade))
}

impl DrawingBackend for Pen<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        ((self.area.width * FINE) as u32, (self.area.height * FINE) as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, shade: BackendColor) -> Drawn {
        let (x, y) = self.place(point);
        let side = 1.0 / FINE;
        self.canvas.rect(Rect { x, y, width: side, height: side }, &fill(&shade));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        if style.color().alpha > 0.0 {
            self.canvas.line(self.place(from), self.place(to), &stroke(style));
        }
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, filled: bool) -> Drawn {
        if style.color().alpha > 0.0 {
            let ((left, top), (right, bottom)) = (self.place(from), self.place(to));
            let rect = Rect {
                x: left.min(right),
                y: top.min(bottom),
                width: (right - left).abs(),
                height: (bottom - top).abs(),
            };
            self.canvas.rect(rect, &if filled { fill(style) } else { stroke(style) });
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        if style.color().alpha > 0.0 {
            let points: Vec<(f64, f64)> = path.into_iter().map(|point| self.place(point)).collect();
            self.canvas.path(points, "", &stroke(style));
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, filled: bool) -> Drawn {
        if style.color().alpha > 0.0 {
            let (x, y) = self.place(center);
            let attributes = if filled { fill(style) } else { stroke(style) };
            self.canvas.circle(x, y, f64::from(radius) / FINE, &attributes, None);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, corners: I, style: &S) -> Drawn {
        if style.color().alpha > 0.0 {
            let points: Vec<(f64, f64)> = corners.into_iter().map(|point| self.place(point)).collect();
            self.canvas.path(points, "Z", &fill(style));
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, label: &str, style: &S, at: BackendCoord) -> Drawn {
        let size = style.size() / FINE;
        let (x, y) = self.place(at);
        let anchor = match style.anchor().h_pos {
            HPos::Left => Anchor::Start,
            HPos::Center => Anchor::Middle,
            HPos::Right => Anchor::End,
        };
        let down = match style.anchor().v_pos {
            VPos::Top => 0.76,
            VPos::Center => 0.36,
            VPos::Bottom => -0.21,
        };
        let turn = match style.transform() {
            FontTransform::None => None,
            FontTransform::Rotate90 => Some(90),
            FontTransform::Rotate180 => Some(180),
            FontTransform::Rotate270 => Some(-90),
        };
        let turn = turn.map_or_else(String::new, |angle| format!(" transform=\"rotate({angle} {x:.1} {y:.1})\""));
        let words = Words::new(size, color(style.color())).anchored(anchor);
        self.canvas.text_with(x, y + down * size, words, label, &turn);
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        label: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let size = style.size();
        Ok((text::width(label, size, Weight::Regular).ceil() as u32, size.ceil() as u32))
    }
}
