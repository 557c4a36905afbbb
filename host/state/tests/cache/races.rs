//! Readers and moves of the tip at the same time.

use crate::doubles::{CountingSource, address, applied, block, contract, write_slots};
use alloy_primitives::{Address, B256, U256};
use metisvm_state::{CacheConfig, MemoryState, StateCache, StateError, StateSource};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use std::{
    sync::{
        Arc, Barrier, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

// Has the answer, then waits before it gives it: first for the test to come by, then to be let go.
struct SlowSource {
    state: MemoryState,
    read: Barrier,
    go_on: Barrier,
}

impl SlowSource {
    fn new(state: MemoryState) -> Self {
        Self {
            state,
            read: Barrier::new(2),
            go_on: Barrier::new(2),
        }
    }

    fn slowly<T>(&self, answer: T) -> T {
        self.read.wait();
        self.go_on.wait();
        answer
    }
}

impl DatabaseRef for SlowSource {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.slowly(self.state.basic_ref(address))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.state.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.slowly(self.state.storage_ref(address, slot))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.state.block_hash_ref(number)
    }
}

impl StateSource for SlowSource {
    fn storage_range(
        &self,
        address: Address,
        from: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError> {
        self.slowly(self.state.storage_range(address, from, limit))
    }
}

// A read begins while the cache stands at one block and ends when it stands at another, one further or one
// back; what was read must not be there afterwards.
fn overtaken(read: impl Fn(&StateCache, &SlowSource, B256, Address) + Sync) {
    let mut state = MemoryState::default();
    let dao = contract(&mut state, 1, 2);
    let mut changes = write_slots(&state, dao, [(U256::ZERO, U256::from(70))]);
    let account = changes.accounts.get_mut(&dao).unwrap().account.as_mut().unwrap();
    account.balance = U256::from(71);
    let next = applied(&state, &changes);
    for back in [false, true] {
        let cache = StateCache::new(CacheConfig::with_bytes(1 << 20));
        cache.move_to(block(0));
        let (before, after) = if back { (&next, &state) } else { (&state, &next) };
        let (from, to) = if back {
            (block(1), block(0))
        } else {
            (block(0), block(1))
        };
        if back {
            // A second block of the same keys comes and goes: then they are not in the cache, the reader
            // asks its source, and going back once more has nothing to overwrite.
            cache.advance(block(0), block(1), &changes);
            cache.advance(block(1), block(2), &changes);
            cache.move_to(block(1));
        }
        let slow = SlowSource::new(before.clone());
        thread::scope(|scope| {
            scope.spawn(|| read(&cache, &slow, from, dao));
            slow.read.wait();
            if back {
                cache.move_to(to);
            } else {
                cache.advance(from, to, &changes);
            }
            slow.go_on.wait();
        });
        let view = cache.view(after, to);
        assert!(view.is_attached());
        assert_eq!(
            view.storage_ref(dao, U256::ZERO),
            after.storage_ref(dao, U256::ZERO)
        );
        assert_eq!(view.storage_ref(dao, U256::ONE), Ok(U256::from(2)));
        assert_eq!(view.basic_ref(dao), after.basic_ref(dao));
    }
}

#[test]
fn a_slot_read_before_the_cache_moved_does_not_come_in_after_it() {
    overtaken(|cache, slow, block, dao| {
        let view = cache.view(slow, block);
        assert_eq!(
            view.storage_ref(dao, U256::ZERO),
            slow.state.storage_ref(dao, U256::ZERO)
        );
    });
}

#[test]
fn an_account_read_before_the_cache_moved_does_not_come_in_after_it() {
    overtaken(|cache, slow, block, dao| {
        let view = cache.view(slow, block);
        assert_eq!(view.basic_ref(dao), slow.state.basic_ref(dao));
    });
}

#[test]
fn a_storage_read_whole_before_the_cache_moved_does_not_come_in_after_it() {
    overtaken(|cache, slow, block, dao| {
        cache.view(slow, block).prefetch_storage(dao).unwrap();
    });
}

// A committed state and its block, as a node would hand it out.
type Head = Arc<(B256, MemoryState)>;

#[test]
fn readers_see_one_state_while_blocks_come_and_go() {
    const ACCOUNTS: u64 = 4;
    const SLOTS: u64 = 6;
    const BLOCKS: u64 = 400;
    let mut state = MemoryState::default();
    (0..ACCOUNTS).for_each(|number| {
        contract(&mut state, number, 3);
    });
    // Small enough that entries push each other out, large enough for a few storages.
    let cache = StateCache::new(CacheConfig {
        bytes: 1 << 17,
        misses_before_range: 2,
        slots_per_miss: 8,
        largest_storage: 32,
        history_blocks: 4,
    });
    let genesis: Head = Arc::new((block(0), state));
    cache.move_to(block(0));
    let head = RwLock::new(Arc::clone(&genesis));
    let done = AtomicBool::new(false);
    let attached = AtomicU64::new(0);
    thread::scope(|scope| {
        for reader in 0..3_u64 {
            let (head, cache, done, attached) = (&head, &cache, &done, &attached);
            scope.spawn(move || {
                let mut turn = reader;
                let mut passes_after_the_end = 0;
                // On a busy machine all blocks may be through before a reader runs: each goes on until one has
                // seen the cache take part, or could have seen it often enough.
                while !done.load(Relaxed) || (attached.load(Relaxed) == 0 && passes_after_the_end < 1000) {
                    passes_after_the_end += u64::from(done.load(Relaxed));
                    let now = Arc::clone(&head.read().unwrap());
                    let (hash, state) = &*now;
                    let view = cache.view(state, *hash);
                    attached.fetch_add(u64::from(view.is_attached()), Relaxed);
                    for _ in 0..40 {
                        turn = turn
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1 + reader);
                        let who = address((turn >> 33) % ACCOUNTS);
                        let slot = U256::from((turn >> 40) % SLOTS);
                        assert_eq!(view.storage_ref(who, slot), state.storage_ref(who, slot));
                        assert_eq!(view.basic_ref(who), state.basic_ref(who));
                    }
                }
            });
        }
        let mut chain = vec![genesis];
        for number in 1..=BLOCKS {
            if number % 7 == 0 && chain.len() > 3 {
                // Two blocks back, then on from there.
                chain.truncate(chain.len() - 2);
                cache.move_to(chain[chain.len() - 1].0);
            }
            let (parent, state) = &*Arc::clone(&chain[chain.len() - 1]);
            let who = address(number % ACCOUNTS);
            let slot = U256::from(number % SLOTS);
            let mut changes = write_slots(state, who, [(slot, U256::from(number))]);
            if number % 11 == 0 {
                changes = crate::doubles::destroy(who);
            } else if state.account(&who).is_none() {
                let account = metisvm_state::BasicAccount {
                    balance: U256::from(number),
                    nonce: number,
                    code_hash: alloy_primitives::KECCAK256_EMPTY,
                };
                changes.accounts.get_mut(&who).unwrap().account = Some(account);
            }
            let next = Arc::new((block(1000 + number), applied(state, &changes)));
            cache.advance(*parent, next.0, &changes);
            *head.write().unwrap() = Arc::clone(&next);
            chain.push(next);
            thread::yield_now();
        }
        done.store(true, Relaxed);
    });
    assert!(attached.load(Relaxed) > 0, "the cache took part");
    assert!(cache.statistics().execution_hits > 0);
}

#[test]
fn workers_that_share_a_view_read_a_storage_whole_once() {
    let mut state = MemoryState::default();
    let dao = contract(&mut state, 1, 50);
    let source = CountingSource::new(state);
    let cache = StateCache::new(CacheConfig::with_bytes(1 << 20));
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    thread::scope(|scope| {
        for worker in 0..4_u64 {
            let view = &view;
            scope.spawn(move || {
                for slot in 0..2000 {
                    let slot = U256::from((slot * 13 + worker) % 100);
                    let value = if slot < U256::from(50) {
                        slot + U256::ONE
                    } else {
                        U256::ZERO
                    };
                    assert_eq!(view.storage_ref(dao, slot), Ok(value));
                }
            });
        }
    });
    assert_eq!(source.ranges.load(Relaxed), 1);
    // Point reads happen before the range and while it is read; every slot at most once a worker.
    assert!(source.slots.load(Relaxed) <= 400);
    assert!(cache.statistics().complete_answers > 0);
}

// Slots are read at once and counted; a range waits as a [`SlowSource`] does.
struct SlowRanges {
    slow: SlowSource,
    slots: AtomicU64,
}

impl DatabaseRef for SlowRanges {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.slow.state.basic_ref(address)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.slow.state.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.slots.fetch_add(1, Relaxed);
        self.slow.state.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.slow.state.block_hash_ref(number)
    }
}

