//! Add, and the functions of one number.

use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator};

pub(super) fn add(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let (x, y) = (call.real(b, 0)?.clone(), call.real(b, 1)?.clone());
    let dims = broadcast(b.dims(&x), b.dims(&y))?;
    for arg in [&x, &y] {
        if let Arg::Constant(c) = arg {
            c.finite()?;
        }
    }
    if let (Arg::Constant(_), Arg::Constant(_)) = (&x, &y) {
        return Err(Problem::Unsupported(
            "both operands are constants; fold them when exporting".to_string(),
        ));
    }
    b.emit(&call.node, Operator::Add, vec![x, y], &dims, Element::Real)
}

/// NumPy's rule: dimensions align at the end, and one of extent 1 stretches.
fn broadcast(a: &[u32], b: &[u32]) -> Result<Vec<u32>, Problem> {
    let rank = a.len().max(b.len());
    let extent = |dims: &[u32], i: usize| (i + dims.len()).checked_sub(rank).map_or(1, |i| dims[i]);
    (0..rank)
        .map(|i| match (extent(a, i), extent(b, i)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(Problem::Shape(format!("{a:?} and {b:?} do not broadcast"))),
        })
        .collect()
}

pub(super) fn mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    affine(b, call, "Mul")
}

pub(super) fn sub(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    affine(b, call, "Sub")
}

pub(super) fn div(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    affine(b, call, "Div")
}

/// Mul, Sub and Div where one operand is a constant number.
fn affine(b: &mut Builder, call: &Call<'_>, operator: &str) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let (x, y) = (call.real(b, 0)?.clone(), call.real(b, 1)?.clone());
    let (value, constant, first) = match (&x, &y) {
        (Arg::Value(_), Arg::Constant(c)) => (x.clone(), c, false),
        (Arg::Constant(c), Arg::Value(_)) => (y.clone(), c, true),
        _ => {
            return Err(Problem::Unsupported(format!(
                "{operator} is supported with one constant number and one computed operand"
            )));
        }
    };
    if constant.len() != 1 || constant.dims.len() > b.dims(&value).len() {
        return Err(Problem::Unsupported(format!(
            "{operator} is supported with a single number, not a constant of shape {:?}",
            constant.dims
        )));
    }
    let c = constant.finite()?[0];
    let (scale, offset) = match (operator, first) {
        ("Mul", _) => (c, 0.0),
        ("Sub", false) => (1.0, -c),
        ("Sub", true) => (-1.0, c),
        (_, false) => (1.0 / c, 0.0),
        _ => {
            return Err(Problem::Unsupported(
                "a number divided by a tensor is not supported".to_string(),
            ));
        }
    };
    if !scale.is_finite() {
        return Err(Problem::Unsupported("it divides by zero".to_string()));
    }
    pointwise(b, call, value, Function::Affine { scale, offset })
}

pub(super) fn relu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let (low, high) = (0.0, f32::INFINITY);
    unary(b, call, Function::Clamp { low, high })
}

pub(super) fn leaky_relu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 0.01)?;
    unary(b, call, Function::LeakyRelu { alpha })
}

pub(super) fn elu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 1.0)?;
    unary(b, call, Function::Elu { alpha })
}

pub(super) fn selu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 1.673_263_2)?;
    let gamma = call.attributes.float("gamma", 1.050_701)?;
    unary(b, call, Function::Selu { alpha, gamma })
}

pub(super) fn hard_sigmoid(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let alpha = call.attributes.float("alpha", 0.2)?;
    let beta = call.attributes.float("beta", 0.5)?;
    unary(b, call, Function::HardSigmoid { alpha, beta })
}

pub(super) fn gelu(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let tanh = match call.attributes.string("approximate", "none")? {
        "none" => false,
        "tanh" => true,
        _ => return Err(wrong("approximate", "it is neither none nor tanh")),
    };
    unary(b, call, Function::Gelu { tanh })
}

/// An operator with one operand that is a function of one number.
pub(super) fn unary(b: &mut Builder, call: &Call<'_>, function: Function) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    pointwise(b, call, x, function)
}

pub(super) fn clip(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 3, "1 to 3")?;
    let x = call.real(b, 0)?.clone();
    if call.opset < 11 {
        // The bounds were attributes then.
        call.arity(1, 1, "1")?;
        let low = call.attributes.float("min", f32::MIN)?;
        let high = call.attributes.float("max", f32::MAX)?;
        return pointwise(b, call, x, Function::Clamp { low, high });
    }
    let bound = |index, what, default: f32| match call.constant(index, what)? {
        Some(c) => match c.scalar(what)? {
            v if v.is_nan() => Err(Problem::NotFinite {
                name: c.name.to_string(),
                value: v.into(),
            }),
            v => Ok(v),
        },
        None => Ok(default),
    };
    let low = bound(1, "the lower bound", f32::NEG_INFINITY)?;
    let high = bound(2, "the upper bound", f32::INFINITY)?;
    pointwise(b, call, x, Function::Clamp { low, high })
}

fn pointwise(b: &mut Builder, call: &Call<'_>, x: Arg, function: Function) -> Result<Arg, Problem> {
    if let Arg::Constant(_) = x {
        return Err(Problem::Unsupported(
            "its operand is a constant; fold it when exporting".to_string(),
        ));
    }
    let dims = b.dims(&x).to_vec();
    b.emit(
        &call.node,
        Operator::Pointwise(function),
        vec![x],
        &dims,
        Element::Real,
    )
}
