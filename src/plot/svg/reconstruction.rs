//! A few rows beside their reconstructions: as image tiles, or as bars of their largest features.

use ndarray::ArrayView1;
use ndarray::ArrayView2;

use crate::plot::PlotError;
use crate::plot::color::Ground;
use crate::plot::options::Theme;
use crate::plot::raster;
use crate::plot::scale::Span;
use crate::plot::scale::Steps;
use crate::plot::svg::MARGIN;
use crate::plot::svg::canvas::Anchor;
use crate::plot::svg::canvas::Canvas;
use crate::plot::svg::canvas::Rect;
use crate::plot::svg::canvas::Words;
use crate::plot::svg::figure::Key;
use crate::plot::svg::figure::Stroke;
use crate::plot::svg::figure::keys;
use crate::plot::svg::heading;
use crate::plot::text;
use crate::plot::text::Weight;

/// A few rows and what became of them.
#[derive(Debug, Clone)]
pub struct Reconstruction<'a> {
    /// The heading.
    pub title: String,
    /// A sentence below it.
    pub caption: String,
    /// The rows' names.
    pub ids: &'a [String],
    /// The features' names.
    pub features: &'a [String],
    /// `rows × features`, as they went into the autoencoder.
    pub original: ArrayView2<'a, f32>,
    /// `rows × features`, as they came out.
    pub reconstructed: ArrayView2<'a, f32>,
    /// How rows are shown.
    pub shape: RowShape,
    /// Light or dark.
    pub theme: Theme,
}

/// How a row is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowShape {
    /// As a tile where the features form a square and are numbered (`pixel_0 …`), else as bars.
    #[default]
    Auto,
    /// As a square image.
    Tile,
    /// As bars of the features that stand out most.
    Bars,
}

/// Originals and reconstructions: up to ten tiles, or up to four rows with ten features each.
///
/// # Errors
/// [`PlotError::EmptyFigure`] where there is no row or no feature, or the features form no square and tiles
/// were asked for.
///
/// # Panics
/// If the shapes differ.
pub fn reconstruction(figure: &Reconstruction<'_>) -> Result<String, PlotError> {
    assert_eq!(figure.original.dim(), figure.reconstructed.dim(), "a reconstruction for each row");
    assert_eq!(figure.original.dim(), (figure.ids.len(), figure.features.len()), "a name for each row and feature");
    if figure.original.is_empty() {
        return Err(PlotError::EmptyFigure { figure: "reconstruction" });
    }
    let side = square(figure.features.len());
    match (figure.shape, side) {
        (RowShape::Tile, Some(side)) => tiles(figure, side),
        (RowShape::Auto, Some(side)) if side >= 4 && numbered(figure.features) => tiles(figure, side),
        (RowShape::Tile, None) => Err(PlotError::EmptyFigure { figure: "reconstruction" }),
        _ => Ok(bars(figure)),
    }
}

fn square(features: usize) -> Option<usize> {
    (1..=256).find(|side| side * side == features)
}

/// Whether the names differ in their numbers only, as pixels' names do and genes' do not.
fn numbered(features: &[String]) -> bool {
    let stem = |name: &String| -> String { name.chars().filter(|letter| !letter.is_ascii_digit()).collect() };
    let first = stem(&features[0]);
    features.iter().all(|name| name.ends_with(|letter: char| letter.is_ascii_digit()) && stem(name) == first)
}

fn tiles(figure: &Reconstruction<'_>, side: usize) -> Result<String, PlotError> {
    const TILE: f64 = 62.0;
    let shown = figure.ids.len().min(10);
    let width = 90.0 + shown as f64 * (TILE + 6.0);
    let mut canvas = Canvas::new(Ground::of(figure.theme));
    let ground = canvas.ground;
    let top = heading(&mut canvas, &figure.title, &figure.caption, width.max(360.0));
    let originals = figure.original.rows().into_iter().take(shown);
    let span = Span::of(originals.flatten().map(|&value| f64::from(value)), Steps::Equal);
    for (line, (label, rows)) in
        [("original", figure.original), ("reconstructed", figure.reconstructed)].into_iter().enumerate()
    {
        let y = top + line as f64 * (TILE + 6.0);
        let words = Words::new(12.0, ground.ink).anchored(Anchor::End);
        canvas.text(MARGIN + 80.0, y + TILE / 2.0 + 4.0, words, label);
        for (index, row) in rows.rows().into_iter().take(shown).enumerate() {
            let x = MARGIN + 90.0 + index as f64 * (TILE + 6.0);
            let rect = Rect { x, y, width: TILE, height: TILE };
            canvas.image(rect, &tile(row, side, span)?, &format!("{label} {}", figure.ids[index]));
        }
    }
    let y = top + 2.0 * (TILE + 6.0) + 9.0;
    for (index, id) in figure.ids.iter().take(shown).enumerate() {
        let x = MARGIN + 90.0 + index as f64 * (TILE + 6.0) + TILE / 2.0;
        let label = text::fit(id, TILE, 10.0, Weight::Regular);
        canvas.text(x, y, Words::new(10.0, ground.muted).anchored(Anchor::Middle), &label);
    }
    let name = format!("{}: rows and their reconstructions as images", figure.title);
    Ok(canvas.finish(width.max(360.0) + 2.0 * MARGIN, y + 12.0, &name))
}

