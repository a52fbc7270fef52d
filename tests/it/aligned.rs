//! A map that stays recognizable when rows are added: `tsne: {start: {from: RUN}}`.

use std::collections::BTreeMap;

use reduce::table::read;
use reduce::table::write::ColumnValues;

use crate::program::{Place, repository};

const SMALL: &str = "autoencoder: {code_size: 8, hidden: [32], training: {max_epochs: 6}}\n";

/// So many digits with names of their own, the last first where asked.
fn digits(rows: usize, last_first: bool) -> String {
    let text = std::fs::read_to_string(repository().join("sample_data/digits.csv")).expect("digits");
    let mut lines = text.lines();
    let header = format!("sample,{}", lines.next().expect("a header"));
    let mut rows: Vec<String> = lines.take(rows).enumerate().map(|(row, line)| format!("s{row},{line}")).collect();
    if last_first {
        rows.reverse();
    }
    rows.insert(0, header);
    rows.join("\n")
}

fn pipeline(table: &str, tsne: &str, output: &str) -> String {
    format!(
        "version: 1\ninput: {{path: {table}, id: sample, labels: [label]}}\n{SMALL}tsne: {tsne}\noutput: {output}\n"
    )
}

/// Where every row of a run lies, by its id.
fn points(place: &Place, run: &str) -> BTreeMap<String, [f64; 2]> {
    let columns = read::columns(&place.join(&format!("{run}/embedding.parquet"))).expect("an embedding");
    let (mut ids, mut sides) = (Vec::new(), Vec::new());
    for column in columns {
        match (column.name.as_str(), column.values) {
            ("sample", ColumnValues::Text(values)) => ids = values.into_iter().flatten().collect(),
            ("x" | "y", ColumnValues::Single(values)) => sides.push(values),
            _ => {}
        }
    }
    let at = |row: usize| [f64::from(sides[0][row]), f64::from(sides[1][row])];
    ids.into_iter().enumerate().map(|(row, id)| (id, at(row))).collect()
}

/// The cosine between two maps of the same rows, each around its own center: 1 where one is the other, enlarged.
fn likeness(earlier: &BTreeMap<String, [f64; 2]>, later: &BTreeMap<String, [f64; 2]>) -> f64 {
    let pairs: Vec<([f64; 2], [f64; 2])> = earlier.iter().map(|(id, point)| (*point, later[id])).collect();
    let mean = |side: usize| {
        let sum = pairs.iter().fold((0.0, 0.0), |sum, (here, there)| (sum.0 + here[side], sum.1 + there[side]));
        (sum.0 / pairs.len() as f64, sum.1 / pairs.len() as f64)
    };
    let means = [mean(0), mean(1)];
    let (mut product, mut one, mut other) = (0.0, 0.0, 0.0);
    for (here, there) in &pairs {
        for side in 0..2 {
            let (here, there) = (here[side] - means[side].0, there[side] - means[side].1);
            product += here * there;
            one += here * here;
            other += there * there;
        }
    }
    product / (one * other).sqrt()
}

#[test]
fn rows_keep_their_places_by_id_when_others_are_added() {
    let place = Place::new();
    place.file("few.csv", digits(300, false)).file("more.csv", digits(420, true));
    place.file("a.yaml", pipeline("few.csv", "{iterations: 250}", "a"));
    place.file("b.yaml", pipeline("more.csv", "{iterations: 250, start: {from: a}}", "b"));
    place.file("c.yaml", pipeline("more.csv", "{iterations: 250, start: random}", "c"));
    for name in ["a.yaml", "b.yaml", "c.yaml"] {
        place.reduce(&["run", name]).done();
    }
    let earlier = points(&place, "a");
    let (aligned, anew) = (likeness(&earlier, &points(&place, "b")), likeness(&earlier, &points(&place, "c")));
    assert_eq!((earlier.len(), points(&place, "b").len()), (300, 420));
    assert!(aligned > 0.9 && aligned > anew + 0.2, "started from it {aligned:.3}, at random {anew:.3}");

    // the same again is taken up, an embedding that changed meanwhile is not
    let again = place.reduce(&["run", "b.yaml"]).done();
    assert!(!again.stderr.contains("iteration 50"), "{}", again.stderr);
    let before = place.read("b/embedding.parquet");
    place.reduce(&["run", "a.yaml", "--set", "seed=7"]).done();
    place.reduce(&["run", "b.yaml"]).done();
    assert_ne!(before, place.read("b/embedding.parquet"));
}

#[test]
fn a_start_that_is_no_run_or_shares_no_row_is_refused() {
    let place = Place::new();
    place.file("few.csv", digits(60, false)).file("others.csv", digits(60, false).replace("\ns", "\nt"));
    place.file("a.yaml", pipeline("few.csv", "{iterations: 20}", "a"));
    place.file("b.yaml", pipeline("others.csv", "{iterations: 20, start: {from: a}}", "b"));
    place.file("n.yaml", pipeline("few.csv", "{iterations: 20, start: {from: nowhere}}", "n"));
    place.file("l.yaml", pipeline("few.csv", "{iterations: 20, dimensions: 1, start: {from: a}}", "l"));
    place.reduce(&["run", "a.yaml"]).done();
    place.reduce(&["run", "b.yaml"]).refused(&["no id of this table is in the run", "input.id"]);
    place.reduce(&["run", "n.yaml"]).refused(&["nowhere", "tsne.start"]);
    place.reduce(&["run", "l.yaml"]).refused(&["2 dimensions", "tsne.dimensions"]);
}
