//! Constant operands of recurrent operators.

use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;

/// Real numbers of a constant operand, of this shape.
pub(super) fn weights(
    call: &Call<'_>,
    index: usize,
    what: &'static str,
    dims: &[u32],
) -> Result<Constant, Problem> {
    let c = call.needed(index, what)?;
    if !c.is_float() {
        return Err(Problem::UnsupportedType {
            actual: format!("{} of {what}", c.type_name()),
            expected: "it must be FLOAT",
        });
    }
    if c.dims != dims {
        return Err(Problem::Shape(format!(
            "{what} is {:?}; {dims:?} is needed",
            c.dims
        )));
    }
    let data = Data::F32(c.finite()?);
    Constant::new(&c.name, c.dims.clone(), data)
}
