//! A whole typed graph in floats.

use super::{View, evaluate};
use crate::typed::{Arg, Typed};

/// The results of one run; one list an input, in order.
pub(crate) fn run(typed: &Typed, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut results: Vec<Vec<f32>> = vec![Vec::new(); typed.values.len()];
    for (&id, data) in typed.inputs.iter().zip(inputs) {
        results[id] = data.clone();
    }
    for node in &typed.nodes {
        let reals: Vec<Vec<f32>> = node
            .inputs
            .iter()
            .map(|arg| match arg {
                Arg::Value(id) => results[*id].clone(),
                Arg::Constant(c) => c.reals(),
            })
            .collect();
        let views: Vec<View<'_>> = node
            .inputs
            .iter()
            .zip(&reals)
            .map(|(arg, data)| View {
                dims: match arg {
                    Arg::Value(id) => typed.values[*id].shape.dims(),
                    Arg::Constant(c) => &c.dims,
                },
                data,
            })
            .collect();
        results[node.output] = evaluate(&node.op, &views, &typed.values[node.output].shape);
    }
    let outputs = typed.outputs.iter();
    outputs.map(|(_, id)| results[*id].clone()).collect()
}
