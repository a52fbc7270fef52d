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
    /// Red, green, blue, each times alpha, and alpha.
    pixels: Vec<[u8; 4]>,
}

impl Image {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0; 4]; width * height] }
    }

    /// Lays a dot over what is there; its rim is smoothed over one pixel.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the image")]
    pub(super) fn dot(&mut self, dot: Dot) {
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
        let bytes: Vec<u8> = self.pixels.into_iter().flat_map(straight).collect();
        encode(self.width, self.height, png::ColorType::Rgba, &bytes)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both terms are at most 65,025")]
fn blend(pixel: &mut [u8; 4], color: Rgb, opacity: f32) {
    let alpha = (opacity * 255.0 + 0.5) as u32;
    let over = |source: u32, below: u8| ((source * alpha + u32::from(below) * (255 - alpha) + 127) / 255) as u8;
    for (channel, below) in pixel.iter_mut().take(3).enumerate() {
        *below = over(u32::from(color.0[channel]), *below);
    }
    pixel[3] = over(255, pixel[3]);
}

/// Colors that are not multiplied by alpha, as PNG wants them.
#[expect(clippy::cast_possible_truncation, reason = "a quotient of at most 255")]
fn straight(pixel: [u8; 4]) -> [u8; 4] {
    let alpha = u32::from(pixel[3]);
    if alpha == 0 {
        return [0; 4];
    }
    let color = |value: u8| ((u32::from(value) * 255 + alpha / 2) / alpha).min(255) as u8;
    [color(pixel[0]), color(pixel[1]), color(pixel[2]), pixel[3]]
}

/// `bytes` (rows of pixels) as a PNG file; the same bytes every time.
pub(super) fn encode(width: usize, height: usize, kind: png::ColorType, bytes: &[u8]) -> Result<Vec<u8>, PlotError> {
    let failed = |error: &dyn std::fmt::Display| PlotError::Rendering { format: "png", reason: error.to_string() };
    let mut out = Vec::new();
    let side = |length: usize| u32::try_from(length).map_err(|error| failed(&error));
    let mut encoder = png::Encoder::new(&mut out, side(width)?, side(height)?);
    encoder.set_color(kind);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
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
