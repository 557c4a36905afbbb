//! Nodes one after the other: their operands found, translated or folded, and their results named.

use super::blockers::Blockers;
use super::dims::Dims;
use super::grids::on_grids;
use super::name::node_name;
use super::order::Order;
use super::ports::{declared_shape, input_type};
use super::unsupported;
use crate::attributes::Attributes;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::Constant;
use crate::error::{ImportError, NodeName, Problem};
use crate::fold;
use crate::operators::{self, Translator};
use crate::options::Options;
use crate::typed::{Arg, Typed};
use metisvm_model::limits::{MAX_CONSTANT_ELEMENTS_READ, MAX_PORTS};
use onnx_rs::ast::{Graph, Node, TensorProto, ValueInfo};
use std::collections::{HashMap, HashSet};

/// What a name stands for.
#[derive(Clone)]
enum Known {
    Arg(Arg),
    /// A result of a node that failed, or of one that reads such a result.
    Unknown,
}

/// The names of a file on their way to values.
pub(super) struct Resolver<'m> {
    builder: Builder,
    /// Inputs, results of nodes seen so far, and initializers read so far.
    names: HashMap<&'m str, Known>,
    initializers: HashMap<&'m str, &'m TensorProto<'m>>,
    opset: i64,
    read: u64,
    blockers: Blockers,
}

/// One result of a node that could be worked out, or `Unknown` where an operand is.
enum Outcome {
    Results(Vec<Option<Arg>>),
    Unknown,
}

impl<'m> Resolver<'m> {
    pub(super) fn new(opset: i64, initializers: HashMap<&'m str, &'m TensorProto<'m>>) -> Self {
        Self {
            builder: Builder::default(),
            names: HashMap::new(),
            initializers,
            opset,
            read: 0,
            blockers: Blockers::default(),
        }
    }

    /// Whether a name is an initializer.
    pub(super) fn stores(&self, name: &str) -> bool {
        self.initializers.contains_key(name)
    }

    /// Makes values of the inputs; where `needed` is given only of those.
    pub(super) fn inputs(
        &mut self,
        graph: &'m Graph<'m>,
        options: &Options,
        needed: Option<&HashSet<&str>>,
    ) -> Result<(), ImportError> {
        // Old files list initializers as inputs too: those are defaults, which nobody can override here.
        let inputs: Vec<_> = graph
            .input
            .iter()
            .filter(|info| !self.stores(info.name) && needed.is_none_or(|needed| needed.contains(info.name)))
            .collect();
        if inputs.len() > MAX_PORTS {
            return Err(ImportError::model(Problem::TooMany {
                what: "graph inputs",
                count: inputs.len() as u64,
                limit: MAX_PORTS as u64,
            }));
        }
        let mut dims = Dims::new(options, inputs.iter().filter_map(|info| info.tensor_shape()));
        let on_grids = on_grids(graph);
        for info in inputs {
            let wrong = |problem| ImportError::tensor("input", info.name, problem);
            let (element, declared) = input_type(info, on_grids.contains(info.name)).map_err(wrong)?;
            let shape = dims.shape(info.name, declared).map_err(wrong)?;
            if info.name.is_empty() || self.names.contains_key(info.name) {
                return Err(wrong(Problem::Duplicate(info.name.to_string())));
            }
            let id = self.builder.value(info.name, shape, element);
            self.builder.typed.inputs.push(id);
            self.names.insert(info.name, Known::Arg(Arg::Value(id)));
        }
        dims.finish()
    }

    /// Visits nodes in this order. What fails is noted, and only what needs its results is left out.
    pub(super) fn nodes(&mut self, graph: &'m Graph<'m>, order: &[usize]) -> Result<(), ImportError> {
        let mut stopped = false;
        for &index in order {
            let Some(node) = graph.node.get(index) else {
                continue;
            };
            if stopped {
                self.blockers.behind += 1;
                self.unknown(node);
                continue;
            }
            let name = node_name(index, node);
            let state = self.builder.state();
            let results = match self.node(node, &name) {
                Ok(Outcome::Results(results)) => results,
                Ok(Outcome::Unknown) => {
                    self.blockers.behind += 1;
                    self.unknown(node);
                    continue;
                }
                Err(error) => {
                    // Beyond a bound of all work together there is no going on.
                    stopped = matches!(
                        &error,
                        ImportError::Node { problem, .. } if matches!(**problem, Problem::TooMany { .. })
                    );
                    self.builder.rewind(state);
                    self.blockers.add(error);
                    self.unknown(node);
                    continue;
                }
            };
            for (output, result) in node.output.iter().zip(results) {
                let Some(result) = result.filter(|_| !output.is_empty()) else {
                    continue;
                };
                if let Arg::Value(id) = result {
                    self.builder.name(id, output);
                }
                self.names.insert(output, Known::Arg(result));
            }
        }
        Ok(())
    }

