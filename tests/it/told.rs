//! What check, run and the verbs say, so that nobody has to guess.

use reduce::table::read;
use reduce::table::write::ColumnValues;

use crate::program::Place;

const SMALL: &str =
    "autoencoder: {code_size: 2, hidden: [16], training: {max_epochs: 3}}\ntsne: {iterations: 60}\noutput: run\n";

/// Rows of four numbers with an id, the last number far out in one of them.
fn table(rows: usize) -> String {
    let row = |at: usize| {
        let far = if at == 11 { 100_000 } else { at % 5 };
        format!("c{at},{},{},{},{far},{}\n", at % 7, at * 3 % 11, at % 13, ["x", "y"][at % 2])
    };
    format!("cell,a,b,c,d,kind\n{}", (0..rows).map(row).collect::<String>())
}

fn with_input(input: &str) -> String {
    format!("version: 1\ninput: {{path: t.csv, id: cell{input}}}\n{SMALL}")
}

#[test]
fn check_refuses_what_run_would_refuse() {
    let place = Place::new();
    place.file("t.csv", table(60)).file("types.csv", "cell,type\nc0,u\nc1,v\n");
    place.file("p.yaml", with_input(", labels: [kind]"));
    place.reduce(&["check", "p.yaml"]).done();
    let refused = |metadata: &str, labels: &str, words: &[&str]| {
        place.file("m.yaml", with_input(&format!(", metadata: {metadata}, labels: [{labels}]")));
        place.reduce(&["check", "m.yaml"]).refused(words);
        place.reduce(&["run", "m.yaml"]).refused(&[]);
    };
    refused("{path: gone.csv}", "type", &["gone.csv"]);
    refused("{path: types.csv, key: nosuch}", "type", &["metadata key column `nosuch`", "types.csv"]);
    refused("{path: types.csv, unmatched: keep}", "typo", &["label column `typo`", "did you mean `type`?"]);
    for (option, word) in [
        ("plots=[{color_by: NOGENE}]", "no column `NOGENE` to color by"),
        ("tsne={start: {from: runs/none}}", "names a run folder with an embedding"),
    ] {
        place.reduce(&["check", "p.yaml", "--set", option]).refused(&[word]);
        place.reduce(&["run", "p.yaml", "--set", option]).refused(&[word]);
    }
    place.file("twice.csv", "cell,type\nc0,u\nc1,u\n");
    refused_by_run(&place, "{path: twice.csv, key: type}", "another `input.metadata.key`");
    place.file("m.yaml", with_input(", metadata: {path: twice.csv, key: type}, labels: [type]"));
    place.reduce(&["check", "m.yaml"]).refused(&["`type` is asked to be both label and metadata key"]);
}

#[test]
fn words_on_the_command_line_are_the_words_of_a_file() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml", "--set", "plots=[{color_by: label, labels_on_map: yes}]"]).done();
}

#[test]
fn the_methods_say_what_was_done() {
    let place = Place::new();
    place.file("t.csv", table(60));
    let pipeline = with_input(", labels: [kind], features: {exclude: [a]}");
    place.file("p.yaml", pipeline).reduce(&["run", "p.yaml", "--set", "output=first"]).done();
    let options = [
        "output=run",
        "tsne={iterations: 60, start: {from: first}}",
        "autoencoder.training.split_by={stratified: kind}",
        "prepare=[{top_variable: {count: 3, method: variance}}, standardize]",
    ];
    let sets = options.iter().flat_map(|option| ["--set", option]);
    place.reduce(&["run", "p.yaml"].into_iter().chain(sets).collect::<Vec<_>>()).done();
    let page = String::from_utf8(place.read("run/report.html")).expect("text");
    for said in [
        "60 rows by 3 features (1 more was excluded by name)",
        "those of the largest variance",
        "the same share of each class of `kind`",
        "early exaggeration of 4",
        "Label agreement is the share of rows",
    ] {
        assert!(page.contains(said), "no `{said}` in the methods");
    }
}

fn refused_by_run(place: &Place, metadata: &str, word: &str) {
    place.file("m.yaml", with_input(&format!(", metadata: {metadata}, labels: [kind]")));
    place.reduce(&["run", "m.yaml"]).refused(&[word]);
}

