//! The `metisvm` binary: arguments in, exit code out.

use clap::Parser;
use metisvm::args::Args;
use metisvm::{commands, output};
use std::process::ExitCode;

/// One thread of the engine frees what another has allocated, all the time; this allocator is good at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Wrong use ends in clap with exit code 2, help and version with 0.
    let args = Args::parse().check().unwrap_or_else(|wrong_use| wrong_use.exit());
    match commands::run(args) {
        Ok(end) => end.into(),
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::fail(&error);
            ExitCode::FAILURE
        }
    }
}
