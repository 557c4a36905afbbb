//! Whether a store is whole, and whether two are the same.

use super::{
    Head, RedbSnapshot, RedbStore, Store, StoreError, StoreSnapshot,
    open::guarded,
    snapshot::decode_receipts,
    tables::{TrieKey, decode_account, split_slot_key},
    undo,
};
use crate::root::{root_of, storage_root};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, Keccak256, U256, keccak256};
use redb::{Key, ReadOnlyTable, ReadableTable, ReadableTableMetadata, Value};

/// How much [`RedbStore::verify`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The last block: its header, hash and number, and the root node of the trie.
    Head,
    /// Every row of every table. Takes as long as reading the whole store.
    Everything,
    /// That, and that accounts and slots make the state root of the last block. Holds one leaf an account.
    StateRoot,
}

impl RedbStore {
    /// Checks that what is stored fits together: the first contradiction is the error. An empty store
    /// fits.
    pub fn verify(&self, depth: Depth) -> Result<Option<Head>, StoreError> {
        if self.head()?.is_none() {
            return Ok(None);
        }
        let snapshot = self.snapshot()?;
        guarded(|| snapshot.check_head())?;
        if depth != Depth::Head {
            guarded(|| snapshot.check_everything())?;
        }
        if depth == Depth::StateRoot {
            guarded(|| snapshot.check_root())?;
        }
        Ok(Some(snapshot.head()))
    }

    /// [`Depth::Head`], for a store that is being opened.
    pub(super) fn check_head(&self) -> Result<(), StoreError> {
        self.verify(Depth::Head).map(|_| ())
    }
}

fn damaged<T>(problem: String) -> Result<T, StoreError> {
    Err(StoreError::Corrupt(problem))
}

impl RedbSnapshot {
    /// The Keccak-256 hash over every row of all tables but the undo records: equal for two stores that
    /// hold the same chain and state, however they came to it. Reads the whole store.
    pub fn fingerprint(&self) -> Result<B256, StoreError> {
        guarded(|| {
            let mut hasher = Keccak256::new();
            hash_table(&mut hasher, &self.accounts)?;
            hash_table(&mut hasher, &self.storage)?;
            hash_table(&mut hasher, &self.codes)?;
            hash_table(&mut hasher, &self.headers)?;
            hash_table(&mut hasher, &self.hashes)?;
            hash_table(&mut hasher, &self.numbers)?;
            hash_table(&mut hasher, &self.receipts)?;
            hash_table(&mut hasher, &self.trie)?;
            hasher.update(self.head().encode());
            Ok(hasher.finalize())
        })
    }

    fn check_head(&self) -> Result<(), StoreError> {
        let head = self.head();
        let Some(header) = self.header(head.number)? else {
            return damaged(format!(
                "the header of the head, block {}, is missing",
                head.number
            ));
        };
        self.check_block(head.number, head.hash)?;
        if header.state_root != head.state_root {
            return damaged(format!("the head names state root {}", head.state_root));
        }
        undo::depth(&self.undo, head.number)?;
        if self.trie.is_empty()? {
            return Ok(());
        }
        let root = ReadableTable::get(&self.trie, TrieKey::root().as_slice())?;
        let root = root.map(|node| keccak256(node.value()));
        if root != Some(head.state_root) {
            return damaged(format!(
                "the state root is {}, the root of the trie {root:?}",
                head.state_root
            ));
        }
        Ok(())
    }

    /// Header, receipts and the three ways to name a block.
    fn check_block(&self, number: u64, hash: B256) -> Result<(), StoreError> {
        let header = ReadableTable::get(&self.headers, &number.to_be_bytes())?;
        if header.map(|header| keccak256(header.value())) != Some(hash) {
            return damaged(format!("the header of block {number} has not the hash {hash}"));
        }
        if self.block_hash(number)? != Some(hash) || self.number_of(hash)? != Some(number) {
            return damaged(format!("block {number} is filed under another hash than {hash}"));
        }
        match ReadableTable::get(&self.receipts, &number.to_be_bytes())? {
            Some(receipts) => decode_receipts(receipts.value(), number).map(|_| ()),
            None => damaged(format!("the receipts of block {number} are missing")),
        }
    }

