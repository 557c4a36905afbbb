//! What the cache and the background need of the compiler and of what it makes. Their own tests put something in its
//! place that is quick, slow, or panics.

use crate::{
    Rules,
    compiler::Compiler,
    executable::Executable,
    plan::{Declined, Plan},
};
use revm::{bytecode::Bytecode, primitives::B256};
use std::{fmt::Debug, io};

/// The code of one contract, by region, as far as there is some.
pub(crate) trait Code: Debug + Send + Sync + 'static {
    /// How many regions there are; one at least.
    fn regions(&self) -> usize;
    /// Bytecode of a region, in bytes.
    fn bytecode_bytes(&self, region: usize) -> usize;
    /// Whether a region has code.
    fn has(&self, region: usize) -> bool;
    /// Makes this the code of a region, unless it has some.
    fn install(&self, region: usize, code: &[u8]) -> io::Result<()>;
    /// The code of a region.
    fn code(&self, region: usize) -> Option<&[u8]>;
}

/// Makes code.
pub(crate) trait Generator: Debug + Send + Sync + 'static {
    /// What it makes.
    type Code: Code;
    /// What code depends on besides bytecode and rules.
    fn fingerprint(&self) -> B256;
    /// Analyses a contract. No region has code after that.
    fn plan(&self, bytecode: &Bytecode, rules: &Rules) -> Result<Self::Code, Declined>;
    /// Compiles a region.
    fn region(&self, code: &Self::Code, region: usize) -> Result<Vec<u8>, Declined>;
}

impl Code for Executable {
    fn regions(&self) -> usize {
        self.plan().regions()
    }

    fn bytecode_bytes(&self, region: usize) -> usize {
        self.plan().bytecode_bytes(region)
    }

    fn has(&self, region: usize) -> bool {
        self.has(region)
    }

    fn install(&self, region: usize, code: &[u8]) -> io::Result<()> {
        self.install(region, code)
    }

    fn code(&self, region: usize) -> Option<&[u8]> {
        self.code(region)
    }
}

impl Generator for Compiler {
    type Code = Executable;

    fn fingerprint(&self) -> B256 {
        self.fingerprint()
    }

    fn plan(&self, bytecode: &Bytecode, rules: &Rules) -> Result<Executable, Declined> {
        Ok(Executable::new(Plan::new(bytecode, rules)?, self.glue()))
    }

    fn region(&self, code: &Executable, region: usize) -> Result<Vec<u8>, Declined> {
        self.region(code.plan(), region)
    }
}
