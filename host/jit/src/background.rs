//! Threads that compile what is hot, and write it to disk.

use crate::{
    Counters, JitError, JitOptions,
    budget::Budget,
    builder::{Builder, Built, Caller, timed},
    code::Generator,
    contract::Contract,
};
use revm::bytecode::Bytecode;
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// So many requests wait at most. What is dropped beyond it is asked for again when it is reached again.
const MAX_REQUESTS: usize = 4096;

/// So much bytecode waits at most, in bytes: the queue holds it, whoever else does or does not.
const MAX_WAITING_BYTES: usize = 32 << 20;

/// So many contracts wait to be written at most. One that is dropped beyond it is written when more of it is compiled.
const MAX_UNSAVED: usize = 4096;

/// How long after its first new region a contract is written, so that a file holds what is compiled in a row.
const SAVE_DELAY: Duration = Duration::from_secs(1);

/// How long the end of the process may wait for files to be written.
const LAST_SAVES: Duration = Duration::from_secs(5);

/// How much less urgent than the process its compiling threads are, as `nice` has it: they have what others leave.
const NICENESS: i32 = 10;

/// The queue of what is to be compiled and written, with the threads that do it. Without threads only files wait, until
/// somebody settles it.
#[derive(Debug)]
pub(crate) struct Background<G: Generator> {
    shared: Arc<Shared<G>>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared<G: Generator> {
    builder: Arc<Builder<G>>,
    /// Regions are compiled as soon as they are reached.
    eager: bool,
    queue: Mutex<Queue<G::Code>>,
    /// Something is to be done, or sooner.
    work: Condvar,
    /// A thread has done something.
    done: Condvar,
}

#[derive(Debug)]
struct Queue<C> {
    requests: VecDeque<Request<C>>,
    /// Bytecode in `requests`, in bytes.
    waiting_bytes: usize,
    /// Contracts to be written, and from when on.
    unsaved: VecDeque<(Instant, Arc<Contract<C>>)>,
    /// The folder on disk is to be brought within its bound.
    trim: bool,
    /// Threads that do something.
    running: usize,
    /// Callers that wait for everything to be done; no budget and no delay is kept meanwhile.
    settling: usize,
    stopping: bool,
    dropped: u64,
    budget: Budget,
}

/// What is to be compiled.
#[derive(Debug)]
enum Request<C> {
    /// A contract is to be analysed; its first region compiled where regions are as soon as they are reached.
    Contract(Arc<Contract<C>>, Bytecode),
    /// A region.
    Region(Arc<Contract<C>>, usize),
}

impl<C> Request<C> {
    /// Bytecode that it holds, in bytes.
    fn bytes(&self) -> usize {
        match self {
            Self::Contract(_, bytecode) => bytecode.len(),
            Self::Region(..) => 0,
        }
    }
}

/// What a thread does next.
enum Job<C> {
    Build(Request<C>),
    Save(Arc<Contract<C>>),
    Trim,
}

impl<G: Generator> Background<G> {
    /// A queue with so many threads.
    pub(crate) fn new(
        builder: Arc<Builder<G>>,
        threads: usize,
        options: &JitOptions,
    ) -> Result<Self, JitError> {
        let queue = Queue {
            requests: VecDeque::new(),
            waiting_bytes: 0,
            unsaved: VecDeque::new(),
            trim: builder.has_disk(),
            running: 0,
            settling: 0,
            stopping: false,
            dropped: 0,
            budget: Budget::new(options.budget_percent, Instant::now()),
        };
        let shared = Arc::new(Shared {
            builder,
            eager: options.hot_region <= 1,
            queue: Mutex::new(queue),
            work: Condvar::new(),
            done: Condvar::new(),
        });
        let mut background = Self {
            shared: shared.clone(),
            threads: Vec::with_capacity(threads),
        };
        for number in 0..threads {
            let shared = shared.clone();
            let named = thread::Builder::new().name(format!("jit-{number}"));
            let thread = named
                .spawn(move || shared.work())
                .map_err(|error| JitError::Compiler(format!("no thread for it: {error}")))?;
            background.threads.push(thread);
        }
        Ok(background)
    }

    /// Asks for a contract; false if too many requests wait.
    pub(crate) fn request(&self, contract: &Arc<Contract<G::Code>>, bytecode: &Bytecode) -> bool {
        self.push(Request::Contract(contract.clone(), bytecode.clone()))
    }

    /// Asks for a region; false if too many requests wait.
    pub(crate) fn request_region(&self, contract: &Arc<Contract<G::Code>>, region: usize) -> bool {
        self.push(Request::Region(contract.clone(), region))
    }

    /// Has a contract written soon, of which something was compiled.
    pub(crate) fn save(&self, contract: &Arc<Contract<G::Code>>) {
        self.shared.save(contract);
    }