    fn check_everything(&self) -> Result<(), StoreError> {
        self.check_chain()?;
        self.check_state()?;
        for row in ReadableTable::iter(&self.undo)? {
            let (key, chunk) = row?;
            undo::entries(chunk.value(), undo::block_of(key.value()))?;
        }
        Ok(())
    }

    /// From the head back to the first block.
    fn check_chain(&self) -> Result<(), StoreError> {
        let mut hash = self.head().hash;
        let mut number = self.head().number;
        let blocks = self.headers.len()?;
        for left in (0..blocks).rev() {
            self.check_block(number, hash)?;
            if left > 0 {
                let header = self.header(number)?;
                hash = header.map_or(B256::ZERO, |header| header.parent_hash);
                number = number.wrapping_sub(1);
            }
        }
        if self.numbers.len()? != blocks || self.receipts.len()? != blocks {
            return damaged(format!(
                "{blocks} headers, but not as many hashes or lists of receipts"
            ));
        }
        Ok(())
    }

    fn check_state(&self) -> Result<(), StoreError> {
        for row in ReadableTable::iter(&self.accounts)? {
            let (address, account) = row?;
            let hash = decode_account(account.value()).code_hash;
            if hash != KECCAK256_EMPTY && ReadableTable::get(&self.codes, &hash.0)?.is_none() {
                let address = Address::new(*address.value());
                return damaged(format!("the code {hash} of account {address} is missing"));
            }
        }
        for row in ReadableTable::iter(&self.codes)? {
            let (hash, code) = row?;
            if keccak256(code.value()) != *hash.value() {
                return damaged(format!("code {} has another hash", B256::new(*hash.value())));
            }
        }
        let mut owner = None;
        for row in ReadableTable::iter(&self.storage)? {
            let (key, value) = row?;
            let (address, slot) = split_slot_key(key.value());
            if U256::from_be_bytes(*value.value()).is_zero() {
                return damaged(format!(
                    "slot {slot} of account {address} is stored though it is zero"
                ));
            }
            if owner != Some(address) && ReadableTable::get(&self.accounts, &address.0.0)?.is_none() {
                return damaged(format!("account {address} has storage but does not exist"));
            }
            owner = Some(address);
        }
        Ok(())
    }
}

impl RedbSnapshot {
    /// Whether accounts and slots, row by row, make the state root of the head. Rows whose pages are whole can still
    /// be wrong, and execution reads rows, not trie nodes. Holds one leaf an account, and the slots of one account.
    fn check_root(&self) -> Result<(), StoreError> {
        if self.trie.is_empty()? {
            // Kept without tries, the header's root was never compared either.
            return Ok(());
        }
        let mut storage = ReadableTable::iter(&self.storage)?.peekable();
        let mut leaves = Vec::new();
        for row in ReadableTable::iter(&self.accounts)? {
            let (address, account) = row?;
            let address = Address::new(*address.value());
            let account = decode_account(account.value());
            let mut slots = Vec::new();
            // Slots are sorted by address, as accounts are; those of an account that does not exist are found below.
            while let Some(row) = storage.next_if(|row| match row {
                Ok((key, _)) => split_slot_key(key.value()).0 <= address,
                Err(_) => true,
            }) {
                let (key, value) = row?;
                let (owner, slot) = split_slot_key(key.value());
                if owner == address {
                    slots.push((slot, U256::from_be_bytes(*value.value())));
                }
            }
            leaves.push((address, account, storage_root(slots)));
        }
        let root = root_of(leaves);
        if root == self.head().state_root {
            return Ok(());
        }
        let named = self.head().state_root;
        damaged(format!(
            "accounts and slots make state root {root}, the head names {named}"
        ))
    }
}

fn hash_table<K: Key + 'static, V: Value + 'static>(
    hasher: &mut Keccak256,
    table: &ReadOnlyTable<K, V>,
) -> Result<(), StoreError> {
    hasher.update(table.len()?.to_be_bytes());
    for row in ReadableTable::iter(table)? {
        let (key, value) = row?;
        for bytes in [
            K::as_bytes(&key.value()).as_ref(),
            V::as_bytes(&value.value()).as_ref(),
        ] {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        }
    }
    Ok(())
}
