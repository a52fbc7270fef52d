//! The verbs on new rows, and the small ones.

use crate::program::Place;

const SMALL: &str =
    "autoencoder: {code_size: 8, hidden: [32], training: {max_epochs: 4}}\ntsne: {iterations: 60}\noutput: run\n";

#[test]
fn encoding_the_training_table_gives_the_codes_of_the_run() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "digits.csv", "-o", "codes.csv"]).done();
    let text = String::from_utf8(place.read("codes.csv")).expect("text");
    let mut lines = text.lines();
    let header = lines.next().expect("a header");
    assert!(
        header.starts_with("row,label,code_0") && header.ends_with("reconstruction_error,unlike_training"),
        "{header}"
    );
    assert_eq!(lines.count(), 300);
}

#[test]
fn columns_are_matched_by_name_and_missing_ones_are_named() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml", "--set", "tsne=none"]).done();
    let text = String::from_utf8(place.read("digits.csv")).expect("text");
    let reversed: Vec<String> = text.lines().map(|line| line.split(',').rev().collect::<Vec<_>>().join(",")).collect();
    place.file("reversed.csv", reversed.join("\n"));
    place.reduce(&["encode", "run", "digits.csv", "-o", "a.parquet"]).done();
    place.reduce(&["encode", "run", "reversed.csv", "-o", "b.parquet"]).done();
    assert_eq!(place.read("a.parquet"), place.read("b.parquet"));
    let renamed = text.replacen("pixel_3_3", "pixel_3_3x", 1);
    place.file("renamed.csv", renamed);
    place.reduce(&["encode", "run", "renamed.csv", "-o", "c.parquet"]).refused(&["pixel_3_3", "nearest"]);
}

#[test]
fn reconstructions_come_in_original_units_and_columns() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml", "--set", "tsne=none"]).done();
    place.reduce(&["reconstruct", "run", "digits.csv", "-o", "back.csv"]).done();
    let text = String::from_utf8(place.read("back.csv")).expect("text");
    // every pixel comes back in its place, those that are the same in all rows too
    let header = text.lines().next().expect("a header").to_owned();
    let given = String::from_utf8(place.read("digits.csv")).expect("text");
    let pixels = |header: &str| -> Vec<String> {
        header.split(',').filter(|name| name.starts_with("pixel_")).map(str::to_owned).collect()
    };
    assert_eq!(pixels(&header), pixels(given.lines().next().expect("a header")));
    place.reduce(&["denoise", "run", "digits.csv", "-o", "clean.csv"]).refused(&["not trained to remove noise"]);
}

#[test]
fn rows_are_drawn_and_lie_between_two_rows_in_original_columns() {
    let place = Place::new();
    place.digits(SMALL);
    place.reduce(&["run", "p.yaml", "--set", "tsne=none", "--set", "autoencoder.code=variational"]).done();
    place.reduce(&["sample", "run", "-n", "200", "-o", "many.parquet"]).done();
    place.reduce(&["sample", "run", "-n", "5", "-o", "few.csv"]).done();
    let few = String::from_utf8(place.read("few.csv")).expect("text");
    assert!(few.starts_with("sample,pixel_") && few.lines().count() == 6, "{few}");
    place.reduce(&["sample", "run", "--between", "3", "8", "-n", "4", "-o", "line.csv"]).done();
    place.reduce(&["reconstruct", "run", "digits.csv", "-o", "back.csv"]).done();
    let numbers = |name: &str, line: usize, skip: usize| -> Vec<f64> {
        let text = String::from_utf8(place.read(name)).expect("text");
        let cells = text.lines().nth(line).expect("a line").split(',').skip(skip);
        cells.map(|cell| cell.parse().expect("a number")).collect()
    };
    let back = String::from_utf8(place.read("back.csv")).expect("text");
    for (id, step) in [("3,", 1), ("8,", 4)] {
        let line = back.lines().position(|line| line.starts_with(id)).expect("the row");
        let pairs = numbers("line.csv", step, 1).into_iter().zip(numbers("back.csv", line, 2));
        assert!(pairs.into_iter().all(|(here, there)| (here - there).abs() < 1e-3));
    }
    place.reduce(&["sample", "run", "--between", "3", "nobody", "-o", "x.csv"]).refused(&["nobody"]);
}

