//! What backends give: held to what the part gives, and read back.

use super::part::Part;
use super::run::Tally;
use crate::backend::{BackendError, Placement};
use crate::buffer::{Batch, Buffer, types};
use crate::member::{Member, caught_result};
use std::borrow::Cow;

/// A buffer read back from its device.
pub(super) fn returned(buffer: &Buffer, tally: &mut Tally) -> Result<Buffer, BackendError> {
    let items = caught_result(|| buffer.to_host().map(Cow::into_owned))?;
    tally.from_devices += buffer.bytes();
    Buffer::host(buffer.ty().clone(), items)
}

/// Whether a backend gave what a part gives.
pub(super) fn check(outputs: &Batch, part: &Part, member: &Member, items: usize) -> Result<(), BackendError> {
    let expected = types(&part.segment, part.segment.outputs());
    let wrong = |what: String| Err(BackendError::WrongResult(what));
    if outputs.items() != items {
        return wrong(format!(
            "it has the wrong length: {} items, not {}",
            outputs.items(),
            items
        ));
    }
    if outputs.values().len() != expected.len() {
        return wrong(format!(
            "{} outputs, not {}",
            outputs.values().len(),
            expected.len()
        ));
    }
    for (output, ty) in outputs.values().iter().zip(expected) {
        if output.ty() != ty {
            return wrong(format!("an output of type {}, not {ty}", output.ty()));
        }
        if output.placement() != Placement::Host && output.placement() != member.placement {
            return wrong("an output on another device".into());
        }
    }
    Ok(())
}
