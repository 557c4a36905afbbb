//! Blocks, failed blocks, re-organisations.

use crate::doubles::{CountingSource, address, applied, block, code, contract, destroy, write_slots};
use alloy_primitives::U256;
use core::sync::atomic::Ordering::Relaxed;
use metisvm_state::{
    AccountChange, BasicAccount, CacheConfig, CacheMove, MemoryState, StateCache, StateChanges, StateError,
};
use revm::{DatabaseRef, bytecode::Bytecode};

fn one(number: u64) -> U256 {
    U256::from(number)
}

// Storages are never read whole here: slots are followed one by one.
fn slots_only() -> CacheConfig {
    CacheConfig {
        largest_storage: 0,
        ..CacheConfig::with_bytes(1 << 20)
    }
}

fn start(slots: u64) -> (StateCache, CountingSource, alloy_primitives::Address) {
    let mut state = MemoryState::default();
    let dao = contract(&mut state, 1, slots);
    let cache = StateCache::new(slots_only());
    cache.move_to(block(0));
    (cache, CountingSource::new(state), dao)
}

#[test]
fn what_a_block_wrote_is_read_by_the_next_without_the_source() {
    let (cache, source, dao) = start(4);
    let changes = write_slots(&source.state, dao, [(one(0), one(50)), (one(9), one(51))]);
    cache.advance(block(0), block(1), &changes);
    let next = CountingSource::new(applied(&source.state, &changes));
    let view = cache.view(&next, block(1));
    assert_eq!(view.storage_ref(dao, one(0)), Ok(one(50)));
    assert_eq!(view.storage_ref(dao, one(9)), Ok(one(51)));
    assert_eq!(view.basic_ref(dao).unwrap().unwrap().balance, one(1));
    assert_eq!(next.reads(), 0);
}

#[test]
fn a_block_that_is_given_up_leaves_no_trace() {
    let (cache, source, dao) = start(4);
    let view = cache.view(&source, block(0));
    assert_eq!(view.storage_ref(dao, one(0)), Ok(one(1)));
    // A block was executed over the view and failed: nobody calls advance.
    drop(view);
    let again = cache.view(&source, block(0));
    assert_eq!(again.storage_ref(dao, one(0)), Ok(one(1)));
    assert_eq!(source.reads(), 1);
    assert_eq!(cache.tip(), Some(block(0)));
}

#[test]
fn unwinding_forgets_what_the_blocks_changed_and_nothing_else() {
    let (cache, source, dao) = start(8);
    let view = cache.view(&source, block(0));
    for slot in 0..8 {
        view.storage_ref(dao, one(slot)).unwrap();
    }
    let mut state = source.state.clone();
    for number in 1..=3 {
        let changes = write_slots(&state, dao, [(one(number), one(90))]);
        state = applied(&state, &changes);
        cache.advance(block(number - 1), block(number), &changes);
    }
    assert_eq!(cache.move_to(block(0)), CacheMove::Unwound(3));
    let before = source.slots.load(Relaxed);
    let view = cache.view(&source, block(0));
    for slot in 0..8 {
        assert_eq!(view.storage_ref(dao, one(slot)), Ok(one(slot + 1)));
    }
    assert_eq!(source.slots.load(Relaxed) - before, 3, "the three changed slots");
}

#[test]
fn a_move_beyond_the_history_forgets_everything_but_code() {
    let (_, source, dao) = start(2);
    let cache = StateCache::new(CacheConfig {
        history_blocks: 1,
        ..slots_only()
    });
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    let hash = view.basic_ref(dao).unwrap().unwrap().code_hash;
    view.code_by_hash_ref(hash).unwrap();
    view.storage_ref(dao, one(0)).unwrap();
    cache.advance(block(0), block(1), &StateChanges::default());
    cache.advance(block(1), block(2), &StateChanges::default());
    assert_eq!(cache.move_to(block(0)), CacheMove::Cleared);
    let before = source.reads();
    let view = cache.view(&source, block(0));
    view.basic_ref(dao).unwrap();
    view.code_by_hash_ref(hash).unwrap();
    view.storage_ref(dao, one(0)).unwrap();
    assert_eq!(source.reads() - before, 2, "account and slot, not the code");
}