#[test]
fn drawn_rows_have_levels_and_numbers_in_the_order_of_the_table() {
    let place = Place::new();
    let rows: String = (0..80).map(|row| format!("k{},{row},{},{}\n", row % 3, row % 2 == 0, row % 7)).collect();
    place.file("t.csv", format!("kind,a,flag,b\n{rows}"));
    let training = "{max_epochs: 2}";
    let options = format!("{{code_size: 2, hidden: [8], code: variational, training: {training}}}");
    place.file(
        "p.yaml",
        format!("version: 1\ninput: {{path: t.csv}}\nautoencoder: {options}\ntsne: none\noutput: run\n"),
    );
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["sample", "run", "-n", "5", "-o", "drawn.csv"]).done();
    let drawn = String::from_utf8(place.read("drawn.csv")).expect("text");
    assert_eq!(drawn.lines().next(), Some("sample,kind,a,flag,b"));
    place.reduce(&["sample", "run", "--between", "3", "8", "-n", "5", "-o", "line.csv"]).done();
    let line = String::from_utf8(place.read("line.csv")).expect("text");
    assert_eq!(line.lines().next(), Some("step,kind,a,flag,b"));
}

#[test]
fn a_column_named_as_a_label_is_no_part_of_what_is_scored() {
    let place = Place::new();
    let codes: String = (0..80).map(|row| format!("{},{}\n", row % 9, row % 7)).collect();
    place.file("codes.csv", format!("u,v\n{codes}"));
    let rows = |label: bool| -> String {
        (0..80)
            .map(|row| {
                format!("{},{}{}\n", row % 9, row % 7, if label { format!(",{}", row % 2) } else { String::new() })
            })
            .collect()
    };
    place.file("with.csv", format!("a,b,label\n{}", rows(true))).file("without.csv", format!("a,b\n{}", rows(false)));
    let with = place.reduce(&["score", "with.csv", "codes.csv"]).done();
    let without = place.reduce(&["score", "without.csv", "codes.csv"]).done();
    assert_eq!(with.stdout, without.stdout);
    assert!(
        with.stderr.contains("`label` is a label, or named like one, and left out of the comparison"),
        "{}",
        with.stderr
    );
}

#[test]
fn new_rows_are_placed_on_the_embedding() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    let before = place.read("run/embedding.parquet");
    place.reduce(&["place", "run", "digits.csv", "-o", "placed.csv"]).done();
    let text = String::from_utf8(place.read("placed.csv")).expect("text");
    assert!(text.starts_with("row,label,x,y,outlier_factor,outlier,"), "{}", text.lines().next().expect("a header"));
    assert_eq!(before, place.read("run/embedding.parquet"));
    // The neighbor graph that the run kept is used, and its absence changes nothing.
    std::fs::remove_dir_all(place.join("run/.stages")).expect("kept stages");
    place.reduce(&["place", "run", "digits.csv", "-o", "again.csv"]).done();
    assert_eq!(text.as_bytes(), place.read("again.csv"));
}

