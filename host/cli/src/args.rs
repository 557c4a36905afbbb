//! The command line.

mod bench;
mod card;
mod chain;
mod commitment;
mod compile;
mod cpu;
mod device;
mod engine;
mod generate;
mod hex;
mod jit;
mod keccak;
mod model;
mod named;
mod official;
mod profile;
mod prove;
mod register;
mod run;
mod samples;
mod sim;
mod template;
mod threads;
mod verify;

pub use bench::Bench;
pub use card::Card;
pub use chain::{Chain, ChainFolder, Unwind};
pub use commitment::CommitmentTo;
pub use compile::{Compile, address as compiled_address, fork_name};
pub use device::{Bind, Device, Doctor, List, OneCard, Roots, Unbind, Validate};
pub use engine::{Backend, Engine, Place};
pub use generate::Generate;
pub use jit::{Jit, When};
pub use keccak::Keccak;
pub use model::{Activation, Check, Import, Info, Model, ModelRun, RangeChoice};
pub use official::{Blocktest, Statetest, TestStore};
pub use profile::{Profile, Weight};
pub use prove::{FormChoice, Key, Keys, Prove};
pub use register::Register;
pub use run::{Compare, Run};
pub use sim::Sim;
pub use template::{ListTemplates, NewTemplate, Template};
pub(crate) use threads::threads;
pub use verify::Verify;

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};

/// An Ethereum virtual machine whose contracts run AI models.
#[derive(Debug, Parser)]
#[command(name = "metisvm", version, about, max_term_width = 110)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Args {
    /// The arguments, if they make sense together. An option that would do nothing is wrong use.
    ///
    /// # Errors
    /// Wrong use, worded as clap words it.
    pub fn check(self) -> Result<Self, clap::Error> {
        let problem = match &self.command {
            Command::Run(run) => run.problem(),
            Command::Profile(profile) => profile.problem(),
            Command::Model(model) => model.problem(),
            Command::Bench(bench) => bench.problem(),
            Command::Device(device) => device.problem(),
            Command::Prove(prove) => prove.problem(),
            Command::Verify(verify) => verify.problem(),
            Command::Compile(compile) => compile.problem(),
            Command::Node(node) => node.problem(),
            Command::ImportChain(import) => import.problem(),
            _ => None,
        };
        match problem {
            Some(problem) => Err(self.command.wrong_use(problem)),
            None => Ok(self),
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Execute blocks: the bundled one, or those of files
    Run(Run),
    /// Say which contracts and opcodes are hot in blocks, and what compiling gains
    Profile(Profile),
    /// Run the official Ethereum state tests
    Statetest(Statetest),
    /// Run the official Ethereum blockchain tests
    Blocktest(Blocktest),
    /// Look at, verify and unwind a chain on disk
    #[command(subcommand)]
    Chain(Chain),
    /// Import, look at and run models
    #[command(subcommand)]
    Model(Model),
    /// Prove an inference, or those that a block's transaction asked for
    Prove(Prove),
    /// Check a proof of an inference
    Verify(Verify),
    /// Say and write the key that verifies a model's proofs
    Key(Key),
    /// Say the commitment to an input, which a proof is about
    Commitment(CommitmentTo),
    /// Make native code of contracts before they are executed
    Compile(Compile),
    /// Measure engines side by side
    Bench(Bench),
    /// Cards of this machine: what there is, whether it works, and what is in its way
    #[command(subcommand)]
    Device(Device),
    /// Serve a chain to developers' tools: JSON-RPC over HTTP and WebSocket
    Node(Box<crate::node::Node>),
    /// Import a chain of RLP blocks, each validated as it comes
    ImportChain(crate::node::ImportChain),
    /// Serve a simulated card to another process, or to a virtual machine (vfio-user)
    Sim(Sim),
}

impl Command {
    /// Wrong use, with the usage of the command that was meant.
    fn wrong_use(&self, problem: String) -> clap::Error {
        let path: &[&str] = match self {
            Self::Run(_) => &["run"],
            Self::Profile(_) => &["profile"],
            Self::Compile(_) => &["compile"],
            Self::Node(_) => &["node"],
            Self::ImportChain(_) => &["import-chain"],
            Self::Model(model) => &["model", model.name()],
            Self::Device(device) => &["device", device.name()],
            Self::Prove(_) => &["prove"],
            Self::Verify(_) => &["verify"],
            _ => &[],
        };
        let mut meant = Args::command();
        // Building gives each command the names of those that it belongs to.
        meant.build();
        for name in path {
            if let Some(found) = meant.find_subcommand(name).cloned() {
                meant = found;
            }
        }
        meant.error(ErrorKind::ArgumentConflict, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
