//! What is known from the file alone: constants, and the shapes of tensors. Exporters write shapes as small graphs
//! (Shape, Gather, Concat into Reshape); every shape is known here, so all of that folds away.

use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::typed::Arg;

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

/// The number of elements.
pub(super) fn size(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let elements: i64 = b.dims(call.arg(0)?).iter().map(|&d| i64::from(d)).product();
    let constant = Constant::new(&call.node.name, vec![], Data::I64(vec![elements]))?;
    Ok(Arg::Constant(constant))
}
