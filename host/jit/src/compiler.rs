//! From a region of a plan to machine code, with Cranelift.

use crate::{
    JitError, emit,
    glue::Glue,
    machine_code::machine_code,
    plan::{Declined, Plan},
    record,
};
use core::fmt;
use cranelift_codegen::{
    ir::Function,
    isa::OwnedTargetIsa,
    settings::{self, Configurable},
};
use cranelift_frontend::FunctionBuilderContext;
use revm::primitives::{B256, keccak256};
use std::sync::Arc;

/// To be raised with every change of what is emitted or of what [`Record`](crate::record::Record)'s functions do: code
/// on disk from before is then not used.
const VERSION: u32 = 2;
/// A region with more instructions of Cranelift's form is declined as soon as it has them: they take memory, and what
/// comes after takes time. No region of a real contract had a third.
const MOST_INSTRUCTIONS: usize = 1 << 16;
/// With more instructions than these registers are allocated in a single pass. The better allocator takes time that
/// grows with the square of a region whose words are all in use at once, and real contracts have a quarter of it.
const MANY_INSTRUCTIONS: usize = 1 << 14;

/// Instructions beyond x86-64's first version that machine code uses where the processor has them.
#[cfg(target_arch = "x86_64")]
fn features() -> [(&'static str, bool); 4] {
    [
        ("has_bmi1", std::is_x86_feature_detected!("bmi1")),
        ("has_bmi2", std::is_x86_feature_detected!("bmi2")),
        ("has_lzcnt", std::is_x86_feature_detected!("lzcnt")),
        ("has_popcnt", std::is_x86_feature_detected!("popcnt")),
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> [(&'static str, bool); 0] {
    []
}

/// The code generator for this machine. Shared by threads.
pub(crate) struct Compiler {
    isa: OwnedTargetIsa,
    /// For functions with [`MANY_INSTRUCTIONS`].
    single_pass: OwnedTargetIsa,
    glue: Arc<Glue>,
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").finish_non_exhaustive()
    }
}

impl Compiler {
    pub(crate) fn new() -> Result<Self, JitError> {
        if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            return Err(JitError::Unsupported);
        }
        let isa = target("backtracking")?;
        let single_pass = target("single_pass")?;
        let failed = |error: std::io::Error| JitError::Compiler(error.to_string());
        let glue = Glue::new(&isa).map_err(failed)?;
        Ok(Self {
            isa,
            single_pass,
            glue,
        })
    }

    /// What all contracts share.
    pub(crate) fn glue(&self) -> &Arc<Glue> {
        &self.glue
    }

    /// What machine code depends on besides bytecode and rules: versions of the emitter and of Cranelift, features of
    /// the processor, and the layout of what code and helpers share.
    pub(crate) fn fingerprint(&self) -> B256 {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        bytes.extend(cranelift_codegen::VERSION.as_bytes());
        bytes.extend(features().map(|(_, present)| u8::from(present)));
        bytes.extend(record::OFFSETS.iter().flat_map(|offset| offset.to_le_bytes()));
        keccak256(bytes)
    }

    /// Machine code of a region: position independent, without relocations.
    pub(crate) fn region(&self, plan: &Plan, region: usize) -> Result<Vec<u8>, Declined> {
        let mut function = Function::new();
        let mut context = FunctionBuilderContext::new();
        let target = self.isa.frontend_config();
        emit::region(
            plan,
            region,
            &mut function,
            &mut context,
            target,
            MOST_INSTRUCTIONS,
        )?;
        let isa = if function.dfg.num_insts() > MANY_INSTRUCTIONS {
            &self.single_pass
        } else {
            &self.isa
        };
        machine_code(isa, function)
    }
}

/// Code generation for this processor, with one of Cranelift's algorithms for registers.
fn target(registers: &str) -> Result<OwnedTargetIsa, JitError> {
    let failed = |problem: &dyn fmt::Display| JitError::Compiler(problem.to_string());
    let mut flags = settings::builder();
    for (name, value) in [
        // The emitter folds constants itself; what Cranelift would find besides costs more than it gains.
        ("opt_level", "none"),
        ("regalloc_algorithm", registers),
        ("is_pic", "true"),
        // Hostile code has frames of tens of kilobytes, which must not reach over the guard below a thread's stack.
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
        ("unwind_info", "false"),
        ("enable_table_access_spectre_mitigation", "false"),
        (
            "enable_verifier",
            if cfg!(debug_assertions) { "true" } else { "false" },
        ),
        // Tail calls need them.
        ("preserve_frame_pointers", "true"),
    ] {
        flags.set(name, value).map_err(|error| failed(&error))?;
    }
    let mut isa = cranelift_codegen::isa::lookup_by_name("x86_64").map_err(|error| failed(&error))?;
    for (feature, present) in features() {
        if present {
            isa.enable(feature).map_err(|error| failed(&error))?;
        }
    }
    isa.finish(settings::Flags::new(flags))
        .map_err(|error| failed(&error))
}
