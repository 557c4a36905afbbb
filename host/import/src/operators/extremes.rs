//! Min, Max, Clip, Sum and Mean of several tensors.

use super::arithmetic::{affine, number_of_rank, same_type};
use super::make::{Maker, numeric};
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Operator};

pub(super) fn clip(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 3, "1 to 3")?;
    let x = numeric(b, call, 0)?;
    let mut m = Maker::new(b, call);
    if call.opset < 11 {
        // The bounds were attributes then.
        call.arity(1, 1, "1")?;
        let low = call.attributes.float("min", f32::MIN)?;
        let high = call.attributes.float("max", f32::MAX)?;
        return m.function(x, Function::Clamp { low, high });
    }
    let bound = |index, what, default: f32| match call.constant(index, what)? {
        Some(c) => match c.reals()[..] {
            [v] if v.is_nan() => Err(Problem::NotFinite {
                name: c.name.to_string(),
                value: v.into(),
            }),
            [v] => Ok(v),
            _ => Err(Problem::Shape(format!(
                "{what} must be one number; it is of shape {:?}",
                c.dims
            ))),
        },
        None => Ok(default),
    };
    let low = bound(1, "the lower bound", f32::NEG_INFINITY)?;
    let high = bound(2, "the upper bound", f32::INFINITY)?;
    m.function(x, Function::Clamp { low, high })
}

pub(super) fn max(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    fold(b, call, |m, x, y| {
        let (low, high) = match (number_of_rank(m, &y, &x), number_of_rank(m, &x, &y)) {
            (Some(low), _) => return m.function(x, clamp(low, f32::INFINITY)),
            (_, Some(low)) => return m.function(y, clamp(low, f32::INFINITY)),
            _ => (0.0, f32::INFINITY),
        };
        // The excess of x over y, added to y: clamping and rounding commute, so that only the sum is rounded.
        let over = m.pair(Operator::Sub, x, y.clone())?;
        let over = m.function(over, clamp(low, high))?;
        m.pair(Operator::Add, y, over)
    })
}

pub(super) fn min(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    fold(b, call, |m, x, y| {
        let (low, high) = match (number_of_rank(m, &y, &x), number_of_rank(m, &x, &y)) {
            (Some(high), _) => return m.function(x, clamp(f32::NEG_INFINITY, high)),
            (_, Some(high)) => return m.function(y, clamp(f32::NEG_INFINITY, high)),
            _ => (f32::NEG_INFINITY, 0.0),
        };
        let under = m.pair(Operator::Sub, x, y.clone())?;
        let under = m.function(under, clamp(low, high))?;
        m.pair(Operator::Add, y, under)
    })
}

const fn clamp(low: f32, high: f32) -> Function {
    Function::Clamp { low, high }
}

pub(super) fn sum(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    fold(b, call, |m, x, y| m.pair(Operator::Add, x, y))
}

pub(super) fn mean(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let total = sum(b, call)?;
    let scale = (1.0 / call.inputs.len() as f64) as f32;
    affine(&mut Maker::new(b, call), total, scale, 0.0)
}

/// Operands one after the other.
fn fold(
    b: &mut Builder,
    call: &Call<'_>,
    step: impl Fn(&mut Maker<'_>, Arg, Arg) -> Result<Arg, Problem>,
) -> Result<Arg, Problem> {
    call.arity(1, usize::MAX, "1 or more")?;
    let mut result = numeric(b, call, 0)?;
    for index in 1..call.inputs.len() {
        let next = numeric(b, call, index)?;
        same_type(b, &result, &next)?;
        result = step(&mut Maker::new(b, call), result, next)?;
    }
    Ok(result)
}
