//! The store against a state in memory, on random changes.

use super::chain::{address, assert_same_state, code};
use super::disk::Disk;
use alloy_consensus::Header;
use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
use metisvm_state::{
    AccountChange, BasicAccount, MemoryState, StateChanges, TrieUpdate,
    store::{BlockCommit, Depth, RedbStore, Store, StoreOptions, genesis_changes},
};
use proptest::{collection::vec, option, prelude::*};

#[derive(Debug, Clone)]
enum Step {
    Commit(StateChanges),
    Unwind(u64),
    Reopen,
}

fn value() -> impl Strategy<Value = U256> {
    prop_oneof![
        Just(U256::ZERO),
        Just(U256::MAX),
        any::<[u64; 4]>().prop_map(U256::from_limbs)
    ]
}

fn slot() -> impl Strategy<Value = U256> {
    prop_oneof![
        (0_u64..6).prop_map(U256::from),
        (0_u64..3).prop_map(|low| U256::MAX - U256::from(low))
    ]
}

pub(crate) type RandomChange = (u64, Option<(U256, u64, Option<u64>)>, bool, Vec<(U256, U256)>);

pub(crate) fn change() -> impl Strategy<Value = RandomChange> {
    let account = option::weighted(0.8, (value(), any::<u64>(), option::of(0_u64..5)));
    (
        0_u64..6,
        account,
        prop::bool::weighted(0.3),
        vec((slot(), value()), 0..6),
    )
}

pub(crate) fn changes(accounts: Vec<RandomChange>) -> StateChanges {
    let mut changes = StateChanges::default();
    for (index, account, storage_cleared, slots) in accounts {
        let mut change = AccountChange {
            storage_cleared,
            ..AccountChange::default()
        };
        if let Some((balance, nonce, with_code)) = account {
            let mut code_hash = KECCAK256_EMPTY;
            if let Some(code) = with_code.map(code) {
                code_hash = code.hash_slow();
                changes.codes.insert(code_hash, code);
            }
            change.account = Some(BasicAccount {
                balance,
                nonce,
                code_hash,
            });
            change.storage.extend(slots);
        }
        changes.accounts.insert(address(index), change);
    }
    changes
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => vec(change(), 0..5).prop_map(|accounts| Step::Commit(changes(accounts))),
        2 => (0_u64..5).prop_map(Step::Unwind),
        1 => Just(Step::Reopen),
    ]
}

fn header(parent: Option<&Header>) -> Header {
    parent.map_or_else(Header::default, |parent| Header {
        number: parent.number + 1,
        parent_hash: parent.hash_slow(),
        ..Default::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn store_is_the_same_as_a_state_in_memory(steps in vec(step(), 1..40)) {
        let mut disk = Disk::default();
        let options = StoreOptions { undo_blocks: 1000, cache_bytes: 1 << 20, ..StoreOptions::default() };
        let mut store = RedbStore::on_backend(disk.clone(), options.clone()).unwrap();
        let mut first = MemoryState::default();
        let slots = [(U256::from(1), U256::from(2))];
        first.insert_account(address(0), U256::from(9), 1, code(4).original_bytes(), slots);
        let trie = TrieUpdate::default();
        let genesis = header(None);
        let changes = genesis_changes(&first);
        store.genesis(&BlockCommit { header: &genesis, receipts: &[], changes: &changes, trie: &trie }, &[]).unwrap();
        // The state after each block.
        let mut states = vec![(genesis, first)];
        for step in steps {
            match step {
                Step::Commit(changes) => {
                    let (parent, mut state) = states.last().unwrap().clone();
                    let header = header(Some(&parent));
                    store.commit(&BlockCommit { header: &header, receipts: &[], changes: &changes, trie: &trie }).unwrap();
                    state.apply(&changes);
                    states.push((header, state));
                }
                Step::Unwind(blocks) if (blocks as usize) < states.len() => {
                    store.unwind(blocks).unwrap();
                    states.truncate(states.len() - blocks as usize);
                }
                Step::Unwind(blocks) => assert!(store.unwind(blocks).is_err()),
                Step::Reopen => {
                    drop(store);
                    disk = disk.reopened();
                    store = RedbStore::on_backend(disk.clone(), options.clone()).unwrap();
                }
            }
            let (header, state) = states.last().unwrap();
            let head = store.verify(Depth::Everything).unwrap().unwrap();
            prop_assert_eq!((head.number, head.hash), (header.number, header.hash_slow()));
            prop_assert_ne!(head.hash, B256::ZERO);
            assert_same_state(state, &store.snapshot().unwrap());
        }
    }
}
