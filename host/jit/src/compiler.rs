//! From a region of a plan to machine code.

use crate::{
    JitError,
    plan::{Declined, Plan},
};
use revm::primitives::B256;

/// The code generator for this machine. Shared by threads.
#[derive(Debug)]
pub(crate) struct Compiler;

impl Compiler {
    pub(crate) fn new() -> Result<Self, JitError> {
        Ok(Self)
    }

    /// What machine code depends on besides bytecode and rules: versions of the emitter and of Cranelift, features of
    /// the processor, and the layout of what code and helpers share.
    pub(crate) fn fingerprint(&self) -> B256 {
        B256::ZERO
    }

    /// Machine code of a region: position independent, without relocations.
    pub(crate) fn region(&self, _plan: &Plan, _region: usize) -> Result<Vec<u8>, Declined> {
        Err(Declined)
    }
}
