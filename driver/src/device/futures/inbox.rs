//! What futures ask of the driver's threads: submissions in their order, and cancellations.

use super::super::ticket::Key;
use super::super::{Device, Shared};
use crate::error::DeviceError;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Submits a job and tells its future.
pub(super) type Submit = Box<dyn FnOnce(&Arc<Shared>) + Send>;
/// Tells a future why its job was not submitted.
pub(super) type Refuse = Arc<dyn Fn(DeviceError) + Send + Sync>;

/// What a submission may wait for, one after the other and as long as a job may take each: memory for DMA, card memory,
/// and room in the ring.
const WAITS: u32 = 3;

/// A job to be submitted.
pub(super) struct Request {
    pub(super) submit: Submit,
    pub(super) refuse: Refuse,
}

/// What the thread that submits does next.
pub(super) enum Task {
    Submit(Request),
    /// On this pair.
    Cancel(usize, Key),
    /// Nothing, ever again; it drops what it is given.
    End(Option<Arc<Device>>),
}

#[derive(Default)]
struct Content {
    requests: VecDeque<Request>,
    /// On which pair, and which job.
    cancellations: Vec<(usize, Key)>,
    /// What the thread that submits is at.
    at_work: Option<AtWork>,
    /// Requests whose job is not done.
    open: usize,
    /// The clock sleeps, as none is open.
    clock_sleeps: bool,
    /// No more requests will come.
    ended: bool,
    /// Closing a device touches registers, so the last to have it is the thread that submits.
    device: Option<Arc<Device>>,
}

/// A submission or a cancellation under way.
struct AtWork {
    since: Instant,
    /// How its future is told if that takes too long; of a cancellation there is none.
    refuse: Option<Refuse>,
}

impl AtWork {
    fn begin(refuse: Option<Refuse>) -> Self {
        let since = Instant::now();
        Self { since, refuse }
    }
}

/// Who is told that a register access holds the thread that submits.
pub(super) struct Stuck {
    /// The submission that it is at, if it is at one.
    pub(super) first: Option<Refuse>,
    /// All requests behind it.
    pub(super) behind: VecDeque<Request>,
}

pub(super) struct Inbox {
    content: Mutex<Content>,
    /// There is something for the thread that submits.
    asked: Condvar,
    /// There is something to keep time of.
    opened: Condvar,
    /// How long one submission may take.
    patience: Duration,
}

/// How long one submission may take by rights, and a little more for what it does between its waits; one that takes
/// longer is held in a register access.
fn patience(timeout: Duration) -> Duration {
    timeout.saturating_mul(WAITS).saturating_add(timeout / 4)
}

impl Inbox {
    /// One for the jobs of a device.
    pub(super) fn new(device: Arc<Device>) -> Self {
        let patience = patience(device.shared.options.timeout);
        Self::with(Some(device), patience)
    }

    fn with(device: Option<Arc<Device>>, patience: Duration) -> Self {
        let content = Content {
            device,
            ..Content::default()
        };
        Self {
            content: Mutex::new(content),
            asked: Condvar::new(),
            opened: Condvar::new(),
            patience,
        }
    }

    /// The device, until the end.
    pub(super) fn device(&self) -> Option<Arc<Device>> {
        self.lock().device.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn submit(&self, request: Request) {
        self.lock().requests.push_back(request);
        self.asked.notify_one();
    }

    pub(super) fn cancel(&self, pair: usize, key: Key) {
        self.lock().cancellations.push((pair, key));
        self.asked.notify_one();
    }

    /// No more requests will come.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.asked.notify_one();
        self.opened.notify_one();
    }

