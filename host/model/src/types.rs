//! The type of every result, from the types of the operands; and what the operators' rules of types have in
//! common.

use crate::error::Problem;
use crate::limits::{MAX_ELEMENTS, MAX_WIDE_SHIFT, MAX_WINDOW};
use crate::op::{Op, Window};
use crate::operators;
use crate::tensor::{DType, Shape, TensorType};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The type that `op` gives for operands of these types.
pub(crate) fn infer(op: &Op, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let (least, most) = op.arity();
    if !(least..=most).contains(&operands.len()) {
        return Err(Problem::Arity {
            actual: operands.len(),
            least,
            most,
        });
    }
    operators::infer(op, operands)
}

pub(crate) fn result(dtype: DType, dims: &[u32]) -> Result<TensorType, Problem> {
    TensorType::new(dtype, dims).ok_or(Problem::ResultTooLarge { limit: MAX_ELEMENTS })
}

/// Checks that the first operand has a dimension.
pub(crate) fn dimension(operands: &[&TensorType], axis: usize) -> Result<(), Problem> {
    if axis < operands[0].shape.rank() {
        return Ok(());
    }
    Err(Problem::Attribute {
        name: "axis",
        why: "the operand has no such dimension",
    })
}

/// The type of the first operand, with another element type, and one element along a dimension.
pub(crate) fn reduced(operands: &[&TensorType], axis: usize, dtype: DType) -> Result<TensorType, Problem> {
    dimension(operands, axis)?;
    let mut dims = operands[0].shape.dims().to_vec();
    dims[axis] = 1;
    result(dtype, &dims)
}

/// Checks the shift of a 64-bit number.
pub(crate) fn wide_shift(shift: u8) -> Result<(), Problem> {
    if shift <= MAX_WIDE_SHIFT {
        return Ok(());
    }
    Err(Problem::Attribute {
        name: "shift",
        why: "it must be at most 62",
    })
}

pub(crate) fn outputs(window: &Window, extents: [u32; 2], kernel: [u32; 2]) -> Result<[u32; 2], Problem> {
    let bounded = |name, values: [u32; 2], least: u32| {
        let why = "each must be at least 1 (padding: 0) and at most 1024";
        let fits = values.iter().all(|v| (least..=MAX_WINDOW).contains(v));
        if fits {
            Ok(())
        } else {
            Err(Problem::Attribute { name, why })
        }
    };
    bounded("kernel", kernel, 1)?;
    bounded("stride", window.stride, 1)?;
    bounded("dilation", window.dilation, 1)?;
    bounded("padding", [window.padding.top, window.padding.left], 0)?;
    bounded("padding", [window.padding.bottom, window.padding.right], 0)?;
    let too_long = Problem::Attribute {
        name: "kernel",
        why: "it is longer than the padded image",
    };
    let size = |d: usize| window.outputs(d, extents[d], kernel[d]).ok_or(too_long.clone());
    Ok([size(0)?, size(1)?])
}

/// NumPy's rule: dimensions align at the end, and one of extent 1 stretches.
pub(crate) fn broadcast(a: &Shape, b: &Shape) -> Result<Shape, Problem> {
    let rank = a.rank().max(b.rank());
    let dim = |s: &Shape, i: usize| (i + s.rank()).checked_sub(rank).map_or(1, |i| s.dims()[i]);
    let mut dims = Vec::with_capacity(rank);
    for i in 0..rank {
        dims.push(match (dim(a, i), dim(b, i)) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => {
                let expected = format!("one that broadcasts with {a}");
                return Err(Problem::OperandShape {
                    operand: 1,
                    actual: b.clone(),
                    expected,
                });
            }
        });
    }
    Shape::new(&dims).ok_or(Problem::ResultTooLarge { limit: MAX_ELEMENTS })
}

pub(crate) fn image(operands: &[&TensorType], operand: usize) -> Result<[u32; 4], Problem> {
    let dims = operands[operand].shape.dims();
    dims.try_into()
        .map_err(|_| wrong_shape(operands, operand, "four dimensions".to_string()))
}

pub(crate) fn byte(operands: &[&TensorType], operand: usize) -> Result<(), Problem> {
    let actual = operands[operand].dtype;
    if actual.is_byte() {
        Ok(())
    } else {
        Err(Problem::OperandType {
            operand,
            actual,
            expected: "u8 or i8",
        })
    }
}

pub(crate) fn dtype_is(operands: &[&TensorType], operand: usize, expected: DType) -> Result<(), Problem> {
    let actual = operands[operand].dtype;
    if actual == expected {
        return Ok(());
    }
    let expected = match expected {
        DType::U8 => "u8",
        DType::I8 => "i8",
        DType::I16 => "i16",
        DType::I32 => "i32",
    };
    Err(Problem::OperandType {
        operand,
        actual,
        expected,
    })
}

pub(crate) fn scalar_of(operands: &[&TensorType], operand: usize, dtype: DType) -> Result<(), Problem> {
    dtype_is(operands, operand, dtype)?;
    shape_is(operands, operand, &[])
}

pub(crate) fn shape_is(operands: &[&TensorType], operand: usize, dims: &[u32]) -> Result<(), Problem> {
    if operands[operand].shape.dims() == dims {
        return Ok(());
    }
    let expected = Shape::new(dims).map_or_else(String::new, |s| s.to_string());
    Err(wrong_shape(operands, operand, expected))
}

pub(crate) fn wrong_shape(operands: &[&TensorType], operand: usize, expected: String) -> Problem {
    Problem::OperandShape {
        operand,
        actual: operands[operand].shape.clone(),
        expected,
    }
}