    /// Waits until nothing is to be done. What is asked for meanwhile is waited for as well.
    pub(crate) fn settle(&self) {
        if self.threads.is_empty() {
            self.shared.finish(None);
            return;
        }
        let mut queue = self.shared.queue();
        queue.settling += 1;
        self.shared.work.notify_all();
        while !queue.is_done() {
            queue = self
                .shared
                .done
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        queue.settling -= 1;
    }

    pub(crate) fn add_to(&self, counters: &mut Counters) {
        counters.dropped_requests += self.shared.queue().dropped;
    }

    fn push(&self, request: Request<G::Code>) -> bool {
        let mut queue = self.shared.queue();
        let bytes = queue.waiting_bytes.saturating_add(request.bytes());
        if queue.requests.len() >= MAX_REQUESTS || bytes > MAX_WAITING_BYTES {
            queue.dropped += 1;
            return false;
        }
        queue.waiting_bytes = bytes;
        queue.requests.push_back(request);
        drop(queue);
        self.shared.work.notify_one();
        true
    }
}

impl<G: Generator> Drop for Background<G> {
    /// Ends the threads after what they are about, and writes what is not written, within a time.
    fn drop(&mut self) {
        self.shared.queue().stopping = true;
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing more to say.
            let _ = thread.join();
        }
        self.shared.finish(Some(Instant::now() + LAST_SAVES));
    }
}

impl<G: Generator> Shared<G> {
    fn queue(&self) -> MutexGuard<'_, Queue<G::Code>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread does all its life.
    fn work(&self) {
        // Where the priority cannot be lowered, the budget alone holds.
        let _ = rustix::process::nice(NICENESS);
        while let Some(job) = self.next() {
            let _running = Running(self);
            // The compiler's panics are dealt with where it is called. Whatever else panics must not end the thread either.
            let (_, time) = timed(|| catch_unwind(AssertUnwindSafe(|| self.perform(job))));
            self.queue().budget.spend(time, Instant::now());
        }
    }

    /// Waits for something to do; `None` when the thread is to end.
    fn next(&self) -> Option<Job<G::Code>> {
        let mut queue = self.queue();
        loop {
            if queue.stopping {
                return None;
            }
            let now = Instant::now();
            match queue.take(now) {
                Ok(job) => {
                    queue.running += 1;
                    return Some(job);
                }
                Err(Some(delay)) => {
                    let waited = self.work.wait_timeout(queue, delay);
                    queue = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Err(None) => queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn perform(&self, job: Job<G::Code>) {
        match job {
            Job::Build(Request::Contract(contract, bytecode)) => {
                if contract.is_evicted() {
                    return;
                }
                self.builder.prepare(&contract, &bytecode, Caller::Aside);
                if self.eager {
                    self.build(&contract, 0);
                }
            }
            Job::Build(Request::Region(contract, region)) => self.build(&contract, region),
            // What fails is counted.
            Job::Save(contract) => _ = self.builder.save(&contract),
            Job::Trim => self.builder.trim(),
        }
    }

    fn build(&self, contract: &Arc<Contract<G::Code>>, region: usize) {
        if contract.is_evicted() {
            return;
        }
        if let Some(Some(ready)) = contract.prepared()
            && self.builder.region(contract, ready, region, Caller::Aside) == Built::Compiled
        {
            self.save(contract);
        }
    }

    fn save(&self, contract: &Arc<Contract<G::Code>>) {
        if !self.builder.has_disk() || !contract.mark_unsaved() {
            return;
        }
        let mut queue = self.queue();
        if queue.unsaved.len() >= MAX_UNSAVED {
            contract.mark_saved();
            return;
        }
        queue
            .unsaved
            .push_back((Instant::now() + SAVE_DELAY, contract.clone()));
        drop(queue);
        self.work.notify_one();
    }

    /// Brings all to disk, in this thread, as far as it is possible until then.
    fn finish(&self, until: Option<Instant>) {
        while until.is_none_or(|until| Instant::now() < until) {
            let mut queue = self.queue();
            let Some((_, contract)) = queue.unsaved.pop_front() else {
                return;
            };
            drop(queue);
            // What fails is counted.
            let _ = self.builder.save(&contract);
        }
    }
}

impl<C> Queue<C> {
    fn is_done(&self) -> bool {
        self.requests.is_empty() && self.unsaved.is_empty() && !self.trim && self.running == 0
    }

    /// What is to be done now; otherwise how long nothing is, unless something comes.
    fn take(&mut self, now: Instant) -> Result<Job<C>, Option<Duration>> {
        let hurries = self.settling > 0;
        let delay = if hurries {
            Duration::ZERO
        } else {
            self.budget.delay(now)
        };
        let due = self
            .unsaved
            .front()
            .map(|(due, _)| due.saturating_duration_since(now));
        let nothing = self.requests.is_empty() && due.is_none() && !self.trim;
        if nothing {
            return Err(None);
        }
        if !delay.is_zero() {
            return Err(Some(delay));
        }
        // A file waits for its time, but not for the end of requests, which may never come.
        if due.is_some_and(|due| due.is_zero() || (hurries && self.requests.is_empty()))
            && let Some((_, contract)) = self.unsaved.pop_front()
        {
            return Ok(Job::Save(contract));
        }
        if let Some(request) = self.requests.pop_front() {
            self.waiting_bytes -= request.bytes();
            return Ok(Job::Build(request));
        }
        if self.trim {
            self.trim = false;
            return Ok(Job::Trim);
        }
        Err(due)
    }
}

/// Counts a thread out when it is done, also if it panics.
struct Running<'a, G: Generator>(&'a Shared<G>);

impl<G: Generator> Drop for Running<'_, G> {
    fn drop(&mut self) {
        self.0.queue().running -= 1;
        self.0.done.notify_all();
    }
}

#[cfg(test)]
mod tests;
