//! Random blocks on the block engine and on the oracle, the sequential execution: outcome, state and error
//! are the same, whatever meets in a block. What the blocks reach is counted and has to be reached.
//!
//! - `METISVM_RANDOM_TRANSACTIONS`: how many transactions in all.
//! - `METISVM_FIRST_SEED`: where the seeds of the blocks come from; another number means other blocks.
//! - `METISVM_SEED`: the one block to look at, from the message of a failure.

use alloy_consensus::Transaction;
use metisvm_executor::{BlockEngine, BlockInput, EngineOptions, EngineReport, Error, Threads, execute_block};
use metisvm_state::{AccountChange, BasicAccount, MemoryState, StateChanges};
use metisvm_tests::random_blocks::{
    AccountPlan, Coverage, Executed, Mutant, PATIENCE, Plan, check_blocks, check_seed, find, seeds,
    sequential, settle,
};
use metisvm_vm::MetisEvmFactory;
use revm::database::{OriginalValuesKnown, State, states::bundle_state::BundleRetention};
use std::{
    env,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How many transactions a run has in all, unless the environment says otherwise.
const TRANSACTIONS: u64 = 180_000;
/// From here on a run reaches everything that it has to reach; a shorter one need not.
const ENOUGH: u64 = 180_000;
/// Where the seeds of the blocks come from.
const FIRST_SEED: u64 = 0x4d45_5449;

/// The thing under test, as one of its kinds. Each is one engine for all blocks of a run, so what it has learnt
/// of others is with it.
struct Tested {
    name: &'static str,
    engine: BlockEngine,
    report: Mutex<EngineReport>,
}

impl Tested {
    fn new(name: &'static str, threads: usize, options: EngineOptions) -> Arc<Self> {
        let threads = Threads::new(threads).expect("threads start");
        Arc::new(Self {
            name,
            engine: BlockEngine::with_options(threads, options),
            report: Mutex::default(),
        })
    }

    /// Every transaction on several threads.
    fn parallel() -> Arc<Self> {
        Self::new("4 threads", 4, always_parallel())
    }

    /// Threads delayed at random, and batches of every size, whatever collides.
    fn in_batches() -> Arc<Self> {
        let options = EngineOptions {
            jitter: Some(7),
            ..always_parallel()
        };
        Self::new("3 threads, delayed", 3, options)
    }

    /// As in a node: it chooses what runs in sequence.
    fn adaptive() -> Arc<Self> {
        Self::new("4 threads, adaptive", 4, EngineOptions::default())
    }

    /// It chooses, and threads are delayed at random.
    fn adaptive_delayed() -> Arc<Self> {
        let options = EngineOptions {
            jitter: Some(9),
            ..EngineOptions::default()
        };
        Self::new("3 threads, adaptive, delayed", 3, options)
    }

    fn on_one_thread() -> Arc<Self> {
        Self::new("1 thread", 1, EngineOptions::default())
    }

    fn execute(&self, factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
        let executed = self.engine.execute(factory, block, state)?;
        let mut state = state.clone();
        state.apply(&executed.changes);
        *self.report() += executed.report;
        Ok((executed.outcome, state))
    }

    /// What all blocks so far have come to that are valid.
    fn report(&self) -> MutexGuard<'_, EngineReport> {
        // A test that has failed elsewhere still wants to say what it had counted.
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares it with the oracle on the blocks of these seeds; gives what they reached, and what became of
    /// their transactions.
    fn check(
        self: &Arc<Self>,
        seeds: impl Iterator<Item = u64> + Send + 'static,
        transactions: u64,
    ) -> (Coverage, EngineReport) {
        let tested = self.clone();
        let engine = move |factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState| {
            tested.execute(factory, block, state)
        };
        let coverage = check_blocks(engine, seeds, transactions, PATIENCE);
        let report = *self.report();
        // println! would be kept back: the test passes.
        let _ = writeln!(std::io::stdout(), "{}: {report:?}", self.name);
        (coverage, report)
    }
}

/// Small blocks, too, and whatever they collide in.
fn always_parallel() -> EngineOptions {
    EngineOptions {
        adaptive: false,
        ..EngineOptions::default()
    }
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} has to be a number, not {text}")),
    )
}

#[test]
fn random_blocks_come_out_as_in_sequential_execution() {
    let all = [
        Tested::parallel(),
        Tested::on_one_thread(),
        Tested::in_batches(),
        Tested::adaptive(),
        Tested::adaptive_delayed(),
    ];
    if let Some(seed) = number("METISVM_SEED") {
        for tested in all {
            tested.check([seed].into_iter(), 1);
        }
        return;
    }
    let transactions = number("METISVM_RANDOM_TRANSACTIONS").unwrap_or(TRANSACTIONS);
    let first = number("METISVM_FIRST_SEED").unwrap_or(FIRST_SEED);
    let [parallel, on_one_thread, in_batches, adaptive, adaptive_delayed] = all;
    on_one_thread.check(seeds(first), transactions / 2);
    let (_, delayed) = in_batches.check(seeds(first), transactions / 4);
    adaptive.check(seeds(first), transactions / 4);
    adaptive_delayed.check(seeds(first), transactions / 8);
    let (coverage, report) = parallel.check(seeds(first), transactions);
    // println! would be kept back: the test passes.
    let _ = write!(std::io::stdout(), "{coverage}");
    if transactions >= ENOUGH && first == FIRST_SEED {
        let missing = coverage.missing();
        assert!(missing.is_empty(), "never reached: {missing:#?}");
        assert_eq!(report.sequential, 0, "{report:?}");
        assert!(report.speculated > report.in_turn, "{report:?}");
        assert!(report.aborts > 1_000 && report.transfers > 1_000, "{report:?}");
        // Few: most random calls have nothing in common with those before.
        let foretold = report.predicted_hits + delayed.predicted_hits;
        assert!(foretold > 10, "{report:?} {delayed:?}");
    }
}

