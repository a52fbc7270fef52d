//! Real tables in every form, from `init` to `run` with no hand edit: `cargo test --release --test it real_data -- --ignored`.
//!
//! They lie in `../shared/data`, or where `REDUCE_DATA` says, and are no part of the project: where they are missing, each
//! test says so and passes.

use std::path::{Path, PathBuf};

use reduce::event::silent;
use reduce::table::write::{self, Column};
use reduce::table::{Input, read};

use crate::program::{Place, repository};

/// Few epochs and iterations: what is asked is whether a table goes in, not how good its map is.
const BRIEF: [&str; 8] = [
    "--set",
    "autoencoder.training.max_epochs=1",
    "--set",
    "tsne.iterations=20",
    "--set",
    "tsne.early_iterations=10",
    "--set",
    "evaluate.sample=500",
];
/// A map of so many rows takes minutes.
const MOST_BYTES_FOR_A_MAP: [&str; 1] = ["kdd99"];

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("REDUCE_DATA").map_or_else(|| repository().join("../shared/data"), PathBuf::from);
    if !folder.is_dir() {
        eprintln!("skipped: there is no {}", folder.display());
        return None;
    }
    Some(folder)
}

/// From a table to its run folder; what `run` said.
fn through(place: &Place, table: &Path, name: &str) -> String {
    let pipeline = format!("{name}.yaml");
    let table_text = table.to_string_lossy().into_owned();
    place.reduce(&["init", &table_text, "-o", &pipeline]).done();
    place.reduce(&["check", &pipeline]).done();
    let mut run = vec!["run", &pipeline];
    run.extend(BRIEF);
    if MOST_BYTES_FOR_A_MAP.iter().any(|large| table_text.contains(large)) {
        run.truncate(4);
        run.extend(["--set", "tsne=none", "--set", "evaluate.sample=500"]);
    }
    place.reduce(&run).done().stderr
}

fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for set in std::fs::read_dir(folder).expect("the data").flatten().filter(|entry| entry.path().is_dir()) {
        for file in std::fs::read_dir(set.path()).expect("a set").flatten() {
            if endings.iter().any(|ending| file.file_name().to_string_lossy().ends_with(ending)) {
                found.push(file.path());
            }
        }
    }
    found.sort();
    found
}

#[test]
#[ignore = "minutes on real data"]
fn every_table_goes_from_init_to_run_with_no_hand_edit() {
    let Some(data) = data() else { return };
    let tables = files(&data, &[".parquet", ".csv", ".h5ad"]);
    assert!(tables.len() >= 18, "{tables:?}");
    for (at, table) in tables.iter().enumerate() {
        through(&Place::new(), table, &format!("t{at}"));
    }
}

#[test]
#[ignore = "needs real data"]
fn what_cannot_be_read_says_what_it_is() {
    let Some(data) = data() else { return };
    let place = Place::new();
    for file in files(&data, &[".fcs"]) {
        place.reduce(&["init", &file.to_string_lossy()]).refused(&["flow cytometry", "export it as CSV"]);
    }
    // a table of labels alone trains nothing, and is described
    let labels = data.join("pbmc3k/bio/pbmc3k_cell_types.tsv");
    place.reduce(&["init", &labels.to_string_lossy()]).refused(&["no column is left to train on"]);
    let said = place.reduce(&["inspect", &labels.to_string_lossy()]).done().stdout;
    assert!(
        said.contains("no column can train; its columns can be labels") && said.contains("label of 9 classes"),
        "{said}"
    );
}

/// The numbers of a table as Parquet, a column for each feature.
fn as_parquet(from: &Path, to: &Path) {
    let table = read::read(&Input::new(from), Path::new(""), &mut silent).expect("a table");
    let mut columns = vec![Column::text("id", table.ids.iter().cloned())];
    let values = table.frame.values.columns().into_iter().zip(&table.frame.features);
    columns.extend(values.map(|(values, name)| Column::single(name, values.iter().copied())));
    write::parquet(std::fs::File::create(to).expect("a file"), columns).expect("written");
}

