//! What is fuzzed: each target takes any bytes and panics where a promise is broken.
//!
//! Used by libFuzzer (fuzz/src/main.rs) and, for seconds, by `cargo test` (tests/it/fuzz.rs).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ndarray::Array2;
use reduce::event;
use reduce::model::Model;
use reduce::pipeline::Pipeline;
use reduce::plot;
use reduce::table::{self, Frame, Input, LabelValues, NumericMissing};

/// A promise about any bytes.
#[derive(Clone, Copy)]
pub(super) struct Target {
    /// Its name, and that of its folder in fuzz/corpus.
    pub name: &'static str,
    /// Panics where the promise is broken.
    pub run: fn(&[u8]),
}

/// All of them.
pub(super) const ALL: [Target; 9] = [
    Target { name: "pipeline", run: pipeline },
    Target { name: "text", run: text },
    Target { name: "tenx", run: tenx },
    Target { name: "numpy", run: numpy },
    Target { name: "hdf5", run: hdf5 },
    Target { name: "ndjson", run: ndjson },
    Target { name: "columnar", run: columnar },
    Target { name: "model", run: model },
    Target { name: "label", run: label },
];

/// One folder per process; each run overwrites the same files.
static PLACE: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder"));

/// A pipeline file is refused with a message, or means the same after it was written back.
fn pipeline(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let path = Path::new("p.yaml");
    match Pipeline::from_text(text, path, &[]) {
        Err(error) => checked(&error),
        Ok(loaded) => {
            let written = loaded.pipeline.to_yaml().expect("a pipeline can be written");
            let again = Pipeline::from_text(&written, path, &[]);
            let again = again.unwrap_or_else(|error| panic!("written back it is refused: {error}\n{written}"));
            assert_eq!(again.pipeline, loaded.pipeline, "written back it means something else");
        }
    }
}

fn text(bytes: &[u8]) {
    read(&write("t.csv", bytes));
}

fn ndjson(bytes: &[u8]) {
    read(&write("t.ndjson", bytes));
}

fn columnar(bytes: &[u8]) {
    if bytes.starts_with(b"PAR1") || bytes.starts_with(b"ARROW1") {
        read(&write("t.bin", bytes));
    }
}

fn hdf5(bytes: &[u8]) {
    if bytes.starts_with(b"\x89HDF\r\n") {
        read(&write("t.h5ad", bytes));
    }
}

fn numpy(bytes: &[u8]) {
    read(&write(if bytes.starts_with(b"PK") { "t.npz" } else { "t.npy" }, bytes));
}

/// Matrix, barcodes and features, with a byte 255 between them; a matrix alone is one too.
fn tenx(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0xff);
    let matrix = parts.next().unwrap_or_default();
    match (parts.next(), parts.next()) {
        (Some(barcodes), Some(features)) => {
            write("tenx/barcodes.tsv", barcodes);
            write("tenx/features.tsv", features);
            write("tenx/matrix.mtx", matrix);
            read(&PLACE.path().join("tenx"));
        }
        _ => read(&write("t.mtx", matrix)),
    }
}

/// A model file is refused, or can be used; once as it is and once with a digest that fits.
fn model(bytes: &[u8]) {
    use_model(bytes);
    if let Some(sealed) = sealed(bytes) {
        use_model(&sealed);
    }
}

fn use_model(bytes: &[u8]) {
    match Model::from_bytes(bytes, "m.safetensors") {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(model) => {
            let features = model.preparation.input_features().to_vec();
            let categories = model.preparation.input_categories();
            let frame = Frame {
                values: Array2::from_elem((2, features.len()), 0.5),
                features,
                categories: categories
                    .iter()
                    .map(|name| table::Category {
                        name: name.to_string(),
                        levels: vec!["a".to_owned()],
                        of_row: vec![Some(0), None],
                    })
                    .collect(),
            };
            if let Ok(prepared) = model.preparation.apply(frame) {
                let codes = model.autoencoder.encode(prepared.view());
                assert_eq!(codes.dim(), (2, model.autoencoder.code_size()));
                let errors = model.autoencoder.reconstruction_errors(prepared.view());
                let _ = model.profile.unlikeness(&errors, prepared.view());
                let _ = model.preparation.invert(model.autoencoder.reconstruct(prepared.view()).view());
            }
            let written = model.to_bytes().expect("a model can be written");
            let again = Model::from_bytes(&written, "m.safetensors").expect("a written model can be read");
            assert_eq!(again.to_bytes().expect("again"), written, "a model changes by being saved");
        }
    }
}

