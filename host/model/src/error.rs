//! What can be wrong with a graph.

use crate::tensor::{DType, Shape, TensorType};
use alloc::string::String;
use core::fmt;

/// A graph was refused: where, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct GraphError {
    /// The index of the node and the name of its operator, if the problem lies in one.
    pub node: Option<(usize, &'static str)>,
    /// What is wrong.
    pub problem: Problem,
}

impl GraphError {
    pub(crate) const fn graph(problem: Problem) -> Self {
        Self { node: None, problem }
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node {
            Some((index, op)) => write!(f, "node {index} ({op}): {}", self.problem),
            None => write!(f, "graph: {}", self.problem),
        }
    }
}

/// A reason to refuse a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// More of something than [`crate::limits`] allows.
    #[error("{what}: {count} is over the limit of {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: u64,
        /// The bound.
        limit: u64,
    },
    /// A graph computes something or is not one.
    #[error("there is no output")]
    NoOutput,
    /// A name stands for two inputs, or two outputs, or is too long or empty.
    #[error("name {0:?} is used twice, empty or too long")]
    BadName(String),
    /// A metadata key or value is too long, or the key is empty.
    #[error("metadata {0:?} is empty or too long")]
    BadMetadata(String),
    /// A reference to a value that does not exist.
    #[error("operand {operand} does not exist")]
    NoSuchValue {
        /// Its position.
        operand: usize,
    },
    /// The nodes depend on each other in a circle.
    #[error("it depends on its own result")]
    Cycle,
    /// A constant's bytes do not fill its type.
    #[error("constant {index} of type {ty} has {actual} bytes, not {expected}")]
    ConstantLength {
        /// Which constant.
        index: usize,
        /// Its declared type.
        ty: TensorType,
        /// Bytes of that type.
        expected: usize,
        /// Bytes there are.
        actual: usize,
    },
    /// Too few or too many operands.
    #[error("{actual} operands, not {least} to {most}")]
    Arity {
        /// Given.
        actual: usize,
        /// The least.
        least: usize,
        /// The most.
        most: usize,
    },
    /// An operand's element type is not one the operator takes.
    #[error("operand {operand} has type {actual}, not {expected}")]
    OperandType {
        /// Its position.
        operand: usize,
        /// Its type.
        actual: DType,
        /// What is allowed there.
        expected: &'static str,
    },
    /// An operand's shape does not fit.
    #[error("operand {operand} has shape {actual}; expected {expected}")]
    OperandShape {
        /// Its position.
        operand: usize,
        /// Its shape.
        actual: Shape,
        /// What is allowed there.
        expected: String,
    },
    /// An attribute is out of bounds.
    #[error("attribute {name} is out of bounds: {why}")]
    Attribute {
        /// Which.
        name: &'static str,
        /// In what way.
        why: &'static str,
    },
    /// The result would be larger than [`crate::limits::MAX_ELEMENTS`].
    #[error("its result has more than {limit} elements")]
    ResultTooLarge {
        /// The bound.
        limit: u64,
    },
    /// An accumulator may overflow: the proof of `docs/inference.md` fails.
    #[error("a 32-bit accumulator may overflow: its magnitude is only known to be at most {bound}")]
    Overflow {
        /// The worst case, saturated.
        bound: i64,
    },
    /// A product, or a sum of squares, may be 2^62 or more.
    #[error("a number of 62 bits may overflow: its magnitude is only known to be at most {bound}")]
    WideOverflow {
        /// The worst case, saturated.
        bound: i64,
    },
    /// A value that must lie in a range is not known to.
    #[error("operand {operand} ({what}) may be {low}..={high}; it must lie in {least}..={most}")]
    OutOfRange {
        /// Its position.
        operand: usize,
        /// Its role.
        what: &'static str,
        /// The least it may be.
        low: i64,
        /// The most it may be.
        high: i64,
        /// The least allowed.
        least: i64,
        /// The most allowed.
        most: i64,
    },
    /// A clamp whose lower bound may exceed the upper.
    #[error("the lower bound may be greater than the upper")]
    EmptyClamp,
}
