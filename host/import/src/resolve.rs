//! From the parsed file to the typed graph: names, order, shapes, constants.

mod name;
mod order;
mod ports;

use crate::attributes::Attributes;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::Constant;
use crate::error::{ImportError, NodeName, Problem};
use crate::operators::{self, Translator};
use crate::options::Options;
use crate::typed::{Arg, Typed};
use metisvm_model::limits::{MAX_CONSTANT_ELEMENTS_READ, MAX_CONSTANTS, MAX_NODES, MAX_PORTS};
use name::node_name;
use onnx_rs::ast::{Graph, Model, Node, TensorProto};
use order::Order;
use ports::{declared_shape_agrees, input_type};
use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

/// Versions of ONNX's own operators that are understood.
const OPSETS: RangeInclusive<i64> = 9..=26;

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
    let mut resolver = Resolver {
        builder: Builder::default(),
        args: HashMap::new(),
        initializers: initializers(graph)?,
        opset,
        read: 0,
    };
    resolver.inputs(graph, options.batch.unwrap_or(1))?;
    let given = |name: &str| resolver.args.contains_key(name);
    let stored = |name: &str| resolver.initializers.contains_key(name);
    let order = Order::of(graph, given, stored)?;
    resolver.builder.typed.dropped = order.dropped;
    for index in order.live {
        resolver.node(index, &graph.node[index])?;
    }
    resolver.outputs(graph)?;
    Ok(resolver.builder.typed)
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
        return Err(wrong("is not given".to_string()));
    };
    if own.next().is_some() {
        return Err(wrong("is given twice".to_string()));
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

/// The names of a file on their way to values.
struct Resolver<'m> {
    builder: Builder,
    /// What names stand for, of inputs, nodes seen so far, and initializers read so far.
    args: HashMap<&'m str, Arg>,
    initializers: HashMap<&'m str, &'m TensorProto<'m>>,
    opset: i64,
    read: u64,
}

impl<'m> Resolver<'m> {
    fn inputs(&mut self, graph: &'m Graph<'m>, batch: u32) -> Result<(), ImportError> {
        // Old files list initializers as inputs too: those are defaults, which nobody can override here.
        for info in &graph.input {
            if self.initializers.contains_key(info.name) {
                continue;
            }
            let wrong = |problem| ImportError::tensor("input", info.name, problem);
            let (element, shape) = input_type(info, batch).map_err(wrong)?;
            if info.name.is_empty() || self.args.contains_key(info.name) {
                return Err(wrong(Problem::Duplicate(info.name.to_string())));
            }
            let id = self.builder.value(info.name, shape, element);
            self.builder.typed.inputs.push(id);
            self.args.insert(info.name, Arg::Value(id));
        }
        let count = self.builder.typed.inputs.len();
        if count > MAX_PORTS {
            return Err(ImportError::model(Problem::TooMany {
                what: "graph inputs",
                count: count as u64,
                limit: MAX_PORTS as u64,
            }));
        }
        Ok(())
    }

    fn node(&mut self, index: usize, node: &'m Node<'m>) -> Result<(), ImportError> {
        let name = node_name(index, node);
        let at = |problem: Problem| problem.at(&name);
        let operator = node.op_type.as_str();
        let Some(translator) = operators::translator(node.domain, operator) else {
            let supported = operators::SUPPORTED;
            return Err(at(Problem::UnsupportedOperator { supported }));
        };
        let mut inputs = Vec::new();
        for input in &node.input {
            inputs.push(if input.is_empty() {
                None
            } else {
                Some(self.arg(input, &name)?)
            });
        }
        for input in inputs.iter().flatten() {
            if let Arg::Constant(c) = input {
                self.read += c.len() as u64;
            }
        }
        if self.read > MAX_CONSTANT_ELEMENTS_READ {
            // One large constant that thousands of nodes read would cost as much as thousands of them.
            return Err(at(Problem::TooMany {
                what: "elements of constants read up to here",
                count: self.read,
                limit: MAX_CONSTANT_ELEMENTS_READ,
            }));
        }
        while inputs.last().is_some_and(Option::is_none) {
            inputs.pop();
        }
        let attributes = Attributes::of(&node.attribute).map_err(at)?;
        let mut wanted: Vec<bool> = node.output.iter().map(|o| !o.is_empty()).collect();
        while wanted.last().is_some_and(|named| !named) {
            wanted.pop();
        }
        let outputs = wanted.iter().filter(|named| **named).count();
        let call = Call {
            node: name.clone(),
            inputs,
            attributes,
            wanted,
            opset: self.opset,
        };
        let results = match translator {
            _ if operators::dynamic::concerns(&self.builder, &call) => {
                vec![Some(
                    operators::dynamic::translate(&mut self.builder, &call).map_err(at)?,
                )]
            }
            Translator::One(translate) => {
                // Dropout's mask is all ones; whoever reads it finds no such value.
                if call.wanted.first() != Some(&true) || outputs > 1 && operator != "Dropout" {
                    return Err(at(Problem::Count {
                        what: "results",
                        actual: outputs,
                        expected: "1",
                    }));
                }
                vec![Some(translate(&mut self.builder, &call).map_err(at)?)]
            }
            Translator::Many(translate) => translate(&mut self.builder, &call).map_err(at)?,
        };
        call.attributes.finish().map_err(at)?;
        for (output, result) in node.output.iter().zip(results) {
            let Some(result) = result.filter(|_| !output.is_empty()) else {
                continue;
            };
            if let Arg::Value(id) = result {
                // An Identity gives its operand, which has a name already.
                let value = &mut self.builder.typed.values[id];
                if value.name.is_empty() {
                    value.name = (*output).to_string();
                }
            }
            self.args.insert(output, result);
        }
        Ok(())
    }

    fn arg(&mut self, name: &'m str, reader: &NodeName) -> Result<Arg, ImportError> {
        if let Some(arg) = self.args.get(name) {
            return Ok(arg.clone());
        }
        let Some(tensor) = self.initializers.get(name) else {
            return Err(Problem::NoSuchValue(name.to_string()).at(reader));
        };
        let constant = Constant::of(tensor, name)
            .map_err(|problem| ImportError::tensor("initializer", name, problem))?;
        self.args.insert(name, Arg::Constant(constant.clone()));
        Ok(Arg::Constant(constant))
    }

    fn outputs(&mut self, graph: &'m Graph<'m>) -> Result<(), ImportError> {
        let mut seen = HashSet::new();
        for info in &graph.output {
            let wrong = |problem| ImportError::tensor("output", info.name, problem);
            if info.name.is_empty() || !seen.insert(info.name) {
                return Err(wrong(Problem::Duplicate(info.name.to_string())));
            }
            let id = match self.args.get(info.name) {
                Some(Arg::Value(id)) => *id,
                Some(Arg::Constant(_)) => {
                    return Err(wrong(Problem::Unsupported(
                        "it depends on no input; drop it".to_string(),
                    )));
                }
                None if self.initializers.contains_key(info.name) => {
                    return Err(wrong(Problem::Unsupported(
                        "it is an initializer; drop it".to_string(),
                    )));
                }
                None => return Err(wrong(Problem::NoSuchValue(info.name.to_string()))),
            };
            if self.builder.marks.contains_key(&id) {
                return Err(wrong(Problem::DynamicScale));
            }
            declared_shape_agrees(info, &self.builder.typed.values[id].shape).map_err(wrong)?;
            self.builder.typed.outputs.push((info.name.to_string(), id));
        }
        Ok(())
    }
}
