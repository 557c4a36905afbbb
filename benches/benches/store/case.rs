//! What is executed: a block of votes and its parent, and the store with the state before each.

use crate::{PAGES, table::Reads};
use alloy_consensus::{Header, Transaction};
use alloy_primitives::{Address, Bytes, U256, keccak256};
use metisvm_benches::{Failure, sampling::timed};
use metisvm_executor::{BlockEngine, BlockInput, Executed, Threads};
use metisvm_state::{CacheConfig, ChainState, CpuKeccak, KeccakBatch, MemoryState, state_root, store::*};
use metisvm_vm::MetisEvmFactory;
use metisvm_workload::chains::{Scenario, ScenarioBlock, WorkloadKind};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

pub(crate) type Chain = ChainState<RedbStore>;

/// What else is in the state, for each vote of a block: accounts, and slots of contracts.
const OTHER_ACCOUNTS: u64 = 20;
const OTHER_SLOTS: u64 = 10;
/// How many slots each of these contracts has.
const SLOTS_EACH: u64 = 100;

/// Who votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A fifth as many voters as votes in the block: everybody votes on several proposals.
    FewVoters,
    /// As the workload has it: as many voters as votes, drawn from all pairs of voters and proposals, so that
    /// most of those who come have not voted before.
    OwnVoters,
}

impl Shape {
    pub(crate) const ALL: [Self; 2] = [Self::FewVoters, Self::OwnVoters];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::FewVoters => "few_voters",
            Self::OwnVoters => "own_voters",
        }
    }

    /// For a block of so many votes: how many the generator's blocks have, how many blocks, and of how many
    /// the parent is put together; the rest are the block.
    fn plan(self, votes: usize) -> (usize, usize, usize) {
        match self {
            Self::FewVoters => ((votes / 5).max(1), 8, 3),
            Self::OwnVoters => (votes, 2, 1),
        }
    }
}

/// A block of votes, its parent, and the states before them.
pub(crate) struct Case {
    pub(crate) shape: Shape,
    voters: usize,
    others: (u64, u64),
    factory: MetisEvmFactory,
    pub(crate) parent: ScenarioBlock,
    pub(crate) block: ScenarioBlock,
    /// The store before the parent.
    pub(crate) before_parent: PathBuf,
    /// The store after it.
    pub(crate) file: PathBuf,
    /// The same states in memory.
    states: [MemoryState; 2],
}

/// One execution of the block.
pub(crate) struct Sample {
    pub(crate) executed: Executed,
    pub(crate) time: Duration,
    pub(crate) reads: Reads,
}

/// What root and commit of an executed block took.
pub(crate) struct Committed {
    pub(crate) root: Duration,
    pub(crate) commit: Duration,
    pub(crate) trie_nodes: u64,
    pub(crate) accounts: usize,
    pub(crate) slots: usize,
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
    /// A block of about so many votes, with its parent executed and committed.
    pub(crate) fn make(folder: &Path, shape: Shape, votes: usize) -> Result<Self, Failure> {
        let (part, blocks, of_parent) = shape.plan(votes);
        let scenario = Scenario::generate(WorkloadKind::DaoVoting, part, blocks, 1)?;
        let factory = scenario.factory();
        let mut parts = scenario.blocks.into_iter();
        let parent = merge(parts.by_ref().take(of_parent)).ok_or("no parent")?;
        let block = merge(parts).ok_or("no block")?;
        let mut genesis = scenario.genesis;
        let votes = block.transactions.len() as u64;
        let others = (votes * OTHER_ACCOUNTS, (votes * OTHER_SLOTS).div_ceil(SLOTS_EACH));
        add_others(&mut genesis, others);
        let header = Header {
            state_root: state_root(&genesis),
            ..Header::default()
        };
        let before_parent = folder.join(format!("{}-{votes}", shape.name()));
        let store = RedbStore::open(&before_parent, StoreOptions::default())?;
        let chain = ChainState::create(
            store,
            CacheConfig::with_bytes(1 << 20),
            keccak(),
            &header,
            &genesis,
        )?;
        chain.into_store().close()?;
        let file = before_parent.with_extension("after-parent");
        std::fs::copy(&before_parent, &file)?;
        let mut case = Self {
            shape,
            voters: part,
            others,
            factory,
            parent,
            block,
            before_parent,
            file,
            states: [genesis.clone(), genesis],
        };
        let chain = case.open(&case.file, Mode::On, PAGES)?;
        let executed = case.execute_parent(&chain, Mode::On, &case.engine(1)?)?;
        case.commit(&chain, &case.parent, &executed)?;
        chain.into_store().close()?;
        case.states[1].apply(&executed.changes);
        Ok(case)
    }

