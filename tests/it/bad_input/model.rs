//! Model files that cannot be used, and new rows that do not fit.

use std::sync::OnceLock;

use super::{Case, case, hold, numbers};
use crate::program::Place;

/// A trained model, made once.
fn trained() -> &'static [u8] {
    static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
    MODEL.get_or_init(|| {
        let place = Place::new();
        place.file("t.csv", numbers(60, 6)).file(
            "p.yaml",
            "version: 1\ninput: {path: t.csv}\nautoencoder: {code_size: 2, hidden: [4], training: {max_epochs: 2}}\ntsne: none\noutput: run\n",
        );
        place.reduce(&["run", "p.yaml"]).done();
        place.read("run/model.safetensors")
    })
}

/// A file in place of a model.
fn model(name: &'static str, bytes: impl AsRef<[u8]>) -> Case {
    case(name).file("m.safetensors", bytes).file("t.csv", numbers(10, 6)).run(&[
        "encode",
        "m.safetensors",
        "t.csv",
        "-o",
        "codes.parquet",
    ])
}

/// New rows for a good model.
fn rows(name: &'static str, table: impl AsRef<[u8]>) -> Case {
    case(name).file("m.safetensors", trained()).file("t.csv", table).run(&[
        "encode",
        "m.safetensors",
        "t.csv",
        "-o",
        "codes.parquet",
    ])
}

/// The model with `change` made to its header, and a digest that fits all the same.
fn forged(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let bytes = trained();
    let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().expect("eight"))).expect("a length");
    let mut outer: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
    let text = outer["__metadata__"]["reduce"].as_str().expect("our part").to_owned();
    let mut header: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    change(&mut header);
    header["digest"] = "0".repeat(64).into();
    outer["__metadata__"]["reduce"] = header.to_string().into();
    let text = outer.to_string();
    let mut forged = (text.len() as u64).to_le_bytes().to_vec();
    forged.extend(text.as_bytes());
    forged.extend(&bytes[8 + length..]);
    let digest = blake3::hash(&forged).to_hex().to_string();
    let zeros = "0".repeat(64);
    let place = forged.windows(64).position(|window| window == zeros.as_bytes()).expect("a place");
    forged[place..place + 64].copy_from_slice(digest.as_bytes());
    forged
}

fn changed(name: &'static str, key: &'static str, value: serde_json::Value) -> Case {
    model(name, forged(|header| *header.pointer_mut(key).expect("a key") = value.clone()))
}

/// A safetensors file of another program.
fn foreign() -> Vec<u8> {
    let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend([0; 4]);
    bytes
}

fn with_length(length: u64) -> Vec<u8> {
    let mut bytes = trained().to_vec();
    bytes[..8].copy_from_slice(&length.to_le_bytes());
    bytes
}

