//! A table read, split and prepared: what training, encoding and measuring start from.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;

use super::meter::Meter;
use crate::error::{Error, Result, nearest};
use crate::event::{Event, Observer, Stage};
use crate::pipeline::Pipeline;
use crate::prepare::{Preparation, Step};
use crate::split::{self, Split, SplitBy};
use crate::table::{self, Account, Label, LabelValues, Table};

/// The names and labels of the rows, in the order of the table.
#[derive(Debug, Clone)]
pub struct RowNames {
    /// What the id column is called.
    pub id_name: String,
    /// A name per row.
    pub ids: Vec<String>,
    /// What colors and scores.
    pub labels: Vec<Label>,
}

/// A prepared table.
#[derive(Debug)]
pub struct Data {
    /// Whose rows they are.
    pub rows: RowNames,
    /// What became of every column.
    pub account: Account,
    /// The steps that were fitted: the pipeline's, or those chosen for it.
    pub steps: Vec<Step>,
    /// The fitted steps.
    pub preparation: Preparation,
    /// Columns of numbers that were read.
    pub columns: usize,
    /// `n × d`: what trains.
    pub prepared: Array2<f32>,
    /// Which rows train and which are held out.
    pub split: Split,
    /// Raw values of features that color a plot, by name.
    pub colors: BTreeMap<String, LabelValues>,
}

impl Data {
    /// Reads and prepares the table of a pipeline; `colors` names the features whose raw values are wanted for plots.
    ///
    /// # Errors
    /// Whatever is wrong with the table, or does not fit the pipeline.
    pub fn load(
        pipeline: &Pipeline,
        base: &Path,
        colors: &[String],
        meter: &mut Meter,
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        let input = pipeline.input_read();
        let table = meter.stage(Stage::Read, observer, |observer| {
            let table = table::read::read(&input, base, observer)?;
            let _ = observer(Event::Note(table.account.sentence()));
            if pipeline.autoencoder.training.rows.is_some() && table.account.rows_used < table.account.rows_read {
                let sampled = "training, codes and map are of the sampled rows; `reduce encode` gives every row of the \
                               table its code";
                let _ = observer(Event::Note(sampled.to_owned()));
            }
            Ok(table)
        })?;
        meter.stage(Stage::Prepare, observer, |observer| Self::prepare(pipeline, table, colors, observer))
    }

    /// Splits and prepares a table.
    ///
    /// # Errors
    /// Whatever does not fit between table and pipeline.
    pub(super) fn prepare(
        pipeline: &Pipeline,
        table: Table,
        colors: &[String],
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        let Table { id_name, ids, frame, labels, account, .. } = table;
        let columns = frame.features.len();
        let split = split_rows(pipeline, &labels, ids.len())?;
        let elsewhere = |name: &&String| labels.iter().all(|label| &label.name != *name);
        let colors = raw_values(&frame, colors.iter().filter(elsewhere))?;
        let steps = match &pipeline.prepare {
            Some(steps) => steps.clone(),
            None => {
                let chosen = Preparation::default_steps(&frame);
                let _ = observer(Event::Note(chosen.reason));
                chosen.steps
            }
        };
        // a likelihood of counts wants them as they are, and refuses what are none
        if !pipeline.autoencoder.loss.is_for_counts() {
            for warning in crate::prepare::guard(&table::Evidence::of(&frame), &steps) {
                let _ = observer(Event::Warning(warning));
            }
        }
        let (preparation, prepared) =
            Preparation::fit(&steps, &pipeline.input.missing, frame, &split.training, observer)?;
        if let Some(((row, feature), value)) = prepared.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(Error::request(format!(
                "after `prepare`, row {} (`{}`) of feature `{}` holds {value}",
                row + 1,
                ids[row],
                preparation.features()[feature]
            ))
            .hint("look at the steps of `prepare`: a value may lie outside of what a step takes"));
        }
        let rows = RowNames { id_name, ids, labels };
        Ok(Self { rows, account, steps, preparation, columns, prepared, split, colors })
    }
}

/// The raw values of some features of a table that is not needed otherwise, by name.
pub(super) fn colors(
    pipeline: &Pipeline,
    base: &Path,
    names: &[String],
    observer: &mut Observer<'_>,
) -> Result<BTreeMap<String, LabelValues>> {
    raw_values(&table::read::read(&pipeline.input_read(), base, observer)?.frame, names)
}

fn raw_values<'a>(
    frame: &table::Frame,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<BTreeMap<String, LabelValues>> {
    names.into_iter().map(|name| Ok((name.clone(), column(frame, name)?))).collect()
}

/// The raw values of a feature as a color: numbers, or classes where it has levels.
fn column(frame: &table::Frame, name: &str) -> Result<LabelValues> {
    if let Some(at) = frame.features.iter().position(|feature| feature == name) {
        let number = |value: &f32| value.is_finite().then_some(f64::from(*value));
        return Ok(LabelValues::Numbers(frame.values.column(at).iter().map(number).collect()));
    }
    if let Some(category) = frame.categories.iter().find(|category| category.name == name) {
        return Ok(LabelValues::Classes { levels: category.levels.clone(), of_row: category.of_row.clone() });
    }
    let names =
        frame.features.iter().map(String::as_str).chain(frame.categories.iter().map(|category| category.name.as_str()));
    let error = Error::request(format!("there is no column `{name}` to color by"));
    Err(match nearest(name, names) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(
            "color by a label, a feature, `reliability`, `reconstruction_error`, `density` or a code such as `code_00`",
        ),
    })
}

/// Holds out rows as the pipeline says.
///
/// # Errors
/// If too few rows are left on a side, or the label to split by is not there.
pub fn split_rows(pipeline: &Pipeline, labels: &[Label], rows: usize) -> Result<Split> {
    let training = &pipeline.autoencoder.training;
    let fraction = training.validation.get();
    Ok(match &training.split_by {
        SplitBy::Random => split::random(rows, fraction, pipeline.seed)?,
        SplitBy::Stratified(name) => split::stratified(&groups(labels, name)?, fraction, pipeline.seed)?,
        SplitBy::Grouped(name) => split::grouped(&groups(labels, name)?, fraction, pipeline.seed)?,
    })
}

/// A number per row that is the same for equal values of a label; missing values are a group of their own.
fn groups(labels: &[Label], name: &str) -> Result<Vec<u32>> {
    let label = labels.iter().find(|label| label.name == name).ok_or_else(|| {
        Error::request(format!("`autoencoder.training.split_by` names `{name}`, which is not a label"))
            .hint(format!("add it: `input: {{labels: [{name}]}}`"))
    })?;
    Ok(match &label.values {
        LabelValues::Classes { of_row, .. } => {
            of_row.iter().map(|class| class.map_or(u32::MAX, |class| class)).collect()
        }
        LabelValues::Numbers(numbers) => {
            let mut distinct: Vec<u64> = numbers.iter().flatten().map(|number| number.to_bits()).collect();
            distinct.sort_unstable();
            distinct.dedup();
            let place = |number: &Option<f64>| match number.map(|number| distinct.binary_search(&number.to_bits())) {
                Some(Ok(place)) => u32::try_from(place).unwrap_or(u32::MAX),
                _ => u32::MAX,
            };
            numbers.iter().map(place).collect()
        }
    })
}
