//! Undo records: what a block changed, as it was before.
//!
//! A record is a sequence of entries (table, key, old value or none) in the order in which the block was
//! written. Undoing it means to put the old values back in the opposite order. It is cut into chunks of
//! whole entries, so that neither writing nor undoing holds more than a chunk, however much storage an
//! account had that was destroyed.

use super::{
    StoreError,
    tables::{ACCOUNTS, CODES, NumberKey, STORAGE, SlotKey, TRIE, UNDO, UndoKey},
};
use redb::{ReadableTable, Table, WriteTransaction};

/// Encoding of a chunk; its first byte.
const VERSION: u8 = 1;
/// A chunk is closed before it grows over this. A little below 16 KiB: redb rounds a page up to a power
/// of two.
const CHUNK_BYTES: usize = 15 * 1024;

/// The tables that undo records speak of. The numbers are part of the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Undone {
    Account = 1,
    Slot = 2,
    Code = 3,
    TrieNode = 4,
}

/// Writes the record of one block.
pub(super) struct UndoWriter<'txn> {
    table: Table<'txn, &'static UndoKey, &'static [u8]>,
    number: u64,
    next_chunk: u32,
    buffer: Vec<u8>,
}

impl<'txn> UndoWriter<'txn> {
    pub(super) fn new(txn: &'txn WriteTransaction, number: u64) -> Result<Self, StoreError> {
        Ok(Self {
            table: txn.open_table(UNDO)?,
            number,
            next_chunk: 0,
            buffer: vec![VERSION],
        })
    }

    /// Notes what a row was. `key` is shorter than 256 bytes.
    pub(super) fn note(&mut self, table: Undone, key: &[u8], old: Option<&[u8]>) -> Result<(), StoreError> {
        let old_bytes = old.map_or(0, <[u8]>::len);
        if self.buffer.len() + 7 + key.len() + old_bytes > CHUNK_BYTES && self.buffer.len() > 1 {
            self.close_chunk()?;
        }
        self.buffer.push(table as u8);
        self.buffer.push(key.len() as u8);
        self.buffer.extend_from_slice(key);
        self.buffer.push(u8::from(old.is_some()));
        self.buffer.extend_from_slice(&(old_bytes as u32).to_be_bytes());
        self.buffer.extend_from_slice(old.unwrap_or_default());
        Ok(())
    }

    fn close_chunk(&mut self) -> Result<(), StoreError> {
        let key = undo_key(self.number, self.next_chunk);
        self.table.insert(&key, self.buffer.as_slice())?;
        self.next_chunk += 1;
        self.buffer.truncate(1);
        Ok(())
    }

    /// Writes the rest. A block that changed nothing has a chunk without entries.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        self.close_chunk()
    }
}

fn undo_key(number: u64, chunk: u32) -> UndoKey {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key[8..].copy_from_slice(&chunk.to_be_bytes());
    key
}

/// The block that a key of the undo table belongs to.
pub(super) fn block_of(key: &UndoKey) -> u64 {
    let mut number: NumberKey = [0; 8];
    number.copy_from_slice(&key[..8]);
    u64::from_be_bytes(number)
}

/// Forgets how to undo the blocks before `first_kept`.
pub(super) fn prune(txn: &WriteTransaction, first_kept: u64) -> Result<(), StoreError> {
    let mut table = txn.open_table(UNDO)?;
    table.retain_in::<&UndoKey, _>(..&undo_key(first_kept, 0), |_, _| false)?;
    Ok(())
}

/// How many blocks up to `head` can be undone: the records at the end that have no gap.
pub(super) fn depth(
    table: &impl ReadableTable<&'static UndoKey, &'static [u8]>,
    head: u64,
) -> Result<u64, StoreError> {
    let Some((first, last)) = table.first()?.zip(table.last()?) else {
        return Ok(0);
    };
    let (first, last) = (block_of(first.0.value()), block_of(last.0.value()));
    // Records are written and pruned in order, so they have no gap. One after the head is damage.
    if last != head {
        return Err(StoreError::Corrupt(format!(
            "the last undo record is of block {last}, the head is block {head}"
        )));
    }
    Ok(head - first + 1)
}

