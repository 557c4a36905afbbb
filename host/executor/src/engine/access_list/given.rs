//! A list that came with the block, as speculation reads it.
//!
//! The values are found in the list itself, which is sorted: nothing is copied but code, and readers need no
//! lock. So workers neither wait for each other nor tell each other what they write.

use alloy_eips::eip7928::{AccountChanges, BlockAccessIndex};
use alloy_primitives::{Address, B256, U256, map::AddressMap};
use revm::{bytecode::Bytecode, state::AccountInfo};

/// The list of the block that is being executed.
#[derive(Debug)]
pub(in crate::engine) struct Given<'a> {
    list: &'a [AccountChanges],
    places: AddressMap<usize>,
    /// The code that accounts get, decoded, in the order of the list.
    codes: AddressMap<Vec<Option<(B256, Bytecode)>>>,
}

/// What steps below a transaction have made of an account, as far as they changed it.
#[derive(Debug, Default)]
pub(in crate::engine) struct Changed {
    balance: Option<U256>,
    nonce: Option<u64>,
    code: Option<(B256, Bytecode)>,
}

impl<'a> Given<'a> {
    /// Takes a list that has been checked.
    pub(in crate::engine) fn new(list: &'a [AccountChanges]) -> Self {
        let mut places = AddressMap::with_capacity_and_hasher(list.len(), Default::default());
        let mut codes = AddressMap::default();
        for (place, account) in list.iter().enumerate() {
            places.insert(account.address, place);
            if !account.code_changes.is_empty() {
                let code = account.code_changes.iter().map(|change| {
                    // What no account can have is a lie, and comes out as one when the block is done.
                    let code = Bytecode::new_raw_checked(change.new_code().clone()).ok()?;
                    Some((code.hash_slow(), code))
                });
                codes.insert(account.address, code.collect());
            }
        }
        Self { list, places, codes }
    }

    /// A slot as a transaction, counted from 0, finds it; `None` where no step before it changes it.
    pub(in crate::engine) fn slot(&self, address: &Address, slot: &U256, transaction: usize) -> Option<U256> {
        let changes = &self.list[*self.places.get(address)?].storage_changes;
        let place = changes.binary_search_by(|change| change.slot.cmp(slot)).ok()?;
        let changes = &changes[place].changes;
        let last = latest(changes, transaction, |change| change.block_access_index)?;
        Some(changes[last].new_value)
    }

    /// What steps before a transaction make of an account; `None` where nothing.
    pub(in crate::engine) fn account(&self, address: &Address, transaction: usize) -> Option<Changed> {
        let account = &self.list[*self.places.get(address)?];
        let balances = &account.balance_changes;
        let nonces = &account.nonce_changes;
        let codes = &account.code_changes;
        let balance = latest(balances, transaction, |change| change.block_access_index);
        let nonce = latest(nonces, transaction, |change| change.block_access_index);
        let code = latest(codes, transaction, |change| change.block_access_index);
        if balance.is_none() && nonce.is_none() && code.is_none() {
            return None;
        }
        Some(Changed {
            balance: balance.map(|at| balances[at].post_balance),
            nonce: nonce.map(|at| nonces[at].new_nonce),
            code: code.and_then(|at| self.codes.get(address)?.get(at)?.clone()),
        })
    }
}

impl Changed {
    /// The account, where `before` is what it was before the block's transactions. An account of which
    /// nothing is left does not exist (EIP-161).
    pub(in crate::engine) fn over(self, before: Option<AccountInfo>) -> Option<AccountInfo> {
        let mut info = before.unwrap_or_default();
        info.balance = self.balance.unwrap_or(info.balance);
        info.nonce = self.nonce.unwrap_or(info.nonce);
        if let Some((hash, code)) = self.code {
            info.code_hash = hash;
            info.code = Some(code);
        }
        (!info.is_empty()).then_some(info)
    }
}

/// The place of the latest change before a transaction, whose own block access index is one above its number.
fn latest<T>(changes: &[T], transaction: usize, index: impl Fn(&T) -> BlockAccessIndex) -> Option<usize> {
    changes
        .partition_point(|change| index(change).get() <= transaction as u64)
        .checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_eips::eip7928::{BalanceChange, CodeChange, NonceChange, SlotChanges, StorageChange};
    use alloy_primitives::Bytes;

    const WHO: Address = Address::repeat_byte(7);

    fn at(index: u64) -> BlockAccessIndex {
        BlockAccessIndex::new(index)
    }

    fn list() -> Vec<AccountChanges> {
        let slot = |key: u64, changes: &[(u64, u64)]| {
            let changes = changes
                .iter()
                .map(|(index, value)| StorageChange::new(at(*index), U256::from(*value)));
            SlotChanges::new(U256::from(key), changes.collect())
        };
        vec![AccountChanges {
            address: WHO,
            storage_changes: vec![slot(1, &[(0, 9), (2, 20)]), slot(4, &[(3, 30)])],
            balance_changes: vec![
                BalanceChange::new(at(1), U256::from(100)),
                BalanceChange::new(at(2), U256::ZERO),
            ],
            nonce_changes: vec![NonceChange::new(at(2), 1), NonceChange::new(at(4), 0)],
            code_changes: vec![
                CodeChange::new(at(3), Bytes::from_static(&[0x5b])),
                CodeChange::new(at(4), Bytes::new()),
            ],
            ..AccountChanges::default()
        }]
    }

    #[test]
    fn a_transaction_finds_what_those_before_it_left() {
        let list = list();
        let given = Given::new(&list);
        let slot = |key: u64, transaction| given.slot(&WHO, &U256::from(key), transaction);
        assert_eq!(slot(1, 0), Some(U256::from(9)));
        // Transaction 1 has index 2: it does not find its own write.
        assert_eq!(slot(1, 1), Some(U256::from(9)));
        assert_eq!(slot(1, 2), Some(U256::from(20)));
        assert_eq!(slot(4, 2), None);
        assert_eq!(slot(2, 9), None);
        assert_eq!(given.slot(&Address::ZERO, &U256::from(1), 9), None);
    }

    #[test]
    fn an_account_is_that_before_the_block_with_what_has_changed() {
        let list = list();
        let given = Given::new(&list);
        let before = AccountInfo::from_balance(U256::from(5)).with_nonce(7);
        let now = |transaction| match given.account(&WHO, transaction) {
            None => Some(before.clone()),
            Some(changed) => changed.over(Some(before.clone())),
        };
        assert_eq!(now(0), Some(before.clone()));
        assert_eq!(
            now(1).map(|info| (info.balance, info.nonce)),
            Some((U256::from(100), 7))
        );
        assert_eq!(
            now(2).map(|info| (info.balance, info.nonce)),
            Some((U256::ZERO, 1))
        );
        let coded = now(3).unwrap();
        assert_eq!(coded.code.unwrap().original_bytes(), Bytes::from_static(&[0x5b]));
        assert_eq!(now(4), None, "nothing is left of it");
    }

    #[test]
    fn code_that_nothing_can_be_is_passed_over() {
        let mut list = list();
        list[0].code_changes[0] = CodeChange::new(at(3), Bytes::from_static(&[0xef, 0x01, 0x00, 0x00]));
        let given = Given::new(&list);
        assert!(given.account(&WHO, 3).unwrap().code.is_none());
    }
}
