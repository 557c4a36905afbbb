//! What a chain's state refuses, and what is left of it when something fails: store and cache together.

use super::{
    chain::{Rng, address, code},
    chain_state::{Block, Chain, assert_stands_at, child, create, first, open, slots, small_cache, store_on},
    disk::{Disk, Fault},
    random::changes,
};
use alloy_consensus::Header;
use alloy_primitives::{B256, U256};
use metisvm_state::{
    ChainState, CpuKeccak, MemoryNodes, StateChanges, StateError, TrieUpdate, WorldTrie, state_root,
    store::{BlockCommit, Store, StoreError, StoreSnapshot, genesis_changes},
};
use revm::DatabaseRef;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// Changes balance, nonce, code and slots of two accounts, and removes one.
pub(crate) fn busy(seed: u64) -> StateChanges {
    let rich = Some((U256::from(seed) << 90, seed, Some(seed % 5)));
    changes(vec![
        (0, rich, false, slots(&[(1, 0), (2, seed), (6, seed + 1)])),
        (1, Some((U256::from(seed), 2, None)), true, slots(&[(3, seed)])),
        (2, None, false, vec![]),
        (5, rich, false, slots(&[(7, seed)])),
    ])
}

pub(crate) fn begun() -> (Chain, Block, Block) {
    let first = first();
    let chain = create(&Disk::default(), &first);
    let next = child(&first, &busy(7));
    (chain, first, next)
}

#[test]
fn block_whose_header_has_another_state_root_is_refused_and_both_are_named() {
    let (chain, first, next) = begun();
    let wrong = Header {
        state_root: B256::repeat_byte(0x11),
        ..next.0.clone()
    };
    let error = chain.commit(&wrong, &[], &busy(7)).unwrap_err();
    let StoreError::StateRoot {
        number,
        in_header,
        computed,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (number, in_header, computed),
        (1, wrong.state_root, next.0.state_root)
    );
    let said = error.to_string();
    assert!(
        said.contains(&wrong.state_root.to_string()) && said.contains(&next.0.state_root.to_string()),
        "{said}"
    );
    assert_stands_at(&chain, &first);
    // As it is when the header is right and the changes are not.
    assert!(matches!(
        chain.commit(&next.0, &[], &busy(8)),
        Err(StoreError::StateRoot { .. })
    ));
    assert_stands_at(&chain, &first);
    chain.commit(&next.0, &[], &busy(7)).unwrap();
    assert_stands_at(&chain, &next);
}

/// The hash of requests (Prague) without what forks before have added.
fn with_a_gap(header: &Header) -> Header {
    Header {
        base_fee_per_gas: Some(7),
        requests_hash: Some(B256::repeat_byte(0x22)),
        ..header.clone()
    }
}

#[test]
fn header_that_cannot_be_read_again_is_refused_and_the_chain_stays() {
    let (chain, first, next) = begun();
    let changes = busy(7);
    let wrong = with_a_gap(&next.0);
    let computed = chain.next(&changes).unwrap();
    for error in [
        chain.commit(&wrong, &[], &changes).unwrap_err(),
        chain.commit_next(&wrong, &[], &computed).unwrap_err(),
    ] {
        assert!(
            matches!(
                error,
                StoreError::HeaderGap {
                    number: 1,
                    missing: "withdrawalsRoot",
                    present: "requestsHash"
                }
            ),
            "{error}"
        );
    }
    assert_stands_at(&chain, &first);
    chain.commit(&next.0, &[], &changes).unwrap();
    assert_stands_at(&chain, &next);
    // So is the first header of a chain, and the store is empty afterwards.
    let disk = Disk::default();
    let (cache, keccak) = (small_cache(), Arc::new(CpuKeccak));
    let begun = ChainState::create(
        store_on(&disk).unwrap(),
        cache,
        keccak,
        &with_a_gap(&first.0),
        &first.1,
    );
    assert!(matches!(begun, Err(StoreError::HeaderGap { .. })), "{begun:?}");
    assert!(matches!(open(&disk), Err(StoreError::Empty)));
}

#[test]
fn block_of_another_branch_is_not_next_whatever_its_root() {
    let (chain, first, next) = begun();
    for spoil in [
        |header: &mut Header| header.parent_hash = B256::ZERO,
        |header: &mut Header| header.number = 2,
        |header: &mut Header| header.number = 0,
    ] {
        let mut header = next.0.clone();
        spoil(&mut header);
        header.state_root = B256::ZERO;
        let error = chain.commit(&header, &[], &busy(7)).unwrap_err();
        assert!(matches!(error, StoreError::NotNext { .. }), "{error}");
    }
    assert_stands_at(&chain, &first);
}