/// Puts back what block `number` changed, and forgets its record.
pub(super) fn undo_block(txn: &WriteTransaction, number: u64) -> Result<(), StoreError> {
    let mut undo = txn.open_table(UNDO)?;
    let mut accounts = txn.open_table(ACCOUNTS)?;
    let mut storage = txn.open_table(STORAGE)?;
    let mut codes = txn.open_table(CODES)?;
    let mut trie = txn.open_table(TRIE)?;
    let last_key = undo_key(number, u32::MAX);
    loop {
        let chunk = undo
            .range::<&UndoKey>(&undo_key(number, 0)..=&last_key)?
            .next_back();
        let Some((key, chunk)) = chunk
            .transpose()?
            .map(|(key, row)| (*key.value(), row.value().to_vec()))
        else {
            return Ok(());
        };
        undo.remove(&key)?;
        for Entry { table, key, old } in entries(&chunk, number)?.into_iter().rev() {
            let damaged = || damaged(number);
            match (table, old) {
                (Undone::Account, old) => {
                    let key: &[u8; 20] = key.try_into().map_err(|_| damaged())?;
                    match old {
                        Some(row) => accounts.insert(key, row_of(row).ok_or_else(damaged)?)?,
                        None => accounts.remove(key)?,
                    };
                }
                (Undone::Slot, old) => {
                    let key: &SlotKey = key.try_into().map_err(|_| damaged())?;
                    match old {
                        Some(row) => storage.insert(key, row_of(row).ok_or_else(damaged)?)?,
                        None => storage.remove(key)?,
                    };
                }
                (Undone::Code, old) => {
                    let key: &[u8; 32] = key.try_into().map_err(|_| damaged())?;
                    match old {
                        Some(row) => codes.insert(key, row)?,
                        None => codes.remove(key)?,
                    };
                }
                (Undone::TrieNode, Some(row)) => drop(trie.insert(key, row)?),
                (Undone::TrieNode, None) => drop(trie.remove(key)?),
            }
        }
    }
}

fn row_of<const N: usize>(row: &[u8]) -> Option<&[u8; N]> {
    row.try_into().ok()
}

/// One row before the block.
pub(super) struct Entry<'a> {
    pub(super) table: Undone,
    pub(super) key: &'a [u8],
    pub(super) old: Option<&'a [u8]>,
}

/// The entries of a chunk of block `number` in the order in which they were noted.
pub(super) fn entries(chunk: &[u8], number: u64) -> Result<Vec<Entry<'_>>, StoreError> {
    let mut rest = chunk;
    if take(&mut rest, 1) != Some(&[VERSION]) {
        return Err(damaged(number));
    }
    let mut entries = Vec::new();
    while !rest.is_empty() {
        entries.push(entry(&mut rest).ok_or_else(|| damaged(number))?);
    }
    Ok(entries)
}

fn entry<'a>(rest: &mut &'a [u8]) -> Option<Entry<'a>> {
    let table = match take(rest, 1)? {
        [1] => Undone::Account,
        [2] => Undone::Slot,
        [3] => Undone::Code,
        [4] => Undone::TrieNode,
        _ => return None,
    };
    let key_bytes = usize::from(take(rest, 1)?[0]);
    let key = take(rest, key_bytes)?;
    let present = take(rest, 1)?[0];
    let old_bytes = u32::from_be_bytes(*row_of(take(rest, 4)?)?);
    let old = take(rest, old_bytes as usize)?;
    match present {
        0 if old.is_empty() => Some(Entry {
            table,
            key,
            old: None,
        }),
        1 => Some(Entry {
            table,
            key,
            old: Some(old),
        }),
        _ => None,
    }
}

fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(bytes)?;
    *rest = left;
    Some(taken)
}

fn damaged(number: u64) -> StoreError {
    StoreError::Corrupt(format!("the undo record of block {number} cannot be decoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_that_is_cut_off_or_altered_is_an_error_and_never_a_panic() {
        let mut chunk = vec![VERSION, Undone::Slot as u8, 2, 7, 8, 1, 0, 0, 0, 3, 1, 2, 3];
        chunk.extend([Undone::Code as u8, 1, 9, 0, 0, 0, 0, 0]);
        let whole = entries(&chunk, 0).unwrap();
        assert_eq!(whole.len(), 2);
        assert_eq!(
            (whole[0].table, whole[0].key, whole[0].old),
            (Undone::Slot, &[7, 8][..], Some(&[1, 2, 3][..]))
        );
        assert_eq!(
            (whole[1].table, whole[1].key, whole[1].old),
            (Undone::Code, &[9][..], None)
        );
        for length in (0..chunk.len()).filter(|length| ![1, 13].contains(length)) {
            assert!(entries(&chunk[..length], 0).is_err(), "{length}");
        }
        for at in 0..chunk.len() {
            let mut altered = chunk.clone();
            altered[at] ^= 0xff;
            let _ = entries(&altered, 0);
        }
    }
}
