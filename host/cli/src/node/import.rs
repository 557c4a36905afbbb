//! `metisvm import-chain`: blocks from a file into a folder.

use super::args::ImportChain as Args;
use super::start::{failed, on_disk, read_genesis};
use crate::datadir::DataDir;
use crate::error::CliError;
use crate::jit::{self, JitReport};
use crate::{models, output, verifying_keys};
use metisvm_executor::{BlockEngine, Threads};
use metisvm_node::chain::History;
use metisvm_node::import::{Importer, next_block};
use metisvm_state::CpuKeccak;
use metisvm_vm::MetisEvmFactory;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The longest file: it is read into memory.
const FILE_LIMIT: usize = 1 << 30;

/// Imports a chain.
///
/// # Errors
/// The first block that is not valid, or what is wrong with a file or the folder.
pub fn run(args: &Args) -> Result<bool, CliError> {
    let started = Instant::now();
    let threads = Threads::new(args.threads.unwrap_or(0))?;
    let keys = verifying_keys::read_all(&args.keys)?;
    let genesis = read_genesis(&args.genesis)?;
    let mut datadir = DataDir::open(&args.datadir, Arc::new(CpuKeccak))?;
    if datadir.chain().is_none() {
        let spec = Arc::new(genesis.spec);
        datadir.begin(spec, &genesis.header, &[], &genesis.state)?;
    }
    let jit = jit::open(&args.jit, Some(&args.datadir))?;
    let spec = datadir.chain().map(|chain| chain.spec.clone());
    let (chain, disk) = on_disk(&mut datadir, History::default())?;
    let spec = spec.ok_or_else(|| CliError::file(&args.datadir, "it holds no chain"))?;
    let factory = MetisEvmFactory::new(spec, None)
        .with_proofs(Some(Arc::new(keys)))
        .with_jit(jit.clone());
    let engine = BlockEngine::new(threads);
    let importer = Importer::new(&factory, &engine, &chain, Some(&disk));
    let Imported {
        blocks,
        transactions,
        skipped,
    } = import(&args.file, importer)?;
    let head = chain.head().map_err(failed)?;
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        output::json(&json!({
            "blocks": blocks,
            "blocks_known": skipped,
            "transactions": transactions,
            "head_number": head.number(),
            "head_hash": head.hash,
            "time_ms": seconds * 1000.0,
            "jit": JitReport::whole(jit.as_ref()).json(),
        }))?;
    } else {
        output::line(&format!(
            "{blocks} blocks with {transactions} transactions imported in {seconds:.1} s ({skipped} were there); the \
             chain ends with block {} ({})",
            head.number(),
            head.hash
        ))?;
    }
    Ok(true)
}

/// How much came of a file.
#[derive(Debug, Default)]
pub(super) struct Imported {
    pub(super) blocks: u64,
    pub(super) transactions: usize,
    /// Blocks that were there already.
    pub(super) skipped: u64,
}

/// Takes in the blocks of a file.
///
/// # Errors
/// The first block that is not valid, or what is wrong with the file.
pub(super) fn import(path: &Path, mut importer: Importer<'_>) -> Result<Imported, CliError> {
    let bytes = models::read_bounded(path, FILE_LIMIT)?;
    let mut imported = Imported::default();
    let added = add_all(path, &bytes, &mut importer, &mut imported);
    // Also where a block is wrong: those before it are right, and the next import need not begin with them.
    importer.finish().map_err(failed)?;
    added.map(|()| imported)
}

fn add_all(
    path: &Path,
    bytes: &[u8],
    importer: &mut Importer<'_>,
    imported: &mut Imported,
) -> Result<(), CliError> {
    let mut rest = bytes;
    loop {
        let at = bytes.len() - rest.len();
        let named = |error| CliError::file(path, format!("at byte {at}: {error}"));
        let Some(block) = next_block(&mut rest).map_err(named)? else {
            return Ok(());
        };
        // One that is there already: so that an import that was stopped can be begun again.
        if importer.knows(block.header.hash_slow()) {
            imported.skipped += 1;
            continue;
        }
        let block = importer.add(block).map_err(named)?;
        imported.blocks += 1;
        imported.transactions += block.transactions.len();
    }
}
