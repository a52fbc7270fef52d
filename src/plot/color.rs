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
                background: Rgb::hex(0xff_ff_ff),
                ink: Rgb::hex(0x1b_1f_24),
                muted: Rgb::hex(0x5b_63_6d),
                line: Rgb::hex(0xdd_e1_e6),
                missing: Rgb::hex(0xc9_cd_d2),
                first: Rgb::hex(0x00_72_b2),
                second: Rgb::hex(0xd5_5e_00),
                third: Rgb::hex(0x5b_63_6d),
            },
            Theme::Dark => Self {
                background: Rgb::hex(0x14_17_1c),
                ink: Rgb::hex(0xe9_ec_f0),
                muted: Rgb::hex(0xa0_a8_b3),
                line: Rgb::hex(0x33_39_42),
                missing: Rgb::hex(0x4b_52_5c),
                first: Rgb::hex(0x56_b4_e9),
                second: Rgb::hex(0xf0_8a_3c),
                third: Rgb::hex(0xa0_a8_b3),
            },
        }
    }
}

/// Okabe and Ito (2008), the black last; on a dark ground it becomes near-white.
const OKABE_ITO: [u32; 8] =
    [0x00_72_b2, 0xe6_9f_00, 0x00_9e_73, 0xd5_5e_00, 0x56_b4_e9, 0xcc_79_a7, 0xf0_e4_42, 0x00_00_00];

/// Tableau's twenty, dark ones first, its two grays replaced: gray means missing.
const TAB20: [u32; 20] = [
    0x1f_77_b4, 0xff_7f_0e, 0x2c_a0_2c, 0xd6_27_28, 0x94_67_bd, 0x8c_56_4b, 0xe3_77_c2, 0xbc_bd_22, 0x17_be_cf,
    0x39_3b_79, 0xae_c7_e8, 0xff_bb_78, 0x98_df_8a, 0xff_98_96, 0xc5_b0_d5, 0xc4_9c_94, 0xf7_b6_d2, 0xdb_db_8d,
    0x9e_da_e5, 0x63_79_39,
];

/// Sixty-four colors far apart; made by assets/palettes/glasbey.py.
const GLASBEY: [u32; 64] = [
    0x00_72_b2, 0xd5_5e_00, 0x00_9e_73, 0xcc_79_a7, 0xe6_9f_00, 0x56_b4_e9, 0x6c_00_90, 0x0c_f6_9c, 0xae_00_54,
    0x90_72_fc, 0x00_66_00, 0x8a_ba_00, 0x2a_30_ae, 0x8a_78_00, 0xfc_a8_fc, 0xae_3c_ae, 0x84_2a_00, 0x00_ea_f0,
    0xd2_d8_78, 0xfc_9c_90, 0x7e_84_a2, 0xa2_5a_60, 0x72_54_9c, 0x9c_a2_78, 0xe4_42_66, 0x72_2a_5a, 0xae_9c_ea,
    0x30_8a_fc, 0x66_cc_9c, 0xd2_72_f0, 0x4e_5a_de, 0x00_4e_78, 0x00_78_72, 0xc0_1e_00, 0x00_90_00, 0x06_96_ae,
    0x60_5a_06, 0xc6_84_6c, 0x9c_e4_48, 0xfc_72_cc, 0x96_54_06, 0xa2_6c_c0, 0xfc_c0_84, 0xfc_6c_5a, 0x4e_36_84,
    0x96_06_7e, 0x96_d8_fc, 0x66_36_ba, 0x6c_84_66, 0x00_b4_4e, 0x78_9c_3c, 0xcc_c0_fc, 0x0c_5a_42, 0xfc_ba_d2,
    0x6c_78_cc, 0xd8_4e_a2, 0x00_ba_ba, 0xba_9c_b4, 0x90_4e_d2, 0xb4_90_24, 0x96_42_78, 0xa8_de_ba, 0xfc_c6_00,
    0x36_7e_42,
];

/// Every eighth of viridis' 256 colors (Smith and van der Walt, 2015; CC0); between them it is linear.
const VIRIDIS: [u32; 33] = [
    0x44_01_54, 0x47_0d_60, 0x48_18_6a, 0x48_23_74, 0x47_2d_7b, 0x45_37_81, 0x42_40_86, 0x3e_49_89, 0x3b_52_8b,
    0x37_5b_8d, 0x33_63_8d, 0x2f_6b_8e, 0x2c_72_8e, 0x29_7a_8e, 0x26_82_8e, 0x23_89_8e, 0x21_91_8c, 0x1f_97_8b,
    0x1f_9f_88, 0x21_a6_85, 0x27_ad_81, 0x31_b5_7b, 0x3d_bc_74, 0x4c_c2_6c, 0x5c_c8_63, 0x6e_ce_58, 0x81_d3_4d,
    0x95_d8_40, 0xaa_dc_32, 0xc0_df_25, 0xd5_e2_1a, 0xea_e5_1a, 0xfd_e7_25,
];

/// The viridis color at `t`, which is cut to [0, 1].
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "t is in [0, 1]")]
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
    let seen = |code: u32| if code == 0 && theme == Theme::Dark { 0xf4_f4_f4 } else { code };
    table.iter().cycle().take(count).map(|&code| Rgb::hex(seen(code))).collect()
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
    fn viridis_ends_where_matplotlib_says() {
        // matplotlib 3.10: colormaps["viridis"].colors[0], [128], [255]
        assert_eq!(viridis(0.0).to_string(), "#440154");
        assert_eq!(viridis(0.5).to_string(), "#21918c");
        assert_eq!(viridis(7.0).to_string(), "#fde725");
        assert_eq!(viridis(f64::NAN), viridis(0.0));
    }
}
