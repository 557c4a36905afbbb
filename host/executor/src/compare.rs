//! One block executed in three ways, interleaved: how long each takes, and whether all come to the same.
//!
//! - *plain revm*: alloy-evm's Ethereum executor over revm's `CacheDB`. On a chain with our inference
//!   precompile the EVM has that precompile, since nothing else could execute the block.
//! - *sequential*: the block engine on the calling thread.
//! - *parallel*: the block engine on all threads.
//!
//! All read the same state in memory: plain revm through its `CacheDB`, the engine through the state cache, as
//! a node has it. Nobody has seen the block before: each sample has a new engine, a new inference engine and
//! an empty cache.

use crate::{
    BlockEngine, BlockFile, BlockInput, BlockOutcome, BlockReport, EngineOptions, EngineReport, Error,
    Executed, Threads, execute::execute_with, execute_block, run::CheckedFile,
};
use alloy_evm::{EthEvmFactory, EvmFactory};
use metisvm_state::{CacheConfig, CacheStatistics, MemoryState, StateCache};
use metisvm_vm::{InferenceEngine, MetisEvmFactory};
use revm::database::CacheDB;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// Bytes of the state cache in front of the state: room for a block that touches 60,000 slots and 20,000 accounts.
/// A larger one is colder: its first reads take longer.
const CACHE_BYTES: usize = 16 << 20;

/// What came of a comparison.
#[derive(Debug, Clone)]
pub struct ThreadsComparison {
    /// The block as it came out on all threads.
    pub block: BlockReport,
    /// Where the block on all threads is not the block on one; `None` where they are equal in outcome and
    /// state.
    pub parallel_difference: Option<String>,
    /// Where one of them is not what plain revm makes of the block.
    pub plain_difference: Option<String>,
    /// The median time of plain revm.
    pub plain_revm: Duration,
    /// The median time of the engine on one thread.
    pub sequential: Duration,
    /// The median time of the engine on all threads.
    pub parallel: Duration,
    /// How the engine worked in the sample that took the median time on all threads.
    pub report: EngineReport,
    /// What the state cache did in that sample.
    pub cache: CacheStatistics,
}

impl ThreadsComparison {
    /// True where all three ways came to the same.
    pub fn equal(&self) -> bool {
        self.parallel_difference.is_none() && self.plain_difference.is_none()
    }
}

/// What one way came to.
type Came = Result<(BlockOutcome, MemoryState), Error>;

