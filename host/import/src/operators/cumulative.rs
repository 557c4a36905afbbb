//! CumSum: a product with a triangle of ones.

use super::axes::axis;
use super::make::{Maker, numeric};
use super::norm::last;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::{Arg, Operator};

/// The greatest extent: the triangle has its square.
const MAX_EXTENT: u32 = 1 << 12;

pub(super) fn cum_sum(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let exclusive = call.attributes.flag("exclusive", false)?;
    let reverse = call.attributes.flag("reverse", false)?;
    let given = call.needed(1, "the axis")?;
    let given = match given.len() {
        1 if !given.is_float() => given.data.int(0),
        _ => return Err(Problem::Shape("the axis must be one whole number".to_string())),
    };
    let x = numeric(b, call, 0)?;
    let mut m = Maker::new(b, call);
    let dims = m.dims(&x);
    let axis = axis("axis", given, dims.len())?;
    let n = dims[axis];
    if n > MAX_EXTENT {
        return Err(Problem::TooMany {
            what: "elements of the dimension that is summed up",
            count: n.into(),
            limit: MAX_EXTENT.into(),
        });
    }
    m.b.folds(n as usize * n as usize)?;
    let ones = (0..n).flat_map(|from| (0..n).map(move |to| (from, to)));
    let triangle = ones.map(|(from, to)| {
        let (from, to) = if reverse { (to, from) } else { (from, to) };
        let within = if exclusive { from < to } else { from <= to };
        f32::from(u8::from(within))
    });
    let triangle = m.constant(vec![n, n], triangle.collect())?;
    let element = m.element(&x);
    let (there, back) = last(dims.len(), axis);
    let x = m.transpose(x, there)?;
    let moved = m.dims(&x);
    let rows = m.reshape(x, &[moved[..moved.len() - 1].iter().product(), n])?;
    let rows_dims = m.dims(&rows);
    let op = Operator::MatMul { bias: None };
    let y = m.emit(op, vec![rows, triangle], &rows_dims, element)?;
    let y = m.reshape(y, &moved)?;
    m.transpose(y, back)
}
