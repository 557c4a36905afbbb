//! The type of every result, from the types of the operands; and all that can be wrong with shapes and
//! attributes.

use crate::error::Problem;
use crate::limits::{MAX_ELEMENTS, MAX_WINDOW, TABLE_ENTRIES};
use crate::op::{Op, Window};
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
    match op {
        Op::MatMul => mat_mul(operands),
        Op::Conv2d { window, groups } => conv2d(window, *groups, operands),
        Op::Add => {
            let shape = broadcast(&operands[0].shape, &operands[1].shape)?;
            Ok(TensorType {
                dtype: DType::I32,
                shape,
            })
        }
        Op::Requantise { to, axis } => requantise(*to, *axis, operands),
        Op::Clamp => {
            scalar_of(operands, 1, operands[0].dtype)?;
            scalar_of(operands, 2, operands[0].dtype)?;
            Ok(operands[0].clone())
        }
        Op::Table => {
            byte(operands, 0)?;
            shape_is(operands, 1, &[TABLE_ENTRIES as u32])?;
            Ok(TensorType {
                dtype: operands[1].dtype,
                shape: operands[0].shape.clone(),
            })
        }
        Op::MaxPool2d { kernel, window } => max_pool(*kernel, window, operands),
        Op::Reshape { shape } => {
            if shape.elements() != operands[0].elements() {
                return Err(wrong_shape(operands, 0, format!("{} elements", shape.elements())));
            }
            Ok(TensorType {
                dtype: operands[0].dtype,
                shape: shape.clone(),
            })
        }
        Op::ArgMax { axis } => {
            let axis = usize::from(*axis);
            let mut dims = operands[0].shape.dims().to_vec();
            if axis >= dims.len() {
                return Err(Problem::Attribute {
                    name: "axis",
                    why: "the operand has no such dimension",
                });
            }
            dims.remove(axis);
            result(DType::I32, &dims)
        }
    }
}

fn result(dtype: DType, dims: &[u32]) -> Result<TensorType, Problem> {
    TensorType::new(dtype, dims).ok_or(Problem::ResultTooLarge { limit: MAX_ELEMENTS })
}

fn mat_mul(operands: &[&TensorType]) -> Result<TensorType, Problem> {
    byte(operands, 0)?;
    byte(operands, 1)?;
    let (x, w) = (operands[0].shape.dims(), operands[1].shape.dims());
    let [batch @ .., m, k] = x else {
        return Err(wrong_shape(operands, 0, "at least two dimensions".to_string()));
    };
    let n = match w {
        [wk, n] if wk == k => *n,
        [wb @ .., wk, n] if wk == k && wb == batch => *n,
        _ => {
            return Err(wrong_shape(
                operands,
                1,
                format!("[{k},N] after no or the same batch dimensions"),
            ));
        }
    };
    zero_points_and_bias(operands, n)?;
    let mut dims = batch.to_vec();
    dims.extend([*m, n]);
    result(DType::I32, &dims)
}

fn conv2d(window: &Window, groups: u32, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    byte(operands, 0)?;
    byte(operands, 1)?;
    let [batch, channels, height, width] = image(operands, 0)?;
    let [out, per_group, kh, kw] = image(operands, 1)?;
    if groups == 0 || channels % groups != 0 || out % groups != 0 {
        let why = "input and output channels must be multiples of it";
        return Err(Problem::Attribute { name: "groups", why });
    }
    if per_group != channels / groups {
        return Err(wrong_shape(
            operands,
            1,
            format!("[O,{},KH,KW]", channels / groups),
        ));
    }
    zero_points_and_bias(operands, out)?;
    let [oh, ow] = outputs(window, [height, width], [kh, kw])?;
    result(DType::I32, &[batch, out, oh, ow])
}

fn max_pool(kernel: [u32; 2], window: &Window, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let [batch, channels, height, width] = image(operands, 0)?;
    let extents = [height, width];
    let sizes = outputs(window, extents, kernel)?;
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

fn outputs(window: &Window, extents: [u32; 2], kernel: [u32; 2]) -> Result<[u32; 2], Problem> {
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

fn zero_points_and_bias(operands: &[&TensorType], columns: u32) -> Result<(), Problem> {
    scalar_of(operands, 2, operands[0].dtype)?;
    dtype_is(operands, 3, operands[1].dtype)?;
    if operands[3].shape.rank() > 0 {
        shape_is(operands, 3, &[columns])?;
    }
    if operands.len() > 4 {
        dtype_is(operands, 4, DType::I32)?;
        shape_is(operands, 4, &[columns])?;
    }
    Ok(())
}

fn requantise(to: DType, axis: u8, operands: &[&TensorType]) -> Result<TensorType, Problem> {
    let axis = usize::from(axis);
    let x = &operands[0].shape;
    let mut per_channel = false;
    for (operand, dtype) in [(1, DType::I16), (2, DType::U8), (3, to)] {
        dtype_is(operands, operand, dtype)?;
        if operands[operand].shape.rank() > 0 {
            per_channel = true;
            let Some(&extent) = x.dims().get(axis) else {
                return Err(Problem::Attribute {
                    name: "axis",
                    why: "the operand has no such dimension",
                });
            };
            shape_is(operands, operand, &[extent])?;
        }
    }
    if !per_channel && axis != 0 {
        let why = "it must be 0 where every parameter is a scalar";
        return Err(Problem::Attribute { name: "axis", why });
    }
    Ok(TensorType {
        dtype: to,
        shape: x.clone(),
    })
}

/// NumPy's rule: dimensions align at the end, and one of extent 1 stretches.
fn broadcast(a: &Shape, b: &Shape) -> Result<Shape, Problem> {
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

fn image(operands: &[&TensorType], operand: usize) -> Result<[u32; 4], Problem> {
    let dims = operands[operand].shape.dims();
    dims.try_into()
        .map_err(|_| wrong_shape(operands, operand, "four dimensions".to_string()))
}

fn byte(operands: &[&TensorType], operand: usize) -> Result<(), Problem> {
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

fn dtype_is(operands: &[&TensorType], operand: usize, expected: DType) -> Result<(), Problem> {
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

fn scalar_of(operands: &[&TensorType], operand: usize, dtype: DType) -> Result<(), Problem> {
    dtype_is(operands, operand, dtype)?;
    shape_is(operands, operand, &[])
}

fn shape_is(operands: &[&TensorType], operand: usize, dims: &[u32]) -> Result<(), Problem> {
    if operands[operand].shape.dims() == dims {
        return Ok(());
    }
    let expected = Shape::new(dims).map_or_else(String::new, |s| s.to_string());
    Err(wrong_shape(operands, operand, expected))
}

fn wrong_shape(operands: &[&TensorType], operand: usize, expected: String) -> Problem {
    Problem::OperandShape {
        operand,
        actual: operands[operand].shape.clone(),
        expected,
    }
}
