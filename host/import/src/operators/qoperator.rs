//! Operators on quantised tensors that carry their scales as operands: ONNX's QLinearConv and its like, and those of
//! ONNX Runtime. Each is the plain operator between DequantizeLinear and QuantizeLinear, and becomes just that.

use super::quantisation::{FIRST, Places, dequantised, quantised};
use super::reduce::Kind;
use super::{arithmetic, compare, concat, conv, pointwise, pool, product, reduce, softmax};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, Grids};
use crate::error::Problem;
use crate::function::Function;
use crate::typed::Arg;
use std::rc::Rc;

/// What the translation of a plain operator makes of these operands, with the attributes of `call`.
pub(super) fn plain(
    b: &mut Builder,
    call: &Call<'_>,
    translate: impl Fn(&mut Builder, &Call<'_>) -> Result<Arg, Problem>,
    operands: Vec<Arg>,
) -> Result<Arg, Problem> {
    translate(b, &call.with(operands.into_iter().map(Some).collect()))
}

/// Operands x, its scale, its zero point, the same for y where the operator has two, and for the result.
fn unary(
    b: &mut Builder,
    call: &Call<'_>,
    translate: impl Fn(&mut Builder, &Call<'_>) -> Result<Arg, Problem>,
) -> Result<Arg, Problem> {
    call.arity(4, 5, "4 or 5")?;
    let x = dequantised(b, call, 0, FIRST, 1)?;
    let y = plain(b, call, translate, vec![x])?;
    quantised(b, call, y, Places { scale: 3, zero: 4 })
}

fn binary(
    b: &mut Builder,
    call: &Call<'_>,
    translate: impl Fn(&mut Builder, &Call<'_>) -> Result<Arg, Problem>,
) -> Result<Arg, Problem> {
    call.arity(7, 8, "7 or 8")?;
    let x = dequantised(b, call, 0, FIRST, 1)?;
    let y = dequantised(b, call, 3, Places { scale: 4, zero: 5 }, 1)?;
    let z = plain(b, call, translate, vec![x, y])?;
    quantised(b, call, z, Places { scale: 6, zero: 7 })
}

pub(super) fn add(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    binary(b, call, arithmetic::add)
}

pub(super) fn mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    binary(b, call, arithmetic::mul)
}

pub(super) fn sigmoid(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    unary(b, call, |b, call| pointwise::unary(b, call, Function::Sigmoid))
}

pub(super) fn leaky_relu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    unary(b, call, pointwise::leaky_relu)
}

pub(super) fn average_pool(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    channels_first(call)?;
    unary(b, call, pool::average_pool)
}

pub(super) fn global_average_pool(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    channels_first(call)?;
    unary(b, call, pool::global_average_pool)
}

pub(super) fn reduce_mean(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(4, 5, "4 or 5")?;
    let x = dequantised(b, call, 0, FIRST, 1)?;
    let mut versioned = call.with(Vec::new());
    // The axes are an attribute, as ReduceMean had them then.
    versioned.opset = call.opset.min(17);
    let y = plain(
        b,
        &versioned,
        |b, call| reduce::reduce(b, call, Kind::Mean),
        vec![x],
    )?;
    quantised(b, call, y, Places { scale: 3, zero: 4 })
}

fn channels_first(call: &Call<'_>) -> Result<(), Problem> {
    if call.attributes.flag("channels_last", false)? {
        return Err(wrong(
            "channels_last",
            "only 0 is supported: save the model before it is optimised for one processor",
        ));
    }
    Ok(())
}

/// The attribute `opset` says of which version of Softmax it is.
pub(super) fn soft_max(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(4, 5, "4 or 5")?;
    let x = dequantised(b, call, 0, FIRST, 1)?;
    let mut versioned = call.with(Vec::new());
    versioned.opset = call.attributes.int("opset", call.opset)?;
    let y = plain(b, &versioned, softmax::softmax, vec![x])?;
    quantised(b, call, y, Places { scale: 3, zero: 4 })
}

/// Operands: the result's scale and zero point, then three for each part.
pub(super) fn concat(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(5, usize::MAX, "2 and 3 for each part")?;
    let mut parts = Vec::new();
    for first in (2..call.inputs.len()).step_by(3) {
        let places = Places {
            scale: first + 1,
            zero: first + 2,
        };
        parts.push(dequantised(b, call, first, places, 1)?);
    }
    let y = plain(b, call, concat::concat, parts)?;
    quantised(b, call, y, Places { scale: 0, zero: 1 })
}

/// Operands: condition, then three each for what is taken where it holds, where it does not, and the result.
pub(super) fn choose(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(8, 9, "8 or 9")?;
    let condition = call.arg(0)?.clone();
    let x = dequantised(b, call, 1, Places { scale: 2, zero: 3 }, 1)?;
    let y = dequantised(b, call, 4, Places { scale: 5, zero: 6 }, 1)?;
    let z = plain(b, call, compare::choose, vec![condition, x, y])?;
    quantised(b, call, z, Places { scale: 7, zero: 8 })
}

/// A constant's scales, one or a channel.
fn scales(arg: &Arg) -> Result<Vec<f32>, Problem> {
    match arg {
        Arg::Constant(Constant {
            grids: Some(grids), ..
        }) => Ok(grids.scales.clone()),
        _ => Err(Problem::NotConstant("a weight whose result has a bias")),
    }
}

/// An INT32 bias: it counts in products of x's and w's steps, times `factor`.
fn bias(call: &Call<'_>, index: usize, x_scale: f32, w: &Arg, factor: f32) -> Result<Option<Arg>, Problem> {
    let Some(c) = call.constant(index, "the bias")? else {
        return Ok(None);
    };
    if !matches!(*c.data, Data::I32(_)) || c.is_float() {
        return Err(Problem::UnsupportedType {
            actual: format!("{} of the bias", c.type_name()),
            expected: "it must be INT32",
        });
    }
    let mut steps: Vec<f32> = scales(w)?.iter().map(|s| s * x_scale * factor).collect();
    if steps.len() > 1 && c.dims.last().is_none_or(|&d| d as usize != steps.len()) {
        // One number for all columns, each of which counts in other steps: as real numbers.
        let [value] = (0..c.len()).map(|i| c.data.int(i)).collect::<Vec<_>>()[..] else {
            return Err(Problem::Shape(format!(
                "a bias {:?} for {} columns",
                c.dims,
                steps.len()
            )));
        };
        steps.iter_mut().for_each(|s| *s *= value as f32);
        let real = Constant::new(&c.name, vec![steps.len() as u32], Data::F32(steps))?;
        return Ok(Some(Arg::Constant(real)));
    }
    let mut c: Constant = c.clone();
    c.grids = Some(Rc::new(Grids {
        zeros: vec![0; steps.len()],
        axis: if steps.len() > 1 { c.dims.len() - 1 } else { 0 },
        scales: steps,
    }));
    Ok(Some(Arg::Constant(c)))
}

/// The scale of the first operand, where a bias counts in it.
fn first_scale(call: &Call<'_>) -> Result<f32, Problem> {
    call.needed(1, "the scale")?.scalar("the scale")
}

pub(super) fn conv(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(8, 9, "8 or 9")?;
    let x = dequantised(b, call, 0, FIRST, 1)?;
    let w = dequantised(b, call, 3, Places { scale: 4, zero: 5 }, 0)?;
    let mut operands = vec![x, w];
    if call.optional(8).is_some() {
        operands.extend(bias(call, 8, first_scale(call)?, &operands[1], 1.0)?);
    }
    let y = plain(b, call, conv::conv, operands)?;
    quantised(b, call, y, Places { scale: 6, zero: 7 })
}

pub(super) fn mat_mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(8, 8, "8")?;
    // Scales may be one for each row of the first operand or column of the second.
    let x = dequantised(b, call, 0, FIRST, -2)?;
    let w = dequantised(b, call, 3, Places { scale: 4, zero: 5 }, -1)?;
    let y = plain(b, call, product::mat_mul, vec![x, w])?;
    quantised(b, call, y, Places { scale: 6, zero: 7 })
}

/// ONNX Runtime's: Gemm with an INT32 bias; without a scale for the result, that is real.
pub(super) fn gemm(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(6, 9, "6 to 9")?;
    let columns = if call.attributes.flag("transB", false)? {
        0
    } else {
        1
    };
    let alpha = call.attributes.float("alpha", 1.0)?;
    let x = dequantised(b, call, 0, FIRST, 1)?;
    let w = dequantised(b, call, 3, Places { scale: 4, zero: 5 }, columns)?;
    let mut operands = vec![x, w];
    if call.optional(6).is_some() {
        operands.extend(bias(call, 6, first_scale(call)?, &operands[1], alpha)?);
    }
    let y = plain(b, call, product::gemm, operands)?;
    match call.optional(7) {
        Some(_) => quantised(b, call, y, Places { scale: 7, zero: 8 }),
        None => Ok(y),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn quantised_files_agree_with_onnx_runtime() {
        crate::float::cases::check("quantised");
    }
}
