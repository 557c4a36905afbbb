//! Operators that move elements about or compute with shapes; and ArgMax.
//!
//! Exporters write shapes as small graphs (Shape, Gather, Concat into Reshape). Every shape is known
//! here, so all of that folds away.

use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator};
use metisvm_model::limits::MAX_RANK;

/// A dimension that may be counted from the end.
fn axis(name: &str, axis: i64, rank: usize) -> Result<usize, Problem> {
    let counted = if axis < 0 {
        axis.saturating_add(rank as i64)
    } else {
        axis
    };
    usize::try_from(counted)
        .ok()
        .filter(|&a| a < rank)
        .ok_or_else(|| {
            wrong(
                name,
                format!("there are {rank} dimensions, not one of number {axis}"),
            )
        })
}

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
    let Arg::Value(id) = x else {
        return Err(Problem::Unsupported("its operand is a constant".to_string()));
    };
    if b.typed_value(id).element == Element::Int {
        return Err(Problem::UnsupportedType {
            actual: "INT64".to_string(),
            expected: "it must be FLOAT, UINT8 or INT8",
        });
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
    b.emit(&call.node, Operator::Reshape, vec![y], &dims, Element::Int)
}

/// The operand in another shape of as many elements.
fn reshaped(b: &mut Builder, call: &Call<'_>, x: &Arg, dims: Vec<u32>) -> Result<Arg, Problem> {
    match x {
        Arg::Constant(c) => {
            b.folds(c.len())?;
            Ok(Arg::Constant(c.reshaped(dims)?))
        }
        Arg::Value(id) if b.dims(x) == dims => Ok(Arg::Value(*id)),
        Arg::Value(id) => {
            let element = b.typed_value(*id).element;
            b.emit(&call.node, Operator::Reshape, vec![x.clone()], &dims, element)
        }
    }
}

pub(super) fn reshape(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let x = call.arg(0)?.clone();
    let copies = !call.attributes.flag("allowzero", false)?;
    let wanted = call.needed(1, "the shape")?.ints("the shape")?;
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
    reshaped(b, call, &x, dims)
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
    reshaped(b, call, &x, dims)
}

/// The list that Squeeze and Unsqueeze are given: an attribute up to opset 12, an operand from then on.
fn listed<'a>(call: &'a Call<'_>) -> Result<Option<&'a [i64]>, Problem> {
    let listed = if call.opset < 13 {
        call.arity(1, 1, "1")?;
        call.attributes.ints("axes")?
    } else {
        call.arity(1, 2, "1 or 2")?;
        match call.constant(1, "the list of axes")? {
            Some(c) => Some(c.ints("axes")?),
            None => None,
        }
    };
    match listed {
        Some(axes) if axes.len() > MAX_RANK => Err(wrong("axes", format!("{} of them", axes.len()))),
        listed => Ok(listed),
    }
}

/// The dimensions that the list names, of `rank`, in order.
fn axes(given: &[i64], rank: usize) -> Result<Vec<usize>, Problem> {
    let mut axes = given
        .iter()
        .map(|&a| axis("axes", a, rank))
        .collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    if axes.len() != given.len() {
        return Err(wrong("axes", "one is named twice"));
    }
    Ok(axes)
}

pub(super) fn squeeze(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let given = listed(call)?;
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
    let dims = (0..from.len()).filter(|&i| !gone(i)).map(|i| from[i]).collect();
    reshaped(b, call, &x, dims)
}

pub(super) fn unsqueeze(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let given = listed(call)?.ok_or_else(|| wrong("axes", "they are missing"))?;
    let x = call.arg(0)?.clone();
    let mut dims = b.dims(&x).to_vec();
    for axis in axes(given, dims.len() + given.len())? {
        dims.insert(axis, 1);
    }
    reshaped(b, call, &x, dims)
}

pub(super) fn identity(call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    call.arg(0).cloned()
}

/// In inference it changes nothing.
pub(super) fn dropout(call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 3, "1 to 3")?;
    call.attributes.float("ratio", 0.5)?;
    call.attributes.int("seed", 0)?;
    match call.optional(2) {
        None => call.arg(0).cloned(),
        Some(_) => Err(Problem::Unsupported(
            "training_mode is given; export the model for inference".to_string(),
        )),
    }
}

