//! Fitting: from the steps a pipeline names to a [`Preparation`].

use std::ops::ControlFlow;

use ndarray::Array2;

use crate::error::Error;
use crate::error::Result;
use crate::event::Event;
use crate::event::Observer;
use crate::prepare::Preparation;
use crate::prepare::error::PrepareError;
use crate::prepare::fitted::Fitted;
use crate::prepare::fitted::find;
use crate::prepare::levels::Levels;
use crate::prepare::levels::Unseen;
use crate::prepare::select;
use crate::prepare::statistics;
use crate::prepare::statistics::count_of;
use crate::prepare::step::Over;
use crate::prepare::step::Step;
use crate::table::Category;
use crate::table::Frame;
use crate::table::Missing;
use crate::table::NumericMissing;
use crate::table::clipped;

/// See [`Preparation::fit`].
pub(super) fn fit(
    steps: &[Step],
    missing: &Missing,
    frame: Frame,
    training: &[usize],
    observer: &mut Observer<'_>,
) -> Result<(Preparation, Array2<f32>)> {
    assert!(!training.is_empty(), "there are rows to train on");
    let Frame { features: inputs, values, categories } = frame;
    let mut values = if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() };
    let fills = fills(missing.numeric, &values, training)?;
    let medians = match missing.numeric {
        NumericMissing::Median => None,
        _ => self::fills(NumericMissing::Median, &values, training)?,
    };
    fill(&mut values, fills.as_deref(), &inputs)?;
    let pool_below = steps.iter().find_map(|step| match step {
        Step::PoolRare(options) => Some(options.below.get()),
        _ => None,
    });
    let levels: Vec<Levels> = categories
        .iter()
        .map(|category| Levels::fit(category, training, missing.categorical, pool_below))
        .collect::<Result<_>>()?;
    let ranges = statistics::ranges(&values, training);
    let mut names = inputs.clone();
    let mut fitted = Vec::with_capacity(steps.len());
    for (position, step) in steps.iter().enumerate() {
        if let ControlFlow::Break(()) = observer(Event::Advanced { done: position as u64, total: steps.len() as u64 }) {
            return Err(Error::interrupted("stopped while preparing the table"));
        }
        let Some(step) = fit_step(step, &values, &names, training)? else { continue };
        let bounded;
        (values, bounded) = step.apply(values, &mut names)?;
        if let Some(sentence) = step.pulled_in(&names, &bounded) {
            let _ = observer(Event::Note(sentence));
        }
        if names.is_empty() && levels.is_empty() {
            return Err(PrepareError::NothingLeft { step: step.name() }.into());
        }
        fitted.push(step);
    }
    names.extend(levels.iter().flat_map(Levels::names));
    let (values, _) = append_levels(values, &levels, &categories)?;
    let mut preparation =
        Preparation { inputs, fill: fills, levels, steps: fitted, features: names, constants: Vec::new(), medians };
    let mut kept = vec![false; preparation.inputs.len()];
    preparation.kept_inputs().into_iter().for_each(|column| kept[column] = true);
    preparation.constants = ranges
        .into_iter()
        .enumerate()
        .filter(|(column, (low, high))| !kept[*column] && low == high)
        .map(|(column, (low, _))| (column, low))
        .collect();
    Ok((preparation, values))
}

/// What a missing number of each column becomes, or `None` where that is refused.
#[expect(clippy::cast_possible_truncation, reason = "matrices are single precision")]
fn fills(policy: NumericMissing, values: &Array2<f32>, training: &[usize]) -> Result<Option<Vec<f32>>> {
    // A column without a value among the training rows is filled with 0, as is all it will be.
    let or_zero = |value: Option<f64>| value.unwrap_or(0.0) as f32;
    Ok(match policy {
        NumericMissing::Refuse => None,
        NumericMissing::Mean => Some(statistics::means_of_present(values, training).into_iter().map(or_zero).collect()),
        NumericMissing::Median => {
            let medians = statistics::quantiles(values, training, &[0.5]);
            Some(medians.into_iter().map(|median| or_zero(median.map(|median| median[0]))).collect())
        }
        NumericMissing::Constant(value) => {
            if !(value as f32).is_finite() {
                return Err(PrepareError::Constant { value }.into());
            }
            Some(vec![value as f32; values.ncols()])
        }
    })
}

/// Fills in what is missing; returns how many values that were.
///
/// # Errors
/// If something is missing and there is nothing to fill it with.
pub(super) fn fill(values: &mut Array2<f32>, fills: Option<&[f32]>, names: &[String]) -> Result<usize> {
    let Some(fills) = fills else {
        return match find(values, f32::is_nan) {
            None => Ok(0),
            Some((row, column, _)) => {
                Err(PrepareError::MissingValue { column: clipped(&names[column]), row: row + 1 }.into())
            }
        };
    };
    let mut filled = 0;
    for mut row in values.rows_mut() {
        for (value, fill) in row.iter_mut().zip(fills) {
            if value.is_nan() {
                *value = *fill;
                filled += 1;
            }
        }
    }
    Ok(filled)
}