impl StateSource for SlowRanges {
    fn storage_range(
        &self,
        address: Address,
        from: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError> {
        self.slow.storage_range(address, from, limit)
    }
}

#[test]
fn reading_ahead_waits_for_a_range_that_execution_goes_past() {
    let mut state = MemoryState::default();
    let dao = contract(&mut state, 1, 100);
    let source = SlowRanges {
        slow: SlowSource::new(state),
        slots: AtomicU64::new(0),
    };
    let config = CacheConfig::with_bytes(4 << 20);
    let before = u64::from(config.misses_before_range) - 1;
    let cache = StateCache::new(config);
    cache.move_to(block(0));
    let view = cache.view(&source, block(0));
    let read = |slot: u64| view.storage_ref(dao, U256::from(slot));
    (0..before).for_each(|slot| assert_eq!(read(slot), Ok(U256::from(slot + 1))));
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(read(50), Ok(U256::from(51))));
        source.slow.read.wait();
        let ahead = scope.spawn(|| view.prefetch_slot(dao, U256::from(60)));
        assert_eq!(read(70), Ok(U256::from(71)));
        thread::sleep(std::time::Duration::from_millis(50));
        assert!(!ahead.is_finished());
        source.slow.go_on.wait();
        assert_eq!(ahead.join().unwrap(), Ok(false), "the range has brought it");
    });
    assert_eq!(read(60), Ok(U256::from(61)));
    assert_eq!(source.slots.load(Relaxed), before + 1);
}
