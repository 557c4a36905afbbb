//! Native code for hot EVM bytecode: regions of a contract become machine code when they are hot, and gas, results,
//! logs, state and halt reasons stay those of revm's interpreter.
//!
//! `docs/jit.md` in the repository has the design, and says how to add an instruction.

mod arithmetic;
mod background;
mod budget;
mod builder;
mod cache;
mod code;
mod code_memory;
mod compiler;
mod contract;
mod counters;
mod disk;
mod emit;
mod enter;
mod error;
mod executable;
mod glue;
mod helpers;
mod jit;
mod machine_code;
mod opcode;
mod options;
mod plan;
mod record;
mod rules;
#[cfg(test)]
mod testing;

pub use counters::Counters;
pub use error::JitError;
pub use jit::{Compiled, Jit, Native};
pub use options::{JitMode, JitOptions};
pub use rules::Rules;
