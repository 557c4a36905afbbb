//! ScatterND and ScatterElements at constant places: both operands one after the other, and of each place the element
//! that is there in the end.

use super::axes::axis;
use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::{Problem, plain};
use crate::typed::Arg;

fn only_replaces(call: &Call<'_>) -> Result<(), Problem> {
    match call.attributes.string("reduction", "none")? {
        "none" => Ok(()),
        other => Err(wrong(
            "reduction",
            format!("{} is not supported; none is", plain(other)),
        )),
    }
}

fn counted(index: i64, extent: u32) -> Result<usize, Problem> {
    axis("indices", index, extent as usize)
        .map_err(|_| Problem::Shape(format!("index {index} of a dimension of {extent}")))
}

/// Rows of x, of which those at `places` are replaced by rows of the updates.
fn replaced(
    m: &mut Maker<'_>,
    x: Arg,
    updates: Arg,
    row: u32,
    places: &[usize],
    dims: &[u32],
) -> Result<Arg, Problem> {
    let rows = dims.iter().product::<u32>() / row.max(1);
    let mut from: Vec<u32> = (0..rows).collect();
    m.b.folds(from.len())?;
    for (at, &place) in (rows..).zip(places) {
        if let Some(slot) = from.get_mut(place) {
            *slot = at;
        }
    }
    let own = m.reshape(x, &[rows, row])?;
    let new = m.reshape(updates, &[places.len() as u32, row])?;
    let both = m.joined(vec![own, new], 0)?;
    let taken = m.entries(both, 0, from)?;
    m.reshape(taken, dims)
}

pub(super) fn scatter_nd(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(3, 3, "3")?;
    only_replaces(call)?;
    let (x, updates) = (call.arg(0)?.clone(), call.arg(2)?.clone());
    let indices = call.needed(1, "the list of indices")?;
    let mut m = Maker::new(b, call);
    let (dims, given) = (m.dims(&x), m.dims(&updates));
    let wrong = || Problem::Shape(format!("{given:?} at {:?} in {dims:?}", indices.dims));
    let [outer @ .., depth] = &indices.dims[..] else {
        return Err(wrong());
    };
    let depth = *depth as usize;
    let (Some(named), Some(rest)) = (dims.get(..depth), dims.get(depth..)) else {
        return Err(wrong());
    };
    if depth == 0 || given != [outer, rest].concat() {
        return Err(wrong());
    }
    let list = indices.whole("the indices")?;
    m.b.folds(list.len())?;
    let mut places = Vec::with_capacity(list.len() / depth);
    for index in list.chunks_exact(depth) {
        let mut at = 0usize;
        for (&i, &extent) in index.iter().zip(named) {
            at = at * extent as usize + counted(i, extent)?;
        }
        places.push(at);
    }
    let row = rest.iter().product();
    replaced(&mut m, x, updates, row, &places, &dims)
}

pub(super) fn scatter_elements(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(3, 3, "3")?;
    only_replaces(call)?;
    let (x, updates) = (call.arg(0)?.clone(), call.arg(2)?.clone());
    let indices = call.needed(1, "the list of indices")?;
    let mut m = Maker::new(b, call);
    let (dims, given) = (m.dims(&x), m.dims(&updates));
    let rank = dims.len();
    let along = axis("axis", call.attributes.int("axis", 0)?, rank)?;
    let fits =
        indices.dims == given && given.len() == rank && (0..rank).all(|d| d == along || given[d] <= dims[d]);
    if !fits {
        return Err(Problem::Shape(format!(
            "{given:?} at {:?} in {dims:?}",
            indices.dims
        )));
    }
    let list = indices.whole("the indices")?;
    m.b.folds(list.len())?;
    let mut places = Vec::with_capacity(list.len());
    for (at, &index) in list.iter().enumerate() {
        let (mut rest, mut place, mut step) = (at, 0usize, 1usize);
        for d in (0..rank).rev() {
            let own = rest % given[d] as usize;
            rest /= given[d] as usize;
            let own = if d == along { counted(index, dims[d])? } else { own };
            place += own * step;
            step *= dims[d] as usize;
        }
        places.push(place);
    }
    replaced(&mut m, x, updates, 1, &places, &dims)
}
