//! A chain's state as one: store, cache and trie against a state in memory and its root from scratch.

use super::{
    chain::{address, assert_same_state, code},
    disk::Disk,
    random::{RandomChange, change, changes},
};
use alloy_consensus::Header;
use alloy_primitives::{B256, U256};
use metisvm_state::{
    CacheConfig, ChainState, CpuKeccak, MemoryState, StateChanges, has_storage_ref, state_root, storage_root,
    store::{Depth, RedbStore, Store, StoreError, StoreOptions, StoreSnapshot},
};
use proptest::{collection::vec, prelude::*};
use revm::DatabaseRef;
use std::sync::Arc;

pub(crate) type Chain = ChainState<RedbStore>;

pub(crate) fn small_cache() -> CacheConfig {
    CacheConfig::with_bytes(1 << 20)
}

pub(crate) fn store_on(disk: &Disk) -> Result<RedbStore, StoreError> {
    let options = StoreOptions {
        undo_blocks: 1000,
        cache_bytes: 1 << 20,
        ..StoreOptions::default()
    };
    RedbStore::on_backend(disk.clone(), options)
}

pub(crate) fn open(disk: &Disk) -> Result<Chain, StoreError> {
    ChainState::open(store_on(disk)?, small_cache(), Arc::new(CpuKeccak))
}

pub(crate) fn create(disk: &Disk, first: &Block) -> Chain {
    let store = store_on(disk).unwrap();
    ChainState::create(store, small_cache(), Arc::new(CpuKeccak), &first.0, &first.1).unwrap()
}

/// A header and the state after it. The root in the header is computed from the whole state.
pub(crate) type Block = (Header, MemoryState);

pub(crate) fn first() -> Block {
    let mut state = MemoryState::default();
    for index in 0..4 {
        let slots = (1..4).map(|slot| (U256::from(slot), U256::from(slot * 10 + index)));
        let code = code(index).original_bytes();
        state.insert_account(address(index), U256::from(9), 1, code, slots);
    }
    let header = Header {
        state_root: state_root(&state),
        ..Default::default()
    };
    (header, state)
}

pub(crate) fn child((parent, state): &Block, changes: &StateChanges) -> Block {
    let mut state = state.clone();
    state.apply(changes);
    let header = Header {
        number: parent.number + 1,
        parent_hash: parent.hash_slow(),
        state_root: state_root(&state),
        ..Default::default()
    };
    (header, state)
}

