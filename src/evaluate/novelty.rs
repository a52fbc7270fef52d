//! How unlike the training data new rows are.
//!
//! A model is good for data like its own only. It keeps the range of every prepared feature over the training
//! rows and the reconstruction errors of the held-out rows. A new row is flagged where its error, or the share of
//! its features outside their range, is larger than all but a small share of held-out rows showed. The limits
//! are the conformal quantiles of the held-out scores (the ⌈(m + 1)(1 - α)⌉-th of `m`), so that a further row of
//! the same kind exceeds one with probability at most α (Vovk, Gammerman & Shafer, *Algorithmic learning in a
//! random world*, 2005, section 2.2).

use ndarray::{ArrayView1, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The share of rows like the training data whose error is flagged all the same.
const ERROR_ALARMS: f64 = 0.01;
/// The same for features outside their range: smaller, so that both together stay well below 2 %.
const RANGE_ALARMS: f64 = 0.005;
/// With too few held-out rows for a quantile, the largest score seen is widened by this much.
const FEW_ROWS_MARGIN: f64 = 1.25;
/// What single precision loses of the largest value, with room: an error below its square says nothing of a row.
const ROUNDING: f64 = 1e-6;
/// A value may lie so far beyond a range by rounding, in widths of the range.
const ROUNDING_BEYOND: f32 = 1e-5;
/// The quantiles of the held-out errors that are kept to tell how far off a row is.
const QUANTILES: [f64; 7] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0];

/// What a model keeps about its training data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrainingProfile {
    /// The smallest prepared value of each feature over the training rows.
    pub lowest: Vec<f32>,
    /// The largest prepared value of each feature over the training rows.
    pub highest: Vec<f32>,
    /// Quantiles 0, 0.25, 0.5, 0.75, 0.9, 0.99 and 1 of the held-out rows' mean squared errors.
    pub error_quantiles: Vec<f32>,
    /// Rows with a larger mean squared error are flagged.
    pub error_limit: f64,
    /// Rows with a larger share of features outside their range are flagged.
    pub outside_limit: f64,
    /// How many held-out rows the limits rest on.
    pub held_out_rows: usize,
    /// The root mean square of each feature's error over the held-out rows; none in models of before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feature_errors: Vec<f32>,
}

/// How unlike the training data some rows are.
#[derive(Debug, Clone, PartialEq)]
pub struct Unlikeness {
    /// Each row's error and share outside the ranges in units of their limits, whichever is larger: above 1 is flagged.
    pub scores: Vec<f32>,
    /// Which rows are unlike the training data.
    pub flags: Vec<bool>,
    /// The share of rows flagged.
    pub share: f64,
    /// In how many rows each feature lies beyond the range of the training rows, by more than rounding does.
    pub beyond: Vec<usize>,
}

impl TrainingProfile {
    /// Beyond which limits a row is flagged, in words.
    #[must_use]
    pub fn limits(&self) -> String {
        let share = match 100.0 * self.outside_limit {
            share if share < 0.005 => "any feature".to_owned(),
            share => format!("more than {share:.2} % of the features"),
        };
        // enough digits that no row of a table seems to be beyond it and is not
        let limit = match self.error_limit {
            limit if (1e-3..1e5).contains(&limit) => format!("{limit:.6}"),
            limit => format!("{limit:.4e}"),
        };
        format!("an error above {limit}, or {share} beyond those of the training rows")
    }

