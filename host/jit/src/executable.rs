//! The machine code of a contract, as far as there is some.

use crate::plan::Plan;
use std::io;

/// A contract with the code of its regions. Code that runs holds it, so it is freed when nobody does.
#[derive(Debug)]
pub(crate) struct Executable {
    plan: Plan,
}

impl Executable {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// True where a region has code.
    pub(crate) fn has(&self, _region: usize) -> bool {
        false
    }

    /// Puts machine code that [`Compiler::region`](crate::compiler::Compiler::region) made for this region into memory
    /// that can be executed and not written, and makes it the region's. The first code of a region stays.
    pub(crate) fn install(&self, _region: usize, _code: &[u8]) -> io::Result<()> {
        Ok(())
    }

    /// The machine code of a region.
    pub(crate) fn code(&self, _region: usize) -> Option<&[u8]> {
        None
    }
}
