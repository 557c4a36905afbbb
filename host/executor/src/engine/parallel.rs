//! Speculative parallel execution.
//!
//! Workers take transactions in the order of the block and execute them on what is known at that moment:
//! the state before the block and, through the [multi-version memory](versions), what transactions below
//! have written. [Committing](commit) is in order and decides.

mod balances;
mod batch;
mod commit;
mod contention;
mod database;
mod governor;
mod inference;
mod later;
mod plan;
mod read_ahead;
mod suspension;
pub(super) mod versions;
mod worker;

use super::{
    EngineOptions, EngineReport, Environment, Progress, access_list::given::Given, block_state::BlockState,
    prediction::selector, seems_transfer, sequential::Turn,
};
use crate::Error;
use alloy_consensus::Transaction;
use alloy_primitives::{Address, U256};
use batch::Batch;
use commit::Committer;
use contention::Contention;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use governor::{LARGEST_BATCH, Remembered};
use inference::TurnEngine;
use later::Later;
use metisvm_state::{BasicAccount, StateError};
use metisvm_vm::MetisEvmFactory;
use plan::{Claim, Expected, Planner};
use read_ahead::ReadingAhead;
use revm::DatabaseRef;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use suspension::{NAP, Suspensions, lock};
use versions::{Versions, Written};
use worker::{Speculated, Unfinished, Worker};

/// Turns of a waiting loop that burn the processor before it is given to somebody else.
const SPINS: u32 = 200;

/// So many transactions for each worker may be executed ahead of the committed ones: at first,
const FIRST: usize = 4;
/// once it is known that they do not collide,
const WIDE: usize = 64;
/// and so many while transactions collide, since what runs far ahead then runs on values that will change.
const NARROW: usize = 3;

/// Turns of the wait for the last worker, before the thread is put to sleep.
const LAST_SPINS: u32 = 2_000;

/// A batch is at most one of so many parts of what is left, for each worker.
const SHARE: usize = 3;

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const DONE: u8 = 2;
const COMMITTED: u8 = 3;

/// What an engine keeps from block to block. It changes speed only.
#[derive(Debug, Default)]
pub(super) struct Memory {
    contention: Contention,
    remembered: Mutex<Remembered>,
}

/// A kind of call: the contract that a transaction calls and the function, by its selector.
type CallKey = (Address, [u8; 4]);

/// When a transaction will have made the write that it is expected to make.
enum Prospect {
    /// It is being executed.
    Soon,
    /// It has yet to be executed, once more.
    Later,
    /// It will not.
    Settled,
}

/// One transaction on its way.
struct Slot {
    status: AtomicU8,
    /// Where a batch that begins here ends.
    end: AtomicUsize,
    speculated: Mutex<Option<Speculated>>,
}

/// What the workers share.
struct Shared<'e, S> {
    environment: &'e Environment<'e>,
    /// The state before the first transaction.
    base: BlockState<'e, S>,
    versions: Versions,
    /// The access list that came with the block: what is read there needs no versions.
    given: Option<Given<'e>>,
    /// The access list of the block is made: every transaction is committed by itself, with all it touched.
    recording: bool,
    /// What has been learnt, unless that is switched off.
    contention: Option<&'e Contention>,
    suspensions: Arc<Suspensions>,
    /// Makes the EVM of transactions that are executed in their turn.
    in_turn: MetisEvmFactory,
    slots: Box<[Slot]>,
    /// The next transaction that nobody has taken yet.
    next: AtomicUsize,
    /// Transactions that have been taken and are executed later.
    later: Later,
    /// Transactions whose speculation was thrown away before their turn came.
    overtaken: AtomicU64,
    /// Transactions that were executed speculatively once more.
    executed_again: AtomicU64,
    /// So far ahead of the committed ones may be executed.
    window: AtomicUsize,
    /// So many transactions make up a batch.
    batch: AtomicUsize,
    workers: usize,
    adaptive: bool,
    /// Held by the worker that takes transactions of which something is foretold.
    planner: Mutex<Planner>,
    /// How often the predictor was shown what a call does.
    lessons: AtomicU32,
    /// How long that took, in nanoseconds.
    lesson_time: AtomicU64,
    started: Instant,
    /// Reading the state takes time in this block.
    slow: AtomicBool,
    /// Where delays come from, if any are wanted.
    jitter: Option<u64>,
    /// All below are committed.
    committed: AtomicUsize,
    /// The block begins in sequence, until a second worker is awake.
    begins_alone: bool,
    /// None is yet.
    alone: AtomicBool,
    /// What is not taken yet is to run in sequence.
    in_sequence: AtomicBool,
    /// Nothing more is to be done: the block is complete, or has failed.
    stop: AtomicBool,
}

