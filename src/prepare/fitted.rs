//! Fitted steps: what is kept of a step once it has seen the training rows.

use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::prepare::error::PrepareError;
use crate::table::clipped;

/// A fitted step on a matrix of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fitted {
    /// Scale each row to this total.
    Total {
        /// The total.
        target: f64,
    },
    /// ln(1 + x)
    Log1p,
    /// √x
    Sqrt,
    /// asinh(x / cofactor)
    Arcsinh {
        /// The divisor.
        cofactor: f64,
    },
    /// Keep these columns.
    Keep {
        /// The step that chose them.
        step: String,
        /// Their positions.
        columns: Vec<usize>,
        /// Of so many.
        of: usize,
    },
    /// (x − center) / scale, then pulled into bounds.
    Affine {
        /// The step that fitted it.
        step: String,
        /// One per column, or one for all.
        center: Vec<f64>,
        /// One per column, or one for all.
        scale: Vec<f64>,
        /// The bounds, if any.
        bounds: Option<(f64, f64)>,
    },
    /// Pull each column into bounds of its own.
    Clip {
        /// The least values.
        low: Vec<f32>,
        /// The greatest values.
        high: Vec<f32>,
    },
    /// Divide each row by its length.
    L2Rows,
}

/// How a row's values are changed; counts in which columns one was pulled into bounds.
type RowMap<'a> = Box<dyn Fn(&mut [f32], &mut [usize]) + Sync + 'a>;

