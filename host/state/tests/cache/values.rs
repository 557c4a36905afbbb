//! Random histories: blocks, branches, unwinding, reads and prefetches in any order, with caches of any
//! size. Every answer is compared with the source's.

use crate::doubles::{CountingSource, address, block, code};
use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
use metisvm_state::{
    AccountChange, BasicAccount, CacheConfig, CacheView, MemoryState, StateCache, StateChanges,
};
use proptest::prelude::*;
use revm::{DatabaseRef, bytecode::Bytecode};

const ACCOUNTS: u64 = 6;
const SLOTS: u64 = 10;

#[derive(Debug, Clone)]
enum Step {
    Read(u64),
    ReadSlot(u64, u64),
    Prefetch(u64),
    PrefetchSlot(u64, u64),
    PrefetchStorage(u64),
    /// A block on the one that the cache stands at.
    Block(StateChanges),
    /// A block on any block that there is.
    Fork(usize, StateChanges),
    /// To any block that there is.
    Move(usize),
    /// A look at any block, without moving.
    Look(usize, u64, u64),
}

fn change() -> impl Strategy<Value = (AccountChange, Option<u64>)> {
    let slots = prop::collection::vec((0..SLOTS, 0..4_u64), 0..6);
    (0..10_u8, 0..1000_u64, 0..4_u64, slots).prop_map(|(kind, balance, code_number, slots)| {
        if kind == 0 {
            return (AccountChange::default(), None);
        }
        let code_hash = match code_number {
            0 => KECCAK256_EMPTY,
            _ => Bytecode::new_legacy(code(code_number)).hash_slow(),
        };
        let change = AccountChange {
            account: Some(BasicAccount {
                balance: U256::from(balance),
                nonce: balance / 2,
                code_hash,
            }),
            storage_cleared: kind == 1,
            storage: slots
                .into_iter()
                .map(|(slot, value)| (U256::from(slot), U256::from(value)))
                .collect(),
        };
        (change, (code_number > 0).then_some(code_number))
    })
}

fn changes() -> impl Strategy<Value = StateChanges> {
    prop::collection::vec((0..ACCOUNTS, change()), 0..4).prop_map(|accounts| {
        let mut changes = StateChanges::default();
        for (number, (change, code_number)) in accounts {
            changes.accounts.insert(address(number), change);
            if let Some(code_number) = code_number {
                let code = Bytecode::new_legacy(code(code_number));
                changes.codes.insert(code.hash_slow(), code);
            }
        }
        changes
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..ACCOUNTS).prop_map(Step::Read),
        12 => (0..ACCOUNTS, 0..SLOTS).prop_map(|(a, s)| Step::ReadSlot(a, s)),
        1 => (0..ACCOUNTS).prop_map(Step::Prefetch),
        2 => (0..ACCOUNTS, 0..SLOTS).prop_map(|(a, s)| Step::PrefetchSlot(a, s)),
        1 => (0..ACCOUNTS).prop_map(Step::PrefetchStorage),
        3 => changes().prop_map(Step::Block),
        1 => (any::<usize>(), changes()).prop_map(|(on, changes)| Step::Fork(on, changes)),
        1 => any::<usize>().prop_map(Step::Move),
        2 => (any::<usize>(), 0..ACCOUNTS, 0..SLOTS).prop_map(|(at, a, s)| Step::Look(at, a, s)),
    ]
}

fn config() -> impl Strategy<Value = CacheConfig> {
    let bytes = prop::sample::select(vec![0, 1 << 12, 1 << 15, 1 << 17, 1 << 20]);
    let largest = prop::sample::select(vec![0, 3, 100]);
    let history = prop::sample::select(vec![0, 1, 2, 8]);
    (bytes, largest, history, 1..4_u32, 1..4_u32).prop_map(|(bytes, largest, history, misses, per_miss)| {
        CacheConfig {
            bytes,
            misses_before_range: misses,
            slots_per_miss: per_miss,
            largest_storage: largest,
            history_blocks: history,
        }
    })
}

fn check_account(view: &CacheView<'_, &CountingSource>, state: &MemoryState, number: u64) {
    let seen = view.basic_ref(address(number)).unwrap();
    let real = state.basic_ref(address(number)).unwrap();
    assert_eq!(seen, real, "account {number}");
    if let Some(info) = seen {
        let seen = view.code_by_hash_ref(info.code_hash).unwrap();
        assert_eq!(
            seen,
            state.code_by_hash_ref(info.code_hash).unwrap(),
            "code of {number}"
        );
    }
}

fn check_slot(view: &CacheView<'_, &CountingSource>, state: &MemoryState, number: u64, slot: u64) {
    let slot = U256::from(slot);
    let seen = view.storage_ref(address(number), slot);
    assert_eq!(
        seen,
        state.storage_ref(address(number), slot),
        "slot {slot} of {number}"
    );
}

fn check_everything(cache: &StateCache, blocks: &[(B256, CountingSource)], at: usize) {
    let (hash, source) = &blocks[at];
    let view = cache.view(source, *hash);
    for number in 0..ACCOUNTS {
        check_account(&view, &source.state, number);
        (0..SLOTS).for_each(|slot| check_slot(&view, &source.state, number, slot));
    }
}

fn run(config: CacheConfig, steps: Vec<Step>) {
    let cache = StateCache::new(config);
    let mut blocks = vec![(block(0), CountingSource::new(MemoryState::default()))];
    let mut at = 0;
    cache.move_to(block(0));
    for step in steps {
        let (hash, source) = &blocks[at];
        let view = cache.view(source, *hash);
        match step {
            Step::Read(number) => check_account(&view, &source.state, number),
            Step::ReadSlot(number, slot) => check_slot(&view, &source.state, number, slot),
            Step::Prefetch(number) => {
                view.prefetch_account(address(number)).unwrap();
            }
            Step::PrefetchSlot(number, slot) => {
                view.prefetch_slot(address(number), U256::from(slot)).unwrap();
            }
            Step::PrefetchStorage(number) => {
                view.prefetch_storage(address(number)).unwrap();
            }
            Step::Look(there, number, slot) => {
                let (hash, source) = &blocks[there % blocks.len()];
                let view = cache.view(source, *hash);
                check_account(&view, &source.state, number);
                check_slot(&view, &source.state, number, slot);
            }
            Step::Move(there) => {
                at = there % blocks.len();
                cache.move_to(blocks[at].0);
            }
            Step::Block(changes) => at = append(&cache, &mut blocks, at, &changes),
            Step::Fork(on, changes) => {
                let on = on % blocks.len();
                at = append(&cache, &mut blocks, on, &changes);
            }
        }
        assert!(cache.bytes() <= config.bytes);
    }
    check_everything(&cache, &blocks, at);
    for there in (0..blocks.len()).rev() {
        cache.move_to(blocks[there].0);
        check_everything(&cache, &blocks, there);
    }
}

fn append(
    cache: &StateCache,
    blocks: &mut Vec<(B256, CountingSource)>,
    parent: usize,
    changes: &StateChanges,
) -> usize {
    let hash = block(blocks.len() as u64);
    let state = crate::doubles::applied(&blocks[parent].1.state, changes);
    cache.advance(blocks[parent].0, hash, changes);
    blocks.push((hash, CountingSource::new(state)));
    blocks.len() - 1
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_of_any_size_answers_what_its_source_would(
        config in config(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        run(config, steps);
    }
}