/// A row as a gray image, dark where values are high, enlarged so that viewers keep its pixels sharp.
fn tile(row: ArrayView1<'_, f32>, side: usize, span: Span) -> Result<Vec<u8>, PlotError> {
    let enlarged = 256_usize.div_ceil(side).min(32);
    let length = side * enlarged;
    let mut bytes = Vec::with_capacity(length * length);
    for y in 0..length {
        for x in 0..length {
            let value = f64::from(row[(y / enlarged) * side + x / enlarged]);
            let dark = span.place(value).clamp(0.0, 1.0);
            bytes.push(if value.is_finite() { (250.0 - 235.0 * dark).round() as u8 } else { 250 });
        }
    }
    raster::encode(length, length, png::ColorType::Grayscale, png::Filter::NoFilter, &bytes)
}

fn bars(figure: &Reconstruction<'_>) -> String {
    const FEATURES: usize = 10;
    const LINE: f64 = 17.0;
    let shown = figure.ids.len().min(4);
    let (panel, gap) = (330.0, 24.0);
    let columns = shown.min(2);
    let width = columns as f64 * (panel + gap) - gap;
    let mut canvas = Canvas::new(Ground::of(figure.theme));
    let ground = canvas.ground;
    let top = heading(&mut canvas, &figure.title, &figure.caption, width);
    let entries = [
        Key { label: "original".into(), color: ground.first, stroke: Stroke::Block },
        Key { label: "reconstructed".into(), color: ground.second, stroke: Stroke::Dot },
    ];
    let top = keys(&mut canvas, &entries, MARGIN, top, width);
    let panel_height = FEATURES.min(figure.features.len()) as f64 * LINE + 40.0;
    for row in 0..shown {
        let x = MARGIN + (row % columns) as f64 * (panel + gap);
        let y = top + (row / columns) as f64 * panel_height;
        let head = text::fit(&figure.ids[row], panel, 12.0, Weight::Bold);
        canvas.text(x, y + 10.0, Words::new(12.0, ground.ink).bold(), &head);
        let (original, other) = (figure.original.row(row), figure.reconstructed.row(row));
        let mut order: Vec<usize> = (0..figure.features.len()).collect();
        order.sort_by(|&left, &right| original[right].abs().total_cmp(&original[left].abs()));
        order.truncate(FEATURES);
        let values = order.iter().flat_map(|&feature| [original[feature], other[feature]]);
        let span = Span::of(values.map(f64::from), Steps::Equal).with_zero().widened(0.0, 0.04);
        let (left, room) = (x + 112.0, panel - 118.0);
        let place = |value: f32| left + span.place(f64::from(value)).clamp(-0.05, 1.05) * room;
        for (line, &feature) in order.iter().enumerate() {
            let middle = y + 26.0 + line as f64 * LINE;
            let label = text::fit(&figure.features[feature], 104.0, 11.0, Weight::Regular);
            let words = Words::new(11.0, ground.muted).anchored(Anchor::End);
            canvas.text(left - 6.0, middle + 4.0, words, &label);
            let (zero, end) = (place(0.0), place(original[feature]));
            let rect = Rect { x: zero.min(end), y: middle - 5.0, width: (end - zero).abs(), height: 10.0 };
            canvas.rect(rect, &format!(" fill=\"{}\" fill-opacity=\"0.55\"", ground.first));
            let dot = format!(" fill=\"{}\"", ground.second);
            canvas.circle(place(other[feature]), middle, 3.4, &dot, None);
        }
        let zero = place(0.0);
        let bottom = y + 18.0 + order.len() as f64 * LINE;
        canvas.line((zero, y + 18.0), (zero, bottom), &format!(" stroke=\"{}\"", ground.muted));
        let words = Words::new(10.0, ground.muted).anchored(Anchor::Middle);
        for tick in span.ticks(4) {
            let at = left + span.place(tick) * room;
            canvas.text(at, bottom + 10.0, words, &text::number(tick, 3));
        }
    }
    let height = top + shown.div_ceil(columns) as f64 * panel_height + 4.0;
    canvas.finish(width + 2.0 * MARGIN, height, &format!("{}: rows and their reconstructions", figure.title))
}