    /// What to keep, from the prepared table (`n × d`), the rows of both sides, and the mean squared
    /// reconstruction error of each held-out row.
    ///
    /// # Panics
    /// If there is no held-out row, or not an error per held-out row.
    #[must_use]
    pub fn fit(prepared: ArrayView2<f32>, training: &[usize], held_out: &[usize], held_out_errors: &[f32]) -> Self {
        assert_eq!(held_out.len(), held_out_errors.len(), "an error per held-out row");
        assert!(!held_out.is_empty(), "limits need held-out rows");
        let mut lowest = vec![f32::INFINITY; prepared.ncols()];
        let mut highest = vec![f32::NEG_INFINITY; prepared.ncols()];
        for row in training {
            for ((value, lowest), highest) in prepared.row(*row).iter().zip(&mut lowest).zip(&mut highest) {
                *lowest = lowest.min(*value);
                *highest = highest.max(*value);
            }
        }
        let mut errors: Vec<f64> = held_out_errors.iter().map(|error| f64::from(*error)).collect();
        errors.sort_by(f64::total_cmp);
        let mut outside: Vec<f64> = held_out
            .iter()
            .map(|row| outside(prepared.row(*row), &lowest, &highest).count() as f64 / prepared.ncols().max(1) as f64)
            .collect();
        outside.sort_by(f64::total_cmp);
        let largest = lowest.iter().chain(&highest).map(|value| f64::from(value.abs())).fold(0.0, f64::max);
        let quantile = |share: f64| errors[((errors.len() - 1) as f64 * share).round() as usize] as f32;
        Self {
            error_quantiles: QUANTILES.map(quantile).to_vec(),
            error_limit: conformal_limit(&errors, ERROR_ALARMS).max((ROUNDING * largest).powi(2)),
            outside_limit: conformal_limit(&outside, RANGE_ALARMS),
            held_out_rows: held_out.len(),
            feature_errors: Vec::new(),
            lowest,
            highest,
        }
    }

    /// Whether this is the profile of rows of `features` features: one from a file may not be.
    #[must_use]
    pub fn is_of(&self, features: usize) -> bool {
        self.lowest.len() == features
            && self.highest.len() == features
            && self.error_limit.is_finite()
            && self.outside_limit.is_finite()
            && (self.feature_errors.is_empty() || self.feature_errors.len() == features)
            && self.feature_errors.iter().all(|error| error.is_finite() && *error >= 0.0)
    }

    /// What an error of each feature is to be divided by to tell how unusual it is: the root mean square of its errors on
    /// held-out rows, and a little of that of all features, so that one which hardly varied there is not blamed for
    /// nothing. All 1 for a model of before.
    #[must_use]
    pub fn usual_errors(&self) -> Vec<f32> {
        const OF_ALL: f64 = 0.1;
        let squares = |errors: &[f32]| errors.iter().map(|error| f64::from(*error).powi(2)).sum::<f64>();
        let all = squares(&self.feature_errors) / self.feature_errors.len().max(1) as f64;
        let usual = |error: &f32| (f64::from(*error).powi(2) + OF_ALL * OF_ALL * all).sqrt();
        if all > 0.0 {
            self.feature_errors.iter().map(|error| usual(error) as f32).collect()
        } else {
            vec![1.0; self.lowest.len()]
        }
    }

    /// How unlike the training data `prepared` rows with these mean squared reconstruction errors are.
    ///
    /// # Panics
    /// If the rows have other features than the training rows, or there is not an error per row.
    #[must_use]
    pub fn unlikeness(&self, errors: &[f32], prepared: ArrayView2<f32>) -> Unlikeness {
        assert_eq!(prepared.dim(), (errors.len(), self.lowest.len()), "an error per row, the training features");
        let features = self.lowest.len().max(1) as f64;
        let mut beyond = vec![0; self.lowest.len()];
        let scores: Vec<f32> = prepared
            .rows()
            .into_iter()
            .zip(errors)
            .map(|(row, error)| {
                let outside = outside(row, &self.lowest, &self.highest).inspect(|feature| beyond[*feature] += 1);
                let share = outside.count() as f64 / features;
                let score = of_limit(f64::from(*error), self.error_limit).max(of_limit(share, self.outside_limit));
                score.min(f64::from(f32::MAX)) as f32
            })
            .collect();
        let flags: Vec<bool> = scores.iter().map(|score| *score > 1.0).collect();
        let share = flags.iter().filter(|flag| **flag).count() as f64 / errors.len().max(1) as f64;
        Unlikeness { scores, flags, share, beyond }
    }
}

