//! Recording what a block touches, as its steps are committed.
//!
//! Of each account and slot the recorder keeps the value after every step that changed it. Whether a value
//! is a change is decided against the value before, never by what a transaction believed to have seen: a
//! speculation may have run on another balance than the one that it was carried over to. A value that a step
//! changes and changes back is no change, only a touch (EIP-7928), so steps with several parts, as the
//! system calls are, come out as one.

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

/// A slot that was touched.
#[derive(Debug)]
struct Slot {
    /// Before the block.
    before: U256,
    writes: Values<U256>,
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
            touched.infos.put(index, after, None);
        }
        for (key, value) in &account.storage {
            let slot = touched.slots.entry(*key).or_insert_with(|| Slot {
                before: value.original_value,
                writes: Values::default(),
            });
            let destroyed = account.is_selfdestructed();
            let after = if destroyed {
                U256::ZERO
            } else {
                value.present_value
            };
            slot.writes.put(index, after, Some(slot.before));
        }
    }

    /// Balance and nonce of an account are set, without an execution.
    pub(in crate::engine) fn set(&mut self, address: Address, account: BasicAccount) {
        let touched = self.accounts.entry(address).or_default();
        touched.infos.put(self.index, account, None);
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
    /// Notes a value, unless it is the one that is known.
    fn put(&mut self, index: u64, value: T, before: Option<T>) {
        match self.later.last_mut().or(self.first.as_mut()) {
            Some((at, last)) if *at == index => *last = value,
            Some((_, last)) if *last == value => {}
            Some(_) => self.later.push((index, value)),
            None if before == Some(value) => {}
            None => self.first = Some((index, value)),
        }
    }

    fn iter(&self) -> impl Iterator<Item = At<T>> + Clone {
        self.first.iter().chain(&self.later).copied()
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
            let writes = changes(slot.before, slot.writes.iter());
            let writes: Vec<_> = writes
                .map(|(index, value)| StorageChange::new(index, value))
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
            kept.put(*index, *value, Some(before));
        }
        changes(before, kept.iter())
            .map(|(index, value)| (index.get(), value))
            .collect()
    }

    #[test]
    fn a_value_is_listed_where_it_changes() {
        assert_eq!(recorded(5, &[(1, 5), (2, 6), (3, 6), (4, 5)]), [(2, 6), (4, 5)]);
    }

    #[test]
    fn what_one_step_changes_and_changes_back_is_no_change() {
        assert_eq!(recorded(5, &[(1, 6), (1, 5)]), []);
        assert_eq!(recorded(5, &[(1, 6), (2, 7), (2, 6), (3, 8)]), [(1, 6), (3, 8)]);
    }

    #[test]
    fn of_one_step_the_last_value_is_listed_also_where_a_later_part_leaves_it() {
        assert_eq!(recorded(5, &[(1, 6), (1, 7), (1, 7)]), [(1, 7)]);
    }
}