#[test]
fn state_computed_over_another_head_is_not_committed() {
    let (chain, first, next) = begun();
    let changes = busy(7);
    let early = chain.next(&changes).unwrap();
    assert_eq!(early.state_root(), next.0.state_root);
    chain.commit_next(&next.0, &[], &early).unwrap();
    // A child of the new head, with what was computed over the old one; even with the very root of it.
    let header = Header {
        number: 2,
        parent_hash: next.0.hash_slow(),
        state_root: early.state_root(),
        ..Default::default()
    };
    let error = chain.commit_next(&header, &[], &early).unwrap_err();
    assert!(matches!(error, StoreError::NotNext { .. }), "{error}");
    assert!(
        error.to_string().contains(&first.0.hash_slow().to_string()),
        "{error}"
    );
    assert_stands_at(&chain, &next);
}

#[test]
fn chain_is_not_begun_with_another_root_or_twice_or_gone_on_with_without_tries() {
    let (header, state) = first();
    let (cache, keccak) = (small_cache(), Arc::new(CpuKeccak));
    let wrong = Header {
        number: 3,
        ..Default::default()
    };
    let store = store_on(&Disk::default()).unwrap();
    let error = ChainState::create(store, cache, keccak.clone(), &wrong, &state).unwrap_err();
    assert!(
        matches!(error, StoreError::StateRoot { number: 3, .. }),
        "{error}"
    );

    let disk = Disk::default();
    assert!(matches!(open(&disk), Err(StoreError::Empty)));
    drop(create(&disk, &(header.clone(), state.clone())));
    let again = ChainState::create(
        store_on(&disk.reopened()).unwrap(),
        cache,
        keccak,
        &header,
        &state,
    );
    assert!(matches!(again, Err(StoreError::NotEmpty(_))));

    let flat = Disk::default();
    let block = BlockCommit {
        header: &header,
        receipts: &[],
        changes: &genesis_changes(&state),
        trie: &TrieUpdate::default(),
    };
    store_on(&flat).unwrap().genesis(&block, &[]).unwrap();
    let error = open(&flat.reopened()).unwrap_err();
    assert!(
        matches!(error, StoreError::State(StateError::BrokenTrie { .. })),
        "{error}"
    );
}

/// Somebody writes to the store past its chain, and loses a trie node on the way.
#[test]
fn damaged_trie_is_a_fault_of_the_node_and_a_store_that_moved_alone_is_still_read_right() {
    let (chain, first, _) = begun();
    let warm = chain.view().unwrap();
    assert_eq!(warm.storage_ref(address(0), U256::from(2)), Ok(U256::from(20)));
    let changes = busy(9);
    let behind = child(&first, &changes);
    let mut nodes = MemoryNodes::default();
    let keccak = CpuKeccak;
    let (root, update) = WorldTrie::new(&nodes, &keccak)
        .apply(alloy_trie::EMPTY_ROOT_HASH, &genesis_changes(&first.1))
        .unwrap();
    nodes.apply(&update);
    let (after, mut update) = WorldTrie::new(&nodes, &keccak).apply(root, &changes).unwrap();
    assert_eq!(after, behind.0.state_root);
    // The root of a storage: not written, so what was there, or nothing, is there.
    let lost = update
        .set
        .iter()
        .rposition(|(key, _)| key.owner.is_some())
        .unwrap();
    let (lost, _) = update.set.remove(lost);
    update.removed = vec![lost];
    let block = BlockCommit {
        header: &behind.0,
        receipts: &[],
        changes: &changes,
        trie: &update,
    };
    chain.store().commit(&block).unwrap();

    let view = chain.view().unwrap();
    assert!(!view.is_attached());
    assert_eq!(view.storage_ref(address(0), U256::from(2)), Ok(U256::from(9)));
    let all: StateChanges = busy(10);
    let error = chain.next(&all).unwrap_err();
    assert!(
        matches!(error, StoreError::State(StateError::BrokenTrie { .. })),
        "{error}"
    );
    // Back at the block at which the cache still stands.
    chain.unwind(1).unwrap();
    assert_stands_at(&chain, &first);
}

