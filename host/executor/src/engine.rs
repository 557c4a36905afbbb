//! The block engine: executes a block over the state before it, on several threads where that gains, and
//! always with the result of sequential execution.

mod access_list;
mod block_state;
mod hashes;
mod journal;
mod keccak;
mod parallel;
mod prediction;
mod progress;
mod remembering;
mod sequential;
mod transfer;

use crate::{
    BlockInput, BlockOutcome, Error, Threads, system,
    validity::{SizeLimit, check_input},
};
pub use access_list::{access_list_hash, build_access_list};
use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_eips::eip7928::AccountChanges;
use alloy_evm::{EvmEnv, EvmFactory};
use alloy_primitives::B256;
use block_state::BlockState;
use core::sync::atomic::{AtomicBool, Ordering};
use hashes::Hashes;
use metisvm_state::{BaseState, ReadAhead, StateChanges, StateError};
use metisvm_vm::MetisEvmFactory;
use progress::{Invalid, Progress};
pub use remembering::{Remembering, remember_hashes};
use revm::{DatabaseRef, context_interface::result::ExecutionResult, primitives::hardfork::SpecId};
use std::time::{Duration, Instant};

/// With so little gas beside plain transfers a block is done before another thread is awake.
const SMALL_GAS: u64 = 1_500_000;
/// With fewer transactions there is too little to share.
const SMALL_TRANSACTIONS: usize = 6;

/// What a transfer of ether uses (EIP-2028 and before).
const TRANSFER_GAS: u64 = 21_000;
/// How many senders are read to see how long a read takes,
const PROBES: usize = 4;
/// and how long one may take to count as quick.
const QUICK_READ: Duration = Duration::from_micros(3);

/// Threads that read ahead: the requests at a time from which a disk gains most.
const READERS: usize = 8;

/// What holds for every transaction of a block.
struct Environment<'a> {
    factory: &'a MetisEvmFactory,
    evm_env: EvmEnv,
    spec_id: SpecId,
    transactions: &'a [Recovered<TxEnvelope>],
    hashes: &'a Hashes,
    /// The access list that came with the block.
    given: Option<&'a [AccountChanges]>,
    /// How to read ahead of execution, where that is of use.
    ahead: Option<&'a dyn ReadAhead>,
}

impl Environment<'_> {
    /// True where threads cannot pay: few transactions, or little gas by its limits beside plain transfers,
    /// which cost less than handing them to another thread. That only where reading the state is quick;
    /// waiting for storage is always worth sharing.
    fn prefers_sequence<S: DatabaseRef<Error = StateError>>(&self, state: &BlockState<'_, S>) -> bool {
        let transactions = self.transactions;
        let count = transactions.len();
        if count < 2 {
            return true;
        }
        let mut gas: u64 = 0;
        let mut little = |limit: u64| {
            gas = gas.saturating_add(limit);
            gas < SMALL_GAS
        };
        let few = count < SMALL_TRANSACTIONS;
        let calls = transactions
            .iter()
            .filter(|transaction| !transaction.input().is_empty());
        if !few && !calls.map(|call| call.gas_limit()).all(&mut little) {
            return false;
        }
        let started = Instant::now();
        let probes = transactions.iter().take(PROBES);
        let reads = probes.map(|transaction| state.basic_ref(transaction.signer()).is_ok());
        let reads = u32::try_from(reads.count()).unwrap_or(u32::MAX);
        if started.elapsed() >= QUICK_READ * reads {
            return false;
        }
        // Ether sent with much gas: to a contract it is a call, else a transfer by a careful wallet.
        let gifts = transactions
            .iter()
            .filter(|transaction| transaction.input().is_empty() && !seems_transfer(transaction));
        let mut to_contracts = gifts.filter(|gift| {
            let account = gift.to().map(|to| state.basic_ref(to));
            matches!(account, Some(Ok(Some(account))) if !account.is_empty_code_hash())
        });
        few || to_contracts.all(|call| little(call.gas_limit()))
    }
}

