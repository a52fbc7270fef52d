//! Many points as one image, and images as PNG bytes.

use crate::plot::PlotError;
use crate::plot::color::Rgb;

/// A dot on an image, in pixels of the image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dot {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) radius: f32,
    pub(super) color: Rgb,
    /// In [0, 1].
    pub(super) opacity: f32,
}

/// A transparent image that dots are laid on, one over the other.
pub(super) struct Image {
    width: usize,
    height: usize,
    /// Red, green, blue, not multiplied by alpha, and alpha.
    pixels: Vec<[u8; 4]>,
}

impl Image {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0; 4]; width * height] }
    }

    /// Lays a dot over what is there; its rim is smoothed over one pixel.
    pub(super) fn dot(&mut self, mut dot: Dot) {
        // Half a pixel of the image is far below what an eye sees; equal dots make a small file.
        (dot.x, dot.y) = ((2.0 * dot.x).round() / 2.0, (2.0 * dot.y).round() / 2.0);
        let reach = dot.radius + 0.5;
        let columns =
            ((dot.x - reach).floor().max(0.0) as usize)..((dot.x + reach).ceil().max(0.0) as usize).min(self.width);
        let rows =
            ((dot.y - reach).floor().max(0.0) as usize)..((dot.y + reach).ceil().max(0.0) as usize).min(self.height);
        for row in rows {
            let down = row as f32 + 0.5 - dot.y;
            for column in columns.clone() {
                let right = column as f32 + 0.5 - dot.x;
                let coverage = (reach - (right * right + down * down).sqrt()).clamp(0.0, 1.0);
                if coverage > 0.0 {
                    blend(&mut self.pixels[row * self.width + column], dot.color, coverage * dot.opacity);
                }
            }
        }
    }

    /// The image as a PNG file.
    ///
    /// # Errors
    /// [`PlotError::Rendering`] where the encoder fails.
    pub(super) fn into_png(self) -> Result<Vec<u8>, PlotError> {
        let bytes: Vec<u8> = self.pixels.into_iter().flat_map(coarse).collect();
        encode(self.width, self.height, png::ColorType::Rgba, png::Filter::NoFilter, &bytes)
    }
}

/// Source over destination, with colors that are not multiplied by alpha: dots of one color over each other
/// keep exactly that color, which also keeps the file small.
fn blend(pixel: &mut [u8; 4], color: Rgb, opacity: f32) {
    let below = f32::from(pixel[3]) / 255.0 * (1.0 - opacity);
    let total = opacity + below;
    for (channel, value) in pixel.iter_mut().take(3).enumerate() {
        let mixed = f32::from(color.0[channel]) * opacity + f32::from(*value) * below;
        *value = (mixed / total + 0.5) as u8;
    }
    pixel[3] = (total * 255.0 + 0.5) as u8;
}

/// Sixteen steps of opacity and 64 of each color: no eye sees the difference in a dot's rim, and the file
/// is half as large.
fn coarse(pixel: [u8; 4]) -> [u8; 4] {
    let [red, green, blue, alpha] = pixel;
    match (u16::from(alpha) + 8) / 17 {
        0 => [0; 4],
        steps => [red & 0xfc, green & 0xfc, blue & 0xfc, (steps * 17) as u8],
    }
}

/// `bytes` (rows of pixels) as a PNG file; the same bytes every time.
///
/// Flat colors stay small without a filter, shaded ones with one.
pub(super) fn encode(
    width: usize,
    height: usize,
    kind: png::ColorType,
    filter: png::Filter,
    bytes: &[u8],
) -> Result<Vec<u8>, PlotError> {
    let failed = |error: &dyn std::fmt::Display| PlotError::Rendering { format: "png", reason: error.to_string() };
    let mut out = Vec::new();
    let side = |length: usize| u32::try_from(length).map_err(|error| failed(&error));
    let mut encoder = png::Encoder::new(&mut out, side(width)?, side(height)?);
    encoder.set_color(kind);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(filter);
    let mut writer = encoder.write_header().map_err(|error| failed(&error))?;
    writer.write_image_data(bytes).map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_covers_its_area_and_stays_inside() {
        let mut image = Image::new(40, 40);
        let dot = Dot { x: 20.3, y: 19.6, radius: 8.0, color: Rgb([200, 0, 0]), opacity: 1.0 };
        image.dot(dot);
        image.dot(Dot { x: -5.0, y: 1000.0, ..dot });
        let area: f64 = image.pixels.iter().map(|pixel| f64::from(pixel[3]) / 255.0).sum();
        assert!((area - std::f64::consts::PI * 64.0).abs() < 2.0, "{area}");
        let png = image.into_png().unwrap();
        assert_eq!(&png[1..4], b"PNG");
    }
}
