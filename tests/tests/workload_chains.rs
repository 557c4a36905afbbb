//! Chains of every workload, block after block with one engine, so that it learns: each block comes out as in
//! sequential execution. That the engine really runs ahead, foretells and suspends is counted and asserted;
//! otherwise an engine that runs all in turn would pass.

use metisvm::engine::DispatcherEngine;
use metisvm_accel::{Dispatcher, dispatcher};
use metisvm_executor::{BlockEngine, BlockOutcome, EngineOptions, EngineReport, Threads, execute_block};
use metisvm_model::Bundle;
use metisvm_state::MemoryState;
use metisvm_tests::{random_blocks::PATIENCE, watch::watched};
use metisvm_vm::MetisEvmFactory;
use metisvm_workload::chains::{Scenario, WorkloadKind};
use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

const BLOCKS: usize = 4;
const TRANSACTIONS: usize = 300;
const SEED: u64 = 11;
/// How often a chain is executed again for a forecast to be needed.
const ATTEMPTS: usize = 30;

/// A chain, with what sequential execution makes of each of its blocks.
struct Chain {
    scenario: Scenario,
    /// The outcome of each block and the state after it.
    expected: Vec<(BlockOutcome, MemoryState)>,
}

impl Chain {
    fn new(kind: WorkloadKind) -> Self {
        let scenario = Scenario::generate(kind, TRANSACTIONS, BLOCKS, SEED).expect("the size makes sense");
        let factory = scenario.factory();
        let mut state = scenario.genesis.clone();
        let mut expected = Vec::new();
        for block in &scenario.blocks {
            let outcome = execute_block(&factory, block.input(), &mut state).expect("the block is valid");
            expected.push((outcome, state.clone()));
        }
        Self { scenario, expected }
    }

    /// What executes the blocks: inferences come by ticket, as those of a card do.
    fn factory(&self) -> MetisEvmFactory {
        let scenario = &self.scenario;
        if scenario.kind != WorkloadKind::InferenceHeavy {
            return scenario.factory();
        }
        let dispatcher = Dispatcher::new(Vec::new(), dispatcher::Options::default());
        for model in [&scenario.models.mlp, &scenario.models.cnn] {
            dispatcher.add(Bundle::decode(&model.bundle).expect("what was encoded decodes"));
        }
        let engine = DispatcherEngine::new(Arc::new(dispatcher)).always_by_ticket();
        MetisEvmFactory::new(scenario.spec.clone(), Some(Arc::new(engine)))
    }

    /// Executes all blocks with one engine, and compares each with the sequential execution; gives what became
    /// of the transactions.
    fn check(&'static self, threads: usize, options: &EngineOptions) -> EngineReport {
        let options = options.clone();
        watched(PATIENCE, move |begin| self.execute(threads, &options, begin))
    }

    fn execute(&self, threads: usize, options: &EngineOptions, begin: &dyn Fn(String)) -> EngineReport {
        let kind = self.scenario.kind;
        let factory = self.factory();
        let engine =
            BlockEngine::with_options(Threads::new(threads).expect("threads start"), options.clone());
        let mut before = &self.scenario.genesis;
        let mut all = EngineReport::default();
        for (number, (block, (outcome, after))) in self.scenario.blocks.iter().zip(&self.expected).enumerate()
        {
            let case = format!("{kind}, block {number}, {threads} threads, {options:?}");
            begin(case.clone());
            let executed = engine.execute(&factory, block.input(), before);
            let executed = executed.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(executed.outcome.receipts, outcome.receipts, "{case}");
            assert_eq!(executed.outcome.transactions, outcome.transactions, "{case}");
            let mut state = before.clone();
            state.apply(&executed.changes);
            assert!(state == *after, "another state: {case}");
            all += executed.report;
            before = after;
        }
        let ends = all.speculated + all.transfers + all.in_turn + all.sequential;
        assert_eq!(ends, (BLOCKS * TRANSACTIONS) as u64, "{kind}: {all:?}");
        all
    }
}

fn say(chain: &Chain, threads: usize, report: &EngineReport) {
    // println! would be kept back: the test passes.
    let kind = chain.scenario.kind;
    let _ = writeln!(std::io::stdout(), "{kind}, {threads} threads: {report:?}");
}

/// The chains of all workloads, made once.
fn chains() -> &'static [Chain] {
    static ONCE: OnceLock<Vec<Chain>> = OnceLock::new();
    ONCE.get_or_init(|| WorkloadKind::ALL.map(Chain::new).into())
}

fn chain_of(kind: WorkloadKind) -> &'static Chain {
    chains()
        .iter()
        .find(|chain| chain.scenario.kind == kind)
        .expect("every kind has one")
}

