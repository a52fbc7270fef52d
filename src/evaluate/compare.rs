//! Several spaces of the same rows, compared in one pass over the rows.

use std::ops::Range;

use ndarray::{ArrayView2, s};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evaluate::EvaluateError;
use crate::evaluate::Options;
use crate::evaluate::Rows;
use crate::evaluate::classes::Classes;
use crate::evaluate::classes::kept_neighbors;
use crate::evaluate::correlation;
use crate::evaluate::distance::FromRow;
use crate::evaluate::distance::Looks;
use crate::evaluate::distance::Points;
use crate::evaluate::ranks;
use crate::evaluate::rows::draw;
use crate::event::Event;
use crate::event::Observer;
use crate::seed::Seed;
use crate::seed::Stream;

/// A name for messages, and a row of numbers per sample.
#[derive(Debug, Clone, Copy)]
pub struct Space<'a> {
    /// What the rows are: `prepared`, `codes`, `embedding`, …
    pub name: &'a str,
    /// `n × d`, finite.
    pub points: ArrayView2<'a, f32>,
}

/// Two of the spaces given, by place: what a step made of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The space before the step.
    pub before: usize,
    /// The space after it; the same as `before` to rate a space by its labels alone.
    pub after: usize,
}

/// How faithful a space is to the one before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measures {
    /// Whether neighbors after were near before: 1 is perfect, about 0.5 is chance.
    pub trustworthiness: f64,
    /// Whether neighbors before are near after: 1 is perfect, about 0.5 is chance.
    pub continuity: f64,
    /// The share of the nearest neighbors before that are nearest neighbors after.
    pub knn_recall: f64,
    /// How often most of a row's labelled nearest neighbors after share its label, over rows with a label.
    pub label_agreement: Option<f64>,
    /// The share of the rows with a label that are of the largest class: the agreement that chance alone can give.
    #[serde(default)]
    pub largest_class: Option<f64>,
    /// The share of neighboring classes (by class means) before that are neighboring classes after.
    pub class_neighbor_preservation: Option<f64>,
    /// Spearman's correlation of the distances before and after between all pairs of up to 1,000 rows.
    pub distance_correlation: Option<f64>,
    /// The mean silhouette of the labels after: 1 is far apart, 0 overlapping, below 0 mixed up.
    pub silhouette: Option<f64>,
    /// How many neighbors were looked at.
    pub neighbors: usize,
    /// How many rows were compared with each other.
    pub rows: usize,
    /// How many rows there are.
    pub total_rows: usize,
    /// Whether the rows compared are a seeded sample.
    pub sampled: bool,
}

/// Rows that are looked at together: their products with all rows are one matrix product.
const BLOCK_ROWS: usize = 64;
/// Blocks between two words to the observer.
const BLOCKS_AT_ONCE: usize = 16;

/// How faithful `low` is to `high`: [`compare`] for one pair.
///
/// # Errors
/// As [`compare`].
pub fn faithfulness<'a>(
    high: Space<'a>,
    low: Space<'a>,
    labels: Option<&[Option<u32>]>,
    options: &Options,
    seed: Seed,
    observer: &mut Observer,
) -> Result<Measures, EvaluateError> {
    let mut measures = compare(&[high, low], &[Pair { before: 0, after: 1 }], labels, options, seed, observer)?;
    Ok(measures.remove(0))
}