#[test]
fn codes_are_rated_by_the_ids_they_hold() {
    let place = Place::new();
    place.file("t.csv", table(60)).file("p.yaml", with_input(", labels: [kind]"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "t.csv", "-o", "codes.csv"]).done();
    let text = String::from_utf8(place.read("codes.csv")).expect("text");
    let (header, rows) = text.split_once('\n').expect("a header");
    let turned: Vec<&str> = rows.lines().rev().collect();
    place.file("turned.csv", format!("{header}\n{}\n", turned.join("\n")));
    let score = |arguments: &[&str]| place.reduce(&[&["score"], arguments].concat()).done().stdout;
    let asked = score(&["t.csv", "codes.csv", "--id", "cell", "--label", "kind"]);
    assert_eq!(score(&["t.csv", "turned.csv", "--label", "kind"]), asked);
    assert!(asked.contains("0.5000 are of the largest class"), "{asked}");
    assert!(asked.contains("label agreement of the table itself 0."), "{asked}");
    // an id asked for is not given up silently
    place.file("foreign.csv", "u,v\n".to_owned() + &"1,2\n3,5\n".repeat(30));
    place.reduce(&["score", "t.csv", "foreign.csv", "--id", "cell"]).refused(&["no column `cell`", "foreign.csv"]);
    let said = place.reduce(&["score", "t.csv", "foreign.csv"]).done().stderr;
    assert!(said.contains("taken in the order of the table"), "{said}");
    // a label that only the embedding holds
    let bare: Vec<String> =
        table(60).lines().map(|line| line[..line.rfind(',').expect("a comma")].to_owned()).collect();
    place.file("bare.csv", bare.join("\n"));
    let found = score(&["bare.csv", "codes.csv", "run/embedding.parquet", "--label", "kind"]);
    assert!(found.contains("label agreement"), "{found}");
    place.reduce(&["score", "bare.csv", "codes.csv", "--label", "nosuch"]).refused(&["nosuch"]);
}

#[test]
fn labels_and_ids_called_as_columns_of_the_results_get_names_of_their_own() {
    let place = Place::new();
    place.file("t.csv", table(60).replacen("cell,a,b,c,d,kind", "x,a,b,c,d,y", 1));
    place.file("p.yaml", format!("version: 1\ninput: {{path: t.csv, id: x, labels: [y]}}\n{SMALL}"));
    let said = place.reduce(&["run", "p.yaml"]).done().stderr;
    assert!(said.contains("`x` is called `x_id`, `y` is called `y_label`"), "{said}");
    place.reduce(&["encode", "run", "t.csv", "-o", "codes.csv"]).done();
    assert!(place.read("codes.csv").starts_with(b"x_id,y_label,code_00,code_01,"));
    // the label is still called as in the table where it is asked for
    place.reduce(&["plot", "run", "--color-by", "y"]).done();
    assert!(String::from_utf8(place.read("run/embedding-y.svg")).expect("text").contains("p by y"));
    assert!(place.reduce(&["run", "p.yaml"]).done().stderr.contains("kept"));
    place.reduce(&["place", "run", "t.csv", "-o", "placed.csv"]).done();
    assert!(place.read("placed.csv").starts_with(b"x_id,y_label,x,y,outlier_factor,"));
    let score = |table: &str| {
        place.reduce(&["score", table, "codes.csv", "run/embedding.parquet", "--label", "y", "--json"]).done().stdout
    };
    assert!(score("t.csv").contains("table_label_agreement"));
    let bare: Vec<String> =
        table(60).lines().map(|line| line[..line.rfind(',').expect("a comma")].to_owned()).collect();
    place.file("bare.csv", bare.join("\n").replacen("cell", "x_id", 1));
    assert!(score("bare.csv").contains("table_label_agreement"));
}

#[test]
fn a_word_that_is_no_column_but_a_part_of_names_is_told() {
    let place = Place::new();
    place.file("t.csv", table(60).replacen("cell,a,b,c,d", "cell,heat,rate,part,d", 1));
    place.file("p.yaml", with_input(", features: {exclude: [at]}, labels: [kind]"));
    let brief = ["run", "p.yaml", "--set", "tsne=none", "--set", "autoencoder.code_size=1"];
    let said = place.reduce(&brief).done().stderr;
    assert!(
        said.contains("`at` in `input.features.exclude` is no column; as a pattern it means `heat`, `rate`"),
        "{said}"
    );
    let said =
        place.reduce(&["run", "p.yaml", "--set", "input.features.exclude=[^rate$]", "--set", "tsne=none"]).done();
    assert!(!said.stderr.contains("as a pattern"), "{}", said.stderr);
}

