//! From the parsed file to the typed graph: names, order, shapes, constants.

pub(crate) mod blockers;
mod dims;
mod grids;
mod kept;
mod name;
mod near;
mod order;
mod ports;
mod resolver;
mod unsupported;

use crate::error::{ImportError, Problem};
use crate::options::Options;
use crate::passes;
use crate::typed::Typed;
use metisvm_model::limits::{MAX_CONSTANTS, MAX_NODES, MAX_PORTS};
use onnx_rs::ast::{Graph, Model, TensorProto};
use order::Order;
use resolver::Resolver;
use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

/// Versions of ONNX's own operators that are understood: before 7, broadcasting was another.
const OPSETS: RangeInclusive<i64> = 7..=26;

/// Resolves a parsed file.
///
/// # Errors
/// Whatever is wrong with it, short of grids and integers.
pub(crate) fn resolve(model: &Model<'_>, options: &Options) -> Result<Typed, ImportError> {
    let opset = opset(model).map_err(ImportError::model)?;
    let graph = model
        .graph
        .as_ref()
        .ok_or(ImportError::model(Problem::Missing("graph")))?;
    counts(graph).map_err(ImportError::model)?;
    if graph.output.is_empty() {
        return Err(ImportError::model(Problem::Missing("graph output")));
    }
    let roots = kept::roots(graph, &options.keep)?;
    let mut resolver = Resolver::new(opset, initializers(graph)?);
    let inputs: HashSet<&str> = graph.input.iter().map(|i| i.name).collect();
    let stored = |name: &str| resolver.stores(name);
    let given = |name: &str| inputs.contains(name) && !stored(name);
    if graph.node.is_empty() {
        return Err(match roots.first() {
            Some(name) if !given(name) => {
                ImportError::tensor("output", name, Problem::NoSuchValue((*name).to_string()))
            }
            _ => ImportError::model(Problem::Missing("node")),
        });
    }
    let order = Order::of(graph, &roots, given, stored)?;
    let needed = (!options.keep.is_empty()).then(|| kept::inputs(graph, &roots, &order.live));
    resolver
        .inputs(graph, options, needed.as_ref())
        .map_err(|error| unsupported::beside(error, graph, &order.live))?;
    resolver.nodes(graph, &order.live)?;
    let mut typed = resolver.finish(&roots, &graph.output)?;
    typed.dropped = order.dropped;
    Ok(passes::prune(typed))
}

fn opset(model: &Model<'_>) -> Result<i64, Problem> {
    let wrong = |actual: String| Problem::Opset {
        actual,
        first: *OPSETS.start(),
        last: *OPSETS.end(),
    };
    let mut own = model
        .opset_import
        .iter()
        .filter(|o| o.domain.is_empty() || o.domain == "ai.onnx");
    let Some(first) = own.next() else {
        // Exporters of trees leave it out where no operator needs it.
        let mut nodes = model.graph.iter().flat_map(|g| &g.node);
        if nodes.any(|n| n.domain.is_empty() || n.domain == "ai.onnx") {
            return Err(wrong("is not given".to_string()));
        }
        return Ok(*OPSETS.end());
    };
    // Some exporters write it twice and mean it once.
    if let Some(other) = own.find(|o| o.version != first.version) {
        return Err(wrong(format!(
            "is given twice, as {} and {}",
            first.version, other.version
        )));
    }
    if !OPSETS.contains(&first.version) {
        return Err(wrong(format!("{} is not supported", first.version)));
    }
    Ok(first.version)
}

fn counts(graph: &Graph<'_>) -> Result<(), Problem> {
    let limits = [
        ("nodes", graph.node.len(), MAX_NODES),
        ("initializers", graph.initializer.len(), MAX_CONSTANTS),
        ("graph inputs", graph.input.len(), MAX_PORTS + MAX_CONSTANTS),
        ("graph outputs", graph.output.len(), MAX_PORTS),
    ];
    for (what, count, limit) in limits {
        if count > limit {
            let (count, limit) = (count as u64, limit as u64);
            return Err(Problem::TooMany { what, count, limit });
        }
    }
    Ok(())
}

fn initializers<'m>(graph: &'m Graph<'m>) -> Result<HashMap<&'m str, &'m TensorProto<'m>>, ImportError> {
    let mut by_name = HashMap::new();
    let wrong = |name: &str, problem| ImportError::tensor("initializer", name, problem);
    if let Some(sparse) = graph.sparse_initializer.first() {
        let name = sparse.values.as_ref().map_or("", |v| v.name());
        let problem =
            Problem::Unsupported("sparse initializers are not supported; store it dense".to_string());
        return Err(wrong(name, problem));
    }
    for tensor in &graph.initializer {
        if tensor.name().is_empty() {
            return Err(wrong("", Problem::Data("it has no name".to_string())));
        }
        if by_name.insert(tensor.name(), tensor).is_some() {
            return Err(wrong(
                tensor.name(),
                Problem::Duplicate(tensor.name().to_string()),
            ));
        }
    }
    Ok(by_name)
}
