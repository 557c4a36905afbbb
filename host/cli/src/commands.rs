//! One module a command.

mod bench;
mod blocktest;
mod chain;
mod commitment;
mod compile;
mod device;
mod key;
mod model;
mod profile;
mod prove;
mod run;
mod sim;
mod statetest;
mod verify;

use crate::args::{Args, Command};
use crate::error::CliError;
use std::process::ExitCode;

/// How a command ended that could do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything is as it has to be.
    Well,
    /// Something is not, and the command has said so.
    Failed,
    /// A proof is not valid, and the command has said so.
    Invalid,
}

/// The exit code of a proof that is not valid, so that it is told from one that could not be looked at.
const INVALID_PROOF: u8 = 3;

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        match end {
            End::Well => Self::SUCCESS,
            End::Failed => Self::FAILURE,
            End::Invalid => Self::from(INVALID_PROOF),
        }
    }
}

impl From<bool> for End {
    fn from(well: bool) -> Self {
        if well { Self::Well } else { Self::Failed }
    }
}

/// Does what was asked.
///
/// # Errors
/// Whatever stops the whole command.
pub fn run(args: Args) -> Result<End, CliError> {
    let well = match args.command {
        Command::Run(args) => run::run(&args),
        Command::Profile(args) => profile::run(&args),
        Command::Statetest(args) => statetest::run(&args),
        Command::Blocktest(args) => blocktest::run(&args),
        Command::Chain(args) => chain::run(&args),
        Command::Model(args) => model::run(&args),
        Command::Prove(args) => prove::run(&args).map(|()| true),
        Command::Verify(args) => return verify::run(&args),
        Command::Key(args) => key::run(&args).map(|()| true),
        Command::Commitment(args) => commitment::run(&args).map(|()| true),
        Command::Compile(args) => compile::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Device(args) => device::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Node(args) => crate::node::run(&args),
        Command::ImportChain(args) => crate::node::import_chain(&args),
    };
    well.map(End::from)
}