pub(super) fn constant(call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(0, 0, "0")?;
    let name = &call.node.name;
    let a = &call.attributes;
    let list = |data: Data, length: usize| Constant::new(name, vec![length as u32], data);
    let constant = if let Some(tensor) = a.tensor("value")? {
        Constant::of(tensor, name)?
    } else if let Some(v) = a.float_if_any("value_float")? {
        Constant::new(name, vec![], Data::F32(vec![v]))?
    } else if let Some(v) = a.int_if_any("value_int")? {
        Constant::new(name, vec![], Data::I64(vec![v]))?
    } else if let Some(v) = a.floats("value_floats")? {
        list(Data::F32(v.to_vec()), v.len())?
    } else if let Some(v) = a.ints("value_ints")? {
        list(Data::I64(v.to_vec()), v.len())?
    } else {
        return Err(wrong(
            "value",
            "a tensor, a number or a list of numbers is needed",
        ));
    };
    Ok(Arg::Constant(constant))
}

pub(super) fn transpose(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.arg(0)?.clone();
    let from = b.dims(&x).to_vec();
    let order: Vec<usize> = match call.attributes.ints("perm")? {
        None => (0..from.len()).rev().collect(),
        Some(perm) => {
            let order: Vec<usize> = perm.iter().filter_map(|&p| usize::try_from(p).ok()).collect();
            let all = order.len() == perm.len()
                && order.len() == from.len()
                && (0..from.len()).all(|i| order.contains(&i));
            if !all {
                return Err(wrong(
                    "perm",
                    format!("it is no order of {} dimensions", from.len()),
                ));
            }
            order
        }
    };
    // Where only dimensions of extent 1 change place, the elements keep theirs.
    let moved: Vec<usize> = order.iter().copied().filter(|&o| from[o] != 1).collect();
    let dims: Vec<u32> = order.iter().map(|&o| from[o]).collect();
    match &x {
        Arg::Constant(c) => {
            b.folds(c.len())?;
            Ok(Arg::Constant(c.transposed(&order)))
        }
        Arg::Value(_) if moved.is_sorted() => reshaped(b, call, &x, dims),
        Arg::Value(_) => Err(Problem::Unsupported(
            "a computed tensor cannot be transposed; only constants can, and dimensions of extent 1"
                .to_string(),
        )),
    }
}

pub(super) fn shape(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let dims = b.dims(call.arg(0)?);
    let rank = dims.len() as i64;
    let bound = |name, default: i64| {
        let v = call.attributes.int(name, default)?;
        let v = if v < 0 { v.saturating_add(rank) } else { v };
        Ok::<_, Problem>(v.clamp(0, rank) as usize)
    };
    let (start, end) = (bound("start", 0)?, bound("end", rank)?);
    let part = dims.get(start..end).unwrap_or_default();
    let data = Data::I64(part.iter().map(|&d| d.into()).collect());
    let constant = Constant::new(&call.node.name, vec![part.len() as u32], data)?;
    Ok(Arg::Constant(constant))
}

/// Of a constant list of INT64, as shapes are.
pub(super) fn gather(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let list = call.needed(0, "the list")?.ints("the list")?;
    let which = call.needed(1, "the indices")?;
    axis("axis", call.attributes.int("axis", 0)?, 1)?;
    b.folds(which.len())?;
    let picked = which
        .ints("indices")?
        .iter()
        .map(|&i| axis("indices", i, list.len()).map(|i| list[i]))
        .collect::<Result<Vec<_>, _>>()?;
    let constant = Constant::new(&call.node.name, which.dims.clone(), Data::I64(picked))?;
    Ok(Arg::Constant(constant))
}

/// Of constant lists of INT64, as shapes are.
pub(super) fn concat(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, usize::MAX, "1 or more")?;
    axis("axis", call.attributes.int("axis", 0)?, 1)?;
    let mut all = Vec::new();
    for index in 0..call.inputs.len() {
        let part = call.needed(index, "every operand")?.ints("an operand")?;
        b.folds(part.len())?;
        all.extend_from_slice(part);
    }
    let constant = Constant::new(&call.node.name, vec![all.len() as u32], Data::I64(all))?;
    Ok(Arg::Constant(constant))
}
