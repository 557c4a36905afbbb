//! ArgMax: where the greatest element of a row is.

use super::axes::axis;
use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator};

pub(super) fn arg_max(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let keep = call.attributes.flag("keepdims", true)?;
    if call.attributes.flag("select_last_index", false)? {
        return Err(wrong(
            "select_last_index",
            "only 0 is supported: of equal elements the first wins",
        ));
    }
    let x = call.arg(0)?.clone();
    if matches!(x, Arg::Constant(_)) {
        return Err(Problem::Unsupported("its operand is a constant".to_string()));
    }
    let mut dims = b.dims(&x).to_vec();
    let axis = axis("axis", call.attributes.int("axis", 0)?, dims.len())?;
    dims.remove(axis);
    let op = Operator::ArgMax { axis: axis as u8 };
    let y = b.emit(&call.node, op, vec![x], &dims, Element::Int)?;
    if !keep {
        return Ok(y);
    }
    dims.insert(axis, 1);
    Maker::new(b, call).reshape(y, &dims)
}
