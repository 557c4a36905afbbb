//! What a person is told of a difference.

use crate::{check::Found, program::disassembly};

/// The one line that brings it back: `METISVM_JIT_EXECUTION`.
pub(crate) fn line(found: &Found) -> String {
    found.trial.execution().to_string()
}

/// All of it.
pub(crate) fn of(seed: u64, found: &Found) -> String {
    let execution = found.trial.execution();
    format!(
        "seed {seed}, fork {:?}, {} gas, {} bytes of code\n\
         METISVM_JIT_EXECUTION='{execution}'\n{}call data 0x{}\n{}",
        execution.spec,
        execution.gas,
        execution.code.len(),
        disassembly(&execution.code),
        revm::primitives::hex::encode(&execution.input),
        found.difference,
    )
}
