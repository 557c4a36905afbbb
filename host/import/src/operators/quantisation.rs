//! QuantizeLinear and DequantizeLinear, and what they share with every operator that has scales of its own.

use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, Grids};
use crate::error::Problem;
use crate::grid::Grid;
use crate::typed::{Arg, Element, Operator};
use metisvm_model::DType;
use std::rc::Rc;

/// UINT16 is held as i16: every number, zero points too, less this.
const UNSIGNED_SHIFT: i32 = 1 << 15;

/// Which operands of a node are the scale and the zero point of another.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub(super) scale: usize,
    pub(super) zero: usize,
}

/// Those of the two operators themselves, and of QLinear operators for their first operand.
pub(super) const FIRST: Places = Places { scale: 1, zero: 2 };

pub(super) fn quantize(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 3, "2 or 3")?;
    call.attributes.flag("saturate", true)?;
    if !matches!(call.attributes.int("precision", 0)?, 0 | 1) {
        return Err(wrong("precision", "only FLOAT is supported"));
    }
    if call.attributes.int("block_size", 0)? != 0 {
        let why = "scales of blocks are supported where constants are dequantised";
        return Err(wrong("block_size", why));
    }
    let declared = match call.attributes.int("output_dtype", 0)? {
        0 => None,
        2 => Some(Kind::U8),
        3 => Some(Kind::I8),
        4 => Some(Kind::U16),
        5 => Some(Kind::I16),
        other => {
            let why = format!("{other} is none of UINT8, INT8, UINT16 and INT16");
            return Err(wrong("output_dtype", why));
        }
    };
    let given = kind_of_zero(call, FIRST)?;
    if declared.is_some() && given.is_some() && declared != given {
        return Err(wrong("output_dtype", "it contradicts the zero point"));
    }
    let x = call.real(b, 0)?.clone();
    let kind = given.or(declared).unwrap_or(Kind::U8);
    let axis = call.attributes.int("axis", 1)?;
    quantised_as(b, call, x, FIRST, axis, kind)
}

pub(super) fn dequantize(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 3, "2 or 3")?;
    // FLOAT, FLOAT16 and BFLOAT16 are all real numbers here.
    if !matches!(call.attributes.int("output_dtype", 1)?, 0 | 1 | 10 | 16) {
        return Err(wrong("output_dtype", "only FLOAT is supported"));
    }
    let axis = call.attributes.int("axis", 1)?;
    let block = call.attributes.int("block_size", 0)?;
    if block != 0 {
        return blocks(b, call, axis, block);
    }
    dequantised(b, call, 0, FIRST, axis)
}

/// What the integers of a node's result or operand are in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    U8,
    I8,
    U16,
    I16,
}

impl Kind {
    const fn of(data: &Data) -> Option<Self> {
        match data {
            Data::U8(_) => Some(Self::U8),
            Data::I8(_) => Some(Self::I8),
            Data::U16(_) => Some(Self::U16),
            Data::I16(_) => Some(Self::I16),
            _ => None,
        }
    }

    const fn dtype(self) -> DType {
        match self {
            Self::U8 => DType::U8,
            Self::I8 => DType::I8,
            Self::U16 | Self::I16 => DType::I16,
        }
    }

    /// What is taken from every number of the file.
    const fn shift(self) -> i32 {
        match self {
            Self::U16 => UNSIGNED_SHIFT,
            _ => 0,
        }
    }

    fn data(self, values: impl Iterator<Item = i32>) -> Data {
        match self {
            Self::U8 => Data::U8(values.map(|v| v as u8).collect()),
            Self::I8 => Data::I8(values.map(|v| v as i8).collect()),
            Self::I16 => Data::I16(values.map(|v| v as i16).collect()),
            Self::U16 => Data::U16(values.map(|v| (v + UNSIGNED_SHIFT) as u16).collect()),
        }
    }
}

/// What the zero point says the integers are, where there is one.
fn kind_of_zero(call: &Call<'_>, places: Places) -> Result<Option<Kind>, Problem> {
    let Some(zero) = call.constant(places.zero, "the zero point")? else {
        return Ok(None);
    };
    if zero.is_float() {
        return Err(Problem::ZeroPoint("it is FLOAT".to_string()));
    }
    match Kind::of(&zero.data) {
        Some(kind) => Ok(Some(kind)),
        None => Err(Problem::ZeroPoint(format!(
            "it is {}, not UINT8, INT8, UINT16 or INT16",
            zero.type_name()
        ))),
    }
}

