//! Where the state of a chain is kept while a test runs: in memory, a whole state a block, or in a store, one
//! state that moves from block to block.

use super::fixture::wrong;
use alloy_consensus::{Header, ReceiptEnvelope};
use alloy_primitives::{
    B256,
    map::{B256Map, HashMap},
};
use metisvm_executor::{BlockEngine, BlockInput, Error, Executed};
use metisvm_state::{
    CacheConfig, ChainState, CpuKeccak, MemoryState, StateChanges, state_root,
    store::{RedbStore, StoreError, StoreOptions},
};
use metisvm_vm::MetisEvmFactory;
use std::sync::Arc;
use tempfile::TempDir;

/// Bytes of memory for the pages of a test's store and for its state cache: its states are small.
const STORE_BYTES: usize = 4 << 20;

/// Where states are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// In memory, roots computed from scratch.
    Memory,
    /// In a store in a temporary folder, through the state cache, roots by the incremental trie.
    Disk,
}

/// What a block did to the state of its parent.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) header: Header,
    pub(super) receipts: Vec<ReceiptEnvelope>,
    pub(super) changes: StateChanges,
}

/// The states of the blocks of one chain.
pub(super) enum Ledger {
    Memory(B256Map<MemoryState>),
    Disk(Box<Disk>),
}

/// A store that stands at one block.
pub(super) struct Disk {
    state: ChainState<RedbStore>,
    /// The block at which it stands.
    at: B256,
    // Removed when the test is over, after the store in it is closed.
    _folder: TempDir,
}

impl Ledger {
    /// The ledger of a chain that has its genesis only.
    pub(super) fn new(kind: StoreKind, genesis: &Header, mut state: MemoryState) -> Result<Self, Error> {
        let hash = genesis.hash_slow();
        Ok(match kind {
            StoreKind::Memory => {
                check_root(genesis, state_root(&state))?;
                state.insert_block_hash(genesis.number, hash);
                Self::Memory(HashMap::from_iter([(hash, state)]))
            }
            StoreKind::Disk => {
                let folder = tempfile::tempdir().map_err(Error::Read)?;
                let options = StoreOptions {
                    cache_bytes: STORE_BYTES,
                    // A test may go on from any of its blocks.
                    undo_blocks: u64::MAX,
                    ..StoreOptions::default()
                };
                let store = RedbStore::open(folder.path().join("chain.redb"), options).map_err(failed)?;
                let cache = CacheConfig::with_bytes(STORE_BYTES);
                let state =
                    ChainState::create(store, cache, Arc::new(CpuKeccak), genesis, &state).map_err(failed)?;
                Self::Disk(Box::new(Disk {
                    state,
                    at: hash,
                    _folder: folder,
                }))
            }
        })
    }

    /// Executes a block over the state of its parent, finds the root of the state after it, and keeps that state.
    /// `path` gives the way from one block to another: how many blocks to take back, then those to do again.
    ///
    /// `is_valid` is asked with what came out and the root; the state after a block that is not valid is not kept.
    pub(super) fn execute<'s>(
        &mut self,
        engine: &BlockEngine,
        factory: &MetisEvmFactory,
        block: BlockInput<'_>,
        hash: B256,
        path: impl FnOnce(B256, B256) -> (u64, Vec<&'s Step>),
        is_valid: impl FnOnce(&Executed, B256) -> bool,
    ) -> Result<Executed, Error> {
        let parent = block.header.parent_hash;
        match self {
            Self::Memory(states) => {
                let Some(before) = states.get(&parent) else {
                    return Err(Error::Node(format!(
                        "the state after block {parent} is not there"
                    )));
                };
                let executed = engine.execute(factory, block, before)?;
                let mut after = before.clone();
                after.apply(&executed.changes);
                let root = state_root(&after);
                if is_valid(&executed, root) {
                    after.insert_block_hash(block.header.number, hash);
                    states.insert(hash, after);
                }
                Ok(executed)
            }
            Self::Disk(disk) => {
                let (back, again) = path(disk.at, parent);
                disk.move_along(back, &again)?;
                disk.at = parent;
                let executed = {
                    let view = disk.state.view().map_err(failed)?;
                    engine.execute(factory, block, &view)?
                };
                let root = disk.state.next(&executed.changes).map_err(failed)?.state_root();
                if is_valid(&executed, root) {
                    let receipts = &executed.outcome.receipts;
                    disk.state
                        .commit(block.header, receipts, &executed.changes)
                        .map_err(failed)?;
                    disk.at = hash;
                }
                Ok(executed)
            }
        }
    }

    /// The state after a block, where it is kept whole.
    pub(super) fn state(&self, hash: B256) -> Option<&MemoryState> {
        match self {
            Self::Memory(states) => states.get(&hash),
            Self::Disk(_) => None,
        }
    }
}

impl Disk {
    fn move_along(&self, back: u64, again: &[&Step]) -> Result<(), Error> {
        if back > 0 {
            self.state.unwind(back).map_err(failed)?;
        }
        for step in again {
            self.state
                .commit(&step.header, &step.receipts, &step.changes)
                .map_err(failed)?;
        }
        Ok(())
    }
}

fn check_root(genesis: &Header, root: B256) -> Result<(), Error> {
    if genesis.state_root == root {
        return Ok(());
    }
    let problem = format!(
        "has state root {root}, the header of the genesis says {}",
        genesis.state_root
    );
    Err(wrong("pre", problem))
}

fn failed(error: StoreError) -> Error {
    match error {
        StoreError::StateRoot {
            in_header, computed, ..
        } => {
            let problem = format!("has state root {computed}, the header of the genesis says {in_header}");
            wrong("pre", problem)
        }
        other => Error::Node(other.to_string()),
    }
}
