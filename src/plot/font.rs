//! The embedded fonts, so that pictures measure and render alike on every machine.
//!
//! Arimo has the widths of Arial, which the SVG names first; a subset of DejaVu Sans adds Arabic and
//! symbols. Letters that neither has are drawn by the viewer's own fonts in SVG and as boxes in PNG and PDF.

/// Arimo Regular (SIL Open Font License 1.1), a subset.
pub(super) const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Arimo-Regular.ttf");
/// Arimo Bold (SIL Open Font License 1.1), a subset.
pub(super) const BOLD: &[u8] = include_bytes!("../../assets/fonts/Arimo-Bold.ttf");
/// DejaVu Sans (Bitstream Vera license), a subset: Arabic, arrows, symbols.
pub(super) const FALLBACK: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-Fallback.ttf");
/// What the SVG asks for: fonts of one width, so that the layout holds on every machine.
pub(super) const FAMILIES: &str = "Arial, Arimo, 'Liberation Sans', Helvetica, sans-serif";
