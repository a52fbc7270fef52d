//! SVG to PDF: a page of the picture's size; text stays text, in the embedded fonts.

use crate::plot::PlotError;
use crate::plot::png;

/// The picture as a PDF file of one page; a CSS pixel is 1/96 inch.
///
/// # Errors
/// [`PlotError::Rendering`] where `svg` is not an SVG or the page cannot be made.
pub fn render(svg: &str) -> Result<Vec<u8>, PlotError> {
    let tree = png::tree(svg, "pdf")?;
    let page = svg2pdf::PageOptions { dpi: 96.0 };
    svg2pdf::to_pdf(&tree, svg2pdf::ConversionOptions::default(), page)
        .map_err(|error| PlotError::Rendering { format: "pdf", reason: error.to_string() })
}
