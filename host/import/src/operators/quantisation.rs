//! QuantizeLinear and DequantizeLinear.

use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, Grids};
use crate::error::Problem;
use crate::grid::Grid;
use crate::typed::{Arg, Element, Operator};
use metisvm_model::DType;
use std::rc::Rc;

pub(super) fn quantize(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 3, "2 or 3")?;
    call.attributes.flag("saturate", true)?;
    let declared = match call.attributes.int("output_dtype", 0)? {
        0 => None,
        2 => Some(DType::U8),
        3 => Some(DType::I8),
        other => {
            return Err(wrong(
                "output_dtype",
                format!("{other} is neither UINT8 nor INT8"),
            ));
        }
    };
    let x = call.real(b, 0)?.clone();
    let dtype = match call.constant(2, "the zero point")? {
        Some(zero) => match *zero.data {
            Data::U8(_) => DType::U8,
            Data::I8(_) => DType::I8,
            _ => {
                return Err(Problem::ZeroPoint(format!(
                    "it is {}, not UINT8 or INT8",
                    zero.type_name()
                )));
            }
        },
        None => declared.unwrap_or(DType::U8),
    };
    if declared.is_some_and(|d| d != dtype) {
        return Err(wrong("output_dtype", "it contradicts the zero point"));
    }
    let grids = grids(call, b.dims(&x))?;
    match x {
        Arg::Constant(c) => {
            b.folds(c.len())?;
            let reals = c.finite()?;
            let inner: usize = c
                .dims
                .get(grids.axis + 1..)
                .unwrap_or_default()
                .iter()
                .map(|&d| d as usize)
                .product();
            let ints = reals.iter().enumerate().map(|(i, &v)| {
                let channel = i / inner.max(1) % grids.scales.len();
                Grid {
                    scale: grids.scales[channel],
                    zero_point: grids.zeros[channel],
                    dtype,
                }
                .quantise(v)
            });
            let data = match dtype {
                DType::U8 => Data::U8(ints.map(|v| v as u8).collect()),
                _ => Data::I8(ints.map(|v| v as i8).collect()),
            };
            Ok(Arg::Constant(Constant::new(&c.name, c.dims.clone(), data)?))
        }
        Arg::Value(_) => {
            let grid = single(&grids, dtype)?;
            let dims = b.dims(&x).to_vec();
            b.emit(
                &call.node,
                Operator::Quantise(grid),
                vec![x],
                &dims,
                Element::Quantised(dtype),
            )
        }
    }
}

pub(super) fn dequantize(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 3, "2 or 3")?;
    if call.attributes.int("output_dtype", 1)? > 1 {
        return Err(wrong("output_dtype", "only FLOAT is supported"));
    }
    let x = call.arg(0)?.clone();
    let actual = match &x {
        Arg::Constant(c) if c.is_float() => "FLOAT",
        Arg::Constant(c) => match *c.data {
            Data::I64(_) => "INT64",
            _ => "",
        },
        Arg::Value(id) => match b.typed_value(*id).element {
            Element::Real => "FLOAT",
            Element::Int => "INT64",
            Element::Quantised(_) => "",
        },
    };
    if !actual.is_empty() {
        return Err(Problem::UnsupportedType {
            actual: actual.to_string(),
            expected: "DequantizeLinear reads UINT8, INT8, or an INT32 constant",
        });
    }
    let grids = grids(call, b.dims(&x))?;
    let zero = call.constant(2, "the zero point")?;
    match x {
        Arg::Constant(mut c) => {
            if let Some(zero) = zero
                && std::mem::discriminant(&*zero.data) != std::mem::discriminant(&*c.data)
            {
                let why = format!("it is {}, the operand {}", zero.type_name(), c.type_name());
                return Err(Problem::ZeroPoint(why));
            }
            c.grids = Some(Rc::new(grids));
            Ok(Arg::Constant(c))
        }
        Arg::Value(id) => {
            let Element::Quantised(dtype) = b.typed_value(id).element else {
                return Err(Problem::NotConstant("the operand"));
            };
            let agrees = zero.is_none_or(|z| {
                matches!(
                    (&*z.data, dtype),
                    (Data::U8(_), DType::U8) | (Data::I8(_), DType::I8)
                )
            });
            if !agrees {
                return Err(Problem::ZeroPoint(format!(
                    "its type is not {dtype}, as the operand's is"
                )));
            }
            let grid = single(&grids, dtype)?;
            let dims = b.dims(&x).to_vec();
            b.emit(
                &call.node,
                Operator::Dequantise(grid),
                vec![x],
                &dims,
                Element::Real,
            )
        }
    }
}

/// Scales and zero points, operands 1 and 2, for an operand 0 of these extents.
fn grids(call: &Call<'_>, dims: &[u32]) -> Result<Grids, Problem> {
    if call.attributes.int("block_size", 0)? != 0 {
        return Err(wrong("block_size", "scales of blocks are not supported"));
    }
    let scale = call.needed(1, "the scale")?;
    let (Data::F32(scales), None) = (&*scale.data, &scale.grids) else {
        return Err(Problem::Scale(format!("it is {}, not FLOAT", scale.type_name())));
    };
    if scale.dims.len() > 1 || scales.is_empty() {
        return Err(Problem::Scale(format!(
            "its shape is {:?}; one number or a list is taken",
            scale.dims
        )));
    }
    // What is not normal cannot be divided by; a denormal scale is no more use than 0.
    if let Some((i, v)) = scales
        .iter()
        .enumerate()
        .find(|(_, v)| !v.is_normal() || **v < 0.0)
    {
        return Err(Problem::Scale(format!(
            "number {i} is {v}; it must be positive and finite"
        )));
    }
    let axis = call.attributes.int("axis", 1)?;
    let axis = if scales.len() == 1 {
        0
    } else {
        let rank = dims.len() as i64;
        let axis = if axis < 0 { axis.saturating_add(rank) } else { axis };
        match usize::try_from(axis).ok().and_then(|a| Some((a, *dims.get(a)?))) {
            Some((a, extent)) if extent as usize == scales.len() => a,
            Some((a, extent)) => {
                let count = scales.len();
                let why = format!("{count} of them for dimension {a} of extent {extent}");
                return Err(Problem::Scale(why));
            }
            None => {
                return Err(wrong(
                    "axis",
                    format!("the operand {dims:?} has no dimension {axis}"),
                ));
            }
        }
    };
    let zeros = match call.constant(2, "the zero point")? {
        None => vec![0; scales.len()],
        Some(zero) => {
            let count = zero.len();
            if count != scales.len() || zero.dims.len() > 1 {
                let why = format!("{count} for {} scales", scales.len());
                return Err(Problem::ZeroPoint(why));
            }
            if zero.is_float() || matches!(*zero.data, Data::I64(_)) {
                return Err(Problem::ZeroPoint(format!("it is {}", zero.type_name())));
            }
            (0..count).map(|i| zero.data.int(i) as i32).collect()
        }
    };
    Ok(Grids {
        scales: scales.clone(),
        zeros,
        axis,
    })
}

/// The one grid of a computed tensor.
fn single(grids: &Grids, dtype: DType) -> Result<Grid, Problem> {
    match (&grids.scales[..], &grids.zeros[..]) {
        (&[scale], &[zero_point]) => Ok(Grid {
            scale,
            zero_point,
            dtype,
        }),
        _ => Err(Problem::Scale(
            "a computed tensor must have one scale; only constants may have one a channel".to_string(),
        )),
    }
}
