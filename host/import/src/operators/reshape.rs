//! Reshape, Flatten, Squeeze and Unsqueeze: the same elements in another shape.

use super::axes::{axes, axis, listed};
use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::Arg;

pub(super) fn reshape(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let x = call.arg(0)?.clone();
    let copies = !call.attributes.flag("allowzero", false)?;
    let wanted = call.needed(1, "the shape")?.whole("the shape")?;
    let from = b.dims(&x);
    let elements: u64 = from.iter().map(|&d| u64::from(d)).product();
    let wrong = || {
        Problem::Shape(format!(
            "{from:?} cannot become {:?}",
            &wanted[..wanted.len().min(9)]
        ))
    };
    let (mut known, mut inferred) = (1u64, None);
    let mut dims = Vec::new();
    for (i, &extent) in wanted.iter().enumerate() {
        let extent = match extent {
            -1 if inferred.is_none() => {
                inferred = Some(i);
                1
            }
            0 if copies => *from.get(i).ok_or_else(wrong)?,
            extent => u32::try_from(extent).map_err(|_| wrong())?,
        };
        known = known.saturating_mul(extent.into());
        dims.push(extent);
    }
    if let Some(i) = inferred {
        let extent = elements.checked_div(known).ok_or_else(wrong)?;
        dims[i] = u32::try_from(extent).map_err(|_| wrong())?;
        known = known.saturating_mul(extent);
    }
    if known != elements {
        return Err(wrong());
    }
    Maker::new(b, call).reshape(x, &dims)
}

pub(super) fn flatten(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.arg(0)?.clone();
    let dims = b.dims(&x);
    // The axis may also be the rank itself: everything before, nothing after.
    let at = axis("axis", call.attributes.int("axis", 1)?, dims.len() + 1);
    let at = match (at, call.attributes.int("axis", 1)?) {
        (Ok(at), given) if given >= 0 => at,
        (_, given) => axis("axis", given, dims.len())?,
    };
    let dims = vec![dims[..at].iter().product(), dims[at..].iter().product()];
    Maker::new(b, call).reshape(x, &dims)
}

pub(super) fn squeeze(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let given = listed(call, 13)?;
    let x = call.arg(0)?.clone();
    let from = b.dims(&x);
    let named = match given {
        Some(given) => Some(axes(given, from.len())?),
        None => None,
    };
    let gone = |i: usize| named.as_ref().map_or(from[i] == 1, |a| a.contains(&i));
    if (0..from.len()).any(|i| gone(i) && from[i] != 1) {
        return Err(Problem::Shape(format!(
            "a dimension of {from:?} that is squeezed is not 1"
        )));
    }
    let dims: Vec<u32> = (0..from.len()).filter(|&i| !gone(i)).map(|i| from[i]).collect();
    Maker::new(b, call).reshape(x, &dims)
}

pub(super) fn unsqueeze(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let given = listed(call, 13)?.ok_or_else(|| wrong("axes", "they are missing"))?;
    let x = call.arg(0)?.clone();
    let mut dims = b.dims(&x).to_vec();
    for axis in axes(given, dims.len() + given.len())? {
        dims.insert(axis, 1);
    }
    Maker::new(b, call).reshape(x, &dims)
}
