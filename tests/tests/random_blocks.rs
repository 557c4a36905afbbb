//! Random blocks on the block engine and on the oracle, the sequential execution: outcome, state and error
//! are the same, whatever meets in a block. What the blocks reach is counted and has to be reached.
//!
//! - `METISVM_RANDOM_TRANSACTIONS`: how many transactions in all.
//! - `METISVM_FIRST_SEED`: where the seeds of the blocks come from; another number means other blocks.
//! - `METISVM_SEED`: the one block to look at, from the message of a failure.

use alloy_consensus::Transaction;
use metisvm_executor::{BlockEngine, BlockInput, EngineOptions, Error, Threads, execute_block};
use metisvm_state::{AccountChange, BasicAccount, MemoryState, StateChanges};
use metisvm_tests::random_blocks::{
    AccountPlan, Coverage, Executed, Mutant, PATIENCE, Plan, check_blocks, check_seed, find, seeds,
    sequential, settle,
};
use metisvm_vm::MetisEvmFactory;
use revm::database::{OriginalValuesKnown, State, states::bundle_state::BundleRetention};
use std::{env, io::Write, sync::OnceLock, time::Duration};

/// How many transactions a run has in all, unless the environment says otherwise.
const TRANSACTIONS: u64 = 120_000;
/// From here on a run reaches everything that it has to reach; a shorter one need not.
const ENOUGH: u64 = 120_000;
/// Where the seeds of the blocks come from.
const FIRST_SEED: u64 = 0x4d45_5449;

/// The thing under test.
fn on_threads(
    engine: &BlockEngine,
    factory: &MetisEvmFactory,
    block: BlockInput<'_>,
    state: &MemoryState,
) -> Executed {
    let executed = engine.execute(factory, block, state)?;
    let mut state = state.clone();
    state.apply(&executed.changes);
    Ok((executed.outcome, state))
}

fn engine(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
    static PARALLEL: OnceLock<BlockEngine> = OnceLock::new();
    let engine = PARALLEL.get_or_init(|| BlockEngine::new(Threads::new(4).expect("threads start")));
    on_threads(engine, factory, block, state)
}

/// Threads delayed at random, and batches of every size, whatever collides.
fn engine_in_batches(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
    static DELAYED: OnceLock<BlockEngine> = OnceLock::new();
    let engine = DELAYED.get_or_init(|| {
        let options = EngineOptions {
            adaptive: false,
            jitter: Some(7),
            ..EngineOptions::default()
        };
        BlockEngine::with_options(Threads::new(3).expect("threads start"), options)
    });
    on_threads(engine, factory, block, state)
}

fn engine_on_one_thread(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
    let threads = Threads::new(1).expect("one thread needs none");
    on_threads(&BlockEngine::new(threads), factory, block, state)
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
    if let Some(seed) = number("METISVM_SEED") {
        check_blocks(engine, [seed].into_iter(), 1, PATIENCE);
        check_blocks(engine_on_one_thread, [seed].into_iter(), 1, PATIENCE);
        check_blocks(engine_in_batches, [seed].into_iter(), 1, PATIENCE);
        return;
    }
    let transactions = number("METISVM_RANDOM_TRANSACTIONS").unwrap_or(TRANSACTIONS);
    let first = number("METISVM_FIRST_SEED").unwrap_or(FIRST_SEED);
    check_blocks(engine_on_one_thread, seeds(first), transactions, PATIENCE);
    check_blocks(engine_in_batches, seeds(first), transactions / 4, PATIENCE);
    let coverage = check_blocks(engine, seeds(first), transactions, PATIENCE);
    // println! would be kept back: the test passes.
    let _ = write!(std::io::stdout(), "{coverage}");
    if transactions >= ENOUGH && first == FIRST_SEED {
        let missing = coverage.missing();
        assert!(missing.is_empty(), "never reached: {missing:#?}");
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
