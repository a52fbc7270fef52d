//! Preparation: an ordered list of steps, fitted on the training rows, applied to any rows.
//!
//! What is missing is filled first and levels become columns of 0 and 1; then the named steps act
//! on the columns of numbers, in order and in place. The fitted [`Preparation`] knows all it needs
//! to do the same to new rows, and to undo it where mathematics allows.

mod defaults;
mod error;
mod fit;
mod fitted;
mod guard;
mod levels;
mod loess;
mod select;
mod statistics;
mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ndarray::Array2;
use ndarray::ArrayView2;
use ndarray::s;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::error::Result;
use crate::event::Observer;
use crate::table::Frame;
use crate::table::Missing;
use crate::table::clipped;

pub use defaults::DefaultSteps;
pub use error::PrepareError;
pub use fitted::Fitted;
pub use guard::guard;
pub use levels::{Levels, MissingLevel, Unseen};
pub use step::{
    Arcsinh, Filter, NormalizeTotal, Over, PoolRare, QuantileClip, Robust, Standardize, Step, TopVariable, UnitRange,
    Variability,
};

/// A fitted preparation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preparation {
    /// The columns of numbers that come in.
    inputs: Vec<String>,
    /// What a missing number becomes, per column; `None` refuses it.
    fill: Option<Vec<f32>>,
    /// The columns of levels that come in.
    levels: Vec<Levels>,
    /// The steps on numbers.
    steps: Vec<Fitted>,
    /// The columns that come out.
    features: Vec<String>,
    /// Inputs that do not come out and had one value in all training rows: their positions, ascending, and the values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    constants: Vec<(usize, f32)>,
    /// Where missing numbers are refused or become something else: the medians of the training rows, with which they can
    /// be filled if the user says so later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    medians: Option<Vec<f32>>,
}

/// What was done to rows so that they fit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Applied {
    /// Missing numbers that were filled in.
    pub filled: usize,
    /// How many values of each column were pulled into the range of the training rows or the clip, where any were.
    pub bounded: BTreeMap<String, usize>,
    /// Columns with levels that no training row had.
    pub unseen_levels: Vec<Unseen>,
}

impl Applied {
    /// The columns of which the most values were pulled in, and how many of each, in words.
    #[must_use]
    pub fn bounded_most(&self) -> String {
        fitted::leading(self.bounded.iter().map(|(name, values)| (name, *values)))
    }

    /// Adds what was done to further rows of the same table.
    pub fn add(&mut self, more: &Self) {
        self.filled += more.filled;
        for (column, values) in &more.bounded {
            *self.bounded.entry(column.clone()).or_default() += values;
        }
        for unseen in &more.unseen_levels {
            match self.unseen_levels.iter_mut().find(|known| known.column == unseen.column) {
                Some(known) => {
                    known.rows += unseen.rows;
                    known.levels.extend(unseen.levels.iter().cloned());
                }
                None => self.unseen_levels.push(unseen.clone()),
            }
        }
    }
}

impl Preparation {
    /// Fits `steps` on the `training` rows of `frame` and applies them to all rows.
    ///
    /// Gives the preparation and the prepared matrix: rows × [`Preparation::features`], finite.
    ///
    /// # Errors
    /// If values are missing against the policy, lie outside what a step takes, or no feature is
    /// left; if the observer asks to stop.
    ///
    /// # Panics
    /// If a training row lies outside of the frame, or there is none.
    pub fn fit(
        steps: &[Step],
        missing: &Missing,
        frame: Frame,
        training: &[usize],
        observer: &mut Observer<'_>,
    ) -> Result<(Self, Array2<f32>)> {
        fit::fit(steps, missing, frame, training, observer)
    }

    /// Prepares rows that have exactly the columns of the preparation (see [`Frame::aligned_to`]).
    ///
    /// # Errors
    /// If columns differ, values are missing against the policy, or lie outside what a step takes.
    pub fn apply(&self, frame: Frame) -> Result<Array2<f32>> {
        self.apply_counting(frame).map(|(values, _)| values)
    }

    /// As [`Preparation::apply`], and counts what had to be changed.
    ///
    /// # Errors
    /// As [`Preparation::apply`].
    pub fn apply_counting(&self, frame: Frame) -> Result<(Array2<f32>, Applied)> {
        self.check_columns(&frame)?;
        // a copy only where rows do not lie one after the other
        let mut values = if frame.values.is_standard_layout() {
            frame.values
        } else {
            frame.values.as_standard_layout().into_owned()
        };
        let mut names = frame.features;
        let mut applied =
            Applied { filled: fit::fill(&mut values, self.fill.as_deref(), &names)?, ..Applied::default() };
        for step in &self.steps {
            let bounded;
            (values, bounded) = step.apply(values, &mut names)?;
            for (name, values) in names.iter().zip(bounded).filter(|(_, values)| *values > 0) {
                *applied.bounded.entry(name.clone()).or_default() += values;
            }
        }
        let (values, unseen) = fit::append_levels(values, &self.levels, &frame.categories)?;
        applied.unseen_levels = unseen;
        Ok((values, applied))
    }

