//! What a hit, a miss and a block of votes cost. Ignored: a measurement, no test.
//! `cargo test --release -p metisvm-state --test cache_speed -- --ignored --nocapture`

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use alloy_primitives::{Address, B256, U256, keccak256};
use core::hint::black_box;
use metisvm_state::{
    AccountChange, CacheConfig, MemoryState, StateCache, StateChanges, StateError, StateSource,
};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

fn address(number: u64) -> Address {
    Address::left_padding_from(&number.to_be_bytes())
}

fn mapped(a: u64, b: u64) -> U256 {
    U256::from_be_bytes(keccak256([a.to_be_bytes(), b.to_be_bytes()].concat()).0)
}

// Takes some microseconds for a point and some hundred nanoseconds a slot of a range, as a store on a disk
// that is in the page cache does.
struct Store {
    state: MemoryState,
    point: Duration,
    slot: Duration,
}

fn busy(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        core::hint::spin_loop();
    }
}

impl DatabaseRef for Store {
    type Error = StateError;
    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        busy(self.point);
        self.state.basic_ref(address)
    }
    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        busy(self.point);
        self.state.code_by_hash_ref(code_hash)
    }
    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        busy(self.point);
        self.state.storage_ref(address, slot)
    }
    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.state.block_hash_ref(number)
    }
}

impl StateSource for Store {
    fn storage_range(&self, a: Address, from: U256, limit: usize) -> Result<Vec<(U256, U256)>, StateError> {
        let slots = self.state.storage_range(a, from, limit)?;
        busy(self.point + self.slot * slots.len() as u32);
        Ok(slots)
    }
}

const BATCHES: u64 = 60;
const CALLS: u64 = 20_000;

// Nanoseconds of one call while `threads` threads make it: the best of short batches that begin together,
// the slower thread counting, so that others on the machine disturb few of them.
fn nanoseconds(threads: u64, call: impl Fn(u64) + Sync) -> f64 {
    let barrier = Barrier::new(threads as usize);
    let run = |thread: u64| -> Vec<f64> {
        let batch = |batch: u64| {
            barrier.wait();
            let start = Instant::now();
            let first = batch * CALLS + thread * 7919;
            (first..first + CALLS).for_each(&call);
            start.elapsed().as_nanos() as f64 / CALLS as f64
        };
        (0..BATCHES).map(batch).collect()
    };
    let times: Vec<Vec<f64>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let run = &run;
                scope.spawn(move || run(thread))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    (0..BATCHES as usize)
        .map(|batch| times.iter().map(|thread| thread[batch]).fold(0.0, f64::max))
        .fold(f64::INFINITY, f64::min)
}

fn contract(slots: u64) -> MemoryState {
    let mut state = MemoryState::default();
    let storage = (0..slots).map(|slot| (mapped(0, slot), U256::from(slot + 1)));
    state.insert_account(address(1), U256::from(1), 1, vec![0x60, 0, 0].into(), storage);
    state
}

#[test]
#[ignore = "measures, asserts nothing of speed: cargo test --release -p metisvm-state --test cache_speed -- --ignored --nocapture"]
fn hits_and_misses() {
    let hash = B256::ZERO;
    let slots_only = CacheConfig {
        largest_storage: 0,
        ..CacheConfig::default()
    };
    for (name, count) in [
        ("64 slots", 1 << 6),
        ("4 K slots", 1 << 12),
        ("256 K slots", 1 << 18),
    ] {
        let state = contract(count);
        let keys: Vec<U256> = (0..count).map(|slot| mapped(0, slot * 40_503 % count)).collect();
        let key = |turn: u64| keys[turn as usize & (count as usize - 1)];
        let cache = StateCache::new(slots_only);
        cache.move_to(hash);
        let view = cache.view(&state, hash);
        for slot in keys.iter().chain(&keys).chain(&keys).chain(&keys).chain(&keys) {
            view.storage_ref(address(1), *slot).unwrap();
        }
        for threads in [1, 2] {
            let map = nanoseconds(threads, |turn| {
                black_box(state.storage_ref(address(1), key(turn)).unwrap());
            });
            let hit = nanoseconds(threads, |turn| {
                black_box(view.storage_ref(address(1), key(turn)).unwrap());
            });
            println!("{name}, {threads} thread(s): slot hit {hit:.1} ns, memory state {map:.1} ns");
        }
    }
    let state = contract(1000);
    let cache = StateCache::new(CacheConfig::default());
    cache.move_to(hash);
    let view = cache.view(&state, hash);
    view.prefetch_storage(address(1)).unwrap();
    let keys: Vec<U256> = (0..4096).map(|slot| mapped(slot % 2, slot % 1000)).collect();
    let code_hash = view.basic_ref(address(1)).unwrap().unwrap().code_hash;
    (0..1000).for_each(|number| drop(view.basic_ref(address(number))));
    for threads in [1, 2] {
        let complete = nanoseconds(threads, |turn| {
            black_box(view.storage_ref(address(1), keys[turn as usize & 4095]).unwrap());
        });
        let one = nanoseconds(threads, |_| {
            black_box(view.basic_ref(address(1)).unwrap());
        });
        let many = nanoseconds(threads, |turn| {
            black_box(view.basic_ref(address(turn % 1000)).unwrap());
        });
        let code = nanoseconds(threads, |_| {
            black_box(view.code_by_hash_ref(code_hash).unwrap());
        });
        println!(
            "{threads} thread(s): complete storage {complete:.1} ns, one account {one:.1} ns, \
             a thousand accounts {many:.1} ns, one code {code:.1} ns"
        );
    }
    first_reads_and_moves(&state, code_hash);
}

