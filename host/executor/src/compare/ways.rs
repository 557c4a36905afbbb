//! The ways in which a block is executed, each after the block before it and in the way of a node.

use crate::{
    BlockEngine, BlockFile, BlockOutcome, EngineOptions, EngineReport, Error, Executed, Threads,
    execute::execute_with, execute_block, run::CheckedFile,
};
use alloy_evm::{EthEvmFactory, EvmFactory};
use metisvm_jit::Jit;
use metisvm_state::{CacheConfig, CacheStatistics, MemoryState, StateCache};
use metisvm_vm::{InferenceEngine, MetisEvmFactory, ProofVerifier};
use revm::database::CacheDB;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Bytes of the state cache: room for a block that touches 60,000 slots and 20,000 accounts.
const CACHE_BYTES: usize = 16 << 20;

/// What one way came to: the outcome, and the state after the block.
pub(super) type Came = Result<(BlockOutcome, MemoryState), Error>;

/// What answers inferences, if anything does.
type Inference = Option<Arc<dyn InferenceEngine>>;

/// What this machine has for the EVM beside what answers inferences.
#[derive(Clone)]
pub(super) struct Machine {
    /// What verifies proofs, if anything does.
    pub(super) proofs: Option<Arc<dyn ProofVerifier>>,
    /// What makes native code for the engine, if anything does.
    pub(super) jit: Option<Arc<Jit>>,
}

/// A block that may be executed, with the state before it.
struct Subject<'a> {
    checked: CheckedFile<'a>,
    pre_state: &'a MemoryState,
    machine: Machine,
}

impl<'a> Subject<'a> {
    fn new(file: &'a BlockFile, machine: Machine, threads: &Threads) -> Result<Self, Error> {
        Ok(Self {
            checked: CheckedFile::new(file, threads)?,
            pre_state: &file.pre_state,
            machine,
        })
    }

    fn factory(&self, inference: Inference) -> MetisEvmFactory {
        MetisEvmFactory::new(self.checked.spec().clone(), inference).with_proofs(self.machine.proofs.clone())
    }

    /// One block after the other, by alloy-evm's executor over our EVM.
    fn reference(&self, inference: Inference) -> Came {
        let mut state = self.pre_state.clone();
        let outcome = execute_block(&self.factory(inference), self.checked.input(), &mut state)?;
        Ok((outcome, state))
    }

    /// True where blocks may call the inference precompile.
    fn infers(&self) -> bool {
        let header = self.checked.input().header;
        let spec = self.checked.spec();
        spec.active_inference(header.number, header.timestamp).is_some()
    }

    /// By alloy-evm's executor over `CacheDB`, with the Ethereum EVM of alloy-evm or with ours. The clock sees
    /// what the engine's sees: making the EVM, and executing.
    fn plain(&self, our_evm: bool, inference: Inference) -> (Result<BlockOutcome, Error>, Duration) {
        let spec = self.checked.spec().as_ref();
        let block = self.checked.input();
        let mut state = CacheDB::new(self.pre_state);
        let factory = self.factory(inference);
        let started = Instant::now();
        let outcome = if our_evm {
            execute_block(&factory, block, &mut state)
        } else {
            let evm = EthEvmFactory::default().create_evm(&mut state, spec.evm_env(block.header));
            execute_with(evm, spec, block, |_| ())
        };
        (outcome, started.elapsed())
    }

    /// By the engine, over the state itself.
    fn engine(&self, node: &Node) -> Sampled {
        let factory = self
            .factory(node.inference.clone())
            .with_jit(self.machine.jit.clone());
        let started = Instant::now();
        let executed = node
            .blocks
            .execute(&factory, self.checked.input(), self.pre_state);
        let time = started.elapsed();
        let (report, came) = self.reach(executed);
        Sampled { came, report, time }
    }

