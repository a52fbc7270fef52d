//! What several figures share: keys above a chart.

use crate::plot::color::Rgb;
use crate::plot::svg::canvas::Canvas;
use crate::plot::svg::canvas::Rect;
use crate::plot::svg::canvas::Words;
use crate::plot::text;
use crate::plot::text::Weight;

/// How a series looks in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stroke {
    Line,
    Dashes,
    Dot,
    Block,
}

/// What a series is called.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) label: String,
    pub(super) color: Rgb,
    pub(super) stroke: Stroke,
}

/// Draws the keys in a row, in as many lines as they need; returns where the chart begins.
pub(super) fn keys(canvas: &mut Canvas, keys: &[Key], left: f64, top: f64, width: f64) -> f64 {
    const SIZE: f64 = 12.0;
    // A viewer without Arial draws wider letters: DejaVu's and Verdana's take up to a fifth more.
    const WIDER: f64 = 1.18;
    let ground = canvas.ground;
    let (mut x, mut y) = (left, top);
    canvas.open("keys", None, "");
    for key in keys {
        let label = text::fit(&key.label, width - 40.0, SIZE, Weight::Regular);
        let room = 26.0 + WIDER * text::width(&label, SIZE, Weight::Regular);
        if x > left && x + room > left + width {
            (x, y) = (left, y + 18.0);
        }
        let middle = y + 8.0;
        let stroke = format!(" stroke=\"{}\" stroke-width=\"2\"", key.color);
        let fill = format!(" fill=\"{}\"", key.color);
        match key.stroke {
            Stroke::Line => canvas.line((x, middle), (x + 20.0, middle), &stroke),
            Stroke::Dashes => {
                canvas.line((x, middle), (x + 20.0, middle), &format!("{stroke} stroke-dasharray=\"5 3.5\""));
            }
            Stroke::Dot => canvas.circle(x + 12.0, middle, 4.0, &fill, None),
            Stroke::Block => canvas.rect(Rect { x: x + 6.0, y: middle - 6.0, width: 12.0, height: 12.0 }, &fill),
        }
        canvas.text(x + 26.0, middle + SIZE * 0.36, Words::new(SIZE, ground.ink), &label);
        x += room + 14.0;
    }
    canvas.close();
    y + 28.0
}
