//! What people see of a node: the accounts at the start, and logs.

use super::args::Node as Args;
use crate::error::CliError;
use crate::output;
use alloy_primitives::{B256, U256, utils::format_ether};
use metisvm_node::Node;
use serde_json::json;
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use tracing_subscriber::EnvFilter;

/// Begins to log to standard error.
///
/// # Errors
/// If the filter makes no sense.
pub(super) fn begin_logs(filter: &str, json: bool) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        CliError::Use(format!(
            "--log {filter:?} is no filter: {error}; write info, or metisvm_node=debug"
        ))
    })?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false)
        .with_ansi(io::stderr().is_terminal());
    // An error says that somebody logs already.
    let _ = if json {
        logs.json().try_init()
    } else {
        logs.try_init()
    };
    Ok(())
}

/// Says what was started, and where it listens.
///
/// # Errors
/// If standard output is closed or full.
pub(super) fn welcome(
    args: &Args,
    node: &Node,
    address: SocketAddr,
    mnemonic: Option<&str>,
) -> Result<(), CliError> {
    let head = node.chain.head().map_err(CliError::Node)?;
    if args.json {
        return output::json(&json!({
            "listening": address.to_string(),
            "chain": node.spec().name,
            "chain_id": node.spec().chain_id,
            "head_number": head.number(),
            "head_hash": head.hash,
            "accounts": node.accounts.addresses(),
        }));
    }
    let mut text = String::new();
    // Writing to a string does not fail.
    let mut say = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    say(format!("MetisVM node {}", env!("CARGO_PKG_VERSION")));
    let addresses = node.accounts.addresses();
    if !args.quiet && !addresses.is_empty() {
        say("\nAvailable Accounts\n==================\n".to_owned());
        // What they have, and not what a new chain would give them.
        let world = node.chain.tip().map_err(CliError::Node)?.world;
        for (index, account) in addresses.iter().enumerate() {
            let found = world
                .account(*account)
                .map_err(|error| CliError::Node(error.into()))?;
            let balance = format_ether(found.map_or(U256::ZERO, |found| found.balance));
            say(format!("({index}) {account} ({balance} ETH)"));
        }
        if let Some(mnemonic) = mnemonic {
            say("\nPrivate Keys\n==================\n".to_owned());
            for (index, key) in node.accounts.keys().into_iter().enumerate() {
                say(format!("({index}) {}", B256::from(key)));
            }
            say(format!(
                "\nWallet\n==================\nMnemonic:          {mnemonic}"
            ));
            say("Derivation path:   m/44'/60'/0'/0/\n\nEverybody has these keys: use them on development chains only.".to_owned());
        }
    }
    let models = node.models.models();
    if !args.quiet && node.spec().inference.is_some() && !models.is_empty() {
        say("\nModels\n==================\n".to_owned());
        for model in models {
            say(format!(
                "{} {} ({} bytes in, {} out)",
                model.id, model.name, model.input_bytes, model.output_bytes
            ));
        }
    }
    say(format!(
        "\nChain {} ({}), block {}",
        node.spec().name,
        node.spec().chain_id,
        head.number()
    ));
    say(format!("Listening on {address}"));
    output::line(text.trim_end())
}
