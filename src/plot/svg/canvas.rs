//! A sheet that SVG is written on: numbers rounded, text cleaned, one place for all of it.

use std::fmt::Write as _;

use crate::plot::color::Ground;
use crate::plot::color::Rgb;
use crate::plot::font;
use crate::plot::text;
use crate::plot::text::Weight;

/// Where a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The look of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) color: Rgb,
    pub(super) anchor: Anchor,
}

impl Words {
    pub(super) fn new(size: f64, color: Rgb) -> Self {
        Self { size, weight: Weight::Regular, color, anchor: Anchor::Start }
    }

    pub(super) fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }

    pub(super) fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// A rectangle in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The body of an SVG under construction.
#[derive(Debug)]
pub(super) struct Canvas {
    body: String,
    pub(super) ground: Ground,
}

impl Canvas {
    pub(super) fn new(ground: Ground) -> Self {
        Self { body: String::new(), ground }
    }

    /// The whole document, `width × height` CSS pixels, with `name` for screen readers.
    pub(super) fn finish(self, width: f64, height: f64, name: &str) -> String {
        let (width, height) = (width.ceil(), height.ceil());
        let mut out = String::with_capacity(self.body.len() + 600);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{}\" role=\"img\" aria-label=\"",
            font::FAMILIES,
        );
        text::escape_into(&mut out, name);
        let _ = writeln!(out, "\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>", self.ground.background);
        out.push_str(&self.body);
        out.push_str("</svg>\n");
        out
    }

    /// Opens a group; `attributes` are ours, `label` may be anybody's.
    pub(super) fn open(&mut self, class: &str, label: Option<&str>, attributes: &str) {
        let _ = write!(self.body, "<g class=\"{class}\"");
        if let Some(label) = label {
            self.body.push_str(" data-label=\"");
            text::escape_into(&mut self.body, label);
            self.body.push('"');
        }
        if !attributes.is_empty() {
            self.body.push(' ');
            self.body.push_str(attributes);
        }
        self.body.push_str(">\n");
    }

    pub(super) fn close(&mut self) {
        self.body.push_str("</g>\n");
    }

    /// A text whose baseline starts, ends or is centered at (`x`, `y`).
    pub(super) fn text(&mut self, x: f64, y: f64, words: Words, label: &str) {
        self.text_with(x, y, words, label, "");
    }

    /// A text with attributes of ours.
    pub(super) fn text_with(&mut self, x: f64, y: f64, words: Words, label: &str, attributes: &str) {
        self.body.push_str("<text x=\"");
        push_number(&mut self.body, x);
        self.body.push_str("\" y=\"");
        push_number(&mut self.body, y);
        self.body.push_str("\" font-size=\"");
        push_number(&mut self.body, words.size);
        self.body.push('"');
        if words.weight == Weight::Bold {
            self.body.push_str(" font-weight=\"bold\"");
        }
        match words.anchor {
            Anchor::Start => {}
            Anchor::Middle => self.body.push_str(" text-anchor=\"middle\""),
            Anchor::End => self.body.push_str(" text-anchor=\"end\""),
        }
        let _ = write!(self.body, " fill=\"{}\"{attributes}>", words.color);
        text::escape_into(&mut self.body, label);
        self.body.push_str("</text>\n");
    }

    /// A disc; its color comes from the group around it unless `attributes` say otherwise.
    pub(super) fn circle(&mut self, x: f64, y: f64, radius: f64, attributes: &str, tooltip: Option<&str>) {
        self.body.push_str("<circle cx=\"");
        push_number(&mut self.body, x);
        self.body.push_str("\" cy=\"");
        push_number(&mut self.body, y);
        self.body.push_str("\" r=\"");
        push_number(&mut self.body, radius);
        self.body.push('"');
        self.body.push_str(attributes);
        match tooltip {
            Some(tooltip) => {
                self.body.push_str("><title>");
                text::escape_into(&mut self.body, tooltip);
                self.body.push_str("</title></circle>\n");
            }
            None => self.body.push_str("/>\n"),
        }
    }

    pub(super) fn rect(&mut self, rect: Rect, attributes: &str) {
        self.body.push_str("<rect");
        self.placed(rect);
        self.body.push_str(attributes);
        self.body.push_str("/>\n");
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), attributes: &str) {
        for (name, value) in [("<line x1", from.0), (" y1", from.1), (" x2", to.0), (" y2", to.1)] {
            let _ = write!(self.body, "{name}=\"");
            push_number(&mut self.body, value);
            self.body.push('"');
        }
        self.body.push_str(attributes);
        self.body.push_str("/>\n");
    }

    /// A path through `points`, closed where asked for by `attributes` (a fill).
    pub(super) fn path(&mut self, points: impl IntoIterator<Item = (f64, f64)>, ending: &str, attributes: &str) {
        self.body.push_str("<path d=\"");
        for (place, (x, y)) in points.into_iter().enumerate() {
            self.body.push(if place == 0 { 'M' } else { 'L' });
            push_number(&mut self.body, x);
            self.body.push(' ');
            push_number(&mut self.body, y);
        }
        self.body.push_str(ending);
        self.body.push('"');
        self.body.push_str(attributes);
        self.body.push_str("/>\n");
    }

    /// An image from the bytes of a PNG file.
    pub(super) fn image(&mut self, rect: Rect, png: &[u8], description: &str) {
        use base64::Engine as _;
        self.body.push_str("<image");
        self.placed(rect);
        self.body.push_str(" preserveAspectRatio=\"none\" aria-label=\"");
        text::escape_into(&mut self.body, description);
        self.body.push_str("\" xlink:href=\"data:image/png;base64,");
        base64::engine::general_purpose::STANDARD.encode_string(png, &mut self.body);
        self.body.push_str("\"/>\n");
    }

    fn placed(&mut self, rect: Rect) {
        let sides = [(" x", rect.x), (" y", rect.y), (" width", rect.width), (" height", rect.height)];
        for (name, value) in sides {
            let _ = write!(self.body, "{name}=\"");
            push_number(&mut self.body, value);
            self.body.push('"');
        }
    }
}

/// A number with at most two decimals, without trailing zeros.
pub(super) fn push_number(out: &mut String, value: f64) {
    let hundredths = (value * 100.0).round() as i64;
    if hundredths < 0 {
        out.push('-');
    }
    let (whole, part) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
    let _ = match part {
        0 => write!(out, "{whole}"),
        part if part % 10 == 0 => write!(out, "{whole}.{}", part / 10),
        part => write!(out, "{whole}.{part:02}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_two_decimals_at_most() {
        let shown = |value| {
            let mut out = String::new();
            push_number(&mut out, value);
            out
        };
        assert_eq!([1.0, -0.001, 0.5, -12.345, 3.076].map(shown), ["1", "0", "0.5", "-12.35", "3.08"]);
    }
}
