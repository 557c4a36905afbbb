//! Reading ahead of execution: it brings what execution is going to read into the state cache, and changes
//! nothing but that.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{Header, Transaction, TxLegacy};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use core::sync::atomic::{AtomicU64, Ordering};
use metisvm_executor::{
    BlockEngine, BlockInput, EngineOptions, Error, Executed, Threads, build_access_list, execute_block,
    recover_senders,
};
use metisvm_state::{
    BaseState, CacheConfig, CacheStatistics, Fetched, MemoryState, ReadAhead, StateCache, StateError,
    StateSource,
};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use metisvm_workload::chains::{Scenario, WorkloadKind};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use std::{thread, time::Duration};
use support::block::{CHAIN_ID, GWEI, genesis, sign, template};

const WAIT: Duration = Duration::from_micros(200);
const TRANSACTIONS: usize = 200;

/// A state every read of which waits, and that cannot give some account at all.
struct Slow<'a> {
    state: &'a MemoryState,
    wait: Duration,
    unreadable: Option<Address>,
}

impl<'a> Slow<'a> {
    fn new(state: &'a MemoryState) -> Self {
        Self {
            state,
            wait: WAIT,
            unreadable: None,
        }
    }

    fn wait(&self, address: Option<Address>) -> Result<(), StateError> {
        thread::sleep(self.wait);
        if address.is_some() && address == self.unreadable {
            return Err(StateError::Store("this part of the disk is gone".to_owned()));
        }
        Ok(())
    }
}

impl DatabaseRef for Slow<'_> {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.wait(Some(address))?;
        self.state.basic_ref(address)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.wait(None)?;
        self.state.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.wait(Some(address))?;
        self.state.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.state.block_hash_ref(number)
    }
}

impl StateSource for Slow<'_> {
    fn storage_range(
        &self,
        address: Address,
        from: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError> {
        self.wait(Some(address))?;
        self.state.storage_range(address, from, limit)
    }
}

/// A state whose reads ahead fail after the first few.
struct FailsAhead<'a> {
    slow: Slow<'a>,
    /// How many do not fail.
    left: AtomicU64,
}

impl FailsAhead<'_> {
    fn count(&self) -> Result<(), StateError> {
        let less = |left: u64| left.checked_sub(1);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => Err(StateError::Store("nothing can be read ahead any more".to_owned())),
        }
    }
}

impl DatabaseRef for FailsAhead<'_> {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.slow.basic_ref(address)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.slow.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.slow.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.slow.block_hash_ref(number)
    }
}

impl BaseState for FailsAhead<'_> {
    fn read_ahead(&self) -> Option<&dyn ReadAhead> {
        Some(self)
    }
}

impl ReadAhead for FailsAhead<'_> {
    fn account(&self, address: Address) -> Result<Fetched<Option<AccountInfo>>, StateError> {
        self.count()?;
        Ok((self.basic_ref(address)?, true).into())
    }

    fn slot(&self, address: Address, slot: U256) -> Result<Fetched<U256>, StateError> {
        self.count()?;
        Ok((self.storage_ref(address, slot)?, true).into())
    }

    fn code(&self, code_hash: B256) -> Result<Fetched<Bytecode>, StateError> {
        self.count()?;
        Ok((self.code_by_hash_ref(code_hash)?, true).into())
    }
}

fn engine(options: EngineOptions) -> BlockEngine {
    BlockEngine::with_options(Threads::new(2).unwrap(), options)
}

fn ahead(read_ahead: usize) -> EngineOptions {
    EngineOptions {
        read_ahead,
        ..EngineOptions::default()
    }
}

/// An empty cache that keeps storages slot by slot, so that every slot that was read ahead is counted.
fn cache() -> StateCache {
    let cache = StateCache::new(CacheConfig {
        largest_storage: 0,
        ..CacheConfig::with_bytes(16 << 20)
    });
    cache.move_to(B256::ZERO);
    cache
}

/// Executes a block over a slow state behind an empty cache.
fn over_cache(
    engine: &BlockEngine,
    factory: &MetisEvmFactory,
    block: BlockInput<'_>,
    slow: &Slow<'_>,
) -> (Result<Executed, Error>, CacheStatistics) {
    let cache = cache();
    let executed = engine.execute(factory, block, &cache.view(slow, B256::ZERO));
    (executed, cache.statistics())
}

fn check(executed: &Executed, factory: &MetisEvmFactory, block: BlockInput<'_>, before: &MemoryState) {
    let mut expected = before.clone();
    let oracle = execute_block(factory, block, &mut expected).unwrap();
    assert_eq!(executed.outcome.receipts, oracle.receipts);
    assert_eq!(executed.outcome.transactions, oracle.transactions);
    let mut state = before.clone();
    state.apply(&executed.changes);
    assert!(state == expected, "another state than the sequential one");
}

