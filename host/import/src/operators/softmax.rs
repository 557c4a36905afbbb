//! Softmax and LogSoftmax.

use super::axes::axis;
use super::make::Maker;
use super::reduce::log_sum_exp;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
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
