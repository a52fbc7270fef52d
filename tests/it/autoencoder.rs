//! Every kind of autoencoder through a pipeline file, as a user writes it.

use crate::program::Place;

const SMALL: &str = "autoencoder: {code_size: 6, hidden: [24, 12], training: {max_epochs: 3}}\ntsne: none\n\
                     plots: []\noutput: run\n";

/// The training as `metrics.json` tells it after a run with `settings`.
fn trained(settings: &[&str]) -> serde_json::Value {
    let place = Place::new();
    place.digits(SMALL);
    let mut arguments = vec!["run", "p.yaml"];
    settings.iter().for_each(|setting| arguments.extend(["--set", *setting]));
    place.reduce(&arguments).done();
    place.json("run/metrics.json")["training"]["history"].clone()
}

#[test]
fn every_option_of_the_training_runs_from_a_pipeline() {
    for settings in [
        &["autoencoder.pretrain=layerwise"][..],
        &["autoencoder.tied=true"],
        &["autoencoder.linear_path=none"],
        &["autoencoder.training.dropout=0.2"],
        &["autoencoder.training.schedule=constant"],
        &["autoencoder.training.schedule=one_cycle"],
        &["autoencoder.training.schedule=plateau"],
        &["autoencoder.training.gradient_clip={norm: 1.0}"],
        &["autoencoder.training.split_by={stratified: label}"],
        &["autoencoder.training.split_by={grouped: label}"],
    ] {
        let training = trained(settings);
        let epochs = training["epochs"].as_array().unwrap_or_else(|| panic!("{settings:?}: {training}"));
        assert!(epochs.len() == 4, "{settings:?}: {training}");
        let error = training["validation_mse"].as_f64().expect("a held-out error");
        assert!(error.is_finite() && error > 0.0, "{settings:?}: {error}");
    }
}

#[test]
fn metrics_tell_noise_activity_and_the_bound() {
    let training = trained(&["autoencoder.corruption={gaussian: {sd: 0.3}}"]);
    assert!(training["denoising"]["noisy"].as_f64() > training["denoising"]["cleaned"].as_f64(), "{training}");
    let training = trained(&["autoencoder.sparsity={l1: {weight: 0.1}}"]);
    assert_eq!(training["activity"]["by_node"].as_array().map(Vec::len), Some(6), "{training}");
    let training = trained(&["autoencoder.code=variational"]);
    assert!(training["variational"]["held_out"]["elbo"].is_number(), "{training}");
    assert!(training["variational"]["active_units"].is_number(), "{training}");
}

#[test]
fn a_count_likelihood_refuses_what_is_no_count_by_column_and_row() {
    let place = Place::new();
    place.file(
        "p.yaml",
        "version: 1\ninput: {path: t.csv}\nprepare: []\nautoencoder: {loss: nb}\ntsne: none\nplots: []\noutput: run\n",
    );
    let row = |row: usize| if row == 6 { "1,2.5,0".to_owned() } else { format!("{row},{},1", 2 * row) };
    let rows: Vec<String> = std::iter::once("a,b,c".to_owned()).chain((0..40).map(row)).collect();
    place.file("t.csv", rows.join("\n"));
    place.reduce(&["run", "p.yaml"]).refused(&["`b`", "2.5", "row 7"]);
    let counts = rows.join("\n").replace("2.5", "2");
    place.file("t.csv", counts).reduce(&["run", "p.yaml", "--set", "autoencoder.training.max_epochs=2"]).done();
}

#[test]
fn the_codes_of_small_real_sets_are_never_worse_than_principal_component_analysis() {
    let data = crate::program::repository().join("../shared/data");
    if !data.is_dir() {
        eprintln!("skipped: no data sets in {}", data.display());
        return;
    }
    for name in ["digits", "golub", "nci60", "tissue_gene_expression", "pbmc68k_reduced"] {
        let place = Place::new();
        let path = data.join(name).join(format!("{name}.parquet"));
        let input = format!("input: {{path: {}, labels: [label]}}", path.display());
        place.file("p.yaml", format!("version: 1\n{input}\ntsne: none\nplots: []\noutput: run\n"));
        place.reduce(&["run", "p.yaml", "--set", "autoencoder.training.max_epochs=20"]).done();
        let ratio = place.json("run/metrics.json")["reconstruction"]["mse_relative_to_pca"].as_f64();
        let ratio = ratio.expect("an error beside that of principal component analysis");
        assert!(ratio <= 1.0 + 1e-5, "{name}: {ratio}");
    }
}
