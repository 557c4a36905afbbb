//! The state on disk: accounts, storage, code, headers, receipts and trie nodes, one atomic commit a
//! block or for several, and the way back.
//!
//! A [`Store`] is the write side: it takes blocks in their order, each or several in one durable transaction, and
//! unwinds the last ones from undo records. A [`StoreSnapshot`] is the read side: one committed state
//! that stays as it is while blocks are committed over it. [`RedbStore`] keeps both in one file of redb,
//! a copy-on-write B+tree (<https://github.com/cberner/redb>). Tables, encodings and what a crash leaves
//! are in docs/store.md.

mod commit;
mod error;
mod header;
mod open;
mod redb_store;
mod snapshot;
mod tables;
mod undo;
mod verify;

pub use error::StoreError;
pub(crate) use header::check_header;
pub use redb::StorageBackend;
pub use redb_store::{RedbStore, StoreOptions};
pub use snapshot::{ReadCounts, RedbSnapshot};
pub use tables::{Head, SCHEMA};
pub use verify::Depth;

use crate::{AccountChange, BasicAccount, MemoryState, StateChanges, StateSource, TrieNodes, TrieUpdate};
use alloy_consensus::{Header, ReceiptEnvelope};
use alloy_primitives::{Address, B256};

/// What one block adds to a store.
#[derive(Debug, Clone, Copy)]
pub struct BlockCommit<'a> {
    /// The header; its hash is computed here. It must be one that can be read again.
    pub header: &'a Header,
    /// The receipts in the order of the transactions.
    pub receipts: &'a [ReceiptEnvelope],
    /// What the block changed in the state.
    pub changes: &'a StateChanges,
    /// What it changed in the tries; nothing, from the first block on, where no tries are kept. If a store
    /// has any nodes after a block, the root of the account trie must hash to the state root of its header.
    pub trie: &'a TrieUpdate,
}

/// The write side of a store. Implemented by [`RedbStore`]; called by whoever drives blocks.
///
/// Every method that changes something does all of it or nothing, and returns only when it is on disk.
/// After an error of the disk (not of the block) the store must be opened anew, and the block may be in
/// it: its head says.
pub trait Store: Send + Sync {
    /// The read side.
    type Snapshot: StoreSnapshot;

    /// The last block; `None` before the genesis.
    fn head(&self) -> Result<Option<Head>, StoreError>;

    /// The state after the last block.
    fn snapshot(&self) -> Result<Self::Snapshot, StoreError>;

    /// Writes the first block of an empty store, of whatever number; its changes are the whole state.
    /// `ancestors` are hashes of earlier blocks that `BLOCKHASH` may ask for. It cannot be unwound.
    fn genesis(&self, first: &BlockCommit<'_>, ancestors: &[(u64, B256)]) -> Result<Head, StoreError>;

    /// Adds the block after the head.
    fn commit(&self, block: &BlockCommit<'_>) -> Result<Head, StoreError> {
        self.commit_all(std::slice::from_ref(block))
    }

    /// Adds blocks after the head, one after the other: all of them, or none. The disk is waited for once.
    fn commit_all(&self, blocks: &[BlockCommit<'_>]) -> Result<Head, StoreError>;

    /// Takes the last blocks back: state, trie nodes, headers and receipts are those of the block before
    /// them, which is then the head.
    fn unwind(&self, blocks: u64) -> Result<Head, StoreError>;
}

/// The read side of a store: the state after one block. Answers revm's `DatabaseRef`, where `BLOCKHASH`
/// of a block that is not stored is [`StateError::UnknownBlockHash`](crate::StateError::UnknownBlockHash);
/// the cache reads it as a [`StateSource`], the trie as [`TrieNodes`].
///
/// An old snapshot keeps the space of what was overwritten since from being used again, so it should not
/// outlive the work it was taken for.
pub trait StoreSnapshot: StateSource + TrieNodes + Send + Sync {
    /// The block after which this is the state.
    fn head(&self) -> Head;

    /// Balance, nonce and code hash.
    fn account(&self, address: Address) -> Result<Option<BasicAccount>, StoreError>;

    /// Up to `limit` accounts from `from` on, by rising address.
    fn accounts_from(&self, from: Address, limit: usize) -> Result<Vec<(Address, BasicAccount)>, StoreError>;

    /// The header of a block.
    fn header(&self, number: u64) -> Result<Option<Header>, StoreError>;

    /// The number of the block with this hash.
    fn number_of(&self, hash: B256) -> Result<Option<u64>, StoreError>;

    /// The receipts of a block.
    fn receipts(&self, number: u64) -> Result<Option<Vec<ReceiptEnvelope>>, StoreError>;
}

/// A whole state as the changes that make it out of nothing: what [`Store::genesis`] takes.
pub fn genesis_changes(state: &MemoryState) -> StateChanges {
    let mut changes = StateChanges::default();
    for (address, account) in state.accounts() {
        let info = &account.info;
        if let Some(code) = info.code.as_ref().filter(|code| !code.is_empty()) {
            changes.codes.insert(info.code_hash, code.clone());
        }
        let basic = BasicAccount {
            balance: info.balance,
            nonce: info.nonce,
            code_hash: info.code_hash,
        };
        let change = AccountChange {
            account: Some(basic),
            storage_cleared: false,
            storage: account.storage.clone(),
        };
        changes.accounts.insert(*address, change);
    }
    changes
}
