//! The compiler under test.

use crate::machine::Runners;
use metisvm_jit::{Jit, JitMode, JitOptions, Native, Rules};
use revm::{interpreter::GasTable, primitives::hardfork::SpecId};
use std::{io::Write, sync::Arc};

/// Machine code in memory, in bytes. Little, so that contracts are dropped while a run goes on.
const MEMORY: usize = 32 << 20;

/// A compiler that compiles everything before it is executed.
#[derive(Debug, Clone)]
pub(crate) struct Compilers {
    pub(crate) jit: Arc<Jit>,
}

impl Compilers {
    pub(crate) fn new() -> Self {
        let options = JitOptions {
            mode: JitMode::Always,
            memory_bytes: MEMORY,
            ..JitOptions::default()
        };
        let jit = Jit::new(options).expect("the compiler starts");
        Self { jit }
    }
}

impl Runners for Compilers {
    type Runner = Native;

    fn runner(&self, spec: SpecId, gas: &GasTable) -> Native {
        self.jit.native(Rules::new(spec, gas))
    }
}

/// Says that a test is left out where there is no native code, past the test harness.
pub(crate) fn is_left_out(what: &str) -> bool {
    if !Jit::is_supported() {
        let _ = writeln!(
            std::io::stderr(),
            "left out: {what} (native code is for x86-64 on Linux)"
        );
    }
    !Jit::is_supported()
}
