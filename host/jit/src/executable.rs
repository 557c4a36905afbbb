//! The machine code of a contract, as far as there is some.

use crate::{code_memory::CodeMemory, glue::Glue, plan::Plan};
use core::{
    ptr,
    sync::atomic::{
        AtomicPtr,
        Ordering::{Acquire, Release},
    },
};
use std::{
    io,
    sync::{Arc, OnceLock},
};

/// A contract with the code of its regions. Who runs code holds it, so that it is freed when nobody does.
#[derive(Debug)]
pub(crate) struct Executable {
    plan: Plan,
    glue: Arc<Glue>,
    /// The functions of the regions. Machine code reads them.
    functions: Box<[AtomicPtr<u8>]>,
    /// What they point into, where that is not what stands for a region without code.
    code: Box<[OnceLock<CodeMemory>]>,
}

impl Executable {
    pub(crate) fn new(plan: Plan, glue: &Arc<Glue>) -> Self {
        let missing = glue.missing.start().cast_mut();
        Self {
            glue: glue.clone(),
            functions: (0..plan.regions()).map(|_| AtomicPtr::new(missing)).collect(),
            code: (0..plan.regions()).map(|_| OnceLock::new()).collect(),
            plan,
        }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn glue(&self) -> &Glue {
        &self.glue
    }

    /// The functions of the regions, for machine code. One that stands for a region without code may become another
    /// one at any time.
    pub(crate) fn functions(&self) -> *const *const u8 {
        self.functions.as_ptr().cast()
    }

    /// The function of a region.
    pub(crate) fn function(&self, region: usize) -> *const u8 {
        self.functions
            .get(region)
            .map_or(ptr::null(), |function| function.load(Acquire).cast_const())
    }

    /// True where a region has code.
    pub(crate) fn has(&self, region: usize) -> bool {
        self.code.get(region).is_some_and(|code| code.get().is_some())
    }

    /// Puts machine code that [`Compiler::region`](crate::compiler::Compiler::region) made for this region into memory that can be executed and not
    /// written, and makes it the region's. The first code of a region stays.
    pub(crate) fn install(&self, region: usize, code: &[u8]) -> io::Result<()> {
        let (Some(place), Some(function)) = (self.code.get(region), self.functions.get(region)) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the contract has no such region",
            ));
        };
        if place.get().is_none() {
            let memory = CodeMemory::new(code)?;
            let start = place.get_or_init(|| memory).start();
            function.store(start.cast_mut(), Release);
        }
        Ok(())
    }

    /// The machine code of a region.
    pub(crate) fn code(&self, region: usize) -> Option<&[u8]> {
        self.code.get(region)?.get().map(CodeMemory::code)
    }
}
