//! Pad: more entries at the ends of dimensions, or fewer.

use super::axes::axis;
use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, elements};
use crate::error::{Problem, plain};
use crate::typed::{Arg, Element};

/// Entries to add before and after each dimension; to take away where below zero.
fn pads(call: &Call<'_>, rank: usize) -> Result<Vec<(i64, i64)>, Problem> {
    let (list, axes) = if call.opset < 11 {
        call.arity(1, 1, "1")?;
        let pads = call.attributes.ints("pads")?;
        (
            pads.ok_or_else(|| wrong("pads", "they are missing"))?.to_vec(),
            None,
        )
    } else {
        call.arity(2, 4, "2 to 4")?;
        let list = call.needed(1, "the list of pads")?.whole("the list of pads")?;
        let axes = call.constant(3, "the list of axes")?;
        (list, axes.map(|c| c.whole("the list of axes")).transpose()?)
    };
    let axes = axes.unwrap_or_else(|| (0..rank as i64).collect());
    if axes.len() > rank || list.len() != 2 * axes.len() {
        return Err(Problem::Shape(format!(
            "{} pads for {} of {rank} dimensions",
            list.len(),
            axes.len()
        )));
    }
    let mut pads = vec![(0, 0); rank];
    let (before, after) = list.split_at(axes.len());
    for ((&along, &before), &after) in axes.iter().zip(before).zip(after) {
        pads[axis("axes", along, rank)?] = (before, after);
    }
    Ok(pads)
}

/// What a mode puts in the place of entry `at` of a dimension, which may lie outside.
fn mirrored(mode: &str, at: i64, extent: i64) -> i64 {
    match mode {
        "edge" => at.clamp(0, extent - 1),
        "wrap" => at.rem_euclid(extent),
        // Back and forth, without repeating the ends.
        _ if extent == 1 => 0,
        _ => {
            let turn = at.rem_euclid(2 * (extent - 1));
            turn.min(2 * (extent - 1) - turn)
        }
    }
}

/// The number that is put in by mode `constant`.
fn value(call: &Call<'_>, x: &Constant) -> Result<Constant, Problem> {
    let of = |data| Constant::new("constant_value", vec![], data);
    let zero = || x.data.like(&[0]).unwrap_or_else(|| Data::F32(vec![0.0]));
    if call.opset < 11 {
        return of(Data::F32(vec![call.attributes.float("value", 0.0)?]));
    }
    match call.constant(2, "the value")? {
        Some(c) if c.len() == 1 && c.is_float() => of(Data::F32(c.reals())),
        Some(c) if c.len() == 1 => c.reshaped(vec![]),
        Some(c) => Err(Problem::Shape(format!(
            "the value is {:?}, not one number",
            c.dims
        ))),
        None => of(zero()),
    }
}

/// `count` entries of one number beside x along a dimension.
fn block(m: &mut Maker<'_>, value: &Constant, like: &[u32], axis: usize, count: u32) -> Result<Arg, Problem> {
    let mut dims = like.to_vec();
    dims[axis] = count;
    let count = elements(dims.iter().map(|&d| i64::from(d)))? as usize;
    m.b.folds(count)?;
    let data = value.data.gather(std::iter::repeat_n(0, count));
    Ok(Arg::Constant(Constant::new(&value.name, dims, data)?))
}

pub(super) fn pad(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let mut x = call.arg(0)?.clone();
    let dims = b.dims(&x).to_vec();
    let pads = pads(call, dims.len())?;
    let mode = call.attributes.string("mode", "constant")?;
    if !matches!(mode, "constant" | "reflect" | "edge" | "wrap") {
        return Err(wrong("mode", format!("{} is unknown", plain(mode))));
    }
    let mut extents = Vec::with_capacity(dims.len());
    for (&extent, &(before, after)) in dims.iter().zip(&pads) {
        let sum = i64::from(extent).saturating_add(before).saturating_add(after);
        extents.push(sum);
    }
    if extents.iter().any(|&e| e < 1) {
        return Err(Problem::Shape(format!("nothing of {dims:?} is left")));
    }
    elements(extents.into_iter())?;
    let kind = match &x {
        Arg::Constant(c) => c.clone(),
        Arg::Value(id) => {
            let data = match b.typed_value(*id).element {
                Element::Real => Data::F32(vec![0.0]),
                _ => Data::I64(vec![0]),
            };
            Constant::new("", vec![], data)?
        }
    };
    let value = value(call, &kind)?;
    let mut m = Maker::new(b, call);
    for (axis, &(before, after)) in pads.iter().enumerate() {
        let extent = i64::from(dims[axis]);
        let (first, last) = if mode == "constant" {
            // What is cut off first; the rest comes from the value.
            ((-before).max(0), extent - (-after).max(0))
        } else {
            (-before, extent.saturating_add(after))
        };
        let count = last.saturating_sub(first).max(0);
        m.b.folds(count as usize)?;
        let indices = (first..last)
            .map(|at| mirrored(mode, at, extent) as u32)
            .collect();
        x = m.entries(x, axis, indices)?;
        if mode != "constant" {
            continue;
        }
        let mut parts = Vec::new();
        let like = m.dims(&x);
        for (count, own) in [(before, None), (0, Some(x)), (after, None)] {
            if let Some(own) = own {
                parts.push(own);
            } else if let Ok(count @ 1..) = u32::try_from(count) {
                parts.push(block(&mut m, &value, &like, axis, count)?);
            }
        }
        x = m.joined(parts, axis)?;
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::mirrored;

    #[test]
    fn places_outside_are_taken_from_inside() {
        let all = |mode| (-3..7).map(|at| mirrored(mode, at, 4)).collect::<Vec<_>>();
        assert_eq!(all("reflect"), [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
        assert_eq!(all("edge"), [0, 0, 0, 0, 1, 2, 3, 3, 3, 3]);
        assert_eq!(all("wrap"), [1, 2, 3, 0, 1, 2, 3, 0, 1, 2]);
        assert_eq!(mirrored("reflect", -5, 1), 0);
    }
}
