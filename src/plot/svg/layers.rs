//! Which point is drawn when, in which color, solid or hollow.

use crate::plot::Color;
use crate::plot::Scatter;
use crate::plot::color::Ground;
use crate::plot::color::Rgb;
use crate::plot::color::class_colors;
use crate::plot::color::viridis;
use crate::plot::options::Unreliable;
use crate::plot::scale::Span;
use crate::plot::scale::Steps;

/// Classes that a legend names; the rest of the rows are drawn as one.
const MOST_CLASSES: usize = 40;

/// Points that are drawn together.
#[derive(Debug)]
pub(super) struct Layer {
    /// The class, where the points have one.
    pub(super) label: Option<String>,
    /// The color of the legend's mark, and of all points that [`Layers::colors`] does not say otherwise for.
    pub(super) color: Rgb,
    /// In drawing order.
    pub(super) rows: Vec<usize>,
}

/// The range a color bar shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bar {
    pub(super) span: Span,
    /// Whether some values lie below and above the bar.
    pub(super) beyond: (bool, bool),
}

/// A map's points, sorted into layers.
#[derive(Debug)]
pub(super) struct Layers {
    /// The first rows, so many: pale, below all others.
    pub(super) ground: usize,
    /// Points without a value, drawn next.
    pub(super) missing: Vec<usize>,
    /// The classes in the order of the legend, or one layer of numbers, or one of all.
    pub(super) layers: Vec<Layer>,
    /// Classes beyond those the legend names, and their rows.
    pub(super) others: Option<(usize, Layer)>,
    /// The color of each row.
    pub(super) colors: Vec<Rgb>,
    /// The color bar, where numbers color.
    pub(super) bar: Option<Bar>,
    /// Whether a row is drawn hollow.
    pub(super) hollow: Vec<bool>,
}

impl Layers {
    pub(super) fn of(scatter: &Scatter<'_>, ground: Ground) -> Self {
        let rows = scatter.points.nrows();
        let hollow = match scatter.faded {
            Some(faded) if scatter.style.unreliable == Unreliable::Hollow => {
                assert_eq!(faded.reliability.len(), rows, "a reliability for each point");
                faded.reliability.iter().map(|value| *value < faded.threshold).collect()
            }
            _ => vec![false; rows],
        };
        let below = scatter.ground.map_or(0, |points| points.count);
        assert!(below <= rows, "no more points of the ground than there are");
        let mut colors = vec![ground.missing; rows];
        colors[..below].fill(ground.line);
        let mut this =
            Self { ground: below, missing: Vec::new(), layers: Vec::new(), others: None, colors, bar: None, hollow };
        match scatter.color {
            Color::Classes { levels, of_row, .. } => {
                assert_eq!(of_row.len(), rows, "a class for each point");
                this.sort_classes(scatter, levels, of_row, ground);
            }
            Color::Numbers { values, .. } => {
                assert_eq!(values.len(), rows, "a value for each point");
                this.sort_numbers(values);
            }
            Color::None => {
                this.colors[below..].fill(ground.first);
                this.layers.push(Layer { label: None, color: ground.first, rows: (below..rows).collect() });
            }
        }
        this
    }

    fn sort_classes(&mut self, scatter: &Scatter<'_>, levels: &[String], of_row: &[Option<u32>], ground: Ground) {
        let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); levels.len()];
        for (row, class) in of_row.iter().enumerate().skip(self.ground) {
            match class {
                Some(class) => rows_of[*class as usize].push(row),
                None => self.missing.push(row),
            }
        }
        let mut by_size: Vec<usize> = (0..levels.len()).filter(|&class| !rows_of[class].is_empty()).collect();
        by_size.sort_by_key(|&class| (std::cmp::Reverse(rows_of[class].len()), class));
        let mut named: Vec<bool> = vec![false; levels.len()];
        let most = if by_size.len() > MOST_CLASSES { MOST_CLASSES - 1 } else { MOST_CLASSES };
        for &class in by_size.iter().take(most) {
            named[class] = true;
        }
        let colors = if by_size.len() > MOST_CLASSES {
            let mut colors = vec![ground.muted; levels.len()];
            let few = class_colors(scatter.style.palette, most, scatter.style.theme);
            for (class, color) in (0..levels.len()).filter(|&class| named[class]).zip(few) {
                colors[class] = color;
            }
            colors
        } else {
            class_colors(scatter.style.palette, levels.len(), scatter.style.theme)
        };
        let mut other_rows = Vec::new();
        for (class, rows) in rows_of.into_iter().enumerate() {
            for &row in &rows {
                self.colors[row] = colors[class];
            }
            if named[class] {
                self.layers.push(Layer { label: Some(levels[class].clone()), color: colors[class], rows });
            } else {
                other_rows.extend(rows);
            }
        }
        if by_size.len() > most {
            let layer = Layer { label: None, color: ground.muted, rows: other_rows };
            self.others = Some((by_size.len() - most, layer));
        }
    }

    fn sort_numbers(&mut self, values: &[f64]) {
        let mut present: Vec<usize> = Vec::with_capacity(values.len());
        for (row, value) in values.iter().enumerate().skip(self.ground) {
            if value.is_finite() { present.push(row) } else { self.missing.push(row) }
        }
        // High values last, so that few cells that express a gene are not buried under many that do not.
        present.sort_by(|&left, &right| values[left].total_cmp(&values[right]));
        let bar = bar(&present.iter().map(|&row| values[row]).collect::<Vec<f64>>());
        for &row in &present {
            self.colors[row] = viridis((bar.span.place(values[row]) * 127.0).round() / 127.0);
        }
        self.bar = Some(bar);
        self.layers.push(Layer { label: None, color: viridis(0.5), rows: present });
    }

    /// All rows but the missing ones, in an order that favors no class; numbers in their own order.
    pub(super) fn mixed(&self) -> Vec<usize> {
        if self.bar.is_some() {
            return self.layers[0].rows.clone();
        }
        let all = self.layers.iter().chain(self.others.iter().map(|(_, layer)| layer));
        let mut rows: Vec<usize> = all.flat_map(|layer| layer.rows.iter().copied()).collect();
        rows.sort_by_cached_key(|&row| scattered(row as u64));
        rows
    }
}

/// A bar from the least to the greatest value, or, where a few values lie far out, from the 0.5th to the
/// 99.5th percentile.
fn bar(sorted: &[f64]) -> Bar {
    let whole = Span::of(sorted.iter().copied(), Steps::Equal);
    let (Some(low), Some(high)) = (sorted.get(sorted.len() / 200), sorted.get(sorted.len() - 1 - sorted.len() / 200))
    else {
        return Bar { span: whole, beyond: (false, false) };
    };
    if high <= low || whole.high - whole.low <= 2.0 * (high - low) {
        return Bar { span: whole, beyond: (false, false) };
    }
    Bar { span: Span { low: *low, high: *high, steps: Steps::Equal }, beyond: (whole.low < *low, whole.high > *high) }
}

/// A fixed scramble of a row's number (the finalizer of `SplitMix64`), not a random draw.
fn scattered(row: u64) -> u64 {
    let mut mixed = row.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
