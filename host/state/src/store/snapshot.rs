//! Reading one committed state.

use super::{
    Head, StoreError, StoreSnapshot,
    open::guarded,
    redb_store::decode_header,
    tables::{
        ACCOUNTS, AccountsTable, BlobTable, CODES, CodesTable, HASHES, HEADERS, HashesTable, NUMBERS,
        NumbersTable, RECEIPTS, STORAGE, SlotKey, StorageTable, TRIE, TrieKey, TrieTable, UNDO, UndoTable,
        decode_account, slot_key, split_slot_key,
    },
};
use crate::{BasicAccount, NodeKey, StateError, StateSource, TrieNodes, asks_for_storage, storage_answer};
use alloy_consensus::{Header, ReceiptEnvelope};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_rlp::Decodable;
use redb::{ReadTransaction, ReadableTable};
use revm::{
    DatabaseRef,
    bytecode::Bytecode,
    state::{AccountId, AccountInfo},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// How many reads reached a store since it was opened.
#[derive(Debug, Default)]
pub struct ReadCounts {
    /// Single accounts.
    pub accounts: AtomicU64,
    /// Single slots.
    pub slots: AtomicU64,
    /// Codes.
    pub codes: AtomicU64,
    /// Ranges of slots.
    pub storage_ranges: AtomicU64,
    /// Trie nodes.
    pub trie_nodes: AtomicU64,
}

/// The [`StoreSnapshot`] of a [`RedbStore`](super::RedbStore). Threads may share it.
pub struct RedbSnapshot {
    head: Head,
    pub(super) accounts: AccountsTable,
    pub(super) storage: StorageTable,
    pub(super) codes: CodesTable,
    pub(super) headers: BlobTable,
    pub(super) hashes: HashesTable,
    pub(super) numbers: NumbersTable,
    pub(super) receipts: BlobTable,
    pub(super) trie: TrieTable,
    pub(super) undo: UndoTable,
    reads: Arc<ReadCounts>,
}

impl core::fmt::Debug for RedbSnapshot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RedbSnapshot")
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

impl RedbSnapshot {
    /// Opens all tables of one read transaction.
    pub(super) fn new(
        read: &ReadTransaction,
        head: Head,
        reads: Arc<ReadCounts>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            head,
            accounts: read.open_table(ACCOUNTS)?,
            storage: read.open_table(STORAGE)?,
            codes: read.open_table(CODES)?,
            headers: read.open_table(HEADERS)?,
            hashes: read.open_table(HASHES)?,
            numbers: read.open_table(NUMBERS)?,
            receipts: read.open_table(RECEIPTS)?,
            trie: read.open_table(TRIE)?,
            undo: read.open_table(UNDO)?,
            reads,
        })
    }

    /// The bytes of a code.
    pub(super) fn code(&self, hash: B256) -> Result<Option<Bytes>, StoreError> {
        guarded(|| {
            let row = ReadableTable::get(&self.codes, &hash.0)?;
            Ok(row.map(|row| Bytes::copy_from_slice(row.value())))
        })
    }

    /// The hash of a block, also of an ancestor of the first one.
    pub(super) fn block_hash(&self, number: u64) -> Result<Option<B256>, StoreError> {
        guarded(|| {
            let row = ReadableTable::get(&self.hashes, &number.to_be_bytes())?;
            Ok(row.map(|row| B256::new(*row.value())))
        })
    }
}

impl StoreSnapshot for RedbSnapshot {
    fn head(&self) -> Head {
        self.head
    }

    fn account(&self, address: Address) -> Result<Option<BasicAccount>, StoreError> {
        self.reads.accounts.fetch_add(1, Relaxed);
        guarded(|| {
            let row = ReadableTable::get(&self.accounts, &address.0.0)?;
            Ok(row.map(|row| decode_account(row.value())))
        })
    }

