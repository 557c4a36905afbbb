//! Softmax, LogSoftmax and Hardmax.

use super::axes::axis;
use super::make::Maker;
use super::reduce::log_sum_exp;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator};

pub(super) fn softmax(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    rows(b, call, |m, x, axis| {
        let dims = m.dims(&x);
        m.emit(Operator::Softmax { axis }, vec![x], &dims, Element::Real)
    })
}

/// `x − max − log Σ e^(x − max)`.
pub(super) fn log_softmax(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    rows(b, call, |m, x, axis| {
        let (greatest, log) = log_sum_exp(m, x.clone(), axis)?;
        let below = m.pair(Operator::Sub, x, greatest)?;
        m.pair(Operator::Sub, below, log)
    })
}

/// 1 at the first of the greatest elements, 0 elsewhere.
pub(super) fn hardmax(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    rows(b, call, |m, x, axis| {
        if matches!(x, Arg::Constant(_)) {
            return Err(Problem::Unsupported("its operand is a constant".to_string()));
        }
        let dims = m.dims(&x);
        let mut along = vec![1; dims.len()];
        let mut kept = dims.clone();
        let extent = kept.remove(axis);
        let place = m.emit(
            Operator::ArgMax { axis: axis as u8 },
            vec![x],
            &kept,
            Element::Int,
        )?;
        kept.insert(axis, 1);
        let place = m.reshape(place, &kept)?;
        along[axis] = extent;
        let places = Constant::new("", along, Data::I64((0..extent.into()).collect()))?;
        let distance = m.pair(Operator::Sub, place, Arg::Constant(places))?;
        let found = m.function(distance, Function::Equal { to: 0.0 })?;
        let (one, zero) = (m.number(1.0)?, m.number(0.0)?);
        m.choose(found, one, zero)
    })
}

/// Along one dimension; before opset 13 along all from it on, as one.
fn rows(
    b: &mut Builder,
    call: &Call<'_>,
    of: impl Fn(&mut Maker<'_>, Arg, usize) -> Result<Arg, Problem>,
) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    let mut m = Maker::new(b, call);
    let dims = m.dims(&x);
    let flattens = call.opset < 13;
    let axis = axis(
        "axis",
        call.attributes.int("axis", if flattens { 1 } else { -1 })?,
        dims.len(),
    )?;
    if !flattens || dims[axis + 1..].iter().all(|&d| d == 1) {
        return of(&mut m, x, axis);
    }
    let matrix = [dims[..axis].iter().product(), dims[axis..].iter().product()];
    let x = m.reshape(x, &matrix)?;
    let y = of(&mut m, x, 1)?;
    m.reshape(y, &dims)
}
