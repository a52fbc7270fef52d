//! New rows in a file of another form than the model's own: other layout, other numbers on repeated names, holes.

use crate::program::Place;

const SMALL: &str = "autoencoder: {code_size: 2, hidden: [8], training: {max_epochs: 3}}\ntsne: none\nprepare: [standardize]\noutput: run\n";

/// Cells of a table of 40 samples: their names first, then six features, of which the last repeats a name.
fn table(repeat: &str) -> Vec<Vec<String>> {
    let mut rows = vec![["cell", "A", "B", "C", "D", "U", repeat].map(str::to_owned).to_vec()];
    for row in 0..40_usize {
        let value = |column: usize| ((row * (3 + column) + column * column) % 11).to_string();
        rows.push([format!("c{row}")].into_iter().chain((0..6).map(value)).collect());
    }
    rows
}

fn csv(rows: &[Vec<String>]) -> String {
    rows.iter().map(|row| row.join(",") + "\n").collect()
}

fn turned(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    (0..rows[0].len()).map(|column| rows.iter().map(|row| row[column].clone()).collect()).collect()
}

/// Lines of a file of codes, the first column left out: what names the rows is called otherwise in other forms.
fn codes(place: &Place, name: &str) -> Vec<String> {
    let text = String::from_utf8(place.read(name)).expect("text");
    text.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn a_table_that_lies_the_other_way_is_known_by_its_names() {
    let place = Place::new();
    place.file("t.csv", csv(&table("U-1"))).file("turned.csv", csv(&turned(&table("U-1"))));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv, id: cell}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "t.csv", "-o", "a.csv"]).done();
    let said = place.reduce(&["encode", "run", "turned.csv", "-o", "b.csv"]).done();
    assert!(said.stderr.contains("the rows are named as the model's features (6 of 6)"), "{}", said.stderr);
    assert_eq!(codes(&place, "a.csv"), codes(&place, "b.csv"));
    place.reduce(&["encode", "run", "turned.csv", "--layout", "features_in_rows", "-o", "c.csv"]).done();
    assert_eq!(place.read("b.csv"), place.read("c.csv"));
    // asked for the wrong way, it says which columns are missing
    let wrong = ["encode", "run", "turned.csv", "--layout", "samples_in_rows", "-o", "d.csv"];
    place.reduce(&wrong).refused(&["columns the model was trained on are missing"]);
}

#[test]
fn a_model_of_a_turned_table_takes_a_plain_one() {
    let place = Place::new();
    place.file("t.csv", csv(&table("U-1"))).file("turned.csv", csv(&turned(&table("U-1"))));
    place.file("p.yaml", format!("version: 1\ninput: {{path: turned.csv, layout: features_in_rows}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "turned.csv", "-o", "a.csv"]).done();
    let said = place.reduce(&["encode", "run", "t.csv", "-o", "b.csv"]).done();
    assert!(said.stderr.contains("read with layout samples_in_rows"), "{}", said.stderr);
    assert_eq!(codes(&place, "a.csv"), codes(&place, "b.csv"));
}

#[test]
fn repeated_names_that_another_tool_numbered_are_the_same() {
    let place = Place::new();
    place.file("t.csv", csv(&table("U.1"))).file("other.csv", csv(&table("U-1")));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv, id: cell}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "t.csv", "-o", "a.csv"]).done();
    let said = place.reduce(&["encode", "run", "other.csv", "-o", "b.csv"]).done();
    assert!(said.stderr.contains("1 repeated names are numbered otherwise"), "{}", said.stderr);
    assert!(said.stderr.contains("`U-1` is its `U.1`"), "{}", said.stderr);
    assert_eq!(place.read("a.csv"), place.read("b.csv"));
    place.file("none.csv", csv(&table("V-1")));
    place.reduce(&["encode", "run", "none.csv", "-o", "c.csv"]).refused(&["missing: `U.1`"]);
}

