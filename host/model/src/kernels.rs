//! The reference kernels: the definition of every operator. They are written to be read; whatever is
//! faster is checked against them.
//!
//! Types, shapes and ranges have been checked by [`crate::Parsed::check`]: plain arithmetic cannot
//! overflow here, and in builds with overflow checks a hole in the proof would be a panic.

pub mod add;
pub mod arg_max;
pub mod broadcast;
pub mod clamp;
pub mod concat;
pub mod conv2d;
pub mod gather;
pub mod interpolate;
pub mod inv_norm;
pub mod mat_mul;
pub mod max_pool2d;
pub mod mul;
pub mod reciprocal;
pub mod reduce;
pub mod requantise;
pub mod sub;
pub mod table;
pub mod transpose;

use crate::op::Op;
use crate::operators;
use crate::tensor::{Tensor, TensorType};

/// The result of one node, whose type is `ty`.
pub fn evaluate(op: &Op, operands: &[&Tensor], ty: &TensorType) -> Tensor {
    Tensor::computed(ty.clone(), operators::evaluate(op, operands, ty))
}

#[cfg(test)]
mod tests;
