//! Recording what a block touches, as its steps are committed.
//!
//! Of each account the recorder keeps what it was after every step that changed it. Whether a balance or a nonce
//! is a change is decided against the step before, never by what a transaction believed to have seen: a
//! speculation may have run on another balance than the one that it was carried over to. Slots are not carried
//! over. Of a slot it keeps both ends of every step that changed it, for a slot may change without an access:
//! before Cancun SELFDESTRUCT wipes them all. A value that a step changes and changes back is no change, only a
//! touch (EIP-7928), so steps with several parts, as the system calls are, come out as one.

use crate::engine::block_state::{BlockState, basic};
use alloy_eips::eip7928::{
    AccountChanges, BalanceChange, BlockAccessIndex, BlockAccessList, CodeChange, NonceChange, SlotChanges,
    StorageChange,
};
use alloy_primitives::{
    Address, Bytes, KECCAK256_EMPTY, U256,
    map::{AddressMap, HashMap},
};
use metisvm_state::BasicAccount;
use revm::{DatabaseRef, state::Account};

/// What one step left.
type At<T> = (u64, T);

/// What steps left, rising. Most values change once in a block: the first needs no memory of its own.
#[derive(Debug)]
struct Values<T> {
    first: Option<At<T>>,
    later: Vec<At<T>>,
}

/// Records the list of a block.
#[derive(Debug, Default)]
pub(in crate::engine) struct Recorder {
    /// The block access index of the step that is being committed.
    index: u64,
    accounts: AddressMap<Touched>,
}

/// An account that was touched.
#[derive(Debug, Default)]
struct Touched {
    /// What it was after each step that may have changed it.
    infos: Values<BasicAccount>,
    slots: HashMap<U256, Slot>,
}

/// The steps that wrote a slot that was touched.
#[derive(Debug, Default)]
struct Slot {
    writes: Values<Write>,
}

/// What one step made of a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Write {
    before: U256,
    after: U256,
}

impl Recorder {
    /// The next step begins: a transaction, or what follows the last one.
    pub(in crate::engine) fn next_step(&mut self) {
        self.index += 1;
    }

    /// An account is committed. `gone`: it does not exist afterwards.
    pub(in crate::engine) fn commit(&mut self, address: Address, account: &Account, gone: bool) {
        let index = self.index;
        let touched = self.accounts.entry(address).or_default();
        if account.is_touched() {
            let after = if gone { GONE } else { basic(&account.info) };
            touched.infos.put(index, after);
        }
        for (key, value) in &account.storage {
            let slot = touched.slots.entry(*key).or_default();
            let destroyed = account.is_selfdestructed();
            let after = if destroyed {
                U256::ZERO
            } else {
                value.present_value
            };
            slot.put(index, value.original_value, after);
        }
    }

    /// Balance and nonce of an account are set, without an execution.
    pub(in crate::engine) fn set(&mut self, address: Address, account: BasicAccount) {
        let touched = self.accounts.entry(address).or_default();
        touched.infos.put(self.index, account);
    }

    /// The list, in the order that EIP-7928 prescribes. `state` is the one after the block.
    pub(in crate::engine) fn finish<S: DatabaseRef>(
        self,
        state: &BlockState<'_, S>,
    ) -> Result<BlockAccessList, S::Error> {
        let mut list = BlockAccessList::with_capacity(self.accounts.len());
        for (address, touched) in self.accounts {
            list.push(touched.finish(address, state)?);
        }
        list.sort_unstable_by_key(|account| account.address);
        Ok(list)
    }
}

/// What an account is that does not exist.
const GONE: BasicAccount = BasicAccount {
    balance: U256::ZERO,
    nonce: 0,
    code_hash: KECCAK256_EMPTY,
};

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self {
            first: None,
            later: Vec::new(),
        }
    }
}

impl<T: Copy + PartialEq> Values<T> {
    /// What was noted last.
    fn last_mut(&mut self) -> Option<&mut At<T>> {
        self.later.last_mut().or(self.first.as_mut())
    }

    fn push(&mut self, index: u64, value: T) {
        if self.first.is_none() {
            self.first = Some((index, value));
        } else {
            self.later.push((index, value));
        }
    }

    /// Notes a value, unless it is the one that is known.
    fn put(&mut self, index: u64, value: T) {
        match self.last_mut() {
            Some((at, last)) if *at == index => *last = value,
            Some((_, last)) if *last == value => {}
            _ => self.push(index, value),
        }
    }

    fn iter(&self) -> impl Iterator<Item = At<T>> + Clone {
        self.first.iter().chain(&self.later).copied()
    }
}

impl Slot {
    /// Notes what a step, or a part of one, began and ended with.
    fn put(&mut self, index: u64, before: U256, after: U256) {
        match self.writes.last_mut() {
            Some((at, write)) if *at == index => write.after = after,
            _ if before == after => {}
            _ => self.writes.push(index, Write { before, after }),
        }
    }