    /// A line about it.
    pub(crate) fn description(&self) -> Result<String, Failure> {
        Ok(format!(
            "{}: {} voters on 8 proposals, {} votes after {} in the parent; beside the voting {} accounts and {} \
             contracts of {SLOTS_EACH} slots; a file of {} MB",
            self.shape.name(),
            self.voters,
            self.block.transactions.len(),
            self.parent.transactions.len(),
            self.others.0,
            self.others.1,
            std::fs::metadata(&self.file)?.len() / 1_000_000
        ))
    }

    /// A new engine.
    pub(crate) fn engine(&self, threads: usize) -> Result<BlockEngine, Failure> {
        Ok(BlockEngine::new(Threads::new(threads)?))
    }

    /// A new engine that has executed the parent, in the same way, over a file that is not measured.
    pub(crate) fn taught(&self, threads: usize, mode: Mode) -> Result<BlockEngine, Failure> {
        let engine = self.engine(threads)?;
        let chain = self.open(&self.before_parent, mode, PAGES)?;
        self.execute_parent(&chain, mode, &engine)?;
        Ok(engine)
    }

    pub(crate) fn open(&self, file: &Path, mode: Mode, pages: usize) -> Result<Chain, Failure> {
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

    /// Executes the parent over a chain that stands before it.
    pub(crate) fn execute_parent(
        &self,
        chain: &Chain,
        mode: Mode,
        engine: &BlockEngine,
    ) -> Result<Executed, Failure> {
        self.execute(chain, &self.parent, &self.states[0], mode, engine)
            .map(|sample| sample.executed)
    }

    /// Executes the block over a chain that stands at its parent.
    pub(crate) fn execute_block(
        &self,
        chain: &Chain,
        mode: Mode,
        engine: &BlockEngine,
    ) -> Result<Sample, Failure> {
        self.execute(chain, &self.block, &self.states[1], mode, engine)
    }

    fn execute(
        &self,
        chain: &Chain,
        block: &ScenarioBlock,
        state: &MemoryState,
        mode: Mode,
        engine: &BlockEngine,
    ) -> Result<Sample, Failure> {
        let before = reads(chain);
        let header = child_of(&chain.head()?, block);
        let input = BlockInput {
            header: &header,
            ..block.input()
        };
        let (time, executed) = timed(|| {
            Ok(match mode {
                Mode::Off => engine.execute(&self.factory, input, &chain.store().snapshot()?)?,
                Mode::On | Mode::Small => engine.execute(&self.factory, input, &chain.view()?)?,
                Mode::Memory => engine.execute(&self.factory, input, state)?,
            })
        })?;
        let after = reads(chain);
        Ok(Sample {
            executed,
            time,
            reads: core::array::from_fn(|at| after[at] - before[at]),
        })
    }

    /// Root and commit of an executed block.
    pub(crate) fn commit(
        &self,
        chain: &Chain,
        block: &ScenarioBlock,
        executed: &Executed,
    ) -> Result<Committed, Failure> {
        let outcome = &executed.outcome;
        let nodes = || chain.store().reads().trie_nodes.load(Relaxed);
        let before = nodes();
        let (root, next) = timed(|| Ok(chain.next(&executed.changes)?))?;
        let header = Header {
            gas_used: outcome.gas_used,
            logs_bloom: outcome.logs_bloom(),
            receipts_root: outcome.receipts_root(),
            state_root: next.state_root(),
            ..child_of(&chain.head()?, block)
        };
        let (commit, _) = timed(|| Ok(chain.commit_next(&header, &outcome.receipts, &next)?))?;
        let accounts = &executed.changes.accounts;
        Ok(Committed {
            root,
            commit,
            trie_nodes: nodes() - before,
            accounts: accounts.len(),
            slots: accounts.values().map(|change| change.storage.len()).sum(),
        })
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

fn child_of(head: &Head, block: &ScenarioBlock) -> Header {
    Header {
        number: head.number + 1,
        parent_hash: head.hash,
        ..block.header.clone()
    }
}

fn add_others(state: &mut MemoryState, (accounts, contracts): (u64, u64)) {
    let address = |index: u64| Address::from_word(keccak256((index | 1 << 40).to_be_bytes()));
    for index in 0..accounts {
        state.insert_account(address(index), U256::from(index + 1), 1, Bytes::new(), []);
    }
    let code = Bytes::from_static(&[0x00]);
    for index in accounts..accounts + contracts {
        let slots = (0..SLOTS_EACH).map(|slot| (keccak256(slot.to_be_bytes()).into(), U256::from(index)));
        state.insert_account(address(index), U256::ZERO, 1, code.clone(), slots);
    }
}

fn keccak() -> Arc<dyn KeccakBatch> {
    Arc::new(CpuKeccak)
}

fn reads(chain: &Chain) -> Reads {
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
