//! The block engine against the sequential execution by alloy-evm's executor, on real blocks.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{TxEnvelope, transaction::Recovered};
use metisvm_executor::{
    BlockEngine, BlockFile, BlockInput, BlockOutcome, DEFAULT_FILE_LIMIT, EngineOptions, EngineReport,
    Threads, execute_block, recover_senders,
};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use rayon::prelude::*;
use std::{path::PathBuf, sync::Arc};

/// How often each block is executed with delays at random, every transaction on several threads, unless
/// `METISVM_SHUFFLES` says otherwise.
const SHUFFLES: u64 = 200;
/// One more run in so many leaves the choice between threads and sequence to the engine.
const ADAPTIVE_SHARE: u64 = 8;

/// A block with what sequential execution makes of it.
struct Expected {
    file: BlockFile,
    transactions: Vec<Recovered<TxEnvelope>>,
    factory: MetisEvmFactory,
    outcome: BlockOutcome,
    state: MemoryState,
}

impl Expected {
    fn new(path: PathBuf) -> Self {
        let spec = Arc::new(ChainSpec::mainnet());
        let factory = MetisEvmFactory::new(spec.clone(), None);
        let file = BlockFile::read(&path, DEFAULT_FILE_LIMIT).unwrap();
        let number = file.block.header.number;
        let transactions = file.block.body.transactions.clone();
        let transactions = recover_senders(&spec, number, transactions, &Threads::new(1).unwrap()).unwrap();
        let mut expected = Self {
            state: file.pre_state.clone(),
            outcome: BlockOutcome {
                receipts: Vec::new(),
                transactions: Vec::new(),
                requests: Default::default(),
                gas_used: 0,
                blob_gas_used: 0,
                access_list: None,
                execute_time: Default::default(),
            },
            file,
            transactions,
            factory,
        };
        let mut state = expected.file.pre_state.clone();
        expected.outcome = execute_block(&expected.factory, expected.block(), &mut state).unwrap();
        expected.state = state;
        expected
    }

    fn block(&self) -> BlockInput<'_> {
        BlockInput {
            header: &self.file.block.header,
            transactions: &self.transactions,
            withdrawals: self
                .file
                .block
                .body
                .withdrawals
                .as_ref()
                .map(|all| all.as_slice()),
            ommers: &[],
            access_list: None,
        }
    }

    /// Executes the block with an engine, and compares everything.
    fn check(&self, engine: &BlockEngine) -> EngineReport {
        let executed = engine
            .execute(&self.factory, self.block(), &self.file.pre_state)
            .unwrap();
        let header = &self.file.block.header;
        let number = header.number;
        assert_eq!(executed.outcome.gas_used, header.gas_used, "block {number}");
        assert_eq!(executed.outcome.logs_bloom(), header.logs_bloom, "block {number}");
        assert_eq!(executed.outcome.receipts, self.outcome.receipts, "block {number}");
        assert_eq!(
            executed.outcome.transactions, self.outcome.transactions,
            "block {number}"
        );
        let mut state = self.file.pre_state.clone();
        state.apply(&executed.changes);
        for (address, account) in self.state.accounts() {
            assert_eq!(
                state.account(address),
                Some(account),
                "block {number}, account {address}"
            );
        }
        assert!(state == self.state, "block {number}");
        executed.report
    }
}

fn blocks(what: &str) -> Option<Vec<PathBuf>> {
    let folder = support::data_for(what, "mainnet-blocks")?;
    Some(
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect(),
    )
}

fn engine(threads: usize, options: EngineOptions) -> BlockEngine {
    BlockEngine::with_options(Threads::new(threads).unwrap(), options)
}

#[test]
fn mainnet_blocks_come_out_as_in_sequential_execution_on_any_number_of_threads() {
    let Some(blocks) = blocks("mainnet blocks") else {
        return;
    };
    let always_parallel = EngineOptions {
        adaptive: false,
        ..EngineOptions::default()
    };
    let without_prediction = EngineOptions {
        prediction: false,
        ..always_parallel.clone()
    };
    for expected in blocks.into_iter().map(Expected::new) {
        for threads in [1, 2, 3, 8] {
            let count = expected.transactions.len() as u64;
            let report = expected.check(&engine(threads, EngineOptions::default()));
            let in_all = report.speculated + report.transfers + report.in_turn + report.sequential;
            assert_eq!(in_all, count, "{report:?}");
            let report = expected.check(&engine(threads, always_parallel.clone()));
            assert!(threads == 1 || report.sequential == 0, "{report:?}");
            expected.check(&engine(threads, without_prediction.clone()));
        }
    }
}

#[test]
fn an_engine_that_has_seen_other_blocks_changes_nothing() {
    let Some(blocks) = blocks("mainnet blocks, one engine") else {
        return;
    };
    let engine = engine(2, EngineOptions::default());
    let blocks: Vec<_> = blocks.into_iter().map(Expected::new).collect();
    for expected in blocks.iter().chain(blocks.iter().rev()) {
        expected.check(&engine);
    }
}

#[test]
fn mainnet_blocks_come_out_the_same_whatever_order_the_threads_run_in() {
    let Some(blocks) = blocks("mainnet blocks, shuffled") else {
        return;
    };
    let shuffles = std::env::var("METISVM_SHUFFLES").map_or(SHUFFLES, |text| {
        text.parse().expect("METISVM_SHUFFLES has to be a number")
    });
    let shuffled = |seed: u64, adaptive: bool| {
        let options = EngineOptions {
            jitter: Some(seed),
            adaptive,
            ..EngineOptions::default()
        };
        engine(2 + (seed % 4) as usize, options)
    };
    blocks.into_par_iter().map(Expected::new).for_each(|expected| {
        for seed in 0..shuffles {
            let report = expected.check(&shuffled(seed, false));
            // One transaction has nobody to run beside.
            assert!(
                expected.transactions.len() < 2 || report.sequential == 0,
                "{report:?}"
            );
        }
        for seed in 0..shuffles / ADAPTIVE_SHARE {
            expected.check(&shuffled(seed, true));
        }
    });
}
