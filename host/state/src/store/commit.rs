//! What a block writes, within one transaction of redb.

use super::{
    BlockCommit, Head, StoreError, check_header,
    tables::{
        ACCOUNTS, CODES, HASHES, HEADERS, META, META_HEAD, NUMBERS, RECEIPTS, STORAGE, SlotKey, TRIE,
        TrieKey, encode_account, slot_key,
    },
    undo::{UndoWriter, Undone},
};
use crate::{CpuKeccak, KeccakBatch, StateChanges, TrieUpdate};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};

/// Writes a block. Its old values are noted where it is to be undone one day.
pub(super) fn write_block(
    txn: &WriteTransaction,
    block: &BlockCommit<'_>,
    mut undo: Option<UndoWriter<'_>>,
) -> Result<Head, StoreError> {
    let header = block.header;
    check_header(header)?;
    let rlp = alloy_rlp::encode(header);
    let head = Head {
        number: header.number,
        hash: keccak256(&rlp),
        state_root: header.state_root,
    };
    write_codes(txn, block, &mut undo)?;
    write_accounts(txn, head.number, block.changes, &mut undo)?;
    write_storage(txn, head.number, block.changes, &mut undo)?;
    write_trie(txn, &head, block.trie, &mut undo)?;
    if let Some(undo) = undo {
        undo.finish()?;
    }
    let number = &head.number.to_be_bytes();
    txn.open_table(HEADERS)?.insert(number, rlp.as_slice())?;
    txn.open_table(HASHES)?.insert(number, &head.hash.0)?;
    txn.open_table(NUMBERS)?.insert(&head.hash.0, number)?;
    let mut receipts = Vec::new();
    alloy_rlp::encode_list(block.receipts, &mut receipts);
    txn.open_table(RECEIPTS)?.insert(number, receipts.as_slice())?;
    set_head(txn, &head)?;
    Ok(head)
}

/// Names the head.
pub(super) fn set_head(txn: &WriteTransaction, head: &Head) -> Result<(), StoreError> {
    txn.open_table(META)?
        .insert(META_HEAD, head.encode().as_slice())?;
    Ok(())
}

/// Removes header and receipts of the head, and makes its parent the head again.
pub(super) fn remove_block(txn: &WriteTransaction, head: &Head, parent: &Head) -> Result<(), StoreError> {
    let number = &head.number.to_be_bytes();
    txn.open_table(HEADERS)?.remove(number)?;
    txn.open_table(HASHES)?.remove(number)?;
    txn.open_table(NUMBERS)?.remove(&head.hash.0)?;
    txn.open_table(RECEIPTS)?.remove(number)?;
    set_head(txn, parent)
}

fn note(
    undo: &mut Option<UndoWriter<'_>>,
    table: Undone,
    key: &[u8],
    old: Option<&[u8]>,
) -> Result<(), StoreError> {
    match undo {
        Some(undo) => undo.note(table, key, old),
        None => Ok(()),
    }
}

fn invalid(number: u64, problem: String) -> StoreError {
    StoreError::Invalid { number, problem }
}

fn write_codes(
    txn: &WriteTransaction,
    block: &BlockCommit<'_>,
    undo: &mut Option<UndoWriter<'_>>,
) -> Result<(), StoreError> {
    let mut codes = txn.open_table(CODES)?;
    let mut new: Vec<_> = block.changes.codes.iter().collect();
    new.sort_unstable_by_key(|(hash, _)| **hash);
    let mut given = Vec::with_capacity(new.len());
    for (hash, code) in new {
        if codes.get(&hash.0)?.is_none() {
            given.push((hash, code.original_byte_slice()));
        }
    }
    let messages: Vec<&[u8]> = given.iter().map(|(_, bytes)| *bytes).collect();
    let mut hashes = vec![B256::ZERO; messages.len()];
    CpuKeccak.hash(&messages, &mut hashes);
    for ((hash, bytes), right) in given.into_iter().zip(&hashes) {
        if right != hash {
            return Err(invalid(
                block.header.number,
                format!("the code given for {hash} has another hash"),
            ));
        }
        codes.insert(&hash.0, bytes)?;
        note(undo, Undone::Code, hash.as_slice(), None)?;
    }
    Ok(())
}

/// In the order of addresses: neighbours share pages.
fn sorted(changes: &StateChanges) -> Vec<&Address> {
    let mut addresses: Vec<_> = changes.accounts.keys().collect();
    addresses.sort_unstable();
    addresses
}