/// The same execution over another state: revm's own cache of what changes, and its bundle of changes
/// applied at the end.
fn over_the_state_of_revm(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
    let mut cache = State::builder()
        .with_database_ref(state)
        .with_bundle_update()
        .build();
    let outcome = execute_block(factory, block, &mut cache).map_err(|error| match error {
        // revm's cache wraps the errors of the state below it.
        Error::NodeFault { index, hash, problem } => Error::NodeFault {
            index,
            hash,
            problem: problem.replace("Database error: ", ""),
        },
        other => other,
    })?;
    cache.merge_transitions(BundleRetention::PlainState);
    let bundle = cache.take_bundle().to_plain_state(OriginalValuesKnown::No);
    let mut changes = StateChanges::default();
    for (address, info) in bundle.accounts {
        let account = info.map(|info| BasicAccount {
            balance: info.balance,
            nonce: info.nonce,
            code_hash: info.code_hash,
        });
        changes.accounts.entry(address).or_default().account = account;
    }
    for storage in bundle.storage {
        let change = changes.accounts.entry(storage.address).or_insert_with(|| {
            let info = state.account(&storage.address).map(|account| &account.info);
            AccountChange {
                account: info.map(|info| BasicAccount {
                    balance: info.balance,
                    nonce: info.nonce,
                    code_hash: info.code_hash,
                }),
                ..AccountChange::default()
            }
        });
        change.storage_cleared = storage.wipe_storage;
        change.storage.extend(storage.storage);
    }
    changes.codes.extend(bundle.contracts);
    let mut state = state.clone();
    state.apply(&changes);
    Ok((outcome, state))
}

#[test]
fn the_oracle_agrees_with_the_state_of_revm() {
    // Where there are slots without code, revm's cache does not clear them when a contract is created there;
    // Ethereum has 28 such accounts, and nobody can create a contract at one (EIP-7610).
    let comparable = |seed: &u64| {
        let plan = Plan::generate(*seed);
        let code_or_no_slots = |account: &AccountPlan| account.nonce > 0 || account.storage.is_empty();
        plan.accounts.values().all(code_or_no_slots)
    };
    let seeds = seeds(FIRST_SEED).filter(comparable);
    check_blocks(over_the_state_of_revm, seeds, 20_000, PATIENCE);
}

#[test]
fn every_broken_engine_is_found_and_its_block_shrinks_to_a_few_transactions() {
    for mutant in Mutant::ALL {
        let broken = |factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState| {
            mutant.execute(factory, block, state)
        };
        let failure = find(&broken, seeds(FIRST_SEED).take(600))
            .unwrap_or_else(|| panic!("{mutant:?} passes for a right engine"));
        let case = &failure.small.case;
        let _ = writeln!(
            std::io::stdout(),
            "{mutant:?}: {} transactions shrink to {}, {} accounts: {}",
            failure.transactions,
            case.transactions.len(),
            case.plan.accounts.len(),
            failure.small.difference
        );
        assert!(
            case.transactions.len() <= 12,
            "{mutant:?} is not small:\n{failure}"
        );
        assert!(
            failure
                .to_string()
                .contains(&format!("METISVM_SEED={} ", failure.seed))
        );
        // The seed alone brings the failure back.
        let again = check_seed(failure.seed, &broken, &mut Coverage::default(), &|| ());
        assert_eq!(again.unwrap_err().difference, failure.difference);
    }
}

#[test]
fn the_same_seed_is_the_same_block() {
    for seed in seeds(FIRST_SEED).take(20) {
        let once = settle(&Plan::generate(seed), &mut Coverage::default());
        let again = settle(&Plan::generate(seed), &mut Coverage::default());
        assert_eq!(once.transactions, again.transactions, "seed {seed}");
        assert_eq!(once.state, again.state, "seed {seed}");
        assert_eq!(once.to_string(), again.to_string(), "seed {seed}");
    }
}

#[test]
fn a_settled_plan_settles_to_itself() {
    for seed in seeds(FIRST_SEED).take(20) {
        let once = settle(&Plan::generate(seed), &mut Coverage::default());
        let again = settle(&once.plan, &mut Coverage::default());
        assert_eq!(once.transactions, again.transactions, "seed {seed}");
    }
}

#[test]
#[should_panic(expected = "the engine hangs")]
fn an_engine_that_never_comes_back_fails_the_test() {
    let hangs = |factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState| {
        // Waits for a nonce that never comes.
        while block.transactions.iter().any(|one| one.nonce() > 1_000_000) {
            std::thread::park();
        }
        sequential(factory, block, state)
    };
    check_blocks(hangs, seeds(FIRST_SEED), 20_000, Duration::from_secs(3));
}