    /// Undoes every step: numbers in the units of the table, levels by the greatest value.
    ///
    /// Features that a step left out stay out ([`Preparation::left_out`]), but for those that had one value in
    /// all training rows: they come back with it. Values that were pulled into bounds stay there.
    ///
    /// # Errors
    /// If a step cannot be undone, naming it; see [`Preparation::invert_as_far_as_possible`].
    pub fn invert(&self, prepared: ArrayView2<'_, f32>) -> Result<Frame> {
        let (frame, stopped) = self.undo(prepared)?;
        match stopped {
            None => Ok(frame),
            Some(error) => Err(error),
        }
    }

    /// As [`Preparation::invert`], but passes by steps that cannot be undone.
    ///
    /// The sentences say what was passed by and what the numbers therefore are.
    ///
    /// # Errors
    /// None on numbers this preparation made.
    pub fn invert_as_far_as_possible(&self, prepared: ArrayView2<'_, f32>) -> Result<(Frame, Vec<String>)> {
        let (frame, stopped) = self.undo(prepared)?;
        let mut sentences: Vec<String> = Vec::new();
        if stopped.is_some() {
            for step in &self.steps {
                match step {
                    Fitted::Total { target } => {
                        sentences.push(format!("rows are scaled to a total of {target} as by `normalize_total`"))
                    }
                    Fitted::L2Rows => sentences.push("rows have length 1 as by `l2_rows`".to_owned()),
                    _ => {}
                }
            }
        }
        let left_out = self.inputs.len() - frame.features.len();
        if left_out > 0 {
            sentences.push(format!("{left_out} features were left out by the preparation and are not given back"));
        }
        Ok((frame, sentences))
    }

