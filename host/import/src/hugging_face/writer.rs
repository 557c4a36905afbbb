//! Writes an ONNX file node by node.
//!
//! Nodes are named by the module of the checkpoint that they stand for ([`Writer::at`]), so that reports and errors of
//! import can be read beside it. Schema: `onnx/onnx.proto3`.

use super::error::FolderError;
use super::tensors::Tensors;
use super::wire::Message;
use metisvm_model::limits::{MAX_BUNDLE_BYTES, MAX_ELEMENTS};
use std::collections::HashMap;
use std::rc::Rc;

/// The version of ONNX's operators.
const OPSET: i64 = 21;
/// The version of the file format that came with it.
const IR_VERSION: i64 = 10;
/// The largest file that import takes.
const MAX_BYTES: usize = MAX_BUNDLE_BYTES;

/// A tensor of the file that is being written: its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct T(Rc<str>);

impl T {
    /// Stands for an operand that is left out.
    pub(super) fn none() -> Self {
        Self("".into())
    }
}

/// Element types that inputs and outputs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elem {
    F32 = 1,
    I64 = 7,
}

/// An attribute of a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attr<'a> {
    Int(&'a str, i64),
    Ints(&'a str, &'a [i64]),
    Float(&'a str, f32),
    Text(&'a str, &'a str),
}

/// A file that is being written.
pub(super) struct Writer<'f> {
    tensors: &'f Tensors,
    graph: Message,
    /// The module that nodes belong to.
    path: String,
    /// Names of nodes and tensors, with the number of the last that has the same beginning.
    names: HashMap<String, usize>,
    /// Weights and small constants that are in the file already.
    stored: HashMap<String, T>,
}

impl<'f> Writer<'f> {
    pub(super) fn new(tensors: &'f Tensors) -> Self {
        let mut graph = Message::default();
        graph.text(field::GRAPH_NAME, "model");
        Self {
            tensors,
            graph,
            path: String::new(),
            names: HashMap::new(),
            stored: HashMap::new(),
        }
    }

