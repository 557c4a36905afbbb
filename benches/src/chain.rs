//! A chain of blocks of one workload, of which the last is measured: the engine comes to it with what the
//! blocks before have taught it, and nothing else.

use crate::{
    Failure,
    ours::{Done, Ours},
    plain::PlainEvm,
    slow_state::SlowState,
};
use alloy_primitives::B256;
use metisvm::engine::DispatcherEngine;
use metisvm_accel::{Dispatcher, dispatcher};
use metisvm_executor::{BlockInput, execute_block};
use metisvm_model::Bundle;
use metisvm_state::{CacheConfig, MemoryState, StateCache};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use metisvm_workload::chains::{Scenario, WorkloadKind};
use std::{sync::Arc, time::Duration};

/// How many blocks a chain has.
const BLOCKS: usize = 3;
const SEED: u64 = 1;
/// Room for everything that a block of these workloads reads.
const CACHE_BYTES: usize = 64 << 20;

/// What a block is executed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The state in memory.
    Memory,
    /// A [`SlowState`].
    Slow,
    /// A [`SlowState`] behind the state cache.
    Cached,
}

/// A state cache with nothing in it, for views of the zero hash.
pub fn empty_cache() -> StateCache {
    let cache = StateCache::new(CacheConfig::with_bytes(CACHE_BYTES));
    cache.move_to(B256::ZERO);
    cache
}

/// A chain, and the state before each of its blocks.
#[derive(Debug)]
pub struct Chain {
    scenario: Scenario,
    /// The model bundles, where blocks run inference.
    models: Vec<Bundle>,
    states: Vec<MemoryState>,
}

impl Chain {
    /// A chain of blocks of so many transactions, executed once, one after the other.
    pub fn new(kind: WorkloadKind, transactions: usize) -> Result<Self, Failure> {
        let scenario = Scenario::generate(kind, transactions, BLOCKS, SEED)?;
        let models = if kind == WorkloadKind::InferenceHeavy {
            let models = [&scenario.models.mlp, &scenario.models.cnn];
            models
                .iter()
                .map(|model| Bundle::decode(&model.bundle))
                .collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        let factory = scenario.factory();
        let mut states = vec![scenario.genesis.clone()];
        for block in &scenario.blocks[..BLOCKS - 1] {
            let mut state = states[states.len() - 1].clone();
            execute_block(&factory, block.input(), &mut state)?;
            states.push(state);
        }
        Ok(Self {
            scenario,
            models,
            states,
        })
    }

    /// The chain spec.
    pub fn spec(&self) -> &ChainSpec {
        &self.scenario.spec
    }

    /// True where blocks call the inference precompile, which plain revm does not have.
    fn infers(&self) -> bool {
        !self.models.is_empty()
    }

    /// What executes a block: with the reference kernels behind a dispatcher, as in a node, whose memo is
    /// empty.
    pub fn factory(&self) -> MetisEvmFactory {
        let engine = self.infers().then(|| {
            let dispatcher = Dispatcher::new(Vec::new(), dispatcher::Options::default());
            for model in &self.models {
                dispatcher.add(model.clone());
            }
            let engine: Arc<dyn metisvm_vm::InferenceEngine> =
                Arc::new(DispatcherEngine::new(Arc::new(dispatcher)));
            engine
        });
        MetisEvmFactory::new(self.scenario.spec.clone(), engine)
    }

    /// The block that is measured, with the state before it.
    pub fn measured(&self) -> (BlockInput<'_>, &MemoryState) {
        self.block(BLOCKS - 1)
    }

    /// Its parent, with the state before it.
    pub fn parent(&self) -> (BlockInput<'_>, &MemoryState) {
        self.block(BLOCKS - 2)
    }

    fn block(&self, at: usize) -> (BlockInput<'_>, &MemoryState) {
        (self.scenario.blocks[at].input(), &self.states[at])
    }

    /// The EVM that plain revm executes the blocks with: inference is a precompile of ours, so where blocks
    /// call it that is `ours`.
    pub fn plain_evm<'a>(&self, ours: &'a MetisEvmFactory) -> PlainEvm<'a> {
        if self.infers() {
            PlainEvm::Ours(ours)
        } else {
            PlainEvm::Ethereum
        }
    }

    /// A new engine that has executed all blocks before the measured one, in order, over a state of the kind that
    /// the measured one will be executed over, though these wait for nothing.
    pub fn engine_at_parent(&self, threads: usize, over: Over) -> Result<Ours, Failure> {
        self.at_parent(Ours::fresh(threads)?, over)
    }

    /// The same for an engine that has executed nothing yet.
    pub fn at_parent(&self, engine: Ours, over: Over) -> Result<Ours, Failure> {
        self.at_parent_after(engine, over, Duration::ZERO)
    }

    /// The same where every read of those blocks waited so long. What is learnt to read ahead is learnt only
    /// where reading takes time.
    pub fn at_parent_after(&self, engine: Ours, over: Over, wait: Duration) -> Result<Ours, Failure> {
        self.taught(engine, &self.factory(), over, wait)
    }

    /// A new engine as [`Self::engine_at_parent`] gives it, over the state in memory, whose EVMs came from this factory.
    pub fn engine_by(&self, factory: &MetisEvmFactory, threads: usize) -> Result<Ours, Failure> {
        self.taught(Ours::fresh(threads)?, factory, Over::Memory, Duration::ZERO)
    }

    fn taught(
        &self,
        engine: Ours,
        factory: &MetisEvmFactory,
        over: Over,
        wait: Duration,
    ) -> Result<Ours, Failure> {
        for at in 0..BLOCKS - 1 {
            let (block, state) = self.block(at);
            let slow = SlowState::new(state, wait);
            let _: Done = match over {
                Over::Memory => engine.execute(factory, block, state)?,
                Over::Slow => engine.execute_slow(factory, block, &slow)?,
                Over::Cached => {
                    let cache = empty_cache();
                    engine.execute_cached(factory, block, &cache.view(&slow, B256::ZERO))?
                }
            };
        }
        Ok(engine)
    }
}
