//! Native code against the interpreter: whole transactions over a warm state, blocks of mainnet, and workloads.
//! docs/benchmarks.md says what is timed.
//!
//! Both sides remember the hashes of short inputs, and both are in one run, batch by batch in turn. Before the clock
//! starts, everything that is executed is compiled, and results and state are compared.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod blocks;
mod transactions;

use metisvm_benches::{Failure, end, options::Options, show::line};
use metisvm_executor::Threads;
use metisvm_jit::Jit;
use std::process::ExitCode;

fn main() -> ExitCode {
    end(run())
}

fn run() -> Result<(), Failure> {
    let options = Options::read(21, &[1_000])?;
    if !Jit::is_supported() {
        return line("left out: native code (no code is emitted for this machine)");
    }
    let threads = Threads::new(2)?;
    if !options.json {
        line(format_args!(
            "Median of {} samples each; ratios of medians, interpreter over native code.",
            options.samples
        ))?;
    }
    transactions::run(&options, &threads)?;
    blocks::mainnet(&options, &threads)?;
    blocks::workloads(&options)
}
