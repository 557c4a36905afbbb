//! A part of a model, compiled: what is done to which slots, in order.

use super::chain::Chain;
use super::memory::Memory;
use metisvm_model::{DType, Op, Segment, TensorType, Value, Window};
use metisvm_simd::product::{PackedFilters, PackedMatrix, XKind};
use std::fmt;
use std::ops::Range;

/// Where a value lies: in memory that all runs share, or in a slot of the run's own. In a slot the items of a
/// batch lie one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Home {
    Constant(usize),
    Slot(usize),
}

/// A value: its place and what is there.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) home: Home,
    pub(super) ty: TensorType,
}

/// A part of a model, compiled.
#[derive(Debug)]
pub(super) struct Program {
    /// Raw and aligned; empty where no step reads the raw form.
    pub(super) constants: Vec<Memory>,
    /// The bytes of each slot, an item.
    pub(super) slots: Vec<usize>,
    /// Where each input goes; `None` if nothing reads it.
    pub(super) inputs: Vec<Option<Entering>>,
    /// Where each output is found.
    pub(super) outputs: Vec<Spot>,
    pub(super) steps: Vec<Step>,
    /// Multiply-accumulates of an item.
    pub(super) macs: u64,
    /// Those of them that no kernel of a level does.
    pub(super) scalar_macs: u64,
}

/// An input of a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entering {
    /// A slot, which is no other value's if the input is large: it may be the caller's memory then.
    pub(super) slot: usize,
    pub(super) bytes: usize,
    pub(super) dtype: DType,
}

/// What is done at once.
#[derive(Debug)]
pub(super) enum Step {
    /// Products, block by block, and the chain that takes them.
    Product { product: Box<Product>, chain: Chain },
    /// A chain by itself.
    Chain(Chain),
    /// Elements moved, or joined across rows.
    Shift { shift: Shift, y: Spot },
    /// A node with parameters that are computed, compiled for each item.
    Late { late: Late, y: Spot },
    /// A node by its reference kernel, item by item: small ones with parameters that are computed.
    Scalar { op: Op, operands: Vec<Spot>, y: Spot },
}

impl Step {
    /// The constant matrix of a product, if it is one by such a matrix.
    pub(super) fn weights(&mut self) -> Option<&mut PackedMatrix> {
        let Self::Product { product, .. } = self else {
            return None;
        };
        match &mut **product {
            Product::Matrix { weights, .. } => Some(weights),
            Product::Computed { .. } | Product::Convolution { .. } => None,
        }
    }
}

/// A node with parameters that are computed.
#[derive(Debug)]
pub(super) struct Late {
    /// The node.
    pub(super) segment: Segment,
    /// The segment's inputs.
    pub(super) inputs: Vec<Spot>,
    /// The parameters that are no constants.
    pub(super) known: Vec<(Value, Spot)>,
}

/// Zero points or a bias: constants, or read of each item.
#[derive(Debug)]
pub(super) enum Parameter {
    Known(Vec<i32>),
    Read(Spot),
}

/// A matrix product or a convolution. Its rows and columns are those of its chain's space.
#[derive(Debug)]
pub(super) enum Product {
    /// By one constant matrix, for all rows of all items.
    Matrix {
        x: Spot,
        x_zero: i32,
        weights: Box<PackedMatrix>,
        bias: Option<Vec<i32>>,
        depth: usize,
    },
    /// By a matrix of its own for each leading index, or with parameters that are computed.
    Computed {
        x: Spot,
        w: Spot,
        /// Whether w lies column by column, which only a few rows are multiplied by as it is.
        turned: bool,
        x_zero: Parameter,
        w_zeros: Parameter,
        bias: Option<Parameter>,
        /// Rows, depth and columns of one product.
        size: [usize; 3],
        /// From one product's w to the next one's; 0 if all have the same.
        w_step: usize,
        kind: XKind,
    },
    /// Of images, one after the other.
    Convolution {
        x: Spot,
        x_zero: i32,
        filters: Box<PackedFilters>,
        bias: Option<Vec<i32>>,
        /// Elements of an image, and how many output channels it gives.
        image: usize,
        outs: usize,
        /// Multiply-accumulates of an element of the result.
        depth: usize,
    },
}

/// What of a value is joined with others.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) spot: Spot,
    /// Bytes of a block, and which of them.
    pub(super) block: usize,
    pub(super) range: Range<usize>,
}

/// Steps that walk their operands in another order than rows of a space.
#[derive(Debug)]
pub(super) enum Shift {
    Gather {
        data: Spot,
        index: Spot,
        axis: usize,
    },
    Transpose {
        x: Spot,
        perm: Vec<u8>,
    },
    /// Of so many blocks, one after the other, those of all parts.
    Join {
        parts: Vec<Part>,
        blocks: usize,
    },
    MaxPool {
        x: Spot,
        kernel: [u32; 2],
        window: Window,
    },
    ArgMax {
        x: Spot,
        axis: usize,
    },
    Sum {
        x: Spot,
        axis: usize,
    },
    Max {
        x: Spot,
        axis: usize,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product { product, chain } => write!(f, "{product} → {chain}"),
            Self::Chain(chain) => write!(f, "{chain}"),
            Self::Shift { shift, y } => {
                let name = match shift {
                    Shift::Gather { .. } => "Gather",
                    Shift::Transpose { .. } => "Transpose",
                    Shift::Join { parts, .. } if parts.len() == 1 => "Gather of neighbours",
                    Shift::Join { .. } => "Concat",
                    Shift::MaxPool { .. } => "MaxPool2d",
                    Shift::ArgMax { .. } => "ArgMax",
                    Shift::Sum { .. } => "ReduceSum",
                    Shift::Max { .. } => "ReduceMax",
                };
                write!(f, "{name} to {}", y.ty)
            }
            Self::Late { y, .. } => write!(f, "compiled with its parameters, to {}", y.ty),
            Self::Scalar { op, y, .. } => write!(f, "{} by the reference kernel, to {}", op.name(), y.ty),
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matrix { x, depth, .. } => write!(f, "MatMul of {}, depth {depth}", x.ty),
            Self::Computed { x, w, .. } => write!(f, "MatMul of {} and {}", x.ty, w.ty),
            Self::Convolution { x, depth, .. } => write!(f, "Conv2d of {}, depth {depth}", x.ty),
        }
    }
}
