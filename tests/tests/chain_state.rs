//! The block engine over a chain's state (store, cache and trie) against the same over a state in memory and
//! against the sequential execution: outcomes, changes, and the state root of every block.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use alloy_consensus::Header;
use metisvm_executor::{BlockEngine, BlockInput, Threads, execute_block};
use metisvm_state::{CacheConfig, ChainState, CpuKeccak, MemoryState, state_root, store::*};
use metisvm_tests::random_blocks::{Executed, PATIENCE, check_blocks, seeds};
use metisvm_vm::MetisEvmFactory;
use metisvm_workload::chains::{Scenario, ScenarioBlock, WorkloadKind};
use std::sync::{Arc, OnceLock};

const TRANSACTIONS: usize = 60;
const BLOCKS: usize = 3;

fn begin(first: &Header, state: &MemoryState) -> ChainState<RedbStore> {
    let store = RedbStore::in_memory(StoreOptions::default()).unwrap();
    // Small enough that things make room for others.
    let cache = CacheConfig::with_bytes(1 << 20);
    ChainState::create(store, cache, Arc::new(CpuKeccak), first, state).unwrap()
}

/// Executes a block over the chain and over `memory`, the state after its head, compares, and commits it.
fn step(
    factory: &MetisEvmFactory,
    engine: &BlockEngine,
    chain: &ChainState<RedbStore>,
    memory: &mut MemoryState,
    block: &ScenarioBlock,
) {
    let head = chain.head().unwrap();
    let mut header = Header {
        parent_hash: head.hash,
        ..block.header.clone()
    };
    let input = BlockInput {
        header: &header,
        ..block.input()
    };
    memory.insert_block_hash(head.number, head.hash);
    let mut expected = memory.clone();
    let oracle = execute_block(factory, input, &mut expected).unwrap();

    let view = chain.view().unwrap();
    assert!(view.is_attached());
    let over_chain = engine.execute(factory, input, &view).unwrap();
    drop(view);
    let over_memory = engine.execute(factory, input, &*memory).unwrap();
    for outcome in [&over_chain.outcome, &over_memory.outcome] {
        assert_eq!(outcome.receipts, oracle.receipts);
        assert_eq!(outcome.transactions, oracle.transactions);
        assert_eq!(outcome.requests, oracle.requests);
        assert_eq!(
            (outcome.gas_used, outcome.blob_gas_used),
            (oracle.gas_used, oracle.blob_gas_used)
        );
    }
    memory.apply(&over_chain.changes);
    assert!(*memory == expected, "another state than the sequential one");

    let outcome = over_chain.outcome;
    header.gas_used = outcome.gas_used;
    header.logs_bloom = outcome.logs_bloom();
    header.receipts_root = outcome.receipts_root();
    header.state_root = state_root(memory);
    let next = chain.next(&over_memory.changes).unwrap();
    assert_eq!(next.state_root(), header.state_root);
    chain
        .commit(&header, &outcome.receipts, &over_chain.changes)
        .unwrap();
    let stored = chain.view().unwrap();
    assert_eq!(
        stored.source().receipts(header.number).unwrap(),
        Some(outcome.receipts)
    );
}

fn check(kind: WorkloadKind) {
    let scenario = Scenario::generate(kind, TRANSACTIONS, BLOCKS, 11).unwrap();
    let factory = scenario.factory();
    let first = Header {
        state_root: state_root(&scenario.genesis),
        ..Header::default()
    };
    let chain = begin(&first, &scenario.genesis);
    let mut heads = Vec::new();
    // The same blocks three times over, with the cache of the branch before.
    for threads in [1, 2, 4] {
        let engine = BlockEngine::new(Threads::new(threads).unwrap());
        let mut memory = scenario.genesis.clone();
        for block in &scenario.blocks {
            step(&factory, &engine, &chain, &mut memory, block);
        }
        heads.push(chain.head().unwrap());
        chain.store().verify(Depth::Everything).unwrap();
        chain.unwind(BLOCKS as u64).unwrap();
    }
    assert!(heads.iter().all(|head| *head == heads[0]), "{kind}: {heads:?}");
    let statistics = chain.cache().statistics();
    assert!(
        statistics.execution_hits > 0 && statistics.around == 0,
        "{kind}: {statistics:?}"
    );
}

#[test]
fn transfers_come_out_the_same_over_a_chain() {
    check(WorkloadKind::RawTransfers);
    check(WorkloadKind::Erc20Independent);
    check(WorkloadKind::Erc20OneHotAccount);
}

#[test]
fn swaps_come_out_the_same_over_a_chain() {
    check(WorkloadKind::UniswapSwapsManyPools);
    check(WorkloadKind::UniswapOnePool);
}

#[test]
fn votes_and_mints_come_out_the_same_over_a_chain() {
    check(WorkloadKind::DaoVoting);
    check(WorkloadKind::NftMintCounter);
}

#[test]
fn mixed_blocks_come_out_the_same_over_a_chain() {
    check(WorkloadKind::MixedDefi);
}

#[test]
fn inferences_come_out_the_same_over_a_chain() {
    check(WorkloadKind::InferenceHeavy);
}

/// Puts the state into a chain of its own and executes the block over its view.
fn over_a_chain(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
    static ENGINE: OnceLock<BlockEngine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| BlockEngine::new(Threads::new(2).unwrap()));
    // Filed under the block's own number, whose hash nothing in the block can ask for: the hashes before it
    // are all the state's.
    let first = Header {
        number: block.header.number,
        state_root: state_root(state),
        ..Header::default()
    };
    let chain = begin(&first, state);
    let executed = engine.execute(factory, block, &chain.view().unwrap())?;
    let mut state = state.clone();
    state.apply(&executed.changes);
    let next = chain.next(&executed.changes).unwrap();
    assert_eq!(
        next.state_root(),
        state_root(&state),
        "the trie and the whole state"
    );
    Ok((executed.outcome, state))
}

#[test]
fn random_blocks_come_out_over_a_chain_as_in_sequential_execution() {
    check_blocks(over_a_chain, seeds(0x5354_4f52), 20_000, PATIENCE);
}
