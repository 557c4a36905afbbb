//! The reads of a block of votes: many voters, few proposals, every voter votes on each.

use crate::doubles::{CountingSource, address, applied, block, mapped, write_slots};
use alloy_primitives::{Address, U256};
use metisvm_state::{CacheConfig, MemoryState, StateCache, StateError};
use revm::DatabaseRef;

const VOTERS: u64 = 100;
const PROPOSALS: u64 = 20;
const READS_PER_VOTE: u64 = 8;
const WEIGHT: u64 = 1;
const VOTED: u64 = 2;

fn organisation() -> (MemoryState, Address) {
    let mut state = MemoryState::default();
    let dao = address(1);
    let shared = (0..PROPOSALS * 3).map(|slot| (U256::from(slot), U256::from(slot + 1)));
    let weights = (0..VOTERS).map(|voter| (mapped(WEIGHT, voter), U256::from(voter + 1)));
    state.insert_account(dao, U256::ZERO, 1, crate::doubles::code(1), shared.chain(weights));
    for voter in 0..VOTERS {
        state.insert_account(
            address(1000 + voter),
            U256::from(1_u64 << 60),
            0,
            Default::default(),
            [],
        );
    }
    (state, dao)
}

fn voted(proposal: u64, voter: u64) -> U256 {
    mapped(VOTED, proposal * VOTERS + voter)
}

// What one vote reads of the state before the block.
fn vote(state: &impl DatabaseRef<Error = StateError>, dao: Address, proposal: u64, voter: u64) {
    state.basic_ref(address(1000 + voter)).unwrap();
    let hash = state.basic_ref(dao).unwrap().unwrap().code_hash;
    state.code_by_hash_ref(hash).unwrap();
    for slot in 0..3 {
        let slot = U256::from(proposal * 3 + slot);
        assert_eq!(state.storage_ref(dao, slot), Ok(slot + U256::ONE));
    }
    assert_eq!(
        state.storage_ref(dao, mapped(WEIGHT, voter)),
        Ok(U256::from(voter + 1))
    );
    assert_eq!(state.storage_ref(dao, voted(proposal, voter)), Ok(U256::ZERO));
}

#[test]
fn a_block_of_votes_reads_a_cold_store_at_least_twenty_times_less() {
    let (state, dao) = organisation();
    let source = CountingSource::new(state);
    for proposal in 0..PROPOSALS {
        (0..VOTERS).for_each(|voter| vote(&source, dao, proposal, voter));
    }
    let without = source.reads();
    assert_eq!(without, VOTERS * PROPOSALS * READS_PER_VOTE);

    let cold = CountingSource::new(source.state.clone());
    let cache = StateCache::new(CacheConfig::with_bytes(4 << 20));
    cache.move_to(block(0));
    let view = cache.view(&cold, block(0));
    for proposal in 0..PROPOSALS {
        (0..VOTERS).for_each(|voter| vote(&view, dao, proposal, voter));
    }
    let with = cold.reads();
    println!("reads at the store: {without} without, {with} with the cache");
    assert!(with * 20 <= without, "{without} without, {with} with the cache");
    assert_eq!(cache.statistics().source_reads(), with);
}

#[test]
fn the_next_block_of_votes_reads_nothing_at_all() {
    let (state, dao) = organisation();
    let cache = StateCache::new(CacheConfig::with_bytes(4 << 20));
    cache.move_to(block(0));
    let first = CountingSource::new(state);
    let view = cache.view(&first, block(0));
    (0..VOTERS).for_each(|voter| vote(&view, dao, 0, voter));
    drop(view);
    let written = (0..VOTERS).map(|voter| (voted(0, voter), U256::ONE));
    let changes = write_slots(&first.state, dao, written);
    cache.advance(block(0), block(1), &changes);
    let second = CountingSource::new(applied(&first.state, &changes));
    let view = cache.view(&second, block(1));
    (0..VOTERS).for_each(|voter| vote(&view, dao, 1, voter));
    (0..VOTERS).for_each(|voter| assert_eq!(view.storage_ref(dao, voted(0, voter)), Ok(U256::ONE)));
    assert_eq!(second.reads(), 0);
}
