//! Add, and the functions of one number.

use super::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::resolve::Builder;
use crate::typed::{Arg, Element, Operator};

pub(super) fn add(b: &mut Builder<'_>, call: &Call<'_>) -> Result<Arg, Problem> {
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
    b.emit(call, Operator::Add, vec![x, y], &dims, Element::Real)
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

/// Mul, Sub and Div where one operand is a constant number.
pub(super) fn affine(b: &mut Builder<'_>, call: &Call<'_>, operator: &str) -> Result<Arg, Problem> {
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

/// The other operators of one number.
pub(super) fn unary(b: &mut Builder<'_>, call: &Call<'_>, operator: &str) -> Result<Arg, Problem> {
    let a = &call.attributes;
    let function = match operator {
        "Clip" => return clip(b, call),
        "Relu" => Function::Clamp {
            low: 0.0,
            high: f32::INFINITY,
        },
        "Sigmoid" => Function::Sigmoid,
        "Tanh" => Function::Tanh,
        "LeakyRelu" => Function::LeakyRelu {
            alpha: a.float("alpha", 0.01)?,
        },
        "Elu" => Function::Elu {
            alpha: a.float("alpha", 1.0)?,
        },
        "Selu" => Function::Selu {
            alpha: a.float("alpha", 1.673_263_2)?,
            gamma: a.float("gamma", 1.050_701)?,
        },
        "HardSigmoid" => Function::HardSigmoid {
            alpha: a.float("alpha", 0.2)?,
            beta: a.float("beta", 0.5)?,
        },
        "HardSwish" => Function::HardSwish,
        "Softplus" => Function::Softplus,
        "Softsign" => Function::Softsign,
        "Erf" => Function::Erf,
        "Gelu" => Function::Gelu {
            tanh: match a.string("approximate", "none")? {
                "none" => false,
                "tanh" => true,
                _ => {
                    return Err(crate::attributes::wrong(
                        "approximate",
                        "it is neither none nor tanh",
                    ));
                }
            },
        },
        "Exp" => Function::Exp,
        "Abs" => Function::Abs,
        "Neg" => Function::Neg,
        "Sqrt" => Function::Sqrt,
        _ => return Err(Problem::UnsupportedOperator),
    };
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    pointwise(b, call, x, function)
}

fn clip(b: &mut Builder<'_>, call: &Call<'_>) -> Result<Arg, Problem> {
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

fn pointwise(b: &mut Builder<'_>, call: &Call<'_>, x: Arg, function: Function) -> Result<Arg, Problem> {
    if let Arg::Constant(_) = x {
        return Err(Problem::Unsupported(
            "its operand is a constant; fold it when exporting".to_string(),
        ));
    }
    let dims = b.dims(&x).to_vec();
    b.emit(call, Operator::Pointwise(function), vec![x], &dims, Element::Real)
}
