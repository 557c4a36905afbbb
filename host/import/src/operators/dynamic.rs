//! Products of integers, and files whose activations are quantised as they come (`quantize_dynamic`), taken back to
//! real numbers; see [`crate::mark`].

use super::make::Maker;
use super::qoperator::plain;
use super::quantisation::{Places, dequantised, unit_grid};
use super::{arithmetic, conv, product};
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Grids};
use crate::error::Problem;
use crate::mark::{Mark, Source, Sums};
use crate::typed::{Arg, Element, Operator, TypedNode, ValueId};
use metisvm_model::{DType, Shape};
use std::collections::HashMap;
use std::rc::Rc;

/// DynamicQuantizeLinear: integers, their scale and their zero point, none of which is computed.
pub(super) fn quantize(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(1, 1, "1")?;
    let real = call.real(b, 0)?.clone();
    let Arg::Value(id) = real else {
        return Err(Problem::Unsupported(
            "its operand is a constant; fold it when exporting".to_string(),
        ));
    };
    if b.mark(&real).is_some() {
        return Err(Problem::DynamicScale);
    }
    let shape = b.typed_value(id).shape.clone();
    let scalar = || Shape::new(&[]).ok_or_else(|| Problem::Shape("no scalar".to_string()));
    let bytes = Element::Quantised(DType::U8);
    let integers = b.value("", shape, bytes);
    let of = b.value("", scalar()?, Element::Real);
    let zero = b.value("", scalar()?, bytes);
    b.marks.insert(integers, Mark::Integers { real, of });
    let factor = None;
    b.marks.insert(of, Mark::Scale { of: vec![of], factor });
    b.marks.insert(zero, Mark::Zero { of });
    Ok([integers, of, zero].map(|id| Some(Arg::Value(id))).to_vec())
}

/// Whether a node reads a value that no node gives.
pub(crate) fn concerns(b: &Builder, call: &Call<'_>) -> bool {
    call.inputs.iter().flatten().any(|arg| b.mark(arg).is_some())
}

/// A node that does.
pub(super) fn translate(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    match call.node.operator.as_str() {
        "MatMulInteger" => mat_mul_integer(b, call),
        "ConvInteger" => conv_integer(b, call),
        "com.microsoft.MatMulIntegerToFloat" => mat_mul_to_float(b, call),
        "Cast" if call.attributes.int("to", 0)? == 1 => {
            call.attributes.flag("saturate", true)?;
            call.arg(0).cloned()
        }
        "Identity" => call.arg(0).cloned(),
        "Mul" => mul(b, call),
        _ => Err(Problem::DynamicScale),
    }
}

pub(super) fn mat_mul_integer(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    sums(b, call, product::mat_mul, [-2, -1])
}

pub(super) fn conv_integer(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    sums(b, call, conv::conv, [1, 0])
}

/// Operands: x, w, and the zero point of each, which may be one for each entry of a dimension of x and w.
fn sums(
    b: &mut Builder,
    call: &Call<'_>,
    translate: impl Fn(&mut Builder, &Call<'_>) -> Result<Arg, Problem>,
    [rows, columns]: [i64; 2],
) -> Result<Arg, Problem> {
    call.arity(2, 4, "2 to 4")?;
    let (x, x_of) = side(b, call, 0, 2, rows)?;
    let (w, w_of) = side(b, call, 1, 3, columns)?;
    let start = b.typed.nodes.len();
    let y = plain(b, call, translate, vec![x, w])?;
    let of: Vec<Source> = x_of.into_iter().chain(w_of).collect();
    let Arg::Value(result) = y else {
        return Ok(y);
    };
    if of.is_empty() {
        return Ok(y);
    }
    let nodes = b.typed.nodes.split_off(start);
    let shape = b.typed_value(result).shape.clone();
    let marked = b.value("", shape, Element::Real);
    let factor = None;
    let sums = Sums {
        of,
        factor,
        nodes,
        result,
    };
    b.marks.insert(marked, Mark::Sums(sums));
    Ok(Arg::Value(marked))
}

/// An operand of integers as real numbers: those of a DynamicQuantizeLinear as what they were, with its scale to be
/// undone; others as numbers of scale 1.
fn side(
    b: &mut Builder,
    call: &Call<'_>,
    index: usize,
    zero: usize,
    axis: i64,
) -> Result<(Arg, Option<Source>), Problem> {
    if let Some(Mark::Integers { real, of }) = b.mark(call.arg(index)?) {
        let (real, of) = (real.clone(), *of);
        let zero = call.optional(zero).and_then(|arg| b.mark(arg));
        return match zero {
            Some(Mark::Zero { of: own }) if *own == of => Ok((real, Some(of))),
            _ => Err(Problem::ZeroPoint(
                "it is not the one that DynamicQuantizeLinear gives with these integers".to_string(),
            )),
        };
    }
    Ok((unit_grid(b, call, index, zero, axis)?, None))
}

/// Operands: x, w, their scales, their zero points, a bias. The scales may be a DynamicQuantizeLinear's.
pub(super) fn mat_mul_to_float(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(4, 7, "4 to 7")?;
    let [x, w] = quantised_pair(b, call, [0, 2, 4], [1, 3, 5])?;
    with_bias(b, call, x, w, 6)
}

/// An operand, its scale and its zero point, and the same of a constant matrix, as real numbers.
pub(super) fn quantised_pair(
    b: &mut Builder,
    call: &Call<'_>,
    x: [usize; 3],
    w: [usize; 3],
) -> Result<[Arg; 2], Problem> {
    let mut operand = |[index, scale, zero]: [usize; 3], axis: i64| match b.mark(call.arg(index)?) {
        Some(Mark::Integers { real, of }) => {
            let (real, of) = (real.clone(), *of);
            let scale = b.mark(call.arg(scale)?);
            let zero = call.optional(zero).and_then(|arg| b.mark(arg));
            match (scale, zero) {
                (
                    Some(Mark::Scale {
                        of: own,
                        factor: None,
                    }),
                    Some(Mark::Zero { of: zero_of }),
                ) if own[..] == [of] && *zero_of == of => Ok(real),
                _ => Err(Problem::DynamicScale),
            }
        }
        _ => dequantised(b, call, index, Places { scale, zero }, axis),
    };
    Ok([operand(x, -2)?, operand(w, -1)?])
}

/// ONNX Runtime's: real x, integers w with scale and zero point, a bias.
pub(super) fn quantize_mat_mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(3, 5, "3 to 5")?;
    let x = call.real(b, 0)?.clone();
    let w = dequantised(b, call, 1, Places { scale: 2, zero: 3 }, -1)?;
    with_bias(b, call, x, w, 4)
}

