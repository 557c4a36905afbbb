//! Dimensions that a node names.

use crate::attributes::wrong;
use crate::call::Call;
use crate::error::Problem;
use metisvm_model::limits::MAX_RANK;

/// A dimension that may be counted from the end.
pub(crate) fn axis(name: &str, axis: i64, rank: usize) -> Result<usize, Problem> {
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

/// The dimensions that the list names, of `rank`, in order.
pub(super) fn axes(given: &[i64], rank: usize) -> Result<Vec<usize>, Problem> {
    if given.len() > MAX_RANK {
        return Err(wrong("axes", format!("{} of them", given.len())));
    }
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

/// The list of axes of an operator that had it as an attribute before opset `since`, and has it as operand 1 from
/// then on.
pub(super) fn listed<'a>(call: &'a Call<'_>, since: i64) -> Result<Option<&'a [i64]>, Problem> {
    if call.opset < since {
        call.arity(1, 1, "1")?;
        return call.attributes.ints("axes");
    }
    call.arity(1, 2, "1 or 2")?;
    match call.constant(1, "the list of axes")? {
        Some(c) => Ok(Some(c.ints("axes")?)),
        None => Ok(None),
    }
}
