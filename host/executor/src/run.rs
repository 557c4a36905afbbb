//! A block file from beginning to end: senders, execution, comparison with the header.

use crate::{
    BlockEngine, BlockFile, BlockInput, BlockOutcome, EngineReport, Error, Threads, recover_senders,
    validity::{Mismatch, Roots, check_follows, check_header, mismatches},
};
use alloy_consensus::{Header, TxEnvelope, transaction::Recovered};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{B256, Bloom};
use metisvm_state::{MemoryState, state_root};
use metisvm_vm::{ChainSpec, InferenceEngine, MetisEvmFactory};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What came of a block file. `S` is what there is of the state after it: the whole of it, or nothing where
/// somebody else keeps it.
#[derive(Debug, Clone)]
pub struct BlockReport<S = MemoryState> {
    /// The height of the block.
    pub number: u64,
    /// The hash of the block.
    pub hash: B256,
    /// What the execution gave, receipts and the end of every transaction included.
    pub outcome: BlockOutcome,
    /// Where header and execution differ; empty where they agree.
    pub mismatches: Vec<Mismatch>,
    /// The root of the receipts; `None` before Byzantium, where a receipt holds a state root between
    /// transactions, which a partial pre-state cannot give (EIP-658).
    pub receipts_root: Option<B256>,
    /// The bloom filter over all logs.
    pub logs_bloom: Bloom,
    /// The state root after the block, where the state before it is complete.
    pub state_root: Option<B256>,
    /// The state after the block.
    pub state: S,
    /// How the block was executed.
    pub engine: EngineReport,
    /// The time spent recovering senders.
    pub recover_time: Duration,
    /// The time spent computing roots and the bloom filter.
    pub roots_time: Duration,
}

impl<S> BlockReport<S> {
    /// True where the header says what the execution gave.
    pub fn matches_header(&self) -> bool {
        self.mismatches.is_empty()
    }

    /// The report without the state, and the state.
    pub fn split(self) -> (BlockReport<()>, S) {
        let report = BlockReport {
            number: self.number,
            hash: self.hash,
            outcome: self.outcome,
            mismatches: self.mismatches,
            receipts_root: self.receipts_root,
            logs_bloom: self.logs_bloom,
            state_root: self.state_root,
            state: (),
            engine: self.engine,
            recover_time: self.recover_time,
            roots_time: self.roots_time,
        };
        (report, self.state)
    }
}

/// Executes a block file and compares the outcome with its header. The chain spec is the file's own, or
/// mainnet. Results do not depend on the engine, its threads or who answers inferences, only on the file.
///
/// An error says that the block could not be executed; one that was executed and differs from its header
/// gives a report with mismatches.
pub fn run_block_file(
    file: &BlockFile,
    inference: Option<Arc<dyn InferenceEngine>>,
    engine: &BlockEngine,
) -> Result<BlockReport, Error> {
    run_block_file_with(file, |spec| MetisEvmFactory::new(spec, inference), engine)
}

/// As [`run_block_file`], with whatever a machine has for the extensions of the chain: `factory` makes the EVM of a
/// chain spec, which is the file's.
pub fn run_block_file_with(
    file: &BlockFile,
    factory: impl FnOnce(Arc<ChainSpec>) -> MetisEvmFactory,
    engine: &BlockEngine,
) -> Result<BlockReport, Error> {
    let checked = CheckedFile::new(file, engine.threads())?;
    let factory = factory(checked.spec.clone());
    let executed = engine.execute(&factory, checked.input(), &file.pre_state)?;
    let mut state = file.pre_state.clone();
    state.apply(&executed.changes);
    Ok(checked.report_in_memory(executed.outcome, state, executed.report))
}

/// A block file that may be executed: its header has the right shape, and the senders are the signers.
///
/// [`run_block_file`] goes all the way with the state of the file. Who has another state (a node, a chain on
/// disk) executes [`input`](Self::input) over that and gives what came out to [`report`](Self::report).
#[derive(Debug)]
pub struct CheckedFile<'a> {
    file: &'a BlockFile,
    transactions: Vec<Recovered<TxEnvelope>>,
    spec: Arc<ChainSpec>,
    recover_time: Duration,
}

