//! A file of tests, read and checked: whatever contradicts itself is found before anything runs.

use super::{
    StateTestExecutor,
    case::{Case, CaseReport, Expected, Indexes, Plan, Work},
    fork::Fork,
    format::{self, RawCase, RawOutline, RawSuite},
    skip::{self, Skips},
    test::Test,
};
use crate::Error;
use metisvm_state::MemoryState;
use rayon::prelude::*;
use std::sync::Arc;

/// A file of tests.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The cases in the order of the file.
    pub cases: Vec<Case>,
}

impl Suite {
    /// Reads and checks a file. Its name decides whether its tests are left out.
    pub fn from_json(name: &str, json: &[u8], skips: Skips) -> Result<Self, Error> {
        let cases = match skip::reason(name, skips) {
            Some(reason) => outline(json, reason)?,
            None => cases(json)?,
        };
        if cases.is_empty() {
            return Err(Error::unfit("the file", "holds no tests: nothing to run"));
        }
        Ok(Self { cases })
    }

    /// Executes all cases on the threads of the current rayon pool; reports in the order of the file.
    pub fn run(&self, executor: &dyn StateTestExecutor) -> Vec<CaseReport> {
        let all = self.run_through_each(&[executor]);
        all.into_iter().flatten().collect()
    }

    /// The same through several executors: for each case, in the order of the file, one report an executor.
    pub fn run_through_each(&self, executors: &[&dyn StateTestExecutor]) -> Vec<Vec<CaseReport>> {
        // The cases of a test share the state before them, which is there for no longer than they run.
        let tests: Vec<_> = self.cases.par_chunk_by(Case::is_of_same_test).collect();
        let run = |cases: &[Case]| -> Vec<Vec<CaseReport>> {
            let work = cases.first().and_then(Case::work);
            let pre_state = work.map_or_else(MemoryState::default, |work| work.test.pre_state());
            let cases = cases.par_iter();
            cases.map(|case| case.run_over(&pre_state, executors)).collect()
        };
        let reports: Vec<Vec<_>> = tests.into_par_iter().map(run).collect();
        reports.into_iter().flatten().collect()
    }
}

/// The cases of a file that is left out.
fn outline(json: &[u8], reason: &'static str) -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for (test, outline) in format::read::<RawOutline>(json)?.0 {
        let test: Arc<str> = test.into();
        for (fork, entries) in outline.post.0 {
            let fork: Arc<str> = fork.into();
            cases.extend(
                entries
                    .iter()
                    .map(|_| skipped(&test, &fork, Indexes::default(), reason)),
            );
        }
    }
    Ok(cases)
}

fn skipped(test: &Arc<str>, fork: &Arc<str>, indexes: Indexes, reason: &'static str) -> Case {
    Case {
        test: test.clone(),
        fork: fork.clone(),
        indexes,
        plan: Plan::Skip(reason),
    }
}

fn cases(json: &[u8]) -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for (name, mut raw) in format::read::<RawSuite>(json)?.0 {
        let post = raw.post.take();
        let test = Arc::new(Test::new(name.into(), raw));
        let Some(post) = post else {
            let fork = test.newest_fork();
            test.setting(fork)?;
            test.check_single()?;
            cases.push(case(&test, fork, &fork.name().into(), Indexes::default(), None));
            continue;
        };
        for (fork_name, entries) in post.0 {
            let name: Arc<str> = fork_name.into();
            let fork = match Fork::by_name(&name) {
                Ok(fork) => fork,
                Err(reason) => {
                    let skip = |case: &RawCase| skipped(test.name(), &name, indexes(case), reason);
                    cases.extend(entries.iter().map(skip));
                    continue;
                }
            };
            test.setting(fork)?;
            for (index, entry) in entries.into_iter().enumerate() {
                let indexes = indexes(&entry);
                test.check_variants(indexes, &format!("{}.post.{name}[{index}]", test.name()))?;
                let expected = Expected {
                    state_root: entry.hash,
                    logs_hash: entry.logs,
                    exception: entry.expect_exception,
                };
                cases.push(case(&test, fork, &name, indexes, Some(expected)));
            }
        }
    }
    Ok(cases)
}

fn case(
    test: &Arc<Test>,
    fork: Fork,
    fork_name: &Arc<str>,
    indexes: Indexes,
    expected: Option<Expected>,
) -> Case {
    Case {
        test: test.name().clone(),
        fork: fork_name.clone(),
        indexes,
        plan: Plan::Run(Box::new(Work {
            test: test.clone(),
            fork,
            expected,
        })),
    }
}

fn indexes(case: &RawCase) -> Indexes {
    Indexes {
        data: case.indexes.data,
        gas: case.indexes.gas,
        value: case.indexes.value,
    }
}