/// The matrix with the levels' columns behind it, and the columns with levels never seen before.
pub(super) fn append_levels(
    values: Array2<f32>,
    levels: &[Levels],
    categories: &[Category],
) -> Result<(Array2<f32>, Vec<Unseen>)> {
    let width: usize = levels.iter().map(Levels::width).sum();
    if width == 0 {
        return Ok((values, Vec::new()));
    }
    let (rows, numbers) = values.dim();
    let rows = if numbers == 0 { categories.first().map_or(rows, |category| category.of_row.len()) } else { rows };
    let mut all = Array2::zeros((rows, numbers + width));
    all.slice_mut(ndarray::s![.., ..numbers]).assign(&values);
    drop(values);
    let mut first = numbers;
    let mut unseen = Vec::new();
    for (levels, category) in levels.iter().zip(categories) {
        unseen.extend(levels.encode(category, &mut all, first)?);
        first += levels.width();
    }
    Ok((all, unseen))
}

/// Fits one step on the training rows; `None` for a step that leaves the numbers alone.
fn fit_step(step: &Step, values: &Array2<f32>, names: &[String], training: &[usize]) -> Result<Option<Fitted>> {
    let of = values.ncols();
    let keep = |columns: Vec<usize>| Fitted::Keep { step: step.name().to_owned(), columns, of };
    Ok(Some(match step {
        Step::NormalizeTotal(options) => Fitted::Total {
            target: options.target.map_or_else(|| median_total(values, training), |target| target.get()),
        },
        Step::Log1p => Fitted::Log1p,
        Step::Sqrt => Fitted::Sqrt,
        Step::Arcsinh(options) => Fitted::Arcsinh { cofactor: options.cofactor.get() },
        Step::TfIdf => {
            let rows = count_of(training.len());
            let nonzero = statistics::nonzero(values, training);
            let scale =
                nonzero.iter().map(|count| 1.0 / (((1.0 + rows) / (1.0 + count_of(*count))).ln() + 1.0)).collect();
            affine(step, vec![0.0], scale, None)
        }
        Step::TopVariable(options) => keep(select::top_variable(*options, values, names, training)?),
        Step::Filter(options) => {
            let nonzero = statistics::nonzero(values, training);
            keep((0..of).filter(|column| nonzero[*column] >= options.min_nonzero_rows).collect())
        }
        Step::DropConstant => {
            let ranges = statistics::ranges(values, training);
            let varying: Vec<usize> = (0..of).filter(|column| ranges[*column].0 < ranges[*column].1).collect();
            if varying.len() == of {
                return Ok(None);
            }
            keep(varying)
        }
        Step::Standardize(options) => {
            let moments = statistics::moments(values, training);
            let scale = moments.iter().map(|moments| moments.deviation(training.len()).unwrap_or(1.0)).collect();
            let center = moments.iter().map(|moments| moments.mean).collect();
            affine(step, center, scale, options.clip.map(|clip| (-clip.get(), clip.get())))
        }
        Step::Robust(options) => {
            let at = [
                options.quantile.get().min(1.0 - options.quantile.get()),
                0.5,
                options.quantile.get().max(1.0 - options.quantile.get()),
            ];
            let quantiles = statistics::quantiles(values, training, &at);
            let figures = |at: &Option<Vec<f64>>| at.as_ref().map_or((0.0, 1.0), |at| (at[1], at[2] - at[0]));
            let center = quantiles.iter().map(|quantiles| figures(quantiles).0).collect();
            let scale = quantiles
                .iter()
                .map(|quantiles| figures(quantiles).1)
                .map(|spread| if spread > 0.0 { spread } else { 1.0 })
                .collect();
            affine(step, center, scale, options.clip.map(|clip| (-clip.get(), clip.get())))
        }
        Step::UnitRange(options) => {
            let ranges = statistics::ranges(values, training);
            let ranges = match options.over {
                Over::Feature => ranges,
                Over::Table => vec![
                    ranges
                        .iter()
                        .fold((f32::INFINITY, f32::NEG_INFINITY), |all, one| (all.0.min(one.0), all.1.max(one.1))),
                ],
            };
            let width = |range: &(f32, f32)| f64::from(range.1) - f64::from(range.0);
            let scale = ranges.iter().map(|range| if width(range) > 0.0 { width(range) } else { 1.0 }).collect();
            let center =
                ranges.iter().map(|range| if range.0.is_finite() { f64::from(range.0) } else { 0.0 }).collect();
            affine(step, center, scale, Some((0.0, 1.0)))
        }
        Step::QuantileClip(options) => {
            let low = options.quantile.get().min(1.0 - options.quantile.get());
            let quantiles = statistics::quantiles(values, training, &[low, 1.0 - low]);
            #[expect(clippy::cast_possible_truncation, reason = "matrices are single precision")]
            let bound =
                |which: usize| quantiles.iter().map(|at| at.as_ref().map_or(0.0, |at| at[which] as f32)).collect();
            Fitted::Clip { low: bound(0), high: bound(1) }
        }
        Step::L2Rows => Fitted::L2Rows,
        Step::PoolRare(_) => return Ok(None),
    }))
}

fn affine(step: &Step, center: Vec<f64>, scale: Vec<f64>, bounds: Option<(f64, f64)>) -> Fitted {
    Fitted::Affine { step: step.name().to_owned(), center, scale, bounds }
}

/// The median total of the training rows that are not all zero.
fn median_total(values: &Array2<f32>, training: &[usize]) -> f64 {
    let mut totals: Vec<f64> = training
        .iter()
        .map(|row| values.row(*row).iter().map(|value| f64::from(*value)).sum())
        .filter(|total| *total > 0.0)
        .collect();
    totals.sort_unstable_by(f64::total_cmp);
    match totals.len() {
        0 => 1.0,
        odd if odd % 2 == 1 => totals[odd / 2],
        even => f64::midpoint(totals[even / 2 - 1], totals[even / 2]),
    }
}