/// How faithful `after` is to `before` for each of `pairs`, every space looked at once.
///
/// Exact on all rows up to [`Options::sample`], and exact on a seeded sample above. Ranks are those of
/// `f64` distances with ties going to the lower row number; the thread count changes no bit. Memory is
/// one scaled copy of each space's compared rows, plus some megabytes per thread.
///
/// `labels` has an entry per row; `None` where it is missing.
///
/// # Errors
/// If the spaces differ in their number of rows, there are fewer than 3, a number is not finite, or the
/// observer asks to stop.
///
/// # Panics
/// If a pair names a space that was not given, or `labels` has another length.
pub fn compare(
    spaces: &[Space],
    pairs: &[Pair],
    labels: Option<&[Option<u32>]>,
    options: &Options,
    seed: Seed,
    observer: &mut Observer,
) -> Result<Vec<Measures>, EvaluateError> {
    check(spaces)?;
    let total = spaces[0].points.nrows();
    let rows = Rows::choose(total, options, seed);
    let neighbors = ranks::neighborhood(rows.len(), options.neighbors);
    if neighbors == 0 {
        return Err(EvaluateError::TooFewRows { rows: rows.len() });
    }
    let points: Vec<Points> = spaces.iter().map(|space| Points::new(rows.of(space.points))).collect();
    let classes = labels.map(|labels| {
        assert_eq!(labels.len(), total, "a label per row");
        Classes::new(&rows.pick(labels))
    });
    let pass = Pass { points: &points, pairs, classes: classes.as_ref(), neighbors };
    let sums = pass.over_all_rows(observer)?;

    let few = draw(rows.len(), correlation::ROWS.min(rows.len()), &mut seed.keyed(Stream::Evaluation, 1, 0));
    let distances: Vec<Vec<f64>> =
        points.iter().map(|points| correlation::distance_ranks(points.view(), &few)).collect();
    let neighboring: Vec<Option<Vec<Vec<usize>>>> =
        points.iter().map(|points| classes.as_ref()?.nearest_classes(points.view())).collect();
    let measure = |(place, pair): (usize, &Pair)| {
        let count = rows.len() as f64;
        let largest = count * ranks::largest_penalty(rows.len(), neighbors);
        let labelled = classes.as_ref().map_or(0, Classes::labelled_rows);
        let mean = |sum: f64| sum / labelled as f64;
        Measures {
            trustworthiness: 1.0 - sums.intruders[place] as f64 / largest,
            continuity: 1.0 - sums.leavers[place] as f64 / largest,
            knn_recall: sums.kept[place] as f64 / (count * neighbors as f64),
            label_agreement: (labelled >= 2).then(|| mean(sums.agreeing[pair.after] as f64)),
            largest_class: classes.as_ref().and_then(Classes::largest_share),
            class_neighbor_preservation: neighboring[pair.before]
                .as_ref()
                .zip(neighboring[pair.after].as_ref())
                .map(|(before, after)| kept_neighbors(before, after)),
            distance_correlation: correlation::correlation(&distances[pair.before], &distances[pair.after]),
            silhouette: classes
                .as_ref()
                .is_some_and(Classes::have_silhouettes)
                .then(|| mean(sums.silhouettes[pair.after])),
            neighbors,
            rows: rows.len(),
            total_rows: total,
            sampled: rows.is_sample(),
        }
    };
    Ok(pairs.iter().enumerate().map(measure).collect())
}

/// Checks that all spaces hold the same, finite rows.
pub(super) fn check(spaces: &[Space]) -> Result<(), EvaluateError> {
    let first = &spaces[0];
    for space in spaces {
        if space.points.nrows() != first.points.nrows() {
            return Err(EvaluateError::RowsDiffer {
                before: first.name.to_owned(),
                before_rows: first.points.nrows(),
                after: space.name.to_owned(),
                after_rows: space.points.nrows(),
            });
        }
        if let Some(((row, column), value)) = space.points.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(EvaluateError::NotFinite { space: space.name.to_owned(), row, column, value: *value });
        }
    }
    Ok(())
}

/// One pass over the rows.
struct Pass<'p, 'a> {
    points: &'p [Points<'a>],
    pairs: &'p [Pair],
    classes: Option<&'p Classes>,
    neighbors: usize,
}

/// What a pass adds up: per pair, and per space.
#[derive(Clone)]
struct Sums {
    intruders: Vec<u64>,
    leavers: Vec<u64>,
    kept: Vec<u64>,
    agreeing: Vec<u64>,
    silhouettes: Vec<f64>,
}

impl Sums {
    fn zero(pairs: usize, spaces: usize) -> Self {
        let pairs = vec![0; pairs];
        Self {
            intruders: pairs.clone(),
            leavers: pairs.clone(),
            kept: pairs,
            agreeing: vec![0; spaces],
            silhouettes: vec![0.0; spaces],
        }
    }

