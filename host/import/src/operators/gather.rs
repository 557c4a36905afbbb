//! Gather, GatherElements and GatherND: elements by position. Constant positions are a selection; computed ones are
//! looked up.

use super::arithmetic::affine;
use super::axes::axis;
use super::make::Maker;
use super::sign;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, elements};
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator};

/// Positions in a dimension; those below zero count from the end.
fn positions(indices: &Constant, extent: u32) -> Result<Vec<u32>, Problem> {
    let counted = |at: &i64| {
        let at = if *at < 0 {
            at.saturating_add(extent.into())
        } else {
            *at
        };
        u32::try_from(at).ok().filter(|&at| at < extent)
    };
    let list = indices.whole("the indices")?;
    match list.iter().find(|at| counted(at).is_none()) {
        Some(at) => Err(Problem::Shape(format!("index {at} of a dimension of {extent}"))),
        None => Ok(list.iter().filter_map(counted).collect()),
    }
}

/// Computed positions, which must be whole numbers, counted from the front of a dimension.
fn from_front(m: &mut Maker<'_>, indices: Arg, extent: u32) -> Result<Arg, Problem> {
    match (m.element(&indices), &indices) {
        (Element::Int, Arg::Value(id)) if sign::is_nonnegative(&m.b.typed, *id) => Ok(indices),
        (Element::Int, _) => m.function(indices, Function::FromFront { extent }),
        _ => Err(Problem::UnsupportedType {
            actual: "FLOAT, or integers of a grid, of the indices".to_string(),
            expected: "they must be whole numbers",
        }),
    }
}

pub(super) fn gather(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let x = call.arg(0)?.clone();
    let dims = b.dims(&x).to_vec();
    let axis = axis("axis", call.attributes.int("axis", 0)?, dims.len())?;
    let extent = dims.get(axis).copied().unwrap_or(0);
    let indices = call.arg(1)?.clone();
    let mut m = Maker::new(b, call);
    let mut result = dims.get(..axis).unwrap_or_default().to_vec();
    result.extend(m.dims(&indices));
    result.extend(dims.get(axis + 1..).unwrap_or_default());
    match &indices {
        Arg::Constant(c) => {
            m.b.folds(c.len())?;
            let taken = m.entries(x, axis, positions(c, extent)?)?;
            m.reshape(taken, &result)
        }
        Arg::Value(_) => {
            let indices = from_front(&mut m, indices, extent)?;
            let element = m.element(&x);
            m.emit(Operator::Lookup { axis }, vec![x, indices], &result, element)
        }
    }
}

/// Along `axis` the position is given, along the others it is the index's own.
pub(super) fn gather_elements(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let x = call.arg(0)?.clone();
    let indices = call.arg(1)?.clone();
    let mut m = Maker::new(b, call);
    let (dims, result) = (m.dims(&x), m.dims(&indices));
    let along = axis("axis", call.attributes.int("axis", 0)?, dims.len())?;
    let fits = result.len() == dims.len() && (0..dims.len()).all(|d| d == along || result[d] <= dims[d]);
    if !fits {
        return Err(Problem::Shape(format!("indices {result:?} into {dims:?}")));
    }
    let inner: usize = dims[along + 1..].iter().map(|&d| d as usize).product();
    // For each index the place in the flat tensor where position 0 of its row is.
    let count = elements(result.iter().map(|&d| i64::from(d)))? as usize;
    m.b.folds(2 * count)?;
    let starts = (0..count).map(|at| {
        let (mut rest, mut place, mut step) = (at, 0usize, 1usize);
        for d in (0..dims.len()).rev() {
            if d != along {
                place += rest % result[d] as usize * step;
            }
            rest /= result[d] as usize;
            step *= dims[d] as usize;
        }
        place
    });
    let total: u32 = dims.iter().product();
    let taken = match &indices {
        Arg::Constant(c) => {
            let list = positions(c, dims[along])?;
            let places = starts
                .zip(list)
                .map(|(start, at)| (start + at as usize * inner) as u32);
            let places = places.collect();
            let flat = m.reshape(x, &[total])?;
            m.entries(flat, 0, places)?
        }
        Arg::Value(_) => {
            let indices = from_front(&mut m, indices, dims[along])?;
            let starts: Vec<i64> = starts.map(|start| start as i64).collect();
            let starts = Constant::new(
                &call.node.name,
                result.clone(),
                crate::constant::Data::I64(starts),
            )?;
            let flat = m.reshape(x, &[total])?;
            let steps = affine(&mut m, indices, inner as f32, 0.0)?;
            let places = m.pair(Operator::Add, steps, Arg::Constant(starts))?;
            let element = m.element(&flat);
            m.emit(Operator::Lookup { axis: 0 }, vec![flat, places], &result, element)?
        }
    };
    m.reshape(taken, &result)
}

/// Each index names a place in the first dimensions after the batch, and takes all that lies there.
pub(super) fn gather_nd(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let x = call.arg(0)?.clone();
    let dims = b.dims(&x).to_vec();
    let batch = call.attributes.int("batch_dims", 0)?;
    let indices = call.needed(1, "the list of indices")?;
    let wrong_shape = || Problem::Shape(format!("indices {:?} into {dims:?}", indices.dims));
    let [outer @ .., depth] = &indices.dims[..] else {
        return Err(wrong_shape());
    };
    let batch = usize::try_from(batch)
        .ok()
        .filter(|&n| n <= outer.len() && n < dims.len())
        .ok_or_else(|| wrong("batch_dims", format!("{batch}")))?;
    let end = batch.saturating_add(*depth as usize);
    let (Some(named), Some(rest)) = (dims.get(batch..end), dims.get(end..)) else {
        return Err(wrong_shape());
    };
    if *depth == 0 || outer[..batch] != dims[..batch] {
        return Err(wrong_shape());
    }
    let list = indices.whole("the indices")?;
    b.folds(list.len())?;
    let rows: usize = named.iter().map(|&d| d as usize).product();
    let each: usize = outer[batch..].iter().map(|&d| d as usize).product();
    let mut places = Vec::with_capacity(list.len() / *depth as usize);
    for (at, index) in list.chunks_exact(*depth as usize).enumerate() {
        let mut place = 0usize;
        for (&i, &extent) in index.iter().zip(named) {
            let i = axis("indices", i, extent as usize)
                .map_err(|_| Problem::Shape(format!("index {i} of a dimension of {extent}")))?;
            place = place * extent as usize + i;
        }
        places.push((at / each.max(1) * rows + place) as u32);
    }
    let result: Vec<u32> = outer.iter().chain(rest).copied().collect();
    let before: u32 = dims[..end].iter().product();
    let inner: u32 = rest.iter().product();
    let mut m = Maker::new(b, call);
    let table = m.reshape(x, &[before, inner])?;
    let taken = m.entries(table, 0, places)?;
    m.reshape(taken, &result)
}

#[cfg(test)]
mod tests {
    #[test]
    fn computed_positions_count_from_the_end_whatever_the_samples_show() {
        crate::float::cases::check("positions");
    }
}
