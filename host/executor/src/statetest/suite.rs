//! A file of tests, read and checked: whatever contradicts itself is found before anything runs.

use super::{
    StateTestExecutor,
    case::{Case, CaseReport, Expected, Indexes, Plan, Setting, Work},
    fork::{self, Fork},
    format::{self, RawCase, RawOutline, RawSuite, RawTest, RawTransaction},
    skip::{self, Skips},
    transaction::{self, Written},
};
use crate::Error;
use metisvm_state::MemoryState;
use rayon::prelude::*;
use std::sync::Arc;

/// The blocks whose hashes BLOCKHASH gives (Yellow Paper, appendix H).
const BLOCK_HASHES: u64 = 256;

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
            return Err(Error::wrong("the file", "holds no tests: nothing to run"));
        }
        Ok(Self { cases })
    }

    /// Executes all cases on the threads of the current rayon pool; reports in the order of the file.
    pub fn run(&self, executor: &dyn StateTestExecutor) -> Vec<CaseReport> {
        self.cases.par_iter().map(|case| case.run(executor)).collect()
    }

    /// The same through several executors: for each case, in the order of the file, one report an executor.
    pub fn run_through_each(&self, executors: &[&dyn StateTestExecutor]) -> Vec<Vec<CaseReport>> {
        let cases = self.cases.par_iter();
        cases.map(|case| case.run_through_each(executors)).collect()
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
    for (name, mut test) in format::read::<RawSuite>(json)?.0 {
        let test_name: Arc<str> = name.into();
        let pre_state = Arc::new(pre_state(&mut test));
        let Some(post) = test.post.take() else {
            cases.push(without_post(&test_name, &test, pre_state)?);
            continue;
        };
        for (fork_name, entries) in post.0 {
            let name: Arc<str> = fork_name.into();
            let fork = match Fork::by_name(&name) {
                Ok(fork) => fork,
                Err(reason) => {
                    let skip = |case: &RawCase| skipped(&test_name, &name, indexes(case), reason);
                    cases.extend(entries.iter().map(skip));
                    continue;
                }
            };
            let setting = setting(&test_name, fork, &test, pre_state.clone())?;
            for (index, entry) in entries.into_iter().enumerate() {
                let place = format!("{test_name}.post.{name}[{index}]");
                let indexes = indexes(&entry);
                let written = match &test.transaction {
                    RawTransaction::Variants(parts) => transaction::of_variants(parts, indexes, &place)?,
                    RawTransaction::Finished(_) => {
                        let problem = "a list of transactions has no variants for `post` to choose from";
                        return Err(Error::wrong(format!("{test_name}.transaction"), problem));
                    }
                };
                let expected = Expected {
                    state_root: entry.hash,
                    logs_hash: entry.logs,
                    exception: entry.expect_exception,
                };
                cases.push(case(
                    &test_name,
                    &name,
                    indexes,
                    &setting,
                    written,
                    Some(expected),
                ));
            }
        }
    }
    Ok(cases)
}

/// The one case of a test that does not say what has to come out.
fn without_post(test_name: &Arc<str>, test: &RawTest, pre_state: Arc<MemoryState>) -> Result<Case, Error> {
    let fork = Fork::newest_for(&test.env);
    let setting = setting(test_name, fork, test, pre_state)?;
    let indexes = Indexes::default();
    let written = match &test.transaction {
        RawTransaction::Variants(parts) => transaction::of_variants(parts, indexes, test_name)?,
        RawTransaction::Finished(transactions) => match transactions.as_slice() {
            [only] => transaction::of_finished(only, setting.spec.chain_id),
            several => {
                let problem = format!("holds {} transactions; a state test has one", several.len());
                return Err(Error::wrong(format!("{test_name}.transaction"), problem));
            }
        },
    };
    Ok(case(
        test_name,
        &fork.name().into(),
        indexes,
        &setting,
        written,
        None,
    ))
}

fn case(
    test: &Arc<str>,
    fork: &Arc<str>,
    indexes: Indexes,
    setting: &Arc<Setting>,
    written: Written,
    expected: Option<Expected>,
) -> Case {
    Case {
        test: test.clone(),
        fork: fork.clone(),
        indexes,
        plan: Plan::Run(Box::new(Work {
            setting: setting.clone(),
            written,
            expected,
        })),
    }
}

fn setting(
    test_name: &str,
    fork: Fork,
    test: &RawTest,
    pre_state: Arc<MemoryState>,
) -> Result<Arc<Setting>, Error> {
    let spec = fork.chain_spec(fork::chain_id(&test.env, test_name)?)?;
    let header = fork::header(&spec, &test.env, test_name)?;
    Ok(Arc::new(Setting {
        env: spec.evm_env(&header),
        spec: Arc::new(spec),
        header,
        pre_state,
        output: test.out.clone(),
    }))
}

/// The state before the transaction, taken out of the test.
fn pre_state(test: &mut RawTest) -> MemoryState {
    let mut state = MemoryState::default();
    for (address, account) in std::mem::take(&mut test.pre.0) {
        state.insert_account(
            address,
            account.balance,
            account.nonce,
            account.code,
            account.storage,
        );
    }
    let number: u64 = test.env.current_number.saturating_to();
    for number in number.saturating_sub(BLOCK_HASHES)..number {
        state.insert_block_hash(number, transaction::block_hash(number));
    }
    state
}

fn indexes(case: &RawCase) -> Indexes {
    Indexes {
        data: case.indexes.data,
        gas: case.indexes.gas,
        value: case.indexes.value,
    }
}