/// The chain stands after this block: what it stores, and what it answers through the cache, the first time
/// and the second.
pub(crate) fn assert_stands_at(chain: &Chain, (header, state): &Block) {
    let head = chain.head().unwrap();
    assert_eq!(
        (head.number, head.hash, head.state_root),
        (header.number, header.hash_slow(), header.state_root)
    );
    let view = chain.view().unwrap();
    assert!(view.is_attached(), "the cache stands elsewhere");
    assert_eq!(view.source().head(), head);
    for _ in 0..2 {
        for index in 0..7 {
            let expected = state.account(&address(index));
            let info = view.basic_ref(address(index)).unwrap();
            let basic = |info: &revm::state::AccountInfo| (info.balance, info.nonce, info.code_hash);
            assert_eq!(
                info.as_ref().map(basic),
                expected.map(|account| basic(&account.info))
            );
            let has_storage = expected.is_some_and(|account| !account.storage.is_empty());
            assert_eq!(has_storage_ref(&view, address(index)), Ok(has_storage));
            assert_eq!(has_storage_ref(view.source(), address(index)), Ok(has_storage));
            if let Some(account) = expected {
                let code = view.code_by_hash_ref(account.info.code_hash).unwrap();
                assert_eq!(Some(&code), account.info.code.as_ref());
            }
            for slot in (0..8)
                .map(U256::from)
                .chain((0..3).map(|low| U256::MAX - U256::from(low)))
            {
                let expected = expected.and_then(|account| account.storage.get(&slot).copied());
                assert_eq!(
                    view.storage_ref(address(index), slot),
                    Ok(expected.unwrap_or_default())
                );
            }
        }
    }
    assert_same_state(state, view.source());
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<RandomChange>),
    Unwind(usize),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => vec(change(), 0..5).prop_map(Step::Commit),
        2 => (0_usize..5).prop_map(Step::Unwind),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Blocks, unwinding and other branches: the header's root comes from the whole state in memory, so
    /// every commit compares the two.
    #[test]
    fn chain_is_the_same_as_a_state_in_memory(steps in vec(step(), 1..40)) {
        let mut disk = Disk::default();
        let mut blocks = vec![first()];
        let mut chain = create(&disk, &blocks[0]);
        for step in steps {
            match step {
                Step::Commit(accounts) => {
                    let changes = changes(accounts);
                    let next = child(blocks.last().unwrap(), &changes);
                    chain.commit(&next.0, &[], &changes).unwrap();
                    blocks.push(next);
                }
                Step::Unwind(count) if count < blocks.len() => {
                    chain.unwind(count as u64).unwrap();
                    blocks.truncate(blocks.len() - count);
                }
                Step::Unwind(count) => assert!(chain.unwind(count as u64).is_err()),
                Step::Reopen => {
                    drop(chain);
                    disk = disk.reopened();
                    chain = open(&disk).unwrap();
                }
            }
            assert_stands_at(&chain, blocks.last().unwrap());
        }
        chain.store().verify(Depth::Everything).unwrap();
        let (header, state) = blocks.last().unwrap();
        let proof = chain.proof(address(1), &[U256::from(1)]).unwrap();
        let account = state.account(&address(1));
        let storage = account.map(|account| account.storage.clone()).unwrap_or_default();
        let slot = storage.get(&U256::from(1)).copied().unwrap_or_default();
        prop_assert_eq!(proof.storage_hash, storage_root(storage));
        prop_assert_eq!(proof.storage_proof[0].value, slot);
        prop_assert_eq!(proof.balance, account.map_or(U256::ZERO, |account| account.info.balance));
        if let Some(root) = proof.account_proof.first() {
            prop_assert_eq!(alloy_primitives::keccak256(root), header.state_root);
        }
    }
}

#[test]
fn tries_after_unwinding_are_those_of_the_straight_way() {
    let one = super::random::changes(vec![(
        1,
        Some((U256::from(5), 1, None)),
        true,
        slots(&[(1, 7), (5, 8)]),
    )]);
    let two = super::random::changes(vec![
        (1, None, false, vec![]),
        (6, Some((U256::MAX, 0, Some(3))), false, vec![]),
    ]);
    let there = create(&Disk::default(), &first());
    let straight = create(&Disk::default(), &first());
    let (a, b) = (child(&first(), &one), child(&first(), &two));
    there.commit(&a.0, &[], &one).unwrap();
    let c = child(&a, &two);
    there.commit(&c.0, &[], &two).unwrap();
    there.unwind(2).unwrap();
    assert_stands_at(&there, &first());
    there.commit(&b.0, &[], &two).unwrap();
    straight.commit(&b.0, &[], &two).unwrap();
    assert_stands_at(&there, &b);
    let print = |chain: &Chain| chain.store().snapshot().unwrap().fingerprint().unwrap();
    assert_eq!(print(&there), print(&straight));
}

pub(crate) fn slots(slots: &[(u64, u64)]) -> Vec<(U256, U256)> {
    let uint = |(slot, value): &(u64, u64)| (U256::from(*slot), U256::from(*value));
    slots.iter().map(uint).collect()
}

#[test]
fn block_hashes_of_ancestors_and_of_committed_blocks_are_known() {
    let (_, mut state) = first();
    state.insert_block_hash(40, B256::repeat_byte(4));
    let header = Header {
        number: 41,
        state_root: state_root(&state),
        ..Default::default()
    };
    let begun = (header, state);
    let chain = create(&Disk::default(), &begun);
    let next = child(&begun, &StateChanges::default());
    chain.commit(&next.0, &[], &StateChanges::default()).unwrap();
    let view = chain.view().unwrap();
    assert_eq!(view.block_hash_ref(40), Ok(B256::repeat_byte(4)));
    assert_eq!(view.block_hash_ref(41), Ok(begun.0.hash_slow()));
    assert_eq!(view.block_hash_ref(42), Ok(next.0.hash_slow()));
    assert!(view.block_hash_ref(43).is_err());
}