#[test]
fn what_named_a_column_at_training_is_no_pattern_where_the_column_is_not_there() {
    let place = Place::new();
    let rows = |with: bool| -> String {
        let row = |at: usize| format!("{},{},{},{}", at % 7, at * 3 % 11, at % 5, at * 7 % 13);
        (0..60)
            .map(|at| if with { format!("{at},k{},{}\n", at % 3, row(at)) } else { format!("{}\n", row(at)) })
            .collect()
    };
    place.file("t.csv", format!("t,rate,heat,tilt,trend,part\n{}", rows(true)));
    place.file("new.csv", format!("heat,tilt,trend,part\n{}", rows(false)));
    let input = "input: {path: t.csv, features: {exclude: [t, rate]}, categorical: {columns: [tilt]}}";
    place.file("p.yaml", format!("version: 1\n{input}\n{SMALL}"));
    place.reduce(&["run", "p.yaml"]).done();
    place.reduce(&["encode", "run", "new.csv", "-o", "new-codes.csv"]).done();
    place.reduce(&["encode", "run", "t.csv", "-o", "codes.csv"]).done();
    assert_eq!(place.read("codes.csv"), place.read("new-codes.csv"));
    // what is missing is named, not taken for a pattern
    place.file("less.csv", "heat,tilt,trend\n1,2,3\n");
    place.reduce(&["encode", "run", "less.csv", "-o", "less-codes.csv"]).refused(&["is missing: `part`"]);
    place.file("none.csv", "heat,trend,part\n1,2,3\n");
    place.reduce(&["encode", "run", "none.csv", "-o", "none-codes.csv"]).refused(&["is missing: `tilt`"]);
}

#[test]
fn a_figure_of_a_run_is_given_in_another_format() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    place.reduce(&["plot", "run", "--figure", "training", "-o", "training.png"]).done();
    assert!(place.read("training.png").starts_with(b"\x89PNG"));
    place.reduce(&["plot", "run", "--figure", "training", "-o", "training.svg"]).done();
    assert_eq!(place.read("training.svg"), place.read("run/training.svg"));
    place.reduce(&["plot", "run", "--figure", "trainig", "-o", "t.png"]).refused(&["did you mean `training`?"]);
    place.reduce(&["plot", "run", "--figure", "training"]).refused(&["--output"]);
    place.file("run/training.svg", "<svg/>");
    place.reduce(&["plot", "run", "--figure", "training", "-o", "t.png"]).refused(&["was changed since the run"]);
    assert!(!place.join("t.png").exists());
}

#[test]
fn placed_rows_are_drawn_on_the_map() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    let digits = String::from_utf8(place.read("digits.csv")).expect("text");
    let new: Vec<&str> = digits.lines().take(41).collect();
    let bare: Vec<&str> = new.iter().map(|line| line.split_once(',').expect("a comma").1).collect();
    place.file("new.csv", new.join("\n")).file("bare.csv", bare.join("\n"));
    let svg = |data: &str| {
        place.reduce(&["place", "run", data, "-o", "placed.csv", "--plot", "map.svg"]).done();
        String::from_utf8(place.read("map.svg")).expect("text")
    };
    let colored = svg("new.csv");
    assert!(colored.contains("40 rows placed on a map of 300") && colored.contains("rows of the run"), "{colored}");
    // classes have the colors of the run's own map
    let own = String::from_utf8(place.read("run/embedding-label.svg")).expect("text");
    let color = |svg: &str| {
        let (_, group) = svg.split_once("class=\"class\" data-label=\"3\"").expect("a class");
        group.split_once("fill=\"").expect("a color").1[..7].to_owned()
    };
    assert_eq!(color(&colored), color(&own));
    assert!(svg("bare.csv").contains("placed rows"));
    let placed = place.read("placed.csv");
    place.reduce(&["place", "run", "new.csv", "-o", "placed.csv", "--plot", "map.gif"]).refused(&[".gif", "`.png`"]);
    let lost = ["place", "run", "new.csv", "-o", "placed.csv", "--plot", "gone/map.svg"];
    place.reduce(&lost).refused(&["the folder `gone` is not there"]);
    assert_eq!(placed, place.read("placed.csv"));
}

