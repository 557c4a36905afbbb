//! Small files that ask for a lot: of memory by many empty messages, of time by one large constant that
//! thousands of nodes read, of stack by nesting.

#![allow(clippy::unwrap_used, reason = "a test that cannot build its data has failed")]

use metisvm_import::{Options, import_onnx};
use onnx_rs::ast::{
    DataType, Dimension, Graph, Model, Node, OpType, OperatorSetId, TensorProto, TensorShape,
    TensorShapeDimension, TensorTypeProto, TypeProto, TypeValue, ValueInfo,
};
use std::time::{Duration, Instant};

fn refusal(bytes: &[u8]) -> String {
    let started = Instant::now();
    let text = import_onnx(bytes, &Options::default()).unwrap_err().to_string();
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{text}: {:?}",
        started.elapsed()
    );
    text
}

/// A protobuf field that holds bytes.
fn field(number: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = payload.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(payload);
    out
}

#[test]
fn millions_of_empty_messages_are_not_parsed() {
    // Attribute (5) of a node (1) of the graph (7): two bytes each, hundreds when parsed.
    let attributes = [5 << 3 | 2, 0].repeat(4 << 20);
    let text = refusal(&field(7, &field(1, &attributes)));
    assert!(text.contains("bytes that the parsed file would take"), "{text}");
}

#[test]
fn types_nested_in_types_are_not_followed() {
    // A sequence (4) of a type (1) of a sequence …, in the type (2) of an input (11) of the graph (7).
    let mut ty = Vec::new();
    for _ in 0..2000 {
        ty = field(4, &field(1, &ty));
    }
    let text = refusal(&field(7, &field(11, &field(2, &ty))));
    assert!(text.contains("nested more than"), "{text}");
}

fn file(nodes: Vec<Node<'_>>, initializer: Vec<TensorProto<'_>>, element: DataType) -> Vec<u8> {
    let dim = |v| TensorShapeDimension {
        value: Dimension::Value(v),
        ..TensorShapeDimension::default()
    };
    let info = |name, elem_type, shape| ValueInfo {
        name,
        r#type: Some(TypeProto {
            value: Some(TypeValue::Tensor(TensorTypeProto { elem_type, shape })),
            ..TypeProto::default()
        }),
        ..ValueInfo::default()
    };
    let shape = TensorShape {
        dim: vec![dim(1), dim(1 << 11)],
    };
    onnx_rs::encode(&Model {
        ir_version: 8,
        opset_import: vec![OperatorSetId {
            domain: "",
            version: 17,
        }],
        graph: Some(Graph {
            name: "g",
            node: nodes,
            initializer,
            input: vec![info("x", element, Some(shape))],
            output: vec![info("y", DataType::Float, None)],
            ..Graph::default()
        }),
        ..Model::default()
    })
}

fn node<'a>(op: OpType<'a>, input: Vec<&'a str>, output: &'a str) -> Node<'a> {
    Node {
        op_type: op,
        input,
        output: vec![output],
        ..Node::default()
    }
}

#[test]
fn one_weight_read_by_thousands_of_nodes_is_counted_each_time() {
    let weights = vec![1u8; 1 << 22];
    let names: Vec<String> = (0..2000).map(|i| format!("v{i}")).collect();
    let mut nodes = vec![
        node(OpType::DequantizeLinear, vec!["x", "s"], "v0"),
        node(OpType::DequantizeLinear, vec!["w", "s"], "wr"),
    ];
    for pair in names.windows(2) {
        nodes.push(node(OpType::MatMul, vec![&pair[0], "wr"], &pair[1]));
    }
    nodes.push(node(OpType::Identity, vec![&names[1999]], "y"));
    let scale = TensorProto::from_f32("s", vec![], vec![0.5]);
    let w = TensorProto::from_raw("w", vec![1 << 11, 1 << 11], DataType::Uint8, &weights);
    let text = refusal(&file(nodes, vec![scale, w], DataType::Uint8));
    assert!(text.contains("constants read up to here"), "{text}");
}

#[test]
fn chains_of_functions_are_bounded_and_chains_of_clamps_are_one() {
    let chain = |op: fn() -> OpType<'static>| {
        let names: Vec<String> = (0..60_000).map(|i| format!("v{i}")).collect();
        let mut nodes = vec![node(OpType::DequantizeLinear, vec!["x", "s"], "v0")];
        for pair in names.windows(2) {
            nodes.push(node(op(), vec![&pair[0]], &pair[1]));
        }
        nodes.push(node(OpType::QuantizeLinear, vec![&names[59_999], "s"], "q"));
        nodes.push(node(OpType::DequantizeLinear, vec!["q", "s"], "y"));
        let scale = TensorProto::from_f32("s", vec![], vec![0.5]);
        file(nodes, vec![scale], DataType::Uint8)
    };
    let text = refusal(&chain(|| OpType::Tanh));
    assert!(text.contains("functions of one number in a row"), "{text}");
    let started = Instant::now();
    let clamps = import_onnx(&chain(|| OpType::Relu), &Options::default()).unwrap();
    assert!(
        clamps.graph.nodes().is_empty(),
        "a ReLU of what is never negative"
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}