    /// By the engine through an empty state cache. Gives what the cache did, too.
    fn through_cache(&self, node: &Node) -> (Came, CacheStatistics) {
        let block = self.checked.input();
        let parent = block.header.parent_hash;
        let cache = StateCache::new(CacheConfig::with_bytes(CACHE_BYTES));
        cache.move_to(parent);
        let factory = self
            .factory(node.inference.clone())
            .with_jit(self.machine.jit.clone());
        let view = cache.view(self.pre_state, parent);
        let executed = node.blocks.execute(&factory, block, &view);
        drop(view);
        (self.reach(executed).1, cache.statistics())
    }

    /// The state after the block.
    fn reach(&self, executed: Result<Executed, Error>) -> (EngineReport, Came) {
        match executed {
            Err(error) => (EngineReport::default(), Err(error)),
            Ok(executed) => {
                let mut state = self.pre_state.clone();
                state.apply(&executed.changes);
                (executed.report, Ok((executed.outcome, state)))
            }
        }
    }
}

/// What a node keeps from block to block.
struct Node {
    blocks: BlockEngine,
    inference: Inference,
}

/// One sample of the engine.
pub(super) struct Sampled {
    pub(super) came: Came,
    pub(super) report: EngineReport,
    pub(super) time: Duration,
}

/// A block in all ways.
pub(super) struct Ways<'a, I> {
    subject: Subject<'a>,
    before: Option<Subject<'a>>,
    inference: I,
}

impl<'a, I: Fn() -> Inference + Sync> Ways<'a, I> {
    /// A block, and what is executed before it. Where that cannot be executed, or is the block itself, there is
    /// nothing before it.
    pub(super) fn new(
        file: &'a BlockFile,
        before: Option<&'a BlockFile>,
        inference: I,
        machine: Machine,
        threads: &Threads,
    ) -> Result<Self, Error> {
        let subject = Subject::new(file, machine.clone(), threads)?;
        let other = before.filter(|before| before.hash != file.hash);
        let before = other.and_then(|before| Subject::new(before, machine, threads).ok());
        let before = before.filter(|before| before.reference(inference()).is_ok());
        Ok(Self {
            subject,
            before,
            inference,
        })
    }

    /// The block.
    pub(super) fn checked(&self) -> &CheckedFile<'a> {
        &self.subject.checked
    }

    /// Whether another block goes before it.
    pub(super) fn has_before(&self) -> bool {
        self.before.is_some()
    }

    /// What alloy-evm's executor makes of the block.
    pub(super) fn reference(&self) -> Came {
        self.subject.reference((self.inference)())
    }

    /// Plain revm, once the block before has been executed in the same way: by the same code, which is warm then.
    pub(super) fn plain(&self) -> (Result<BlockOutcome, Error>, Duration) {
        let our_evm = self.subject.infers();
        let inference = (self.inference)();
        // What comes of the block before does not matter here.
        let _ = self.first().plain(our_evm, inference.clone());
        self.subject.plain(our_evm, self.lives_on(inference))
    }

    /// The engine on these threads, once it has executed the block before.
    pub(super) fn engine(&self, threads: &Threads) -> Sampled {
        self.subject.engine(&self.at_block(threads))
    }

    /// The same through the state cache, as a node has it.
    pub(super) fn through_cache(&self, threads: &Threads) -> (Came, CacheStatistics) {
        self.subject.through_cache(&self.at_block(threads))
    }

    fn at_block(&self, threads: &Threads) -> Node {
        let node = |inference| Node {
            blocks: BlockEngine::with_options(threads.clone(), EngineOptions::default()),
            inference,
        };
        let taught = node((self.inference)());
        self.first().engine(&taught);
        if self.before.is_some() {
            taught
        } else {
            node((self.inference)())
        }
    }

    /// What goes first: the block before, or the block itself, so that code and threads are warm.
    fn first(&self) -> &Subject<'a> {
        self.before.as_ref().unwrap_or(&self.subject)
    }

    /// The inference engine stays; but one that has answered this very block is replaced.
    fn lives_on(&self, inference: Inference) -> Inference {
        if self.before.is_some() {
            inference
        } else {
            (self.inference)()
        }
    }
}
