//! Which tensors come out: those that the caller keeps, or the outputs of the file.

use super::near::near;
use super::order::read;
use crate::error::{ImportError, Problem, plain};
use metisvm_model::limits::MAX_PORTS;
use onnx_rs::ast::{Graph, TensorProto};
use std::collections::HashSet;

/// The names of what comes out, in order.
pub(super) fn roots<'a>(graph: &'a Graph<'_>, keep: &'a [String]) -> Result<Vec<&'a str>, ImportError> {
    if keep.is_empty() {
        return Ok(graph.output.iter().map(|o| o.name).collect());
    }
    if keep.len() > MAX_PORTS {
        return Err(ImportError::model(Problem::TooMany {
            what: "tensors to keep",
            count: keep.len() as u64,
            limit: MAX_PORTS as u64,
        }));
    }
    let computed: HashSet<&str> = graph.node.iter().flat_map(|n| n.output.iter().copied()).collect();
    let stored: HashSet<&str> = graph.initializer.iter().map(TensorProto::name).collect();
    let given: HashSet<&str> = graph.input.iter().map(|i| i.name).collect();
    for name in keep {
        let problem = if name.is_empty() || !known(name, [&computed, &stored, &given]) {
            let names = computed.iter().chain(&given).copied();
            Problem::NoSuchTensor {
                near: near(name, names).join(", "),
                outputs: outputs(graph),
            }
        } else if stored.contains(name.as_str()) {
            Problem::Unsupported(format!(
                "it is an initializer and comes out the same whatever goes in; the file's outputs are {}",
                outputs(graph)
            ))
        } else {
            continue;
        };
        return Err(ImportError::tensor("output", name, problem));
    }
    Ok(keep.iter().map(String::as_str).collect())
}

fn known(name: &str, sets: [&HashSet<&str>; 3]) -> bool {
    sets.iter().any(|set| set.contains(name))
}

/// The outputs of the file, for an error.
pub(super) fn outputs(graph: &Graph<'_>) -> String {
    const SHOWN: usize = 12;
    let mut names: Vec<String> = graph.output.iter().take(SHOWN).map(|o| plain(o.name)).collect();
    if graph.output.len() > SHOWN {
        names.push("…".to_string());
    }
    names.join(", ")
}

/// The names that live nodes read, or that come out themselves.
pub(super) fn inputs<'a>(graph: &'a Graph<'a>, roots: &[&'a str], live: &[usize]) -> HashSet<&'a str> {
    let nodes = live.iter().filter_map(|&index| graph.node.get(index));
    nodes
        .flat_map(|node| read(node))
        .chain(roots.iter().copied())
        .collect()
}
