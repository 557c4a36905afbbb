//! The tables and their encodings (docs/store.md is normative): fixed widths, big-endian, so that the
//! order of keys is the order of what they name. [`SCHEMA`] counts up with every change here.

use super::StoreError;
use crate::{BasicAccount, NodeKey};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use redb::{ReadOnlyTable, TableDefinition, WriteTransaction};

/// The version of tables and encodings.
pub const SCHEMA: u32 = 2;

/// A block number as a key.
pub(super) type NumberKey = [u8; 8];
/// Address and slot.
pub(super) type SlotKey = [u8; 52];
/// Balance, nonce and code hash.
pub(super) type AccountRow = [u8; 72];
/// Block number and position within its undo record.
pub(super) type UndoKey = [u8; 12];

pub(super) const ACCOUNTS: TableDefinition<'_, &[u8; 20], &AccountRow> = TableDefinition::new("accounts");
pub(super) const STORAGE: TableDefinition<'_, &SlotKey, &[u8; 32]> = TableDefinition::new("storage");
pub(super) const CODES: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("codes");
pub(super) const HEADERS: TableDefinition<'_, &NumberKey, &[u8]> = TableDefinition::new("headers");
pub(super) const HASHES: TableDefinition<'_, &NumberKey, &[u8; 32]> = TableDefinition::new("hashes");
pub(super) const NUMBERS: TableDefinition<'_, &[u8; 32], &NumberKey> = TableDefinition::new("numbers");
pub(super) const RECEIPTS: TableDefinition<'_, &NumberKey, &[u8]> = TableDefinition::new("receipts");
pub(super) const TRIE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("trie");
pub(super) const UNDO: TableDefinition<'_, &UndoKey, &[u8]> = TableDefinition::new("undo");
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Rows of [`META`].
pub(super) const META_SCHEMA: &str = "schema";
pub(super) const META_GENESIS: &str = "genesis";
pub(super) const META_HEAD: &str = "head";
pub(super) const META_RULES: &str = "rules";

pub(super) type AccountsTable = ReadOnlyTable<&'static [u8; 20], &'static AccountRow>;
pub(super) type StorageTable = ReadOnlyTable<&'static SlotKey, &'static [u8; 32]>;
pub(super) type CodesTable = ReadOnlyTable<&'static [u8; 32], &'static [u8]>;
pub(super) type BlobTable = ReadOnlyTable<&'static NumberKey, &'static [u8]>;
pub(super) type HashesTable = ReadOnlyTable<&'static NumberKey, &'static [u8; 32]>;
pub(super) type NumbersTable = ReadOnlyTable<&'static [u8; 32], &'static NumberKey>;
pub(super) type TrieTable = ReadOnlyTable<&'static [u8], &'static [u8]>;
pub(super) type UndoTable = ReadOnlyTable<&'static UndoKey, &'static [u8]>;

/// Creates all tables, so that every later reader finds them.
pub(super) fn create_all(txn: &WriteTransaction) -> Result<(), StoreError> {
    txn.open_table(ACCOUNTS)?;
    txn.open_table(STORAGE)?;
    txn.open_table(CODES)?;
    txn.open_table(HEADERS)?;
    txn.open_table(HASHES)?;
    txn.open_table(NUMBERS)?;
    txn.open_table(RECEIPTS)?;
    txn.open_table(TRIE)?;
    txn.open_table(UNDO)?;
    txn.open_table(META)?
        .insert(META_SCHEMA, SCHEMA.to_be_bytes().as_slice())?;
    Ok(())
}

/// The last block of the store, and the state after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// The state root in its header.
    pub state_root: B256,
}

impl Head {
    /// An error where a block with this header does not follow this one.
    pub fn check_next(&self, header: &Header) -> Result<(), StoreError> {
        let number = header.number;
        let problem = if self.number.checked_add(1) != Some(number) {
            format!("the head is block {}", self.number)
        } else if header.parent_hash != self.hash {
            format!("its parent is {}, the head is {}", header.parent_hash, self.hash)
        } else {
            return Ok(());
        };
        Err(StoreError::NotNext { number, problem })
    }

