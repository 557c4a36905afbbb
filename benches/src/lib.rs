//! What the benchmarks of the block engine share: the engine and plain revm as they are timed, the order of
//! samples, and how figures are shown. docs/benchmarks.md says what is timed.
//!
//! - [`ours`] is the only place that calls the block engine;
//! - [`plain`] is what it is compared with: alloy-evm's executor over revm;
//! - [`sampling`] takes samples of several variants in turn;
//! - [`agreement`] sees to it that the variants do the same work;
//! - [`chain`] makes chains of blocks of the project's workloads;
//! - [`mainnet`] reads a block of Ethereum's;
//! - [`native`] has the transactions on which native code is compared with the interpreter;
//! - [`slow_state`] is a state whose reads take time.

pub mod agreement;
pub mod chain;
pub mod mainnet;
pub mod native;
pub mod options;
pub mod ours;
pub mod plain;
pub mod sampling;
pub mod show;
pub mod slow_state;

use std::{io, process::ExitCode};

/// What can go wrong in a benchmark: it is said, and the benchmark ends.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The end of a benchmark's `main`. A closed pipe is no error: whoever reads has seen enough.
pub fn end(outcome: Result<(), Failure>) -> ExitCode {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.downcast_ref::<io::Error>().is_some_and(closed) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
