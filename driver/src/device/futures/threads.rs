//! The threads that work for futures.

use super::super::Shared;
use super::super::pair::OnPair;
use super::super::ticket::Delivery;
use super::inbox::{Inbox, Task};
use super::no_thread;
use crate::error::DeviceError;
use crate::transport::TransportError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The clock looks sixteen times within a job's time, within these bounds.
const TICKS: u32 = 16;
const SHORTEST_TICK: Duration = Duration::from_millis(1);
const LONGEST_TICK: Duration = Duration::from_millis(100);

/// Starts them. They end by themselves, once there can be no more jobs.
pub(super) fn start(shared: &Arc<Shared>, inbox: &Arc<Inbox>) -> Result<(), DeviceError> {
    let submitted_all = Arc::new(AtomicBool::new(false));
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        let thread = thread::Builder::new().name(format!("metisvm-{name}"));
        thread.spawn(work).map(drop).map_err(no_thread)
    };
    let (ours, theirs) = (Arc::clone(shared), Arc::clone(inbox));
    spawn("clock", Box::new(move || keep_time(&ours, &theirs)))?;
    let (ours, theirs, all) = (Arc::clone(shared), Arc::clone(inbox), Arc::clone(&submitted_all));
    spawn("submit", Box::new(move || submit_all(&ours, &theirs, &all)))?;
    // Nearly all jobs are on the pair of the thread that submits, but one on a state is on that state's.
    for index in 0..shared.pairs.len() {
        let (ours, all) = (Arc::clone(shared), Arc::clone(&submitted_all));
        spawn("watch", Box::new(move || watch(&ours, index, &all)))?;
    }
    Ok(())
}

/// Does something with the card. A transport that panics ends the trust in it, and no thread that others need.
fn guarded(shared: &Arc<Shared>, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        let fault = TransportError::Gone("the link to it panicked".into());
        shared.condemn_and_tell(&fault.into());
    }
}

fn submit_all(shared: &Arc<Shared>, inbox: &Inbox, submitted_all: &AtomicBool) {
    loop {
        match inbox.next() {
            Task::Submit(request) => guarded(shared, || (request.submit)(shared)),
            Task::Cancel(pair, key) => guarded(shared, || shared.on(pair).cancel(key)),
            Task::End(device) => {
                submitted_all.store(true, Ordering::Relaxed);
                for on in shared.all_pairs() {
                    wake_watcher(on);
                }
                drop(device);
                return;
            }
        }
    }
}

/// Wakes the thread that watches a pair. Under the lock, so that it sees what it is woken for, or is asleep and woken.
fn wake_watcher(on: OnPair<'_>) {
    drop(on.lock());
    on.pair.watched.notify_all();
}

/// The pair whose watching thread unmaps what nobody uses any more.
const TIDY: usize = 0;

fn watch(shared: &Arc<Shared>, index: usize, submitted_all: &AtomicBool) {
    let on = shared.on(index);
    loop {
        guarded(shared, || shared.pool.tidy());
        let mut state = on.lock();
        // What the clock's deliveries have freed is unmapped here, as that may take its time.
        while state.jobs.watched() == 0 && !(index == TIDY && shared.pool.is_untidy()) {
            if submitted_all.load(Ordering::Relaxed) {
                return;
            }
            state = state.wait(&on.pair.watched, None);
        }
        if state.jobs.watched() == 0 {
            continue;
        }
        drop(state);
        guarded(shared, || {
            let (state, due) = on.wait_for(on.lock(), None, |state| {
                let due = state.jobs.take_due();
                (!due.is_empty() || state.jobs.watched() == 0).then_some(due)
            });
            // Before the doorbells: a hung card does not hold what is known already.
            drop(state);
            deliver(shared, due);
            on.ring();
        });
    }
}

/// Sees to it that every future ends in time, also where the card holds the other threads.
fn keep_time(shared: &Arc<Shared>, inbox: &Inbox) {
    let tick = (shared.options.timeout / TICKS).clamp(SHORTEST_TICK, LONGEST_TICK);
    while inbox.tick(tick) {
        guarded(shared, || look(shared, inbox));
    }
}

/// One look of the clock. It touches no register and unmaps nothing, so that nothing holds it.
fn look(shared: &Arc<Shared>, inbox: &Inbox) {
    if let Some(stuck) = inbox.take_stuck() {
        let fault = DeviceError::Timeout(shared.options.timeout);
        let refuse_all = stuck.behind.into_iter().map(|request| request.refuse);
        for refuse in stuck.first.into_iter().chain(refuse_all) {
            refuse(fault.clone());
        }
    }
    for on in shared.all_pairs() {
        // Read before the look that it is for: what was there by then is not late.
        let now = Instant::now();
        let mut state = on.lock();
        on.harvest(&mut state);
        on.expire(&mut state, now);
        let due = state.jobs.take_due();
        drop(state);
        deliver(shared, due);
    }
    if shared.pool.is_untidy() {
        wake_watcher(shared.on(TIDY));
    }
}

fn deliver(shared: &Arc<Shared>, due: Vec<Delivery>) {
    for delivery in due {
        delivery.make(shared);
    }
}
