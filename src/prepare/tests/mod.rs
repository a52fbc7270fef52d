//! What the preparation does, and the laws it keeps; against other libraries in `reference`.

mod reference;

use std::collections::BTreeMap;

use ndarray::Array2;
use ndarray::array;
use proptest::prelude::*;

use crate::event::silent;
use crate::prepare::Applied;
use crate::prepare::Preparation;
use crate::prepare::Step;
use crate::prepare::Unseen;
use crate::prepare::guard;
use crate::table::CategoricalMissing;
use crate::table::Category;
use crate::table::Evidence;
use crate::table::Frame;
use crate::table::Missing;

/// Made by `tests/golden/prepare/make.py`, which holds every call.
fn golden(key: &str) -> serde_json::Value {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/golden/prepare/prepare.json")).unwrap();
    all[key].clone()
}

fn matrix(key: &str) -> Array2<f32> {
    let rows: Vec<Vec<Option<f64>>> = serde_json::from_value(golden(key)).unwrap();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, column)| {
        rows[row][column].map_or(f32::NAN, |value| value as f32)
    })
}

#[track_caller]
fn close(found: &Array2<f32>, expected: &Array2<f32>) {
    assert_eq!(found.dim(), expected.dim());
    for ((at, found), expected) in found.indexed_iter().zip(expected) {
        assert!((found - expected).abs() <= 2e-6 * expected.abs().max(1.0), "{at:?}: {found}, expected {expected}");
    }
}

fn frame(values: Array2<f32>) -> Frame {
    Frame { features: (0..values.ncols()).map(|column| format!("f{column}")).collect(), values, categories: Vec::new() }
}

fn steps(json: &str) -> Vec<Step> {
    serde_json::from_str(json).unwrap()
}

fn fit(json: &str, values: Array2<f32>, training: &[usize]) -> (Preparation, Array2<f32>) {
    Preparation::fit(&steps(json), &Missing::default(), frame(values), training, &mut silent).unwrap()
}

fn all_rows(values: &Array2<f32>) -> Vec<usize> {
    (0..values.nrows()).collect()
}

fn with_levels(of_row: Vec<Option<u32>>, levels: &[&str]) -> Frame {
    let values = Array2::from_shape_fn((of_row.len(), 1), |(row, _)| row as f32);
    let category = Category { name: "s".into(), levels: levels.iter().map(ToString::to_string).collect(), of_row };
    Frame { features: vec!["a".into()], values, categories: vec![category] }
}

#[test]
fn levels_are_encoded_as_scikit_learn_does_and_unseen_ones_are_counted() {
    let texts: Vec<String> = serde_json::from_value(golden("levels")).unwrap();
    let mut levels = texts.clone();
    levels.sort();
    levels.dedup();
    let of_row = texts.iter().map(|text| levels.iter().position(|level| level == text).map(|at| at as u32)).collect();
    let frame = with_levels(of_row, &levels.iter().map(String::as_str).collect::<Vec<_>>());
    let training: Vec<usize> = (0..9).collect();
    let (preparation, values) =
        Preparation::fit(&[], &Missing::default(), frame.clone(), &training, &mut silent).unwrap();
    assert_eq!(preparation.features(), ["a", "s=a", "s=b", "s=c"]);
    close(&values.slice(ndarray::s![.., 1..]).to_owned(), &matrix("one_hot"));
    let (_, applied) = preparation.apply_counting(frame).unwrap();
    let unseen = Unseen { column: "s".to_owned(), rows: 1, levels: ["z".to_owned()].into() };
    assert_eq!(applied, Applied { filled: 0, bounded: BTreeMap::new(), unseen_levels: vec![unseen] });
}