#[test]
fn holes_in_new_rows_are_filled_when_asked_and_refused_with_the_way_out() {
    let place = Place::new();
    let whole = table("U-1");
    let mut holes = whole.clone();
    holes[3][2] = String::new();
    place.file("t.csv", csv(&whole)).file("holes.csv", csv(&holes));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv, id: cell}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    let words = ["column `B` has 1 missing value", "--missing median", "numeric: median"];
    place.reduce(&["encode", "run", "holes.csv", "-o", "x.csv"]).refused(&words);
    place.reduce(&["reconstruct", "run", "holes.csv", "-o", "x.csv"]).refused(&words);
    let asked = ["encode", "run", "holes.csv", "--missing", "median", "-o", "b.csv"];
    let said = place.reduce(&asked).done();
    assert!(said.stderr.contains("1 missing number was filled in"), "{}", said.stderr);
    // the same as a model that was told so from the start gives
    place.reduce(&["run", "p.yaml", "--set", "input.missing.numeric=median", "--set", "output=told"]).done();
    place.reduce(&["encode", "told", "holes.csv", "-o", "c.csv"]).done();
    assert_eq!(place.read("b.csv"), place.read("c.csv"));
}

#[test]
fn new_rows_say_what_is_strange_about_them() {
    let place = Place::new();
    let rows: String = (0..60).map(|row| format!("{},{},k{}\n", row % 7, row % 5, row % 3)).collect();
    place.file("t.csv", format!("a,b,kind\n{rows}"));
    place.file(
        "p.yaml",
        format!("version: 1\ninput: {{path: t.csv}}\n{}", SMALL.replace("code_size: 2", "code_size: 3")),
    );
    place.reduce(&["run", "p.yaml"]).done();
    let said = place.reduce(&["encode", "run", "t.csv", "-o", "a.csv"]).done().stderr;
    assert!(!said.contains("0 %") && said.contains("unlike the training rows"), "{said}");
    place.file("new.csv", "a,b,kind\n1,2,k1\n3,4,k9\n5,1,\n");
    let said = place.reduce(&["encode", "run", "new.csv", "-o", "b.csv"]).done().stderr;
    let words =
        "2 rows have a level of `kind` that no training row had, and count as none of its levels: `(missing)`, `k9`";
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_table_that_lies_the_other_way_can_be_rated() {
    let place = Place::new();
    place.file("t.csv", csv(&table("U-1"))).file("turned.csv", csv(&turned(&table("U-1"))));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv, id: cell}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "t.csv", "-o", "codes.csv"]).done();
    let plain = place.reduce(&["score", "t.csv", "codes.csv", "--id", "cell", "--as-is", "--json"]).done().stdout;
    let other = ["score", "turned.csv", "codes.csv", "--layout", "features_in_rows", "--as-is", "--json"];
    let last = |said: &str| said[said.find("\n{\n").or(said.find('{')).unwrap_or(0)..].to_owned();
    assert_eq!(last(&plain), last(&place.reduce(&other).done().stdout));
}

#[test]
fn a_file_with_features_in_rows_that_lacks_some_says_which() {
    let place = Place::new();
    let mut few = turned(&table("U-1"));
    few.truncate(3);
    place.file("turned.csv", csv(&turned(&table("U-1")))).file("few.csv", csv(&few));
    place.file("p.yaml", format!("version: 1\ninput: {{path: turned.csv, layout: features_in_rows}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "few.csv", "-o", "x.csv"]).refused(&["4 of the 6 columns"]);
}

#[test]
fn levels_that_look_like_numbers_or_dates_are_those_of_the_model() {
    let place = Place::new();
    let levels = ["5%,2020-01-01", "10%,2020-01-02", "low,never", "5%,2020-01-02"];
    let rows: Vec<String> = (0..60).map(|row| format!("{},{},{}\n", row % 7, row % 5, levels[row % 4])).collect();
    let new: String = rows.iter().filter(|row| !row.contains("low")).cloned().collect();
    place.file("t.csv", format!("a,b,share,day\n{}", rows.concat())).file("new.csv", format!("a,b,share,day\n{new}"));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "t.csv", "-o", "all.csv"]).done();
    place.reduce(&["encode", "run", "new.csv", "-o", "new-codes.csv"]).done();
    // the same code for the same row, whatever stands beside it
    let first = |name: &str| codes(&place, name)[0].clone();
    assert_eq!(first("all.csv"), first("new-codes.csv"));
}