/// Whether a transaction is a transfer of ether, as far as its fields say.
fn seems_transfer(transaction: &TxEnvelope) -> bool {
    transaction.input().is_empty() && transaction.gas_limit() < 2 * TRANSFER_GAS
}

/// How an engine works. None of it changes what a block does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// Learn from collisions and earlier blocks what calls are going to write.
    pub prediction: bool,
    /// Run stretches in sequence that do not gain from threads, and small blocks altogether.
    pub adaptive: bool,
    /// Delay workers at random, and cut batches by this seed: for tests, which want every order of events. The
    /// delays also depend on the clock, so a run cannot be repeated exactly.
    pub jitter: Option<u64>,
    /// Make the access list of every block (EIP-7928), not only from Amsterdam on.
    pub access_lists: bool,
    /// So many threads beside the workers read ahead of execution where that takes time. They mostly wait: a
    /// disk answers several requests in the time of one. 0 for none, 64 at most.
    pub read_ahead: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            prediction: true,
            adaptive: true,
            jitter: None,
            access_lists: false,
            read_ahead: READERS,
        }
    }
}

/// How a block was executed. Depends on the machine and on chance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineReport {
    /// Worker threads that it was given.
    pub threads: usize,
    /// Transactions that were executed speculatively and committed so.
    pub speculated: u64,
    /// Speculations of transactions that were thrown away: when their turn came, or before that, when one below
    /// wrote what they had read.
    pub aborts: u64,
    /// Executions of transactions beyond the first of each, but for those that a suspension began anew.
    pub reexecuted: u64,
    /// Transactions that were executed when their turn came, after an abort or because they could not be
    /// executed before.
    pub in_turn: u64,
    /// Transactions of stretches that ran in sequence by choice.
    pub sequential: u64,
    /// Transfers of ether that needed no EVM.
    pub transfers: u64,
    /// How often a transaction was suspended because it had to wait for an inference.
    pub suspended: u64,
    /// Transactions that had to wait for the call before theirs in their lane.
    pub queued: u64,
    /// Those of them that a stretch in sequence took over before anybody had begun with them.
    pub queued_in_sequence: u64,
    /// How long workers had nothing to do, all of them together.
    pub idle: Duration,
    /// Reads of committed speculations of a slot that a transaction below was foretold to write, and that waited
    /// for the write or took its foretold value; or that found what the call before theirs in its lane had written,
    /// where both were executed by themselves.
    pub predicted_hits: u64,
    /// Those of them that took the foretold value.
    pub run_ahead: u64,
    /// Keys (accounts, codes, slots) for which the source behind the cache was asked ahead of execution.
    pub read_ahead: u64,
}

/// The figures of several blocks together; `threads` is that of the last.
impl core::ops::AddAssign for EngineReport {
    fn add_assign(&mut self, other: Self) {
        // Taken apart, so that no figure is forgotten.
        let Self {
            threads,
            speculated,
            aborts,
            reexecuted,
            in_turn,
            sequential,
            transfers,
            suspended,
            queued,
            queued_in_sequence,
            idle,
            predicted_hits,
            run_ahead,
            read_ahead,
        } = other;
        self.threads = threads;
        self.speculated += speculated;
        self.aborts += aborts;
        self.reexecuted += reexecuted;
        self.in_turn += in_turn;
        self.sequential += sequential;
        self.transfers += transfers;
        self.suspended += suspended;
        self.queued += queued;
        self.queued_in_sequence += queued_in_sequence;
        self.idle += idle;
        self.predicted_hits += predicted_hits;
        self.run_ahead += run_ahead;
        self.read_ahead += read_ahead;
    }
}

/// What the execution of a block gave.
#[derive(Debug, Clone)]
pub struct Executed {
    /// Receipts, gas and the end of every transaction.
    pub outcome: BlockOutcome,
    /// What the block changed in the state.
    pub changes: StateChanges,
    /// How it was done.
    pub report: EngineReport,
}