/// Two blocks, each over a slow state behind an empty cache. Gives what the second came to.
fn second_block(kind: WorkloadKind, options: EngineOptions) -> (Executed, CacheStatistics) {
    let scenario = Scenario::generate(kind, TRANSACTIONS, 2, 5).unwrap();
    let (engine, factory) = (engine(options), scenario.factory());
    let mut state = scenario.genesis.clone();
    let mut last = None;
    for block in &scenario.blocks {
        let (executed, statistics) = over_cache(&engine, &factory, block.input(), &Slow::new(&state));
        let executed = executed.unwrap();
        check(&executed, &factory, block.input(), &state);
        state.apply(&executed.changes);
        last = Some((executed, statistics));
    }
    last.unwrap()
}

#[test]
fn most_of_what_a_block_reads_is_there_before_it_asks() {
    let (executed, without) = second_block(WorkloadKind::Erc20Independent, ahead(0));
    assert_eq!(executed.report.read_ahead, 0);
    assert_eq!((without.prefetch_misses, without.prefetched_used), (0, 0));

    let (executed, with) = second_block(WorkloadKind::Erc20Independent, ahead(8));
    assert_eq!(executed.report.read_ahead, with.prefetch_misses);
    // Sender and two balances of each transaction are keys of their own.
    let keys = 3 * TRANSACTIONS as u64;
    assert!(without.execution_misses >= keys, "{without:?}");
    assert!(with.prefetched_used * 2 > keys, "{with:?}");
    assert!(
        with.execution_misses * 2 < without.execution_misses,
        "{with:?}, {without:?}"
    );
}

#[test]
fn without_prediction_slots_are_not_read_ahead() {
    let options = EngineOptions {
        prediction: false,
        ..ahead(8)
    };
    let (executed, statistics) = second_block(WorkloadKind::Erc20Independent, options);
    assert!(executed.report.read_ahead > 0);
    // A slot that nobody foretells is read by execution.
    assert!(
        statistics.execution_misses >= 2 * TRANSACTIONS as u64,
        "{statistics:?}"
    );
}

#[test]
fn every_workload_comes_out_as_in_sequence() {
    for kind in [
        WorkloadKind::UniswapSwapsManyPools,
        WorkloadKind::NftMintCounter,
        WorkloadKind::MixedDefi,
    ] {
        let (executed, _) = second_block(kind, ahead(4));
        assert!(executed.report.read_ahead > 0, "{kind}");
    }
}

#[test]
fn what_an_access_list_names_is_read_ahead_and_a_lying_one_is_found_out_alike() {
    let scenario = Scenario::generate(WorkloadKind::Erc20Independent, TRANSACTIONS, 1, 5).unwrap();
    let (factory, before) = (scenario.factory(), &scenario.genesis);
    let block = scenario.blocks[0].input();
    let (_, list) = build_access_list(&factory, block, before).unwrap();
    let with = BlockInput {
        access_list: Some(&list),
        ..block
    };
    let slow = Slow::new(before);
    let (executed, statistics) = over_cache(&engine(ahead(8)), &factory, with, &slow);
    let executed = executed.unwrap();
    check(&executed, &factory, block, before);
    assert_eq!(executed.report.aborts, 0);
    assert!(statistics.prefetched_used > TRANSACTIONS as u64, "{statistics:?}");

    let mut lie = list.clone();
    let slots = lie.iter_mut().flat_map(|account| &mut account.storage_changes);
    slots.last().unwrap().changes[0].new_value += U256::from(1);
    let lying = BlockInput {
        access_list: Some(&lie),
        ..block
    };
    let errors = [0, 8].map(|threads| {
        let (executed, _) = over_cache(&engine(ahead(threads)), &factory, lying, &slow);
        executed.unwrap_err().to_string()
    });
    assert_eq!(errors[0], errors[1]);
    assert!(errors[0].contains("is listed as"), "{}", errors[0]);
}

#[test]
fn a_block_whose_state_is_at_hand_reads_nothing_ahead() {
    let scenario = Scenario::generate(WorkloadKind::Erc20Independent, TRANSACTIONS, 1, 5).unwrap();
    let (factory, block) = (scenario.factory(), scenario.blocks[0].input());
    let (slow, cache, engine) = (Slow::new(&scenario.genesis), cache(), engine(ahead(8)));
    let view = cache.view(&slow, B256::ZERO);
    let first = engine.execute(&factory, block, &view).unwrap();
    assert!(first.report.read_ahead > 0);
    let before = cache.statistics();
    let again = engine.execute(&factory, block, &view).unwrap();
    assert_eq!(again.report.read_ahead, 0);
    let statistics = cache.statistics().since(&before);
    assert_eq!(statistics.source_reads(), 0, "{statistics:?}");
    // The probe, and nothing after it.
    assert!(statistics.prefetch_hits < TRANSACTIONS as u64, "{statistics:?}");
}