/// The same file with the digest that fits its content: what somebody writes who knows the format.
fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    const KEY: &[u8] = b"digest\\\":\\\"";
    let place = bytes.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let mut sealed = bytes.to_vec();
    sealed.get_mut(place..place + 64)?.fill(b'0');
    let digest = blake3::hash(&sealed).to_hex();
    sealed[place..place + 64].copy_from_slice(digest.as_bytes());
    Some(sealed)
}

/// Any words can be a label: its file name stays in its folder, its picture is well-formed and runs nothing.
fn label(bytes: &[u8]) {
    let words: Vec<String> =
        String::from_utf8_lossy(bytes).split('\n').take(6).map(|line| line.chars().take(400).collect()).collect();
    let slugs: Vec<String> = words.iter().map(|word| plot::slug(word)).collect();
    for slug in &slugs {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert!(!slug.is_empty() && slug.len() <= 60 && slug.bytes().all(plain), "the file name `{slug}`");
    }
    let different: BTreeSet<&String> = words.iter().collect();
    assert_eq!(different.len(), slugs.iter().collect::<BTreeSet<_>>().len(), "two labels have one file name");
    let mut levels: Vec<String> = different.into_iter().cloned().collect();
    levels.sort();
    let points = Array2::from_shape_fn((levels.len(), 2), |(row, side)| (row * (side + 1)) as f32);
    let of_row: Vec<Option<u32>> = (0..levels.len()).map(|row| u32::try_from(row).ok()).collect();
    let scatter = plot::Scatter {
        title: words[0].clone(),
        caption: words[0].clone(),
        points: points.view(),
        ids: &levels,
        color: plot::Color::Classes { name: &words[0], levels: &levels, of_row: &of_row },
        faded: None,
        ground: None,
        style: plot::Style::default(),
    };
    let svg = plot::svg::scatter(&scatter).unwrap_or_else(|error| panic!("it cannot be drawn: {error}"));
    let tree = roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("no XML: {error}"));
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        assert_ne!(node.tag_name().name(), "script", "a label became a script");
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on"), "a label became the handler `{name}`");
            let leads = name == "href" || name == "src";
            assert!(!(leads && value.trim_start().starts_with("javascript:")), "a label became a link");
        }
    }
}

fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = PLACE.path().join(name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    std::fs::write(&path, bytes).expect("a file");
    path
}

/// A table is refused with a message, or holds what it promises.
fn read(path: &Path) {
    let mut input = Input::new(path);
    input.missing.numeric = NumericMissing::Median;
    let table = match table::read::read(&input, Path::new(""), &mut event::silent) {
        Err(error) => return checked(&error),
        Ok(table) => table,
    };
    let rows = table.ids.len();
    assert_eq!(table.frame.values.dim(), (rows, table.frame.features.len()));
    assert!(table.frame.values.iter().all(|value| !value.is_infinite()), "an infinite value came through");
    assert_eq!(table.ids.iter().collect::<BTreeSet<_>>().len(), rows, "two rows have one name");
    for category in &table.frame.categories {
        assert_eq!(category.of_row.len(), rows);
        assert!(category.of_row.iter().flatten().all(|level| (*level as usize) < category.levels.len()));
    }
    for label in &table.labels {
        let count = match &label.values {
            LabelValues::Classes { of_row, .. } => of_row.len(),
            LabelValues::Numbers(values) => values.len(),
        };
        assert_eq!(count, rows);
    }
    // what `init` and `inspect` ask about any file
    let _ = table::read::schema(&Input::new(path), Path::new(""));
}

/// An error says something, in few lines, without control characters (a tab of a quoted line may stay) and without the words of a programmer.
fn checked(error: &reduce::error::Error) {
    let message = error.to_string();
    assert!(!message.trim().is_empty() && message.lines().count() <= 150, "{} lines", message.lines().count());
    assert!(message.len() <= 60_000, "{} bytes", message.len());
    let strange = message.chars().find(|letter| letter.is_control() && !['\n', '\t'].contains(letter));
    assert!(strange.is_none(), "{strange:?} in an error: {message:?}");
    for word in ["panicked", "unwrap()", ".rs:", "Os {"] {
        assert!(!message.contains(word) || error.message().len() > 200, "`{word}` in an error: {message}");
    }
}
