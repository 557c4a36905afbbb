//! The table of operators: what the graph, the proof, the bundle and gas ask of each one.
//!
//! Each operator is one file below, which holds its [`Operator`] and the rules that the table calls, and one
//! line in [`operators!`]. Its kernel, which defines its bits, is in [`crate::kernels`]. The compiler names
//! every rule that a new line lacks; docs/inference.md, "Adding an operator", has the steps.

mod add;
mod arg_max;
mod clamp;
mod concat;
mod conv2d;
mod gather;
mod interpolate;
mod inv_norm;
mod mat_mul;
mod max_pool2d;
mod mul;
#[cfg(test)]
pub(crate) mod probe;
mod product;
mod reciprocal;
mod reduce_max;
mod reduce_sum;
mod requantise;
mod reshape;
mod set;
mod sub;
mod table;
mod transpose;
mod wide_mat_mul;

pub use set::{OperatorId, OperatorSet};

use crate::bundle::{BundleError, Reader};
use crate::error::Problem;
use crate::intervals::{ChannelIntervals, NodeIntervals};
use crate::op::Op;
use crate::range::Operand;
use crate::tensor::{Tensor, TensorType};
use crate::work::Work;
use alloc::vec::Vec;

/// What holds of an operator whatever its attributes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Operator {
    /// What bundles and gas schedules call it. It never changes, and no other operator gets it.
    pub id: OperatorId,
    /// The name that errors, reports and docs/inference.md use.
    pub name: &'static str,
    /// How many operands it takes, least and most.
    pub arity: (usize, usize),
    /// The first version of the bundle that has it.
    pub since: u32,
    /// Reads its attributes, as its `write` rule wrote them.
    pub(crate) read: fn(&mut Reader<'_>) -> Result<Op, BundleError>,
}

/// One line for each operator: its variant with its attributes, and its file.
macro_rules! operators {
    ($($(#[$meta:meta])* $variant:ident $({ $($attribute:ident),* })? => $file:ident;)*) => {
        /// All operators, by their ids.
        pub const OPERATORS: &[&Operator] = &[$($(#[$meta])* &$file::OPERATOR),*];

        impl Op {
            /// What holds of this operator whatever its attributes.
            pub const fn operator(&self) -> &'static Operator {
                match self { $($(#[$meta])* Self::$variant { .. } => &$file::OPERATOR,)* }
            }
        }

        /// The type of the result for operands of these types; their number is right.
        pub(crate) fn infer(op: &Op, operands: &[&TensorType]) -> Result<TensorType, Problem> {
            match op { $($(#[$meta])* Op::$variant $({ $($attribute),* })? => {
                $file::infer($($($attribute,)*)? operands)
            })* }
        }

        /// What the elements of the result, and of what is computed on the way, lie in; or why an engine
        /// cannot be trusted with the node. Types are already inferred.
        pub(crate) fn prove(
            op: &Op, operands: &[Operand], ty: &TensorType,
        ) -> Result<NodeIntervals, Problem> {
            match op { $($(#[$meta])* Op::$variant $({ $($attribute),* })? => {
                $file::prove($($($attribute,)*)? operands, ty)
            })* }
        }

        /// The work of the operator itself, without what every node costs.
        pub(crate) fn count(op: &Op, operands: &[&TensorType], ty: &TensorType) -> Work {
            match op { $($(#[$meta])* Op::$variant $({ $($attribute),* })? => {
                $file::count($($($attribute,)*)? operands, ty)
            })* }
        }

        /// The elements of the result, by the kernel.
        pub(crate) fn evaluate(op: &Op, operands: &[&Tensor], ty: &TensorType) -> Vec<i32> {
            match op { $($(#[$meta])* Op::$variant $({ $($attribute),* })? => {
                $file::evaluate($($($attribute,)*)? operands, ty)
            })* }
        }

        /// Appends the attributes as bundles hold them.
        pub(crate) fn write_attributes(op: &Op, out: &mut Vec<u8>) {
            match op { $($(#[$meta])* Op::$variant $({ $($attribute),* })? => {
                $file::write($($($attribute,)*)? out)
            })* }
        }
    };
}

operators! {
    MatMul => mat_mul;
    Conv2d { window, groups } => conv2d;
    Add => add;
    Requantise { to, axis } => requantise;
    Clamp => clamp;
    Table => table;
    MaxPool2d { kernel, window } => max_pool2d;
    Reshape { shape } => reshape;
    ArgMax { axis } => arg_max;
    Sub => sub;
    Mul { shift, to } => mul;
    Interpolate => interpolate;
    ReduceSum { axis } => reduce_sum;
    ReduceMax { axis } => reduce_max;
    Reciprocal { numerator } => reciprocal;
    InvNorm { shift, epsilon } => inv_norm;
    Gather { axis } => gather;
    Transpose { perm } => transpose;
    Concat { axis } => concat;
    WideMatMul => wide_mat_mul;
    #[cfg(test)]
    Probe { tag } => probe;
}

impl Operator {
    /// The operator of an id.
    pub fn by_id(id: OperatorId) -> Option<&'static Self> {
        OPERATORS.iter().copied().find(|operator| operator.id == id)
    }
}

/// Intervals of the result channel by channel, of the operators whose proof has them.
pub(crate) fn channels(op: &Op, operands: &[Operand]) -> Option<ChannelIntervals> {
    match op {
        Op::MatMul => mat_mul::channels(operands),
        Op::WideMatMul => wide_mat_mul::channels(operands),
        Op::Conv2d { .. } => conv2d::channels(operands),
        Op::Requantise { to, axis } => requantise::channels(*to, *axis, operands),
        // What is known of these is one interval for the whole result.
        _ => None,
    }
}

#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