/// Executes a block file `samples` times in each way. Each time is that of the execution alone: senders are
/// recovered before, and roots and states are compared afterwards.
///
/// An error says that the block cannot be executed. That the three ways differ is an error only where the
/// engine on all threads did not get through the block.
pub fn compare_threads(
    file: &BlockFile,
    inference: impl Fn() -> Option<Arc<dyn InferenceEngine>>,
    threads: &Threads,
    samples: usize,
) -> Result<ThreadsComparison, Error> {
    let checked = CheckedFile::new(file, threads)?;
    let alone = Threads::new(1)?;
    let factory = || MetisEvmFactory::new(checked.spec().clone(), inference());
    let mut state = file.pre_state.clone();
    let reference = execute_block(&factory(), checked.input(), &mut state).map(|outcome| (outcome, state));

    let (mut plain_times, mut sequential_times, mut parallel_runs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut parallel_difference, mut plain_difference) = (None, None);
    let mut last = None;
    for _ in 0..samples.max(1) {
        let (plain, time) = plain_revm(&factory(), checked.input(), &file.pre_state);
        plain_times.push(time);
        if plain_difference.is_none() {
            plain_difference = outcome_difference(plain.as_ref(), reference.as_ref().map(|(o, _)| o));
        }
        let (sequential, _, _, time) = on(&alone, &factory(), checked.input(), &file.pre_state);
        sequential_times.push(time);
        let (parallel, report, cache, time) = on(threads, &factory(), checked.input(), &file.pre_state);
        parallel_runs.push((time, report, cache));
        parallel_difference = parallel_difference.or_else(|| difference(&parallel, &sequential));
        plain_difference = plain_difference
            .or_else(|| difference(&sequential, &reference))
            .or_else(|| difference(&parallel, &reference));
        last = Some(parallel);
    }
    let came = last.unwrap_or(reference);
    let (outcome, state) = match (came, parallel_difference.as_ref().or(plain_difference.as_ref())) {
        (Ok(came), _) => came,
        (Err(error), None) => return Err(error),
        (Err(_), Some(difference)) => return Err(Error::Disagreement(difference.clone())),
    };
    parallel_runs.sort_by_key(|(time, ..)| *time);
    let (parallel, report, cache) = parallel_runs[parallel_runs.len() / 2];
    Ok(ThreadsComparison {
        block: checked.report_in_memory(outcome, state, report),
        parallel_difference,
        plain_difference,
        plain_revm: median(plain_times),
        sequential: median(sequential_times),
        parallel,
        report,
        cache,
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn plain_revm(
    factory: &MetisEvmFactory,
    block: BlockInput<'_>,
    pre_state: &MemoryState,
) -> (Result<BlockOutcome, Error>, Duration) {
    let spec = factory.spec().as_ref();
    let header = block.header;
    let mut state = CacheDB::new(pre_state);
    let started = Instant::now();
    let outcome = if spec.active_inference(header.number, header.timestamp).is_some() {
        execute_block(factory, block, &mut state)
    } else {
        let evm = EthEvmFactory::default().create_evm(&mut state, spec.evm_env(header));
        execute_with(evm, spec, block)
    };
    (outcome, started.elapsed())
}

/// The engine, new, on these threads, over a cache that is empty.
fn on(
    threads: &Threads,
    factory: &MetisEvmFactory,
    block: BlockInput<'_>,
    pre_state: &MemoryState,
) -> (Came, EngineReport, CacheStatistics, Duration) {
    let engine = BlockEngine::with_options(threads.clone(), EngineOptions::default());
    let cache = StateCache::new(CacheConfig::with_bytes(CACHE_BYTES));
    let parent = block.header.parent_hash;
    cache.move_to(parent);
    let started = Instant::now();
    let view = cache.view(pre_state, parent);
    let executed = engine.execute(factory, block, &view);
    let time = started.elapsed();
    drop(view);
    let statistics = cache.statistics();
    match executed {
        Err(error) => (Err(error), EngineReport::default(), statistics, time),
        Ok(Executed {
            outcome,
            changes,
            report,
        }) => {
            let mut state = pre_state.clone();
            state.apply(&changes);
            (Ok((outcome, state)), report, statistics, time)
        }
    }
}

fn difference(ours: &Came, others: &Came) -> Option<String> {
    let outcomes = outcome_difference(
        ours.as_ref().map(|(outcome, _)| outcome),
        others.as_ref().map(|(outcome, _)| outcome),
    );
    outcomes.or_else(|| match (ours, others) {
        (Ok((_, ours)), Ok((_, others))) if ours != others => Some(state_difference(ours, others)),
        _ => None,
    })
}

fn outcome_difference(
    ours: Result<&BlockOutcome, &Error>,
    others: Result<&BlockOutcome, &Error>,
) -> Option<String> {
    let (ours, others) = match (ours, others) {
        (Ok(ours), Ok(others)) => (ours, others),
        (Err(ours), Err(others)) => {
            return unequal(
                "the error",
                &format_args!("{ours}"),
                &format_args!("{others}"),
                ours.to_string() == others.to_string(),
            );
        }
        (Ok(_), Err(error)) => return Some(format!("executed, where the other says: {error}")),
        (Err(error), Ok(_)) => return Some(format!("{error}, where the other executes it")),
    };
    let each = ours.transactions.iter().zip(&ours.receipts);
    for (index, (ours, others)) in each
        .zip(others.transactions.iter().zip(&others.receipts))
        .enumerate()
    {
        if ours != others {
            return Some(format!("transaction {index}: {ours:?}, not {others:?}"));
        }
    }
    let numbers = |outcome: &BlockOutcome| {
        (
            outcome.transactions.len(),
            outcome.receipts.len(),
            outcome.gas_used,
            outcome.blob_gas_used,
        )
    };
    let (a, b) = (numbers(ours), numbers(others));
    unequal("transactions, receipts, gas and blob gas", &a, &b, a == b).or_else(|| {
        let (a, b) = (&ours.requests, &others.requests);
        unequal("requests", a, b, a == b)
    })
}

fn unequal(what: &str, ours: &dyn fmt::Debug, others: &dyn fmt::Debug, equal: bool) -> Option<String> {
    (!equal).then(|| format!("{what}: {ours:?}, not {others:?}"))
}

/// The first account, by address, that is not the same in both.
fn state_difference(ours: &MemoryState, others: &MemoryState) -> String {
    let addresses = ours
        .accounts()
        .chain(others.accounts())
        .map(|(address, _)| *address);
    let differing = addresses.filter(|address| ours.account(address) != others.account(address));
    match differing.min() {
        Some(address) => format!(
            "account {address}: {:?}, not {:?}",
            ours.account(&address),
            others.account(&address)
        ),
        None => "the states differ outside of their accounts".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, Bytes, U256};

    fn outcome() -> BlockOutcome {
        BlockOutcome {
            receipts: Vec::new(),
            transactions: Vec::new(),
            requests: Default::default(),
            gas_used: 1,
            blob_gas_used: 0,
            access_list: None,
            execute_time: Duration::ZERO,
        }
    }

    fn came(balance: u64) -> Came {
        let mut state = MemoryState::default();
        state.insert_account(Address::ZERO, U256::from(balance), 0, Bytes::new(), []);
        Ok((outcome(), state))
    }

    #[test]
    fn a_wei_more_is_a_difference_and_a_later_end_is_none() {
        let Ok((mut late, state)) = came(1) else {
            unreachable!()
        };
        late.execute_time = Duration::from_secs(1);
        assert_eq!(difference(&came(1), &Ok((late, state))), None);
        let found = difference(&came(1), &came(2)).unwrap();
        assert!(found.starts_with("account 0x0000"), "{found}");
    }

    #[test]
    fn another_outcome_or_another_error_is_a_difference() {
        let gas = BlockOutcome {
            gas_used: 2,
            ..outcome()
        };
        assert!(outcome_difference(Ok(&gas), Ok(&outcome())).is_some());
        let error = |text: &str| Err(Error::Block(text.into()));
        assert_eq!(difference(&error("a"), &error("a")), None);
        let found = difference(&error("a"), &error("b")).unwrap();
        assert!(found.starts_with("the error: "), "{found}");
        assert!(difference(&error("a"), &came(1)).is_some());
        assert!(difference(&came(1), &error("a")).is_some());
    }

    #[test]
    fn the_median_is_the_middle_one() {
        let times = [5, 1, 9].map(Duration::from_secs).to_vec();
        assert_eq!(median(times), Duration::from_secs(5));
    }
}