#[test]
fn a_view_of_another_block_goes_past_the_cache() {
    let (cache, source, dao) = start(2);
    let changes = write_slots(&source.state, dao, [(one(0), one(77))]);
    cache.advance(block(0), block(1), &changes);
    let old = cache.view(&source, block(0));
    assert!(!old.is_attached());
    assert_eq!(old.storage_ref(dao, one(0)), Ok(one(1)));
    assert_eq!(cache.statistics().around, 1);
    let next = CountingSource::new(applied(&source.state, &changes));
    assert_eq!(cache.view(&next, block(1)).storage_ref(dao, one(0)), Ok(one(77)));
}

#[test]
fn a_view_opened_before_the_block_ended_keeps_showing_its_own_block() {
    let (cache, source, dao) = start(2);
    let old = cache.view(&source, block(0));
    assert_eq!(old.storage_ref(dao, one(0)), Ok(one(1)));
    let changes = write_slots(&source.state, dao, [(one(0), one(77))]);
    cache.advance(block(0), block(1), &changes);
    assert_eq!(old.storage_ref(dao, one(0)), Ok(one(1)));
    // Also after the cache came back to that block by another way.
    cache.move_to(block(0));
    assert_eq!(old.storage_ref(dao, one(0)), Ok(one(1)));
}

#[test]
fn sibling_blocks_never_see_each_other() {
    let (cache, source, dao) = start(2);
    let left = write_slots(&source.state, dao, [(one(0), one(10))]);
    let right = write_slots(&source.state, dao, [(one(1), one(20))]);
    cache.advance(block(0), block(1), &left);
    assert_eq!(cache.advance(block(0), block(2), &right), CacheMove::Unwound(1));
    let next = CountingSource::new(applied(&source.state, &right));
    let view = cache.view(&next, block(2));
    assert_eq!(view.storage_ref(dao, one(0)), Ok(one(1)));
    assert_eq!(view.storage_ref(dao, one(1)), Ok(one(20)));
}

#[test]
fn a_destroyed_account_has_no_slots_and_gets_them_back_by_unwinding() {
    let (cache, source, dao) = start(3);
    let view = cache.view(&source, block(0));
    (0..3).for_each(|slot| assert_eq!(view.storage_ref(dao, one(slot)), Ok(one(slot + 1))));
    let changes = destroy(dao);
    cache.advance(block(0), block(1), &changes);
    let gone = CountingSource::new(applied(&source.state, &changes));
    let view = cache.view(&gone, block(1));
    assert_eq!(view.basic_ref(dao), Ok(None));
    (0..3).for_each(|slot| assert_eq!(view.storage_ref(dao, one(slot)), Ok(U256::ZERO)));
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    (0..3).for_each(|slot| assert_eq!(view.storage_ref(dao, one(slot)), Ok(one(slot + 1))));
}

#[test]
fn a_new_contract_is_known_whole_from_its_block_on() {
    let mut changes = StateChanges::default();
    let bytecode = Bytecode::new_legacy(code(9));
    let new = AccountChange {
        account: Some(BasicAccount {
            balance: U256::ZERO,
            nonce: 1,
            code_hash: bytecode.hash_slow(),
        }),
        storage_cleared: true,
        storage: [(one(1), one(2))].into_iter().collect(),
    };
    changes.accounts.insert(address(9), new);
    changes.codes.insert(bytecode.hash_slow(), bytecode.clone());
    let cache = StateCache::new(CacheConfig::with_bytes(1 << 20));
    cache.move_to(block(0));
    cache.advance(block(0), block(1), &changes);
    let source = CountingSource::new(applied(&MemoryState::default(), &changes));
    let view = cache.view(&source, block(1));
    let info = view.basic_ref(address(9)).unwrap().unwrap();
    assert_eq!(view.code_by_hash_ref(info.code_hash), Ok(bytecode));
    assert_eq!(view.storage_ref(address(9), one(1)), Ok(one(2)));
    assert_eq!(view.storage_ref(address(9), one(1000)), Ok(U256::ZERO));
    assert_eq!(source.reads(), 0);
}

#[test]
fn an_error_of_the_source_is_passed_on_and_not_remembered() {
    let (cache, source, dao) = start(2);
    let broken = CountingSource {
        failing: true,
        ..CountingSource::new(source.state.clone())
    };
    let view = cache.view(&broken, block(0));
    let failure = StateError::Store("told to fail".into());
    assert_eq!(view.basic_ref(dao), Err(failure.clone()));
    assert_eq!(view.storage_ref(dao, one(0)), Err(failure.clone()));
    assert_eq!(view.prefetch_storage(dao), Err(failure));
    let view = cache.view(&source, block(0));
    assert_eq!(view.storage_ref(dao, one(0)), Ok(one(1)));
    assert!(view.basic_ref(dao).unwrap().is_some());
}
