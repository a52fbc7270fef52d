//! A model is good for data like its own: rows that are not like it are told from those that are.

use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};
use reduce::event;
use reduce::model::Model;
use reduce::run::apply;
use reduce::run::reading::Otherwise;
use reduce::table::{self, Input, Rows};

use crate::program::{Place, repository};

/// The chance that a row of `strange` has a larger score than one of `same` (the area under the ROC curve).
fn area_under_curve(same: &[f32], strange: &[f32]) -> f64 {
    let mut all: Vec<(f32, bool)> = same.iter().map(|score| (*score, false)).collect();
    all.extend(strange.iter().map(|score| (*score, true)));
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut rank_sum, mut first) = (0.0, 0);
    while first < all.len() {
        let last = first + all[first..].iter().take_while(|entry| entry.0 == all[first].0).count();
        let rank = (first + 1 + last) as f64 / 2.0;
        rank_sum += rank * all[first..last].iter().filter(|entry| entry.1).count() as f64;
        first = last;
    }
    let (same, strange) = (same.len() as f64, strange.len() as f64);
    (rank_sum - strange * (strange + 1.0) / 2.0) / (same * strange)
}

fn csv(names: &[String], values: &Array2<f32>) -> String {
    let rows = values.rows().into_iter().map(|row| row.iter().map(f32::to_string).collect::<Vec<_>>().join(","));
    std::iter::once(names.join(",")).chain(rows).collect::<Vec<_>>().join("\n")
}

struct Judged {
    scores: Vec<f32>,
    flagged: f64,
}

struct World {
    place: Place,
    names: Vec<String>,
    model: Model,
}

impl World {
    /// Trains on `values` with a pipeline's section.
    fn trained(names: Vec<String>, values: &Array2<f32>, autoencoder: &str) -> Self {
        let place = Place::new();
        place.file("t.csv", csv(&names, values)).file(
            "p.yaml",
            format!("version: 1\ninput: {{path: t.csv}}\nautoencoder: {autoencoder}\ntsne: none\nevaluate: none\noutput: run\n"),
        );
        place.reduce(&["run", "p.yaml"]).done();
        let model = Model::load(&place.join("run/model.safetensors")).expect("a model");
        Self { place, names, model }
    }

    fn judged(&self, values: &Array2<f32>) -> Judged {
        self.place.file("new.csv", csv(&self.names, values));
        let new = apply::read_rows(&self.model, &self.place.join("new.csv"), &Otherwise::default(), &mut event::silent)
            .expect("rows");
        Judged { flagged: new.unlike.share, scores: new.unlike.scores }
    }
}

/// A sample of a table's rows: names and values.
fn sample(path: PathBuf, label: &str, rows: usize) -> (Vec<String>, Array2<f32>) {
    let mut input = Input::new(path);
    input.labels = vec![label.to_owned()];
    input.rows = Some(Rows { sample: rows, seed: 1 });
    let table = table::read::read(&input, Path::new(""), &mut event::silent).expect("a table");
    (table.frame.features, table.frame.values)
}

/// Three of four rows to train on, and the fourth: files are often in the order of who wrote what.
fn parted(values: &Array2<f32>) -> (Array2<f32>, Array2<f32>) {
    let (fresh, training): (Vec<usize>, Vec<usize>) = (0..values.nrows()).partition(|row| row % 4 == 3);
    (values.select(Axis(0), &training), values.select(Axis(0), &fresh))
}

#[test]
fn inverted_and_shuffled_digits_are_told_from_digits() {
    let (names, values) = sample(repository().join("sample_data/digits.csv"), "label", 1797);
    let (training, fresh) = parted(&values);
    let world = World::trained(names, &training, "{code_size: 16, hidden: [64], training: {max_epochs: 40}}");
    let same = world.judged(&fresh);
    eprintln!("digits: {:.1} % of fresh rows flagged", 100.0 * same.flagged);
    assert!(same.flagged <= 0.05, "{}", same.flagged);
    let shuffled = Array2::from_shape_fn(fresh.dim(), |(row, pixel)| fresh[[row, pixel * 27 % 64]]);
    for (kind, rows) in [("inverted", fresh.mapv(|value| 16.0 - value)), ("shuffled", shuffled)] {
        let strange = world.judged(&rows);
        let area = area_under_curve(&same.scores, &strange.scores);
        eprintln!("digits, {kind}: AUROC {area:.4}, {:.1} % flagged", 100.0 * strange.flagged);
        assert!(area >= 0.95 && strange.flagged >= 0.9, "{kind}: area {area}, {} flagged", strange.flagged);
    }
}

