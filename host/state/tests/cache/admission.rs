//! What is kept, and how reads are counted.

use crate::doubles::{CountingSource, address, block, contract, mapped};
use alloy_primitives::U256;
use core::sync::atomic::Ordering::Relaxed;
use metisvm_state::{CacheConfig, MemoryState, StateCache};
use revm::DatabaseRef;

fn slots_only(bytes: usize) -> CacheConfig {
    CacheConfig {
        largest_storage: 0,
        ..CacheConfig::with_bytes(bytes)
    }
}

#[test]
fn slots_that_several_transactions_read_outlive_a_flood_of_slots_read_once() {
    let mut state = MemoryState::default();
    let token = contract(&mut state, 1, 100);
    let source = CountingSource::new(state);
    // Room for some 4,000 slots.
    let cache = StateCache::new(slots_only(1 << 20));
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    let shared = || (0..100).map(U256::from);
    for _ in 0..3 {
        shared().for_each(|slot| drop(view.storage_ref(token, slot)));
    }
    // Ten times the room; the shared slots are read now and then, a thousandth of all reads.
    for round in 0..40 {
        for other in 0..1000 {
            view.storage_ref(token, mapped(round, other)).unwrap();
        }
        shared()
            .skip(round as usize)
            .step_by(40)
            .for_each(|slot| drop(view.storage_ref(token, slot)));
    }
    let before = source.reads();
    shared().for_each(|slot| drop(view.storage_ref(token, slot)));
    let lost = source.reads() - before;
    assert!(lost <= 15, "{lost} of 100 shared slots were pushed out");
}

#[test]
fn a_slot_that_comes_back_after_it_was_pushed_out_is_taken_more_seriously() {
    let mut state = MemoryState::default();
    let token = contract(&mut state, 1, 100);
    let source = CountingSource::new(state);
    // One set of seven slots.
    let cache = StateCache::new(slots_only(64 * 48));
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    let read = |slot: u64| drop(view.storage_ref(token, U256::from(slot)));
    (0..9).for_each(read);
    // Slots 0 and 1 were pushed out by 7 and 8, and return by their ghosts.
    read(0);
    (20..40).for_each(read);
    let before = source.reads();
    read(0);
    assert_eq!(source.reads(), before, "it outlived twenty newcomers");
}

#[test]
fn contracts_outlive_senders_that_came_once() {
    let mut state = MemoryState::default();
    let contracts: Vec<_> = (1..=50).map(|number| contract(&mut state, number, 0)).collect();
    let source = CountingSource::new(state);
    let cache = StateCache::new(slots_only(1 << 20));
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    contracts
        .iter()
        .for_each(|contract| drop(view.basic_ref(*contract)));
    (1000..12_000).for_each(|sender| drop(view.basic_ref(address(sender))));
    let before = source.reads();
    contracts
        .iter()
        .for_each(|contract| drop(view.basic_ref(*contract)));
    assert!(
        source.reads() - before <= 5,
        "{} of 50 contracts lost",
        source.reads() - before
    );
}

#[test]
fn absence_is_an_answer_that_is_kept() {
    let source = CountingSource::new(MemoryState::default());
    let cache = StateCache::new(slots_only(1 << 20));
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    for _ in 0..5 {
        assert_eq!(view.basic_ref(address(5)), Ok(None));
        assert_eq!(view.storage_ref(address(5), U256::from(1)), Ok(U256::ZERO));
    }
    assert_eq!(source.reads(), 2);
}

#[test]
fn a_code_is_read_once_for_all_accounts_that_have_it() {
    let mut state = MemoryState::default();
    for number in 1..=20 {
        state.insert_account(address(number), U256::ZERO, 1, crate::doubles::code(7), []);
    }
    let source = CountingSource::new(state);
    let cache = StateCache::new(CacheConfig::with_bytes(1 << 20));
    cache.move_to(block(0));
    for _ in 0..2 {
        let view = cache.view(&source, block(0));
        for number in 1..=20 {
            let hash = view.basic_ref(address(number)).unwrap().unwrap().code_hash;
            let code = view.code_by_hash_ref(hash).unwrap();
            assert_eq!(code.original_bytes(), crate::doubles::code(7));
        }
    }
    assert_eq!(source.codes.load(Relaxed), 1);
}

#[test]
fn prefetching_and_execution_are_counted_apart() {
    let mut state = MemoryState::default();
    let dao = contract(&mut state, 1, 10);
    let source = CountingSource::new(state);
    let cache = StateCache::new(slots_only(1 << 20));
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    assert_eq!(view.prefetch_account(dao), Ok(true));
    assert_eq!(view.prefetch_account(dao), Ok(false));
    let slots: Vec<_> = (0..4).map(U256::from).collect();
    assert_eq!(view.prefetch_slots(dao, &slots), Ok(4));
    let hash = view.basic_ref(dao).unwrap().unwrap().code_hash;
    assert_eq!(view.prefetch_code(hash), Ok(true));
    view.code_by_hash_ref(hash).unwrap();
    // Two of four prefetched slots are used, one of them twice; one slot was not foreseen.
    for slot in [0, 1, 1, 7] {
        view.storage_ref(dao, U256::from(slot)).unwrap();
    }
    let counted = cache.statistics();
    assert_eq!(counted.prefetch_misses, 6);
    assert_eq!(counted.prefetch_hits, 1);
    assert_eq!(counted.prefetched_used, 3, "the account and two slots");
    assert_eq!(counted.execution_hits, 5);
    assert_eq!(counted.execution_misses, 1);
    assert_eq!(counted.source_reads(), source.reads());
}
