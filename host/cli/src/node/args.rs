//! `metisvm node`: its options.

use crate::args::{Engine, Jit};
use clap::Args as ClapArgs;
use std::net::IpAddr;
use std::path::PathBuf;

/// What the node calls itself, as clients do: name, then version.
const CLIENT_VERSION: &str = concat!("MetisVM/v", env!("CARGO_PKG_VERSION"));
/// More than any client's, and no burden where clients show it.
const CLIENT_VERSION_BYTES: usize = 100;

fn client_version(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > CLIENT_VERSION_BYTES {
        return Err(format!(
            "it has {} bytes, of 1 to {CLIENT_VERSION_BYTES}",
            text.len()
        ));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it may have letters, digits and signs of ASCII only, no spaces".into());
    }
    Ok(text.into())
}

/// Serve a chain to developers' tools.
#[derive(Debug, ClapArgs)]
pub struct Node {
    /// The port for HTTP and WebSocket; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8545)]
    pub port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Answer as this name too, beside localhost and addresses; repeat for several
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// Let web pages of this origin ask, beside those of this machine; * for any
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,
    /// Funded accounts
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub accounts: u32,
    /// The words that the accounts are derived from [default: the well-known test mnemonic]
    #[arg(long, value_name = "WORDS")]
    pub mnemonic: Option<String>,
    /// Ether of each account
    #[arg(long, value_name = "ETHER", default_value_t = 10_000)]
    pub balance: u32,
    /// Mine a block every so many seconds, in place of one for each transaction
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400), conflicts_with = "no_mining")]
    pub block_time: Option<u64>,
    /// Mine only where a client asks for it (evm_mine)
    #[arg(long)]
    pub no_mining: bool,
    /// The gas limit of blocks [default: that of the last block, 60000000 on a new chain]
    #[arg(long, value_name = "GAS", value_parser = clap::value_parser!(u64).range(5_000..=i64::MAX as u64))]
    pub gas_limit: Option<u64>,
    /// The timestamp of the first block [default: now]
    #[arg(long, value_name = "SECONDS")]
    pub timestamp: Option<u64>,
    /// The chain spec, as JSON [default: metis-dev]
    #[arg(long, value_name = "FILE", conflicts_with = "genesis")]
    pub chain: Option<PathBuf>,
    /// Another id for the chain
    #[arg(long, value_name = "ID")]
    pub chain_id: Option<u64>,
    /// The first block and its rules, as geth's genesis JSON
    #[arg(long, value_name = "FILE")]
    pub genesis: Option<PathBuf>,
    /// Blocks that follow the first one, as RLP one after the other; each is validated
    #[arg(long, value_name = "FILE", requires = "genesis")]
    pub import: Option<PathBuf>,
    /// Keep the chain in this folder, and go on with the one that is there
    #[arg(long, value_name = "DIR")]
    pub datadir: Option<PathBuf>,
    /// Blocks that are kept in memory
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub history: usize,
    /// States that are kept in memory: of so many blocks before the last one
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub history_states: usize,
    /// More models, registered at genesis: bundle files, or folders of them (*.bundle)
    #[arg(long, value_name = "PATH")]
    pub models: Vec<PathBuf>,
    /// Verifying keys of proofs, registered at genesis: files, or folders of them (*.key)
    #[arg(long, value_name = "PATH")]
    pub keys: Vec<PathBuf>,
    /// Which backends to run inferences on, and how.
    #[command(flatten)]
    pub engine: Engine,
    /// Threads that execute transactions; 1 executes in sequence. Default: one a core
    #[arg(long, value_name = "N", value_parser = crate::args::threads)]
    pub threads: Option<usize>,
    /// Whether contracts become native code.
    #[command(flatten)]
    pub jit: Jit,
    /// Do not execute blocks that were built here a second time, as whoever gets them would
    #[arg(long)]
    pub skip_validation: bool,
    /// What the node calls itself (web3_clientVersion): Hardhat's network helpers work only where that begins with
    /// hardhat, zksync or anvil
    #[arg(long, value_name = "NAME", default_value = CLIENT_VERSION, value_parser = client_version)]
    pub client_version: String,
    /// What is logged to standard error: error, warn, info, debug, or a filter as metisvm_node=debug
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log: String,
    /// Log one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Do not show accounts and keys at the start
    #[arg(long)]
    pub quiet: bool,
}

impl Node {
    /// What of this does nothing, or may not be.
    pub fn problem(&self) -> Option<String> {
        self.jit.problem().or_else(|| self.engine.problem(false))
    }
}

/// Import a chain of RLP blocks, each validated as it comes.
#[derive(Debug, ClapArgs)]
pub struct ImportChain {
    /// The blocks, as RLP one after the other
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The first block and its rules, as geth's genesis JSON
    #[arg(long, value_name = "FILE")]
    pub genesis: PathBuf,
    /// Keep the chain in this folder, for metisvm node --datadir
    #[arg(long, value_name = "DIR")]
    pub datadir: PathBuf,
    /// Verifying keys that the registry of keys names: files, or folders of them (*.key)
    #[arg(long, value_name = "PATH")]
    pub keys: Vec<PathBuf>,
    /// Threads of the block engine. Default: one a core
    #[arg(long, value_name = "N", value_parser = crate::args::threads)]
    pub threads: Option<usize>,
    /// Whether contracts become native code.
    #[command(flatten)]
    pub jit: Jit,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

impl ImportChain {
    /// What of this does nothing.
    pub fn problem(&self) -> Option<String> {
        self.jit.problem()
    }
}