fn first_reads_and_moves(state: &MemoryState, code_hash: B256) {
    let hash = B256::ZERO;
    let cold: Vec<U256> = (0..200_000).map(|slot| mapped(9, slot)).collect();
    // First reads cannot be repeated: the median of many short stretches.
    let timed = |read: &dyn Fn(&U256)| {
        let mut times: Vec<f64> = cold
            .chunks(1000)
            .map(|chunk| {
                let start = Instant::now();
                chunk.iter().for_each(read);
                start.elapsed().as_nanos() as f64 / 1000.0
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let source = timed(&|slot| drop(black_box(state.storage_ref(address(1), *slot))));
    for mebibytes in [8, 256] {
        let cache = StateCache::new(CacheConfig {
            largest_storage: 100,
            ..CacheConfig::with_bytes(mebibytes << 20)
        });
        cache.move_to(hash);
        let view = cache.view(state, hash);
        let miss = timed(&|slot| drop(black_box(view.storage_ref(address(1), *slot))));
        println!(
            "first reads through {mebibytes} MiB: {miss:.1} ns, at the memory state alone {source:.1} ns"
        );
    }
    let cache = StateCache::new(CacheConfig::default());
    cache.move_to(hash);
    let best = |work: &dyn Fn()| {
        (0..15)
            .map(|_| {
                cache.move_to(hash);
                let start = Instant::now();
                work();
                start.elapsed().as_nanos() as f64 / 1000.0
            })
            .fold(f64::INFINITY, f64::min)
    };
    println!(
        "a view: {:.1} µs",
        best(&|| drop(black_box(cache.view(state, hash))))
    );
    let account = metisvm_state::BasicAccount {
        balance: U256::ZERO,
        nonce: 0,
        code_hash,
    };
    let change = AccountChange {
        account: Some(account),
        storage_cleared: false,
        storage: cold
            .iter()
            .take(2000)
            .map(|slot| (*slot, U256::from(1)))
            .collect(),
    };
    let mut changes = StateChanges::default();
    changes.accounts.insert(address(1), change);
    let next = B256::with_last_byte(1);
    let advance = best(&|| {
        cache.advance(hash, next, &changes);
    });
    println!("advance with 2,000 slots: {advance:.1} µs");
    changes
        .accounts
        .values_mut()
        .for_each(|change| change.storage_cleared = true);
    let clear = best(&|| {
        let view = cache.view(state, hash);
        cold.iter()
            .take(10)
            .for_each(|slot| drop(view.storage_ref(address(1), *slot)));
        drop(view);
        cache.advance(hash, next, &changes);
    });
    println!("advance that clears a storage: {clear:.1} µs");
}

// The slots that each vote reads, made before the clock runs: hashing is the EVM's work.
fn votes(voters: u64, proposals: u64) -> Vec<(Address, [U256; 5])> {
    (0..voters * proposals)
        .map(|vote| {
            let (proposal, voter) = (vote / voters, vote % voters);
            let shared = |slot| mapped(5, proposal * 3 + slot);
            let slots = [shared(0), shared(1), shared(2), mapped(0, voter), mapped(7, vote)];
            (address(1000 + voter), slots)
        })
        .collect()
}

fn read_votes(state: &impl DatabaseRef<Error = StateError>, votes: &[(Address, [U256; 5])]) -> Duration {
    let start = Instant::now();
    for (voter, slots) in votes {
        state.basic_ref(*voter).unwrap();
        let hash = state.basic_ref(address(1)).unwrap().unwrap().code_hash;
        state.code_by_hash_ref(hash).unwrap();
        for slot in slots {
            black_box(state.storage_ref(address(1), *slot).unwrap());
        }
    }
    start.elapsed()
}

#[test]
#[ignore = "measures, asserts nothing of speed: cargo test --release -p metisvm-state --test cache_speed -- --ignored --nocapture"]
fn a_block_of_votes() {
    let (voters, proposals) = (100, 20);
    let mut state = contract(voters);
    (0..voters).for_each(|voter| {
        state.insert_account(address(1000 + voter), U256::from(1), 0, Default::default(), []);
    });
    let store = Store {
        state,
        point: Duration::from_micros(2),
        slot: Duration::from_nanos(150),
    };
    let votes = votes(voters, proposals);
    let without = read_votes(&store, &votes);
    let cache = StateCache::new(CacheConfig::with_bytes(16 << 20));
    cache.move_to(B256::ZERO);
    let view = cache.view(&store, B256::ZERO);
    let with = read_votes(&view, &votes);
    println!(
        "{} votes, reads alone: {without:?} without, {with:?} with the cache ({} reads at the store)\n{:#?}",
        voters * proposals,
        cache.statistics().source_reads(),
        cache.statistics()
    );
}
