//! Numbers at the ends of single precision, and laws that hold for whole files.

use reduce::event;
use reduce::table::read;
use reduce::table::write::{Column, ColumnValues};

use crate::bad_input::breaches;
use crate::program::Place;

const SMALL: &str = "training: {max_epochs: 3}, code_size: 2, hidden: [8]";

/// Rows whose numbers are ordinary but for what `strange` puts into the first columns.
fn table(strange: &[&str]) -> String {
    let names: Vec<String> = (0..6).map(|column| format!("c{column}")).collect();
    let mut text = names.join(",");
    for row in 0..60 {
        let mut cells: Vec<String> = (0..6).map(|column| ((row * 7 + column * 5) % 13).to_string()).collect();
        if row % 10 == 3 {
            for (cell, value) in cells.iter_mut().zip(strange) {
                *cell = (*value).to_owned();
            }
        }
        text += &format!("\n{}", cells.join(","));
    }
    text
}

fn not_finite(columns: &[Column]) -> Option<String> {
    let strange = |values: &[f32]| values.iter().any(|value| !value.is_finite());
    columns
        .iter()
        .find(|column| matches!(&column.values, ColumnValues::Single(values) if strange(values)))
        .map(|column| column.name.clone())
}

/// Every preparation and every loss meets every kind of strange number: what comes out is finite, or the run is
/// refused or fails with a message; never a bug, never a number that is none.
#[test]
fn extreme_numbers_stay_finite_or_are_refused() {
    let numbers: [(&str, &[&str]); 6] = [
        ("large", &["1e38", "-1e38"]),
        ("largest", &["3.4028235e38", "3.4028235e38"]),
        ("large and small", &["1e38", "1e-38"]),
        ("subnormal", &["1e-40", "1.4e-45"]),
        ("minus zero", &["-0.0", "-0"]),
        ("large whole", &["16777217", "4294967296"]),
    ];
    let preparations = [
        "",
        "none",
        "[standardize]",
        "[robust]",
        "[unit_range]",
        "[quantile_clip, standardize]",
        "[l2_rows]",
        "[arcsinh]",
        "[log1p]",
        "[sqrt]",
        "[normalize_total]",
        "[normalize_total, log1p, standardize]",
        "[tf_idf]",
    ];
    let losses = ["auto", "mse", "bce", "poisson", "nb", "zinb"];
    let mut finite = 0;
    let mut refused = 0;
    for (name, strange) in numbers {
        let place = Place::new();
        place.file("t.csv", table(strange));
        let cases = preparations.iter().map(|prepare| (*prepare, "auto")).chain(
            losses.iter().flat_map(|loss| ["none", "[unit_range]"].into_iter().map(move |prepare| (prepare, *loss))),
        );
        for (prepare, loss) in cases {
            let steps = match prepare {
                "" => String::new(),
                "none" => "prepare: []\n".to_owned(),
                steps => format!("prepare: {steps}\n"),
            };
            place.file(
                "p.yaml",
                format!("version: 1\ninput: {{path: t.csv}}\n{steps}autoencoder: {{loss: {loss}, {SMALL}}}\ntsne: none\nevaluate: none\noutput: run\n"),
            );
            let said = place.reduce(&["run", "p.yaml"]);
            let case = format!("{name}, {prepare}, {loss}");
            if said.code == 0 {
                finite += 1;
                let columns = read::columns(&place.join("run/codes.parquet")).expect("codes");
                assert_eq!(not_finite(&columns), None, "{case}");
                std::fs::remove_dir_all(place.join("run")).expect("a run");
            } else {
                refused += 1;
                let code = if said.code == 1 { 1 } else { 2 };
                assert!(breaches(&said, code).is_empty(), "{case}: {:?}\n{}", breaches(&said, code), said.stderr);
                // a run that fails while it trains may keep what it has for the next one, but no results
                assert!(!place.join("run/codes.parquet").exists(), "{case}");
                let _ = std::fs::remove_dir_all(place.join("run"));
            }
        }
    }
    eprintln!("{finite} finite, {refused} refused");
    assert!(finite >= 60, "{finite} finite, {refused} refused");
}

/// The codes of a table through the program.
fn codes(place: &Place, table: &str) -> Vec<Vec<f32>> {
    place.reduce(&["encode", "run", table, "-o", "codes.parquet"]).done();
    let columns = read::columns(&place.join("codes.parquet")).expect("codes");
    let numbers: Vec<Vec<f32>> = columns
        .into_iter()
        .filter_map(|column| match column.values {
            ColumnValues::Single(values) if column.name.starts_with("code_") => Some(values),
            _ => None,
        })
        .collect();
    (0..numbers[0].len()).map(|row| numbers.iter().map(|column| column[row]).collect()).collect()
}

fn trained() -> (Place, Vec<String>) {
    let place = Place::new();
    let lines: Vec<String> = table(&[]).lines().map(str::to_owned).collect();
    place.file("t.csv", lines.join("\n")).file(
        "p.yaml",
        format!("version: 1\ninput: {{path: t.csv}}\nautoencoder: {{{SMALL}}}\ntsne: none\noutput: run\n"),
    );
    place.reduce(&["run", "p.yaml"]).done();
    (place, lines)
}

#[test]
fn rows_in_another_order_alone_or_in_batches_have_the_codes_they_had() {
    let (place, lines) = trained();
    let whole = codes(&place, "t.csv");
    let rows = lines.len() - 1;
    let order: Vec<usize> = (0..rows).map(|row| row * 7 % rows).collect();
    let some = |chosen: &[usize]| {
        let chosen: Vec<&str> = chosen.iter().map(|row| lines[row + 1].as_str()).collect();
        format!("{}\n{}", lines[0], chosen.join("\n"))
    };
    place.file("turned.csv", some(&order));
    let turned = codes(&place, "turned.csv");
    for (row, from) in order.iter().enumerate() {
        assert_eq!(turned[row], whole[*from], "row {from} at {row}");
    }
    for chosen in [vec![17], vec![3, 4], (20..rows).collect()] {
        place.file("some.csv", some(&chosen));
        let expected: Vec<Vec<f32>> = chosen.iter().map(|row| whole[*row].clone()).collect();
        assert_eq!(codes(&place, "some.csv"), expected);
    }
}

#[test]
fn a_model_that_was_loaded_encodes_and_is_saved_as_before() {
    let (place, _) = trained();
    let bytes = place.read("run/model.safetensors");
    let model = reduce::model::Model::from_bytes(&bytes, "m").expect("a model");
    assert_eq!(model.to_bytes().expect("bytes"), bytes);
    let new = reduce::run::apply::read_rows(
        &model,
        &place.join("t.csv"),
        &reduce::run::reading::Otherwise::default(),
        &mut event::silent,
    )
    .expect("rows");
    let again: Vec<Vec<f32>> =
        model.autoencoder.encode(new.prepared.view()).rows().into_iter().map(|row| row.to_vec()).collect();
    assert_eq!(again, codes(&place, "t.csv"));
}

#[test]
fn columns_in_another_order_and_columns_more_change_no_code() {
    let (place, lines) = trained();
    let whole = codes(&place, "t.csv");
    let turned: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(row, line)| {
            let mut cells: Vec<&str> = line.split(',').rev().collect();
            cells.push(if row == 0 { "more" } else { "1" });
            cells.join(",")
        })
        .collect();
    place.file("columns.csv", turned.join("\n"));
    assert_eq!(codes(&place, "columns.csv"), whole);
}
