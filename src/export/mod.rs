//! A trained model as ONNX: the same codes wherever an ONNX runtime runs.
//!
//! Two graphs. The encoder takes rows in the units of the table and gives codes; the preparation is part of it. The
//! decoder takes codes and gives prepared rows and, where every step can be undone, rows in the units of the table.
//! `docs/export.md` documents every name. It makes bytes; writing them is for others.

mod graph;
mod network;
mod preparation;
mod wire;

use crate::error::{Explain, Result};
use crate::model::Model;
use graph::{Graph, Type, Value};
use network::Network;

pub use graph::OPSET;

/// The name of the codes in both graphs.
const CODES: &str = "codes";
/// The most bytes that a protocol buffer may have.
const LARGEST_FILE: usize = (1 << 31) - 1;

/// The two files of an exported model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onnx {
    /// `encoder.onnx`: rows in the units of the table to codes.
    pub encoder: Vec<u8>,
    /// `decoder.onnx`: codes to prepared rows and to rows in the units of the table.
    pub decoder: Vec<u8>,
}

/// Why a model cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// One file of ONNX cannot hold it.
    #[error("the model's {part} would take {bytes} bytes, and an ONNX file holds at most {LARGEST_FILE}")]
    TooLarge {
        /// `encoder` or `decoder`.
        part: &'static str,
        /// The bytes it would take.
        bytes: usize,
    },
}

impl Explain for ExportError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::TooLarge { .. } => {
                Some("train with narrower `autoencoder.hidden` layers or fewer features".to_owned())
            }
        }
    }
}

/// A model as ONNX.
///
/// # Errors
/// If a file of ONNX cannot hold it.
pub fn onnx(model: &Model) -> Result<Onnx> {
    Ok(Onnx { encoder: encoder(model)?, decoder: decoder(model)? })
}

fn encoder(model: &Model) -> std::result::Result<Vec<u8>, ExportError> {
    let mut graph = Graph::default();
    let prepared = preparation::forth(&mut graph, &model.preparation);
    let network = Network::of(&model.autoencoder);
    let encoded = network.encode(&mut graph, &prepared.values);
    let size = model.autoencoder.code_size();
    let codes = unless_refused(&mut graph, &encoded.codes, prepared.refused.as_ref());
    graph.output(CODES, Type::Single, size, &codes);
    if let Some(log_variances) = encoded.log_variances {
        let log_variances = unless_refused(&mut graph, &log_variances, prepared.refused.as_ref());
        graph.output("log_variances", Type::Single, size, &log_variances);
    }
    check_size("encoder", &graph)?;
    let preparation = &model.preparation;
    let about = [
        ("features", json(preparation.input_features())),
        ("categories", json(&preparation.input_categories())),
        ("model", model.about.name.clone()),
        ("written_by", written_by()),
    ];
    Ok(graph.into_file("encoder", "rows in the units of the table to codes", &about))
}

fn decoder(model: &Model) -> std::result::Result<Vec<u8>, ExportError> {
    let mut graph = Graph::default();
    let codes = graph.input(CODES, Type::Single, model.autoencoder.code_size());
    let prepared = Network::of(&model.autoencoder).decode(&mut graph, &codes);
    graph.output("prepared", Type::Single, model.autoencoder.features(), &prepared);
    let undone = preparation::back(&mut graph, &model.preparation, &prepared);
    check_size("decoder", &graph)?;
    let about = [
        ("prepared", json(model.preparation.features())),
        ("features", json(&undone.features)),
        ("categories", json(&undone.categories)),
        ("model", model.about.name.clone()),
        ("written_by", written_by()),
    ];
    Ok(graph.into_file("decoder", "codes to prepared rows and rows in the units of the table", &about))
}

/// The codes, and not a number in rows that the program would have refused.
fn unless_refused(graph: &mut Graph, codes: &Value, refused: Option<&Value>) -> Value {
    let Some(refused) = refused else { return codes.clone() };
    let (zero, nan) = (graph.single(&[], &[0.0]), graph.single(&[], &[f32::NAN]));
    let bad = graph.apply("Greater", &[refused, &zero], &[]);
    graph.apply("Where", &[&bad, &nan, codes], &[])
}

fn check_size(part: &'static str, graph: &Graph) -> std::result::Result<(), ExportError> {
    // what is not constant takes kilobytes
    const REST: usize = 1 << 20;
    let bytes = graph.size() + REST;
    if bytes > LARGEST_FILE { Err(ExportError::TooLarge { part, bytes }) } else { Ok(()) }
}

fn written_by() -> String {
    format!("reduce {}", env!("CARGO_PKG_VERSION"))
}

/// Names as a JSON list.
fn json(names: &[String]) -> String {
    serde_json::Value::from(names.to_vec()).to_string()
}
