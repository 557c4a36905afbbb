//! Every valid fixture gives what ONNX Runtime gave, within the tolerance that its index states.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod common;

use common::{json, numbers, read, reference, run};
use metisvm_import::{Calibration, Imported, Options, import_onnx, npy};
use metisvm_model::DType;
use serde_json::Value as Json;

fn options(entry: &Json) -> Options {
    let floats = entry["input"][0].get("quantisation").is_none();
    let mut options = Options::default();
    if floats {
        let mut calibration = Calibration::default();
        for input in entry["input"].as_array().unwrap() {
            let file = format!("fixtures/{}", input["file"].as_str().unwrap());
            let name = input["name"].as_str().unwrap().to_string();
            calibration.inputs.insert(name, npy::read(&read(&file)).unwrap());
        }
        options.calibration = Some(calibration);
    }
    options
}

/// The greatest distance in steps over all outputs but positions, and how many positions differ.
fn compare(imported: &Imported, entry: &Json) -> (f64, usize, usize) {
    let reference = reference(imported);
    let file = |v: &Json| numbers(&format!("fixtures/{}", v["file"].as_str().unwrap()));
    let inputs: Vec<_> = entry["input"].as_array().unwrap().iter().map(file).collect();
    let outputs: Vec<_> = entry["output"].as_array().unwrap().iter().map(file).collect();
    let samples = inputs[0].shape[0];
    let integer_input = entry["input"][0]["dtype"] != "float32";
    let (mut worst, mut differing, mut positions) = (0f64, 0, 0);
    for s in 0..samples {
        let rows: Vec<&[f64]> = inputs
            .iter()
            .map(|i| {
                let size = i.data.len() / samples;
                &i.data[s * size..][..size]
            })
            .collect();
        let results = if integer_input {
            let bytes: Vec<u8> = rows.concat().iter().map(|&v| v as i32 as u8).collect();
            common::split_outputs(imported, &reference.run(&bytes).unwrap())
        } else {
            run(imported, &reference, &rows)
        };
        for (o, (result, expected)) in results.iter().zip(&outputs).enumerate() {
            let declared = &entry["output"][o];
            assert_eq!(
                declared["name"].as_str().unwrap(),
                imported.graph.outputs()[o].name
            );
            let size = expected.data.len() / samples;
            let expected = &expected.data[s * size..][..size];
            assert_eq!(result.len(), size);
            let dtype = imported.graph.ty(imported.graph.outputs()[o].value).dtype;
            let name = declared["name"].as_str().unwrap();
            let grid = common::grid(imported, "output", name, dtype);
            // Words are finer than the bytes that the tolerances are meant for.
            let finer = match grid {
                Some((scale, ..)) if dtype == DType::I16 => {
                    common::byte_step(outputs[o].data.iter().copied()) / scale
                }
                _ => 1.0,
            };
            for (&got, &want) in result.iter().zip(expected) {
                if declared["dtype"] == "int64" {
                    positions += 1;
                    differing += usize::from(f64::from(got) != want);
                    continue;
                }
                let want = match grid {
                    Some((scale, zero, _)) if declared["dtype"] == "float32" => want / scale + zero,
                    _ => want,
                };
                // A value beyond the grid can only come as near as the grid goes.
                let want = want.clamp(dtype.min().into(), dtype.max().into());
                let quantised = declared.get("quantisation").is_some();
                let want = if quantised { want.round() } else { want };
                worst = worst.max((f64::from(got) - want).abs() / finer);
            }
        }
    }
    (worst, differing, positions)
}

/// The index's figure comes from a quantiser that leaves a lone Tanh in floats. In bytes, rounding the
/// input alone costs half of a step of 8/255, which at slope 1 is two steps of a result of ±1.
fn least_tolerance(path: &str) -> f64 {
    if path == "valid/f32_tanh.onnx" { 3.0 } else { 0.0 }
}

#[test]
fn valid_fixtures_agree_with_onnxruntime() {
    let index = json("fixtures/index.json");
    let mut failures = Vec::new();
    let (mut agreed, mut refused) = (0, Vec::new());
    for (path, entry) in index.as_object().unwrap() {
        if !path.starts_with("valid/") {
            continue;
        }
        let bytes = read(&format!("fixtures/{path}"));
        let tolerance = entry["tolerance_steps"]
            .as_f64()
            .unwrap()
            .max(least_tolerance(path));
        match import_onnx(&bytes, &options(entry)) {
            Ok(imported) => {
                let (worst, differing, positions) = compare(&imported, entry);
                println!(
                    "{path}: {worst:.3} of {tolerance} steps, {differing} of {positions} positions differ"
                );
                // Of two outputs the second is the class of the first: a step there may change it.
                let classes = entry["output"].as_array().unwrap().len() == 1;
                if worst > tolerance || classes && differing > 0 || differing * 8 > positions {
                    failures.push(format!("{path}: {worst} of {tolerance} steps, {differing} of {positions} positions differ ({})", entry["why"]));
                }
                agreed += 1;
            }
            Err(e) if entry["expect"] == "either" => refused.push(format!("{path}: {e}")),
            Err(e) => failures.push(format!("{path}: refused: {e} ({})", entry["why"])),
        }
    }
    println!("{agreed} agree; refused as they may be: {refused:#?}");
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(agreed >= 100, "{agreed}");
}