    /// Waits for the next thing to do.
    pub(super) fn next(&self) -> Task {
        let mut content = self.lock();
        content.at_work = None;
        loop {
            if let Some((pair, key)) = content.cancellations.pop() {
                // It rings a doorbell, so it can be held as well.
                content.at_work = Some(AtWork::begin(None));
                return Task::Cancel(pair, key);
            }
            if let Some(request) = content.requests.pop_front() {
                content.at_work = Some(AtWork::begin(Some(Arc::clone(&request.refuse))));
                return Task::Submit(request);
            }
            if content.ended && content.open == 0 {
                return Task::End(content.device.take());
            }
            content = self.asked.wait(content).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sleeps so long, or while no job is open; says whether there will be any more.
    pub(super) fn tick(&self, time: Duration) -> bool {
        let mut content = self.lock();
        while content.open == 0 {
            if content.ended {
                return false;
            }
            content.clock_sleeps = true;
            content = self.opened.wait(content).unwrap_or_else(PoisonError::into_inner);
            content.clock_sleeps = false;
        }
        drop(
            self.opened
                .wait_timeout(content, time)
                .unwrap_or_else(PoisonError::into_inner),
        );
        true
    }

    /// If a submission or cancellation takes longer than it can by rights: who is to be told.
    pub(super) fn take_stuck(&self) -> Option<Stuck> {
        let mut content = self.lock();
        let at_work = content.at_work.as_ref()?;
        if at_work.since.elapsed() <= self.patience {
            return None;
        }
        let first = at_work.refuse.clone();
        let behind = std::mem::take(&mut content.requests);
        Some(Stuck { first, behind })
    }
}

/// A request whose job is not done.
pub(super) struct Open(Arc<Inbox>);

impl Open {
    pub(super) fn new(inbox: &Arc<Inbox>) -> Self {
        let mut content = inbox.lock();
        content.open += 1;
        // A clock that keeps time looks by itself: to wake it for every job would cost more than the job.
        let wake = content.clock_sleeps;
        drop(content);
        if wake {
            inbox.opened.notify_one();
        }
        Self(Arc::clone(inbox))
    }

    pub(super) fn inbox(&self) -> &Arc<Inbox> {
        &self.0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut content = self.0.lock();
        content.open -= 1;
        let last = content.open == 0 && content.ended;
        drop(content);
        if last {
            self.0.asked.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn inbox(patience: Duration) -> Arc<Inbox> {
        Arc::new(Inbox::with(None, patience))
    }

    #[test]
    fn jobs_wake_a_clock_that_sleeps_and_none_that_keeps_time() {
        let inbox = inbox(Duration::MAX);
        let tick = Duration::from_millis(200);
        thread::scope(|scope| {
            let ticks = scope.spawn(|| {
                let slept = Instant::now();
                assert!(inbox.tick(tick));
                slept.elapsed()
            });
            while !inbox.lock().clock_sleeps {
                thread::yield_now();
            }
            assert!(!ticks.is_finished(), "nothing is open");
            let first = Open::new(&inbox);
            // The clock is awake, and waits for its time to pass.
            while inbox.lock().clock_sleeps {
                thread::yield_now();
            }
            let opened = Instant::now();
            while opened.elapsed() < tick / 2 {
                drop(Open::new(&inbox));
            }
            assert!(!ticks.is_finished(), "a job ended the tick");
            assert!(ticks.join().unwrap() >= tick);
            drop(first);
        });
        inbox.end();
        assert!(!inbox.tick(tick), "there will be no more");
    }

    #[test]
    fn a_cancellation_that_is_held_is_seen_and_what_is_behind_it_is_refused() {
        let inbox = inbox(Duration::from_millis(20));
        inbox.cancel(0, Key { index: 0, number: 1 });
        inbox.submit(Request {
            submit: Box::new(|_| panic!("the card takes nothing")),
            refuse: Arc::new(|_| {}),
        });
        assert!(inbox.take_stuck().is_none(), "nothing is under way");
        assert!(matches!(inbox.next(), Task::Cancel(..)));
        assert!(inbox.take_stuck().is_none(), "it has time");
        thread::sleep(Duration::from_millis(30));
        let stuck = inbox.take_stuck().unwrap();
        assert!(stuck.first.is_none());
        assert_eq!(stuck.behind.len(), 1);
    }

    #[test]
    fn a_submission_may_wait_three_times_as_long_as_a_job_may_take() {
        let timeout = Duration::from_secs(1);
        let patience = patience(timeout);
        assert!(patience > 3 * timeout && patience < 4 * timeout, "{patience:?}");
        assert_eq!(super::patience(Duration::MAX), Duration::MAX);
    }
}
