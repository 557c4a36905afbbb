//! `metisvm chain`: look at, verify and unwind a chain on disk. None of it creates anything.

use super::run::unwind;
use crate::args::{Chain as Args, ChainFolder};
use crate::datadir::{Chain, DataDir};
use crate::error::CliError;
use crate::output::{self, thousands};
use metisvm_state::CpuKeccak;
use metisvm_state::store::{Depth, Head};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

pub(super) fn run(args: &Args) -> Result<bool, CliError> {
    match args {
        Args::Info(args) => info(args)?,
        Args::Verify(args) => return verify(args),
        Args::Unwind(args) => {
            let datadir = open(&args.chain)?;
            chain_of(&datadir)?;
            unwind(&datadir, args.blocks, args.chain.json)?;
        }
    }
    Ok(true)
}

fn open(args: &ChainFolder) -> Result<DataDir, CliError> {
    let datadir = DataDir::open(&args.datadir, Arc::new(CpuKeccak))?;
    chain_of(&datadir)?;
    Ok(datadir)
}

fn chain_of(datadir: &DataDir) -> Result<&Chain, CliError> {
    let problem = "there is no chain in it; metisvm run --datadir begins one with its first block";
    datadir
        .chain()
        .ok_or_else(|| CliError::file(datadir.folder(), problem))
}

fn info(args: &ChainFolder) -> Result<(), CliError> {
    let datadir = open(args)?;
    let chain = chain_of(&datadir)?;
    let failed = |error| datadir.failed(error);
    let head = chain.state.head().map_err(failed)?;
    let first = chain.state.store().genesis_hash().map_err(failed)?;
    let unwindable = chain.state.store().undo_depth().map_err(failed)?;
    let bytes = datadir.bytes()?;
    if args.json {
        let mut object = head_json(&head);
        object["first_block_hash"] = json!(first.map(|hash| hash.to_string()));
        object["unwindable_blocks"] = json!(unwindable);
        object["store_bytes"] = json!(bytes);
        object["chain_spec"] = json!(*chain.spec);
        return output::json(&object);
    }
    let mut table = output::table(&["chain", &output::shown(&chain.spec.name)]);
    table.add_row(["chain id", &chain.spec.chain_id.to_string()]);
    table.add_row(["last block", &thousands(head.number)]);
    table.add_row(["can be taken back", &format!("{} blocks", thousands(unwindable))]);
    table.add_row(["store", &format!("{} bytes", thousands(bytes))]);
    output::line(&table.to_string())?;
    show_head(&head)?;
    match first {
        Some(hash) => output::hash("first block", &hash),
        None => Ok(()),
    }
}

fn verify(args: &ChainFolder) -> Result<bool, CliError> {
    let datadir = open(args)?;
    let chain = chain_of(&datadir)?;
    let started = Instant::now();
    let head = match chain.state.store().verify(Depth::StateRoot) {
        Ok(Some(head)) => head,
        Ok(None) => return Err(datadir.failed(metisvm_state::store::StoreError::Empty)),
        Err(error) => {
            let error = datadir.failed(error);
            if args.json {
                output::json(&json!({ "sound": false, "error": error.to_string() }))?;
            }
            output::complain(&error.to_string());
            return Ok(false);
        }
    };
    let seconds = started.elapsed();
    if args.json {
        let mut object = head_json(&head);
        object["sound"] = json!(true);
        object["verify_ms"] = json!(u64::try_from(seconds.as_millis()).unwrap_or(u64::MAX));
        output::json(&object)?;
        return Ok(true);
    }
    let mut table = output::table(&["chain", "sound"]);
    table.add_row(["last block", &thousands(head.number)]);
    table.add_row(["verified in", &format!("{:.1} s", seconds.as_secs_f64())]);
    output::line(&table.to_string())?;
    show_head(&head)?;
    Ok(true)
}

fn head_json(head: &Head) -> Value {
    json!({
        "head": head.number,
        "head_hash": head.hash.to_string(),
        "state_root": head.state_root.to_string(),
    })
}

fn show_head(head: &Head) -> Result<(), CliError> {
    output::hash("its hash", &head.hash)?;
    output::hash("state root", &head.state_root)
}
