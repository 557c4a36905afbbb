//! The read side.

use super::chain::{FIRST, Model, address, code, node_key};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, U256};
use metisvm_state::{
    MemoryState, StateError, StateSource, TrieNodes, TrieUpdate, state_root,
    store::{BlockCommit, RedbStore, Store, StoreOptions, StoreSnapshot, genesis_changes},
};
use revm::DatabaseRef;
use std::sync::atomic::Ordering::Relaxed;

/// A store of one block with this state.
fn store_with(state: &MemoryState, number: u64, ancestors: &[(u64, B256)]) -> RedbStore {
    let store = RedbStore::in_memory(StoreOptions::default()).unwrap();
    let header = Header {
        number,
        state_root: state_root(state),
        ..Default::default()
    };
    let changes = genesis_changes(state);
    let trie = TrieUpdate::default();
    let first = BlockCommit {
        header: &header,
        receipts: &[],
        changes: &changes,
        trie: &trie,
    };
    store.genesis(&first, ancestors).unwrap();
    store
}

fn state_with_slots(slots: u64) -> MemoryState {
    let mut state = MemoryState::default();
    for index in 0..3 {
        let slots = (0..slots).map(|slot| (U256::from(slot * 10), U256::from(slot + 1)));
        state.insert_account(address(index), U256::from(index), index, Bytes::new(), slots);
    }
    state
}

#[test]
fn storage_range_ends_with_the_account_and_begins_where_asked() {
    let store = store_with(&state_with_slots(20), 0, &[]);
    let snapshot = store.snapshot().unwrap();
    let all = snapshot
        .storage_range(address(1), U256::ZERO, usize::MAX)
        .unwrap();
    assert_eq!(all.len(), 20);
    assert!(all.is_sorted());
    let some = snapshot.storage_range(address(1), U256::from(41), 3).unwrap();
    let expected = [(50, 6), (60, 7), (70, 8)].map(|(slot, value)| (U256::from(slot), U256::from(value)));
    assert_eq!(some, expected);
    assert!(
        snapshot
            .storage_range(address(1), U256::from(191), 9)
            .unwrap()
            .is_empty()
    );
    assert!(
        snapshot
            .storage_range(address(77), U256::ZERO, 9)
            .unwrap()
            .is_empty()
    );
    assert!(
        snapshot
            .storage_range(address(1), U256::ZERO, 0)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn absent_accounts_and_slots_are_empty_absent_code_and_block_hashes_are_errors() {
    let known = B256::repeat_byte(3);
    let store = store_with(&state_with_slots(1), 10, &[(9, known)]);
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.basic_ref(address(50)), Ok(None));
    assert_eq!(snapshot.storage_ref(address(50), U256::ZERO), Ok(U256::ZERO));
    assert_eq!(
        snapshot.code_by_hash_ref(known),
        Err(StateError::UnknownCode(known))
    );
    assert!(snapshot.code_by_hash_ref(B256::ZERO).unwrap().is_empty());
    assert_eq!(snapshot.block_hash_ref(9), Ok(known));
    assert_eq!(snapshot.block_hash_ref(10), Ok(snapshot.head().hash));
    assert_eq!(snapshot.block_hash_ref(11), Err(StateError::UnknownBlockHash(11)));
    assert_eq!(snapshot.block_hash_ref(8), Err(StateError::UnknownBlockHash(8)));
    assert_eq!(snapshot.node(&node_key(None, &[9])), Ok(None));
    assert_eq!(snapshot.node(&node_key(Some(B256::ZERO), &[])), Ok(None));
}

#[test]
fn code_comes_back_as_the_kind_that_it_was() {
    let mut state = MemoryState::default();
    for index in 0..5 {
        state.insert_account(address(index), U256::ZERO, 1, code(index).original_bytes(), []);
    }
    let store = store_with(&state, 0, &[]);
    let snapshot = store.snapshot().unwrap();
    for index in 0..5 {
        let hash = snapshot.basic_ref(address(index)).unwrap().unwrap().code_hash;
        let found = snapshot.code_by_hash_ref(hash).unwrap();
        assert_eq!(Ok(&found), state.code_by_hash_ref(hash).as_ref());
        assert_eq!(found.is_eip7702(), index == 0);
    }
}

#[test]
fn every_read_that_reaches_the_store_is_counted() {
    let store = store_with(&state_with_slots(2), 0, &[]);
    let snapshot = store.snapshot().unwrap();
    let _ = snapshot.basic_ref(address(0));
    let _ = snapshot.account(address(1));
    let _ = snapshot.storage_ref(address(0), U256::ZERO);
    let _ = snapshot.code_by_hash_ref(B256::repeat_byte(1));
    let _ = snapshot.code_by_hash_ref(B256::ZERO);
    let _ = snapshot.storage_range(address(0), U256::ZERO, 1);
    let _ = snapshot.node(&node_key(None, &[]));
    drop(snapshot);
    let reads = store.reads();
    let counts = [
        &reads.accounts,
        &reads.slots,
        &reads.codes,
        &reads.storage_ranges,
        &reads.trie_nodes,
    ];
    assert_eq!(counts.map(|count| count.load(Relaxed)), [2, 1, 1, 1, 1]);
}

#[test]
fn threads_share_a_snapshot_while_blocks_are_committed() {
    let mut model = Model::new(60);
    model.fingerprint_at(FIRST + 30);
    let store = RedbStore::in_memory(StoreOptions::default()).unwrap();
    store.genesis(&model.block(FIRST).as_commit(), &[]).unwrap();
    let snapshot = store.snapshot().unwrap();
    let state = model.replayed_to(FIRST).state;
    std::thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                for _ in 0..20 {
                    super::chain::assert_same_state(&state, &snapshot);
                }
            })
        });
        for number in 1..=30 {
            store.commit(&model.block(FIRST + number).as_commit()).unwrap();
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
    model.assert_same(&store);
}