    /// The tensors of the folder, for what is computed from them before they are written.
    pub(super) fn tensors(&self) -> &'f Tensors {
        self.tensors
    }

    /// The module that the nodes to come belong to.
    pub(super) fn at(&mut self, path: impl Into<String>) {
        self.path = path.into();
    }

    /// `name` within the current module, with a number where that was given before.
    fn unique(&mut self, name: &str) -> String {
        let full = match self.path.is_empty() {
            true => name.to_string(),
            false => format!("{}.{name}", self.path),
        };
        let mut name = full.clone();
        while self.names.contains_key(&name) {
            let count = self.names.entry(full.clone()).or_insert(1);
            *count += 1;
            name = format!("{full}_{count}");
        }
        self.names.insert(name.clone(), 1);
        name
    }

    /// An input of the model.
    pub(super) fn input(&mut self, name: &str, elem: Elem, dims: &[usize]) -> T {
        self.names.insert(name.to_string(), 1);
        let info = value_info(name, elem, dims);
        self.graph.message(field::GRAPH_INPUT, &info);
        T(name.into())
    }

    /// A node with one result.
    pub(super) fn node(&mut self, op: &str, inputs: &[&T], attributes: &[Attr<'_>]) -> T {
        let output = T(self.unique(op).into());
        self.write_node(op, &output.0, inputs, std::slice::from_ref(&output), attributes);
        output
    }

    /// A node with one result, called `name` within the current module.
    pub(super) fn named(&mut self, name: &str, op: &str, inputs: &[&T], attributes: &[Attr<'_>]) -> T {
        let output = T(self.unique(name).into());
        self.write_node(op, &output.0, inputs, std::slice::from_ref(&output), attributes);
        output
    }

    /// A node with several results.
    pub(super) fn nodes(&mut self, op: &str, inputs: &[&T], attributes: &[Attr<'_>], count: usize) -> Vec<T> {
        let name = self.unique(op);
        let outputs: Vec<T> = (0..count).map(|i| T(format!("{name}:{i}").into())).collect();
        self.write_node(op, &name, inputs, &outputs, attributes);
        outputs
    }

    fn write_node(&mut self, op: &str, name: &str, inputs: &[&T], outputs: &[T], attributes: &[Attr<'_>]) {
        let mut node = Message::default();
        for input in inputs {
            node.text(field::NODE_INPUT, &input.0);
        }
        for output in outputs {
            node.text(field::NODE_OUTPUT, &output.0);
        }
        node.text(field::NODE_NAME, name);
        node.text(field::NODE_OPERATOR, op);
        for attribute in attributes {
            node.message(field::NODE_ATTRIBUTE, &attribute_of(*attribute));
        }
        self.graph.message(field::GRAPH_NODE, &node);
    }

    /// A tensor of the folder as it is.
    pub(super) fn weight(&mut self, name: &str, dims: &[usize]) -> Result<T, FolderError> {
        if let Some(stored) = self.stored.get(name) {
            return Ok(stored.clone());
        }
        let numbers = self.tensors.read(name, dims)?;
        self.store(name.to_string(), dims, &numbers)
    }

    /// A matrix of the folder with rows and columns exchanged: a Linear's `[out, in]` becomes the `[in, out]` that MatMul
    /// reads. `dims` are those in the folder.
    pub(super) fn weight_t(&mut self, name: &str, dims: [usize; 2]) -> Result<T, FolderError> {
        let name_t = format!("{name}.transposed");
        if let Some(stored) = self.stored.get(&name_t) {
            return Ok(stored.clone());
        }
        let [rows, columns] = dims;
        let numbers = self.tensors.read(name, &dims)?;
        let mut turned = Vec::with_capacity(numbers.len());
        for column in 0..columns {
            turned.extend((0..rows).map(|row| numbers[row * columns + column]));
        }
        self.store(name_t, &[columns, rows], &turned)
    }

    /// Some rows of a matrix whose rows have `columns` elements, in this order, as the columns of a constant.
    pub(super) fn chosen_rows(
        &mut self,
        name: &str,
        numbers: &[f32],
        columns: usize,
        order: &[usize],
    ) -> Result<T, FolderError> {
        let mut turned = Vec::with_capacity(columns * order.len());
        for column in 0..columns {
            turned.extend(order.iter().map(|row| numbers[row * columns + column]));
        }
        self.constant(name, &[columns, order.len()], &turned)
    }

    /// Numbers of a builder's own making, called `name` within the current module.
    pub(super) fn constant(&mut self, name: &str, dims: &[usize], numbers: &[f32]) -> Result<T, FolderError> {
        let name = self.unique(name);
        self.store(name, dims, numbers)
    }

    fn store(&mut self, name: String, dims: &[usize], numbers: &[f32]) -> Result<T, FolderError> {
        let bytes = numbers.iter().flat_map(|n| n.to_le_bytes());
        self.initializer(&name, Elem::F32, dims, numbers.len() * 4, bytes)?;
        let tensor = T(name.as_str().into());
        self.names.insert(name.clone(), 1);
        self.stored.insert(name, tensor.clone());
        Ok(tensor)
    }

    /// A small tensor of real numbers; equal ones are written once.
    pub(super) fn f32s(&mut self, dims: &[usize], numbers: &[f32]) -> Result<T, FolderError> {
        let bits: Vec<u32> = numbers.iter().map(|n| n.to_bits()).collect();
        let key = format!("f32 {dims:?} {bits:?}");
        if let Some(stored) = self.stored.get(&key) {
            return Ok(stored.clone());
        }
        let name = format!("f32s.{}", self.stored.len());
        let bytes = numbers.iter().flat_map(|n| n.to_le_bytes());
        self.initializer(&name, Elem::F32, dims, numbers.len() * 4, bytes)?;
        let tensor = T(name.into());
        self.stored.insert(key, tensor.clone());
        Ok(tensor)
    }

    /// One real number.
    pub(super) fn f32(&mut self, number: f32) -> Result<T, FolderError> {
        self.f32s(&[], &[number])
    }

    /// A tensor of whole numbers, called `name` within the current module.
    pub(super) fn integers(&mut self, name: &str, dims: &[usize], numbers: &[i64]) -> Result<T, FolderError> {
        let name = self.unique(name);
        let bytes = numbers.iter().flat_map(|n| n.to_le_bytes());
        self.initializer(&name, Elem::I64, dims, numbers.len() * 8, bytes)?;
        Ok(T(name.into()))
    }

    /// A small tensor of whole numbers; equal ones are written once.
    pub(super) fn i64s(&mut self, dims: &[usize], numbers: &[i64]) -> Result<T, FolderError> {
        let key = format!("i64 {dims:?} {numbers:?}");
        if let Some(stored) = self.stored.get(&key) {
            return Ok(stored.clone());
        }
        let name = format!("i64s.{}", self.stored.len());
        let bytes = numbers.iter().flat_map(|n| n.to_le_bytes());
        self.initializer(&name, Elem::I64, dims, numbers.len() * 8, bytes)?;
        let tensor = T(name.into());
        self.stored.insert(key, tensor.clone());
        Ok(tensor)
    }

    /// A list of whole numbers: a shape, axes, bounds.
    pub(super) fn list(&mut self, numbers: &[i64]) -> Result<T, FolderError> {
        self.i64s(&[numbers.len()], numbers)
    }

    fn initializer(
        &mut self,
        name: &str,
        elem: Elem,
        dims: &[usize],
        length: usize,
        bytes: impl Iterator<Item = u8>,
    ) -> Result<(), FolderError> {
        if self.graph.len().saturating_add(length) > MAX_BYTES {
            return Err(FolderError::TooLarge { limit: MAX_BYTES });
        }
        let mut tensor = Message::default();
        for &extent in dims {
            tensor.int(field::TENSOR_DIMS, extent as i64);
        }
        tensor.int(field::TENSOR_TYPE, elem as i64);
        tensor.text(field::TENSOR_NAME, name);
        self.graph.message_ending_in(
            field::GRAPH_INITIALIZER,
            &tensor,
            field::TENSOR_RAW,
            length,
            bytes,
        );
        Ok(())
    }

    /// An output of the model: a tensor under a name of its own.
    pub(super) fn output(&mut self, name: &str, elem: Elem, dims: &[usize], tensor: &T) {
        self.names.insert(name.to_string(), 1);
        let output = T(name.into());
        self.write_node("Identity", name, &[tensor], &[output], &[]);
        let info = value_info(name, elem, dims);
        self.graph.message(field::GRAPH_OUTPUT, &info);
    }

    /// The file.
    pub(super) fn finish(self) -> Result<Vec<u8>, FolderError> {
        let mut head = Message::default();
        head.int(field::MODEL_IR_VERSION, IR_VERSION);
        head.text(field::MODEL_PRODUCER, "metisvm");
        let mut opset = Message::default();
        opset.text(field::OPSET_DOMAIN, "");
        opset.int(field::OPSET_VERSION, OPSET);
        head.message(field::MODEL_OPSET, &opset);
        let bytes = self.graph.within(&head, field::MODEL_GRAPH);
        if bytes.len() > MAX_BYTES {
            return Err(FolderError::TooLarge { limit: MAX_BYTES });
        }
        Ok(bytes)
    }
}

/// The elements of a tensor that is computed here, if one tensor can have so many.
pub(super) fn elements(what: &str, dims: &[usize]) -> Result<usize, FolderError> {
    let count = dims.iter().try_fold(1u64, |n, d| n.checked_mul(*d as u64));
    let count = count.filter(|n| *n <= MAX_ELEMENTS);
    count.and_then(|n| usize::try_from(n).ok()).ok_or_else(|| {
        FolderError::Choice(format!(
            "{what} would have the shape {dims:?}, and one tensor at most {MAX_ELEMENTS} elements; choose a lesser extent"
        ))
    })
}

fn value_info(name: &str, elem: Elem, dims: &[usize]) -> Message {
    let mut shape = Message::default();
    for &extent in dims {
        let mut dimension = Message::default();
        dimension.int(field::DIMENSION_VALUE, extent as i64);
        shape.message(field::SHAPE_DIMENSION, &dimension);
    }
    let mut tensor = Message::default();
    tensor.int(field::TENSOR_TYPE_ELEM, elem as i64);
    tensor.message(field::TENSOR_TYPE_SHAPE, &shape);
    let mut ty = Message::default();
    ty.message(field::TYPE_TENSOR, &tensor);
    let mut info = Message::default();
    info.text(field::VALUE_NAME, name);
    info.message(field::VALUE_TYPE, &ty);
    info
}

fn attribute_of(attribute: Attr<'_>) -> Message {
    let mut m = Message::default();
    let (name, kind) = match attribute {
        Attr::Float(name, _) => (name, 1),
        Attr::Int(name, _) => (name, 2),
        Attr::Text(name, _) => (name, 3),
        Attr::Ints(name, _) => (name, 7),
    };
    m.text(field::ATTRIBUTE_NAME, name);
    match attribute {
        Attr::Float(_, value) => m.float(field::ATTRIBUTE_FLOAT, value),
        Attr::Int(_, value) => m.int(field::ATTRIBUTE_INT, value),
        Attr::Text(_, value) => m.text(field::ATTRIBUTE_STRING, value),
        Attr::Ints(_, values) => {
            for &value in values {
                m.int(field::ATTRIBUTE_INTS, value);
            }
        }
    }
    m.int(field::ATTRIBUTE_TYPE, kind);
    m
}

/// Numbers of fields.
mod field {
    pub(super) const MODEL_IR_VERSION: u32 = 1;
    pub(super) const MODEL_PRODUCER: u32 = 2;
    pub(super) const MODEL_GRAPH: u32 = 7;
    pub(super) const MODEL_OPSET: u32 = 8;
    pub(super) const OPSET_DOMAIN: u32 = 1;
    pub(super) const OPSET_VERSION: u32 = 2;
    pub(super) const GRAPH_NODE: u32 = 1;
    pub(super) const GRAPH_NAME: u32 = 2;
    pub(super) const GRAPH_INITIALIZER: u32 = 5;
    pub(super) const GRAPH_INPUT: u32 = 11;
    pub(super) const GRAPH_OUTPUT: u32 = 12;
    pub(super) const NODE_INPUT: u32 = 1;
    pub(super) const NODE_OUTPUT: u32 = 2;
    pub(super) const NODE_NAME: u32 = 3;
    pub(super) const NODE_OPERATOR: u32 = 4;
    pub(super) const NODE_ATTRIBUTE: u32 = 5;
    pub(super) const ATTRIBUTE_NAME: u32 = 1;
    pub(super) const ATTRIBUTE_FLOAT: u32 = 2;
    pub(super) const ATTRIBUTE_INT: u32 = 3;
    pub(super) const ATTRIBUTE_STRING: u32 = 4;
    pub(super) const ATTRIBUTE_INTS: u32 = 8;
    pub(super) const ATTRIBUTE_TYPE: u32 = 20;
    pub(super) const TENSOR_DIMS: u32 = 1;
    pub(super) const TENSOR_TYPE: u32 = 2;
    pub(super) const TENSOR_NAME: u32 = 8;
    pub(super) const TENSOR_RAW: u32 = 9;
    pub(super) const VALUE_NAME: u32 = 1;
    pub(super) const VALUE_TYPE: u32 = 2;
    pub(super) const TYPE_TENSOR: u32 = 1;
    pub(super) const TENSOR_TYPE_ELEM: u32 = 1;
    pub(super) const TENSOR_TYPE_SHAPE: u32 = 2;
    pub(super) const SHAPE_DIMENSION: u32 = 1;
    pub(super) const DIMENSION_VALUE: u32 = 1;
}