/// One test at a time: they share two cores, and what is counted needs workers that run at once.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed leaves nothing behind.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn always_parallel(jitter: Option<u64>) -> EngineOptions {
    EngineOptions {
        adaptive: false,
        jitter,
        ..EngineOptions::default()
    }
}

#[test]
fn chains_executed_by_an_engine_that_learns_come_out_as_in_sequential_execution() {
    let _turn = turn();
    let mut reports = BTreeMap::new();
    for chain in chains() {
        for threads in [2, 4] {
            let report = chain.check(threads, &always_parallel(None));
            say(chain, threads, &report);
            assert_eq!(report.sequential, 0, "{report:?}");
            *reports.entry(chain.scenario.kind).or_default() += report;
        }
    }
    let mut all = EngineReport::default();
    reports.values().for_each(|report| all += *report);
    let evm = all.speculated + all.in_turn;
    assert!(
        all.speculated * 2 > evm,
        "{} of {evm} ran ahead of their turn: {all:?}",
        all.speculated
    );
    // Every transaction needs what the one before left. Where a machine gives all its time to one worker nothing
    // collides and nothing needs a forecast; not every time.
    for kind in [
        WorkloadKind::Erc20OneHotAccount,
        WorkloadKind::NftMintCounter,
        WorkloadKind::UniswapOnePool,
    ] {
        let chain = chain_of(kind);
        // What a swap pays out cannot be told; those wait for each other.
        let found = |report: &EngineReport| match kind {
            WorkloadKind::UniswapOnePool => report.predicted_hits > 0,
            _ => report.run_ahead > 0,
        };
        let foretold =
            found(&reports[&kind]) || (0..ATTEMPTS).any(|_| found(&chain.check(4, &always_parallel(None))));
        assert!(
            foretold,
            "{kind}: nothing was ever foretold: {:?}",
            reports[&kind]
        );
    }
    let inference = &reports[&WorkloadKind::InferenceHeavy];
    assert!(inference.suspended > 0, "{inference:?}");
    let transfers = &reports[&WorkloadKind::RawTransfers];
    assert!(transfers.transfers > 0, "{transfers:?}");
}

/// With nothing learnt before, and nothing in sequence: a call or two of the kind show that its calls follow from each
/// other, and from then on each waits for the one before it.
#[test]
fn calls_that_follow_from_each_other_are_hardly_ever_executed_twice() {
    let _turn = turn();
    let chain = chain_of(WorkloadKind::UniswapOnePool);
    for threads in [2, 4] {
        let report = chain.check(threads, &always_parallel(None));
        say(chain, threads, &report);
        let again = report.aborts + report.reexecuted;
        assert!(
            again * 20 < report.speculated,
            "{threads} threads, one in twenty executed again: {report:?}"
        );
    }
}

#[test]
fn delayed_threads_do_not_change_the_blocks_of_a_chain() {
    let _turn = turn();
    let mut all = EngineReport::default();
    for chain in chains() {
        for (threads, seed) in [(2, 1), (4, 2)] {
            let report = chain.check(threads, &always_parallel(Some(seed)));
            say(chain, threads, &report);
            all += report;
        }
    }
    // Delays make workers meet.
    assert!(
        all.aborts > 100 && all.predicted_hits > 100 && all.suspended > 0,
        "{all:?}"
    );
}

#[test]
fn an_engine_that_chooses_between_threads_and_sequence_does_not_change_the_blocks_of_a_chain() {
    let _turn = turn();
    for chain in chains() {
        for jitter in [None, Some(3)] {
            let options = EngineOptions {
                jitter,
                ..EngineOptions::default()
            };
            chain.check(2, &options);
        }
    }
}

/// Nothing collides there, since each call waits for the one before it: it takes the time that the other worker has
/// nothing to do to see that one thread does as well.
#[test]
fn calls_that_all_follow_from_each_other_run_in_sequence_by_choice() {
    let _turn = turn();
    let chain = chain_of(WorkloadKind::UniswapOnePool);
    // Where the machine is busy with something else both ways may take the same; not every time.
    let in_sequence = (0..ATTEMPTS).any(|_| {
        let report = chain.check(2, &EngineOptions::default());
        say(chain, 2, &report);
        !report.idle.is_zero() && report.queued > report.queued_in_sequence && report.queued_in_sequence > 0
    });
    assert!(in_sequence);
}

#[test]
fn an_engine_without_prediction_does_not_change_the_blocks_of_a_chain() {
    let _turn = turn();
    for chain in chains() {
        let options = EngineOptions {
            prediction: false,
            ..always_parallel(None)
        };
        chain.check(4, &options);
    }
}