    pub(super) fn encode(&self) -> [u8; 72] {
        let mut row = [0; 72];
        row[..8].copy_from_slice(&self.number.to_be_bytes());
        row[8..40].copy_from_slice(self.hash.as_slice());
        row[40..].copy_from_slice(self.state_root.as_slice());
        row
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, StoreError> {
        let row: &[u8; 72] = row
            .try_into()
            .map_err(|_| StoreError::Corrupt(format!("the head has {} bytes, not 72", row.len())))?;
        Ok(Self {
            number: u64::from_be_bytes(part(row, 0)),
            hash: B256::new(part(row, 8)),
            state_root: B256::new(part(row, 40)),
        })
    }
}

pub(super) fn encode_account(account: &BasicAccount) -> AccountRow {
    let mut row = [0; 72];
    row[..32].copy_from_slice(&account.balance.to_be_bytes::<32>());
    row[32..40].copy_from_slice(&account.nonce.to_be_bytes());
    row[40..].copy_from_slice(account.code_hash.as_slice());
    row
}

pub(super) fn decode_account(row: &AccountRow) -> BasicAccount {
    BasicAccount {
        balance: U256::from_be_bytes::<32>(part(row, 0)),
        nonce: u64::from_be_bytes(part(row, 32)),
        code_hash: B256::new(part(row, 40)),
    }
}

pub(super) fn slot_key(address: Address, slot: U256) -> SlotKey {
    let mut key = [0; 52];
    key[..20].copy_from_slice(address.as_slice());
    key[20..].copy_from_slice(&slot.to_be_bytes::<32>());
    key
}

pub(super) fn split_slot_key(key: &SlotKey) -> (Address, U256) {
    (
        Address::new(part(key, 0)),
        U256::from_be_bytes::<32>(part(key, 20)),
    )
}

/// `N` bytes of a row from `at` on. Both are constants of the encodings above.
fn part<const N: usize, const M: usize>(row: &[u8; M], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&row[at..at + N]);
    bytes
}

/// Owner, path and length of a trie node's key: 32 bytes (zero for the account trie), the nibbles two a
/// byte with the first one high (an odd last nibble is padded with zero), and their number in a byte. A
/// node sorts near the nodes under it, and an owner is a range.
pub(super) struct TrieKey {
    bytes: [u8; 65],
    len: usize,
}

impl TrieKey {
    /// `None` where the owner is the zero hash, which stands for the account trie here.
    pub(super) fn new(NodeKey { owner, path }: &NodeKey) -> Option<Self> {
        if *owner == Some(B256::ZERO) {
            return None;
        }
        let mut bytes = [0; 65];
        bytes[..32].copy_from_slice(owner.unwrap_or_default().as_slice());
        for (index, nibble) in path.iter().enumerate() {
            bytes[32 + index / 2] |= if index % 2 == 0 { nibble << 4 } else { nibble };
        }
        let len = 33 + path.len().div_ceil(2);
        bytes[len - 1] = path.len() as u8;
        Some(Self { bytes, len })
    }

    /// The root of the account trie.
    pub(super) fn root() -> Self {
        Self {
            bytes: [0; 65],
            len: 33,
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The first and the last key that nodes of an owner can have.
    pub(super) fn owner_range(owner: B256) -> (Vec<u8>, Vec<u8>) {
        let first = owner.to_vec();
        let mut last = owner.to_vec();
        last.resize(32 + 34, 0xff);
        (first, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_trie::Nibbles;

    #[test]
    fn trie_keys_of_different_paths_differ_and_stay_in_their_owners_range() {
        let mut keys = std::collections::BTreeSet::new();
        let owner = B256::repeat_byte(0xff);
        let (first, last) = TrieKey::owner_range(owner);
        let mut paths = vec![vec![]];
        for length in 1..=3 {
            for number in 0..16_u32.pow(length) {
                paths.push((0..length).map(|at| (number >> (4 * at) & 15) as u8).collect());
            }
        }
        paths.push(vec![15; 64]);
        paths.push(vec![15; 63]);
        let at = |owner, path: &[u8]| {
            TrieKey::new(&NodeKey {
                owner,
                path: Nibbles::from_nibbles(path),
            })
        };
        for path in &paths {
            let key = at(Some(owner), path).unwrap().as_slice().to_vec();
            assert!(first <= key && key <= last);
            assert!(keys.insert(key));
        }
        assert!(at(Some(B256::ZERO), &[]).is_none());
        assert_eq!(at(None, &[]).unwrap().as_slice(), TrieKey::root().as_slice());
    }

    #[test]
    fn accounts_and_slots_come_back_as_they_were_stored() {
        let account = BasicAccount {
            balance: U256::MAX - U256::from(3),
            nonce: u64::MAX - 1,
            code_hash: B256::repeat_byte(7),
        };
        assert_eq!(decode_account(&encode_account(&account)), account);
        let place = (Address::repeat_byte(9), U256::from(77) << 200);
        assert_eq!(split_slot_key(&slot_key(place.0, place.1)), place);
    }
}