/// Real numbers as integers, on the grid that these operands state; without a zero point they are UINT8.
pub(super) fn quantised(b: &mut Builder, call: &Call<'_>, x: Arg, places: Places) -> Result<Arg, Problem> {
    let kind = kind_of_zero(call, places)?.unwrap_or(Kind::U8);
    quantised_as(b, call, x, places, 1, kind)
}

fn quantised_as(
    b: &mut Builder,
    call: &Call<'_>,
    x: Arg,
    places: Places,
    axis: i64,
    kind: Kind,
) -> Result<Arg, Problem> {
    let mut grids = grids(call, b.dims(&x), places, axis)?;
    grids.zeros.iter_mut().for_each(|z| *z -= kind.shift());
    let dtype = kind.dtype();
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
            let data = kind.data(ints);
            Ok(Arg::Constant(Constant::new(&c.name, c.dims.clone(), data)?))
        }
        Arg::Value(_) => {
            let grid = single(&grids, dtype)?;
            let dims = b.dims(&x).to_vec();
            let op = Operator::Quantise(grid);
            b.emit(&call.node, op, vec![x], &dims, Element::Quantised(dtype))
        }
    }
}

/// Operand `index`, integers, as the real numbers that they stand for.
pub(super) fn dequantised(
    b: &mut Builder,
    call: &Call<'_>,
    index: usize,
    places: Places,
    axis: i64,
) -> Result<Arg, Problem> {
    let x = call.arg(index)?.clone();
    integers(b, &x)?;
    let mut grids = grids(call, b.dims(&x), places, axis)?;
    let zero = call.constant(places.zero, "the zero point")?;
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
            let kind = match zero {
                Some(_) => kind_of_zero(call, places)?,
                None if dtype == DType::U8 => Some(Kind::U8),
                None if dtype == DType::I8 => Some(Kind::I8),
                None => {
                    let why = "16-bit operands need one: it says whether they are signed";
                    return Err(Problem::ZeroPoint(why.to_string()));
                }
            };
            let Some(kind) = kind.filter(|k| k.dtype() == dtype) else {
                return Err(Problem::ZeroPoint(format!(
                    "its type is not {dtype}, as the operand's is"
                )));
            };
            grids.zeros.iter_mut().for_each(|z| *z -= kind.shift());
            let grid = single(&grids, dtype)?;
            let dims = b.dims(&x).to_vec();
            let op = Operator::Dequantise(grid);
            b.emit(&call.node, op, vec![x], &dims, Element::Real)
        }
    }
}

/// Operand `index`, integers, as the real numbers that they are less their zero points, operand `zero`.
pub(super) fn unit_grid(
    b: &mut Builder,
    call: &Call<'_>,
    index: usize,
    zero: usize,
    axis: i64,
) -> Result<Arg, Problem> {
    let scales = match call.constant(zero, "the zero point")? {
        Some(zero) if zero.len() > 1 => vec![1.0; zero.len()],
        _ => vec![1.0],
    };
    let length = u32::try_from(scales.len()).unwrap_or(u32::MAX);
    let scale = Constant::new("", vec![length], Data::F32(scales))?;
    let zero = call.optional(zero).cloned();
    let operands = vec![call.optional(index).cloned(), Some(Arg::Constant(scale)), zero];
    dequantised(b, &call.with(operands), 0, FIRST, axis)
}

/// Only integers are dequantised.
fn integers(b: &Builder, x: &Arg) -> Result<(), Problem> {
    let actual = match x {
        Arg::Constant(c) if c.is_float() || matches!(*c.data, Data::I64(_)) => c.type_name(),
        Arg::Constant(_) => return Ok(()),
        Arg::Value(id) => match b.typed_value(*id).element {
            Element::Real => "FLOAT",
            Element::Int => "INT64",
            Element::Quantised(_) => return Ok(()),
        },
    };
    Err(Problem::UnsupportedType {
        actual: actual.to_string(),
        expected: "integers of 8 or 16 bits are dequantised, or constants of 4 to 32",
    })
}

