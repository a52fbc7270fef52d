//! What a user may say about a plot: one item of `plots:` in the pipeline file.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::value::Auto;
use crate::value::OneOrMany;
use crate::value::Positive;

/// One plot of the embedding: `{color_by: cell_type}`; with a list of columns, small multiples on one sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlotOptions {
    /// What colors the points: a label, a feature or metadata column, `reliability`, `reconstruction_error`, `density`
    /// or a code such as `code_00`; a list draws small multiples on one sheet; an empty text colors nothing.
    pub color_by: OneOrMany<String>,
    /// The title above the map; made from name and column where empty.
    pub title: String,
    /// The colors: `auto` takes `viridis` for numbers; for classes `okabe_ito` up to 8, `tab20` up to 20, then `glasbey`.
    pub palette: PaletteOption,
    /// The ground the picture is drawn on.
    pub theme: Theme,
    /// How points are drawn in SVG and PDF: `auto` is `vector` up to 20,000 points, then one embedded `raster` image.
    pub points: Points,
    /// The files to write.
    pub format: OneOrMany<Format>,
    /// Whether class names stand on the map, in the middle of their class; `auto` writes them for those of 2 to 30 classes whose points lie together.
    pub labels_on_map: LabelsOnMap,
    /// The radius of a point in CSS pixels (1/96 inch); `auto` shrinks it with the number of rows.
    pub size: Auto<Positive>,
    /// How opaque a point is, up to 1; `auto` lowers it with the number of rows.
    pub opacity: Auto<Positive>,
    /// Whether points whose neighbors on the map are the wrong ones are drawn hollow.
    pub unreliable: Unreliable,
}

impl Default for PlotOptions {
    fn default() -> Self {
        Self {
            color_by: OneOrMany(vec![String::new()]),
            title: String::new(),
            palette: PaletteOption::Auto,
            theme: Theme::Light,
            points: Points::Auto,
            format: OneOrMany(vec![Format::Svg]),
            labels_on_map: LabelsOnMap::Auto,
            size: Auto::Auto,
            opacity: Auto::Auto,
            unreliable: Unreliable::Hollow,
        }
    }
}

impl PlotOptions {
    /// The part of the options that says how to draw.
    #[must_use]
    pub fn style(&self) -> Style {
        Style {
            palette: self.palette,
            theme: self.theme,
            points: self.points,
            labels_on_map: self.labels_on_map,
            size: self.size,
            opacity: self.opacity,
            unreliable: self.unreliable,
        }
    }
}

/// How to draw; every field has a default that fits the data.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Style {
    /// The colors.
    pub palette: PaletteOption,
    /// Light or dark ground.
    pub theme: Theme,
    /// Vector or raster points.
    pub points: Points,
    /// Class names on the map.
    pub labels_on_map: LabelsOnMap,
    /// Radius of a point in CSS pixels.
    pub size: Auto<Positive>,
    /// Opacity of a point.
    pub opacity: Auto<Positive>,
    /// How unreliable points look.
    pub unreliable: Unreliable,
}

/// Named colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaletteOption {
    /// By the data: `viridis` for numbers; for classes `okabe_ito` up to 8, `tab20` up to 20, `glasbey` beyond.
    #[default]
    Auto,
    /// Even steps of lightness, safe for color-blind eyes; spread over the classes where there are classes.
    Viridis,
    /// Eight colors safe for color-blind eyes (Okabe and Ito, 2008).
    OkabeIto,
    /// Twenty colors in the manner of Tableau 20, without its grays.
    Tab20,
    /// Sixty-four colors far apart (in the manner of Glasbey et al., 2007).
    Glasbey,
}

/// The ground a picture is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on near-black.
    Dark,
}

/// How points are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Points {
    /// Vector up to 20,000 points, raster above.
    #[default]
    Auto,
    /// One circle per point, with its id as tooltip.
    Vector,
    /// One image at print resolution; text and legend stay vectors.
    Raster,
}

/// The files a plot is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Scalable vector graphics.
    Svg,
    /// A bitmap at 300 dots per inch.
    Png,
    /// A page of the picture's size.
    Pdf,
}

impl Format {
    /// The file name's ending.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }

    /// The format of a file name's ending, in any case; none for another ending.
    #[must_use]
    pub fn of_ending(ending: &str) -> Option<Self> {
        [Self::Svg, Self::Png, Self::Pdf].into_iter().find(|format| ending.eq_ignore_ascii_case(format.extension()))
    }
}

/// Whether class names stand on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LabelsOnMap {
    /// For those of 2 to 30 classes whose points lie together on the map; the others are named in the legend only.
    #[default]
    Auto,
    /// Always.
    Yes,
    /// Never.
    No,
}

/// How points look whose reliability is low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unreliable {
    /// A ring instead of a disc; faint where points are too small for rings.
    #[default]
    Hollow,
    /// Like all others.
    Solid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_the_pipeline_file_reads_and_writes() {
        let text = r#"{"color_by": ["CD3E", "NKG7"], "format": ["svg", "pdf"], "theme": "dark", "size": 1.5}"#;
        let options: PlotOptions = serde_json::from_str(text).unwrap();
        assert_eq!(options.color_by.0, ["CD3E", "NKG7"]);
        assert_eq!((options.theme, options.points), (Theme::Dark, Points::Auto));
        let written = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<PlotOptions>(&written).unwrap(), options);
        assert!(serde_json::from_str::<PlotOptions>(r#"{"colour_by": "x"}"#).is_err());
    }
}