fn write_accounts(
    txn: &WriteTransaction,
    number: u64,
    changes: &StateChanges,
    undo: &mut Option<UndoWriter<'_>>,
) -> Result<(), StoreError> {
    let mut accounts = txn.open_table(ACCOUNTS)?;
    let codes = txn.open_table(CODES)?;
    for address in sorted(changes) {
        let Some(account) = changes.accounts[address].account else {
            if let Some(old) = accounts.remove(&address.0.0)? {
                note(undo, Undone::Account, address.as_slice(), Some(old.value()))?;
            }
            continue;
        };
        let row = encode_account(&account);
        let old = accounts.insert(&address.0.0, &row)?;
        let old = old.as_ref().map(|old| old.value());
        if old == Some(&row) {
            continue;
        }
        note(
            undo,
            Undone::Account,
            address.as_slice(),
            old.map(|old| old.as_slice()),
        )?;
        let code_changed = old.is_none_or(|old| old[40..] != row[40..]);
        if code_changed && account.code_hash != KECCAK256_EMPTY && codes.get(&account.code_hash.0)?.is_none()
        {
            let problem = format!("account {address} has code {} that is nowhere", account.code_hash);
            return Err(invalid(number, problem));
        }
    }
    Ok(())
}

fn write_storage(
    txn: &WriteTransaction,
    number: u64,
    changes: &StateChanges,
    undo: &mut Option<UndoWriter<'_>>,
) -> Result<(), StoreError> {
    let mut storage = txn.open_table(STORAGE)?;
    for address in sorted(changes) {
        let change = &changes.accounts[address];
        if change.account.is_none() && !change.storage.is_empty() {
            return Err(invalid(
                number,
                format!("account {address} is gone but has storage"),
            ));
        }
        if change.account.is_none() || change.storage_cleared {
            let (first, last) = (slot_key(*address, U256::ZERO), slot_key(*address, U256::MAX));
            let mut cleared = storage.extract_from_if::<&SlotKey, _>(&first..=&last, |_, _| true)?;
            for slot in &mut cleared {
                let (key, old) = slot?;
                note(undo, Undone::Slot, key.value(), Some(old.value()))?;
            }
            cleared.close()?;
        }
        let mut slots: Vec<_> = change.storage.iter().collect();
        slots.sort_unstable_by_key(|(slot, _)| **slot);
        for (slot, value) in slots {
            let key = slot_key(*address, *slot);
            if value.is_zero() {
                if let Some(old) = storage.remove(&key)? {
                    note(undo, Undone::Slot, &key, Some(old.value()))?;
                }
            } else {
                let row = value.to_be_bytes::<32>();
                let old = storage.insert(&key, &row)?;
                let old = old.as_ref().map(|old| old.value());
                if old != Some(&row) {
                    note(undo, Undone::Slot, &key, old.map(|old| old.as_slice()))?;
                }
            }
        }
    }
    Ok(())
}

fn write_trie(
    txn: &WriteTransaction,
    head: &Head,
    update: &TrieUpdate,
    undo: &mut Option<UndoWriter<'_>>,
) -> Result<(), StoreError> {
    let mut trie = txn.open_table(TRIE)?;
    let no_owner = || invalid(head.number, "the zero hash cannot own a trie".to_owned());
    for owner in &update.dropped {
        if owner.is_zero() {
            return Err(no_owner());
        }
        let (first, last) = TrieKey::owner_range(*owner);
        let mut dropped =
            trie.extract_from_if::<&[u8], _>(first.as_slice()..=last.as_slice(), |_, _| true)?;
        for node in &mut dropped {
            let (key, old) = node?;
            note(undo, Undone::TrieNode, key.value(), Some(old.value()))?;
        }
        dropped.close()?;
    }
    for key in &update.removed {
        let key = TrieKey::new(key).ok_or_else(no_owner)?;
        if let Some(old) = trie.remove(key.as_slice())? {
            note(undo, Undone::TrieNode, key.as_slice(), Some(old.value()))?;
        }
    }
    let mut new = Vec::with_capacity(update.set.len());
    for (key, node) in &update.set {
        new.push((TrieKey::new(key).ok_or_else(no_owner)?, node));
    }
    // Neighbours share pages here, too. Stable: of two nodes for one place the later one counts.
    new.sort_by(|one, other| one.0.as_slice().cmp(other.0.as_slice()));
    for (key, node) in new {
        let old = trie.insert(key.as_slice(), node.as_ref())?;
        let old = old.as_ref().map(|old| old.value());
        if old != Some(node.as_ref()) {
            note(undo, Undone::TrieNode, key.as_slice(), old)?;
        }
    }
    if trie.is_empty()? {
        return Ok(());
    }
    let root = trie
        .get(TrieKey::root().as_slice())?
        .map(|node| keccak256(node.value()));
    match root {
        Some(root) if root == head.state_root => Ok(()),
        Some(root) => Err(wrong_root(head, root)),
        None => Err(invalid(
            head.number,
            "the account trie has no root node".to_owned(),
        )),
    }
}

fn wrong_root(head: &Head, root: B256) -> StoreError {
    let problem = format!("its trie has root {root}, its header names {}", head.state_root);
    invalid(head.number, problem)
}
