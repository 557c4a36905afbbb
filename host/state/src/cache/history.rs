//! Which keys recent blocks changed, so that a re-organisation costs those keys and not the whole cache.

use crate::StateChanges;
use alloy_primitives::{Address, B256, U256};
use std::collections::VecDeque;

/// The keys that one block changed.
#[derive(Debug)]
pub(super) struct BlockRecord {
    pub(super) parent: B256,
    pub(super) accounts: Box<[Address]>,
    pub(super) slots: Box<[(Address, U256)]>,
    /// The accounts that lost all their slots.
    pub(super) cleared: Box<[Address]>,
}

impl BlockRecord {
    pub(super) fn new(parent: B256, changes: &StateChanges) -> Self {
        Self {
            parent,
            accounts: changes.accounts.keys().copied().collect(),
            slots: changes
                .accounts
                .iter()
                .flat_map(|(address, change)| change.storage.keys().map(move |slot| (*address, *slot)))
                .collect(),
            cleared: changes
                .accounts
                .iter()
                .filter(|(_, change)| change.storage_cleared || change.account.is_none())
                .map(|(address, _)| *address)
                .collect(),
        }
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.accounts) + size_of_val(&*self.slots) + size_of_val(&*self.cleared)
    }
}

/// The records of the blocks that lead to where the cache stands, oldest first, bounded in number and in
/// bytes.
#[derive(Debug)]
pub(super) struct History {
    records: VecDeque<BlockRecord>,
    bytes: usize,
    limit: usize,
    blocks: usize,
}

impl History {
    pub(super) fn new(limit: usize, blocks: usize) -> Self {
        let blocks = blocks.min(limit / size_of::<BlockRecord>());
        let fixed = blocks * size_of::<BlockRecord>();
        Self {
            records: VecDeque::with_capacity(blocks),
            bytes: fixed,
            limit,
            blocks,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Remembers one more block; the oldest go where there is no room. A block too large to be remembered
    /// ends the history: nothing before it can be reached by keys any more.
    pub(super) fn push(&mut self, record: BlockRecord) {
        let bytes = record.bytes();
        while self.records.len() >= self.blocks.max(1) || self.bytes + bytes > self.limit {
            let Some(oldest) = self.records.pop_front() else {
                return;
            };
            self.bytes -= oldest.bytes();
        }
        if self.blocks > 0 {
            self.bytes += bytes;
            self.records.push_back(record);
        }
    }

    /// The records of the blocks after `ancestor`, newest first, taken out; `None`, and nothing taken, where
    /// it is not known to be an ancestor.
    pub(super) fn unwind_to(&mut self, ancestor: B256) -> Option<Vec<BlockRecord>> {
        let first = self
            .records
            .iter()
            .rposition(|record| record.parent == ancestor)?;
        let mut taken: Vec<BlockRecord> = self.records.drain(first..).collect();
        taken.reverse();
        self.bytes -= taken.iter().map(BlockRecord::bytes).sum::<usize>();
        Some(taken)
    }

    pub(super) fn clear(&mut self) {
        self.bytes -= self.records.iter().map(BlockRecord::bytes).sum::<usize>();
        self.records.clear();
    }
}
