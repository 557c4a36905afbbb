//! Cast and CastLike: from one element type to another.
//!
//! Whole numbers and truth values are exact; real numbers of 16 and 64 bits are taken as f32.

use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator};

/// Element types by their number in ONNX's `TensorProto.DataType`.
mod number {
    pub(super) const FLOAT: i64 = 1;
    pub(super) const UINT8: i64 = 2;
    pub(super) const INT8: i64 = 3;
    pub(super) const UINT16: i64 = 4;
    pub(super) const INT16: i64 = 5;
    pub(super) const INT32: i64 = 6;
    pub(super) const INT64: i64 = 7;
    pub(super) const BOOL: i64 = 9;
    pub(super) const FLOAT16: i64 = 10;
    pub(super) const DOUBLE: i64 = 11;
    pub(super) const UINT32: i64 = 12;
    pub(super) const UINT64: i64 = 13;
    pub(super) const BFLOAT16: i64 = 16;
}

fn is_real(to: i64) -> bool {
    matches!(
        to,
        number::FLOAT | number::FLOAT16 | number::DOUBLE | number::BFLOAT16
    )
}

fn is_whole(to: i64) -> bool {
    use number::{INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64};
    matches!(
        to,
        INT8 | INT16 | INT32 | INT64 | UINT8 | UINT16 | UINT32 | UINT64
    )
}

/// Whole numbers as constants of a type; beyond its range they wrap, as a conversion in C does.
pub(crate) fn element_data(to: i64, ints: &[i64]) -> Result<Data, Problem> {
    Ok(match to {
        number::UINT8 => Data::U8(ints.iter().map(|&v| v as u8).collect()),
        number::INT8 => Data::I8(ints.iter().map(|&v| v as i8).collect()),
        number::UINT16 => Data::U16(ints.iter().map(|&v| v as u16).collect()),
        number::INT16 => Data::I16(ints.iter().map(|&v| v as i16).collect()),
        number::INT32 => Data::I32(ints.iter().map(|&v| v as i32).collect()),
        number::INT64 | number::UINT32 | number::UINT64 => Data::I64(ints.to_vec()),
        number::BOOL => Data::Bool(ints.iter().map(|&v| v != 0).collect()),
        to if is_real(to) => Data::F32(ints.iter().map(|&v| v as f32).collect()),
        _ => return Err(wrong("to", format!("a conversion to type {to} is not supported"))),
    })
}

fn constant_cast(b: &mut Builder, c: &Constant, to: i64) -> Result<Constant, Problem> {
    b.folds(c.len())?;
    if c.is_float() && is_real(to) {
        return Ok(c.clone());
    }
    let data = if c.is_float() {
        let reals = c.reals();
        if to == number::BOOL {
            Data::Bool(reals.iter().map(|&v| v != 0.0).collect())
        } else {
            // Towards zero, as a conversion in C does.
            element_data(to, &reals.iter().map(|&v| v as i64).collect::<Vec<_>>())?
        }
    } else {
        element_data(to, &c.whole("a conversion")?)?
    };
    Constant::new(&c.name, c.dims.clone(), data)
}

/// x in another type: 0 and 1 for a truth value, towards zero for whole numbers of real ones.
fn converted(b: &mut Builder, call: &Call<'_>, to: i64) -> Result<Arg, Problem> {
    let x = call.arg(0)?.clone();
    let id = match &x {
        Arg::Constant(c) => return constant_cast(b, c, to).map(Arg::Constant),
        Arg::Value(id) => *id,
    };
    let wanted = if is_real(to) { Element::Real } else { Element::Int };
    let dims = b.dims(&x).to_vec();
    match b.typed_value(id).element {
        Element::Quantised(dtype) => Err(Problem::UnsupportedType {
            actual: format!("{dtype} of a grid"),
            expected: "it must be FLOAT or whole numbers that are on no grid",
        }),
        _ if !is_real(to) && !is_whole(to) && to != number::BOOL => {
            Err(wrong("to", format!("a conversion to type {to} is not supported")))
        }
        Element::Int if to == number::BOOL => {
            let op = Operator::Pointwise(Function::Equal { to: 0.0 });
            let zero = b.emit(&call.node, op, vec![x], &dims, Element::Int)?;
            let op = Operator::Pointwise(Function::Equal { to: 0.0 });
            b.emit(&call.node, op, vec![zero], &dims, Element::Int)
        }
        element if element == wanted => Ok(x),
        _ => b.emit(&call.node, Operator::Cast, vec![x], &dims, wanted),
    }
}

pub(super) fn cast(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    call.attributes.flag("saturate", true)?;
    let to = call.attributes.int("to", 0)?;
    converted(b, call, to)
}

pub(super) fn cast_like(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    call.attributes.flag("saturate", true)?;
    let to = match call.arg(1)? {
        Arg::Constant(c) if c.is_float() => number::FLOAT,
        Arg::Constant(c) => match *c.data {
            Data::F32(_) => number::FLOAT,
            Data::I64(_) => number::INT64,
            Data::I32(_) => number::INT32,
            Data::I16(_) => number::INT16,
            Data::U16(_) => number::UINT16,
            Data::I8(_) => number::INT8,
            Data::U8(_) => number::UINT8,
            Data::Bool(_) => number::BOOL,
        },
        Arg::Value(id) => match b.typed_value(*id).element {
            Element::Real => number::FLOAT,
            _ => number::INT64,
        },
    };
    converted(b, call, to)
}