    /// The values of the steps that have changed it.
    fn changes(&self) -> impl Iterator<Item = At<U256>> + '_ {
        let changed = self
            .writes
            .iter()
            .filter(|(_, write)| write.before != write.after);
        changed.map(|(index, write)| (index, write.after))
    }
}

/// Those of the values that differ from the one before them.
fn changes<T: Copy + PartialEq>(
    before: T,
    values: impl Iterator<Item = At<T>>,
) -> impl Iterator<Item = (BlockAccessIndex, T)> {
    let mut known = before;
    values.filter_map(move |(index, value)| {
        let changed = known != value;
        known = value;
        changed.then(|| (BlockAccessIndex::new(index), value))
    })
}

impl Touched {
    fn finish<S: DatabaseRef>(
        self,
        address: Address,
        state: &BlockState<'_, S>,
    ) -> Result<AccountChanges, S::Error> {
        let mut account = AccountChanges {
            address,
            ..AccountChanges::default()
        };
        if self.infos.first.is_some() {
            let before = state.before(address)?.unwrap_or(GONE);
            let infos = self.infos.iter();
            let balances = infos.clone().map(|(index, info)| (index, info.balance));
            account.balance_changes = changes(before.balance, balances)
                .map(|(index, balance)| BalanceChange::new(index, balance))
                .collect();
            let nonces = infos.clone().map(|(index, info)| (index, info.nonce));
            account.nonce_changes = changes(before.nonce, nonces)
                .map(|(index, nonce)| NonceChange::new(index, nonce))
                .collect();
            let codes = infos.map(|(index, info)| (index, info.code_hash));
            for (index, hash) in changes(before.code_hash, codes) {
                let code = if hash == KECCAK256_EMPTY {
                    Bytes::new()
                } else {
                    state.code_by_hash_ref(hash)?.original_bytes()
                };
                account.code_changes.push(CodeChange::new(index, code));
            }
        }
        let mut slots: Vec<_> = self.slots.into_iter().collect();
        slots.sort_unstable_by_key(|(key, _)| *key);
        for (key, slot) in slots {
            let writes: Vec<_> = slot
                .changes()
                .map(|(index, value)| StorageChange::new(BlockAccessIndex::new(index), value))
                .collect();
            if writes.is_empty() {
                account.storage_reads.push(key);
            } else {
                account.storage_changes.push(SlotChanges::new(key, writes));
            }
        }
        Ok(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(before: u64, values: &[At<u64>]) -> Vec<(u64, u64)> {
        let mut kept = Values::default();
        for (index, value) in values {
            kept.put(*index, *value);
        }
        changes(before, kept.iter())
            .map(|(index, value)| (index.get(), value))
            .collect()
    }

    /// Of a slot: the step, what it began with and what it ended with.
    fn written(parts: &[(u64, u64, u64)]) -> Vec<(u64, u64)> {
        let mut slot = Slot::default();
        for (index, before, after) in parts {
            slot.put(*index, U256::from(*before), U256::from(*after));
        }
        slot.changes().map(|(index, value)| (index, value.to())).collect()
    }

    #[test]
    fn a_value_is_listed_where_it_changes() {
        assert_eq!(recorded(5, &[(1, 5), (2, 6), (3, 6), (4, 5)]), [(2, 6), (4, 5)]);
        assert_eq!(
            written(&[(1, 5, 5), (2, 5, 6), (3, 6, 6), (4, 6, 5)]),
            [(2, 6), (4, 5)]
        );
    }

    #[test]
    fn what_one_step_changes_and_changes_back_is_no_change() {
        assert_eq!(recorded(5, &[(1, 6), (1, 5)]), []);
        assert_eq!(recorded(5, &[(1, 6), (2, 7), (2, 6), (3, 8)]), [(1, 6), (3, 8)]);
        assert_eq!(written(&[(1, 5, 6), (1, 6, 5)]), []);
        assert_eq!(
            written(&[(1, 5, 6), (2, 6, 7), (2, 7, 6), (3, 6, 8)]),
            [(1, 6), (3, 8)]
        );
    }

    #[test]
    fn of_one_step_the_last_value_is_listed_also_where_a_later_part_leaves_it() {
        assert_eq!(recorded(5, &[(1, 6), (1, 7), (1, 7)]), [(1, 7)]);
        assert_eq!(written(&[(1, 5, 5), (1, 5, 6), (1, 6, 7), (1, 7, 7)]), [(1, 7)]);
    }

    #[test]
    fn a_slot_that_was_wiped_between_two_steps_begins_with_zero() {
        assert_eq!(written(&[(1, 5, 5), (3, 0, 0)]), []);
        assert_eq!(written(&[(1, 5, 5), (3, 0, 5)]), [(3, 5)]);
        assert_eq!(written(&[(1, 5, 6), (3, 0, 6)]), [(1, 6), (3, 6)]);
    }
}