fn with_bias(b: &mut Builder, call: &Call<'_>, x: Arg, w: Arg, bias: usize) -> Result<Arg, Problem> {
    let y = plain(b, call, product::mat_mul, vec![x, w])?;
    match call.optional(bias) {
        Some(bias) => plain(b, call, arithmetic::add, vec![y, bias.clone()]),
        None => Ok(y),
    }
}

/// Mul where an operand is a scale, or sums that wait for one.
fn mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let side = |index: usize| -> Result<Side, Problem> {
        let arg = call.arg(index)?;
        match (arg, b.mark(arg)) {
            (_, Some(mark)) => Ok(Side::Marked(mark.clone())),
            (Arg::Constant(_), None) => Ok(Side::Constant(call.real(b, index)?.clone())),
            (Arg::Value(_), None) => Err(Problem::DynamicScale),
        }
    };
    let shape = plain_shape(b, call)?;
    let mark = match (side(0)?, side(1)?) {
        (Side::Marked(mark), Side::Constant(c)) | (Side::Constant(c), Side::Marked(mark)) => {
            times(b, call, mark, Vec::new(), Some(c))?
        }
        (Side::Marked(mark), Side::Marked(Mark::Scale { of, factor }))
        | (Side::Marked(Mark::Scale { of, factor }), Side::Marked(mark)) => {
            times(b, call, mark, of, factor.map(Arg::Constant))?
        }
        _ => return Err(Problem::DynamicScale),
    };
    match mark {
        Mark::Sums(sums) if sums.of.is_empty() => realised(b, call, sums),
        mark => {
            let marked = b.value("", shape, Element::Real);
            b.marks.insert(marked, mark);
            Ok(Arg::Value(marked))
        }
    }
}

enum Side {
    Marked(Mark),
    Constant(Arg),
}

fn plain_shape(b: &Builder, call: &Call<'_>) -> Result<Shape, Problem> {
    let dims = super::make::broadcast(b.dims(call.arg(0)?), b.dims(call.arg(1)?))?;
    Shape::new(&dims).ok_or_else(|| Problem::Shape(format!("its result {dims:?} is empty or too large")))
}

/// A mark times scales and a constant.
fn times(
    b: &mut Builder,
    call: &Call<'_>,
    mark: Mark,
    scales: Vec<Source>,
    constant: Option<Arg>,
) -> Result<Mark, Problem> {
    let both = |own: Option<Constant>| match (own, constant) {
        (None, None) => Ok(None),
        (Some(c), None) => Ok(Some(c)),
        (own, Some(other)) => {
            let product = match own {
                Some(own) => Maker::new(b, call).pair(Operator::Mul, Arg::Constant(own), other)?,
                None => other,
            };
            match product {
                Arg::Constant(c) => Ok(Some(c)),
                Arg::Value(_) => Err(Problem::DynamicScale),
            }
        }
    };
    match mark {
        Mark::Scale { mut of, factor } => {
            of.extend(scales);
            if of.len() > MAX_SCALES {
                return Err(Problem::DynamicScale);
            }
            let factor = both(factor)?;
            Ok(Mark::Scale { of, factor })
        }
        Mark::Sums(mut sums) => {
            for scale in scales {
                let at = sums.of.iter().position(|own| *own == scale);
                sums.of.swap_remove(at.ok_or(Problem::DynamicScale)?);
            }
            sums.factor = both(sums.factor)?;
            Ok(Mark::Sums(sums))
        }
        Mark::Integers { .. } | Mark::Zero { .. } => Err(Problem::DynamicScale),
    }
}