impl<S> Shared<'_, S> {
    /// A slot has got a new value by transaction `from`: what was executed above on another value is to be
    /// executed again.
    fn recheck_slot(&self, from: usize, address: Address, slot: U256) {
        self.recheck(from, |index, batch| {
            let read = batch
                .reads
                .iter()
                .find(|read| read.slot == slot && batch.accounts[read.place].0.address == address)?;
            Some(self.versions.reads(&address, &slot, index, read.value))
        });
    }

    /// The same for an account, which is now as given.
    fn recheck_account(&self, from: usize, address: Address, now: Option<BasicAccount>) {
        self.recheck(from, |_, batch| {
            let (account, _) = batch
                .accounts
                .iter()
                .find(|(account, _)| account.address == address)?;
            Some(account.seen.holds(now))
        });
    }

    /// Has executed batches above `from` run again for which `holds` says no; `None` is for those that have
    /// not read the value in question.
    fn recheck(&self, from: usize, holds: impl Fn(usize, &Batch) -> Option<bool>) {
        if self.given.is_some() {
            // They would read the same once more.
            return;
        }
        let end = self.next.load(Ordering::Acquire);
        for index in from + 1..end {
            let at = &self.slots[index];
            if at.status.load(Ordering::Acquire) != DONE {
                continue;
            }
            let mut speculated = lock(&at.speculated);
            let Some(Speculated::Executed(batch)) = &*speculated else {
                continue;
            };
            if at.status.load(Ordering::Acquire) != DONE {
                continue;
            }
            if holds(index, batch) != Some(false) {
                continue;
            }
            let published: Vec<_> = batch
                .written()
                .map(|(address, slot, _)| (address, slot))
                .collect();
            for (address, slot) in &published {
                self.versions.doubt_slot(*address, *slot, index);
            }
            let transactions = batch.results.len() as u64;
            self.overtaken.fetch_add(transactions, Ordering::Relaxed);
            *speculated = Some(Speculated::Overtaken(published));
            at.status.store(WAITING, Ordering::Release);
            drop(speculated);
            self.run_later(index, None);
        }
    }

    /// Takes back what was expected to be written, and was not.
    fn withdraw(&self, first: usize, expected: &[Expected]) {
        for write in expected {
            self.versions.remove_slot(write.address, write.slot, first);
            if let Some(value) = write.value
                && !self.versions.reads(&write.address, &write.slot, first + 1, value)
            {
                self.recheck_slot(first, write.address, write.slot);
            }
        }
    }

    /// Has a transaction that was taken executed later: when `on` has run, where it waits for one.
    fn run_later(&self, index: usize, on: Option<usize>) {
        self.slots[index].status.store(WAITING, Ordering::Release);
        self.later.put(index, on);
    }

    /// How far ahead of the committed transactions workers may go from now on.
    fn set_window(&self, collisions: bool) {
        let each = if collisions { NARROW } else { WIDE };
        self.window.store(each * self.workers, Ordering::Relaxed);
    }

    /// Lets time pass, where a test wants the workers in every possible order.
    fn delay(&self, place: u64) {
        let Some(seed) = self.jitter else { return };
        let word = random(seed, place);
        match word % 8 {
            0 => std::thread::sleep(std::time::Duration::from_micros(word >> 8 & 0x7f)),
            1 | 2 => std::thread::yield_now(),
            3 => (0..word >> 8 & 0xfff).for_each(|_| core::hint::spin_loop()),
            _ => {}
        }
    }

    /// Whether no second worker is awake yet.
    fn is_alone(&self) -> bool {
        self.alone.load(Ordering::Acquire)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The kind of call that a transaction is, if it is one.
    fn call_key(&self, transaction: usize) -> Option<CallKey> {
        let transaction = self.environment.transactions.get(transaction)?;
        Some((transaction.to()?, selector(transaction.input())))
    }

    /// Whether a transaction is a transfer of ether, as far as its fields say.
    fn is_transfer(&self, index: usize) -> bool {
        self.environment
            .transactions
            .get(index)
            .is_some_and(|transaction| seems_transfer(transaction))
    }

    /// Takes transactions to execute: those that have to run again before new ones, and between them one that
    /// can go on.
    fn claim(&self) -> Option<Claim>
    where
        S: DatabaseRef<Error = StateError> + Sync,
    {
        let settled = |on| matches!(self.prospect(on), Prospect::Settled);
        let waiting = self.later.take(settled);
        if let Some(index) = waiting.or_else(|| self.suspensions.resume()) {
            return Some(self.claim_again(index));
        }
        let claim = if self.in_sequence.load(Ordering::Relaxed) {
            None
        } else {
            self.claim_new(self.ahead(self.window.load(Ordering::Relaxed)))
        };
        claim.or_else(|| {
            // Nothing else to do: what comes before the read that it waits for can be done meanwhile.
            let soon = |on| !matches!(self.prospect(on), Prospect::Later);
            self.later.take(soon).map(|index| self.claim_again(index))
        })
    }

    /// The first transaction that is too far ahead of the committed ones, where so many may be.
    fn ahead(&self, window: usize) -> usize {
        let end = self.committed.load(Ordering::Acquire) + window;
        end.min(self.slots.len())
    }

    fn count_again(&self, transactions: usize) {
        self.executed_again
            .fetch_add(transactions as u64, Ordering::Relaxed);
    }

    /// What has run before is expected to write what it wrote then.
    fn claim_again(&self, index: usize) -> Claim {
        let slot = &self.slots[index];
        let expected = match lock(&slot.speculated).take() {
            Some(Speculated::Overtaken(published)) => {
                self.count_again(slot.end.load(Ordering::Acquire) - index);
                let expected = published.into_iter().map(|(address, slot)| {
                    let estimate = Written::Estimate(None);
                    self.versions.write_slot(address, slot, index, estimate);
                    Expected {
                        address,
                        slot,
                        value: None,
                    }
                });
                expected.collect()
            }
            _ => Vec::new(),
        };
        Claim {
            range: index..slot.end.load(Ordering::Acquire),
            expected,
            lesson: None,
        }
    }

    /// How many transactions a worker takes that begins with this one.
    fn batch_size(&self, first: usize) -> usize {
        if self.recording {
            return 1;
        }
        match self.jitter {
            // Smaller batches towards the end of the block, so that the workers end together.
            None => {
                let most = if self.is_transfer(first) {
                    LARGEST_BATCH
                } else {
                    self.batch.load(Ordering::Relaxed)
                };
                most.min((self.slots.len() - first) / (SHARE * self.workers))
                    .max(1)
            }
            Some(seed) => (seed as usize ^ first.wrapping_mul(7)) % LARGEST_BATCH + 1,
        }
    }

    /// True where the next thing to be committed is there: an executed transaction, or a stretch that is to
    /// run in sequence.
    fn ready(&self, index: usize) -> bool {
        let Some(slot) = self.slots.get(index) else {
            return false;
        };
        slot.status.load(Ordering::Acquire) == DONE
            || (self.in_sequence.load(Ordering::Relaxed) && self.next.load(Ordering::Acquire) == index)
    }

    /// What may be expected of the write that a transaction is to make.
    fn prospect(&self, transaction: usize) -> Prospect {
        match self.slots[transaction].status.load(Ordering::Acquire) {
            RUNNING => Prospect::Soon,
            WAITING => Prospect::Later,
            _ => Prospect::Settled,
        }
    }

    /// What a worker does that finds nothing to execute. Where the next transaction to be committed waits for
    /// an inference, and everything else is done, this worker waits with it: its turn has come.
    fn idle(&self, turns: &mut u32) {
        let index = self.committed.load(Ordering::Acquire);
        if self.suspensions.unpark(index) {
            let slot = &self.slots[index];
            *lock(&slot.speculated) = Some(Speculated::Deferred);
            slot.status.store(DONE, Ordering::Release);
        } else if *turns >= SPINS && self.suspensions.any() {
            std::thread::sleep(NAP);
        } else {
            Self::pause(turns);
        }
    }

    fn pause(turns: &mut u32) {
        *turns += 1;
        if *turns < SPINS {
            core::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
    }
}

/// A number for tests that want every order of events: SplitMix64's mixing of a few that differ from call to
/// call.
fn random(seed: u64, place: u64) -> u64 {
    let now = std::time::UNIX_EPOCH
        .elapsed()
        .map_or(0, |elapsed| elapsed.as_nanos() as u64);
    let mut word = seed ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ now;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Executes the block's transactions on the pool and the calling thread, and commits them to `state`.
pub(super) fn execute<'e, S>(
    environment: &'e Environment<'e>,
    pool: &rayon::ThreadPool,
    options: &EngineOptions,
    memory: &'e Memory,
    state: &mut BlockState<'e, S>,
    progress: &mut Progress,
) -> Result<EngineReport, Error>
where
    S: DatabaseRef<Error = StateError> + Sync,
{
    let count = environment.transactions.len();
    let workers = pool.current_num_threads().min(count).max(1);
    let given = environment.given.map(Given::new);
    let remembered = if options.adaptive && given.is_none() {
        *lock(&memory.remembered)
    } else {
        Remembered::default()
    };
    let suspensions = Suspensions::new(environment.factory, count, workers);
    // Where inferences are made, transactions are to come up for them together from the start.
    let inferring = environment.factory.engine().is_some();
    let plain = given.is_none() && options.jitter.is_none() && !inferring;
    let begins_alone = options.adaptive && plain && workers > 1;
    let shared = Shared {
        environment,
        base: state.clone(),
        versions: Versions::new(),
        contention: (options.prediction && given.is_none()).then_some(&memory.contention),
        in_turn: TurnEngine::factory(&suspensions, environment.factory),
        suspensions,
        slots: (0..count)
            .map(|_| Slot {
                status: AtomicU8::new(WAITING),
                end: AtomicUsize::new(0),
                speculated: Mutex::new(None),
            })
            .collect(),
        next: AtomicUsize::new(0),
        later: Later::default(),
        overtaken: AtomicU64::new(0),
        executed_again: AtomicU64::new(0),
        window: AtomicUsize::new(workers * if given.is_some() { WIDE } else { FIRST }),
        given,
        recording: state.records(),
        batch: AtomicUsize::new(remembered.batches.size),
        workers,
        adaptive: options.adaptive,
        planner: Mutex::default(),
        lessons: AtomicU32::new(0),
        lesson_time: AtomicU64::new(0),
        started: Instant::now(),
        slow: AtomicBool::new(false),
        jitter: options.jitter,
        committed: AtomicUsize::new(0),
        begins_alone,
        alone: AtomicBool::new(true),
        in_sequence: AtomicBool::new(begins_alone || remembered.stretch > 0),
        stop: AtomicBool::new(count == 0),
    };
    let commit = Mutex::new((Committer::new(state, progress, remembered), Ok(())));
    let at_work = AtomicUsize::new(workers - 1);
    let reading = ReadingAhead::new(&shared, options.read_ahead);
    pool.in_place_scope(|scope| {
        for _ in 1..workers {
            scope.spawn(|_| {
                shared.alone.store(false, Ordering::Release);
                work(&shared, &commit);
                at_work.fetch_sub(1, Ordering::Release);
            });
        }
        match &reading {
            Some(reading) => reading.during(|| work(&shared, &commit)),
            None => work(&shared, &commit),
        }
        // The others end within microseconds: waking up again would take longer than waiting here.
        let mut waited = 0;
        while at_work.load(Ordering::Acquire) > 0 && waited < LAST_SPINS {
            Shared::<S>::pause(&mut waited);
        }
    });
    let (committer, outcome) = commit.into_inner().unwrap_or_else(PoisonError::into_inner);
    if shared.given.is_none() {
        *lock(&memory.remembered) = committer.remember();
    }
    let report = EngineReport {
        suspended: shared.suspensions.count(),
        aborts: committer.tally.aborts + shared.overtaken.load(Ordering::Relaxed),
        reexecuted: committer.tally.reexecuted + shared.executed_again.load(Ordering::Relaxed),
        read_ahead: reading.map_or(0, |reading| reading.asked()),
        ..committer.tally
    };
    outcome.map(|()| report)
}

/// Lets the other workers end where one panics; the panic itself reaches the caller through the pool.
struct StopOnPanic<'s>(&'s AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

type Commit<'c, 'e, S> = Mutex<(Committer<'c, 'e, S>, Result<(), Error>)>;

fn work<'e, S>(shared: &Shared<'e, S>, commit: &Commit<'_, 'e, S>)
where
    S: DatabaseRef<Error = StateError> + Sync,
{
    let _stop = StopOnPanic(&shared.stop);
    let mut worker = Worker::new(shared);
    let mut turn = None;
    let mut waited = 0;
    while !shared.stopped() {
        if commit_ready(shared, &mut turn, commit) {
            waited = 0;
            continue;
        }
        let Some(claim) = shared.claim() else {
            shared.idle(&mut waited);
            continue;
        };
        waited = 0;
        speculate(shared, &mut worker, claim);
    }
}

