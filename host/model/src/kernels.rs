//! The reference kernels: the definition of every operator. They are written to be read; whatever is
//! faster is checked against them.
//!
//! Types, shapes and ranges have been checked by [`crate::Parsed::check`]: plain arithmetic cannot
//! overflow here, and in builds with overflow checks a hole in the proof would be a panic.

pub mod add;
pub mod arg_max;
pub mod clamp;
pub mod conv2d;
pub mod mat_mul;
pub mod max_pool2d;
pub mod requantise;
pub mod table;

use crate::op::Op;
use crate::tensor::{Tensor, TensorType};

/// The result of one node, whose type is `ty`.
pub fn evaluate(op: &Op, operands: &[&Tensor], ty: &TensorType) -> Tensor {
    let data = match op {
        Op::MatMul => mat_mul::mat_mul(operands),
        Op::Conv2d { window, groups } => conv2d::conv2d(window, *groups as usize, operands, ty),
        Op::Add => add::add(operands[0], operands[1], ty),
        Op::Requantise { to, axis } => requantise::requantise_tensor(operands, *to, usize::from(*axis)),
        Op::Clamp => clamp::clamp(operands[0], operands[1], operands[2]),
        Op::Table => table::table(operands[0], operands[1]),
        Op::MaxPool2d { kernel, window } => max_pool2d::max_pool2d(*kernel, window, operands[0], ty),
        Op::Reshape { .. } => return operands[0].reshaped(ty.clone()),
        Op::ArgMax { axis } => arg_max::arg_max(operands[0], usize::from(*axis)),
    };
    Tensor::computed(ty.clone(), data)
}
