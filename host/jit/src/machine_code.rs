//! From Cranelift's intermediate form to machine code.

use crate::plan::Declined;
use cranelift_codegen::{CodegenError, Context, control::ControlPlane, ir::Function, isa::OwnedTargetIsa};

/// Machine code of a function that is longer than this is declined. No region of a real contract's was a tenth of it.
const LONGEST: usize = 1 << 20;

/// Position independent, without relocations.
pub(crate) fn machine_code(isa: &OwnedTargetIsa, function: Function) -> Result<Vec<u8>, Declined> {
    let mut context = Context::for_function(function);
    let compiled = context.compile(&**isa, &mut ControlPlane::default());
    let compiled = compiled.map_err(|error| {
        debug_assert!(
            !matches!(error.inner, CodegenError::Verifier(_)),
            "{:?}",
            error.inner
        );
        Declined
    })?;
    let code = compiled.code_buffer();
    if !compiled.buffer.relocs().is_empty() || code.len() > LONGEST {
        return Err(Declined);
    }
    Ok(code.to_vec())
}