/// Executes the transactions of a claim, in as many batches as it takes.
fn speculate<'e, S>(shared: &Shared<'e, S>, worker: &mut Worker<'_, 'e, S>, mut claim: Claim)
where
    S: DatabaseRef<Error = StateError> + Sync,
{
    let first = claim.range.start;
    while !claim.range.is_empty() && !shared.stopped() {
        let index = claim.range.start;
        let slot = &shared.slots[index];
        shared.delay(index as u64);
        slot.status.store(RUNNING, Ordering::Release);
        let speculated = worker.speculate(&mut claim);
        shared.delay(index as u64);
        match speculated {
            Ok((speculated, end)) => {
                claim.range.start = end;
                if claim.range.is_empty() {
                    shared.withdraw(first, &claim.expected);
                }
                slot.end.store(end, Ordering::Release);
                *lock(&slot.speculated) = Some(speculated);
                slot.status.store(DONE, Ordering::Release);
            }
            Err(unfinished) => {
                claim.range.start = index + 1;
                if claim.range.is_empty() {
                    shared.withdraw(first, &claim.expected);
                }
                slot.end.store(index + 1, Ordering::Release);
                match unfinished {
                    Unfinished::Suspended(ticket) => {
                        // In this order: once it is parked, another worker may have it running.
                        slot.status.store(WAITING, Ordering::Release);
                        shared.suspensions.park(index, ticket);
                        // Others have to come up for inference meanwhile, so that the device gets them
                        // together.
                        shared.set_window(false);
                    }
                    Unfinished::Behind(on) => {
                        shared.count_again(1);
                        shared.run_later(index, Some(on));
                    }
                }
            }
        }
    }
}

