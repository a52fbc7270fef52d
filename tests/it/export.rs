//! `reduce export`: both files or neither, and what a reader of ONNX looks for in them.

use crate::program::Place;

const SMALL: &str =
    "autoencoder: {code_size: 8, hidden: [32], training: {max_epochs: 4}}\ntsne: none\nevaluate: none\noutput: run\n";

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_model_becomes_an_encoder_and_a_decoder_with_documented_names() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    place.reduce(&["export", "run", "--onnx", "onnx"]).done();
    let (encoder, decoder) = (place.read("onnx/encoder.onnx"), place.read("onnx/decoder.onnx"));
    // field 1 of the file: IR version 8
    assert_eq!((&encoder[..2], &decoder[..2]), (&[0x08, 8][..], &[0x08, 8][..]));
    for name in ["features", "codes", "pixel_0_2", "Gemm", "Erf"] {
        assert!(holds(&encoder, name), "{name} is not in the encoder");
    }
    for name in ["codes", "prepared", "features", "Gemm"] {
        assert!(holds(&decoder, name), "{name} is not in the decoder");
    }
    place.reduce(&["export", "run/model.safetensors", "--onnx", "again"]).done();
    assert!(place.read("again/encoder.onnx") == encoder, "the same model gives other bytes");
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let place = Place::new();
    place.digits(SMALL).reduce(&["run", "p.yaml"]).done();
    let said = place.reduce(&["export", "run", "--onnx", "not/there"]);
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(said.stderr.contains("not/there"), "{}", said.stderr);
    let said = place.reduce(&["export", "p.yaml", "--onnx", "onnx"]);
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(!place.join("onnx").exists());
}
