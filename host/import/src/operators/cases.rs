//! Every case of `models/operators`: translated, rewritten and run in floats, it gives what ONNX Runtime gave.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use crate::float::integers;
use crate::float::run::run;
use crate::options::Options;
use crate::typed::Operator;
use crate::{passes, resolve};
use serde_json::Value as Json;
use std::path::Path;

fn numbers(json: &Json) -> Vec<f32> {
    let numbers = json.as_array().unwrap().iter();
    numbers.map(|v| v.as_f64().unwrap() as f32).collect()
}

fn file(case: &Json) -> Vec<u8> {
    let hex = case["model"].as_str().unwrap();
    (0..hex.len() / 2)
        .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
        .collect()
}

/// The name of an operator without its attributes.
fn operator(op: &Operator) -> String {
    let text = format!("{op:?}");
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    text[..end].to_string()
}

/// What is wrong with a case, if anything is.
fn wrong(case: &Json) -> Option<String> {
    let bytes = file(case);
    let model = onnx_rs::parse(&bytes).unwrap();
    let translated = match resolve::resolve(&model, &Options::default()) {
        Ok(typed) => typed,
        Err(error) => return Some(error.to_string()),
    };
    let inputs: Vec<Vec<f32>> = case["inputs"].as_array().unwrap().iter().map(numbers).collect();
    let rewritten = passes::run(translated.clone());
    if let Some(becomes) = case.get("becomes") {
        let operators: Vec<String> = rewritten.nodes.iter().map(|n| operator(&n.op)).collect();
        if serde_json::to_value(&operators).unwrap() != *becomes {
            return Some(format!("{operators:?} for {becomes}"));
        }
    }
    let name = case["name"].as_str().unwrap();
    for (stage, typed) in [("translated", translated), ("rewritten", rewritten)] {
        let results = run(&typed, &inputs);
        if stage == "rewritten" {
            match integers::error(&typed, &inputs, &inputs, &results) {
                Ok(error) if error <= 0.03 => {}
                Ok(error) => return Some(format!("as integers it is off by {:.1} %", error * 100.0)),
                Err(why) => return Some(format!("as integers: {why}")),
            }
        }
        for (index, (output, result)) in case["outputs"]
            .as_array()
            .unwrap()
            .iter()
            .zip(&results)
            .enumerate()
        {
            let dims: Vec<u32> = numbers(&output["shape"]).iter().map(|&d| d as u32).collect();
            let own = typed.values[typed.outputs[index].1].shape.dims();
            if dims != own {
                return Some(format!("{stage}: output {index} is {own:?}, not {dims:?}"));
            }
            // Tables must not even differ in the last bit.
            let tolerance = if name.ends_with("_bytes") { 0.0 } else { 2e-6 };
            for (&got, &expected) in result.iter().zip(&numbers(&output["data"])) {
                let near = (got - expected).abs() <= tolerance * expected.abs().max(1.0);
                let neither = got.is_nan() && expected.is_nan();
                if !(near || neither) {
                    return Some(format!("{stage}: {got} for {expected} in output {index}"));
                }
            }
        }
    }
    None
}

fn check(group: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../models/operators/{group}.json"));
    let cases: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() > 5);
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case["name"], wrong(case)?)))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn arithmetic() {
    check("arithmetic");
}

#[test]
fn functions_of_one_number() {
    check("functions");
}

#[test]
fn reductions() {
    check("reductions");
}

#[test]
fn softmax_and_norms() {
    check("norms");
}

#[test]
fn comparisons() {
    check("comparisons");
}

#[test]
fn windows() {
    check("windows");
}

#[test]
fn resize() {
    check("resize");
}

#[test]
fn patterns_that_passes_recognise() {
    check("patterns");
}

#[test]
fn moves() {
    check("moves");
}