    fn add(&mut self, other: &Self) {
        let counts = [
            (&mut self.intruders, &other.intruders),
            (&mut self.leavers, &other.leavers),
            (&mut self.kept, &other.kept),
            (&mut self.agreeing, &other.agreeing),
        ];
        for (sums, others) in counts {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
        self.silhouettes.iter_mut().zip(&other.silhouettes).for_each(|(sum, other)| *sum += other);
    }
}

/// What one thread works in, made once and used for many blocks.
struct Workspace {
    looks: Vec<Looks>,
    from: Vec<FromRow>,
}

impl Pass<'_, '_> {
    fn over_all_rows(&self, observer: &mut Observer) -> Result<Sums, EvaluateError> {
        let rows = self.points[0].rows();
        let starts: Vec<usize> = (0..rows).step_by(BLOCK_ROWS).collect();
        let mut sums = Sums::zero(self.pairs.len(), self.points.len());
        for starts in starts.chunks(BLOCKS_AT_ONCE) {
            let parts: Vec<Sums> = starts
                .par_iter()
                .map_init(
                    || self.workspace(),
                    |workspace, start| self.block(*start..(start + BLOCK_ROWS).min(rows), workspace),
                )
                .collect();
            for part in &parts {
                sums.add(part);
            }
            let done = (starts[starts.len() - 1] + BLOCK_ROWS).min(rows) as u64;
            if observer(Event::Advanced { done, total: rows as u64 }).is_break() {
                return Err(EvaluateError::Stopped);
            }
        }
        Ok(sums)
    }

    fn workspace(&self) -> Workspace {
        Workspace {
            looks: self.points.iter().map(|points| points.looks(BLOCK_ROWS)).collect(),
            from: self.points.iter().map(|points| FromRow::new(points.rows())).collect(),
        }
    }

    fn block(&self, block: Range<usize>, workspace: &mut Workspace) -> Sums {
        let mut sums = Sums::zero(self.pairs.len(), self.points.len());
        for (points, looks) in self.points.iter().zip(&mut workspace.looks) {
            points.look(points.view().slice(s![block.clone(), ..]), looks);
        }
        for (place, row) in block.enumerate() {
            let mut nearest = Vec::with_capacity(self.points.len());
            for (space, (points, from)) in self.points.iter().zip(&mut workspace.from).enumerate() {
                from.aim(points, points.view().row(row), Some(row), &workspace.looks[space], place);
                nearest.push(from.nearest(points, self.neighbors, None));
                self.add_labels(space, row, from, &nearest[space], &mut sums);
            }
            self.add_ranks(&nearest, &mut workspace.from, &mut sums);
        }
        sums
    }

    fn add_labels(&self, space: usize, row: usize, from: &mut FromRow, nearest: &[u32], sums: &mut Sums) {
        let Some(classes) = self.classes.filter(|_| self.pairs.iter().any(|pair| pair.after == space)) else { return };
        let points = &self.points[space];
        let agrees = match classes.admitted() {
            None => classes.agrees(row, nearest),
            Some(labelled) if labelled[row] => {
                classes.agrees(row, &from.nearest(points, self.neighbors, Some(labelled)))
            }
            Some(_) => None,
        };
        sums.agreeing[space] += u64::from(agrees == Some(true));
        if classes.have_silhouettes() {
            sums.silhouettes[space] += classes.silhouette(from, points, row).unwrap_or(0.0);
        }
    }

    fn add_ranks(&self, nearest: &[Vec<u32>], from: &mut [FromRow], sums: &mut Sums) {
        for (place, pair) in self.pairs.iter().enumerate() {
            let (before, after) = (&nearest[pair.before], &nearest[pair.after]);
            let intruders = ranks::without(after, before);
            let leavers = ranks::without(before, after);
            sums.kept[place] += (after.len() - intruders.len()) as u64;
            let ranked = from[pair.before].ranks(&self.points[pair.before], &intruders);
            sums.intruders[place] += ranks::penalty(&ranked, self.neighbors);
            let ranked = from[pair.after].ranks(&self.points[pair.after], &leavers);
            sums.leavers[place] += ranks::penalty(&ranked, self.neighbors);
        }
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
