//! One case: a transaction over a state on a fork, and what has to come of it.

use super::{
    Executed, Job, StateTestExecutor,
    fork::Fork,
    test::{Setting, Test},
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{B256, Bytes, Log, U256, keccak256};
use metisvm_state::{MemoryState, state_root};
use revm::{context::TxEnv, context_interface::result::ExecutionResult};
use std::{fmt, sync::Arc};

/// Which variants of data, gas limit and value a case takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Indexes {
    /// Of the data, and of the access list.
    pub data: usize,
    /// Of the gas limit.
    pub gas: usize,
    /// Of the value.
    pub value: usize,
}

/// One case of a file that was read and checked.
#[derive(Debug, Clone)]
pub struct Case {
    /// The test's name.
    pub test: Arc<str>,
    /// The fork, as the file calls it.
    pub fork: Arc<str>,
    /// The variants.
    pub indexes: Indexes,
    pub(super) plan: Plan,
}

#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// Why the case is not run.
    Skip(&'static str),
    Run(Box<Work>),
}

#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) test: Arc<Test>,
    pub(super) fork: Fork,
    pub(super) expected: Option<Expected>,
}

/// What a case runs with, made for it out of its test.
struct Running<'a> {
    test: &'a Test,
    setting: Setting,
    pre_state: &'a MemoryState,
    expected: Option<&'a Expected>,
}

/// What a file says that comes out.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) state_root: B256,
    pub(super) logs_hash: B256,
    pub(super) exception: Option<String>,
}

/// What came out of one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended, with gas, logs and output.
    pub result: ExecutionResult,
    /// The root of the whole state after it.
    pub state_root: B256,
    /// The hash of the RLP list of its logs.
    pub logs_hash: B256,
}

impl Outcome {
    /// `success`, `revert` or `halt`.
    pub fn status(&self) -> &'static str {
        match self.result {
            ExecutionResult::Success { .. } => "success",
            ExecutionResult::Revert { .. } => "revert",
            ExecutionResult::Halt { .. } => "halt",
        }
    }

    /// The gas that the transaction pays for, after refunds.
    pub fn gas_used(&self) -> u64 {
        self.result.gas().tx_gas_used()
    }

    /// What it returned or reverted with; for a creation the deployed code.
    pub fn output(&self) -> Bytes {
        self.result.output().cloned().unwrap_or_default()
    }
}

/// Whether what came out is what the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Passed,
    /// It is not; in what.
    Failed(String),
    /// The case was not run; why.
    Skipped(&'static str),
    /// The transaction was executed, but the file does not say what has to come out.
    Unchecked,
}

/// What came of a case. Equal reports of two executors mean that everything that can be observed is
/// equal.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseReport {
    /// The test's name.
    pub test: Arc<str>,
    /// The fork, as the file calls it.
    pub fork: Arc<str>,
    /// The variants.
    pub indexes: Indexes,
    /// Whether it is what has to come out.
    pub verdict: Verdict,
    /// What came out, or why the transaction is not valid; `None` where it was not run.
    pub outcome: Option<Result<Outcome, String>>,
}

impl Case {
    /// True where the case is not run.
    pub fn is_skipped(&self) -> bool {
        matches!(self.plan, Plan::Skip(_))
    }

    pub(super) fn work(&self) -> Option<&Work> {
        match &self.plan {
            Plan::Skip(_) => None,
            Plan::Run(work) => Some(work),
        }
    }

    /// True where both begin with the same state.
    pub(super) fn is_of_same_test(&self, other: &Self) -> bool {
        match (self.work(), other.work()) {
            (Some(one), Some(other)) => Arc::ptr_eq(&one.test, &other.test),
            (None, None) => true,
            _ => false,
        }
    }

    /// Executes the case through one executor after the other, over the state of its test, and compares. Where
    /// one leaves the state that another has left before, its root is not computed again.
    pub(super) fn run_over(
        &self,
        pre_state: &MemoryState,
        executors: &[&dyn StateTestExecutor],
    ) -> Vec<CaseReport> {
        let report = |verdict, outcome| CaseReport {
            test: self.test.clone(),
            fork: self.fork.clone(),
            indexes: self.indexes,
            verdict,
            outcome,
        };
        let work = match &self.plan {
            Plan::Skip(reason) => {
                let skipped = executors.iter().map(|_| report(Verdict::Skipped(reason), None));
                return skipped.collect();
            }
            Plan::Run(work) => work,
        };
        let made = work
            .test
            .setting(work.fork)
            .map_err(|error| error.to_string())
            .map(|setting| {
                let transaction = work.test.transaction(self.indexes, &setting);
                let running = Running {
                    test: &work.test,
                    setting,
                    pre_state,
                    expected: work.expected.as_ref(),
                };
                (running, transaction)
            });
        let (running, transaction) = match made {
            Ok(made) => made,
            // It could be made when the file was read.
            Err(error) => {
                let failed = |_| report(Verdict::Failed(error.clone()), Some(Err(error.clone())));
                return executors.iter().map(failed).collect();
            }
        };
        let mut known = None;
        let run = |executor: &&dyn StateTestExecutor| {
            let transaction = transaction.as_ref().map_err(String::clone);
            let outcome = transaction.and_then(|tx| running.execute(tx, *executor, &mut known));
            report(running.judge(&outcome), Some(outcome))
        };
        executors.iter().map(run).collect()
    }
}