/// Commits what is ready, if nobody else is at it. True where something was.
fn commit_ready<'e, S>(
    shared: &Shared<'e, S>,
    turn: &mut Option<Turn<'e, S>>,
    commit: &Commit<'_, 'e, S>,
) -> bool
where
    S: DatabaseRef<Error = StateError> + Sync,
{
    if !shared.ready(shared.committed.load(Ordering::Acquire)) {
        return false;
    }
    let Ok(mut guard) = commit.try_lock() else {
        return false;
    };
    let (committer, outcome) = &mut *guard;
    let mut any = false;
    loop {
        let index = shared.committed.load(Ordering::Acquire);
        if shared.stopped() || !shared.ready(index) {
            return any;
        }
        any = true;
        shared.suspensions.turn(index);
        let end = match committer.advance(shared, turn, index) {
            Ok(end) => end,
            Err(error) => {
                *outcome = Err(error);
                shared.stop.store(true, Ordering::Relaxed);
                return true;
            }
        };
        shared.suspensions.release(index..end);
        for slot in &shared.slots[index..end] {
            slot.status.store(COMMITTED, Ordering::Release);
        }
        shared.committed.store(end, Ordering::Release);
        if end == shared.slots.len() {
            shared.stop.store(true, Ordering::Relaxed);
        }
    }
}
