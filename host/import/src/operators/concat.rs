//! Concat: tensors one after the other along a dimension.

use super::axes::axis;
use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::{Arg, Element};

/// What a part is, where that decides whether it may stand beside the others: constants of a grid's type may stand
/// beside computed integers of a grid.
fn kind(m: &Maker<'_>, part: &Arg) -> Element {
    match m.element(part) {
        Element::Real => Element::Real,
        Element::Quantised(_) | Element::Int => Element::Int,
    }
}

pub(super) fn concat(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, usize::MAX, "1 or more")?;
    let mut m = Maker::new(b, call);
    let mut parts = Vec::with_capacity(call.inputs.len());
    for index in 0..call.inputs.len() {
        let part = call.arg(index)?;
        // Lists of shapes may be empty.
        if m.dims(part) != [0] {
            parts.push(part.clone());
        }
    }
    let Some(first) = parts.first() else {
        return call.arg(0).cloned();
    };
    let dims = m.dims(first);
    let along = call
        .attributes
        .int_if_any("axis")?
        .ok_or_else(|| wrong("axis", "it is missing"))?;
    let axis = axis("axis", along, dims.len())?;
    let element = kind(&m, first);
    for part in &parts {
        let own = m.dims(part);
        let same = own.len() == dims.len() && (0..dims.len()).all(|d| d == axis || own[d] == dims[d]);
        if !same {
            return Err(Problem::Shape(format!(
                "{dims:?} and {own:?} differ in more than dimension {axis}"
            )));
        }
        if kind(&m, part) != element {
            return Err(Problem::UnsupportedType {
                actual: "real beside whole numbers".to_string(),
                expected: "all operands must be of one type",
            });
        }
    }
    m.joined(parts, axis)
}