#[test]
fn a_view_that_keeps_nothing_reads_nothing_ahead() {
    let scenario = Scenario::generate(WorkloadKind::Erc20Independent, TRANSACTIONS, 1, 5).unwrap();
    let (factory, block) = (scenario.factory(), scenario.blocks[0].input());
    let (slow, cache) = (Slow::new(&scenario.genesis), cache());
    let elsewhere = cache.view(&slow, B256::repeat_byte(9));
    let executed = engine(ahead(8)).execute(&factory, block, &elsewhere).unwrap();
    assert_eq!(executed.report.read_ahead, 0);
    check(&executed, &factory, block, &scenario.genesis);
}

#[test]
fn reads_ahead_that_fail_do_not_fail_the_block() {
    let scenario = Scenario::generate(WorkloadKind::MixedDefi, 60, 1, 5).unwrap();
    let (factory, block) = (scenario.factory(), scenario.blocks[0].input());
    for left in [0, 1, 2, 7, 40] {
        let state = FailsAhead {
            slow: Slow::new(&scenario.genesis),
            left: AtomicU64::new(left),
        };
        let executed = engine(ahead(8)).execute(&factory, block, &state).unwrap();
        check(&executed, &factory, block, &scenario.genesis);
        assert!(executed.report.read_ahead <= left);
    }
}

#[test]
fn state_that_cannot_be_read_is_the_same_error_as_without() {
    let scenario = Scenario::generate(WorkloadKind::Erc20Independent, 60, 1, 5).unwrap();
    let (factory, block) = (scenario.factory(), scenario.blocks[0].input());
    // A sender in the middle of the block, and the contract of all of them.
    let middle = &block.transactions[30];
    let contract = middle.to().unwrap();
    for unreadable in [middle.signer(), contract] {
        let errors = [0, 8].map(|threads| {
            let slow = Slow {
                unreadable: Some(unreadable),
                ..Slow::new(&scenario.genesis)
            };
            let (executed, _) = over_cache(&engine(ahead(threads)), &factory, block, &slow);
            executed.unwrap_err().to_string()
        });
        assert_eq!(errors[0], errors[1]);
        assert!(
            errors[0].contains("this part of the disk is gone"),
            "{}",
            errors[0]
        );
    }
}

/// Each slot holds the number of the next one to be read.
#[test]
fn long_chains_of_reads_end() {
    const READS: usize = 120;
    let lists = Address::repeat_byte(0x15);
    // PUSH1 4 CALLDATALOAD, SLOADs, POP
    let code = [&[0x60, 0x04, 0x35][..], &[0x54; READS], &[0x50]].concat();
    let slots = (1..2_000u64).map(|slot| (U256::from(slot), U256::from(slot * 7 % 1_999 + 1)));
    let mut before = genesis();
    before.insert_account(lists, U256::ZERO, 1, code.into(), slots);
    let call = |at: u64| {
        let input = [&[0; 4][..], &U256::from(at * 13 + 1).to_be_bytes::<32>()].concat();
        let tx = TxLegacy {
            chain_id: Some(CHAIN_ID),
            nonce: at / 3,
            gas_price: 2 * GWEI,
            gas_limit: 400_000,
            to: TxKind::Call(lists),
            value: U256::ZERO,
            input: Bytes::from(input),
        };
        sign((at % 3) as u8 + 1, tx)
    };
    let spec = ChainSpec::metis_dev();
    let threads = Threads::new(1).unwrap();
    let transactions = recover_senders(&spec, 1, (0..60).map(call).collect(), &threads).unwrap();
    let header = Header {
        parent_beacon_block_root: Some(B256::ZERO),
        excess_blob_gas: Some(0),
        blob_gas_used: Some(0),
        ..template()
    };
    let block = BlockInput {
        header: &header,
        transactions: &transactions,
        withdrawals: Some(&[]),
        ommers: &[],
        access_list: None,
    };
    let factory = MetisEvmFactory::new(spec.into(), None);
    let engine = engine(ahead(8));
    for _ in 0..2 {
        let slow = Slow {
            wait: Duration::from_micros(20),
            ..Slow::new(&before)
        };
        let (executed, _) = over_cache(&engine, &factory, block, &slow);
        let executed = executed.unwrap();
        assert!(executed.report.read_ahead > 0);
        check(&executed, &factory, block, &before);
    }
}
