//! Conv2d: a convolution of 8-bit images into 32-bit accumulators.

use super::{Operator, OperatorId, product};
use crate::bundle::{BundleError, Reader, put_window, put_words};
use crate::error::Problem;
use crate::intervals::{ChannelIntervals, NodeIntervals};
use crate::kernels;
use crate::op::{Op, Window};
use crate::range::Operand;
use crate::tensor::{DType, Tensor, TensorType};
use crate::types::{byte, image, outputs, result, wrong_shape};
use crate::work::{VECTOR, Work};
use alloc::format;
use alloc::vec::Vec;

pub(super) const OPERATOR: Operator = Operator {
    id: OperatorId(2),
    name: "Conv2d",
    arity: (4, 5),
    since: 1,
    read: |from: &mut Reader<'_>| -> Result<Op, BundleError> {
        Ok(Op::Conv2d {
            window: from.window()?,
            groups: from.u32("a node")?,
        })
    },
};

pub(super) fn infer(window: &Window, groups: &u32, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let groups = *groups;
    byte(operands, 0)?;
    byte(operands, 1)?;
    let [batch, channels, height, width] = image(operands, 0)?;
    let [out, per_group, kh, kw] = image(operands, 1)?;
    if groups == 0 || channels % groups != 0 || out % groups != 0 {
        let why = "input and output channels must be multiples of it";
        return Err(Problem::Attribute { name: "groups", why });
    }
    if per_group != channels / groups {
        let expected = format!("[O,{},KH,KW]", channels / groups);
        return Err(wrong_shape(operands, 1, expected));
    }
    product::zero_points_and_bias(operands, out)?;
    let [oh, ow] = outputs(window, [height, width], [kh, kw])?;
    result(DType::I32, &[batch, out, oh, ow])
}

/// The bound of every output channel.
fn bounds(operands: &[Operand]) -> Vec<i64> {
    let columns = operands[1].ty.shape.dim(0);
    let depth = operands[1].ty.elements() / columns;
    product::bounds(operands, depth, columns, |w, zeros| {
        let kernels = w.data().chunks_exact(depth).zip(zeros);
        kernels
            .map(|(kernel, zero)| kernel.iter().map(|&w| zero.farthest(w)).sum())
            .collect()
    })
}

pub(super) fn prove(
    _: &Window,
    _: &u32,
    operands: &[Operand],
    _: &TensorType,
) -> Result<NodeIntervals, Problem> {
    product::prove(bounds(operands))
}

pub(super) fn channels(operands: &[Operand]) -> Option<ChannelIntervals> {
    product::channels(bounds(operands), operands[1].ty.shape.dim(0), 1)
}

pub(super) fn count(window: &Window, groups: &u32, operands: &[&TensorType], ty: &TensorType) -> Work {
    let w = operands[1];
    let depth = (w.elements() / w.shape.dim(0)) as u64;
    let elements = ty.elements() as u64;
    // Of a kernel of several columns a row of vectors begins with windows that reach into the next row.
    let more = [0, 1].map(|d| {
        let reach = (w.shape.dim(d + 2) as u64 - 1).saturating_mul(u64::from(window.dilation[d]));
        reach / u64::from(window.stride[d])
    });
    let [rows, cols] = [2, 3].map(|d| ty.shape.dim(d) as u64);
    let width = cols.saturating_add(more[1]);
    let phases = [0, 1].map(|d| (w.shape.dim(d + 2) as u64).min(u64::from(window.stride[d])));
    let x = &operands[0].shape;
    Work {
        macs: elements.saturating_mul(depth),
        lines: (elements / cols.max(1)).saturating_mul(depth),
        vector_macs: (elements / rows.saturating_mul(cols).max(1))
            .saturating_mul(depth)
            .saturating_mul(rows.saturating_mul(width).next_multiple_of(VECTOR)),
        products: (ty.shape.dim(0) as u64).saturating_mul(u64::from(*groups)),
        laid_out: [
            x.dim(0) as u64,
            x.dim(1) as u64,
            phases[0],
            phases[1],
            rows.saturating_add(more[0]),
        ]
        .into_iter()
        .fold(width, u64::saturating_mul),
        filters: w.elements() as u64,
        ..Work::NONE
    }
}

pub(super) fn evaluate(window: &Window, groups: &u32, operands: &[&Tensor], ty: &TensorType) -> Vec<i32> {
    kernels::conv2d::conv2d(window, *groups as usize, operands, ty)
}

pub(super) fn write(window: &Window, groups: &u32, out: &mut Vec<u8>) {
    put_window(out, window);
    put_words(out, &[*groups]);
}
