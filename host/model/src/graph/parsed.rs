//! A graph as somebody wrote it, and its parts.

use super::Graph;
use crate::canonical;
use crate::error::{GraphError, Problem};
use crate::limits::{MAX_CONSTANTS, MAX_METADATA, MAX_NODES, MAX_PORTS, MAX_STRING_BYTES};
use crate::op::Op;
use crate::tensor::{Tensor, TensorType};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// A value: what an operand or an output refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// An input of the graph, by position.
    Input(u32),
    /// A constant, by position.
    Constant(u32),
    /// The result of a node, by position.
    Node(u32),
}

/// A named input of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Unique among the inputs.
    pub name: String,
    /// What it holds.
    pub ty: TensorType,
}

/// A named output of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Unique among the outputs.
    pub name: String,
    /// What it gives.
    pub value: Value,
}

/// Weights, tables, zero points: tensors that travel with the graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Constant {
    /// What the bytes are.
    pub ty: TensorType,
    /// Raw little-endian, row-major.
    pub bytes: Vec<u8>,
}

impl Constant {
    /// The constant as the reference kernels read it.
    ///
    /// # Panics
    /// If the bytes do not fill the type, which [`Parsed::check`] rules out.
    pub fn tensor(&self) -> Tensor {
        Tensor::from_bytes(self.ty.clone(), &self.bytes).expect("lengths are checked with the graph")
    }
}

/// One application of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What to do.
    pub op: Op,
    /// To what, in the order that [`Op`] gives.
    pub operands: Vec<Value>,
}

/// A graph as an importer built it or as a file says it: nothing is known of it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// In the order in which callers concatenate them.
    pub inputs: Vec<Port>,
    /// In any order.
    pub constants: Vec<Constant>,
    /// In any order.
    pub nodes: Vec<Node>,
    /// In the order in which results are concatenated.
    pub outputs: Vec<Output>,
    /// Text for people and tools (the scale of an input, labels): it never changes a result.
    pub metadata: BTreeMap<String, String>,
}

impl Parsed {
    /// Adds a constant.
    pub fn constant(&mut self, tensor: &Tensor) -> Value {
        let mut bytes = Vec::new();
        tensor.write_bytes(&mut bytes);
        self.constants.push(Constant {
            ty: tensor.ty().clone(),
            bytes,
        });
        Value::Constant(self.constants.len() as u32 - 1)
    }

    /// Adds an input.
    pub fn input(&mut self, name: impl Into<String>, ty: TensorType) -> Value {
        self.inputs.push(Port {
            name: name.into(),
            ty,
        });
        Value::Input(self.inputs.len() as u32 - 1)
    }

    /// Adds a node.
    pub fn node(&mut self, op: Op, operands: &[Value]) -> Value {
        self.nodes.push(Node {
            op,
            operands: operands.to_vec(),
        });
        Value::Node(self.nodes.len() as u32 - 1)
    }

    /// Adds an output.
    pub fn output(&mut self, name: impl Into<String>, value: Value) {
        self.outputs.push(Output {
            name: name.into(),
            value,
        });
    }

    /// Puts the graph into canonical order, infers every type and proves every range.
    ///
    /// # Errors
    /// Whatever `docs/inference.md` calls a malformed graph; a node in the error is counted as this
    /// graph has them.
    pub fn check(self) -> Result<Graph, GraphError> {
        self.check_numbered().map(|(graph, _)| graph)
    }

    /// Like [`Self::check`]; also gives, for each node of the graph, the position that it had here, so that
    /// who built the graph knows which node is which. A position that is not among them was dropped, as no
    /// output needs the node; nodes are never merged.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_numbered(self) -> Result<(Graph, Vec<usize>), GraphError> {
        self.check_sizes()?;
        let order = canonical::order(&self)?;
        let (parsed, original) = canonical::rearrange(self, &order);
        match Graph::prove(parsed) {
            Ok(graph) => Ok((graph, original)),
            Err(mut e) => {
                if let Some((index, _)) = &mut e.node {
                    *index = original[*index];
                }
                Err(e)
            }
        }
    }

    fn check_sizes(&self) -> Result<(), GraphError> {
        let counts = [
            ("inputs", self.inputs.len(), MAX_PORTS),
            ("outputs", self.outputs.len(), MAX_PORTS),
            ("nodes", self.nodes.len(), MAX_NODES),
            ("constants", self.constants.len(), MAX_CONSTANTS),
            ("metadata entries", self.metadata.len(), MAX_METADATA),
        ];
        for (what, count, limit) in counts {
            if count > limit {
                let problem = Problem::TooMany {
                    what,
                    count: count as u64,
                    limit: limit as u64,
                };
                return Err(GraphError::graph(problem));
            }
        }
        if self.outputs.is_empty() {
            return Err(GraphError::graph(Problem::NoOutput));
        }
        check_names(self.inputs.iter().map(|p| &p.name))?;
        check_names(self.outputs.iter().map(|p| &p.name))?;
        for (key, value) in &self.metadata {
            if key.is_empty() || key.len() > MAX_STRING_BYTES || value.len() > MAX_STRING_BYTES {
                return Err(GraphError::graph(Problem::BadMetadata(shorten(key))));
            }
        }
        for (index, c) in self.constants.iter().enumerate() {
            if c.bytes.len() != c.ty.bytes() {
                return Err(GraphError::graph(Problem::ConstantLength {
                    index,
                    ty: c.ty.clone(),
                    expected: c.ty.bytes(),
                    actual: c.bytes.len(),
                }));
            }
        }
        Ok(())
    }
}

fn check_names<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), GraphError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() || name.len() > MAX_STRING_BYTES || !seen.insert(name) {
            return Err(GraphError::graph(Problem::BadName(shorten(name))));
        }
    }
    Ok(())
}

/// Text of somebody else's making is cut before it goes into an error.
fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}
