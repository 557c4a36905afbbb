//! The bound in bytes holds whatever comes in, in whatever order, and whoever holds on to it.

use crate::doubles::{CountingSource, address, applied, block, contract, mapped, write_slots};
use alloy_primitives::{Bytes, U256};
use metisvm_state::{CacheConfig, MemoryState, StateCache};
use revm::DatabaseRef;

#[test]
fn the_parts_are_no_more_than_the_whole() {
    for bytes in [0, 1, 63, 64, 1000, 1 << 20, (1 << 30) + 17] {
        let parts = CacheConfig::with_bytes(bytes).parts();
        let sum = parts.slots + parts.accounts + parts.codes + parts.storages + parts.sizes + parts.history;
        assert!(sum <= bytes);
        assert!(bytes - sum < 64);
    }
}

#[test]
fn a_cache_of_any_size_begins_within_its_bound() {
    for shift in 0..26 {
        let config = CacheConfig::with_bytes((1 << shift) + 1);
        assert!(
            StateCache::new(config).bytes() <= config.bytes,
            "{} bytes",
            config.bytes
        );
    }
}

#[test]
fn floods_of_slots_accounts_codes_and_storages_stay_within_the_bound() {
    let mut state = MemoryState::default();
    for number in 0..300 {
        // Codes from a few bytes to 24 KiB, storages from none to 900 slots.
        let code = Bytes::from(vec![(number % 251) as u8; 3 + (number as usize * 977) % 24_576]);
        let slots = (0..(number * 37) % 900).map(|slot| (U256::from(slot), U256::from(slot + 1)));
        state.insert_account(address(number), U256::ONE, 1, code, slots);
    }
    let source = CountingSource::new(state);
    let config = CacheConfig::with_bytes(1 << 20);
    let cache = StateCache::new(config);
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    for round in 0..3 {
        for number in 0..300 {
            let info = view.basic_ref(address(number)).unwrap().unwrap();
            view.code_by_hash_ref(info.code_hash).unwrap();
            view.prefetch_storage(address(number)).unwrap();
            for slot in 0..40 {
                view.storage_ref(address(number), mapped(round, slot)).unwrap();
                view.basic_ref(address(1000 + number * 40 + slot)).unwrap();
            }
            // The view holds on to codes and storages: what it holds still counts.
            assert!(cache.bytes() <= config.bytes);
        }
    }
    drop(view);
    assert!(cache.bytes() <= config.bytes);
    assert!(cache.statistics().evictions > 0);
}

#[test]
fn storages_that_grow_block_by_block_stay_within_the_bound() {
    let mut state = MemoryState::default();
    let accounts: Vec<_> = (0..16).map(|number| contract(&mut state, number, 4)).collect();
    let config = CacheConfig::with_bytes(1 << 20);
    let cache = StateCache::new(config);
    cache.move_to(block(0));
    {
        let view = cache.view(&state, block(0));
        accounts.iter().for_each(|account| {
            view.prefetch_storage(*account).unwrap();
        });
    }
    for number in 0..160 {
        let account = accounts[number as usize % accounts.len()];
        let slots = (0..120).map(|slot| (mapped(number, slot), U256::ONE));
        let changes = write_slots(&state, account, slots);
        state = applied(&state, &changes);
        cache.advance(block(number), block(number + 1), &changes);
        assert!(cache.bytes() <= config.bytes);
    }
    let view = cache.view(&state, block(160));
    for number in 0..160 {
        let account = accounts[number as usize % accounts.len()];
        assert_eq!(view.storage_ref(account, mapped(number, 119)), Ok(U256::ONE));
        assert_eq!(view.storage_ref(account, mapped(number, 120)), Ok(U256::ZERO));
    }
}

#[test]
fn a_block_that_changes_more_than_the_history_holds_is_applied_all_the_same() {
    let mut state = MemoryState::default();
    let account = contract(&mut state, 1, 0);
    let config = CacheConfig::with_bytes(1 << 18);
    let cache = StateCache::new(config);
    cache.move_to(block(0));
    let changes = write_slots(
        &state,
        account,
        (0..5000).map(|slot| (mapped(1, slot), U256::from(slot + 1))),
    );
    let next = applied(&state, &changes);
    cache.advance(block(0), block(1), &changes);
    assert!(cache.bytes() <= config.bytes);
    let view = cache.view(&next, block(1));
    for slot in 0..5000 {
        assert_eq!(
            view.storage_ref(account, mapped(1, slot)),
            Ok(U256::from(slot + 1))
        );
    }
    drop(view);
    // The history does not reach: everything goes, and nothing of the abandoned block is left.
    assert_eq!(cache.move_to(block(0)), metisvm_state::CacheMove::Cleared);
    let view = cache.view(&state, block(0));
    assert_eq!(view.storage_ref(account, mapped(1, 7)), Ok(U256::ZERO));
}
