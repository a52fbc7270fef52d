//! What `init` and `inspect` make of a table.

use crate::program::Place;

#[test]
fn a_table_with_an_empty_column_runs_as_init_wrote_it() {
    let place = Place::new();
    let rows: String = (0..60).map(|row| format!("{row},,{}\n", row % 5)).collect();
    place.file("t.csv", format!("a,empty,b\n{rows}"));
    let said = place.reduce(&["init", "t.csv", "-o", "p.yaml"]).done();
    assert!(said.stderr.contains("1 columns without any value"), "{}", said.stderr);
    let brief = ["run", "p.yaml", "--set", "autoencoder.training.max_epochs=1", "--set", "tsne=none"];
    let said = place.reduce(&brief).done();
    assert!(said.stderr.contains("1 left out (without a value in any row): `empty`"), "{}", said.stderr);
}

#[test]
fn an_inspection_names_types_holes_and_likely_roles() {
    let place = Place::new();
    let rows: String =
        (0..60).map(|row| format!("r{row},k{},{row},7,{}\n", row % 3, if row == 9 { "" } else { "1.5" })).collect();
    place.file("t.csv", format!("id,class,a,constant,holes\n{rows}"));
    let said = place.reduce(&["inspect", "t.csv"]).done().stdout;
    for words in [
        "CSV: 60 rows × 5 columns",
        "columns by type: 3 of number, 2 of text",
        "column    type    missing  values",
        "id        text          0  names the rows",
        "class     text          0  label of 3 classes",
        "constant  number        0  always 7",
        "1 numbers are missing",
        "2 features are constant: `constant`, `holes`",
        "  id: id, because it differs in every row",
        "could be labels: `class` (3 classes)",
        "missing most often: `holes` (1 row)",
        "of memory",
    ] {
        assert!(said.contains(words), "no `{words}` in {said}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&place.reduce(&["inspect", "t.csv", "--json"]).done().stdout).expect("JSON");
    assert_eq!(
        (json["by_column"][3]["range"][1].as_f64(), json["by_column"][0]["role"].as_str()),
        (Some(7.0), Some("id"))
    );
    assert_eq!((json["rows"].as_u64(), json["types"]["number"].as_u64()), (Some(60), Some(3)));
}

#[test]
fn a_column_whose_values_come_late_has_their_type() {
    let place = Place::new();
    let late = |row: usize, value: &str| if row < 1100 { String::new() } else { value.to_owned() };
    let rows: String = (0..1200).map(|row| format!("{},{},{}\n", row % 7, late(row, "Ex"), late(row, "2.5"))).collect();
    place.file("t.csv", format!("a,quality,depth\n{rows}"));
    let said = place.reduce(&["inspect", "t.csv"]).done().stdout;
    assert!(said.contains("columns by type: 2 of number, 1 of text"), "{said}");
    assert!(said.contains("quality  text"), "{said}");
}

#[test]
fn what_only_numbers_the_rows_and_what_is_a_date_do_not_train_and_that_is_said() {
    let place = Place::new();
    let rows: String =
        (0..60).map(|row| format!("{},2026-01-{:02},{},{}\n", row + 1, row % 28 + 1, row % 7, row % 5)).collect();
    place.file("t.csv", format!("Nr.,day,a,b\n{rows}"));
    let said = place.reduce(&["init", "t.csv", "-o", "p.yaml"]).done().stderr;
    for words in ["not a feature: Nr., because it only numbers the rows", "left out: day, dates or times"] {
        assert!(said.contains(words), "no `{words}` in {said}");
    }
    let written = String::from_utf8(place.read("p.yaml")).expect("text");
    for line in
        ["  path: t.csv", "  features: {exclude: [Nr.]}", "  # times: number", "  # metadata: {path: ", "# plots:"]
    {
        assert!(written.lines().any(|written| written.starts_with(line)), "no `{line}` in {written}");
    }
    let brief = ["run", "p.yaml", "--set", "autoencoder.training.max_epochs=1", "--set", "tsne=none"];
    let said = place.reduce(&brief).done().stderr;
    assert!(said.contains("2 of 4 columns train"), "{said}");
}

#[test]
fn a_run_is_called_as_its_pipeline_and_init_says_where_results_go() {
    let place = Place::new();
    let rows: String = (0..60).map(|row| format!("{},{},{}\n", row % 7, row % 5, row % 3)).collect();
    place.file("t.csv", format!("a,b,c\n{rows}"));
    let said = place.reduce(&["init", "t.csv", "-o", "mine.yaml"]).done().stderr;
    assert!(said.contains("next: reduce run mine.yaml (results go to runs/mine)"), "{said}");
    let brief = ["run", "mine.yaml", "--set", "autoencoder.training.max_epochs=1", "--set", "tsne=none"];
    place.reduce(&brief).done();
    place.reduce(&["encode", "runs/mine", "t.csv", "-o", "codes.csv"]).done();
}

#[test]
fn a_check_says_what_is_known_before_the_table_is_read_and_what_is_not() {
    let place = Place::new();
    let rows: String = (0..60).map(|row| format!("{},{},k{},d{}\n", row % 7, row % 5, row % 3, row % 4)).collect();
    place.file("t.csv", format!("a,b,kind,donor\n{rows}"));
    let turned: String = (0..4).map(|row| format!("f{row},{},{},{}\n", row, row + 1, row + 2)).collect();
    place.file("turned.csv", format!("gene,s1,s2,s3\n{turned}"));
    place.file("p.yaml", "version: 1\ninput: {path: t.csv, missing: {numeric: median, drop_feature_above: 0.5}}\n");
    let said = place.reduce(&["check", "p.yaml"]).done().stdout;
    for words in ["4 columns, 4 of them can train", "more than 50 levels", "more than 0.5 missing", "`reduce plan`"] {
        assert!(said.contains(words), "no `{words}` in {said}");
    }
    let said =
        place.reduce(&["check", "p.yaml", "--set", "input.path=turned.csv", "--set", "input.layout=features_in_rows"]);
    let said = said.done().stdout;
    assert!(said.contains("features in rows, 4 columns: one names the features, the others are samples"), "{said}");
    // the label to split by: not a label, not there, nearly there
    for (name, hint) in [
        ("donor", "add it: `input: {labels: [donor]}`"),
        ("doner", "did you mean `donor`?"),
        ("xyz", "`reduce inspect` lists the columns"),
    ] {
        let split = format!("autoencoder.training.split_by={{grouped: {name}}}");
        for verb in ["check", "plan", "run"] {
            place.reduce(&[verb, "p.yaml", "--set", &split]).refused(&[name, hint]);
        }
    }
}

#[test]
fn a_word_among_numbers_is_taken_for_missing_and_that_is_said() {
    let place = Place::new();
    let cell = |row: usize| if row % 9 == 4 { "k.A.".to_owned() } else { format!("{},{}", row % 7, row % 10) };
    let rows: String = (0..60).map(|row| format!("W{row};{};{};k{}\n", cell(row), row % 5, row % 3)).collect();
    place.file("t.csv", format!("Probe;a;b;Sorte\n{rows}"));
    let said = place.reduce(&["init", "t.csv", "-o", "p.yaml"]).done().stderr;
    // `Probe` is German for sample, not a probe of a microarray
    assert!(said.contains("missing.words: k.A. beside the usual ones") && !said.contains("layout"), "{said}");
    let brief = ["run", "p.yaml", "--set", "autoencoder.training.max_epochs=1", "--set", "tsne=none"];
    let said = place.reduce(&brief).done().stderr;
    assert!(said.contains("missing  7 numbers, which are filled in"), "{said}");
}

#[test]
fn a_column_of_numbers_with_another_text_gets_a_pipeline_that_runs_and_that_is_said() {
    let place = Place::new();
    let cell = |row: usize, other: &str| if row % 9 == 4 { other.to_owned() } else { (row % 7).to_string() };
    let row = |row: usize| format!("{},{},{},{}\n", cell(row, "\"1, 5\""), cell(row, "5%"), row % 5, row % 11);
    place.file("t.csv", format!("lines,share,b,c\n{}", (0..60).map(row).collect::<String>()));
    let said = place.reduce(&["init", "t.csv", "-o", "p.yaml"]).done().stderr;
    for words in ["texts, not numbers: lines, because row 5 holds `1, 5`;", "left out: share, because row 5 holds `5%`"]
    {
        assert!(said.contains(words), "no `{words}` in {said}");
    }
    let brief = ["run", "p.yaml", "--set", "autoencoder.training.max_epochs=1", "--set", "tsne=none"];
    let said = place.reduce(&brief).done().stderr;
    assert!(said.contains("60 rows; 3 of 4 columns train"), "{said}");
    place.reduce(&["inspect", "t.csv"]).done();
}

#[test]
fn the_only_column_without_a_number_among_numbered_ones_is_the_label() {
    let place = Place::new();
    let row = |row: usize| (0..20).map(|at| format!("{},", row * (at + 3) % 17)).collect::<String>();
    let rows: String = (0..60).map(|at| format!("{}{}\n", row(at), at % 4)).collect();
    let numbered: String = (0..20).map(|at| format!("p{at},")).collect();
    place.file("t.csv", format!("{numbered}digit\n{rows}")).file("other.csv", format!("{numbered}p20\n{rows}"));
    let said = place.reduce(&["init", "t.csv", "-o", "p.yaml"]).done().stderr;
    assert!(said.contains("label: digit, because all other columns are numbered and it has 4 classes"), "{said}");
    assert!(!place.reduce(&["init", "other.csv"]).done().stdout.contains("label: "));
    let brief = ["run", "p.yaml", "--set", "autoencoder.training.max_epochs=1", "--set", "tsne=none"];
    place.reduce(&brief).done();
    place.file("foreign.csv", "u,v\n".to_owned() + &"1,2\n3,5\n".repeat(30));
    let said = place.reduce(&["score", "t.csv", "foreign.csv"]).done().stderr;
    assert!(said.contains("`digit` is left out of the comparison, because it has classes"), "{said}");
    let said = place.reduce(&["score", "t.csv", "runs/p/codes.parquet", "--label", "digit"]).done().stdout;
    assert!(said.contains("label agreement of the table itself"), "{said}");
}

#[test]
fn a_first_pipeline_leaves_two_features_or_is_refused() {
    let place = Place::new();
    let rows = |more: &str| -> String { (0..60).map(|row| format!("{},{}{more}\n", row % 3, row % 5)).collect() };
    // both are named like labels, but one has to train
    place.file("two.csv", format!("group,y,dose\n{}", rows(",7")));
    let said = place.reduce(&["init", "two.csv", "-o", "p.yaml"]).done().stderr;
    assert!(said.contains("label: group") && !said.contains("label: y"), "{said}");
    let towns: String = (0..60).map(|row| format!("{},t{}\n", row % 7, row % 55)).collect();
    place.file("one.csv", format!("dose,town\n{towns}"));
    place.reduce(&["init", "one.csv"]).refused(&["at least 2 features, and 1 is left", "`town` (text)"]);
    place.file("q.yaml", "version: 1\ninput: {path: one.csv}\n");
    place.reduce(&["run", "q.yaml"]).refused(&["needs at least 2 features, but there are 1", "`reduce inspect`"]);
    // an infinite value is in the way of its column only
    place.file("far.csv", format!("a,b,in row,end\n{}0,0,1e50,inf\n", rows(",3,4")));
    let said = place.reduce(&["init", "far.csv", "-o", "r.yaml"]).done().stderr;
    for words in [
        "left out: end, because row 61 holds `inf`;",
        "left out: in row, because row 61 holds `1e50`; correct the value",
    ] {
        assert!(said.contains(words), "no `{words}` in {said}");
    }
    // nothing but a label is a table of labels, not one to train on
    place.file(
        "labels.csv",
        format!("cell,cell_type\n{}", (0..60).map(|row| format!("c{row},t{}\n", row % 3)).collect::<String>()),
    );
    place.reduce(&["init", "labels.csv"]).refused(&["no column is left to train on"]);
}

#[test]
fn only_a_text_that_every_row_has_names_the_rows() {
    let place = Place::new();
    let name = |row: usize| if row == 70 { String::new() } else { format!("town {row}") };
    let rows: String = (0..80).map(|row| format!("{},{},{}\n", name(row), row % 5, row % 7)).collect();
    place.file("t.csv", format!("town,a,b\n{rows}"));
    let said = place.reduce(&["init", "t.csv", "-o", "p.yaml"]).done().stderr;
    assert!(!said.contains("id: town"), "{said}");
    place.reduce(&["check", "p.yaml"]).done();
}

#[test]
fn a_word_that_is_a_level_elsewhere_is_not_taken_for_missing() {
    let place = Place::new();
    let dose = |row: usize| if row == 30 { "high".to_owned() } else { row.to_string() };
    let rows = |word: &str| -> String {
        let level = |row: usize| ["low", "mid", word][row % 3].to_owned();
        (0..60).map(|row| format!("{},{},{}\n", dose(row), row % 5, level(row))).collect()
    };
    place.file("t.csv", format!("dose,b,sev\n{}", rows("high")));
    let said = place.reduce(&["init", "t.csv", "-o", "p.yaml"]).done().stderr;
    let words = "texts, not numbers: dose, because row 31 holds `high`, which is a value of `sev` too";
    assert!(said.contains(words) && !said.contains("missing.words"), "{said}");
    place.file("other.csv", format!("dose,b,sev\n{}", rows("-")));
    place.reduce(&["init", "other.csv", "-o", "q.yaml"]).done();
    let brief = ["run", "q.yaml", "--set", "autoencoder.training.max_epochs=1", "--set", "tsne=none"];
    let said = place.reduce(&brief).done().stderr;
    assert!(said.contains("missing  1 number, which is filled in"), "{said}");
}

#[test]
fn a_plot_knows_the_words_for_missing_and_refuses_ids() {
    let place = Place::new();
    let age = |row: usize| if row % 9 == 4 { "unknown".to_owned() } else { row.to_string() };
    let rows: String = (0..60).map(|row| format!("c{row},{},{},{}\n", age(row), row % 5, row % 7)).collect();
    place.file("t.csv", format!("cell,age,b,c\n{rows}"));
    let input =
        "input: {path: t.csv, id: cell, features: {exclude: [age]}, missing: {numeric: median, words: [unknown]}}";
    let fast =
        "autoencoder: {code_size: 1, hidden: [8], training: {max_epochs: 2}}\ntsne: {perplexity: 5}\noutput: run\n";
    place.file("p.yaml", format!("version: 1\n{input}\n{fast}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["plot", "run", "--color-by", "age"]).done();
    place.reduce(&["plot", "run", "--color-by", "cell"]).refused(&["`cell` names the rows"]);
    for verb in ["check", "plan", "run"] {
        place.reduce(&[verb, "p.yaml", "--set", "plots=[{color_by: cell}]"]).refused(&["`cell` names the rows"]);
    }
}

#[test]
fn a_check_knows_that_all_columns_of_the_metadata_are_labels() {
    let place = Place::new();
    let rows: String = (0..60).map(|row| format!("c{row},{},{}\n", row % 5, row % 7)).collect();
    let sites: String = (0..60).map(|row| format!("c{row},s{}\n", row % 6)).collect();
    place.file("t.csv", format!("cell,a,b\n{rows}")).file("m.csv", format!("cell,site\n{sites}"));
    let input = "input: {path: t.csv, id: cell, metadata: {path: m.csv}}";
    place.file("p.yaml", format!("version: 1\n{input}\n"));
    for verb in ["check", "plan"] {
        let split = |name: &str| format!("autoencoder.training.split_by={{grouped: {name}}}");
        place.reduce(&[verb, "p.yaml", "--set", &split("site")]).done();
        place.reduce(&[verb, "p.yaml", "--set", &split("sight")]).refused(&["there is no column `sight`"]);
    }
}

#[test]
fn a_kind_made_for_rows_that_come_back_is_told_of_a_step_without_a_way_back() {
    let place = Place::new();
    place.digits("prepare: [normalize_total, log1p]\nautoencoder: {code_size: 4}\noutput: run\n");
    let asked = |more: &[&str]| {
        let verb = |verb| place.reduce(&[&[verb, "p.yaml"], more].concat()).done().stdout;
        verb("check") + &verb("plan")
    };
    assert!(!asked(&[]).contains("cannot be undone"));
    for (kind, verb) in [("corruption={gaussian: {sd: 0.1}}", "denoise"), ("code={variational: {}}", "sample")] {
        let said = asked(&["--set", &format!("autoencoder.{kind}")]);
        let words =
            format!("`normalize_total` cannot be undone, so that `{verb}` will not give rows of this model back");
        assert_eq!(said.matches(&words).count(), 2, "{said}");
    }
}