    fn unknown(&mut self, node: &'m Node<'m>) {
        for output in node.output.iter().filter(|o| !o.is_empty()) {
            self.names.insert(output, Known::Unknown);
        }
    }

    fn node(&mut self, node: &'m Node<'m>, name: &NodeName) -> Result<Outcome, ImportError> {
        let at = |problem: Problem| problem.at(name);
        let operator = node.op_type.as_str();
        let own = matches!(node.domain, "" | "ai.onnx");
        let translator = operators::translator(node.domain, operator);
        unsupported::check(node).map_err(at)?;
        let mut inputs = Vec::new();
        let mut unknown = false;
        for input in &node.input {
            inputs.push(match *input {
                "" => None,
                input => match self.arg(input, name)? {
                    Known::Arg(arg) => Some(arg),
                    Known::Unknown => {
                        unknown = true;
                        None
                    }
                },
            });
        }
        if unknown {
            return Ok(Outcome::Unknown);
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
        if own && operator == "If" {
            return self.branch(node, inputs.first().and_then(Option::as_ref), name);
        }
        while inputs.last().is_some_and(Option::is_none) {
            inputs.pop();
        }
        let attributes = Attributes::of(&node.attribute).map_err(at)?;
        let mut wanted: Vec<bool> = node.output.iter().map(|o| !o.is_empty()).collect();
        // Split has as many parts as results, named or not.
        while operator != "Split" && wanted.last().is_some_and(|named| !named) {
            wanted.pop();
        }
        let call = Call {
            node: name.clone(),
            inputs,
            attributes,
            wanted,
            opset: self.opset,
        };
        if own && let Some(folded) = fold::fold(&mut self.builder, &call, operator, translator).map_err(at)? {
            call.attributes.finish().map_err(at)?;
            return Ok(Outcome::Results(folded));
        }
        let results = match translator {
            _ if operators::dynamic::concerns(&self.builder, &call) => {
                operators::translate_dynamic(&mut self.builder, &call).map_err(at)?
            }
            None => return Err(at(operators::unsupported(node.domain, operator))),
            Some(Translator::One(translate)) => {
                one_result(&call, operator).map_err(at)?;
                vec![Some(translate(&mut self.builder, &call).map_err(at)?)]
            }
            Some(Translator::Many(translate)) => translate(&mut self.builder, &call).map_err(at)?,
        };
        call.attributes.finish().map_err(at)?;
        Ok(Outcome::Results(results))
    }

    /// If, with a condition that is known: one branch is taken, as though its nodes stood here.
    fn branch(
        &mut self,
        node: &'m Node<'m>,
        condition: Option<&Arg>,
        name: &NodeName,
    ) -> Result<Outcome, ImportError> {
        let wrong = |text: &str| Problem::Unsupported(text.to_string()).at(name);
        let condition = match condition {
            Some(Arg::Constant(c)) => match c.whole("the condition").map_err(|p| p.at(name))?[..] {
                [one] => one != 0,
                _ => return Err(wrong("its condition is not one truth value")),
            },
            _ => {
                return Err(wrong(
                    "its condition depends on what goes in; a graph does the same steps for every input: export without it",
                ));
            }
        };
        let wanted = if condition { "then_branch" } else { "else_branch" };
        let graph = node
            .attribute
            .iter()
            .find(|a| a.name == wanted)
            .and_then(|a| a.g.as_deref());
        let graph = graph.ok_or_else(|| wrong("it lacks a branch"))?;
        if !graph.input.is_empty() || graph.output.len() < node.output.len() {
            return Err(wrong("its branch has inputs, or too few outputs"));
        }
        // Names of the branch are its own: those of another branch may be the same.
        let mut own: HashSet<&str> = graph.node.iter().flat_map(|n| n.output.iter().copied()).collect();
        own.extend(graph.initializer.iter().map(TensorProto::name));
        let hidden: Vec<_> = own
            .iter()
            .map(|&name| (name, self.names.remove(name), self.initializers.remove(name)))
            .collect();
        let outcome = self.inside(graph, node.output.len(), name);
        for (name, known, tensor) in hidden {
            self.names.remove(name);
            self.initializers.remove(name);
            self.names.extend(known.map(|known| (name, known)));
            self.initializers.extend(tensor.map(|tensor| (name, tensor)));
        }
        outcome
    }

    /// The first results of a branch.
    fn inside(
        &mut self,
        graph: &'m Graph<'m>,
        results: usize,
        name: &NodeName,
    ) -> Result<Outcome, ImportError> {
        for tensor in &graph.initializer {
            if tensor.name().is_empty() || self.initializers.insert(tensor.name(), tensor).is_some() {
                return Err(Problem::Duplicate(tensor.name().to_string()).at(name));
            }
        }
        let roots: Vec<&str> = graph.output.iter().map(|o| o.name).take(results).collect();
        let given = |name: &str| self.names.contains_key(name);
        let stored = |name: &str| self.stores(name);
        let order = Order::of(graph, &roots, given, stored)?;
        self.nodes(graph, &order.live)?;
        let mut results = Vec::new();
        for root in roots {
            match self.arg(root, name)? {
                Known::Arg(arg) => results.push(Some(arg)),
                Known::Unknown => return Ok(Outcome::Unknown),
            }
        }
        Ok(Outcome::Results(results))
    }

    fn arg(&mut self, name: &'m str, reader: &NodeName) -> Result<Known, ImportError> {
        if let Some(known) = self.names.get(name) {
            return Ok(known.clone());
        }
        let Some(tensor) = self.initializers.get(name) else {
            return Err(Problem::NoSuchValue(name.to_string()).at(reader));
        };
        let known = match Constant::of(tensor, name) {
            Ok(constant) => Known::Arg(Arg::Constant(constant)),
            Err(problem) => {
                self.blockers
                    .add(ImportError::tensor("initializer", name, problem));
                Known::Unknown
            }
        };
        self.names.insert(name, known.clone());
        Ok(known)
    }

    /// The typed graph with what comes out of it, if nothing that it needs failed.
    pub(super) fn finish(mut self, roots: &[&str], declared: &[ValueInfo<'_>]) -> Result<Typed, ImportError> {
        let needed = |name: &&&str| matches!(self.names.get(**name), Some(Known::Unknown));
        if roots.iter().any(|name| needed(&name))
            && let Some(error) = std::mem::take(&mut self.blockers).into_error()
        {
            return Err(error);
        }
        let mut seen = HashSet::new();
        for &name in roots {
            let wrong = |problem| ImportError::tensor("output", name, problem);
            if name.is_empty() || !seen.insert(name) {
                return Err(wrong(Problem::Duplicate(name.to_string())));
            }
            let id = match self.names.get(name) {
                Some(Known::Arg(Arg::Value(id))) => *id,
                Some(Known::Arg(Arg::Constant(_))) => {
                    return Err(wrong(Problem::Unsupported(
                        "it depends on no input; drop it".to_string(),
                    )));
                }
                None if self.stores(name) => {
                    return Err(wrong(Problem::Unsupported(
                        "it is an initializer; drop it".to_string(),
                    )));
                }
                _ => return Err(wrong(Problem::NoSuchValue(name.to_string()))),
            };
            if self.builder.marks.contains_key(&id) {
                return Err(wrong(Problem::DynamicScale));
            }
            if let Some(info) = declared.iter().find(|info| info.name == name) {
                let shape = &self.builder.typed.values[id].shape;
                self.builder.typed.notes.extend(declared_shape(info, shape));
            }
            self.builder.typed.outputs.push((name.to_string(), id));
        }
        Ok(self.builder.typed)
    }
}

/// An operator of one result that is asked for it. Of a second one there may be a name, as of Dropout's mask and of
/// the statistics of BatchNormalization; whoever reads it finds no such value.
fn one_result(call: &Call<'_>, operator: &str) -> Result<(), Problem> {
    let outputs = call.wanted.iter().filter(|named| **named).count();
    let has_more = matches!(operator, "Dropout" | "BatchNormalization" | "MaxPool");
    if call.wanted.first() == Some(&true) && (outputs == 1 || has_more) {
        return Ok(());
    }
    Err(Problem::Count {
        what: "results",
        actual: outputs,
        expected: "1",
    })
}
