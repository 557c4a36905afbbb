//! The `metisvm` binary: arguments in, exit code out.

use clap::Parser;
use metisvm::args::Args;
use metisvm::{commands, output};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Wrong use ends in clap with exit code 2, help and version with 0.
    let args = Args::parse();
    match commands::run(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}
