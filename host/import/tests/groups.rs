//! Every case of `models/fixtures/float-groups` as an integer graph: calibrated on samples like its own, it has to point
//! where ONNX Runtime's result points.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod common;

use common::{json, reference, run};
use metisvm_import::{Calibration, Options, import_onnx, npy};
use serde_json::Value as Json;

/// An angle of about three degrees: these nets are a few small products, and eight bits hold those well.
const LEAST_COSINE: f64 = 0.9985;
const SAMPLES: usize = 12;

fn floats(lists: &Json) -> Vec<Vec<f64>> {
    let number = |v: &Json| v.as_f64().unwrap();
    let list = |l: &Json| l.as_array().unwrap().iter().map(number).collect();
    lists.as_array().unwrap().iter().map(list).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks_exact(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// The case's input, and it again with its elements about in another order and of another sign.
fn calibration(model: &[u8], inputs: &[Vec<f64>]) -> Calibration {
    let model = onnx_rs::parse(model).unwrap();
    let mut calibration = Calibration::default();
    for (info, input) in model.graph.unwrap().input.iter().zip(inputs) {
        let count = input.len();
        let mut data: Vec<f32> = input.iter().map(|&v| v as f32).collect();
        for sample in 1..SAMPLES {
            let sign = if sample % 2 == 0 { 1.0 } else { -1.0 };
            data.extend((0..count).map(|i| sign * input[(i + 5 * sample) % count] as f32));
        }
        let dims = &info.tensor_shape().unwrap().dim;
        let dims = dims.iter().map(|d| match d.value {
            onnx_rs::ast::Dimension::Value(v) => v as usize,
            onnx_rs::ast::Dimension::Param(_) => 1,
        });
        let shape = std::iter::once(SAMPLES).chain(dims).collect();
        let array = npy::Array::new(shape, data).unwrap();
        calibration.inputs.insert(info.name.to_string(), array);
    }
    calibration
}

fn cosine(case: &Json) -> Result<f64, String> {
    let model = bytes(case["model"].as_str().unwrap());
    let inputs = floats(&case["inputs"]);
    let plain = import_onnx(&model, &Options::default());
    let imported = match plain {
        Ok(imported) => imported,
        Err(_) => {
            let calibration = Some(calibration(&model, &inputs));
            let options = Options {
                calibration,
                ..Options::default()
            };
            import_onnx(&model, &options).map_err(|e| e.to_string())?
        }
    };
    let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    let results = run(&imported, &reference(&imported), &inputs);
    let mut least = 1f64;
    for ((output, got), wanted) in imported
        .graph
        .outputs()
        .iter()
        .zip(results)
        .zip(floats(&case["outputs"]))
    {
        let dtype = imported.graph.ty(output.value).dtype;
        let (scale, zero, _) = common::grid(&imported, "output", &output.name, dtype).unwrap();
        let got: Vec<f64> = got.iter().map(|&v| (f64::from(v) - zero) * scale).collect();
        if got.len() != wanted.len() {
            return Err(format!("{} elements, not {}", got.len(), wanted.len()));
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let norms = dot(&got, &got) * dot(&wanted, &wanted);
        least = least.min(dot(&got, &wanted) / norms.sqrt());
    }
    Ok(least)
}

#[test]
fn integer_graphs_point_where_the_floats_point() {
    let mut wrong = Vec::new();
    for group in ["products", "dynamic", "quantised", "recurrent"] {
        let cases = json(&format!("fixtures/float-groups/{group}.json"));
        for (name, case) in cases.as_object().unwrap() {
            match cosine(case) {
                Ok(cosine) if cosine >= LEAST_COSINE => println!("{group}/{name}: {cosine:.5}"),
                Ok(cosine) => wrong.push(format!("{group}/{name}: {cosine:.5}")),
                Err(why) => wrong.push(format!("{group}/{name}: {why}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
