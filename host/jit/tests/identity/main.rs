//! Native code against the interpreter, which is the definition: programs that somebody made up are executed by both,
//! and results, halt reasons, gas, refunds, logs, output, every account and every frame have to be alike.
//!
//! - `METISVM_JIT_PROGRAMS`: how many generated programs.
//! - `METISVM_FIRST_SEED`: where their seeds begin; another number means other programs.
//! - `METISVM_SEED`: the one seed to look at, from the message of a failure.
//! - `METISVM_JIT_EXECUTION`: the one execution to look at, the line of a failure.
//! - `METISVM_FUZZ_SECONDS`: how long the fuzzer makes up bytes.

mod broken;
mod check;
mod compare;
mod execution;
mod fuzz;
mod generate;
mod generated;
mod hostile;
mod instructions;
mod isolated;
mod knobs;
mod machine;
mod native;
mod program;
mod report;
mod shrink;
mod source;
mod world;
