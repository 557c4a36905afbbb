//! `chain`: a chain on disk.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Look at, verify and unwind a chain on disk.
#[derive(Debug, Subcommand)]
pub enum Chain {
    /// Say what is in it: the last block, the rules, how much of the disk it takes
    Info(ChainFolder),
    /// Read everything and check that it fits together, down to the state root
    Verify(ChainFolder),
    /// Take the last blocks back
    Unwind(Unwind),
}

/// Which chain.
#[derive(Debug, Args)]
pub struct ChainFolder {
    /// The folder of the chain, as run --datadir keeps it
    #[arg(long, value_name = "DIR")]
    pub datadir: PathBuf,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Take the last blocks back.
#[derive(Debug, Args)]
pub struct Unwind {
    /// How many
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub blocks: u64,
    /// Which chain.
    #[command(flatten)]
    pub chain: ChainFolder,
}
