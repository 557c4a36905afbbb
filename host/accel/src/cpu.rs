//! The `cpu` backend: the kernels of `metisvm-simd` on the processor's own instruction sets.
//!
//! It takes every node. A part is compiled into steps over slots of memory (`program`); what follows a product,
//! and chains of pointwise operators and reductions, run block by block while the block is in the nearest cache
//! (`chain`). A level is used once it has passed its `self_test`, and until an audit finds it wrong. The text
//! is `docs/cpu-backend.md`.

mod chain;
mod compile;
mod executable;
mod levels;
mod memory;
mod program;
mod rest;
mod run;
mod scalar;
mod self_test;
mod shifts;
mod space;
mod view;

pub use levels::{Report, Sabotage};
pub(crate) use rest::{Rest, trusted_level};

use crate::backend::{Backend, BackendError, Executable};
use executable::Compiled;
use levels::Levels;
use metisvm_model::Segment;
use metisvm_simd::Level;
use std::num::NonZeroU32;
use std::sync::Arc;

/// How the `cpu` backend computes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The one set of instructions to use; without one, the fastest that passes its self-test.
    pub level: Option<Level>,
    /// Of so many items one is computed again by the reference kernels, and compared.
    pub audit: Option<NonZeroU32>,
    /// For tests of what follows: a level that computes wrongly.
    pub sabotage: Option<Sabotage>,
}

/// The processor as an engine.
#[derive(Debug)]
pub struct CpuBackend {
    levels: Arc<Levels>,
}

impl CpuBackend {
    /// Tests the levels; those that fail are not used.
    pub fn new(options: Options) -> Self {
        Self {
            levels: Arc::new(Levels::new(options)),
        }
    }

    /// The level at which parts are compiled now; `None` if all that may be used are condemned.
    pub fn level(&self) -> Option<Level> {
        self.levels.current()
    }

    /// What it has done and found out.
    pub fn report(&self) -> Report {
        self.levels.report()
    }
}

impl Backend for CpuBackend {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn healthy(&self) -> bool {
        self.levels.current().is_some()
    }

    fn abilities(&self) -> u64 {
        self.levels.condemned()
    }

    fn identity(&self) -> Option<String> {
        let level = self.levels.current()?;
        let audit = self.levels.options.audit.map_or(0, NonZeroU32::get);
        Some(format!("cpu at {level} with audit {audit}"))
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        let Some(level) = self.levels.current() else {
            return Err(BackendError::Device("every level is condemned".into()));
        };
        Ok(Arc::new(Compiled::new(segment, level, self.levels.clone())))
    }
}
