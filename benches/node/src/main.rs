//! `node-bench`: what a developer notices of a node, and what it costs; of `metisvm node`, and of anvil beside it.
//!
//! In each round every node is started anew, and the next round begins with another one, so that what disturbs the
//! machine disturbs both. What a node costs is its own processor time, as the kernel counts it: the load comes from
//! this process, whose time is not in it.

mod connection;
mod error;
mod load;
mod measures;
mod report;
mod server;
mod wallet;

use clap::Parser;
use error::Error;
use load::Amount;
use measures::Measures;
use server::{Kind, Server};
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures nodes beside each other.
#[derive(Debug, Parser)]
#[command(about = "Puts load on `metisvm node`, and on anvil beside it, and says what it cost")]
struct Args {
    /// The binary of MetisVM
    #[arg(long, value_name = "FILE", default_value = "target/release/metisvm")]
    metisvm: PathBuf,
    /// The binary of anvil; without it MetisVM is measured alone
    #[arg(long, value_name = "FILE")]
    anvil: Option<PathBuf>,
    /// Rounds, of which the medians are shown
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Transactions that are sent one a request, then in batches, then in batches for large blocks
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(8..=100_000))]
    transactions: u32,
    /// Calls
    #[arg(long, value_name = "N", default_value_t = 8000, value_parser = clap::value_parser!(u32).range(8..=1_000_000))]
    calls: u32,
    /// Transactions whose way to the receipt is timed
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    latencies: u32,
    /// One JSON object in place of a table
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("node-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Error> {
    let mut nodes = vec![(Kind::Metisvm, args.metisvm.as_path())];
    nodes.extend(args.anvil.as_deref().map(|path| (Kind::Anvil, path)));
    let amount = Amount {
        transactions: args.transactions,
        calls: args.calls,
        latencies: args.latencies,
    };
    let mut rounds: Vec<Vec<Measures>> = vec![Vec::new(); nodes.len()];
    for round in 0..args.rounds as usize {
        for turn in 0..nodes.len() {
            let index = (turn + round) % nodes.len();
            let (kind, path) = nodes[index];
            let (server, cold_start) = Server::start(kind, path)?;
            let measures = load::measure(&server, cold_start, amount)?;
            eprintln!("round {}: {kind}: {measures}", round + 1);
            rounds[index].push(measures);
        }
    }
    let kinds: Vec<Kind> = nodes.iter().map(|(kind, _)| *kind).collect();
    report::show(&kinds, &rounds, args.json)
}
