//! Storages larger than a shard's share of the bytes for whole storages.

use crate::doubles::{address, block};
use alloy_primitives::{Address, B256, U256};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use metisvm_state::{CacheConfig, StateCache, StateError, StateSource};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};

/// Accounts whose slots `0..slots` hold their number and one; counts what it is asked.
struct Rows {
    slots: u64,
    reads: AtomicU64,
    ranges: AtomicU64,
}

impl Rows {
    fn new(slots: u64) -> Self {
        Self {
            slots,
            reads: AtomicU64::new(0),
            ranges: AtomicU64::new(0),
        }
    }

    fn value(&self, slot: U256) -> U256 {
        match slot < U256::from(self.slots) {
            true => slot + U256::ONE,
            false => U256::ZERO,
        }
    }

    fn asked(&self) -> u64 {
        self.reads.load(Relaxed) + self.ranges.load(Relaxed)
    }
}

impl DatabaseRef for Rows {
    type Error = StateError;

    fn basic_ref(&self, _: Address) -> Result<Option<AccountInfo>, StateError> {
        Ok(None)
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, StateError> {
        Err(StateError::UnknownCode(hash))
    }

    fn storage_ref(&self, _: Address, slot: U256) -> Result<U256, StateError> {
        self.reads.fetch_add(1, Relaxed);
        Ok(self.value(slot))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        Err(StateError::UnknownBlockHash(number))
    }
}

impl StateSource for Rows {
    fn storage_range(&self, _: Address, from: U256, limit: usize) -> Result<Vec<(U256, U256)>, StateError> {
        self.ranges.fetch_add(1, Relaxed);
        let from = u64::try_from(from).unwrap_or(u64::MAX).min(self.slots);
        let row = |slot| (U256::from(slot), U256::from(slot + 1));
        Ok((from..self.slots).take(limit).map(row).collect())
    }
}

/// Reads so many slots in an arbitrary order, one in eight of them absent, and holds each to what is there.
fn read_at_random(view: &impl DatabaseRef<Error = StateError>, source: &Rows, count: u64, seed: u64) {
    let mut random = seed;
    for _ in 0..count {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let slot = U256::from((random >> 33) % (source.slots / 7 * 8));
        assert_eq!(view.storage_ref(address(1), slot), Ok(source.value(slot)));
    }
}

#[test]
fn a_contract_with_200_000_slots_read_at_random_stays_cached_within_the_bound() {
    let source = Rows::new(200_000);
    let config = CacheConfig::default();
    let cache = StateCache::new(config);
    cache.move_to(block(0));
    read_at_random(&cache.view(&source, block(0)), &source, 50_000, 1);
    let asked = source.asked();
    assert!(asked < 7_000, "{asked} reads before the storage was known");
    // Others come and go meanwhile.
    let view = cache.view(&source, block(0));
    for other in 2..500 {
        for slot in 0..20 {
            view.storage_ref(address(other), U256::from(1_000_000 + slot))
                .unwrap();
        }
    }
    drop(view);
    let asked = source.asked();
    read_at_random(&cache.view(&source, block(0)), &source, 200_000, 2);
    assert_eq!(source.asked(), asked, "everything is in the cache");
    assert!(cache.bytes() <= config.bytes, "{} bytes", cache.bytes());
}

#[test]
fn a_storage_may_take_more_than_its_shard_and_small_ones_push_it_out_in_the_end() {
    let config = CacheConfig::with_bytes(64 << 20);
    let large = Rows::new(50_000);
    let cache = StateCache::new(config);
    cache.move_to(block(0));
    assert_eq!(
        cache.view(&large, block(0)).prefetch_storage(address(1)),
        Ok(true)
    );
    let asked = large.asked();
    read_at_random(&cache.view(&large, block(0)), &large, 1_000, 1);
    assert_eq!(large.asked(), asked);
    // Newcomers that nobody reads again do not push out what was read, whatever its size; those that are read do.
    let small = Rows::new(600);
    for other in 2..2_000 {
        cache
            .view(&small, block(0))
            .prefetch_storage(address(other))
            .unwrap();
        for _ in 0..2 {
            let view = cache.view(&small, block(0));
            assert_eq!(view.storage_ref(address(other), U256::ZERO), Ok(U256::ONE));
        }
        assert!(cache.bytes() <= config.bytes, "{} bytes", cache.bytes());
    }
    read_at_random(&cache.view(&large, block(0)), &large, 1_000, 2);
    assert!(large.asked() > asked, "it made room");
    let statistics = cache.statistics();
    assert!(statistics.evictions > 1_000, "{statistics:?}");
}

#[test]
fn a_storage_that_finds_no_room_is_not_read_in_vain_and_kept_slot_by_slot() {
    let source = Rows::new(20_000);
    let config = CacheConfig::with_bytes(8 << 20);
    let cache = StateCache::new(config);
    cache.move_to(block(0));
    for round in 0..3 {
        read_at_random(&cache.view(&source, block(0)), &source, 20_000, round);
    }
    // Half of the bytes for whole storages holds 7,168 slots: after 3, 6, … and 192 misses all is known.
    let brought = cache.statistics().source_range_slots;
    assert!(brought < 3 * 7_168, "{brought} slots brought");
    let (ranges, reads) = (source.ranges.load(Relaxed), source.reads.load(Relaxed));
    read_at_random(&cache.view(&source, block(0)), &source, 20_000, 0);
    assert_eq!(source.ranges.load(Relaxed), ranges);
    let again = source.reads.load(Relaxed) - reads;
    assert!(again < 2_000, "{again} of 20,000 reads missed");
    assert!(cache.bytes() <= config.bytes);
}

#[test]
fn threads_that_flood_the_cache_with_storages_of_all_sizes_stay_within_the_bound() {
    let config = CacheConfig::with_bytes(64 << 20);
    let cache = StateCache::new(config);
    cache.move_to(block(0));
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let cache = &cache;
            scope.spawn(move || {
                // From a few slots to nearly half of what there is room for.
                let sources = [9, 700, 13_000, 57_000].map(Rows::new);
                for round in 0..60 {
                    let account = address(1 + thread * 1_000 + round);
                    let source = &sources[(round + thread) as usize % sources.len()];
                    let view = cache.view(source, block(0));
                    assert_eq!(view.prefetch_storage(account), Ok(true));
                    let last = U256::from(source.slots - 1);
                    assert_eq!(view.storage_ref(account, last), Ok(source.value(last)));
                    // Held by all views at once, they still count.
                    assert!(cache.bytes() <= config.bytes, "{} bytes", cache.bytes());
                }
            });
        }
    });
    assert!(cache.statistics().evictions > 50, "{:?}", cache.statistics());
}