/// A transaction that was left out of a block that is being built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its index among those offered.
    pub index: usize,
    /// Its hash.
    pub hash: B256,
    /// Why it cannot be included.
    pub problem: String,
}

/// What building a block gave.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The execution of the transactions that were included.
    pub executed: Executed,
    /// Their indexes among those offered, rising.
    pub included: Vec<usize>,
    /// Those that were left out.
    pub skipped: Vec<Skipped>,
}

/// Executes blocks.
///
/// Validation and building are the same execution; they differ in what a transaction means that may not be
/// in the block. The engine is kept from block to block, because it learns.
#[derive(Debug)]
pub struct BlockEngine {
    threads: Threads,
    options: EngineOptions,
    memory: parallel::Memory,
    hashes: Hashes,
}

impl BlockEngine {
    /// An engine with its threads.
    pub fn new(threads: Threads) -> Self {
        Self::with_options(threads, EngineOptions::default())
    }

    /// An engine that works in a certain way.
    pub fn with_options(threads: Threads, options: EngineOptions) -> Self {
        Self {
            threads,
            options,
            memory: parallel::Memory::default(),
            hashes: Hashes::default(),
        }
    }

    /// Its threads.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Executes a block over the state before it. A transaction that may not be in the block makes the
    /// block invalid; the error names the first. So does an access list that is not the one of the execution;
    /// the error says where it is wrong first.
    pub fn execute<S>(
        &self,
        factory: &MetisEvmFactory,
        block: BlockInput<'_>,
        base: &S,
    ) -> Result<Executed, Error>
    where
        S: BaseState,
    {
        self.run(factory, block, base, false)
            .map(|selected| selected.executed)
    }

    /// Executes those of the transactions that can be in the block, in the order given. An access list is not
    /// looked at: the block is still to be made.
    pub fn select<S>(
        &self,
        factory: &MetisEvmFactory,
        block: BlockInput<'_>,
        base: &S,
    ) -> Result<Selected, Error>
    where
        S: BaseState,
    {
        self.run(factory, block, base, true)
    }

    fn run<S>(
        &self,
        factory: &MetisEvmFactory,
        block: BlockInput<'_>,
        base: &S,
        skip_invalid: bool,
    ) -> Result<Selected, Error>
    where
        S: BaseState,
    {
        let started = Instant::now();
        let vast = AtomicBool::new(false);
        let mut selected = self.attempt(factory, block, base, skip_invalid, &vast, false);
        if vast.load(Ordering::Relaxed) {
            // A credit that overflows leaves the debit in revm's journal, where a later transaction would find it.
            // No chain has such balances; a block that reads one is executed with a journal for each transaction.
            selected = self.attempt(factory, block, base, skip_invalid, &vast, true);
        }
        let mut selected = selected?;
        selected.executed.outcome.execute_time = started.elapsed();
        Ok(selected)
    }

