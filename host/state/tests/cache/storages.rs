//! Storages that are known as a whole.

use crate::doubles::{CountingSource, applied, block, contract, destroy, mapped, write_slots};
use alloy_primitives::U256;
use core::sync::atomic::Ordering::Relaxed;
use metisvm_state::{CacheConfig, MemoryState, StateCache};
use revm::DatabaseRef;

fn config(largest: usize) -> CacheConfig {
    CacheConfig {
        largest_storage: largest,
        ..CacheConfig::with_bytes(4 << 20)
    }
}

#[test]
fn a_small_storage_is_read_once_and_then_answers_for_all_slots() {
    let mut state = MemoryState::default();
    let dao = contract(&mut state, 1, 150);
    let source = CountingSource::new(state);
    let cache = StateCache::new(config(1000));
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    for voter in 0..500 {
        assert_eq!(view.storage_ref(dao, mapped(7, voter)), Ok(U256::ZERO));
    }
    for slot in 0..150 {
        assert_eq!(view.storage_ref(dao, U256::from(slot)), Ok(U256::from(slot + 1)));
    }
    assert_eq!(source.slots.load(Relaxed), 2, "misses before the range");
    assert_eq!(source.ranges.load(Relaxed), 1);
    assert_eq!(cache.statistics().complete_answers, 647);
}

#[test]
fn a_storage_stays_whole_from_block_to_block() {
    let mut state = MemoryState::default();
    let dao = contract(&mut state, 1, 10);
    let cache = StateCache::new(config(1000));
    cache.move_to(block(0));
    cache.view(&state, block(0)).prefetch_storage(dao).unwrap();
    for number in 0..20 {
        let slots = [(mapped(1, number), U256::ONE), (U256::from(number), U256::ZERO)];
        let changes = write_slots(&state, dao, slots);
        state = applied(&state, &changes);
        cache.advance(block(number), block(number + 1), &changes);
    }
    let source = CountingSource::new(state);
    let view = cache.view(&source, block(20));
    for number in 0..20 {
        assert_eq!(view.storage_ref(dao, mapped(1, number)), Ok(U256::ONE));
        assert_eq!(view.storage_ref(dao, U256::from(number)), Ok(U256::ZERO));
        assert_eq!(view.storage_ref(dao, mapped(2, number)), Ok(U256::ZERO));
    }
    assert_eq!(source.reads(), 0);
}

#[test]
fn attempts_at_a_large_storage_are_few_and_end() {
    let mut state = MemoryState::default();
    let token = contract(&mut state, 1, 5000);
    let source = CountingSource::new(state);
    let cache = StateCache::new(config(1000));
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    for holder in 0..4000 {
        view.storage_ref(token, mapped(3, holder)).unwrap();
    }
    // After 3, 6, 12 and 24 misses: 192, 384, 768 and 1000 slots.
    assert_eq!(source.ranges.load(Relaxed), 4);
    assert!(cache.statistics().source_range_slots < 2400);
    assert_eq!(view.prefetch_storage(token), Ok(false), "known to be large");
    assert_eq!(source.ranges.load(Relaxed), 4);
}

#[test]
fn a_large_storage_is_tried_again_after_it_was_cleared() {
    let mut state = MemoryState::default();
    let token = contract(&mut state, 1, 50);
    let cache = StateCache::new(config(20));
    cache.move_to(block(0));
    cache.view(&state, block(0)).prefetch_storage(token).unwrap();
    assert_eq!(cache.view(&state, block(0)).prefetch_storage(token), Ok(false));
    let changes = destroy(token);
    let state = applied(&state, &changes);
    cache.advance(block(0), block(1), &changes);
    let source = CountingSource::new(state);
    assert_eq!(cache.view(&source, block(1)).prefetch_storage(token), Ok(true));
    assert_eq!(
        cache.view(&source, block(1)).storage_ref(token, U256::ZERO),
        Ok(U256::ZERO)
    );
    assert_eq!(source.slots.load(Relaxed), 0);
}

#[test]
fn a_storage_that_outgrows_what_is_kept_is_answered_slot_by_slot_again() {
    let mut state = MemoryState::default();
    let dao = contract(&mut state, 1, 10);
    let cache = StateCache::new(config(12));
    cache.move_to(block(0));
    cache.view(&state, block(0)).prefetch_storage(dao).unwrap();
    let changes = write_slots(&state, dao, (100..110).map(|slot| (U256::from(slot), U256::ONE)));
    let state = applied(&state, &changes);
    cache.advance(block(0), block(1), &changes);
    let source = CountingSource::new(state);
    let view = cache.view(&source, block(1));
    assert_eq!(view.storage_ref(dao, U256::from(105)), Ok(U256::ONE));
    assert_eq!(view.storage_ref(dao, U256::from(3)), Ok(U256::from(4)));
    assert_eq!(view.storage_ref(dao, U256::from(50)), Ok(U256::ZERO));
    assert_eq!(source.slots.load(Relaxed) + source.ranges.load(Relaxed), 2);
}

#[test]
fn a_view_of_the_old_block_keeps_its_storage_when_the_next_block_changes_it() {
    let mut state = MemoryState::default();
    let dao = contract(&mut state, 1, 10);
    let cache = StateCache::new(config(1000));
    cache.move_to(block(0));
    let old = cache.view(&state, block(0));
    old.prefetch_storage(dao).unwrap();
    let changes = write_slots(&state, dao, [(U256::ZERO, U256::from(99))]);
    let next = applied(&state, &changes);
    cache.advance(block(0), block(1), &changes);
    assert_eq!(old.storage_ref(dao, U256::ZERO), Ok(U256::ONE));
    assert_eq!(
        cache.view(&next, block(1)).storage_ref(dao, U256::ZERO),
        Ok(U256::from(99))
    );
}