    fn accounts_from(&self, from: Address, limit: usize) -> Result<Vec<(Address, BasicAccount)>, StoreError> {
        guarded(|| {
            let mut accounts = Vec::new();
            for row in ReadableTable::range::<&[u8; 20]>(&self.accounts, &from.0.0..)?.take(limit) {
                let (key, value) = row?;
                accounts.push((Address::new(*key.value()), decode_account(value.value())));
            }
            Ok(accounts)
        })
    }

    fn header(&self, number: u64) -> Result<Option<Header>, StoreError> {
        guarded(|| {
            let row = ReadableTable::get(&self.headers, &number.to_be_bytes())?;
            row.map(|row| decode_header(row.value(), number)).transpose()
        })
    }

    fn number_of(&self, hash: B256) -> Result<Option<u64>, StoreError> {
        guarded(|| {
            let row = ReadableTable::get(&self.numbers, &hash.0)?;
            Ok(row.map(|row| u64::from_be_bytes(*row.value())))
        })
    }

    fn receipts(&self, number: u64) -> Result<Option<Vec<ReceiptEnvelope>>, StoreError> {
        guarded(|| {
            let row = ReadableTable::get(&self.receipts, &number.to_be_bytes())?;
            row.map(|row| decode_receipts(row.value(), number)).transpose()
        })
    }
}

impl StateSource for RedbSnapshot {
    fn storage_range(
        &self,
        address: Address,
        from: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError> {
        self.reads.storage_ranges.fetch_add(1, Relaxed);
        let slots = guarded(|| {
            let (first, last) = (slot_key(address, from), slot_key(address, U256::MAX));
            let mut slots = Vec::new();
            for row in ReadableTable::range::<&SlotKey>(&self.storage, &first..=&last)?.take(limit) {
                let (key, value) = row?;
                slots.push((split_slot_key(key.value()).1, U256::from_be_bytes(*value.value())));
            }
            Ok(slots)
        })?;
        Ok(slots)
    }
}

impl TrieNodes for RedbSnapshot {
    fn node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError> {
        self.reads.trie_nodes.fetch_add(1, Relaxed);
        let Some(key) = TrieKey::new(key) else {
            return Ok(None);
        };
        let node = guarded(|| {
            let row = ReadableTable::get(&self.trie, key.as_slice())?;
            Ok(row.map(|row| Bytes::copy_from_slice(row.value())))
        })?;
        Ok(node)
    }
}

pub(super) fn decode_receipts(mut rlp: &[u8], number: u64) -> Result<Vec<ReceiptEnvelope>, StoreError> {
    let receipts = Vec::decode(&mut rlp).ok().filter(|_| rlp.is_empty());
    receipts.ok_or_else(|| StoreError::Corrupt(format!("the receipts of block {number} cannot be decoded")))
}

impl DatabaseRef for RedbSnapshot {
    type Error = StateError;

    /// Without the code, which revm asks for by its hash when it needs it.
    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let account = self.account(address)?;
        Ok(account.map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            code: None,
            ..Default::default()
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        if code_hash == KECCAK256_EMPTY || code_hash.is_zero() {
            return Ok(Bytecode::default());
        }
        self.reads.codes.fetch_add(1, Relaxed);
        let code = self.code(code_hash)?.ok_or(StateError::UnknownCode(code_hash))?;
        // State may hold bytes that look like a malformed EIP-7702 designator: ordinary code then.
        Ok(Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code)))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.reads.slots.fetch_add(1, Relaxed);
        let value = guarded(|| {
            let row = ReadableTable::get(&self.storage, &slot_key(address, slot))?;
            Ok(row.map_or(U256::ZERO, |row| U256::from_be_bytes(*row.value())))
        })?;
        Ok(value)
    }

    fn storage_by_account_id_ref(
        &self,
        address: Address,
        account: AccountId,
        slot: U256,
    ) -> Result<U256, StateError> {
        if asks_for_storage(account) {
            return Ok(storage_answer(
                !self.storage_range(address, U256::ZERO, 1)?.is_empty(),
            ));
        }
        self.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.block_hash(number)?
            .ok_or(StateError::UnknownBlockHash(number))
    }
}
