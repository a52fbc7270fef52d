//! Every file in pipelines/ runs, and the two real ones reach what the README says of them.

use crate::program::{Place, repository};

/// Copies pipelines/ and sample_data/ into a folder of the test's own.
fn copy(place: &Place) {
    for folder in ["pipelines", "sample_data"] {
        for entry in std::fs::read_dir(repository().join(folder)).expect("a folder").flatten() {
            if entry.path().is_dir() {
                continue;
            }
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            place.file(&name, std::fs::read(entry.path()).expect("a file"));
        }
    }
}

fn number(value: &serde_json::Value, path: &str) -> f64 {
    value.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or_else(|| panic!("no number at {path}"))
}

#[test]
fn every_pipeline_is_in_order_and_the_schema_is_fresh() {
    let place = Place::new();
    copy(&place);
    for entry in std::fs::read_dir(place.join("pipelines")).expect("pipelines").flatten() {
        if entry.path().extension().is_some_and(|ending| ending == "yaml") {
            let file = entry.path();
            place.reduce(&["check", file.to_str().expect("a name")]).done();
        }
    }
    let schema = place.reduce(&["schema"]).done().stdout;
    let committed = std::fs::read_to_string(repository().join("pipelines/pipeline.schema.json")).expect("the schema");
    assert!(
        schema == committed,
        "pipelines/pipeline.schema.json is stale: `reduce schema > pipelines/pipeline.schema.json`"
    );
}

#[test]
fn the_minimal_pipeline_runs() {
    let place = Place::new();
    copy(&place);
    let lines = std::fs::read_to_string(place.join("pipelines/minimal.yaml")).expect("minimal");
    assert_eq!(lines.lines().count(), 2);
    place
        .reduce(&[
            "run",
            "pipelines/minimal.yaml",
            "--set",
            "autoencoder.training.max_epochs=3",
            "--set",
            "tsne.iterations=50",
        ])
        .done();
    for name in [
        "codes.parquet",
        "embedding.parquet",
        "embedding.svg",
        "metrics.json",
        "model.safetensors",
        "pipeline.yaml",
        "run.json",
        "training.svg",
    ] {
        assert!(place.join("pipelines/runs/minimal").join(name).is_file(), "{name}");
    }
}

#[test]
fn digits_are_reconstructed_better_than_by_pca_and_the_map_keeps_the_classes_apart() {
    let place = Place::new();
    copy(&place);
    place.reduce(&["run", "pipelines/digits.yaml", "--quiet"]).done();
    let metrics = place.json("runs/digits/metrics.json");
    let relative = number(&metrics, "/reconstruction/mse_relative_to_pca");
    assert!(relative <= 0.6, "held-out error relative to PCA of 32: {relative}");
    let agreement = number(&metrics, "/faithfulness/embedding/label_agreement");
    assert!(agreement >= 0.95, "label agreement in the embedding: {agreement}");
}

#[test]
fn genes_keep_their_cell_types_and_lose_no_more_than_pca() {
    let place = Place::new();
    copy(&place);
    place.reduce(&["run", "pipelines/genes.yaml", "--quiet"]).done();
    let metrics = place.json("runs/genes/metrics.json");
    let relative = number(&metrics, "/reconstruction/mse_relative_to_pca");
    assert!(relative <= 1.0, "held-out error relative to PCA of 32: {relative}");
    let codes = number(&metrics, "/faithfulness/codes/label_agreement");
    assert!(codes >= 0.85, "label agreement in the codes: {codes}");
    let embedding = number(&metrics, "/faithfulness/embedding/label_agreement");
    assert!(embedding >= 0.80, "label agreement in the embedding: {embedding}");
    let svg = String::from_utf8(place.read("runs/genes/embedding-cell_type.svg")).expect("text");
    let drawing = roxmltree::Document::parse(&svg).expect("well-formed");
    let texts: Vec<&str> = drawing.descendants().filter_map(|node| node.text()).collect();
    for class in ["B", "NK", "Platelet", "CD14+ Mono"] {
        assert!(texts.iter().any(|text| text.trim() == class), "no legend entry for {class}");
    }
}
