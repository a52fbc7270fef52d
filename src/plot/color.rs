//! Colors: palettes for classes, a scale for numbers, and the two themes.

use std::fmt;

use crate::plot::options::PaletteOption;
use crate::plot::options::Theme;

/// A color, red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    const fn hex(code: u32) -> Self {
        let [_, red, green, blue] = code.to_be_bytes();
        Self([red, green, blue])
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// The colors of a picture's ground, words and lines.
#[derive(Debug, Clone, Copy)]
pub struct Ground {
    /// Behind everything.
    pub background: Rgb,
    /// Titles and labels.
    pub ink: Rgb,
    /// Captions, counts, ticks.
    pub muted: Rgb,
    /// Grid lines and frames.
    pub line: Rgb,
    /// Points whose value is missing.
    pub missing: Rgb,
    /// The first of two or three series.
    pub first: Rgb,
    /// The second.
    pub second: Rgb,
    /// The third: what the others are compared with.
    pub third: Rgb,
}

impl Ground {
    /// The colors of a theme.
    #[must_use]
    pub fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self {
                background: Rgb::hex(0xFFFFFF),
                ink: Rgb::hex(0x1B1F24),
                muted: Rgb::hex(0x5B636D),
                line: Rgb::hex(0xDDE1E6),
                missing: Rgb::hex(0xC9CDD2),
                first: Rgb::hex(0x0072B2),
                second: Rgb::hex(0xD55E00),
                third: Rgb::hex(0x5B636D),
            },
            Theme::Dark => Self {
                background: Rgb::hex(0x14171C),
                ink: Rgb::hex(0xE9ECF0),
                muted: Rgb::hex(0xA0A8B3),
                line: Rgb::hex(0x333942),
                missing: Rgb::hex(0x4B525C),
                first: Rgb::hex(0x56B4E9),
                second: Rgb::hex(0xF08A3C),
                third: Rgb::hex(0xA0A8B3),
            },
        }
    }
}

/// Okabe and Ito (2008), the black last.
const OKABE_ITO: [u32; 8] = [0x0072B2, 0xE69F00, 0x009E73, 0xD55E00, 0x56B4E9, 0xCC79A7, 0xF0E442, 0x000000];

/// Tableau's twenty, dark ones first, its two grays replaced: gray means missing.
const TAB20: [u32; 20] = [
    0x1F77B4, 0xFF7F0E, 0x2CA02C, 0xD62728, 0x9467BD, 0x8C564B, 0xE377C2, 0xBCBD22, 0x17BECF, 0x393B79, 0xAEC7E8,
    0xFFBB78, 0x98DF8A, 0xFF9896, 0xC5B0D5, 0xC49C94, 0xF7B6D2, 0xDBDB8D, 0x9EDAE5, 0x637939,
];

/// Sixty-four colors far apart; made by assets/palettes/glasbey.py.
const GLASBEY: [u32; 64] = [
    0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x6C0090, 0x0CF69C, 0xAE0054, 0x9072FC, 0x006600,
    0x8ABA00, 0x2A30AE, 0x8A7800, 0xFCA8FC, 0xAE3CAE, 0x842A00, 0x00EAF0, 0xD2D878, 0xFC9C90, 0x7E84A2, 0xA25A60,
    0x72549C, 0x9CA278, 0xE44266, 0x722A5A, 0xAE9CEA, 0x308AFC, 0x66CC9C, 0xD272F0, 0x4E5ADE, 0x004E78, 0x007872,
    0xC01E00, 0x009000, 0x0696AE, 0x605A06, 0xC6846C, 0x9CE448, 0xFC72CC, 0x965406, 0xA26CC0, 0xFCC084, 0xFC6C5A,
    0x4E3684, 0x96067E, 0x96D8FC, 0x6636BA, 0x6C8466, 0x00B44E, 0x789C3C, 0xCCC0FC, 0x0C5A42, 0xFCBAD2, 0x6C78CC,
    0xD84EA2, 0x00BABA, 0xBA9CB4, 0x904ED2, 0xB49024, 0x964278, 0xA8DEBA, 0xFCC600, 0x367E42,
];

