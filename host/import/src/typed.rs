//! The typed graph: names are resolved, nodes are in order, every shape is known, everything that can
//! be computed from constants has been, and every operator is one that import understands.

use crate::constant::Constant;
use crate::error::NodeName;
use crate::function::Function;
use crate::grid::Grid;
use crate::trees::Ensemble;
use metisvm_model::{DType, Shape, Window};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A computed value, by position in [`Typed::values`].
pub(crate) type ValueId = usize;

/// What the elements of a value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// Real numbers: f32 in the file.
    Real,
    /// Integers of that type on some grid.
    Quantised(DType),
    /// Whole numbers that are meant as such: positions, token ids, truth values (0 and 1).
    Int,
}

/// A computed value.
#[derive(Clone, Debug)]
pub(crate) struct TypedValue {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) element: Element,
}

/// An operand.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Value(ValueId),
    Constant(Constant),
}

/// An operator with its attributes.
#[derive(Clone, Debug)]
pub(crate) enum Operator {
    /// Operands: x, w; one bias a column.
    MatMul {
        bias: Option<Vec<f64>>,
    },
    /// Operands: x `[B,C,H,W]`, a constant w `[O,C/groups,KH,KW]`; one bias an output channel.
    Conv {
        window: Window,
        groups: u32,
        bias: Option<Vec<f64>>,
    },
    /// Two operands, broadcast. So are Sub, Mul and Div.
    Add,
    Sub,
    Mul,
    /// The second operand is positive in every element.
    Div,
    /// Operands: condition (whole numbers, 0 or another), a where it is not 0, b where it is; all broadcast.
    Where,
    Pointwise(Function),
    MaxPool {
        kernel: [u32; 2],
        window: Window,
    },
    /// To the shape of the result.
    Reshape,
    /// Dimension `i` of the result is dimension `perm[i]` of the operand.
    Transpose {
        perm: Vec<usize>,
    },
    /// Operands one after the other along `axis`; they may be constants.
    Concat {
        axis: usize,
    },
    /// Entries `indices` of dimension `axis`, in that order, each as often as it is named: Slice, Split, Tile and
    /// Expand are that.
    Select {
        axis: usize,
        indices: Rc<[u32]>,
    },
    /// ONNX's Gather with computed indices. Operands: data (computed or constant), indices (whole numbers).
    Lookup {
        axis: usize,
    },
    /// Along one dimension, which stays with extent 1.
    Reduce {
        kind: Reduction,
        axis: usize,
    },
    /// exp(x − max) over its sum, along one dimension.
    Softmax {
        axis: usize,
    },
    /// `x / √(mean(x²) + epsilon)` over the last dimension; x less its mean first where it is centred.
    Normalise {
        epsilon: f64,
        centred: bool,
    },
    /// Whole numbers as real ones, and real ones rounded towards zero.
    Cast,
    ArgMax {
        axis: u8,
    },
    /// Operands: matrices of as many rows, whose columns are together the features; one score an output.
    Trees(Rc<Ensemble>),
    Quantise(Grid),
    Dequantise(Grid),
}

/// What a Reduce makes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Sum,
    Mean,
    Max,
}

/// A node with one result.
#[derive(Clone, Debug)]
pub(crate) struct TypedNode {
    /// The ONNX node it stands for, or stands for a part of.
    pub(crate) name: NodeName,
    pub(crate) op: Operator,
    pub(crate) inputs: Vec<Arg>,
    pub(crate) output: ValueId,
}

impl TypedNode {
    /// The operands that are computed.
    pub(crate) fn values(&self) -> impl Iterator<Item = ValueId> + '_ {
        self.inputs.iter().filter_map(|i| match i {
            Arg::Value(id) => Some(*id),
            Arg::Constant(_) => None,
        })
    }
}

/// The graph.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub(crate) values: Vec<TypedValue>,
    /// Operands before users.
    pub(crate) nodes: Vec<TypedNode>,
    pub(crate) inputs: Vec<ValueId>,
    /// Names of the file's outputs, and what they are.
    pub(crate) outputs: Vec<(String, ValueId)>,
    /// ONNX nodes whose results nothing reads.
    pub(crate) dropped: Vec<NodeName>,
    /// Names of classes: of whole numbers that are positions among them, or of columns.
    pub(crate) labels: BTreeMap<ValueId, Rc<[String]>>,
    /// What the caller of the model must know.
    pub(crate) notes: Vec<String>,
}

impl Typed {
    /// Whether the file carries its own grids.
    pub(crate) fn is_quantised(&self) -> bool {
        self.nodes
            .iter()
            .any(|n| matches!(n.op, Operator::Quantise(_) | Operator::Dequantise(_)))
    }

    /// For each value the nodes that read it (twice, if they do so twice), and `usize::MAX` for each
    /// output that it is.
    pub(crate) fn readers(&self) -> Vec<Vec<usize>> {
        let mut readers = vec![Vec::new(); self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            node.values().for_each(|v| readers[v].push(index));
        }
        for (_, value) in &self.outputs {
            readers[*value].push(usize::MAX);
        }
        readers
    }
}
