//! Speculative parallel execution.
//!
//! Workers take transactions in the order of the block and execute them on what is known at that moment:
//! the state before the block and, through the [multi-version memory](versions), what transactions below
//! have written. [Committing](commit) is in order and decides.

mod balances;
mod batch;
mod claim;
mod commit;
mod database;
mod gate;
mod governor;
mod inference;
mod kinds;
mod lanes;
mod later;
mod plan;
mod read_ahead;
mod recheck;
mod suspension;
pub(super) mod versions;
mod worker;

use super::{
    EngineOptions, EngineReport, Environment, Progress, access_list::given::Given, block_state::BlockState,
    seems_transfer, sequential::Turn,
};
use crate::Error;
use alloy_primitives::Address;
use commit::Committer;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use gate::Gate;
use governor::Remembered;
use inference::TurnEngine;
use kinds::Kinds;
use lanes::Lanes;
use later::{Later, Until};
use metisvm_state::StateError;
use metisvm_vm::MetisEvmFactory;
use plan::{Claim, Planner};
use read_ahead::ReadingAhead;
use revm::DatabaseRef;
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};
use suspension::{NAP, Suspensions, lock};
use versions::Versions;
use worker::{Speculated, Unfinished, Worker};

/// Turns of a waiting loop that burn the processor before it is given to somebody else, where there are more threads
/// than processors.
const SPINS: u32 = 200;
/// After so many turns a waiting loop looks less often,
const EAGER: u32 = 32;
/// which is once in so many pauses of the processor.
const PAUSES: u32 = 16;
/// In so many turns the processor is offered once where there are enough of them: asking the system all the time slows
/// down those who work.
const OFFERS: u32 = 256;

/// So many transactions for each worker may be executed ahead of the committed ones: at first,
const FIRST: usize = 16;
/// once it is known that they do not collide,
const WIDE: usize = 64;
/// and so many while transactions collide, since what runs far ahead then runs on values that will change.
const NARROW: usize = 3;

/// After so many turns in which a worker had nothing to do, the time is counted.
const IDLE_TURNS: u32 = 16;

/// Turns of the wait for the last worker, before the thread is put to sleep.
const LAST_SPINS: u32 = 2_000;

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const DONE: u8 = 2;
const COMMITTED: u8 = 3;

/// What an engine keeps from block to block. It changes speed only.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kinds: Kinds,
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
    /// The last batch before it in its lane, plus one; 0 for none.
    after: AtomicUsize,
    /// The batch that begins here waits for another one of its lane, and nobody has begun with it.
    queued: AtomicBool,
    /// It has waited so.
    has_queued: AtomicBool,
    /// The predictor wants to see what the transaction does that begins here.
    lesson: AtomicBool,
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
    /// What has been learnt of calls, unless that is switched off.
    lanes: Option<Lanes<'e>>,
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
    /// Transactions that had to wait in their lane.
    queued: AtomicU64,
    /// So far ahead of the committed ones may be executed.
    window: AtomicUsize,
    /// So many transactions make up a batch.
    batch: AtomicUsize,
    workers: usize,
    /// There are fewer processors than workers.
    crowded: bool,
    adaptive: bool,
    /// Held by the worker that takes transactions of which something is foretold.
    planner: Mutex<Planner>,
    /// How long workers have had nothing to do while there might have been something, in nanoseconds,
    idle: AtomicU64,
    /// and how long they slept beside that, while there could be nothing: in a stretch in sequence, or waiting for
    /// inferences.
    slept: AtomicU64,
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
    /// Closed while a stretch runs in sequence.
    gate: Gate,
    /// Nothing more is to be done: the block is complete, or has failed.
    stop: AtomicBool,
}

impl<S> Shared<'_, S> {
    /// What is known of the calls of the block.
    fn lanes(&self) -> Option<&Lanes<'_>> {
        self.lanes.as_ref()
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

    /// How long workers have had nothing to do, all of them together, while there might have been something.
    fn idle_time(&self) -> Duration {
        Duration::from_nanos(self.idle.load(Ordering::Relaxed))
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether a transaction is a transfer of ether, as far as its fields say.
    fn is_transfer(&self, index: usize) -> bool {
        self.environment
            .transactions
            .get(index)
            .is_some_and(|transaction| seems_transfer(transaction))
    }

    /// What a worker does that finds nothing to execute. Where the next transaction to be committed waits for
    /// an inference, and everything else is done, this worker waits with it: its turn has come.
    fn idle(&self, idle: &mut Idle) {
        let index = self.committed.load(Ordering::Acquire);
        if self.suspensions.unpark(index) {
            let slot = &self.slots[index];
            *lock(&slot.speculated) = Some(Speculated::Deferred);
            slot.status.store(DONE, Ordering::Release);
        } else if idle.turns >= SPINS && self.suspensions.any() {
            idle.sleeps(&self.slept, || std::thread::sleep(NAP));
        } else if idle.turns >= EAGER && self.gate.is_closed() && !self.suspensions.any() {
            idle.sleeps(&self.slept, || self.gate.sleep());
        } else {
            self.pause(&mut idle.turns);
        }
    }

    fn pause(&self, turns: &mut u32) {
        *turns += 1;
        let offer = if self.crowded {
            *turns >= SPINS
        } else {
            turns.is_multiple_of(OFFERS)
        };
        if offer {
            std::thread::yield_now();
            return;
        }
        let pauses = if *turns < EAGER { 1 } else { PAUSES };
        (0..pauses).for_each(|_| core::hint::spin_loop());
    }
}

/// How many threads can run at the same time.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
}

