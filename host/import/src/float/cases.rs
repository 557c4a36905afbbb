//! Files of `models/fixtures/float-groups`: small models with inputs and what another implementation makes of
//! them. The typed graph in floats has to give the same, before and after the passes.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use super::integers;
use super::run::run;
use crate::error::ImportError;
use crate::options::Options;
use crate::typed::Typed;
use crate::{passes, resolve};
use serde_json::Value as Json;
use std::path::PathBuf;

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/fixtures/float-groups");
    let path = path.join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn numbers(lists: &Json) -> Vec<Vec<f32>> {
    let list = |l: &Json| l.as_array().unwrap().iter().map(number).collect();
    lists.as_array().unwrap().iter().map(list).collect()
}

/// Bytes in hexadecimal.
fn bytes(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    let digits = digits.map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn number(v: &Json) -> f32 {
    v.as_f64().unwrap() as f32
}

fn group(name: &str) -> Json {
    serde_json::from_slice(&read(&format!("{name}.json"))).unwrap()
}

fn typed(case: &Json) -> Result<Typed, ImportError> {
    let bytes = bytes(case["model"].as_str().unwrap());
    let model = onnx_rs::parse(&bytes).unwrap();
    resolve::resolve(&model, &Options::default())
}

/// The typed graph of one case.
pub(crate) fn of(group_name: &str, case: &str) -> Typed {
    typed(&group(group_name)[case]).unwrap()
}

/// Every case of a group agrees within its tolerance.
pub(crate) fn check(group_name: &str) {
    let mut wrong = Vec::new();
    for (name, case) in group(group_name).as_object().unwrap() {
        if let Err(why) = check_one(case) {
            wrong.push(format!("{name}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check_one(case: &Json) -> Result<(), String> {
    let typed = typed(case).map_err(|e| e.to_string())?;
    let after = passes::run(typed.clone());
    let inputs = numbers(&case["inputs"]);
    let samples = case.get("samples").map_or_else(|| inputs.clone(), numbers);
    let outputs = numbers(&case["outputs"]);
    let tolerance = number(&case["tolerance"]);
    for (when, typed) in [("before the passes", typed), ("after the passes", after)] {
        let got = run(&typed, &inputs);
        if when == "after the passes" {
            let error = integers::error(&typed, &inputs, &samples, &got)
                .map_err(|why| format!("as integers: {why}"))?;
            if error > 0.03 {
                return Err(format!("as integers it is off by {:.1} %", error * 100.0));
            }
        }
        if when == "after the passes" && case.get("steps").is_some() {
            check_steps(case, &typed, &inputs, &outputs)?;
        }
        if got.len() != outputs.len() {
            return Err(format!("{} outputs, not {}", got.len(), outputs.len()));
        }
        for (at, (got, wanted)) in got.iter().zip(&outputs).enumerate() {
            if got.len() != wanted.len() {
                return Err(format!(
                    "output {at}: {} elements, not {}",
                    got.len(),
                    wanted.len()
                ));
            }
            let near = |(a, b): (&f32, &f32)| (a - b).abs() <= tolerance * b.abs().max(1.0);
            if let Some(index) = got.iter().zip(wanted).position(|pair| !near(pair)) {
                let (got, wanted) = (got[index], wanted[index]);
                return Err(format!("output {at} [{index}] is {got}, not {wanted}, {when}"));
            }
        }
    }
    Ok(())
}

/// A quantised file: on the grids of its outputs integers differ from what a runtime gives by a step at most, and most
/// by none.
fn check_steps(case: &Json, typed: &Typed, inputs: &[Vec<f32>], outputs: &[Vec<f32>]) -> Result<(), String> {
    let alone = integers::import(typed, &Options::default());
    match (alone, case["alone"].as_bool().unwrap()) {
        (Ok(_), true) | (Err(_), false) => {}
        (Ok(_), false) => return Err("it needs no samples".to_string()),
        (Err(why), true) => return Err(format!("without samples: {why}")),
    }
    let got = integers::run(typed, inputs, inputs)?;
    for ((got, wanted), step) in got.iter().zip(outputs).zip(case["steps"].as_array().unwrap()) {
        let Some(step) = step.as_f64() else { continue };
        let away = |(a, b): (&f64, &f32)| ((a - f64::from(*b)) / step).abs().round();
        let away: Vec<f64> = got.reals.iter().zip(wanted).map(away).collect();
        let most = away.iter().copied().fold(0.0, f64::max);
        let same = away.iter().filter(|&&steps| steps == 0.0).count() as f64 / away.len() as f64;
        let share = case["share"].as_f64().unwrap();
        if most > 1.0 || same < share {
            return Err(format!(
                "{}: {most} steps away, {:.1} % the same",
                got.name,
                same * 100.0
            ));
        }
    }
    Ok(())
}