#[test]
fn the_label_that_is_scored_is_named_and_labels_of_the_run_are_not_compared() {
    let place = Place::new();
    place
        .file("t.csv", table(60))
        .file("p.yaml", with_input(", labels: [d, kind]").replace("path: t.csv", "path: amounts.csv"));
    // an amount and classes, neither named like a label
    let amounts = |line: &str| line.replacen(",x", ".5,x", 1).replacen(",y", ".5,y", 1);
    let lines: Vec<String> = table(60).lines().map(amounts).collect();
    place.file("amounts.csv", lines.join("\n"));
    place.reduce(&["run", "p.yaml"]).done();
    assert_eq!(place.json("run/metrics.json")["scored_label"], "kind");
    let report = String::from_utf8(place.read("run/report.html")).expect("text");
    assert!(report.contains("Label agreement is that of `kind`, the first label of classes."));
    let said = place.reduce(&["score", "amounts.csv", "run/codes.parquet", "--label", "kind"]).done().stderr;
    assert!(said.contains("`d` is a label, or named like one, and left out of the comparison"), "{said}");
    assert!(said.contains("3 columns of the table say what a row is like: `a`, `b`, `c`"), "{said}");
    let said = place.reduce(&["score", "amounts.csv", "run/codes.parquet", "--label", "d"]).done().stderr;
    assert!(said.contains("`d` is of amounts, and only a label of classes has an agreement"), "{said}");
}

#[test]
fn a_counter_of_rows_is_no_part_of_what_is_scored() {
    let place = Place::new();
    let codes: String = (0..80).map(|row| format!("{},{}\n", row % 9, row % 7)).collect();
    place.file("codes.csv", format!("u,v\n{codes}"));
    let rows = |counter: bool| -> String {
        let first = |row: usize| if counter { format!("{},", row + 1) } else { String::new() };
        (0..80).map(|row| format!("{}{},{}\n", first(row), row % 9, row % 7)).collect()
    };
    place
        .file("with.csv", format!("rownames,a,b\n{}", rows(true)))
        .file("without.csv", format!("a,b\n{}", rows(false)));
    let with = place.reduce(&["score", "with.csv", "codes.csv"]).done();
    assert_eq!(with.stdout, place.reduce(&["score", "without.csv", "codes.csv"]).done().stdout);
    assert!(
        with.stderr.contains("`rownames` is left out of the comparison, because it only numbers the rows"),
        "{}",
        with.stderr
    );
}

#[test]
fn a_map_that_starts_from_another_says_how_many_rows_it_knows() {
    let place = Place::new();
    place.file("t.csv", table(50)).file("p.yaml", with_input(", labels: [kind]"));
    place.reduce(&["run", "p.yaml"]).done();
    place.file("t.csv", table(60));
    let later = ["run", "p.yaml", "--set", "output=later", "--set", "tsne={iterations: 60, start: {from: run}}"];
    let said = place.reduce(&later).done().stderr;
    assert!(said.contains("50 of 60 rows begin where") && !said.contains("by their numbers"), "{said}");
    let numbered =
        format!("version: 1\ninput: {{path: t.csv, labels: [kind], features: {{exclude: [cell]}}}}\n{SMALL}");
    place.file("n.yaml", numbered);
    place.reduce(&["run", "n.yaml", "--set", "output=first"]).done();
    let again = ["run", "n.yaml", "--set", "output=second", "--set", "tsne={iterations: 60, start: {from: first}}"];
    let said = place.reduce(&again).done().stderr;
    assert!(said.contains("matched with those of the earlier run by their numbers"), "{said}");
}