#[test]
fn a_row_far_outside_the_map_is_told() {
    let place = Place::new();
    // Nothing is clipped, so that the code of a wild row is wild.
    place.digits(&format!("prepare: []\n{SMALL}")).reduce(&["run", "p.yaml"]).done();
    let digits = String::from_utf8(place.read("digits.csv")).expect("text");
    let mut lines: Vec<String> = digits.lines().take(31).map(str::to_owned).collect();
    let far: Vec<String> =
        lines[0].split(',').map(|name| if name == "label" { "3" } else { "900" }.to_owned()).collect();
    lines.push(far.join(","));
    place.file("new.csv", lines.join("\n"));
    let said = place.reduce(&["place", "run", "new.csv", "-o", "placed.csv"]).done();
    let text = String::from_utf8(place.read("placed.csv")).expect("text");
    let outliers: Vec<bool> = text.lines().skip(1).map(|line| line.split(',').nth(5) == Some("true")).collect();
    assert!(outliers[30] && outliers[..30].iter().filter(|outlier| **outlier).count() <= 3, "{text}");
    assert!(said.stderr.contains("further outside the rows of"), "{}", said.stderr);
}

#[test]
fn neighbors_on_the_map_are_looked_for_among_all_rows_where_a_sample_is_compared() {
    let place = Place::new();
    place.digits(&format!("{SMALL}evaluate: {{sample: 100}}\n")).reduce(&["run", "p.yaml"]).done();
    let metrics = place.json("run/metrics.json");
    let among = &metrics["faithfulness"]["embedding_among_all"];
    let sampled = &metrics["faithfulness"]["embedding_from_codes"];
    assert_eq!((among["rows"].as_u64(), sampled["rows"].as_u64()), (Some(100), Some(100)));
    assert!(among["total_rows"].as_u64() > Some(100), "{among}");
    let recall = among["knn_recall"].as_f64().expect("a number");
    assert!((0.2..1.0).contains(&recall), "{among}");
    let report = String::from_utf8(place.read("run/report.html")).expect("text");
    assert!(report.contains("of the nearest codes are nearest on the map"));
}

#[test]
fn what_plot_drew_stays_as_long_as_the_map_is_the_same() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    place.reduce(&["plot", "run", "--color-by", "pixel_3_3"]).done();
    let drawn = place.read("run/embedding-pixel_3_3.svg");
    place.reduce(&["run", "p.yaml", "--set", "plots=[{color_by: reliability}]"]).done();
    assert_eq!(place.read("run/embedding-pixel_3_3.svg"), drawn);
    place.reduce(&["verify", "run"]).done();
    let other = place.reduce(&["run", "p.yaml", "--set", "seed=7"]).done().stderr;
    assert!(other.contains("removed, because they show what was there before: `embedding-pixel_3_3.svg`"), "{other}");
    assert!(!place.join("run/embedding-pixel_3_3.svg").exists());
    place.reduce(&["verify", "run"]).done();
}

#[test]
fn a_plot_is_drawn_again_by_another_column() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    place.reduce(&["plot", "run", "--color-by", "pixel_3_3", "-o", "by.svg"]).done();
    assert!(String::from_utf8(place.read("by.svg")).expect("text").contains("pixel_3_3"));
    place.reduce(&["plot", "run", "--color-by", "pixel_9_9", "-o", "no.svg"]).refused(&["pixel_9_9"]);
    assert!(!place.join("no.svg").exists());
}

#[test]
fn a_plan_shows_defaults_and_trains_nothing() {
    let place = Place::new();
    let said = place.digits("").reduce(&["plan", "p.yaml"]).done();
    for word in ["code_size: 32", "perplexity: 30", "autoencoder", "to do", "memory"] {
        assert!(said.stdout.contains(word), "no `{word}` in {}", said.stdout);
    }
    assert_eq!(place.names(), ["digits.csv", "p.yaml"]);
}