impl Fitted {
    /// The step's name in a pipeline.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Total { .. } => "normalize_total",
            Self::Log1p => "log1p",
            Self::Sqrt => "sqrt",
            Self::Arcsinh { .. } => "arcsinh",
            Self::Keep { step, .. } => named(step),
            Self::Affine { step, .. } => named(step),
            Self::Clip { .. } => "quantile_clip",
            Self::L2Rows => "l2_rows",
        }
    }

    /// How many columns leave the step where `width` come in.
    ///
    /// # Errors
    /// Where the step is not of so many columns, or has bounds the wrong way round.
    pub(super) fn width_after(&self, width: usize) -> std::result::Result<usize, String> {
        let fits = match self {
            Self::Total { target } => target.is_finite(),
            Self::Arcsinh { cofactor } => cofactor.is_finite() && *cofactor > 0.0,
            Self::Keep { columns, of, .. } => {
                let mut seen = vec![false; width];
                *of == width
                    && columns
                        .iter()
                        .all(|column| seen.get_mut(*column).is_some_and(|seen| !std::mem::replace(seen, true)))
            }
            Self::Affine { center, scale, bounds, .. } => {
                let of_all = |figures: &[f64]| figures.len() == 1 || figures.len() == width;
                of_all(center) && of_all(scale) && bounds.is_none_or(|(low, high)| low <= high)
            }
            Self::Clip { low, high } => {
                low.len() == width && high.len() == width && low.iter().zip(high).all(|(low, high)| low <= high)
            }
            Self::Log1p | Self::Sqrt | Self::L2Rows => true,
        };
        match self {
            _ if !fits => Err(format!("its step `{}` is not one of {width} columns", self.name())),
            Self::Keep { columns, .. } => Ok(columns.len()),
            _ => Ok(width),
        }
    }

    /// Applies the step; returns how many values of each column of the result were pulled into bounds.
    ///
    /// # Errors
    /// If a value lies outside of what the step takes, naming column and row.
    pub(super) fn apply(&self, values: Array2<f32>, names: &mut Vec<String>) -> Result<(Array2<f32>, Vec<usize>)> {
        if let Self::Keep { columns, of, .. } = self {
            debug_assert_eq!(*of, values.ncols());
            *names = columns.iter().map(|column| std::mem::take(&mut names[*column])).collect();
            return Ok((keep(values, columns), vec![0; columns.len()]));
        }
        if matches!(self, Self::Total { .. } | Self::Log1p | Self::Sqrt) {
            self.refuse_negative(&values, names)?;
        }
        let (values, bounded) = each_row(values, &self.row_map());
        self.check_finite(&values, names)?;
        Ok((values, bounded))
    }

    /// Says how many values were pulled into bounds, if any, and in which columns most; from the values of each.
    pub(super) fn pulled_in(&self, names: &[String], bounded: &[usize]) -> Option<String> {
        let lie = match bounded.iter().sum::<usize>() {
            0 => return None,
            1 => "1 value lies beyond the bounds and was".to_owned(),
            all => format!("{all} values lie beyond the bounds and were"),
        };
        Some(format!("{}: {lie} pulled in: {}", self.name(), leading(names.iter().zip(bounded.iter().copied()))))
    }

    /// Undoes the step on the given columns of what it gives.
    ///
    /// # Errors
    /// If the step loses what it would need.
    pub(super) fn invert(&self, values: Array2<f32>, columns: &[usize]) -> Result<Array2<f32>> {
        let map: RowMap<'_> = match self {
            Self::Total { .. } => {
                return Err(PrepareError::CannotUndo {
                    step: "normalize_total",
                    why: "the totals of the rows are not kept",
                }
                .into());
            }
            Self::L2Rows => {
                return Err(
                    PrepareError::CannotUndo { step: "l2_rows", why: "the lengths of the rows are not kept" }.into()
                );
            }
            Self::Keep { .. } | Self::Clip { .. } => return Ok(values),
            Self::Log1p => plain(|value| f64::from(value).exp_m1()),
            Self::Sqrt => plain(|value| f64::from(value.max(0.0)).powi(2)),
            Self::Arcsinh { cofactor } => plain(move |value| f64::from(value).sinh() * cofactor),
            Self::Affine { center, scale, .. } => Box::new(move |row, _| {
                for (at, value) in row.iter_mut().enumerate() {
                    *value = single(f64::from(*value) * each(scale, columns[at]) + each(center, columns[at]));
                }
            }),
        };
        Ok(each_row(values, &map).0)
    }

    /// What the step does, as a sentence's part.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Total { target } => format!("normalize_total: each row is scaled to a total of {target}"),
            Self::Log1p => "log1p: the natural logarithm of 1 + x".to_owned(),
            Self::Sqrt => "sqrt: the square root".to_owned(),
            Self::Arcsinh { cofactor } => format!("arcsinh: of x / {cofactor}"),
            Self::Keep { step, columns, of } => format!("{step}: {} of {of} features are kept", columns.len()),
            Self::Affine { step, bounds, .. } => {
                let what = match step.as_str() {
                    "standardize" => ": mean 0 and standard deviation 1",
                    "robust" => ": median 0 and range between the quantiles 1",
                    _ => "",
                };
                let within = bounds.map_or(String::new(), |(low, high)| match what {
                    "" => format!(": within {low} and {high}"),
                    _ => format!(", within {low} and {high}"),
                });
                format!("{step}{what}{within}")
            }
            Self::Clip { .. } => "quantile_clip: values beyond the quantiles are pulled in".to_owned(),
            Self::L2Rows => "l2_rows: each row is divided by its length".to_owned(),
        }
    }

    fn row_map(&self) -> RowMap<'_> {
        match self {
            Self::Total { target } => Box::new(move |row, _| {
                let total: f64 = row.iter().map(|value| f64::from(*value)).sum();
                if total > 0.0 {
                    let factor = target / total;
                    for value in row.iter_mut().filter(|value| **value != 0.0) {
                        *value = single(f64::from(*value) * factor);
                    }
                }
            }),
            Self::Log1p => plain(|value| if value == 0.0 { 0.0 } else { f64::from(value).ln_1p() }),
            Self::Sqrt => plain(|value| f64::from(value).sqrt()),
            Self::Arcsinh { cofactor } => plain(move |value| (f64::from(value) / cofactor).asinh()),
            Self::Affine { center, scale, bounds, .. } => Box::new(move |row, bounded| {
                for (at, (value, bounded)) in row.iter_mut().zip(bounded).enumerate() {
                    let moved = (f64::from(*value) - each(center, at)) / each(scale, at);
                    let inside = match bounds {
                        Some((low, high)) => moved.clamp(*low, *high),
                        None => moved,
                    };
                    // A rounding error beyond the bound is no value beyond it.
                    *bounded += usize::from((inside - moved).abs() > 1e-6 * moved.abs());
                    *value = single(inside);
                }
            }),
            Self::Clip { low, high } => Box::new(move |row, bounded| {
                for (((value, bounded), low), high) in row.iter_mut().zip(bounded).zip(low).zip(high) {
                    let inside = value.clamp(*low, *high);
                    *bounded += usize::from(inside != *value);
                    *value = inside;
                }
            }),
            Self::L2Rows => Box::new(|row, _| {
                let length = row.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
                if length > 0.0 {
                    for value in row.iter_mut() {
                        *value = single(f64::from(*value) / length);
                    }
                }
            }),
            Self::Keep { .. } => Box::new(|_, _| {}),
        }
    }

    fn refuse_negative(&self, values: &Array2<f32>, names: &[String]) -> Result<()> {
        match find(values, |value| value < 0.0) {
            None => Ok(()),
            Some((row, column, value)) => {
                Err(PrepareError::Negative { step: self.name(), column: clipped(&names[column]), row: row + 1, value }
                    .into())
            }
        }
    }

    fn check_finite(&self, values: &Array2<f32>, names: &[String]) -> Result<()> {
        match find(values, |value| !value.is_finite()) {
            None => Ok(()),
            Some((row, column, value)) => {
                Err(PrepareError::NotFinite { step: self.name(), column: clipped(&names[column]), row: row + 1, value }
                    .into())
            }
        }
    }
}

