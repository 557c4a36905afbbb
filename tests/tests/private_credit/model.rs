//! What the model decides, held against ONNX Runtime.

use metisvm_import::{Options, import_onnx};
use metisvm_model::Reference;
use std::sync::Arc;

const MODEL: &[u8] = include_bytes!("../../../models/credit/credit_qdq.onnx");
const EXPECTED: &str = include_str!("../../../models/credit/expected.json");

#[test]
fn the_model_decides_as_onnx_runtime_does() {
    let imported = import_onnx(MODEL, &Options::default()).expect("the importer takes it");
    let reference = Reference::new(Arc::new(imported.graph));
    let expected: serde_json::Value = serde_json::from_str(EXPECTED).expect("it is JSON");
    let numbers = |value: &serde_json::Value| -> Vec<u8> {
        serde_json::from_value(value.clone()).expect("a list of bytes")
    };
    let decisions = numbers(&expected["credit_qdq"]["decisions"]);
    let borrowers = expected["borrowers"].as_array().expect("a list");
    assert_eq!((borrowers.len(), decisions.len()), (64, 64));
    let ours: Vec<u8> = borrowers
        .iter()
        .map(|borrower| reference.run(&numbers(borrower)).expect("eight features")[0])
        .collect();
    assert_eq!(ours, decisions);
    // It decides: neither all nor nobody.
    let approved = ours.iter().filter(|decision| **decision == 1).count();
    assert!((16..=56).contains(&approved), "{approved}");
}
