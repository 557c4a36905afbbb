//! MaxPool2d: the greatest element of each window.

use super::{Operator, OperatorId};
use crate::bundle::{BundleError, Reader, put_window, put_words};
use crate::error::Problem;
use crate::intervals::NodeIntervals;
use crate::kernels;
use crate::op::{Op, Window};
use crate::range::Operand;
use crate::tensor::{Tensor, TensorType};
use crate::types::{image, outputs, result};
use crate::work::Work;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(7),
    name: "MaxPool2d",
    arity: (1, 1),
    since: 1,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::MaxPool2d {
            kernel: [from.u32("a node")?, from.u32("a node")?],
            window: from.window()?,
        })
    },
};

pub(super) fn infer(
    kernel: &[u32; 2],
    window: &Window,
    operands: &[&TensorType],
) -> Result<TensorType, Problem> {
    let [batch, channels, height, width] = image(operands, 0)?;
    let extents = [height, width];
    let sizes = outputs(window, extents, *kernel)?;
    for d in 0..2 {
        for index in 0..sizes[d] {
            // The first tap at or after coordinate 0 must lie in the image, or the window has none.
            let start = window.coordinate(d, index as usize, 0);
            let dilation = i64::from(window.dilation[d]);
            let tap = if start < 0 {
                (-start + dilation - 1) / dilation
            } else {
                0
            };
            if tap >= i64::from(kernel[d]) || start + tap * dilation >= i64::from(extents[d]) {
                let why = "some window would lie in the padding alone";
                return Err(Problem::Attribute { name: "padding", why });
            }
        }
    }
    result(operands[0].dtype, &[batch, channels, sizes[0], sizes[1]])
}

pub(super) fn prove(
    _: &[u32; 2],
    _: &Window,
    operands: &[Operand],
    _: &TensorType,
) -> Result<NodeIntervals, Problem> {
    Ok(NodeIntervals::selected(operands[0].range))
}

pub(super) fn count(kernel: &[u32; 2], _: &Window, _: &[&TensorType], ty: &TensorType) -> Work {
    let taps = u64::from(kernel[0]) * u64::from(kernel[1]);
    Work {
        compares: (ty.elements() as u64).saturating_mul(taps),
        products: (ty.shape.dim(0) as u64).saturating_mul(ty.shape.dim(1) as u64),
        runs: ty.elements() as u64 / ty.shape.dim(3).max(1) as u64,
        ..Work::NONE
    }
}

pub(super) fn evaluate(
    kernel: &[u32; 2],
    window: &Window,
    operands: &[&Tensor],
    ty: &TensorType,
) -> Vec<i32> {
    kernels::max_pool2d::max_pool2d(*kernel, window, operands[0], ty)
}

pub(super) fn write(kernel: &[u32; 2], window: &Window, out: &mut Vec<u8>) {
    put_words(out, kernel);
    put_window(out, window);
}
