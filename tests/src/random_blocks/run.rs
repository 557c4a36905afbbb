//! Many random blocks, one after the other, under a watch: an engine that hangs fails the test, too.

use super::{
    coverage::Coverage,
    engine::{Case, Engine},
    plan::Plan,
    settle::{count_block, settle},
    shrink::shrink,
};
use crate::{rng::Rng, watch::watched};
use core::fmt;
use std::time::Duration;

/// How long an engine may take for one block.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often shrinking may try.
const ATTEMPTS: usize = 4_000;
/// An engine with threads may fail only now and then, so shrinking asks it this often.
const REPEATS: usize = 3;

/// A block on which an engine differs from the oracle.
#[derive(Debug)]
pub struct Failure {
    /// The seed of the block.
    pub seed: u64,
    /// The difference on the block as it was generated.
    pub difference: String,
    /// How many transactions it had then.
    pub transactions: usize,
    /// What shrinking left.
    pub small: Finding,
}

/// A case and how an engine differs on it.
#[derive(Debug)]
pub struct Finding {
    /// The case.
    pub case: Case,
    /// The difference.
    pub difference: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            difference,
            transactions,
            small,
        } = self;
        writeln!(
            f,
            "the engine differs from the sequential execution on the block of seed {seed}"
        )?;
        writeln!(f, "with {transactions} transactions: {difference}")?;
        writeln!(f, "shrunk to: {}", small.difference)?;
        write!(f, "{}", small.case)?;
        write!(
            f,
            "run it again: METISVM_SEED={seed} cargo test -p metisvm-tests --test random_blocks"
        )
    }
}

/// The seeds of a run, without end.
pub fn seeds(first: u64) -> impl Iterator<Item = u64> {
    let mut rng = Rng::new(first);
    // Few digits, for people who type them again.
    std::iter::repeat_with(move || rng.next() >> 24)
}

/// Compares an engine with the oracle on the block of one seed; gives how many transactions the block has,
/// up to one that is not valid. `working` is called before each execution.
pub fn check_seed(
    seed: u64,
    engine: &dyn Engine,
    coverage: &mut Coverage,
    working: &dyn Fn(),
) -> Result<u64, Box<Failure>> {
    working();
    let before = coverage.of("transaction");
    let case = settle(&Plan::generate(seed), coverage);
    let oracle = case.oracle();
    count_block(&case, &oracle, coverage);
    let Some(difference) = case.difference_to(&oracle, engine) else {
        return Ok(coverage.of("transaction") - before);
    };
    let transactions = case.transactions.len();
    let mut small = Finding {
        difference: difference.clone(),
        case: case.clone(),
    };
    shrink(case.plan, ATTEMPTS, &mut |plan| {
        working();
        let case = settle(plan, &mut Coverage::default());
        let difference = (0..REPEATS).find_map(|_| case.difference(engine))?;
        let plan = case.plan.clone();
        small = Finding { case, difference };
        Some(plan)
    });
    Err(Box::new(Failure {
        seed,
        difference,
        transactions,
        small,
    }))
}

/// Looks for a block on which an engine differs, in the blocks of these seeds.
pub fn find(engine: &dyn Engine, seeds: impl Iterator<Item = u64>) -> Option<Box<Failure>> {
    let mut coverage = Coverage::default();
    seeds
        .into_iter()
        .find_map(|seed| check_seed(seed, engine, &mut coverage, &|| ()).err())
}

/// Compares an engine with the oracle on blocks with so many transactions in all.
///
/// # Panics
/// With a small case where they differ, and with the seed where a block takes longer than `patience`.
pub fn check_blocks(
    engine: impl Engine + Send + 'static,
    seeds: impl Iterator<Item = u64> + Send + 'static,
    transactions: u64,
    patience: Duration,
) -> Coverage {
    watched(patience, move |begin| {
        let mut coverage = Coverage::default();
        for seed in seeds {
            let working = || begin(format!("the block of seed {seed}"));
            if let Err(failure) = check_seed(seed, &engine, &mut coverage, &working) {
                panic!("{failure}");
            }
            if coverage.of("transaction") >= transactions {
                break;
            }
        }
        coverage
    })
}
