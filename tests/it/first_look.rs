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
    // what may be a number written otherwise is not guessed
    place.file("units.csv", format!("a,b\n{}", "1,2\n".repeat(20) + "5%,3\n"));
    place.reduce(&["init", "units.csv", "-o", "q.yaml"]).refused(&["5%", "input.missing.words"]);
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
    let words = ["column `dose` holds `high`", "`high` is also a value of `sev`"];
    place.reduce(&["init", "t.csv", "-o", "p.yaml"]).refused(&words);
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
