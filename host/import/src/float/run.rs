//! A whole typed graph in floats: how tests compare what an ONNX operator was translated into with what somebody
//! else's runtime makes of it.

use super::{View, evaluate, integers};
use crate::constant::Constant;
use crate::options::Options;
use crate::typed::{Arg, Typed};
use crate::{passes, resolve};
use std::path::PathBuf;

/// Root mean square of what bytes make of small random tensors: a step is up to 1/128 of the greatest element.
const AS_INTEGERS: f64 = 0.03;

/// The outputs, in their order, for inputs in theirs.
pub(crate) fn run(typed: &Typed, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
    assert_eq!(typed.inputs.len(), inputs.len(), "one list for each input");
    let mut results: Vec<Vec<f32>> = vec![Vec::new(); typed.values.len()];
    for (&value, input) in typed.inputs.iter().zip(inputs) {
        assert_eq!(input.len(), typed.values[value].shape.elements());
        results[value].clone_from(input);
    }
    for node in &typed.nodes {
        let operands: Vec<(&[u32], Vec<f32>)> = node
            .inputs
            .iter()
            .map(|arg| operand(typed, &results, arg))
            .collect();
        let views: Vec<View<'_>> = operands.iter().map(|(dims, data)| View { dims, data }).collect();
        let shape = &typed.values[node.output].shape;
        let result = evaluate(&node.op, &views, shape);
        assert_eq!(result.len(), shape.elements(), "{} as {:?}", node.name, node.op);
        results[node.output] = result;
    }
    typed.outputs.iter().map(|(_, id)| results[*id].clone()).collect()
}

fn operand<'a>(typed: &'a Typed, results: &[Vec<f32>], arg: &'a Arg) -> (&'a [u32], Vec<f32>) {
    match arg {
        Arg::Value(id) => (typed.values[*id].shape.dims(), results[*id].clone()),
        Arg::Constant(c) => (&c.dims, c.reals()),
    }
}

/// A file of `models/fixtures/float`: a model with what goes in and what comes out of it, kept as initializers
/// `given/NAME` and `expected/NAME` that no node reads. `models/make_float_cases.py` writes them.
///
/// # Panics
/// If the case does not import, or an output is further off than `tolerance`, relative to the greatest element.
pub(crate) fn case(name: &str, bytes: &[u8], tolerance: f32) {
    let model = onnx_rs::parse(bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    let typed = resolve::resolve(&model, &Options::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
    // Before the passes and after them: a pass that changes what is computed shows.
    let passed = passes::run(typed.clone());
    for (typed, stage) in [(&typed, "translated"), (&passed, "rewritten")] {
        let stored = |role: &str, port: &str| {
            let wanted = format!("{role}/{port}");
            let tensors = &model.graph.as_ref().unwrap().initializer;
            let tensor = tensors.iter().find(|t| t.name() == wanted);
            let tensor = tensor.unwrap_or_else(|| panic!("{name}: there is no {wanted}"));
            Constant::of(tensor, &wanted).unwrap()
        };
        let names = typed.inputs.iter().map(|&id| &typed.values[id].name);
        let inputs: Vec<Vec<f32>> = names.map(|n| stored("given", n).reals()).collect();
        let floats = run(typed, &inputs);
        if stage == "rewritten" {
            integers_agree(name, typed, &inputs, &floats);
        }
        for ((port, value), got) in typed.outputs.iter().zip(floats) {
            let expected = stored("expected", port);
            let shape = typed.values[*value].shape.dims();
            assert_eq!(shape, expected.dims, "{name}, {stage}: shape of {port}");
            let expected = expected.reals();
            let greatest = expected.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
            for (at, (&got, &want)) in got.iter().zip(&expected).enumerate() {
                let near = (got - want).abs() <= tolerance * greatest
                    || got == want
                    || got.is_nan() && want.is_nan();
                assert!(near, "{name}, {stage}: {port}[{at}] is {got}, not {want}");
            }
        }
    }
}

/// As integers the case gives the same to within the width of 8 bits.
fn integers_agree(name: &str, typed: &Typed, inputs: &[Vec<f32>], floats: &[Vec<f32>]) {
    match integers::error(typed, inputs, floats) {
        Ok(error) => {
            println!("{name}: {:.3} % as integers", error * 100.0);
            assert!(
                error <= AS_INTEGERS,
                "{name}: as integers it is off by {:.1} %",
                error * 100.0
            );
        }
        Err(why) => panic!("{name}: as integers: {why}"),
    }
}

/// Every case whose file name begins with `prefix`; there must be one.
pub(crate) fn cases(prefix: &str, tolerance: f32) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/fixtures/float");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no case begins with {prefix}");
    let mut wrong = Vec::new();
    for name in &names {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let outcome = std::panic::catch_unwind(|| case(name, &bytes, tolerance));
        if let Err(panic) = outcome {
            wrong.push(panic.downcast_ref::<String>().cloned().unwrap_or_default());
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        names.len(),
        wrong.join("\n")
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typed_graph_computes_what_the_file_says() {
        cases("", 1e-5);
    }
}
