//! What is hot in blocks: which contracts, opcodes and call paths, and what compiling the hottest contracts gains.
//!
//! A block is executed several times over the state in its file, one transaction after the other:
//! 1. with an inspector that counts. Frames, instructions and gas are exact and the same on every machine;
//! 2. without an inspector, with a clock at the boundaries of frames. These times are measured;
//! 3. if asked for, in turns without native code and with that of the hottest contracts, with clocks likewise.
//!
//! Time is not measured by opcode: a clock around an instruction of a nanosecond would measure itself. Nor are the
//! protocol's system calls in any figure: they are no transactions.
//!
//! [`Profiler`] takes blocks in and gives a [`Profile`].

mod calls;
mod code;
mod count;
mod counts;
mod native;
mod profiler;
mod report;
mod run;
mod timed_evm;

pub use calls::{Call, CallTree, MAX_CALL_PATHS, Node};
pub use code::Code;
pub use counts::TransactionGas;
pub use native::{CompiledCode, NativeGain, NativeProfiler, NativeReport};
pub use profiler::{ProfiledBlock, Profiler};
pub use report::{CodeUse, GasTotals, OpcodeUse, PairUse, Profile};
