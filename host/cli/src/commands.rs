//! One module a command. `Ok(false)` is a job that failed and has said so.

mod bench;
mod blocktest;
mod chain;
mod device;
mod model;
mod run;
mod sim;
mod statetest;

use crate::args::{Args, Command};
use crate::error::CliError;

/// Does what was asked.
///
/// # Errors
/// Whatever stops the whole command.
pub fn run(args: Args) -> Result<bool, CliError> {
    match args.command {
        Command::Run(args) => run::run(&args),
        Command::Statetest(args) => statetest::run(&args),
        Command::Blocktest(args) => blocktest::run(&args),
        Command::Chain(args) => chain::run(&args),
        Command::Model(args) => model::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Device(args) => device::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Node(args) => crate::node::run(&args),
        Command::ImportChain(args) => crate::node::import_chain(&args),
    }
}
