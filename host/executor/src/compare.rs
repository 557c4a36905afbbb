//! One block executed in three ways, in turn: how long each takes, and whether all come to the same.
//!
//! - *plain revm*: alloy-evm's Ethereum executor over revm's `CacheDB`. On a chain with our inference
//!   precompile the EVM has that precompile, since nothing else could execute the block.
//! - *sequential*: the block engine on the calling thread.
//! - *parallel*: the block engine on all threads.
//!
//! All read the same state in memory, plain revm through its `CacheDB`. The state cache is not in the figures: over a
//! state in memory it only costs. One execution on all threads that is not timed goes through it.
//!
//! It is measured as a node runs: in every sample another block goes first, outside of the clock, in the same way
//! and by the same code, and what the engine learnt from it, its threads and what answers inferences live on. The block itself nobody has seen before: each sample begins with a new engine.
//! Where there is no other block, the block itself goes first, so that code and threads are warm, but what has
//! seen it is thrown away.

mod difference;
mod ways;

use crate::{
    BlockFile, BlockReport, EngineReport, Error, Threads,
    sampling::{Sample, Samples, Times, interleave, twice_at_once},
};
use core::{cell::RefCell, convert::Infallible};
use difference::{difference, outcome_difference};
use metisvm_jit::Jit;
use metisvm_state::CacheStatistics;
use metisvm_vm::{InferenceEngine, ProofVerifier};
use std::{sync::Arc, time::Duration};
use ways::{Came, Machine, Ways};

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
    /// Whether another block went first. If not, the engine was new.
    pub after_another: bool,
    /// The times of plain revm.
    pub plain_revm: Times,
    /// The times of plain revm on each of two threads that execute the block at once and share nothing.
    pub plain_twice: Times,
    /// The times of the engine on one thread.
    pub sequential: Times,
    /// The times of the engine on all threads.
    pub parallel: Times,
    /// How the engine worked in the sample that took the median time on all threads.
    pub report: EngineReport,
    /// What the state cache did when the block was executed on all threads through it, empty at first.
    pub cache: CacheStatistics,
}

impl ThreadsComparison {
    /// True where all three ways came to the same.
    pub fn equal(&self) -> bool {
        self.parallel_difference.is_none() && self.plain_difference.is_none()
    }

    /// How many times the work of one thread two do together on this machine, by plain revm.
    pub fn processors(&self) -> f64 {
        self.plain_revm.processors(&self.plain_twice)
    }
}

/// What was found while sampling.
struct Found {
    parallel_difference: Option<String>,
    plain_difference: Option<String>,
    runs: Vec<(Duration, EngineReport)>,
}

/// Executes a block file in each way, after the block `before`. Each time is that of the execution alone: senders
/// are recovered before, and roots and states are compared afterwards.
///
/// `inference` makes what answers inferences, with an empty memo; `proofs` verifies proofs. `jit` makes
/// native code for the engine; what it is compared with is interpreted. `before` is left out where it cannot be executed
/// or is the same block.
///
/// An error says that the block cannot be executed. That the three ways differ is an error only where the
/// engine on all threads did not get through the block.
pub fn compare_threads(
    file: &BlockFile,
    before: Option<&BlockFile>,
    inference: impl Fn() -> Option<Arc<dyn InferenceEngine>> + Sync,
    proofs: Option<Arc<dyn ProofVerifier>>,
    jit: Option<Arc<Jit>>,
    threads: &Threads,
    samples: Samples,
) -> Result<ThreadsComparison, Error> {
    let ways = Ways::new(file, before, inference, Machine { proofs, jit }, threads)?;
    let alone = Threads::new(1)?;
    let reference = ways.reference();
    let sequential = ways.engine(&alone).came;
    let (came, cache) = ways.through_cache(threads);
    let found = RefCell::new(Found {
        parallel_difference: difference(&came, &sequential),
        plain_difference: difference(&sequential, &reference),
        runs: Vec::new(),
    });
    let (outcome, state) = match came {
        Ok(came) => came,
        Err(error) => {
            let found = found.into_inner();
            let differs = found.parallel_difference.or(found.plain_difference);
            return Err(differs.map_or(error, Error::Disagreement));
        }
    };

    let mut all: [Sample<'_, Infallible>; 4] = [
        Box::new(|| {
            let (plain, time) = ways.plain();
            let wanted = reference.as_ref().map(|(outcome, _)| outcome);
            note(&mut found.borrow_mut().plain_difference, || {
                outcome_difference(plain.as_ref(), wanted)
            });
            Ok(time)
        }),
        Box::new(|| twice_at_once(|| Ok(ways.plain().1))),
        Box::new(|| {
            let sampled = ways.engine(&alone);
            check_plain(&found, &sampled.came, &reference);
            Ok(sampled.time)
        }),
        Box::new(|| {
            let sampled = ways.engine(threads);
            note(&mut found.borrow_mut().parallel_difference, || {
                difference(&sampled.came, &sequential)
            });
            check_plain(&found, &sampled.came, &reference);
            found.borrow_mut().runs.push((sampled.time, sampled.report));
            Ok(sampled.time)
        }),
    ];
    let Ok(times) = interleave(samples, &mut all);
    drop(all);
    // In the order in which the ways stand above.
    let mut times = times.into_iter();
    let mut next = || times.next().unwrap_or_default();
    let (plain_revm, plain_twice, sequential, parallel) = (next(), next(), next(), next());
    let mut found = found.into_inner();
    found.runs.sort_by_key(|(time, ..)| *time);
    let (_, report) = found.runs[found.runs.len() / 2];
    Ok(ThreadsComparison {
        block: ways.checked().report_in_memory(outcome, state, report),
        parallel_difference: found.parallel_difference,
        plain_difference: found.plain_difference,
        after_another: ways.has_before(),
        plain_revm,
        plain_twice,
        sequential,
        parallel,
        report,
        cache,
    })
}

/// Keeps the first difference.
fn note(kept: &mut Option<String>, find: impl FnOnce() -> Option<String>) {
    if kept.is_none() {
        *kept = find();
    }
}

fn check_plain(found: &RefCell<Found>, came: &Came, reference: &Came) {
    note(&mut found.borrow_mut().plain_difference, || {
        difference(came, reference)
    });
}