#[test]
fn model_files() {
    let bytes = trained();
    let mut extra = bytes.to_vec();
    extra.extend(b"more");
    let mut not_finite = bytes.to_vec();
    let end = not_finite.len();
    not_finite[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let huge = serde_json::json!(4_000_000_000_000_u64);
    let count = hold(vec![
        model("no byte", "").says(&["not a model"]),
        model("seven bytes", &bytes[..7]).says(&["not a model"]),
        model("eight bytes", &bytes[..8]).says(&["not a model"]),
        model("half", &bytes[..bytes.len() / 2]).says(&["damaged"]),
        model("without its last byte", &bytes[..bytes.len() - 1]).says(&["damaged"]),
        model("bytes behind its end", &extra).says(&["damaged"]),
        model("a number that is none", &not_finite).says(&["digest"]),
        model("a header of 2^63 bytes", with_length(1 << 63)).says(&["not a safetensors file"]),
        model("a header of 60 MB", with_length(60 << 20)).says(&["only"]),
        model("a header of nothing", with_length(0)).says(&["damaged"]),
        model("a header of noise", b"\x20\0\0\0\0\0\0\0{\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1\xf0\xef\xee\xed\xec\xeb\xea\xe9\xe8\xe7\xe6\xe5\xe4\xe3\xe2\xe1").says(&["damaged"]),
        model("a header 100,000 deep", {
            let header = "{\"a\":".to_owned() + &"[".repeat(100_000);
            let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
            bytes.extend(header.as_bytes());
            bytes
        })
        .says(&["damaged"]),
        model("a safetensors file of another program", foreign()).says(&["another program"]),
        model("a zip archive, as .npz and .pt are", b"PK\x03\x04aaaaaaaaaaaa").says(&["zip archive", ".npz"]),
        model("a pickle", b"\x80\x02}q\x00.aaaaaaaaaa").says(&["pickle"]),
        model("an HDF5 file", b"\x89HDF\r\n\x1a\naaaaaaaa").says(&["HDF5"]),
        model("a Parquet table", b"PAR1aaaaaaaaaaaaaaaa").says(&["Parquet"]),
        model("a table", numbers(10, 6)).says(&["not a safetensors file"]),
        model("a page", "<!doctype html><html></html>").says(&["not a safetensors file"]),
        case("a table of 20 GB in place of a model")
            .file("t.csv", numbers(10, 6))
            .before("truncate -s 20G m.safetensors")
            .run(&["encode", "m.safetensors", "t.csv", "-o", "codes.parquet"])
            .says(&["not a safetensors file"]),
        case("a folder that is no run").file("t.csv", numbers(10, 6)).before("mkdir m").run(&["encode", "m", "t.csv", "-o", "c.csv"]).says(&["not a file"]),
        case("no model").file("t.csv", numbers(10, 6)).run(&["encode", "m", "t.csv", "-o", "c.csv"]).says(&["no such file"]),
        changed("a format to come", "/format", 3.into()).says(&["format 3"]),
        changed("a format far away", "/format", serde_json::json!(u64::MAX)).says(&["format"]),
        changed("a format that is text", "/format", "one".into()).says(&["damaged"]),
        changed("more features than weights", "/features", 7.into()).says(&["features"]),
        changed("features beyond all", "/features", huge.clone()).says(&["features"]),
        changed("a code wider than its weights", "/autoencoder/code_size", 3.into()).says(&["damaged", "tensor"]),
        changed("a code of terabytes", "/autoencoder/code_size", huge.clone()).says(&["damaged"]),
        changed("a code of none", "/autoencoder/code_size", 0.into()).says(&["damaged"]),
        changed("a preparation of other columns", "/preparation/inputs", serde_json::json!(["a", "b"])).says(&["damaged"]),
        changed("a column named twice", "/preparation/inputs", serde_json::json!(["a", "a", "a", "a", "a", "a"])).says(&["twice"]),
        changed("a preparation of nothing", "/preparation/features", serde_json::json!([])).says(&["damaged"]),
        changed("a profile of other features", "/profile/lowest", serde_json::json!([0.0])).says(&["features"]),
        changed("a preparation that is none", "/preparation", serde_json::Value::Null).says(&["damaged"]),
        model("a digest of another length", forged(|header| header["format"] = 1.into()).iter().map(|byte| if *byte == b'0' { b'1' } else { *byte }).collect::<Vec<u8>>()).says(&["m.safetensors"]),
    ]);
    assert!(count >= 35, "{count} cases");
}

#[test]
fn a_model_cut_or_changed_anywhere_is_refused_with_a_reason() {
    let bytes = trained();
    let refused = |bytes: &[u8], what: String| match reduce::model::Model::from_bytes(bytes, "m.safetensors") {
        Ok(_) => panic!("{what}: taken for a model"),
        Err(error) => assert!(error.to_string().contains("m.safetensors"), "{what}: {error}"),
    };
    for length in (0..bytes.len()).step_by(97) {
        refused(&bytes[..length], format!("cut at {length}"));
    }
    for at in (0..bytes.len()).step_by(13) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        refused(&changed, format!("byte {at} changed"));
    }
    reduce::model::Model::from_bytes(bytes, "m.safetensors").expect("unchanged it is read");
}