/// In which features a row lies outside these ranges, by more than rounding does.
fn outside<'a>(row: ArrayView1<'a, f32>, lowest: &'a [f32], highest: &'a [f32]) -> impl Iterator<Item = usize> + 'a {
    row.into_iter().zip(lowest.iter().zip(highest)).enumerate().filter_map(|(feature, (value, (lowest, highest)))| {
        let room = ROUNDING_BEYOND * (highest - lowest);
        (!(lowest - room..=highest + room).contains(value)).then_some(feature)
    })
}

/// The ⌈(m + 1)(1 - α)⌉-th of `m` ascending scores, or a margin above the last where there are too few.
fn conformal_limit(ascending: &[f64], alarms: f64) -> f64 {
    let place = ((ascending.len() + 1) as f64 * (1.0 - alarms)).ceil() as usize;
    let last = ascending[ascending.len() - 1];
    ascending.get(place - 1).copied().unwrap_or(last * FEW_ROWS_MARGIN)
}

/// `score / limit`, above 1 exactly where the score is above the limit or no number.
fn of_limit(score: f64, limit: f64) -> f64 {
    if score <= limit {
        if limit > 0.0 { score / limit } else { 0.0 }
    } else if limit > 0.0 && score.is_finite() {
        (score / limit).max(1.0 + 1e-6)
    } else {
        f64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use crate::seed::Stream;
    use ndarray::Array2;
    use rand_distr::Distribution;
    use rand_distr::StandardNormal;

    const FEATURES: usize = 40;
    const FACTORS: usize = 6;

    /// Rows near a plane of `FACTORS` dimensions, each feature on a scale of its own, and the distance to that
    /// plane in place of an autoencoder's error.
    struct World {
        axes: Array2<f64>,
        scales: Vec<f64>,
    }

    impl World {
        fn new() -> Self {
            let mut generator = Seed(3).stream(Stream::Weights);
            let mut axes = Array2::from_shape_simple_fn((FACTORS, FEATURES), || StandardNormal.sample(&mut generator));
            for factor in 0..FACTORS {
                for other in 0..factor {
                    let shared: f64 = axes.row(factor).dot(&axes.row(other));
                    let other = axes.row(other).to_owned();
                    axes.row_mut(factor).scaled_add(-shared, &other);
                }
                let length: f64 = axes.row(factor).dot(&axes.row(factor)).sqrt();
                axes.row_mut(factor).mapv_inplace(|value| value / length);
            }
            let scales = (0..FEATURES).map(|feature| 1.0 + (feature % 7) as f64).collect();
            Self { axes, scales }
        }

        fn rows(&self, count: usize, seed: u64) -> Array2<f32> {
            let mut generator = Seed(seed).stream(Stream::Sample);
            let factors: Array2<f64> =
                Array2::from_shape_simple_fn((count, FACTORS), || StandardNormal.sample(&mut generator));
            let mut rows = factors.dot(&self.axes) * 3.0;
            rows.mapv_inplace(|value| value + 0.5 * Distribution::<f64>::sample(&StandardNormal, &mut generator));
            for (feature, mut column) in rows.columns_mut().into_iter().enumerate() {
                column.mapv_inplace(|value| value * self.scales[feature] + feature as f64);
            }
            rows.mapv(|value| value as f32)
        }

        fn errors(&self, rows: &Array2<f32>) -> Vec<f32> {
            let error = |row: ndarray::ArrayView1<f32>| {
                let standard = ndarray::Array1::from_shape_fn(FEATURES, |feature| {
                    (f64::from(row[feature]) - feature as f64) / self.scales[feature]
                });
                let rest = &standard - &standard.dot(&self.axes.t()).dot(&self.axes);
                (rest.dot(&rest) / FEATURES as f64) as f32
            };
            rows.rows().into_iter().map(error).collect()
        }
    }

    /// The chance that a row of `high` scores above one of `low`.
    fn area_under_curve(low: &[f32], high: &[f32]) -> f64 {
        let above = |high: &f32| low.iter().map(|low| if high > low { 2 } else { u64::from(high == low) }).sum::<u64>();
        high.iter().map(above).sum::<u64>() as f64 / (2 * low.len() * high.len()) as f64
    }

    fn profile(world: &World, rows: usize) -> TrainingProfile {
        let table = world.rows(rows, 1);
        let (training, held_out): (Vec<usize>, Vec<usize>) = (0..rows).partition(|row| row % 5 > 0);
        let errors = world.errors(&table);
        let held_out_errors: Vec<f32> = held_out.iter().map(|row| errors[*row]).collect();
        TrainingProfile::fit(table.view(), &training, &held_out, &held_out_errors)
    }

    #[test]
    fn rows_of_the_same_kind_pass_and_strange_ones_are_flagged() {
        let world = World::new();
        let profile = profile(&world, 4000);
        let judge = |rows: &Array2<f32>| profile.unlikeness(&world.errors(rows), rows.view());
        let same = world.rows(4000, 2);
        let found = judge(&same);
        assert!(found.share <= 0.02, "{} of the same kind", found.share);

        let deviation = |feature: usize| {
            let column = same.column(feature);
            let mean = column.sum() / 4000.0;
            (column.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / 4000.0).sqrt()
        };
        let shifted =
            Array2::from_shape_fn(same.dim(), |(row, feature)| same[[row, feature]] + 5.0 * deviation(feature));
        let permuted = Array2::from_shape_fn(same.dim(), |(row, feature)| same[[row, (feature + 1) % FEATURES]]);
        let other_units = &same * 1000.0;
        for (name, rows) in [("shifted", shifted), ("permuted", permuted), ("other units", other_units)] {
            let strange = judge(&rows);
            assert!(strange.share >= 0.95, "{name}: {} flagged", strange.share);
            let area = area_under_curve(&found.scores, &strange.scores);
            assert!(area > 0.99, "{name}: area under the curve {area}");
        }
    }

    #[test]
    fn real_digits_pass_and_inverted_permuted_and_shifted_ones_are_flagged() {
        let table: Vec<f32> = include_str!("../../sample_data/digits.csv")
            .lines()
            .skip(1)
            .flat_map(|line| line.split(',').skip(1).map(|value| value.parse::<f32>().unwrap()).collect::<Vec<_>>())
            .collect();
        let table = Array2::from_shape_vec((1797, 64), table).unwrap();
        let (training, rest): (Vec<usize>, Vec<usize>) = (0..1797).partition(|row| row % 5 < 3);
        let (held_out, fresh): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(|row| row % 5 == 3);
        let pca = crate::pca::Pca::fit(table.view(), &training, 16, Seed(1));
        let errors = |rows: &Array2<f32>| {
            let mut errors = crate::evaluate::Errors::new(64);
            errors.add(rows.view(), pca.reconstruct(pca.project(rows.view()).view()).view());
            errors.by_row().to_vec()
        };
        let all = errors(&table);
        let held_out_errors: Vec<f32> = held_out.iter().map(|row| all[*row]).collect();
        let profile = TrainingProfile::fit(table.view(), &training, &held_out, &held_out_errors);
        let judge = |rows: &Array2<f32>| profile.unlikeness(&errors(rows), rows.view());
        let own = judge(&table.select(ndarray::Axis(0), &held_out));
        assert!(own.share <= 0.02, "{} of the held-out rows", own.share);
        let fresh = table.select(ndarray::Axis(0), &fresh);
        let same = judge(&fresh);
        assert!(same.share <= 0.03, "{} of fresh rows", same.share);
        let permuted = Array2::from_shape_fn(fresh.dim(), |(row, pixel)| fresh[[row, pixel * 27 % 64]]);
        for (name, rows) in [("inverted", 16.0 - &fresh), ("permuted", permuted), ("other units", &fresh * 1000.0)] {
            let strange = judge(&rows);
            let area = area_under_curve(&same.scores, &strange.scores);
            assert!(strange.share >= 0.95 && area >= 0.99, "{name}: {} flagged, area {area}", strange.share);
        }
    }

    #[test]
    fn scores_grow_with_the_shift() {
        let world = World::new();
        let profile = profile(&world, 2000);
        let same = world.rows(200, 2);
        let mean = |shift: f32| {
            let rows = &same + shift;
            profile.unlikeness(&world.errors(&rows), rows.view()).scores.iter().sum::<f32>()
        };
        let scores: Vec<f32> = [0.0, 5.0, 10.0, 20.0, 40.0].map(mean).to_vec();
        assert!(scores.windows(2).all(|pair| pair[0] < pair[1]), "{scores:?}");
    }

    #[test]
    fn what_rounding_does_to_a_row_is_no_sign() {
        let training = Array2::from_shape_fn((20, 3), |(row, feature)| (row * (feature + 1)) as f32);
        let rows: Vec<usize> = (0..20).collect();
        let profile = TrainingProfile::fit(training.view(), &rows, &rows[..5], &[1e-14; 5]);
        let new = ndarray::array![[19.000_01_f32, 38.0, 57.0], [19.1, 38.0, 57.0], [19.0, 38.0, 57.0]];
        assert_eq!(profile.unlikeness(&[1e-10, 1e-10, 1e-6], new.view()).flags, [false, true, true]);
        // rows of small numbers are judged by their own scale
        let small = &training * 1e-6;
        let profile = TrainingProfile::fit(small.view(), &rows, &rows[..5], &[1e-14; 5]);
        assert_eq!(profile.unlikeness(&[1e-12], small.slice(ndarray::s![..1, ..])).flags, [true]);
    }

    #[test]
    fn an_error_is_unusual_beside_those_of_its_own_feature() {
        let training = Array2::from_shape_fn((40, 3), |(row, feature)| (row + feature) as f32);
        let rows: Vec<usize> = (0..40).collect();
        let mut profile = TrainingProfile::fit(training.view(), &rows, &rows[..5], &[0.1; 5]);
        assert_eq!(profile.usual_errors(), [1.0; 3]);
        profile.feature_errors = vec![0.0, 3.0, 4.0];
        assert!(profile.is_of(3));
        // 0.01 · (9 + 16) / 3 is added to each square
        let expected = [1.0_f64 / 12.0, 9.0 + 1.0 / 12.0, 16.0 + 1.0 / 12.0].map(|square| square.sqrt() as f32);
        assert_eq!(profile.usual_errors(), expected);
        profile.feature_errors[1] = f32::NAN;
        assert!(!profile.is_of(3));
    }

    #[test]
    fn names_features_outside_their_range_and_flags_what_is_no_number() {
        let training = Array2::from_shape_fn((20, 3), |(row, feature)| (row * (feature + 1)) as f32);
        let rows: Vec<usize> = (0..20).collect();
        let profile = TrainingProfile::fit(training.view(), &rows, &rows[..5], &[0.1; 5]);
        assert_eq!((profile.error_limit, profile.outside_limit), (f64::from(0.1_f32) * FEW_ROWS_MARGIN, 0.0));
        let new = ndarray::array![[5.0_f32, 5.0, 5.0], [5.0, 5.0, 500.0], [5.0, 5.0, 5.0]];
        let found = profile.unlikeness(&[0.1, 0.1, f32::NAN], new.view());
        assert_eq!(found.flags, [false, true, true]);
        assert_eq!(found.beyond, [0, 0, 1]);
        let holes = ndarray::array![[f32::NAN, 5.0, -0.1], [5.0, 5.0, 500.0]];
        assert_eq!(profile.unlikeness(&[0.1, 0.1], holes.view()).beyond, [1, 0, 2]);
        assert!(found.scores.iter().all(|score| score.is_finite()));
        let text = serde_json::to_string(&profile).unwrap();
        assert_eq!(serde_json::from_str::<TrainingProfile>(&text).unwrap(), profile);
    }
}
