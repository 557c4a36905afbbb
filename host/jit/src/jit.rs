use crate::{Counters, JitError, JitOptions, Rules};
use revm::{
    bytecode::Bytecode,
    context_interface::Host,
    interpreter::{GasTable, InstructionTable, Interpreter, InterpreterAction, interpreter::EthInterpreter},
    primitives::B256,
};
use std::{sync::Arc, time::Duration};

/// The native compiler with its cache: one for a process, shared by all EVMs.
#[derive(Debug)]
pub struct Jit {
    options: JitOptions,
}

/// What ahead-of-time compilation of one contract gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compiled {
    /// Length of the bytecode.
    pub bytecode_bytes: usize,
    /// Regions it has.
    pub regions: usize,
    /// Those that were compiled now; the others came from memory or disk.
    pub compiled_regions: usize,
    /// Regions that the compiler declined: they are interpreted.
    pub declined_regions: usize,
    /// Length of all its machine code.
    pub code_bytes: usize,
    /// Processor time of the compiler.
    pub compile_time: Duration,
}

impl Jit {
    /// A compiler that works as the options say. With `JitMode::Off`, and on machines for which no code is emitted
    /// ([`Jit::is_supported`]), everything is interpreted.
    pub fn new(options: JitOptions) -> Result<Arc<Self>, JitError> {
        Ok(Arc::new(Self { options }))
    }

    /// Whether code is emitted for this machine.
    pub const fn is_supported() -> bool {
        cfg!(all(target_arch = "x86_64", target_os = "linux"))
    }

    /// The options.
    pub fn options(&self) -> &JitOptions {
        &self.options
    }

    /// What was done until now.
    pub fn counters(&self) -> Counters {
        Counters::default()
    }

    /// Compiles all of a contract now, and keeps it in memory and, where there is a folder, on disk.
    pub fn compile(&self, _hash: B256, _code: &Bytecode, _rules: &Rules) -> Result<Compiled, JitError> {
        Ok(Compiled::default())
    }

    /// Waits until the background has nothing to do, and what is to be kept is on disk.
    pub fn settle(&self) {}

    /// What one EVM runs frames with.
    pub fn native(self: &Arc<Self>, rules: Rules) -> Native {
        Native {
            _jit: self.clone(),
            _rules: rules,
        }
    }
}

/// What one EVM runs frames with, for one set of rules.
#[derive(Debug)]
pub struct Native {
    _jit: Arc<Jit>,
    _rules: Rules,
}

impl Native {
    /// Runs a frame from where its instruction pointer stands until it has an action: what `Interpreter::run_plain`
    /// does, in native code as far as there is some.
    pub fn run<H: Host>(
        &mut self,
        interpreter: &mut Interpreter<EthInterpreter>,
        instructions: &InstructionTable<EthInterpreter, H>,
        gas: &GasTable,
        host: &mut H,
    ) -> InterpreterAction {
        interpreter.run_plain(instructions, gas, host)
    }
}