#[test]
fn the_feature_to_blame_is_named_and_its_cells_stand_out() {
    const FEATURES: usize = 10;
    let names: Vec<String> = (0..FEATURES).map(|feature| format!("c{feature}")).collect();
    // three waves mixed in every column, a little of something else in each cell
    let waves = |row: usize, feature: usize| {
        let row = row as f32;
        let mixed: f32 =
            (1..4).map(|wave| ((wave * (feature + 2) * 37 % 11) as f32 - 5.0) * (row * wave as f32 * 0.7).sin()).sum();
        mixed + 0.05 * (row * 12.9 + feature as f32 * 78.2).sin()
    };
    let training = Array2::from_shape_fn((600, FEATURES), |(row, feature)| waves(row, feature));
    let World { place, names, .. } =
        World::trained(names, &training, "{code_size: 3, hidden: [16], training: {max_epochs: 10}}");
    // one channel is stuck at a usual value
    let stuck = Array2::from_shape_fn(
        (40, FEATURES),
        |(row, feature)| if feature == 4 { 3.0 } else { waves(row + 700, feature) },
    );
    place.file("new.csv", csv(&names, &stuck));
    let said = place.reduce(&["encode", "run", "new.csv", "-o", "codes.csv"]).done().stderr;
    assert!(said.contains("most unusual in them: `c4` (in "), "{said}");
    place.reduce(&["reconstruct", "run", "new.csv", "--differences", "-o", "differences.csv"]).done();
    let numbers = |name: &str| -> Vec<Vec<f64>> {
        let text = String::from_utf8(place.read(name)).expect("text");
        let number = |cell: &str| cell.parse().unwrap_or(f64::NAN);
        text.lines().skip(1).map(|line| line.split(',').skip(1).map(number).collect()).collect()
    };
    let (differences, codes) = (numbers("differences.csv"), numbers("codes.csv"));
    let squares = |row: &[f64]| row.iter().map(|cell| cell * cell).sum::<f64>() / FEATURES as f64;
    for (row, code) in differences.iter().zip(&codes) {
        let error = code[3];
        assert!((squares(row) - error).abs() <= 1e-4 * error, "{} of {error}", squares(row));
    }
    let most = differences.iter().filter(|row| (0..FEATURES).all(|feature| row[feature].abs() <= row[4].abs())).count();
    assert!(differences.len() == 40 && most >= 30, "largest in {most} of {} rows", differences.len());
    let beyond = |said: &str| {
        let named = said.split_once("beyond the range of the training rows: ");
        named.map_or_else(String::new, |(_, named)| named.to_owned())
    };
    assert!(!beyond(&said).contains("`c4`"), "{said}");
    // another is in another unit
    let far = Array2::from_shape_fn((40, FEATURES), |(row, feature)| {
        waves(row + 700, feature) * if feature == 7 { 50.0 } else { 1.0 }
    });
    place.file("far.csv", csv(&names, &far));
    let said = place.reduce(&["encode", "run", "far.csv", "-o", "codes.csv"]).done().stderr;
    assert!(beyond(&said).starts_with("`c7` (in 40 of all 40 rows)"), "{said}");
}

#[test]
fn differences_need_no_way_back() {
    let place = Place::new();
    place.digits("prepare: [normalize_total, standardize]\nautoencoder: {code_size: 4, training: {max_epochs: 2}}\ntsne: none\nevaluate: none\noutput: run\n");
    place.reduce(&["run", "p.yaml"]).done();
    place
        .reduce(&["reconstruct", "run", "digits.csv", "-o", "back.csv"])
        .refused(&["normalize_total", "--differences"]);
    place.reduce(&["reconstruct", "run", "digits.csv", "--differences", "-o", "differences.csv"]).done();
    let text = String::from_utf8(place.read("differences.csv")).expect("text");
    assert!(text.starts_with("row,label,pixel_"), "{}", &text[..60]);
    assert_eq!(text.lines().count(), 301);
}

/// Needs the data that the reports are measured on; without them it says so and does nothing.
#[test]
fn inverted_mnist_and_usps_are_told_from_mnist() {
    let data = repository().join("../shared/data");
    let (mnist, usps) = (data.join("mnist/mnist.parquet"), data.join("usps/usps.parquet"));
    if !mnist.is_file() || !usps.is_file() {
        eprintln!("skipped: `{}` or `{}` is not there", mnist.display(), usps.display());
        return;
    }
    let (names, values) = sample(mnist, "label", 3000);
    let (training, fresh) = parted(&values);
    let world = World::trained(names, &training, "{code_size: 32, hidden: [128], training: {max_epochs: 12}}");
    let same = world.judged(&fresh);
    eprintln!("MNIST: {:.1} % of fresh rows flagged", 100.0 * same.flagged);
    assert!(same.flagged <= 0.06, "{}", same.flagged);
    let inverted = world.judged(&fresh.mapv(|value| 255.0 - value));
    let area = area_under_curve(&same.scores, &inverted.scores);
    eprintln!("MNIST, inverted: AUROC {area:.4}, {:.1} % flagged", 100.0 * inverted.flagged);
    assert!(area >= 0.95 && inverted.flagged >= 0.95, "area {area}, {} flagged", inverted.flagged);
    // USPS: other people's digits, 16 × 16 to the edge of the picture, taken to 28 × 28 by the nearest pixel
    let (_, digits) = sample(usps, "label", 800);
    let (low, high) =
        digits.iter().fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
    let larger = Array2::from_shape_fn((digits.nrows(), 784), |(row, pixel)| {
        let (down, across) = (pixel / 28 * 16 / 28, pixel % 28 * 16 / 28);
        ((digits[[row, down * 16 + across]] - low) / (high - low) * 255.0).round()
    });
    let other = world.judged(&larger);
    let area = area_under_curve(&same.scores, &other.scores);
    eprintln!("USPS beside MNIST: AUROC {area:.4}, {:.1} % flagged", 100.0 * other.flagged);
    assert!(area >= 0.9, "area {area}");
}