#[test]
fn medians_fill_when_asked_though_the_model_fills_otherwise() {
    let place = Place::new();
    let mut rows = table("U-1");
    for row in rows.iter_mut().skip(1).take(5) {
        row[2] = "1000".to_owned();
    }
    let mut holes = rows.clone();
    holes[9][2] = String::new();
    place.file("t.csv", csv(&rows)).file("holes.csv", csv(&holes));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv, id: cell}}\n{SMALL}"));
    for policy in ["mean", "median"] {
        let (missing, output) = (format!("input.missing.numeric={policy}"), format!("output={policy}"));
        place.reduce(&["run", "p.yaml", "--set", &missing, "--set", &output]).done();
        place.reduce(&["encode", policy, "holes.csv", "-o", &format!("{policy}.csv")]).done();
    }
    place.reduce(&["encode", "mean", "holes.csv", "--missing", "median", "-o", "asked.csv"]).done();
    assert_eq!(place.read("asked.csv"), place.read("median.csv"));
    assert_ne!(place.read("asked.csv"), place.read("mean.csv"));
}

#[test]
fn a_matrix_is_not_asked_of_a_file_that_holds_one() {
    let place = Place::new();
    place.file("t.csv", csv(&table("U-1")));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv, id: cell}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    let asked = ["encode", "run", "t.csv", "--matrix", "raw", "-o", "x.csv"];
    place.reduce(&asked).refused(&["matrix `raw`", "CSV", "leave `--matrix` out"]);
}

#[test]
fn repeats_that_are_numbered_otherwise_come_back_in_their_place() {
    let place = Place::new();
    let rows: String = (0..60).map(|row| format!("{},k{},{},{}\n", row % 7, row % 3, row % 5, row % 4)).collect();
    place.file("t.csv", format!("U,kind,U.1,b\n{rows}")).file("new.csv", format!("U,kind,U-1,b\n{rows}"));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv}}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["reconstruct", "run", "new.csv", "-o", "x.csv"]).done();
    let text = String::from_utf8(place.read("x.csv")).expect("text");
    assert_eq!(text.lines().next(), Some("row,U,kind,U.1,b"));
}

#[test]
fn all_columns_named_like_labels_are_named() {
    let place = Place::new();
    let rows: String = (0..60).map(|row| format!("{},{},{},{}\n", row % 7, row % 5, row % 3, row % 2)).collect();
    place.file("t.csv", format!("a,b,label,class\n{rows}")).file("codes.csv", format!("c,d,e,f\n{rows}"));
    let said = place.reduce(&["score", "t.csv", "codes.csv"]).done().stderr;
    assert!(said.contains("`label`, `class` are labels, or named like them"), "{said}");
}

#[test]
fn a_row_whose_text_is_missing_has_the_code_it_has_among_others() {
    let place = Place::new();
    let row = |at: usize| format!("{},{},{}", at % 7, (at * 3) % 11, ["red", "green", "NA"][at % 3]);
    let rows: Vec<String> = (0..60).map(row).collect();
    place.file("t.csv", format!("a,b,color\n{}\n", rows.join("\n")));
    place.file(
        "p.yaml",
        "version: 1\ninput: {path: t.csv}\nautoencoder: {code_size: 2, hidden: [8], training: {max_epochs: 2}}\ntsne: none\nevaluate: none\noutput: run\n",
    );
    place.reduce(&["run", "p.yaml"]).done();
    // the third row alone: no text stands in its column
    place.file("one.csv", format!("a,b,color\n{}\n", rows[2]));
    place.reduce(&["encode", "run", "one.csv", "-o", "one.codes.csv"]).done();
    place.reduce(&["encode", "run", "t.csv", "-o", "all.codes.csv"]).done();
    let codes = |name: &str, line: usize| -> Vec<String> {
        let text = String::from_utf8(place.read(name)).expect("text");
        text.lines().nth(line).expect("a line").split(',').skip(1).map(str::to_owned).collect()
    };
    assert_eq!(codes("one.codes.csv", 1), codes("all.codes.csv", 3));
    // and a number that all rows miss is told as one that some miss
    place.file("hole.csv", "a,b,color\n,4,red\n");
    place.reduce(&["encode", "run", "hole.csv", "-o", "hole.codes.csv"]).refused(&["`a`", "--missing median"]);
    place.reduce(&["encode", "run", "hole.csv", "--missing", "median", "-o", "hole.codes.csv"]).done();
}