/// Every eighth of viridis' 256 colors (Smith and van der Walt, 2015; CC0); between them it is linear.
const VIRIDIS: [u32; 33] = [
    0x440154, 0x470D60, 0x48186A, 0x482374, 0x472D7B, 0x453781, 0x424086, 0x3E4989, 0x3B528B, 0x375B8D, 0x33638D,
    0x2F6B8E, 0x2C728E, 0x297A8E, 0x26828E, 0x23898E, 0x21918C, 0x1F978B, 0x1F9F88, 0x21A685, 0x27AD81, 0x31B57B,
    0x3DBC74, 0x4CC26C, 0x5CC863, 0x6ECE58, 0x81D34D, 0x95D840, 0xAADC32, 0xC0DF25, 0xD5E21A, 0xEAE51A, 0xFDE725,
];

/// The viridis color at `t`, which is cut to [0, 1].
#[must_use]
pub fn viridis(t: f64) -> Rgb {
    let t = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) } * (VIRIDIS.len() - 1) as f64;
    let left = (t as usize).min(VIRIDIS.len() - 2);
    let part = t - left as f64;
    let (from, to) = (Rgb::hex(VIRIDIS[left]).0, Rgb::hex(VIRIDIS[left + 1]).0);
    Rgb(std::array::from_fn(|channel| {
        (f64::from(from[channel]) * (1.0 - part) + f64::from(to[channel]) * part).round() as u8
    }))
}

/// A color for each of `count` classes; colors repeat where a palette has too few.
#[must_use]
pub fn class_colors(palette: PaletteOption, count: usize, theme: Theme) -> Vec<Rgb> {
    let palette = match palette {
        PaletteOption::Auto if count <= OKABE_ITO.len() => PaletteOption::OkabeIto,
        PaletteOption::Auto if count <= TAB20.len() => PaletteOption::Tab20,
        PaletteOption::Auto => PaletteOption::Glasbey,
        chosen => chosen,
    };
    let table: &[u32] = match palette {
        PaletteOption::Viridis => {
            let last = count.saturating_sub(1).max(1) as f64;
            return (0..count).map(|class| viridis(class as f64 / last)).collect();
        }
        PaletteOption::OkabeIto => &OKABE_ITO,
        PaletteOption::Tab20 => &TAB20,
        PaletteOption::Auto | PaletteOption::Glasbey => &GLASBEY,
    };
    let colors = table.iter().cycle().take(count).map(|&code| Rgb::hex(code));
    match theme {
        Theme::Light => colors.collect(),
        Theme::Dark => colors.map(lifted).collect(),
    }
}

/// A color with at least three times the luminance of the dark ground, as WCAG 2.1 asks of graphics;
/// black becomes near-white.
fn lifted(color: Rgb) -> Rgb {
    if color.0 == [0; 3] {
        return Rgb::hex(0xF4F4F4);
    }
    let ground = luminance(Ground::of(Theme::Dark).background);
    let mut seen = color;
    while (luminance(seen) + 0.05) / (ground + 0.05) < 3.0 {
        seen = Rgb(seen.0.map(|channel| channel + (255 - channel).div_ceil(12)));
    }
    seen
}

/// The relative luminance of WCAG 2.1, in [0, 1].
fn luminance(color: Rgb) -> f64 {
    let linear = color.0.map(|channel| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn palettes_give_distinct_colors_up_to_their_size() {
        for (count, theme) in [(8, Theme::Light), (8, Theme::Dark), (20, Theme::Light), (64, Theme::Dark)] {
            let mut colors: Vec<[u8; 3]> =
                class_colors(PaletteOption::Auto, count, theme).iter().map(|color| color.0).collect();
            colors.sort_unstable();
            colors.dedup();
            assert_eq!(colors.len(), count);
        }
        assert_eq!(class_colors(PaletteOption::Auto, 10_000, Theme::Light).len(), 10_000);
    }

    #[test]
    fn every_class_stands_out_from_the_dark_ground() {
        let ground = luminance(Ground::of(Theme::Dark).background);
        for palette in [PaletteOption::OkabeIto, PaletteOption::Tab20, PaletteOption::Glasbey] {
            for color in class_colors(palette, 64, Theme::Dark) {
                assert!((luminance(color) + 0.05) / (ground + 0.05) >= 3.0, "{color}");
            }
        }
    }

    #[test]
    fn viridis_ends_where_matplotlib_says() {
        // matplotlib 3.10: colormaps["viridis"].colors[0], [128], [255]
        assert_eq!(viridis(0.0).to_string(), "#440154");
        assert_eq!(viridis(0.5).to_string(), "#21918c");
        assert_eq!(viridis(7.0).to_string(), "#fde725");
        assert_eq!(viridis(f64::NAN), viridis(0.0));
    }
}