#[test]
fn the_small_verbs_answer() {
    let place = Place::new();
    for verb in [&["schema"][..], &["completions", "bash"], &["man"], &["doctor"], &["--help"], &["--version"]] {
        assert!(!place.reduce(verb).done().stdout.is_empty(), "{verb:?}");
    }
    assert_eq!(place.reduce(&[]).code, 2);
}

#[test]
fn a_feature_colors_also_where_labels_come_from_another_file_and_levels_are_classes() {
    let place = Place::new();
    let table: String = (0..40).fold("name,a,b,kind\n".to_owned(), |text, row| {
        let kind = ["round", "square"][row % 2];
        text + &format!("r{row},{},{},{kind}\n", (row * 7) % 11, (row * 5) % 13)
    });
    let sites: String = (0..40).fold("name,site\n".to_owned(), |text, row| text + &format!("r{row},s{}\n", row % 3));
    place.file("t.csv", table).file("sites.csv", sites).file(
        "p.yaml",
        "version: 1\ninput: {path: t.csv, id: name, labels: [site], metadata: {path: sites.csv, key: name}}\n\
         autoencoder: {code_size: 2, hidden: [4], training: {max_epochs: 2}}\ntsne: {perplexity: 5, iterations: 20}\n\
         plots: [{color_by: site}, {color_by: kind}, {color_by: a}]\noutput: run\n",
    );
    place.reduce(&["run", "p.yaml"]).done();
    let kinds = String::from_utf8(place.read("run/embedding-kind.svg")).expect("text");
    assert!(kinds.contains("data-label=\"round\"") && kinds.contains("data-label=\"square\""), "levels are no classes");
    assert!(place.join("run/embedding-a.svg").is_file());
    place.reduce(&["plot", "run", "--color-by", "kind", "-o", "again.svg"]).done();
    assert!(String::from_utf8(place.read("again.svg")).expect("text").contains("data-label=\"round\""));
    place.reduce(&["run", "p.yaml", "--set", "plots=[{color_by: knid}]"]).refused(&["knid", "did you mean `kind`"]);
}

#[test]
fn constant_columns_and_levels_come_back_where_the_table_has_them() {
    let place = Place::new();
    let rows: String = (0..80).map(|row| format!("{row},7.5,k{},{},-3\n", row % 3, row % 11)).collect();
    place.file("t.csv", format!("a,same,kind,b,low\n{rows}"));
    place.file("p.yaml", "version: 1\ninput: {path: t.csv}\nautoencoder: {code_size: 2, hidden: [8], training: {max_epochs: 2}}\ntsne: none\nevaluate: none\noutput: run\n");
    place.reduce(&["run", "p.yaml"]).done();
    let said = place.reduce(&["reconstruct", "run", "t.csv", "-o", "back.csv"]).done().stderr;
    assert!(!said.contains("do not come back"), "{said}");
    let text = String::from_utf8(place.read("back.csv")).expect("text");
    assert_eq!(text.lines().next(), Some("row,a,same,kind,b,low"));
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert!(cells[2] == "7.5" && cells[5] == "-3", "{line}");
    }
}

/// The printed measure of the codes in what `score` says.
fn measure(said: &str, name: &str) -> f64 {
    let line = said.lines().find(|line| line.starts_with(name)).expect("the measure");
    line[name.len()..].split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number")
}