impl<'a> CheckedFile<'a> {
    /// Checks a file that is executed over its own state, under its own chain spec, or mainnet's.
    pub(crate) fn new(file: &'a BlockFile, threads: &Threads) -> Result<Self, Error> {
        let spec = file.chain_spec.clone().unwrap_or_else(ChainSpec::mainnet);
        Self::check(file, None, Arc::new(spec), file.pre_state_complete, threads)
    }

    /// Checks a file whose block is executed over the whole state of a chain, under its chain spec, as the one
    /// after `parent`. The state in the file is not looked at. An error says that the block cannot be executed,
    /// or does not follow its parent: it names the field, its value and what it has to be.
    pub fn over_chain(
        file: &'a BlockFile,
        parent: &Header,
        spec: Arc<ChainSpec>,
        threads: &Threads,
    ) -> Result<Self, Error> {
        Self::check(file, Some(parent), spec, true, threads)
    }

    fn check(
        file: &'a BlockFile,
        parent: Option<&Header>,
        spec: Arc<ChainSpec>,
        complete: bool,
        threads: &Threads,
    ) -> Result<Self, Error> {
        check_header(&spec, &file.block.header)?;
        if let Some(parent) = parent {
            check_follows(&spec, &file.block.header, parent)?;
        }
        if complete && file.ommers > 0 {
            let problem = "the state root needs the ommers' headers, which this format does not have";
            return Err(Error::wrong("block.uncles", problem));
        }
        let started = Instant::now();
        let transactions = checked_senders(&spec, file, threads)?;
        Ok(Self {
            file,
            transactions,
            spec,
            recover_time: started.elapsed(),
        })
    }

    /// The chain spec under which it is executed.
    pub fn spec(&self) -> &Arc<ChainSpec> {
        &self.spec
    }

    /// The block, to be executed over the state before it.
    pub fn input(&self) -> BlockInput<'_> {
        let block = &self.file.block;
        BlockInput {
            header: &block.header,
            transactions: &self.transactions,
            withdrawals: block
                .body
                .withdrawals
                .as_ref()
                .map(|withdrawals| withdrawals.as_slice()),
            ommers: &[],
            access_list: self.file.access_list.as_ref(),
        }
    }

    /// Holds what an execution gave against the header. `root` finds the state root after the block, where
    /// one can be known; its time counts as that of the roots.
    pub fn report<S>(
        &self,
        outcome: BlockOutcome,
        state: S,
        engine: EngineReport,
        root: impl FnOnce(&S) -> Option<B256>,
    ) -> BlockReport<S> {
        let started = Instant::now();
        let header = &self.file.block.header;
        let byzantium = self.spec.is_byzantium_active_at_block(header.number);
        let mut report = BlockReport {
            number: header.number,
            hash: self.file.hash,
            mismatches: Vec::new(),
            receipts_root: byzantium.then(|| outcome.receipts_root()),
            logs_bloom: outcome.logs_bloom(),
            state_root: root(&state),
            outcome,
            state,
            engine,
            recover_time: self.recover_time,
            roots_time: Duration::ZERO,
        };
        report.roots_time = started.elapsed();
        let roots = Roots {
            receipts: report.receipts_root,
            logs_bloom: report.logs_bloom,
            state: report.state_root,
        };
        report.mismatches = mismatches(header, &report.outcome, &roots);
        report
    }

    /// As [`Self::report`], with the state after the block in memory.
    pub(crate) fn report_in_memory(
        &self,
        outcome: BlockOutcome,
        state: MemoryState,
        engine: EngineReport,
    ) -> BlockReport {
        self.report(outcome, state, engine, |state| {
            self.file.pre_state_complete.then(|| state_root(state))
        })
    }
}

fn checked_senders(
    spec: &ChainSpec,
    file: &BlockFile,
    threads: &Threads,
) -> Result<Vec<Recovered<TxEnvelope>>, Error> {
    let transactions = file.block.body.transactions.clone();
    let recovered = recover_senders(spec, file.block.header.number, transactions, threads)?;
    for (index, (transaction, claimed)) in recovered.iter().zip(&file.claimed_senders).enumerate() {
        if transaction.signer() != *claimed {
            let problem = format!("is {claimed}, but the signature is of {}", transaction.signer());
            return Err(Error::wrong(format!("block.transactions[{index}].from"), problem));
        }
    }
    Ok(recovered)
}
