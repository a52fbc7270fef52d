//! A table read, split and prepared: what training, encoding and measuring start from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::Array2;

use super::meter::Meter;
use crate::error::{Error, Result, nearest};
use crate::event::{Event, Observer, Stage};
use crate::pipeline::Pipeline;
use crate::prepare::{Preparation, Step};
use crate::split::{self, Split, SplitBy};
use crate::table::{self, Account, Label, LabelValues, Layout, ROW, Table};

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

impl RowNames {
    /// Whether the names are only the numbers of the rows.
    #[must_use]
    pub fn is_numbered(&self) -> bool {
        self.id_name == ROW
    }
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
        if !colors.is_empty() {
            check_colors(&input, base, colors)?;
        }
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
        // columns that do not train can color all the same
        let (colors, others): (Vec<String>, Vec<String>) =
            colors.iter().cloned().partition(|name| has_column(&table.frame, name) || is_label(&table.labels, name));
        let mut data =
            meter.stage(Stage::Prepare, observer, |observer| Self::prepare(pipeline, table, &colors, observer))?;
        if !others.is_empty() {
            // what is to be said of the table has been said
            let mut quietly = |event: Event| match event {
                Event::Note(_) | Event::Warning(_) => std::ops::ControlFlow::Continue(()),
                event => observer(event),
            };
            data.colors.extend(self::colors(pipeline, base, &others, &mut quietly)?);
        }
        Ok(data)
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
        let features = frame.features.iter().chain(frame.categories.iter().map(|category| &category.name));
        let unused = account.unused.iter().map(|unused| &unused.name);
        check_split(pipeline, &labels.iter().map(|label| label.name.as_str()).collect::<Vec<_>>(), || {
            features.chain(unused).map(String::as_str)
        })?;
        let split = split_rows(pipeline, &labels, ids.len())?;
        if let SplitBy::Grouped(name) = &pipeline.autoencoder.training.split_by {
            let _ = observer(Event::Note(held_out_groups(&labels, name, &split)?));
        }
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

fn has_column(frame: &table::Frame, name: &str) -> bool {
    let categories = frame.categories.iter().map(|category| &category.name);
    frame.features.iter().chain(categories).any(|column| column == name)
}

fn is_label(labels: &[Label], name: &str) -> bool {
    labels.iter().any(|label| label.name == name)
}

/// Refuses the column that names the rows as one to color by.
///
/// # Errors
/// If it is among `names`, or the table cannot be read.
pub(crate) fn check_colors(input: &table::Input, base: &Path, names: &[String]) -> Result<()> {
    match table::read::id_column(input, base)? {
        Some(id) if names.contains(&id) => {
            Err(Error::request(format!("`{id}` names the rows, each of which has its own: it cannot color"))
                .hint("color by a label, a feature, `reliability`, `reconstruction_error` or `density`"))
        }
        _ => Ok(()),
    }
}

/// The raw values of some columns of a table that is not needed otherwise, by name: also of columns that do not train.
pub(super) fn colors(
    pipeline: &Pipeline,
    base: &Path,
    names: &[String],
    observer: &mut Observer<'_>,
) -> Result<BTreeMap<String, LabelValues>> {
    check_colors(&pipeline.input, base, names)?;
    let mut input = pipeline.input_read();
    let beside = table::read::beside(&input, base)?;
    let columns = table::lies(&table::Input { layout: Layout::SamplesInRows, ..input.clone() }, base, &[])?.columns;
    let (labels, features): (Vec<String>, Vec<String>) = names.iter().cloned().partition(|name| beside.contains(name));
    input.labels.extend(labels.into_iter().filter(|name| !pipeline.input.labels.contains(name)));
    // only these where all are known, so that a wide table is not read whole for one column
    let known = input.layout == Layout::SamplesInRows && features.iter().all(|name| columns.contains(name));
    input.features = table::Features { include: if known { features } else { Vec::new() }, exclude: Vec::new() };
    // texts with many levels, dates and holes do not train, but can color
    input.categorical.max_levels = usize::MAX;
    input.missing.numeric = table::NumericMissing::Median;
    input.missing.categorical = table::CategoricalMissing::OwnLevel;
    input.missing.drop_feature_above = None;
    input.times = table::Times::Number;
    let Table { frame, labels, .. } = table::read::read(&input, base, observer)?;
    names
        .iter()
        .map(|name| match labels.iter().find(|label| &label.name == name) {
            Some(label) => Ok((name.clone(), label.values.clone())),
            None => Ok((name.clone(), column(&frame, name)?)),
        })
        .collect()
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

/// Which groups are held out, in words.
fn held_out_groups(labels: &[Label], name: &str, split: &Split) -> Result<String> {
    let groups = groups(labels, name)?;
    let held_out: BTreeSet<u32> = split.validation.iter().map(|row| groups[*row]).collect();
    let all: BTreeSet<u32> = groups.into_iter().collect();
    let levels = labels.iter().find(|label| label.name == name).and_then(|label| match &label.values {
        LabelValues::Classes { levels, .. } => Some(levels),
        LabelValues::Numbers(_) => None,
    });
    let named = levels.map_or_else(String::new, |levels| {
        let name = |group: &u32| levels.get(*group as usize).map_or("(missing)", String::as_str);
        format!(": {}", table::first_few(&held_out.iter().map(name).collect::<Vec<_>>()))
    });
    let rows = split.training.len() + split.validation.len();
    Ok(format!(
        "{} of {rows} rows are held out, {} of {} groups by `{name}`{named}",
        split.validation.len(),
        held_out.len(),
        all.len()
    ))
}

/// Whether the label that `split_by` names is one.
///
/// # Errors
/// If it is not, with what to do about it: to name it in `labels`, where a column is called so, or to mend the name.
pub(crate) fn check_split<'a, I: Iterator<Item = &'a str>>(
    pipeline: &Pipeline,
    labels: &[&str],
    others: impl FnOnce() -> I,
) -> Result<()> {
    let (SplitBy::Stratified(name) | SplitBy::Grouped(name)) = &pipeline.autoencoder.training.split_by else {
        return Ok(());
    };
    if labels.contains(&name.as_str()) {
        return Ok(());
    }
    let others: Vec<&str> = others().collect();
    let add = format!("add it: `input: {{labels: [{name}]}}`");
    if others.contains(&name.as_str()) {
        return Err(Error::request(format!("`autoencoder.training.split_by` names `{name}`, which is not a label"))
            .hint(format!("{add}; then it splits and colors, and does not train")));
    }
    let error =
        Error::request(format!("`autoencoder.training.split_by` names `{name}`, but there is no column `{name}`"));
    Err(match nearest(name, labels.iter().copied().chain(others)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if pipeline.input.metadata.is_some() => error.hint(format!("if it is in the metadata, {add}")),
        None => error.hint("`reduce inspect` lists the columns; `split_by: random` splits by none"),
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
