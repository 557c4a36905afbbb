//! Constants by place: where something is not zero, and elements put at given places.

use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::operators::axis;

pub(super) fn non_zero(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.needed(0, "the operand")?;
    let rank = x.dims.len();
    b.folds(x.len().saturating_mul(rank.max(1)))?;
    let found: Vec<usize> = x
        .reals64()
        .iter()
        .enumerate()
        .filter(|(_, v)| **v != 0.0)
        .map(|(i, _)| i)
        .collect();
    let mut all = Vec::with_capacity(found.len() * rank);
    for d in 0..rank {
        let inner: usize = x.dims[d + 1..].iter().map(|&e| e as usize).product();
        all.extend(found.iter().map(|&i| (i / inner % x.dims[d] as usize) as i64));
    }
    let dims = vec![rank as u32, found.len() as u32];
    Constant::new(&call.node.name, dims, Data::I64(all)).map(Some)
}

/// Positions of one operand's elements and those that come in their place.
fn replaced(
    call: &Call<'_>,
    x: &Constant,
    updates: &Constant,
    places: &[usize],
) -> Result<Constant, Problem> {
    let own = x.len();
    let mut from: Vec<usize> = (0..own).collect();
    for (at, &place) in places.iter().enumerate() {
        if let Some(slot) = from.get_mut(place) {
            *slot = own + at;
        }
    }
    let flat = |c: &Constant| c.reshaped(vec![c.len() as u32]);
    let both = flat(x)?.followed_by(&flat(updates)?, 0)?;
    let data = both.data.gather(from.into_iter());
    Constant::new(&call.node.name, x.dims.clone(), data)
}

fn only_replaces(call: &Call<'_>) -> Result<(), Problem> {
    match call.attributes.string("reduction", "none")? {
        "none" => Ok(()),
        other => Err(crate::attributes::wrong(
            "reduction",
            format!("{} is not supported; none is", crate::error::plain(other)),
        )),
    }
}

fn counted(index: i64, extent: u32) -> Result<usize, Problem> {
    axis("indices", index, extent as usize)
        .map_err(|_| Problem::Shape(format!("index {index} of a dimension of {extent}")))
}

pub(super) fn scatter_nd(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(3, 3, "3")?;
    only_replaces(call)?;
    let x = call.needed(0, "the data")?;
    let indices = call.needed(1, "the indices")?;
    let updates = call.needed(2, "the updates")?;
    let wrong = || {
        Problem::Shape(format!(
            "{:?} at {:?} in {:?}",
            updates.dims, indices.dims, x.dims
        ))
    };
    let [outer @ .., depth] = &indices.dims[..] else {
        return Err(wrong());
    };
    let depth = *depth as usize;
    let (Some(named), Some(rest)) = (x.dims.get(..depth), x.dims.get(depth..)) else {
        return Err(wrong());
    };
    if updates.dims != [outer, rest].concat() {
        return Err(wrong());
    }
    b.folds(x.len().saturating_add(updates.len()).saturating_mul(2))?;
    let row: usize = rest.iter().map(|&d| d as usize).product();
    let list = indices.whole("the indices")?;
    let mut places = Vec::with_capacity(updates.len());
    for index in list.chunks_exact(depth.max(1)) {
        let mut at = 0usize;
        for (&i, &extent) in index.iter().zip(named) {
            at = at * extent as usize + counted(i, extent)?;
        }
        places.extend((0..row).map(|i| at * row + i));
    }
    replaced(call, x, updates, &places).map(Some)
}

pub(super) fn scatter_elements(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(3, 3, "3")?;
    only_replaces(call)?;
    let x = call.needed(0, "the data")?;
    let indices = call.needed(1, "the indices")?;
    let updates = call.needed(2, "the updates")?;
    let rank = x.dims.len();
    let along = axis("axis", call.attributes.int("axis", 0)?, rank)?;
    let fits = indices.dims == updates.dims
        && indices.dims.len() == rank
        && (0..rank).all(|d| d == along || indices.dims[d] <= x.dims[d]);
    if !fits {
        return Err(Problem::Shape(format!(
            "{:?} at {:?} in {:?}",
            updates.dims, indices.dims, x.dims
        )));
    }
    b.folds(x.len().saturating_add(updates.len()).saturating_mul(2))?;
    let list = indices.whole("the indices")?;
    let mut places = Vec::with_capacity(list.len());
    for (at, &index) in list.iter().enumerate() {
        let (mut rest, mut place, mut step) = (at, 0usize, 1usize);
        for d in (0..rank).rev() {
            let own = rest % indices.dims[d] as usize;
            rest /= indices.dims[d] as usize;
            let own = if d == along {
                counted(index, x.dims[d])?
            } else {
                own
            };
            place += own * step;
            step *= x.dims[d] as usize;
        }
        places.push(place);
    }
    replaced(call, x, updates, &places).map(Some)
}