/// The columns with the most values, and how many each has, in words; the first of those that have as many come first.
pub(super) fn leading<'a>(columns: impl Iterator<Item = (&'a String, usize)>) -> String {
    const NAMED: usize = 3;
    let mut columns: Vec<(&String, usize)> = columns.filter(|(_, values)| *values > 0).collect();
    columns.sort_by_key(|(_, values)| std::cmp::Reverse(*values));
    let named = columns.iter().take(NAMED).map(|(name, values)| format!("`{}` ({values})", clipped(name)));
    let named = named.collect::<Vec<_>>().join(", ");
    match columns.len().saturating_sub(NAMED) {
        0 => named,
        1 => format!("{named} and 1 more column"),
        more => format!("{named} and {more} more columns"),
    }
}

/// The first value, row after row, for which `is` holds: its row, column and itself.
pub(super) fn find(values: &Array2<f32>, is: impl Fn(f32) -> bool + Sync) -> Option<(usize, usize, f32)> {
    let width = values.ncols().max(1);
    let flat = values.as_slice().expect("matrices are kept row after row");
    // Looked at in pieces so that a plain loop can be vectorized; the first piece in order answers.
    let piece = (1 << 16) / width * width + width;
    let found = flat.par_chunks(piece).enumerate().find_first(|(_, values)| values.iter().any(|value| is(*value)));
    let (at, values) = found?;
    let inside = values.iter().position(|value| is(*value))?;
    let position = at * piece + inside;
    Some((position / width, position % width, values[inside]))
}

/// The given columns, in ascending order, in place.
pub(super) fn keep(values: Array2<f32>, columns: &[usize]) -> Array2<f32> {
    let (rows, width) = values.dim();
    let kept = columns.len();
    let (mut flat, _) = values.into_raw_vec_and_offset();
    for row in 0..rows {
        for (to, from) in columns.iter().enumerate() {
            flat[row * kept + to] = flat[row * width + from];
        }
    }
    flat.truncate(rows * kept);
    flat.shrink_to_fit();
    Array2::from_shape_vec((rows, kept), flat).expect("rows × kept columns were kept")
}

/// Changes every row; returns how many values of each column were pulled into bounds.
fn each_row(mut values: Array2<f32>, map: &RowMap<'_>) -> (Array2<f32>, Vec<usize>) {
    const ROWS: usize = 64;
    let width = values.ncols();
    if width == 0 {
        return (values, Vec::new());
    }
    let none = || vec![0; width];
    let flat = values.as_slice_mut().expect("matrices are kept row after row");
    let counted = flat.par_chunks_mut(ROWS * width).fold(none, |mut bounded, rows| {
        rows.chunks_exact_mut(width).for_each(|row| map(row, &mut bounded));
        bounded
    });
    let bounded = counted.reduce(none, |mut some, others| {
        some.iter_mut().zip(others).for_each(|(count, more)| *count += more);
        some
    });
    (values, bounded)
}

fn plain<'a>(map: impl Fn(f32) -> f64 + Sync + 'a) -> RowMap<'a> {
    Box::new(move |row, _| {
        for value in row.iter_mut() {
            *value = single(map(*value));
        }
    })
}

/// One figure per column, or one for all.
fn each(figures: &[f64], column: usize) -> f64 {
    if figures.len() == 1 { figures[0] } else { figures[column] }
}

#[expect(clippy::cast_possible_truncation, reason = "matrices are single precision")]
fn single(value: f64) -> f32 {
    value as f32
}

fn named(step: &str) -> &'static str {
    super::step::Step::NAMES.into_iter().find(|name| *name == step).unwrap_or("step")
}