/// Every write and sync of a commit fails once, or the power goes there.
#[test]
fn failed_commit_leaves_store_and_cache_at_the_parent() {
    let counting = Disk::default();
    let chain = create(&counting, &first());
    let parent = child(&first(), &busy(3));
    chain.commit(&parent.0, &[], &busy(3)).unwrap();
    let before = counting.operations();
    let next = child(&parent, &busy(4));
    chain.commit(&next.0, &[], &busy(4)).unwrap();
    let operations = counting.operations() - before;
    assert!(operations > 4, "{operations}");

    let faults = [
        Fault::Once(io::ErrorKind::Other),
        Fault::From(io::ErrorKind::StorageFull),
        Fault::PowerCut,
    ];
    let (mut kept, mut lost) = (0, 0);
    for (at, fault) in (0..operations).flat_map(|at| faults.map(|fault| (at, fault))) {
        let disk = Disk::default();
        let chain = create(&disk, &first());
        chain.commit(&parent.0, &[], &busy(3)).unwrap();
        assert_stands_at(&chain, &parent);
        assert_eq!(disk.operations(), before);
        disk.set_fault(before + at, fault, at as u64);
        let done = chain.commit(&next.0, &[], &busy(4));
        let cuts = matches!(fault, Fault::PowerCut);
        if done.is_ok() {
            // redb may do without what failed (a file that was to shrink).
            disk.set_fault(usize::MAX, fault, 0);
            assert_eq!(chain.cache().tip(), Some(next.0.hash_slow()));
        } else {
            assert_eq!(chain.cache().tip(), Some(parent.0.hash_slow()));
            // What it still answers is the parent's.
            if let Ok(view) = chain.view() {
                assert_eq!(view.source().head().hash, parent.0.hash_slow());
                if let Ok(value) = view.storage_ref(address(5), U256::from(7)) {
                    assert_eq!(value, U256::from(3));
                }
            }
            let again = chain.commit(&next.0, &[], &busy(4));
            assert!(again.is_err(), "a store that failed takes blocks");
        }
        drop(chain);
        let disk = if cuts {
            disk.restarted(at as u64)
        } else {
            disk.reopened()
        };
        let chain = open(&disk).unwrap();
        match chain.head().unwrap().number {
            1 => {
                assert!(done.is_err());
                assert_stands_at(&chain, &parent);
                chain.commit(&next.0, &[], &busy(4)).unwrap();
                lost += 1;
            }
            _ => kept += 1,
        }
        assert_stands_at(&chain, &next);
    }
    println!("{operations} operations, {lost} times the parent, {kept} times the block");
    assert!(lost > 0);
}

#[test]
fn view_stays_at_its_block_while_others_come_and_go() {
    let (chain, first, next) = begun();
    let old = chain.view().unwrap();
    let slot =
        |view: &dyn DatabaseRef<Error = StateError>| view.storage_ref(address(0), U256::from(2)).unwrap();
    assert_eq!(slot(&old), U256::from(20));
    chain.commit(&next.0, &[], &busy(7)).unwrap();
    let new = chain.view().unwrap();
    assert!(!old.is_attached() && new.is_attached());
    assert_eq!((slot(&old), slot(&new)), (U256::from(20), U256::from(7)));
    assert!(old.basic_ref(address(2)).unwrap().is_some() && new.basic_ref(address(2)).unwrap().is_none());
    chain.unwind(1).unwrap();
    let other = child(&first, &busy(8));
    chain.commit(&other.0, &[], &busy(8)).unwrap();
    let branch = chain.view().unwrap();
    assert_eq!(
        (slot(&old), slot(&new), slot(&branch)),
        (U256::from(20), U256::from(7), U256::from(8))
    );
    assert_eq!(code(2), branch.code_by_hash_ref(code(2).hash_slow()).unwrap());
}

/// Also where an assertion fails, so that nobody waits for readers that go on for ever.
struct StopWhenDropped<'a>(&'a AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// In block `n` of the branch `b`, balance and all slots of two accounts are `100 b + n`.
#[test]
fn readers_see_whole_blocks_while_blocks_are_committed_and_unwound() {
    let value = |branch: u64, number: u64| branch * 100 + number;
    let written = |value: u64| {
        let account = Some((U256::from(value), 1, None));
        let slots = slots(&[1, 2, 3, 4].map(|slot| (slot, value)));
        changes(vec![
            (0, account, false, slots.clone()),
            (1, account, false, slots),
        ])
    };
    let start = child(&first(), &written(value(0, 1)));
    let chain = create(&Disk::default(), &first());
    chain.commit(&start.0, &[], &written(value(0, 1))).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut attached = 0;
                // On a busy machine all blocks may be through before a reader runs; then it reads the last one.
                while !stop.load(Relaxed) || attached == 0 {
                    let view = chain.view().unwrap();
                    let seen = view.storage_ref(address(0), U256::from(1)).unwrap();
                    assert_eq!(seen % U256::from(100), U256::from(view.source().head().number));
                    for (index, slot) in [(0, 2), (0, 3), (0, 4), (1, 1), (1, 2), (1, 3), (1, 4)] {
                        assert_eq!(view.storage_ref(address(index), U256::from(slot)), Ok(seen));
                        let info = view.basic_ref(address(index)).unwrap().unwrap();
                        assert_eq!(info.balance, seen);
                    }
                    attached += u64::from(view.is_attached());
                    assert!(attached > 0 || !stop.load(Relaxed) || chain.view().unwrap().is_attached());
                }
            })
        });
        let _stop = StopWhenDropped(&stop);
        let mut rng = Rng(5);
        let mut blocks = vec![start];
        for branch in 0..12 {
            for _ in 0..1 + rng.below(6) {
                let number = blocks.len() as u64 + 1;
                let changes = written(value(branch, number));
                let next = child(blocks.last().unwrap(), &changes);
                chain.commit(&next.0, &[], &changes).unwrap();
                blocks.push(next);
            }
            let back = rng.below(blocks.len().min(5) as u64);
            chain.unwind(back).unwrap();
            blocks.truncate(blocks.len() - back as usize);
        }
        let (header, state) = blocks.last().unwrap();
        assert_eq!(header.state_root, state_root(state));
        stop.store(true, Relaxed);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}