/// A number for tests that want every order of events: SplitMix64's mixing of a few that differ from call to
/// call.
fn random(seed: u64, place: u64) -> u64 {
    let now = std::time::UNIX_EPOCH
        .elapsed()
        .map_or(0, |elapsed| elapsed.as_nanos() as u64);
    mixed(seed ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ now)
}

fn mixed(mut word: u64) -> u64 {
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
        lanes: (options.prediction && given.is_none())
            .then(|| Lanes::new(&memory.kinds, environment.transactions, inferring)),
        in_turn: TurnEngine::factory(&suspensions, environment.factory),
        suspensions,
        slots: (0..count)
            .map(|_| Slot {
                status: AtomicU8::new(WAITING),
                end: AtomicUsize::new(0),
                after: AtomicUsize::new(0),
                queued: AtomicBool::new(false),
                has_queued: AtomicBool::new(false),
                lesson: AtomicBool::new(false),
                speculated: Mutex::new(None),
            })
            .collect(),
        next: AtomicUsize::new(0),
        later: Later::default(),
        overtaken: AtomicU64::new(0),
        executed_again: AtomicU64::new(0),
        queued: AtomicU64::new(0),
        window: AtomicUsize::new(workers * if given.is_some() { WIDE } else { FIRST }),
        given,
        recording: state.records(),
        batch: AtomicUsize::new(remembered.batches.size),
        workers,
        crowded: workers > processors(),
        adaptive: options.adaptive,
        planner: Mutex::default(),
        idle: AtomicU64::new(0),
        slept: AtomicU64::new(0),
        lessons: AtomicU32::new(0),
        lesson_time: AtomicU64::new(0),
        started: Instant::now(),
        slow: AtomicBool::new(false),
        jitter: options.jitter,
        committed: AtomicUsize::new(0),
        begins_alone,
        alone: AtomicBool::new(true),
        in_sequence: AtomicBool::new(begins_alone || remembered.stretch > 0),
        gate: Gate::default(),
        stop: AtomicBool::new(count == 0),
    };
    let commit = Mutex::new((Committer::new(state, progress, remembered, workers), Ok(())));
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
            shared.pause(&mut waited);
        }
    });
    let (committer, outcome) = commit.into_inner().unwrap_or_else(PoisonError::into_inner);
    if shared.given.is_none() {
        *lock(&memory.remembered) = committer.remember();
    }
    let report = EngineReport {
        suspended: shared.suspensions.count(),
        queued: shared.queued.load(Ordering::Relaxed),
        idle: shared.idle_time() + Duration::from_nanos(shared.slept.load(Ordering::Relaxed)),
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

/// A worker has nothing to do.
#[derive(Debug, Default)]
struct Idle {
    turns: u32,
    since: Option<Instant>,
}

impl Idle {
    /// One more turn; now and then the time is counted.
    fn goes_on(&mut self, counted: &AtomicU64) {
        if self.turns.is_multiple_of(IDLE_TURNS) {
            let now = Instant::now();
            if let Some(since) = self.since.replace(now) {
                count(counted, now - since);
            }
        }
    }

    /// It sleeps, which is counted apart.
    fn sleeps(&mut self, counted: &AtomicU64, sleep: impl FnOnce()) {
        let since = Instant::now();
        sleep();
        count(counted, since.elapsed());
        self.since = None;
    }

    fn ends(&mut self) {
        *self = Self::default();
    }
}

fn count(to: &AtomicU64, time: Duration) {
    let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    to.fetch_add(time, Ordering::Relaxed);
}

type Commit<'c, 'e, S> = Mutex<(Committer<'c, 'e, S>, Result<(), Error>)>;

fn work<'e, S>(shared: &Shared<'e, S>, commit: &Commit<'_, 'e, S>)
where
    S: DatabaseRef<Error = StateError> + Sync,
{
    let _stop = StopOnPanic(&shared.stop);
    let mut worker = Worker::new(shared);
    let mut turn = None;
    let mut idle = Idle::default();
    while !shared.stopped() {
        if commit_ready(shared, &mut turn, commit) {
            idle.ends();
            continue;
        }
        let Some(claim) = shared.claim() else {
            idle.goes_on(&shared.idle);
            shared.idle(&mut idle);
            continue;
        };
        idle.ends();
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
                        shared.run_later(index, Until::Written(on));
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
        shared.suspensions.turn(index);
        let end = match committer.advance(shared, turn, index) {
            // It is to be executed once more: by whoever takes it, maybe this worker.
            Ok(end) if end == index => return any,
            Ok(end) => end,
            Err(error) => {
                *outcome = Err(error);
                shared.stop.store(true, Ordering::Relaxed);
                return true;
            }
        };
        any = true;
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

#[cfg(test)]
mod tests {
    use crate::{BlockEngine, BlockInput, Threads};
    use metisvm_workload::chains::{Scenario, WorkloadKind};

    /// Of a block that gains from threads, and begins in sequence as the one before it went.
    #[test]
    fn after_a_stretch_in_sequence_threads_are_tried_again() {
        const STRETCH: usize = 64;
        let scenario = Scenario::generate(WorkloadKind::Erc20Independent, 1_000, 1, 1).unwrap();
        let block = &scenario.blocks[0];
        // It takes a second worker that wakes up before the block is done.
        let again = (0..30).any(|_| {
            let engine = BlockEngine::new(Threads::new(2).unwrap());
            engine.memory.remembered.lock().unwrap().stretch = STRETCH;
            let block = BlockInput {
                header: &block.header,
                transactions: &block.transactions,
                withdrawals: Some(&[]),
                ommers: &[],
                access_list: None,
            };
            let executed = engine
                .execute(&scenario.factory(), block, &scenario.genesis)
                .unwrap();
            executed.report.sequential >= STRETCH as u64 && executed.report.speculated > 0
        });
        assert!(again);
    }
}
