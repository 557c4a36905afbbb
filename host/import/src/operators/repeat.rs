//! Expand and Tile: entries repeated.

use super::make::{Maker, broadcast};
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::elements;
use crate::error::Problem;
use crate::typed::Arg;
use metisvm_model::limits::MAX_RANK;

/// A list of extents out of operand 1.
fn extents(call: &Call<'_>, what: &'static str) -> Result<Vec<u32>, Problem> {
    call.arity(2, 2, "2")?;
    let list = call.needed(1, what)?.whole(what)?;
    let extents: Vec<u32> = list.iter().filter_map(|&e| u32::try_from(e).ok()).collect();
    if extents.len() != list.len() || list.len() > MAX_RANK || extents.contains(&0) {
        return Err(Problem::Shape(format!(
            "{what} is {:?}; every one must be positive",
            list.get(..9).unwrap_or(&list)
        )));
    }
    Ok(extents)
}

pub(super) fn expand(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let x = call.arg(0)?.clone();
    let dims = broadcast(b.dims(&x), &extents(call, "the shape")?)?;
    Maker::new(b, call).expanded(x, &dims)
}

pub(super) fn tile(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let mut x = call.arg(0)?.clone();
    let repeats = extents(call, "the number of repeats")?;
    let dims = b.dims(&x).to_vec();
    if repeats.len() != dims.len() {
        return Err(Problem::Shape(format!("{} repeats for {dims:?}", repeats.len())));
    }
    let all = dims
        .iter()
        .zip(&repeats)
        .map(|(&d, &r)| i64::from(d) * i64::from(r));
    elements(all.collect::<Vec<_>>().into_iter())?;
    let mut m = Maker::new(b, call);
    // The last first: what is repeated is then as small as it can be.
    for (axis, (&extent, &times)) in dims.iter().zip(&repeats).enumerate().rev() {
        if times > 1 {
            let indices = (0..times).flat_map(|_| 0..extent).collect();
            x = m.entries(x, axis, indices)?;
        }
    }
    Ok(x)
}