/// Scales that are multiplied: a product has two.
const MAX_SCALES: usize = 2;

/// The product as part of the graph, its scales undone, times its factor: into the weights, if they can take it.
fn realised(b: &mut Builder, call: &Call<'_>, sums: Sums) -> Result<Arg, Problem> {
    let Sums {
        factor,
        mut nodes,
        result,
        ..
    } = sums;
    let taken = match &factor {
        Some(factor) => {
            let rank = b.typed_value(result).shape.rank();
            nodes
                .iter_mut()
                .any(|node| scale_weights(node, factor, result, rank))
        }
        None => true,
    };
    let mut renamed: HashMap<ValueId, Arg> = HashMap::new();
    for mut node in nodes {
        for input in &mut node.inputs {
            if let Arg::Value(id) = input
                && let Some(new) = renamed.get(id)
            {
                *input = new.clone();
            }
        }
        let value = b.typed_value(node.output);
        let (dims, element) = (value.shape.dims().to_vec(), value.element);
        let new = b.emit(&node.name, node.op, node.inputs, &dims, element)?;
        renamed.insert(node.output, new);
    }
    let y = renamed
        .remove(&result)
        .ok_or_else(|| Problem::Unsupported("its product is not computed".to_string()))?;
    match factor {
        Some(factor) if !taken => plain(b, call, arithmetic::mul, vec![y, Arg::Constant(factor)]),
        _ => Ok(y),
    }
}

/// Puts a factor into the weights of a product, if it is one number or one for each channel of the result.
fn scale_weights(node: &mut TypedNode, factor: &Constant, result: ValueId, rank: usize) -> bool {
    let (axis, channel) = match node.op {
        // What is transposed afterwards has its channels elsewhere.
        Operator::MatMul { .. } => (usize::MAX, (node.output == result).then(|| rank - 1)),
        Operator::Conv { .. } => (0, Some(1)),
        _ => return false,
    };
    let Some(Arg::Constant(w)) = node.inputs.get_mut(1) else {
        return false;
    };
    let axis = axis.min(w.dims.len().saturating_sub(1));
    let Some(shift) = rank.checked_sub(factor.dims.len()) else {
        return false;
    };
    let along = |(i, &d): (usize, &u32)| d == 1 || Some(i + shift) == channel;
    let factors = factor.reals();
    if !factor.dims.iter().enumerate().all(along) || factors.iter().any(|f| !f.is_normal() || *f < 0.0) {
        return false;
    }
    let Some(own) = &w.grids else {
        return false;
    };
    let count = own.scales.len().max(factors.len());
    let fits = |length: usize| length == 1 || length == count;
    let on_axis = own.scales.len() == 1 || own.axis == axis;
    if !fits(own.scales.len())
        || !fits(factors.len())
        || !on_axis
        || count > 1 && w.dims[axis] as usize != count
    {
        return false;
    }
    let at = |i: usize, length: usize| if length == 1 { 0 } else { i };
    let scales: Vec<f32> = (0..count)
        .map(|i| own.scales[at(i, own.scales.len())] * factors[at(i, factors.len())])
        .collect();
    if scales.iter().any(|s| !s.is_normal()) {
        return false;
    }
    let zeros = (0..count).map(|i| own.zeros[at(i, own.zeros.len())]).collect();
    w.grids = Some(Rc::new(Grids {
        axis: if count == 1 { 0 } else { axis },
        scales,
        zeros,
    }));
    true
}

#[cfg(test)]
mod tests {
    use crate::float::cases;
    use crate::typed::Operator;

    #[test]
    fn scales_go_into_the_weights() {
        for case in [
            "dynamic_matmul",
            "dynamic_matmul_columns",
            "dynamic_conv_channels",
        ] {
            let typed = cases::of("dynamic", case);
            let product = |op: &Operator| matches!(op, Operator::MatMul { .. } | Operator::Conv { .. });
            assert_eq!(typed.nodes.iter().filter(|n| product(&n.op)).count(), 1, "{case}");
            let multiplies = |op: &Operator| matches!(op, Operator::Mul | Operator::Pointwise(_));
            assert!(!typed.nodes.iter().any(|n| multiplies(&n.op)), "{case}");
            assert!(!typed.is_quantised(), "{case} needs calibration");
        }
    }

    #[test]
    fn dynamic_files_give_the_real_products() {
        cases::check("dynamic");
    }
}