#[test]
fn what_preparation_pulls_in_is_counted_and_named() {
    let place = Place::new();
    place.file("t.csv", table(300)).file("p.yaml", with_input(", labels: [kind]"));
    let said = place.reduce(&["run", "p.yaml", "--set", "tsne=none"]).done().stderr;
    assert!(said.contains("standardize: 1 value lies beyond the bounds and was pulled in: `d` (1)"), "{said}");
    let said = place.reduce(&["encode", "run", "t.csv", "-o", "codes.csv"]).done().stderr;
    assert!(said.contains("1 value lies beyond the bounds of the preparation"), "{said}");
    assert!(said.contains("an error above") && said.contains("beyond those of the training rows"), "{said}");
}

#[test]
fn a_search_says_what_every_size_kept_and_held_out_groups_are_named() {
    let place = Place::new();
    place.digits("autoencoder: {code_size: auto, hidden: [16], training: {max_epochs: 2, split_by: {grouped: label}}}\ntsne: none\noutput: run\n");
    let said = place.reduce(&["run", "p.yaml"]).done().stderr;
    assert!(said.contains("code size ") && said.contains("it is the smallest that keeps 95 %"), "{said}");
    assert!(said.contains("of 300 rows are held out, ") && said.contains(" of 10 groups by `label`: `"), "{said}");
    let plan = place.reduce(&["plan", "p.yaml"]).done().stdout;
    assert!(plan.contains("`code_size: auto` is searched by short trainings"), "{plan}");

    let told: usize = said
        .split(" of 300 rows are held out")
        .next()
        .and_then(|text| text.split_whitespace().last())
        .and_then(|count| count.parse().ok())
        .expect("a count");
    place.reduce(&["run", "p.yaml", "--set", "tsne={iterations: 10}", "--set", "evaluate=none"]).done();
    let columns = read::columns(&place.join("run/embedding.parquet")).expect("an embedding");
    let of = |name: &str| columns.iter().find(|column| column.name == name).map(|column| &column.values);
    let (Some(ColumnValues::Text(labels)), Some(ColumnValues::Flag(held_out))) = (of("label"), of("held_out")) else {
        panic!("no labels, or nothing says which rows were held out");
    };
    assert_eq!(held_out.iter().filter(|flag| **flag).count(), told, "{said}");
    for (label, flag) in labels.iter().zip(held_out) {
        let same = labels.iter().zip(held_out).filter(|(other, _)| *other == label).all(|(_, other)| other == flag);
        assert!(same, "a group on both sides");
    }
}

#[test]
fn rows_are_drawn_and_cleaned_with_a_warning_where_it_is_due() {
    let place = Place::new();
    place.digits("tsne: none\nevaluate: none\noutput: run\n");
    // steep numbers, and next to nothing that holds their codes to the normal distribution
    let steep = |at: u32| format!("{},{},{},{}\n", 1 << (at % 14), at % 7, 3_i32.pow(at % 9), at * 5 % 13);
    place.file("steep.csv", format!("a,b,c,d\n{}", (0..300).map(steep).collect::<String>()));
    place.file(
        "steep.yaml",
        "version: 1\ninput: {path: steep.csv}\ntsne: none\nevaluate: none\noutput: wide\n\
         autoencoder: {code_size: 2, hidden: [16], code: {variational: {beta: 0.000001}}, \
         training: {max_epochs: 40, learning_rate: 0.01}}\n",
    );
    place.reduce(&["run", "steep.yaml"]).done();
    let said = place.reduce(&["sample", "wide", "-n", "5", "-o", "s.csv"]).done().stderr;
    assert!(said.contains("warning: the codes of the run spread up to"), "{said}");
    let said = place.reduce(&["sample", "wide", "-n", "5", "--from", "mixture", "-o", "s.csv"]).done().stderr;
    assert!(!said.contains("warning"), "{said}");
    // noise so small that no code of four numbers can be nearer
    let small =
        "autoencoder={code_size: 4, hidden: [16], training: {max_epochs: 3}, corruption: {gaussian: {sd: 0.0001}}}";
    place.reduce(&["run", "p.yaml", "--set", small, "--set", "output=clean"]).done();
    let said = place.reduce(&["denoise", "clean", "digits.csv", "-o", "d.csv"]).done().stderr;
    assert!(said.contains("warning: on held-out rows the model brings noisy rows no nearer"), "{said}");
    assert!(!said.contains("unlike"), "{said}");
}
