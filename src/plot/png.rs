//! SVG to bitmap, with the embedded fonts and without any file of the system.

use std::sync::Arc;
use std::sync::LazyLock;

use resvg::tiny_skia::Pixmap;
use resvg::tiny_skia::Transform;
use resvg::usvg;

use crate::plot::PlotError;
use crate::plot::font;
use crate::plot::raster;

/// The widest or tallest bitmap, in pixels.
const LARGEST: f32 = 20_000.0;

static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    for face in [font::REGULAR, font::BOLD, font::FALLBACK] {
        fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(face)));
    }
    fonts.set_sans_serif_family("Arimo");
    Arc::new(fonts)
});

/// Reads an SVG of ours; it can name no file and no address.
pub(super) fn tree(svg: &str, format: &'static str) -> Result<usvg::Tree, PlotError> {
    let mut options = usvg::Options { fontdb: FONTS.clone(), font_family: "Arimo".into(), ..Default::default() };
    options.image_href_resolver.resolve_string = Box::new(|_, _| None);
    usvg::Tree::from_str(svg, &options).map_err(|error| PlotError::Rendering { format, reason: error.to_string() })
}

/// The picture as a PNG file, `scale` pixels to the CSS pixel: 1 for a screen, 3.125 for 300 dots per inch.
///
/// # Errors
/// [`PlotError::Rendering`] where `svg` is not an SVG or the bitmap would be empty or too large.
pub fn render(svg: &str, scale: f32) -> Result<Vec<u8>, PlotError> {
    let tree = tree(svg, "png")?;
    let refused = |reason: &str| PlotError::Rendering { format: "png", reason: reason.to_owned() };
    let (width, height) = ((tree.size().width() * scale).ceil(), (tree.size().height() * scale).ceil());
    if !(width >= 1.0 && height >= 1.0 && width <= LARGEST && height <= LARGEST) {
        return Err(refused("the bitmap would be empty or more than 20,000 pixels wide or tall"));
    }
    let mut pixels = Pixmap::new(width as u32, height as u32).ok_or_else(|| refused("no room for the bitmap"))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    let bytes: Vec<u8> = pixels
        .pixels()
        .iter()
        .flat_map(|pixel| {
            let pixel = pixel.demultiply();
            [pixel.red(), pixel.green(), pixel.blue()]
        })
        .collect();
    raster::encode(width as usize, height as usize, png::ColorType::Rgb, png::Filter::Adaptive, &bytes)
}
