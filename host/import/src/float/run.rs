//! A whole typed graph in floats: how tests compare what an ONNX operator was translated into with what somebody
//! else's runtime makes of it.

use super::{View, evaluate};
use crate::typed::{Arg, Typed};

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
