//! An ONNX graph under construction: nodes, constants, inputs and outputs, and the model file around them.
//!
//! Operator set 17 and IR version 8, with `LabelEncoder` of `ai.onnx.ml` 3 where there are texts. The numbers of fields
//! and types are those of `onnx.proto3` of the ONNX project.

use std::fmt::Write as _;

use super::wire::Message;

/// The operator set of what is written.
pub const OPSET: i64 = 17;
/// The operator set for texts, `ai.onnx.ml`.
const OPSET_ML: i64 = 3;
/// The version of the file format.
const IR_VERSION: i64 = 8;

const FLOAT: i64 = 1;
const INT64: i64 = 7;
const STRING: i64 = 8;
const DOUBLE: i64 = 11;

/// The type of the elements of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Single,
    Double,
    Text,
}

impl Type {
    fn number(self) -> i64 {
        match self {
            Self::Single => FLOAT,
            Self::Double => DOUBLE,
            Self::Text => STRING,
        }
    }
}

/// An option of a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attribute<'a> {
    Int(&'a str, i64),
    Float(&'a str, f32),
    Ints(&'a str, &'a [i64]),
    Texts(&'a str, &'a [String]),
}

impl Attribute<'_> {
    fn message(self) -> Message {
        let named = |name: &str| Message::default().text(1, name);
        match self {
            Self::Int(name, value) => named(name).int(3, value).int(20, 2),
            Self::Float(name, value) => named(name).float(2, value).int(20, 1),
            Self::Ints(name, values) => values.iter().fold(named(name), |all, value| all.int(8, *value)).int(20, 7),
            Self::Texts(name, values) => values.iter().fold(named(name), |all, value| all.text(9, value)).int(20, 8),
        }
    }
}

/// The name of a value in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value(String);

/// A graph under construction.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    values: usize,
    uses_texts: bool,
}

impl Graph {
    /// An input of `rows × columns`, where the number of rows is free.
    pub(super) fn input(&mut self, name: &str, of: Type, columns: usize) -> Value {
        self.inputs.push(described(name, of, columns));
        Value(name.to_owned())
    }

    /// Gives `value` out under a name, as `rows × columns`.
    pub(super) fn output(&mut self, name: &str, of: Type, columns: usize, value: &Value) {
        self.nodes.push(node("Identity", &[value], name, &[], ""));
        self.outputs.push(described(name, of, columns));
    }

    /// The result of an operator.
    pub(super) fn apply(&mut self, operator: &str, inputs: &[&Value], attributes: &[Attribute<'_>]) -> Value {
        let name = self.fresh(operator);
        self.nodes.push(node(operator, inputs, &name, attributes, ""));
        Value(name)
    }

    /// The number that stands for each text: its place among `keys`' numbers, or `other`.
    pub(super) fn encode_labels(&mut self, texts: &Value, keys: &[String], numbers: &[i64], other: i64) -> Value {
        self.uses_texts = true;
        let name = self.fresh("LabelEncoder");
        let attributes = [
            Attribute::Texts("keys_strings", keys),
            Attribute::Ints("values_int64s", numbers),
            Attribute::Int("default_int64", other),
        ];
        self.nodes.push(node("LabelEncoder", &[texts], &name, &attributes, "ai.onnx.ml"));
        Value(name)
    }

    /// The same values as another type of number.
    pub(super) fn cast(&mut self, value: &Value, to: Type) -> Value {
        self.apply("Cast", &[value], &[Attribute::Int("to", to.number())])
    }

    /// A constant in single precision.
    pub(super) fn single(&mut self, shape: &[usize], values: &[f32]) -> Value {
        self.constant(shape, FLOAT, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// A constant in double precision.
    pub(super) fn double(&mut self, shape: &[usize], values: &[f64]) -> Value {
        self.constant(shape, DOUBLE, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// A constant of whole numbers: a vector, or one number without an axis.
    pub(super) fn whole(&mut self, shape: &[usize], values: &[i64]) -> Value {
        self.constant(shape, INT64, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// A constant vector of texts.
    pub(super) fn texts(&mut self, texts: &[String]) -> Value {
        let name = self.fresh("texts");
        let header = Message::default().int(1, texts.len() as i64).int(2, STRING);
        let tensor = texts.iter().fold(header, |all, text| all.text(6, text)).text(8, &name);
        self.constants.push(tensor);
        Value(name)
    }

    /// The sum of every row, `rows × 1`.
    pub(super) fn row_sums(&mut self, value: &Value) -> Value {
        let axis = self.whole(&[1], &[1]);
        self.apply("ReduceSum", &[value, &axis], &[Attribute::Int("keepdims", 1)])
    }

    /// The file: the graph, the operator sets and what is said about it.
    pub(super) fn into_file(self, name: &str, doc: &str, metadata: &[(&str, String)]) -> Vec<u8> {
        let graph = Message::default()
            .messages(1, &self.nodes)
            .text(2, name)
            .messages(5, &self.constants)
            .messages(11, &self.inputs)
            .messages(12, &self.outputs);
        let set = |domain: &str, version: i64| Message::default().text(1, domain).int(2, version);
        let mut sets = vec![set("", OPSET)];
        if self.uses_texts {
            sets.push(set("ai.onnx.ml", OPSET_ML));
        }
        let pairs: Vec<Message> =
            metadata.iter().map(|(key, value)| Message::default().text(1, key).text(2, value)).collect();
        Message::default()
            .int(1, IR_VERSION)
            .text(2, "reduce")
            .text(3, env!("CARGO_PKG_VERSION"))
            .text(6, doc)
            .messages(7, [&graph])
            .messages(8, &sets)
            .messages(14, &pairs)
            .into_bytes()
    }

    /// The bytes of all constants.
    pub(super) fn size(&self) -> usize {
        self.constants.iter().map(Message::len).sum()
    }

    fn constant(&mut self, shape: &[usize], number: i64, bytes: &[u8]) -> Value {
        let name = self.fresh("constant");
        let dimensions = shape.iter().fold(Message::default(), |all, side| all.int(1, *side as i64));
        self.constants.push(dimensions.int(2, number).text(8, &name).bytes(9, bytes));
        Value(name)
    }

    fn fresh(&mut self, stem: &str) -> String {
        self.values += 1;
        let mut name = stem.to_lowercase();
        // writing into a text cannot fail
        let _ = write!(name, "_{}", self.values);
        name
    }
}

fn node(operator: &str, inputs: &[&Value], output: &str, attributes: &[Attribute<'_>], domain: &str) -> Message {
    let attributes: Vec<Message> = attributes.iter().map(|attribute| attribute.message()).collect();
    let node = inputs.iter().fold(Message::default(), |all, input| all.text(1, &input.0)).text(2, output);
    let node = node.text(3, &format!("to_{output}")).text(4, operator).messages(5, &attributes);
    if domain.is_empty() { node } else { node.text(7, domain) }
}

/// A value of `rows × columns` with its name and type.
fn described(name: &str, of: Type, columns: usize) -> Message {
    let rows = Message::default().text(2, "rows");
    let columns = Message::default().int(1, columns as i64);
    let shape = Message::default().messages(1, [&rows, &columns]);
    let tensor = Message::default().int(1, of.number()).messages(2, [&shape]);
    let kind = Message::default().messages(1, [&tensor]);
    Message::default().text(1, name).messages(2, [&kind])
}
