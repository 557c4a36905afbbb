//! Operators of the domain com.microsoft that ONNX Runtime's optimiser writes: each is some of ONNX's own in one.

use super::arithmetic::affine;
use super::make::Maker;
use super::norm;
use super::pointwise::{silu, unary};
use super::product;
use crate::attributes::Attributes;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Operator};

pub(super) fn gelu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    unary(b, call, Function::Gelu { tanh: false })
}

pub(super) fn quick_gelu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 1.702)?;
    unary(b, call, silu(alpha))
}

/// GELU of x plus a bias, which FastGelu may leave out.
pub(super) fn bias_gelu(b: &mut Builder, call: &Call<'_>, tanh: bool) -> Result<Arg, Problem> {
    if tanh {
        call.arity(1, 2, "1 or 2")?;
    } else {
        call.arity(2, 2, "2")?;
    }
    let x = call.real(b, 0)?.clone();
    let bias = match call.optional(1) {
        Some(_) => Some(call.real(b, 1)?.clone()),
        None => None,
    };
    let mut m = Maker::new(b, call);
    let x = norm::scale(&mut m, x, None, bias)?;
    m.function(x, Function::Gelu { tanh })
}

/// Results: the normalised sum, mean and deviation (not given), the sum itself.
pub(super) fn skip_layer(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(3, 5, "3 to 5")?;
    skip(b, call, true)
}

pub(super) fn skip_simplified(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(3, 4, "3 or 4")?;
    skip(b, call, false)
}

fn skip(b: &mut Builder, call: &Call<'_>, centred: bool) -> Result<Vec<Option<Arg>>, Problem> {
    let epsilon = norm::epsilon(call, 1e-12)?;
    let optional = |index: usize| match call.optional(index) {
        Some(_) => call.real(b, index).cloned().map(Some),
        None => Ok(None),
    };
    // Without a mean there is no offset either, and the bias comes right after the gain.
    let (offset, bias) = if centred {
        (optional(3)?, optional(4)?)
    } else {
        (None, optional(3)?)
    };
    let (x, skipped) = (call.real(b, 0)?.clone(), call.real(b, 1)?.clone());
    let gain = call.real(b, 2)?.clone();
    let mut m = Maker::new(b, call);
    // The bias goes first, into the product before, if there is one.
    let x = norm::scale(&mut m, x, None, bias)?;
    let sum = m.pair(Operator::Add, x, skipped)?;
    let rank = m.dims(&sum).len();
    if rank == 0 {
        return Err(Problem::Shape("it has no dimension to normalise".to_string()));
    }
    let y = norm::normalise(&mut m, sum.clone(), rank - 1, epsilon, centred)?;
    let y = norm::scale(&mut m, y, Some(gain), offset)?;
    Ok(vec![Some(y), None, None, Some(sum)])
}

/// A product of operands that may be transposed, times a number.
pub(super) fn fused_mat_mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let alpha = call.attributes.float("alpha", 1.0)?;
    let transposed = [
        call.attributes.flag("transA", false)?,
        call.attributes.flag("transB", false)?,
    ];
    for name in ["transBatchA", "transBatchB"] {
        if call.attributes.flag(name, false)? {
            return Err(crate::attributes::wrong(name, "only 0 is supported"));
        }
    }
    let mut inputs = Vec::new();
    for (index, swap) in transposed.into_iter().enumerate() {
        let x = call.real(b, index)?.clone();
        let rank = b.dims(&x).len();
        inputs.push(Some(if swap && rank >= 2 {
            let perm = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
            Maker::new(b, call).transpose(x, perm)?
        } else {
            x
        }));
    }
    let plain = Call {
        node: call.node.clone(),
        inputs,
        attributes: Attributes::of(&[])?,
        wanted: call.wanted.clone(),
        opset: call.opset,
    };
    let y = product::mat_mul(b, &plain)?;
    affine(&mut Maker::new(b, call), y, alpha, 0.0)
}
