//! What is executed: two blocks of votes, and the store with the state before them.

use crate::Outcome;
use alloy_consensus::{Header, Transaction};
use alloy_primitives::{Address, Bytes, U256, keccak256};
use metisvm_executor::{BlockEngine, BlockInput, Executed};
use metisvm_state::{CacheConfig, ChainState, CpuKeccak, KeccakBatch, MemoryState, state_root, store::*};
use metisvm_vm::MetisEvmFactory;
use metisvm_workload::chains::{Scenario, ScenarioBlock, WorkloadKind};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

pub(crate) type Chain = ChainState<RedbStore>;

/// What else is in the state: accounts, and contracts with slots.
pub(crate) const OTHER_ACCOUNTS: u64 = 200_000;
pub(crate) const OTHER_CONTRACTS: u64 = 1_000;
pub(crate) const SLOTS_EACH: u64 = 100;

/// Two blocks of votes on a chain of their own.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) factory: MetisEvmFactory,
    pub(crate) first: ScenarioBlock,
    pub(crate) second: ScenarioBlock,
    pub(crate) file: PathBuf,
    /// The state before the first block.
    state: MemoryState,
}

/// One execution of a block.
pub(crate) struct Sample {
    pub(crate) time: Duration,
    /// Accounts, slots, codes, ranges; then the slots that the ranges brought.
    pub(crate) reads: [u64; 5],
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Off,
    On,
    /// With storages of up to 4,096 slots held whole, where they are 262,144 by default.
    Small,
    /// No store at all.
    Memory,
}

pub(crate) const MODES: [(Mode, &str); 4] = [
    (Mode::Off, "off"),
    (Mode::On, "on"),
    (Mode::Small, "small"),
    (Mode::Memory, "memory"),
];

impl Case {
    /// The generator's blocks of `voters` votes, so many of them put together to one of [`VOTES`].
    pub(crate) fn make(folder: &Path, voters: usize, blocks: usize, merged: usize) -> Outcome<Self> {
        let scenario = Scenario::generate(WorkloadKind::DaoVoting, voters, blocks, 1)?;
        let factory = scenario.factory();
        let mut parts = scenario.blocks.into_iter();
        let first = merge(parts.by_ref().take(merged)).ok_or("no blocks")?;
        let second = merge(parts).ok_or("no second block")?;
        let mut state = scenario.genesis;
        add_others(&mut state);
        let header = Header {
            state_root: state_root(&state),
            ..Header::default()
        };
        let file = folder.join(format!("{voters}-voters"));
        let store = RedbStore::open(&file, StoreOptions::default())?;
        let started = Instant::now();
        let chain = ChainState::create(store, CacheConfig::with_bytes(1 << 20), keccak(), &header, &state)?;
        let name = format!(
            "{voters} voters on 8 proposals; {} votes, then {} (genesis written in {:.1} s)",
            first.transactions.len(),
            second.transactions.len(),
            started.elapsed().as_secs_f64()
        );
        chain.into_store().close()?;
        Ok(Self {
            name,
            factory,
            first,
            second,
            file,
            state,
        })
    }

    pub(crate) fn open(&self, file: &Path, mode: Mode, pages: usize) -> Outcome<Chain> {
        let options = StoreOptions {
            cache_bytes: pages,
            ..StoreOptions::default()
        };
        let mut cache = CacheConfig::default();
        if mode == Mode::Small {
            cache.largest_storage = 1 << 12;
        }
        Ok(ChainState::open(
            RedbStore::open(file, options)?,
            cache,
            keccak(),
        )?)
    }

    pub(crate) fn execute(
        &self,
        chain: &Chain,
        block: &ScenarioBlock,
        mode: Mode,
        engine: &BlockEngine,
    ) -> Outcome<(Executed, Sample)> {
        let before = reads(chain);
        let header = child_of(&chain.head()?, block);
        let input = BlockInput {
            header: &header,
            ..block.input()
        };
        let started = Instant::now();
        let executed = match mode {
            Mode::Off => engine.execute(&self.factory, input, &chain.store().snapshot()?)?,
            Mode::On | Mode::Small => engine.execute(&self.factory, input, &chain.view()?)?,
            Mode::Memory => engine.execute(&self.factory, input, &self.state)?,
        };
        let time = started.elapsed();
        let after = reads(chain);
        let reads = std::array::from_fn(|at| after[at] - before[at]);
        Ok((executed, Sample { time, reads }))
    }
}

/// One block of several: consecutive, so that nonces follow each other.
fn merge(blocks: impl Iterator<Item = ScenarioBlock>) -> Option<ScenarioBlock> {
    let mut merged = blocks.reduce(|mut all, block| {
        all.transactions.extend(block.transactions);
        all.foreseen.extend(block.foreseen);
        all
    })?;
    merged.header.gas_limit = merged
        .transactions
        .iter()
        .map(|transaction| transaction.gas_limit())
        .sum();
    Some(merged)
}

pub(crate) fn child_of(head: &Head, block: &ScenarioBlock) -> Header {
    Header {
        number: head.number + 1,
        parent_hash: head.hash,
        ..block.header.clone()
    }
}

fn add_others(state: &mut MemoryState) {
    let address = |index: u64| Address::from_word(keccak256((index | 1 << 40).to_be_bytes()));
    for index in 0..OTHER_ACCOUNTS {
        state.insert_account(address(index), U256::from(index + 1), 1, Bytes::new(), []);
    }
    let code = Bytes::from_static(&[0x00]);
    for index in OTHER_ACCOUNTS..OTHER_ACCOUNTS + OTHER_CONTRACTS {
        let slots = (0..SLOTS_EACH).map(|slot| (keccak256(slot.to_be_bytes()).into(), U256::from(index)));
        state.insert_account(address(index), U256::ZERO, 1, code.clone(), slots);
    }
}

fn keccak() -> Arc<dyn KeccakBatch> {
    Arc::new(CpuKeccak)
}

fn reads(chain: &Chain) -> [u64; 5] {
    let reads = chain.store().reads();
    let [accounts, slots, codes, ranges] =
        [&reads.accounts, &reads.slots, &reads.codes, &reads.storage_ranges].map(|count| count.load(Relaxed));
    [
        accounts,
        slots,
        codes,
        ranges,
        chain.cache().statistics().source_range_slots,
    ]
}
