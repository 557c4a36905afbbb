//! The one program of the guest in which the driver is tried over the kernel's VFIO.
//!
//! As process 1 it makes the guest ready and carries out what the test asks for over a serial line ([`agent`]): runs
//! of itself. The words of [`words`] are the test's own; everything else is the `metisvm` command, with its arguments.
//! The test, `tests/guest.rs`, is at the other end of the line, and of the cards; one of them it has served by this
//! program as well, in a process of its own ([`serve`]).

mod agent;
mod bind;
mod edu;
mod jobs;
mod registers;
mod serve;
mod words;

use clap::Parser;
use metisvm::args::Args;
use metisvm::{commands, output};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::process::id() == 1 {
        return agent::run();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, socket] = &arguments[..]
        && word == "serve"
    {
        let ended = serve::serve(socket);
        eprintln!("{ended:?}");
        return ExitCode::FAILURE;
    }
    if let Some(outcome) = words::carry_out(&arguments) {
        return match outcome {
            Ok(said) => {
                println!("{said}");
                ExitCode::SUCCESS
            }
            Err(problem) => {
                eprintln!("{problem}");
                ExitCode::FAILURE
            }
        };
    }
    let args = Args::parse().check().unwrap_or_else(|wrong_use| wrong_use.exit());
    match commands::run(args) {
        Ok(end) => end.into(),
        Err(error) => {
            output::fail(&error);
            ExitCode::FAILURE
        }
    }
}