/// DequantizeLinear of a constant with a scale for every `block` elements along an axis. Blocks lie across what a
/// product sums over, so that the weights go on as real numbers.
fn blocks(b: &mut Builder, call: &Call<'_>, axis: i64, block: i64) -> Result<Arg, Problem> {
    integers(b, call.arg(0)?)?;
    let c = call.needed(0, "the operand of a DequantizeLinear with block_size")?;
    let scale = call.needed(1, "the scale")?;
    let zero = call.constant(2, "the zero point")?;
    let rank = c.dims.len();
    let axis = if axis < 0 {
        axis.saturating_add(rank as i64)
    } else {
        axis
    };
    let axis = usize::try_from(axis).ok().filter(|&a| a < rank);
    let axis = axis.ok_or_else(|| wrong("axis", format!("the operand has {rank} dimensions")))?;
    let block = u32::try_from(block).map_err(|_| wrong("block_size", format!("it is {block}")))?;
    let mut expected = c.dims.clone();
    expected[axis] = expected[axis].div_ceil(block);
    if scale.dims != expected || zero.is_some_and(|z| z.dims != expected) {
        return Err(Problem::Scale(format!(
            "its shape is {:?}, or the zero point's another; {:?} in blocks of {block} along dimension {axis} needs {expected:?}",
            scale.dims, c.dims
        )));
    }
    if let Some(zero) = zero
        && std::mem::discriminant(&*zero.data) != std::mem::discriminant(&*c.data)
    {
        let why = format!("it is {}, the operand {}", zero.type_name(), c.type_name());
        return Err(Problem::ZeroPoint(why));
    }
    b.folds(c.len())?;
    let scales = sound_scales(scale)?;
    let inner: usize = c.dims[axis + 1..].iter().map(|&d| d as usize).product();
    let (extent, parts) = (c.dims[axis] as usize, expected[axis] as usize);
    let reals = (0..c.len()).map(|i| {
        let (rest, along, outer) = (i % inner, i / inner % extent, i / inner / extent);
        let at = (outer * parts + along / block as usize) * inner + rest;
        let zero = zero.map_or(0, |z| z.data.int(at));
        (c.data.int(i) - zero) as f32 * scales[at]
    });
    let data = Data::F32(reals.collect());
    Ok(Arg::Constant(Constant::new(&c.name, c.dims.clone(), data)?))
}

/// Positive, finite scales.
pub(super) fn sound_scales(scale: &Constant) -> Result<Vec<f32>, Problem> {
    if !scale.is_float() {
        return Err(Problem::Scale(format!("it is {}, not FLOAT", scale.type_name())));
    }
    let scales = scale.reals();
    // What is not normal cannot be divided by; a denormal scale is no more use than 0.
    match scales
        .iter()
        .enumerate()
        .find(|(_, v)| !v.is_normal() || **v < 0.0)
    {
        Some((i, v)) => Err(Problem::Scale(format!(
            "number {i} is {v}; it must be positive and finite"
        ))),
        None => Ok(scales),
    }
}

/// Scales and zero points for an operand of these extents; `axis` counts where there are several.
fn grids(call: &Call<'_>, dims: &[u32], places: Places, axis: i64) -> Result<Grids, Problem> {
    let scale = call.needed(places.scale, "the scale")?;
    if scale.dims.len() > 1 || scale.len() == 0 {
        return Err(Problem::Scale(format!(
            "its shape is {:?}; one number or a list is taken",
            scale.dims
        )));
    }
    let scales = sound_scales(scale)?;
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
    let zeros = match call.constant(places.zero, "the zero point")? {
        None => vec![0; scales.len()],
        Some(zero) => zeros(zero, scales.len())?,
    };
    Ok(Grids { scales, zeros, axis })
}

/// As many zero points as there are scales. One for all of them is what some exporters write.
fn zeros(zero: &Constant, scales: usize) -> Result<Vec<i32>, Problem> {
    let count = zero.len();
    if !(count == scales || count == 1) || zero.dims.len() > 1 {
        return Err(Problem::ZeroPoint(format!("{count} for {scales} scales")));
    }
    if zero.is_float() || matches!(*zero.data, Data::I64(_)) {
        return Err(Problem::ZeroPoint(format!("it is {}", zero.type_name())));
    }
    let of = |i: usize| zero.data.int(if count == 1 { 0 } else { i }) as i32;
    Ok((0..scales).map(of).collect())
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
            "a computed tensor must have one scale; only constants may have one a channel: quantise activations per tensor"
                .to_string(),
        )),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn whole_nets_agree_with_onnx_runtime() {
        crate::float::cases::check("nets");
    }
}