impl Running<'_> {
    /// `known`: a state with its root, perhaps the one that comes out.
    fn execute(
        &self,
        transaction: &TxEnv,
        executor: &dyn StateTestExecutor,
        known: &mut Option<(MemoryState, B256)>,
    ) -> Result<Outcome, String> {
        let setting = &self.setting;
        let Executed { result, state } = executor.transact(&Job {
            spec: &setting.spec,
            header: &setting.header,
            env: &setting.env,
            transaction,
            pre_state: self.pre_state,
        })?;
        let root = match known {
            Some((known, root)) if *known == state => *root,
            _ => {
                let root = state_root(&state);
                known.insert((state, root)).1
            }
        };
        Ok(Outcome {
            state_root: root,
            logs_hash: logs_hash(result.logs()),
            result,
        })
    }

    fn judge(&self, outcome: &Result<Outcome, String>) -> Verdict {
        let exception = self.expected.and_then(|expected| expected.exception.as_ref());
        let (outcome, expected) = match (outcome, self.expected, exception) {
            (Ok(_), _, Some(exception)) => {
                return Verdict::Failed(format!("was executed; has to be refused: {exception}"));
            }
            (Err(error), _, None) => return Verdict::Failed(format!("was refused: {error}")),
            (Err(_), Some(expected), Some(_)) => return self.judge_untouched(expected),
            (Ok(_), None, None) | (Err(_), None, Some(_)) => return Verdict::Unchecked,
            (Ok(outcome), Some(expected), None) => (outcome, expected),
        };
        let mut wrong = Vec::new();
        let mut compare = |what: &str, expected: &dyn fmt::Display, found: &dyn fmt::Display, equal: bool| {
            if !equal {
                wrong.push(format!("{what} {found}, expected {expected}"));
            }
        };
        compare(
            "state root",
            &expected.state_root,
            &outcome.state_root,
            expected.state_root == outcome.state_root,
        );
        compare(
            "logs hash",
            &expected.logs_hash,
            &outcome.logs_hash,
            expected.logs_hash == outcome.logs_hash,
        );
        if let (Some(expected), Some(found)) = (self.test.output(), outcome.result.output()) {
            compare("output", expected, found, expected == found);
        }
        if wrong.is_empty() {
            Verdict::Passed
        } else {
            Verdict::Failed(wrong.join("; "))
        }
    }

    /// A transaction that is refused leaves the state as it was.
    ///
    /// The older tests were filled with a block around it, which pays its reward of zero all the same; before
    /// EIP-161 that leaves an empty beneficiary. Which of the two a file means only its root says.
    fn judge_untouched(&self, expected: &Expected) -> Verdict {
        let root = state_root(self.pre_state);
        if root == expected.state_root || self.root_with_beneficiary() == Some(expected.state_root) {
            return Verdict::Passed;
        }
        let expected = expected.state_root;
        Verdict::Failed(format!(
            "was refused as it has to be, but the file's pre-state gives state root {root}, expected {expected}"
        ))
    }

    /// The root of the state before, with an empty beneficiary; `None` where a reward of zero leaves none.
    fn root_with_beneficiary(&self) -> Option<B256> {
        let setting = &self.setting;
        let beneficiary = setting.header.beneficiary;
        let keeps_empty = !setting
            .spec
            .is_spurious_dragon_active_at_block(setting.header.number);
        if !keeps_empty || self.pre_state.account(&beneficiary).is_some() {
            return None;
        }
        let mut state = self.pre_state.clone();
        state.insert_account(beneficiary, U256::ZERO, 0, Bytes::new(), []);
        Some(state_root(&state))
    }
}

fn logs_hash(logs: &[Log]) -> B256 {
    let mut list = Vec::new();
    alloy_rlp::encode_list(logs, &mut list);
    keccak256(list)
}