#[test]
fn missing_levels_follow_their_policy() {
    let frame = || with_levels(vec![Some(0), None, Some(1), Some(1)], &["x", "y"]);
    let fit = |policy| {
        let missing = Missing { categorical: policy, ..Missing::default() };
        Preparation::fit(&[], &missing, frame(), &[0, 1, 2, 3], &mut silent)
    };
    let (own, values) = fit(CategoricalMissing::OwnLevel).unwrap();
    assert_eq!(own.features(), ["a", "s=x", "s=y", "s=(missing)"]);
    assert_eq!(values.row(1).to_vec(), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(own.invert(values.view()).unwrap(), frame());
    let (_, values) = fit(CategoricalMissing::MostFrequent).unwrap();
    assert_eq!(values.row(1).to_vec(), [1.0, 0.0, 1.0]);
    let said = fit(CategoricalMissing::Refuse).unwrap_err();
    assert!(said.message().starts_with("column `s` has a missing value (row 2)"), "{said}");
}

#[test]
fn rare_levels_are_pooled() {
    let of_row = (0..100).map(|row| Some(if row < 97 { row % 2 } else { row - 95 })).collect();
    let frame = with_levels(of_row, &["a", "b", "c", "d", "e"]);
    let rows: Vec<usize> = (0..100).collect();
    let (preparation, values) =
        Preparation::fit(&steps(r#"[{"pool_rare": {"below": 0.05}}]"#), &Missing::default(), frame, &rows, &mut silent)
            .unwrap();
    assert_eq!(preparation.features(), ["a", "s=a", "s=b", "s=(other)"]);
    assert_eq!(values.column(3).sum(), 3.0);
}

#[test]
fn values_beyond_the_training_range_are_pulled_in_and_counted() {
    let (preparation, _) = fit(r#"["unit_range"]"#, array![[0.0, 1.0], [10.0, 3.0]], &[0, 1]);
    let (values, applied) = preparation.apply_counting(frame(array![[-5.0, 2.0], [20.0, 2.0]])).unwrap();
    let bounded = BTreeMap::from([(preparation.features()[0].clone(), 2)]);
    assert_eq!((values, &applied.bounded), (array![[0.0, 0.5], [1.0, 0.5]], &bounded));
    let (_, more) = preparation.apply_counting(frame(array![[11.0, 2.0], [5.0, 9.0]])).unwrap();
    let mut both = applied;
    both.add(&more);
    assert_eq!(both.bounded.values().copied().collect::<Vec<_>>(), [3, 1]);
    let [first, second] = preparation.features() else { panic!("two features") };
    assert_eq!(both.bounded_most(), format!("`{first}` (3), `{second}` (1)"));
    let many = (0..5).map(|column| (format!("c{column}"), column)).collect();
    assert_eq!(
        Applied { bounded: many, ..Applied::default() }.bounded_most(),
        "`c4` (4), `c3` (3), `c2` (2) and 1 more column"
    );
}

#[test]
fn extreme_values_stay_finite() {
    let values = array![[1.0, 1e-30, 3e38], [1.0, 2e-30, -3e38], [1e20, 3e-30, 0.0], [-0.0, 1e-40, 1.0]];
    for json in [r#"["standardize"]"#, r#"["robust"]"#, r#"["unit_range"]"#, r#"["l2_rows"]"#, r#"["arcsinh"]"#] {
        let (_, prepared) = fit(json, values.clone(), &[0, 1, 2, 3]);
        assert!(prepared.iter().all(|value| value.is_finite()), "{json} {prepared}");
    }
    let (_, spread) = fit(r#"["standardize"]"#, values, &[0, 1, 2, 3]);
    assert!(spread.column(1).iter().any(|value| value.abs() > 0.5), "a tiny spread is a spread: {spread}");
}

#[test]
fn what_a_step_cannot_take_is_named() {
    let said = |json: &str, values: Array2<f32>| {
        Preparation::fit(&steps(json), &Missing::default(), frame(values), &[0, 1], &mut silent)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        said(r#"["log1p"]"#, array![[1.0, 2.0], [0.0, -0.5]]),
        "`log1p` needs values of at least 0, but column `f1` holds -0.5 (row 2)\n\
         hint: use `arcsinh` for values on both sides of 0; are these logarithms already?"
    );
    assert_eq!(
        said(r#"["drop_constant"]"#, array![[1.0], [1.0]]),
        "after `drop_constant` no feature is left\nhint: loosen or leave out this step"
    );
    assert_eq!(
        said(r#"[{"top_variable": {"method": "seurat_v3"}}]"#, array![[1.0], [1.5]]),
        "`top_variable` by seurat_v3 needs counts, but column `f0` holds 1.5 (row 2)\n\
         hint: put `top_variable` first in `prepare`, or choose another method"
    );
    let error = said("[]", array![[1.0], [f32::NAN]]);
    assert!(error.starts_with("column `f0` has a missing value (row 2)"), "{error}");
    let (preparation, values) = fit(r#"["normalize_total", "log1p"]"#, array![[1.0, 2.0], [0.0, 5.0]], &[0, 1]);
    let error = preparation.invert(values.view()).unwrap_err().to_string();
    assert!(error.starts_with("`normalize_total` cannot be undone: the totals of the rows are not kept"), "{error}");
    let (frame, sentences) = preparation.invert_as_far_as_possible(values.view()).unwrap();
    close(&frame.values, &array![[4.0 / 3.0, 8.0 / 3.0], [0.0, 4.0]]);
    assert_eq!(sentences, ["rows are scaled to a total of 4 as by `normalize_total`"]);
}

#[test]
fn other_columns_are_refused_by_name() {
    let (preparation, _) = fit("[]", array![[1.0, 2.0], [0.0, 5.0]], &[0, 1]);
    let mut other = frame(array![[1.0, 2.0]]);
    other.features[1] = "g".into();
    assert_eq!(
        preparation.apply(other).unwrap_err().message(),
        "the table has other columns than the preparation: `f1`"
    );
}

#[test]
fn a_fitted_preparation_survives_its_file() {
    let (preparation, values) = fit(
        r#"[{"normalize_total": {"target": 100}}, "log1p", {"top_variable": {"count": 20}}, {"standardize": {"clip": 3}}]"#,
        matrix("counts"),
        &[0, 1, 2, 3, 4, 5],
    );
    let written = serde_json::to_string(&preparation).unwrap();
    let back: Preparation = serde_json::from_str(&written).unwrap();
    assert_eq!(back, preparation);
    assert_eq!(back.apply(frame(matrix("counts"))).unwrap(), values);
    // of the 220 left out, 72 had one value in the training rows and come back
    assert_eq!((back.features().len(), back.left_out().len()), (20, 148));
}

#[test]
fn a_selection_after_scaling_can_be_undone() {
    let (preparation, values) =
        fit(r#"["standardize", {"top_variable": {"count": 2}}]"#, matrix("x"), &[0, 1, 2, 3, 4]);
    let back = preparation.invert(values.view()).unwrap();
    let x = matrix("x");
    for (at, name) in back.features.iter().enumerate() {
        let column: usize = name[1..].parse().unwrap();
        for row in 0..x.nrows() {
            assert!((back.values[(row, at)] - x[(row, column)]).abs() <= 1e-5 * x[(row, column)].abs().max(1.0));
        }
    }
}

#[test]
fn a_column_of_one_value_comes_back_in_its_place_with_it() {
    let values = array![[1.0_f32, 7.5, 2.0, 0.0], [2.0, 7.5, 4.0, 0.0], [3.0, 7.5, 9.0, 1.0]];
    let (preparation, prepared) = fit(r#"["drop_constant", "standardize"]"#, values.clone(), &[0, 1]);
    assert_eq!(prepared.ncols(), 2);
    let back = preparation.invert(prepared.view()).unwrap();
    assert_eq!(back.features, ["f0", "f1", "f2", "f3"]);
    assert_eq!(back.values.column(1), array![7.5_f32, 7.5, 7.5]);
    // constant among the training rows, which is all that is known of it
    assert_eq!(back.values.column(3), array![0.0_f32, 0.0, 0.0]);
    assert!(preparation.left_out().is_empty() && preparation.check().is_ok());
    let written = serde_json::to_string(&preparation).unwrap();
    assert_eq!(serde_json::from_str::<Preparation>(&written).unwrap(), preparation);
    for wrong in ["[[0,1.0]]", "[[4,1.0]]", "[[3,1.0],[1,1.0]]"] {
        let mut changed: serde_json::Value = serde_json::from_str(&written).unwrap();
        changed["constants"] = serde_json::from_str(wrong).unwrap();
        assert!(serde_json::from_value::<Preparation>(changed).unwrap().check().is_err(), "{wrong}");
    }
    // a model of an earlier program knows none
    let mut older: serde_json::Value = serde_json::from_str(&written).unwrap();
    older.as_object_mut().unwrap().remove("constants");
    let older: Preparation = serde_json::from_value(older).unwrap();
    assert_eq!(older.invert(prepared.view()).unwrap().features, ["f0", "f2"]);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let prepare = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let json = r#"["normalize_total", "log1p", {"top_variable": {"count": 100}}, {"standardize": {"clip": 10}}, "l2_rows"]"#;
        pool.install(|| fit(json, matrix("counts"), &(0..50).collect::<Vec<_>>()))
    };
    let (one, two, four) = (prepare(1), prepare(2), prepare(4));
    assert!(one == two && one == four);
}

#[test]
fn defaults_and_warnings_follow_what_the_numbers_look_like() {
    let names = |values: Array2<f32>| {
        let chosen = Preparation::default_steps(&frame(values));
        chosen.steps.iter().map(Step::name).collect::<Vec<_>>().join(" ")
    };
    let counts = matrix("counts");
    assert_eq!(names(counts.clone()), "drop_constant normalize_total log1p standardize");
    let pixels = Array2::from_shape_fn((40, 64), |(row, column)| {
        if (row * 7 + column) % 3 == 0 { 0.0 } else { ((row * column) % 17 * 16).min(255) as f32 }
    });
    assert_eq!(names(pixels.clone()), "drop_constant unit_range");
    assert_eq!(names(pixels.mapv(|value| f32::from(value > 100.0))), "drop_constant");
    assert_eq!(names(matrix("x")), "drop_constant standardize");
    let (_, logged) = fit(r#"["normalize_total", "log1p"]"#, counts.clone(), &all_rows(&counts));
    assert_eq!(names(logged.clone()), "drop_constant standardize");
    let warns = |values: Array2<f32>, json: &str| guard(&Evidence::of(&frame(values)), &steps(json));
    assert!(warns(counts.clone(), r#"["standardize"]"#)[0].contains("raw counts"));
    assert!(warns(logged, r#"["log1p"]"#)[0].contains("logarithms already"));
    assert!(warns(pixels.clone(), "[]")[0].contains("pixels, from 0 to 255"));
    assert!(warns(pixels.mapv(|value| f32::from(value > 100.0)), r#"["log1p"]"#)[0].contains("0 or 1"));
    assert!(warns(matrix("x"), "[]")[0].contains("one scale"));
    for (values, json) in [
        (counts, r#"["normalize_total", "log1p", "standardize"]"#),
        (pixels, r#"["unit_range"]"#),
        (matrix("x"), r#"["standardize"]"#),
    ] {
        assert!(warns(values, json).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// invert(apply(x)) ≈ x for every step that can be undone, alone and in a row.
    #[test]
    fn what_can_be_undone_is_undone(
        values in proptest::collection::vec(0.0_f32..1000.0, 8 * 4),
        which in proptest::sample::subsequence(vec!["log1p", "sqrt", "arcsinh", "tf_idf", "standardize", "robust", "unit_range"], 1..4),
    ) {
        let values = Array2::from_shape_vec((8, 4), values).unwrap();
        let json = serde_json::to_string(&which).unwrap();
        let rows = all_rows(&values);
        let steps = steps(&json);
        let fitted = Preparation::fit(&steps, &Missing::default(), frame(values.clone()), &rows, &mut silent);
        let (preparation, prepared) = fitted.unwrap();
        prop_assert!(prepared.iter().all(|value| value.is_finite()));
        let back = preparation.invert(prepared.view()).unwrap();
        for (found, expected) in back.values.iter().zip(&values) {
            prop_assert!((found - expected).abs() <= 1e-3 + 1e-4 * expected.abs(), "{json}: {found} {expected}");
        }
    }

    /// Rows are prepared one by one as they are together.
    #[test]
    fn a_row_does_not_depend_on_the_others(values in proptest::collection::vec(0.0_f32..50.0, 6 * 5)) {
        let values = Array2::from_shape_vec((6, 5), values).unwrap();
        let json = r#"["normalize_total", "log1p", {"top_variable": {"count": 3}}, {"standardize": {"clip": 2}}, "l2_rows"]"#;
        let (preparation, together) = fit(json, values.clone(), &[0, 1, 2, 3]);
        for row in 0..6 {
            let alone = preparation.apply(frame(values.select(ndarray::Axis(0), &[row]))).unwrap();
            prop_assert_eq!(alone.row(0), together.row(row));
        }
    }

    /// The same rows in another order give the same statistics, up to rounding.
    #[test]
    fn the_order_of_training_rows_does_not_matter(values in proptest::collection::vec(-100.0_f32..100.0, 7 * 3)) {
        let values = Array2::from_shape_vec((7, 3), values).unwrap();
        let (_, one) = fit(r#"["standardize"]"#, values.clone(), &[0, 1, 2, 3, 4, 5, 6]);
        let (_, other) = fit(r#"["standardize"]"#, values, &[3, 6, 1, 0, 5, 2, 4]);
        for (one, other) in one.iter().zip(&other) {
            prop_assert!((one - other).abs() <= 1e-4 * one.abs().max(1.0));
        }
    }
}