#[test]
fn new_rows() {
    let renamed = numbers(10, 6).replacen("c3", "C3", 1);
    let count = hold(vec![
        rows("a column is missing", numbers(10, 5)).says(&["1 of the 6 columns", "`c5`"]),
        rows("a column has another case", &renamed).says(&["`c3`", "`C3`"]),
        rows("all columns are missing", "a,b\n1,2\n").says(&["6 of the 6", "and 3 more"]),
        rows("no row", "c0,c1,c2,c3,c4,c5\n").says(&["no rows"]),
        rows("a text for a number", format!("{}\nx,1,2,3,4,5\n", numbers(10, 6))).says(&["c0", "row 11"]),
        rows("an infinite number", format!("{}\ninf,1,2,3,4,5\n", numbers(10, 6))).says(&["c0", "row 11"]),
        rows("a number that is missing", format!("{}\n,1,2,3,4,5\n", numbers(10, 6))).says(&["c0"]),
        rows("no such table", "").run(&["encode", "m.safetensors", "u.csv", "-o", "codes.parquet"]).says(&["u.csv"]),
        rows("the table as output", numbers(10, 6))
            .run(&["encode", "m.safetensors", "t.csv", "-o", "t.csv"])
            .says(&["not overwritten"]),
        rows("the model as output", numbers(10, 6))
            .run(&["encode", "m.safetensors", "t.csv", "-o", "m.safetensors"])
            .says(&[]),
        rows("an output of another kind", numbers(10, 6))
            .run(&["encode", "m.safetensors", "t.csv", "-o", "c.xlsx"])
            .says(&[".parquet"]),
        rows("an output in no folder", numbers(10, 6))
            .run(&["encode", "m.safetensors", "t.csv", "-o", "no/c.csv"])
            .says(&["`no`"]),
        rows("rows to be denoised by a model that does not", numbers(10, 6))
            .run(&["denoise", "m.safetensors", "t.csv"])
            .says(&["noise"]),
        rows("samples of a model that gives none", numbers(10, 6))
            .run(&["sample", "m.safetensors", "-o", "s.csv"])
            .says(&["variational"]),
        rows("samples beyond all", numbers(10, 6))
            .run(&["sample", "m.safetensors", "-n", "18446744073709551615", "-o", "s.csv"])
            .says(&[]),
    ]);
    assert!(count >= 15, "{count} cases");
}

#[test]
fn new_rows_are_matched_by_name() {
    let place = Place::new();
    place.file("m.safetensors", trained()).file("t.csv", numbers(10, 6));
    let columns = |order: &[usize], extra: bool| {
        let lines = numbers(10, 6);
        let lines = lines.lines().map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let mut cells: Vec<&str> = order.iter().map(|column| cells[*column]).collect();
            if extra {
                cells.push(if line.starts_with('c') { "more" } else { "5" });
            }
            cells.join(",")
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    place.file("turned.csv", columns(&[5, 3, 1, 0, 2, 4], false));
    place.file("wider.csv", columns(&[0, 1, 2, 3, 4, 5], true));
    for table in ["t", "turned", "wider"] {
        let said = place
            .reduce(&["encode", "m.safetensors", &format!("{table}.csv"), "-o", &format!("{table}.codes.csv")])
            .done();
        let ignored = said.stderr.contains("1 column that is no feature of the model: ignored (`more`)");
        assert_eq!(ignored, table == "wider", "{}", said.stderr);
    }
    assert_eq!(place.read("t.codes.csv"), place.read("turned.codes.csv"));
    assert_eq!(place.read("t.codes.csv"), place.read("wider.codes.csv"));
}