#[test]
fn codes_are_rated_whatever_their_format_and_order() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml", "--set", "tsne=none"]).done();
    place.reduce(&["encode", "run", "digits.csv", "-o", "codes.csv"]).done();
    let text = String::from_utf8(place.read("codes.csv")).expect("text");
    let (header, rows) = text.split_once('\n').expect("a header");
    let turned = rows.lines().rev().collect::<Vec<_>>().join("\n");
    place.file("turned.csv", format!("{header}\n{turned}\n"));
    place.file("nameless.csv", format!("name{}\n{turned}\n", header.trim_start_matches("row")));
    place.file("short.csv", format!("{header}\n{}\n", rows.lines().take(9).collect::<Vec<_>>().join("\n")));
    let score = |codes: &str| place.reduce(&["score", "digits.csv", codes, "--label", "label"]).done();
    let best = score("run/codes.parquet").stdout;
    assert!(measure(&best, "trustworthiness") > 0.9, "{best}");
    for same in ["codes.csv", "turned.csv"] {
        assert_eq!(score(same).stdout, best, "{same}");
    }
    let said = score("nameless.csv");
    assert!(said.stderr.contains("no better than chance: are its rows in the order of the table?"), "{}", said.stderr);
    place.reduce(&["score", "digits.csv", "short.csv"]).refused(&["the id `9` of the table is not there"]);
    place.reduce(&["score", "digits.csv", "codes.csv", "--label", "labl"]).refused(&["did you mean `label`?"]);
}

#[test]
fn a_map_is_drawn_without_a_color_and_by_any_column_of_the_table() {
    let place = Place::new();
    let rows: String = (0..80)
        .map(|row| format!("r{row},{},{},{},2026-01-{:02},{}\n", row % 7, row % 5, row % 3, row % 28 + 1, row % 11))
        .collect();
    place.file("t.csv", format!("id,a,b,kind,day,marker\n{rows}"));
    place.file(
        "p.yaml",
        "version: 1\ninput: {path: t.csv, id: id, labels: [kind], features: {exclude: [marker]}}\n\
         prepare: [{normalize_total: {target: 100}}, log1p]\nautoencoder: {code_size: 1, hidden: [8], training: {max_epochs: 2}}\n\
         tsne: {iterations: 60}\nplots: [{color_by: marker}]\noutput: run\n",
    );
    place.reduce(&["run", "p.yaml"]).done();
    let svg = |name: &str| String::from_utf8(place.read(name)).expect("text");
    // an excluded column colors in the pipeline and afterwards, and says that its numbers are counts
    assert!(svg("run/embedding-marker.svg").contains("marker, counts"));
    place.reduce(&["plot", "run", "--color-by", "marker", "-o", "m.svg"]).done();
    assert!(svg("m.svg").contains("marker, counts") && svg("m.svg").contains("p by marker"));
    place.reduce(&["plot", "run", "--color-by", "day", "-o", "d.svg"]).done();
    place.reduce(&["plot", "run", "-o", "plain.svg"]).done();
    assert!(svg("plain.svg").contains("p by kind"));
    place.reduce(&["plot", "run", "--color-by", "markr"]).refused(&["no column `markr`", "did you mean `marker`?"]);
}

#[test]
fn a_training_that_runs_out_of_epochs_says_so_at_the_end_and_in_the_report() {
    let place = Place::new();
    place.digits("autoencoder: {code_size: 8, hidden: [32], linear_path: none, training: {max_epochs: 4, schedule: constant, learning_rate: 0.01}}\ntsne: none\noutput: run\n");
    let said = place.reduce(&["run", "p.yaml"]).done().stderr;
    let words =
        "the last quarter of the epochs still lowered the held-out error by more than 2 %: twice the `max_epochs`";
    let joined = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains("4 of at most 4 epochs, epoch 4 kept") && joined.contains(words), "{said}");
    assert!(String::from_utf8(place.read("run/report.html")).expect("text").contains(words));
    // losses are per row, errors per value, and are called so
    assert!(joined.contains("loss per row") && joined.contains("held-out squared error per value"), "{said}");
    let epochs = place.json("run/metrics.json")["training"]["history"]["epochs"].clone();
    let last = epochs.as_array().and_then(|epochs| epochs.last()).cloned().expect("epochs");
    let features = place.json("run/metrics.json")["training"]["features"].as_f64().expect("features");
    let (loss, error) =
        (last["validation_loss"].as_f64().expect("loss"), last["validation_mse"].as_f64().expect("error"));
    assert!((loss / features - error).abs() < 1e-3 * error, "{loss} {error} {features}");
}
