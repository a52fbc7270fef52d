//! Pictures: pure descriptions, and what draws them.
//!
//! A [`Scatter`] says what is to be seen; [`svg`] draws it, [`png`] and [`pdf`] render the SVG. The same
//! description gives the same bytes. This room knows plain arrays only: no tables, no files, no training.

pub mod color;
mod font;
mod gathered;
pub mod options;
pub mod pdf;
mod placement;
pub mod png;
mod raster;
mod scale;
pub mod svg;
pub mod text;

use ndarray::ArrayView2;
use thiserror::Error;

use crate::error::Explain;
use crate::error::Fault;

pub use options::Format;
pub use options::PlotOptions;
pub use options::Style;
pub use options::Theme;
pub use text::readable_slug;
pub use text::slug;

/// A map of points, ready to be drawn.
#[derive(Debug, Clone)]
pub struct Scatter<'a> {
    /// The heading; none where empty.
    pub title: String,
    /// A sentence or two below the heading: what the map was made from, and what it hides.
    pub caption: String,
    /// `n × 2`, a row per point.
    pub points: ArrayView2<'a, f32>,
    /// The points' names, shown as tooltips: `n`, or empty.
    pub ids: &'a [String],
    /// What colors the points.
    pub color: Color<'a>,
    /// Each point's reliability in [0, 1], and from where on a point counts as reliable.
    pub faded: Option<Faded<'a>>,
    /// The first points may be no more than the ground on which the others are seen.
    pub ground: Option<GroundPoints<'a>>,
    /// How to draw.
    pub style: Style,
}

/// What colors the points of a map.
#[derive(Debug, Clone, Copy)]
pub enum Color<'a> {
    /// A class each.
    Classes {
        /// The column's name, over the legend.
        name: &'a str,
        /// The classes, in the order of the legend.
        levels: &'a [String],
        /// `n` indices into `levels`; `None` where missing.
        of_row: &'a [Option<u32>],
    },
    /// A number each.
    Numbers {
        /// The column's name, over the color bar.
        name: &'a str,
        /// `n` values; not finite where missing.
        values: &'a [f64],
    },
    /// All alike.
    None,
}

impl Color<'_> {
    /// The name of the column that colors, if one does.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Classes { name, .. } | Self::Numbers { name, .. } => Some(name),
            Self::None => None,
        }
    }
}

/// Reliabilities of points, and the least that counts as reliable.
#[derive(Debug, Clone, Copy)]
pub struct Faded<'a> {
    /// `n` values in [0, 1].
    pub reliability: &'a [f32],
    /// Points below are drawn hollow.
    pub threshold: f32,
    /// What such a point is called in the legend.
    pub name: &'a str,
}

/// Points that nothing colors, pale and below all others.
#[derive(Debug, Clone, Copy)]
pub struct GroundPoints<'a> {
    /// How many of the map's points these are: the first.
    pub count: usize,
    /// What they are called in the legend.
    pub name: &'a str,
    /// What the others are called, where nothing colors them.
    pub others: &'a str,
}

/// A picture as bytes of a format.
///
/// # Errors
/// [`PlotError::Rendering`] where it cannot be rendered.
pub fn render(svg: &str, format: Format) -> Result<Vec<u8>, PlotError> {
    /// CSS pixels (1/96 inch) to dots at 300 per inch.
    const PRINT_SCALE: f32 = 300.0 / 96.0;
    match format {
        Format::Svg => Ok(svg.as_bytes().to_vec()),
        Format::Png => png::render(svg, PRINT_SCALE),
        Format::Pdf => pdf::render(svg),
    }
}

/// Why a picture could not be drawn.
#[derive(Debug, Error)]
pub enum PlotError {
    /// A map of nothing.
    #[error("there is nothing to draw: the map has no points")]
    NoPoints,
    /// A coordinate that is NaN or infinite.
    #[error("point {row} of the map has a coordinate that is not a finite number")]
    NonFinitePoint {
        /// The row, from 0.
        row: usize,
    },
    /// A curve or table without values.
    #[error("there is nothing to draw in the figure `{figure}`")]
    EmptyFigure {
        /// The figure's name.
        figure: &'static str,
    },
    /// The drawing library gave up.
    #[error("cannot draw the figure: {0}")]
    Drawing(String),
    /// An SVG could not be rendered.
    #[error("cannot render the picture as {format}: {reason}")]
    Rendering {
        /// The format asked for.
        format: &'static str,
        /// What the renderer said.
        reason: String,
    },
}

impl Explain for PlotError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}