    /// Whether the parts fit each other: a preparation that was fitted does, one from a file may not.
    ///
    /// # Errors
    /// What does not fit, in a few words.
    pub fn check(&self) -> std::result::Result<(), String> {
        let mut width = self.inputs.len();
        if [&self.fill, &self.medians].into_iter().flatten().any(|fill| fill.len() != width) {
            return Err(format!("its fillings are not of {width} columns"));
        }
        for step in &self.steps {
            width = step.width_after(width)?;
        }
        if let Some(levels) = self.levels.iter().find(|levels| !levels.is_consistent()) {
            return Err(format!("the levels of `{}` do not fit each other", clipped(&levels.name)));
        }
        let kept: std::collections::HashSet<usize> = self.kept_inputs().into_iter().collect();
        let known =
            |(place, value): &(usize, f32)| *place < self.inputs.len() && !kept.contains(place) && value.is_finite();
        if !self.constants.iter().all(known) || !self.constants.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return Err("its constant columns are not among those left out".to_owned());
        }
        let all = self.levels.iter().fold(width, |width, levels| width.saturating_add(levels.width()));
        if all != self.features.len() {
            return Err(format!("its preparation gives {all} columns and names {}", self.features.len()));
        }
        let mut names = std::collections::HashSet::new();
        let mut all_names = self.inputs.iter().chain(self.levels.iter().map(|levels| &levels.name));
        match all_names.find(|name| !names.insert(*name)) {
            Some(name) => Err(format!("it names the column `{}` twice", clipped(name))),
            None => Ok(()),
        }
    }

    /// The columns of numbers that come in.
    #[must_use]
    pub fn input_features(&self) -> &[String] {
        &self.inputs
    }

    /// The columns of levels that come in.
    #[must_use]
    pub fn input_categories(&self) -> Vec<String> {
        self.levels.iter().map(|levels| levels.name.clone()).collect()
    }

    /// What a missing number becomes, per column; `None` refuses it.
    #[must_use]
    pub fn fill(&self) -> Option<&[f32]> {
        self.fill.as_deref()
    }

    /// The same preparation, filling missing numbers with the medians of the training rows; `None` where it does not
    /// know them.
    #[must_use]
    pub fn filling_medians(&self) -> Option<Self> {
        Some(Self { fill: Some(self.medians.clone()?), medians: None, ..self.clone() })
    }

    /// The columns of levels that come in, with their levels.
    #[must_use]
    pub fn levels(&self) -> &[Levels] {
        &self.levels
    }

    /// The fitted steps on numbers, in order.
    #[must_use]
    pub fn steps(&self) -> &[Fitted] {
        &self.steps
    }

    /// The columns that come out; a level's column is called `column=level`.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// The columns of numbers that came in and that [`Preparation::invert`] does not give back, in order.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let constants = self.constants.iter().map(|(place, _)| *place);
        let kept: std::collections::HashSet<usize> = self.kept_inputs().into_iter().chain(constants).collect();
        (0..self.inputs.len())
            .filter(|column| !kept.contains(column))
            .map(|column| self.inputs[column].clone())
            .collect()
    }

    /// Whether every step can be undone.
    #[must_use]
    pub fn is_invertible(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step, Fitted::Total { .. } | Fitted::L2Rows))
    }

    /// What the preparation does, a sentence per step.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.fill.is_some() {
            sentences.push("missing numbers are filled in".to_owned());
        }
        for levels in &self.levels {
            let pooled = match levels.pooled.len() {
                0 => String::new(),
                count => format!(", {count} rare ones pooled"),
            };
            sentences.push(format!(
                "`{}` becomes {} columns of 0 and 1{pooled}",
                clipped(&levels.name),
                levels.width()
            ));
        }
        sentences.extend(self.steps.iter().map(Fitted::describe));
        sentences
    }

    fn check_columns(&self, frame: &Frame) -> Result<()> {
        let here = frame.features.iter().chain(frame.categories.iter().map(|category| &category.name));
        let known = self.inputs.iter().chain(self.levels.iter().map(|levels| &levels.name));
        let columns: Vec<String> =
            known.clone().zip(here).filter(|(known, here)| known != here).map(|(known, _)| known.clone()).collect();
        let same_count = frame.features.len() == self.inputs.len() && frame.categories.len() == self.levels.len();
        if same_count && columns.is_empty() {
            return Ok(());
        }
        let columns = if columns.is_empty() { known.take(1).cloned().collect() } else { columns };
        Err(PrepareError::OtherColumns { columns }.into())
    }

    /// The positions, among the inputs, of the columns of numbers that come out.
    #[must_use]
    pub fn kept_inputs(&self) -> Vec<usize> {
        let mut kept: Vec<usize> = (0..self.inputs.len()).collect();
        for step in &self.steps {
            if let Fitted::Keep { columns, .. } = step {
                kept = columns.iter().map(|column| kept[*column]).collect();
            }
        }
        kept
    }

    /// Undoes what can be undone; the first step that cannot is given back as its error.
    fn undo(&self, prepared: ArrayView2<'_, f32>) -> Result<(Frame, Option<Error>)> {
        assert_eq!(prepared.ncols(), self.features.len(), "prepared values have a column per feature");
        let kept = self.kept_inputs();
        let numbers = kept.len();
        let mut values = prepared.slice(s![.., ..numbers]).as_standard_layout().into_owned();
        let mut columns: Vec<usize> = (0..numbers).collect();
        let mut stopped = None;
        for step in self.steps.iter().rev() {
            if let Fitted::Keep { columns: chosen, .. } = step {
                columns = columns.iter().map(|column| chosen[*column]).collect();
            } else if matches!(step, Fitted::Total { .. } | Fitted::L2Rows) {
                let error = step.invert(Array2::zeros((0, 0)), &columns).err();
                stopped = stopped.or(error);
            } else {
                values = step.invert(values, &columns)?;
            }
        }
        let mut first = numbers;
        let mut categories = Vec::with_capacity(self.levels.len());
        for levels in &self.levels {
            categories.push(levels.decode(prepared.slice(s![.., first..first + levels.width()])));
            first += levels.width();
        }
        let (places, values) = self.with_constants(kept, values);
        let features = places.into_iter().map(|column| self.inputs[column].clone()).collect();
        Ok((Frame { features, values, categories }, stopped))
    }

    /// The constant columns among the kept ones, in the order of the inputs.
    fn with_constants(&self, kept: Vec<usize>, values: Array2<f32>) -> (Vec<usize>, Array2<f32>) {
        if self.constants.is_empty() {
            return (kept, values);
        }
        let mut places: Vec<usize> =
            kept.iter().copied().chain(self.constants.iter().map(|(place, _)| *place)).collect();
        places.sort_unstable();
        let mut whole = Array2::zeros((values.nrows(), places.len()));
        let at = |place: usize| places.partition_point(|other| *other < place);
        for (column, place) in kept.iter().enumerate() {
            whole.column_mut(at(*place)).assign(&values.column(column));
        }
        for (place, value) in &self.constants {
            whole.column_mut(at(*place)).fill(*value);
        }
        (places, whole)
    }
}