    /// Executes the block. `vast` is set where it reads an account of a vast balance; `one_by_one`: each
    /// transaction has a journal of its own.
    fn attempt<S>(
        &self,
        factory: &MetisEvmFactory,
        block: BlockInput<'_>,
        base: &S,
        skip_invalid: bool,
        vast: &AtomicBool,
        one_by_one: bool,
    ) -> Result<Selected, Error>
    where
        S: BaseState,
    {
        check_input(factory.spec(), &block, skip_invalid)?;
        let evm_env = factory.evm_env(block.header);
        let amsterdam = evm_env.cfg_env.spec.is_enabled_in(SpecId::AMSTERDAM);
        let given = block.access_list.filter(|_| !skip_invalid).map(Vec::as_slice);
        if let Some(given) = given {
            access_list::check::check(given, &block, amsterdam)?;
        }
        let environment = Environment {
            factory,
            spec_id: evm_env.cfg_env.spec,
            evm_env,
            transactions: block.transactions,
            hashes: &self.hashes,
            given,
            ahead: base.read_ahead(),
        };
        let mut state = BlockState::new(base, &self.hashes, vast);
        let listed = amsterdam || given.is_some() || self.options.access_lists;
        if listed || one_by_one {
            state.record();
        }
        let spec = factory.spec().as_ref();
        if system::has_start(spec, block.header) {
            let mut evm = factory.create_evm(&mut state, environment.evm_env.clone());
            system::before_transactions(&mut evm, spec, block.header)?;
        }
        let mut progress = if skip_invalid {
            let size_limit = SizeLimit::new(factory.spec(), block.header, block.withdrawals);
            Progress::selecting(&environment, size_limit)
        } else {
            Progress::new(&environment, false)
        };
        let tally = self.transactions(&environment, &mut state, &mut progress)?;
        state.next_step();
        let receipts = core::mem::take(&mut progress.receipts);
        let mut evm = factory.create_evm(&mut state, environment.evm_env.clone());
        let requests = system::after_transactions(&mut evm, spec, &block, &receipts)?;
        let access_list = state
            .take_access_list()
            .map_err(|error| Error::Node(error.to_string()))?;
        let access_list = access_list.filter(|_| listed);
        if let Some(list) = &access_list {
            if amsterdam {
                access_list::check::check_size(list, block.header.gas_limit)?;
            }
            let wrong = given.and_then(|given| access_list::difference::difference(given, list));
            wrong.map_or(Ok(()), |wrong| Err(Error::AccessList(wrong)))?;
        }
        let gas_used = progress.block_gas_used();
        let outcome = BlockOutcome {
            receipts,
            transactions: progress.transactions,
            requests,
            gas_used,
            blob_gas_used: progress.blob_gas_used,
            access_list,
            execute_time: Duration::ZERO,
        };
        let report = EngineReport {
            threads: self.threads.count(),
            ..tally
        };
        Ok(Selected {
            executed: Executed {
                outcome,
                changes: state.into_changes(),
                report,
            },
            included: progress.included,
            skipped: progress.skipped,
        })
    }

    /// Executes transactions in an environment without a block around them: no system calls, no rewards, no
    /// withdrawals, and no limits but those of each transaction. Gives what the EVM says of each. An error
    /// names the first that is not valid.
    pub(crate) fn execute_alone<S>(
        &self,
        factory: &MetisEvmFactory,
        evm_env: EvmEnv,
        transactions: &[Recovered<TxEnvelope>],
        base: &S,
    ) -> Result<(Vec<ExecutionResult>, StateChanges, EngineReport), Error>
    where
        S: BaseState,
    {
        let environment = Environment {
            factory,
            spec_id: evm_env.cfg_env.spec,
            evm_env,
            transactions,
            hashes: &self.hashes,
            given: None,
            ahead: base.read_ahead(),
        };
        let vast = AtomicBool::new(false);
        let attempt = |one_by_one: bool| {
            let mut state = BlockState::new(base, &self.hashes, &vast);
            if one_by_one {
                state.record();
            }
            let mut progress = Progress::alone(&environment);
            let report = self.transactions(&environment, &mut state, &mut progress)?;
            Ok((progress.into_results(), state.into_changes(), report))
        };
        let came = attempt(false);
        if vast.load(Ordering::Relaxed) {
            return attempt(true);
        }
        came
    }

    /// Executes the transactions, and nothing else that makes up a block.
    fn transactions<'e, S>(
        &'e self,
        environment: &'e Environment<'e>,
        state: &mut BlockState<'e, S>,
        progress: &mut Progress,
    ) -> Result<EngineReport, Error>
    where
        S: DatabaseRef<Error = StateError> + Sync,
    {
        match self.threads.pool() {
            Some(pool) if !(self.options.adaptive && environment.prefers_sequence(state)) => {
                parallel::execute(environment, pool, &self.options, &self.memory, state, progress)
            }
            _ => {
                sequential::execute(environment, state, progress)?;
                Ok(EngineReport {
                    sequential: environment.transactions.len() as u64,
                    ..EngineReport::default()
                })
            }
        }
    }
}
