//! `statetest` and `blocktest`: Ethereum's official tests.

use super::When;
use super::threads::threads;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Run the official Ethereum state tests.
#[derive(Debug, Args)]
pub struct Statetest {
    /// Tests: files (JSON, plain or gzip), folders of them, archives (.tar, .tar.gz, .tar.xz)
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// When bytecode becomes native code
    #[arg(long, value_name = "WHEN", default_value = "off")]
    pub jit: When,
    /// One JSON object a file, then one with the totals, instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Run the official Ethereum blockchain tests.
#[derive(Debug, Args)]
pub struct Blocktest {
    /// Tests: files (JSON, plain or gzip), folders of them, archives (.tar, .tar.gz, .tar.xz)
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Threads of the block engine. Default: one a core
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Where states are kept: each test runs once for each
    #[arg(long, value_name = "WHERE", default_value = "memory")]
    pub store: TestStore,
    /// When bytecode becomes native code
    #[arg(long, value_name = "WHEN", default_value = "off")]
    pub jit: When,
    /// One JSON object a file, then one with the totals, instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Where the states of blockchain tests are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestStore {
    /// In memory
    Memory,
    /// In a store in a temporary folder
    Disk,
    /// In memory, then in a store
    Both,
}