#[test]
#[ignore = "a minute on real data"]
fn all_forms_of_one_data_set_give_identical_codes() {
    let Some(data) = data() else { return };
    let bio = data.join("pbmc3k/bio");
    // the Parquet of the set keeps only genes seen in three cells, so it is another table: here is one of all of them
    let written = Place::new();
    let parquet = written.path().join("pbmc3k.parquet");
    as_parquet(&bio.join("pbmc3k_raw.h5ad"), &parquet);
    let forms = [
        bio.join("pbmc3k_genes_by_cells.tsv.gz"),
        bio.join("10x_v3_filtered_feature_bc_matrix"),
        bio.join("pbmc3k_filtered_feature_bc_matrix.h5"),
        bio.join("pbmc3k_raw.h5ad"),
        parquet,
    ];
    let mut first: Option<Vec<String>> = None;
    for form in forms {
        let place = Place::new();
        through(&place, &form, "p");
        let runs: Vec<String> = place.names().into_iter().filter(|name| name.ends_with("model.safetensors")).collect();
        let run = Path::new(&runs[0]).parent().expect("a run").to_string_lossy().into_owned();
        let table = form.to_string_lossy().into_owned();
        place.reduce(&["encode", &run, &table, "-o", "codes.csv"]).done();
        let text = String::from_utf8(place.read("codes.csv")).expect("text");
        // the columns of codes and errors, whatever else the form brings
        let names: Vec<&str> = text.lines().next().expect("a header").split(',').collect();
        let wanted: Vec<usize> = (0..names.len())
            .filter(|at| names[*at].starts_with("code_") || names[*at] == "reconstruction_error")
            .collect();
        let codes: Vec<String> = text
            .lines()
            .skip(1)
            .map(|line| {
                let fields: Vec<&str> = line.split(',').collect();
                wanted.iter().map(|at| fields[*at]).collect::<Vec<_>>().join(",")
            })
            .collect();
        assert_eq!(codes.len(), 2700, "{}", form.display());
        match &first {
            None => first = Some(codes),
            Some(first) => assert!(*first == codes, "{} gives other codes", form.display()),
        }
    }
}

#[test]
#[ignore = "needs real data"]
fn every_column_of_mixed_tables_is_accounted_for() {
    let Some(data) = data() else { return };
    for table in [
        "adult/adult.parquet",
        "adult/adult_train_asfound.csv",
        "ames_raw/ames_raw.parquet",
        "ames_raw/AmesHousing.csv",
    ] {
        let place = Place::new();
        through(&place, &data.join(table), "p");
        let metrics = place.names().into_iter().find(|name| name.ends_with("metrics.json")).expect("metrics");
        let metrics = place.json(&metrics);
        let account = &metrics["training"]["account"];
        let count = |key: &str| usize::try_from(account[key].as_u64().expect("a count")).expect("small");
        let unused = account["unused"].as_array().expect("a list");
        assert!(unused.iter().all(|unused| !unused["reason"].as_str().unwrap_or_default().is_empty()));
        let pipeline = String::from_utf8(place.read("p.yaml")).expect("text");
        let roles = usize::from(pipeline.lines().any(|line| line.starts_with("  id: ")))
            + pipeline
                .lines()
                .find_map(|line| line.strip_prefix("  labels: ["))
                .map_or(0, |labels| labels.split(']').next().unwrap_or_default().split(',').count());
        assert_eq!(count("columns_in"), count("columns_used") + unused.len() + roles, "{table}: {account}");
    }
}

#[test]
#[ignore = "takes half a minute"]
fn a_model_of_one_form_of_the_genes_encodes_all_others_alike() {
    let Some(folder) = data() else { return };
    let bio = folder.join("pbmc3k/bio");
    let forms = [
        "pbmc3k_raw.h5ad",
        "pbmc3k_filtered_feature_bc_matrix.h5",
        "10x_v3_filtered_feature_bc_matrix",
        "pbmc3k_genes_by_cells.tsv.gz",
    ];
    for (number, form) in forms.iter().enumerate() {
        let place = Place::new();
        let table = bio.join(form).to_string_lossy().into_owned();
        place.reduce(&["init", &table, "-o", "p.yaml"]).done();
        let brief = ["autoencoder.training.max_epochs=1", "tsne=none", "evaluate=none", "output=run"];
        let sets = brief.iter().flat_map(|set| ["--set", set]);
        place.reduce(&["run", "p.yaml"].into_iter().chain(sets).collect::<Vec<_>>()).done();
        let codes: Vec<Vec<String>> = forms
            .iter()
            .map(|other| {
                let table = bio.join(other).to_string_lossy().into_owned();
                place.reduce(&["encode", "run", &table, "-o", "codes.csv"]).done();
                let text = String::from_utf8(place.read("codes.csv")).expect("text");
                // ids and labels are called otherwise, or are not there
                let first = text.lines().next().expect("a header").split(',').position(|name| name == "code_00");
                let first = first.expect("a code");
                text.lines().skip(1).map(|line| line.split(',').skip(first).collect::<Vec<_>>().join(",")).collect()
            })
            .collect();
        assert!(codes.iter().all(|other| other == &codes[number]), "trained on {form}");
    }
}
