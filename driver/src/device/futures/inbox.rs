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

/// A job to be submitted.
pub(super) struct Request {
    pub(super) submit: Submit,
    pub(super) refuse: Refuse,
}

/// What the thread that submits does next.
pub(super) enum Task {
    Submit(Request),
    Cancel(Key),
    /// Nothing, ever again; it drops what it is given.
    End(Option<Arc<Device>>),
}

#[derive(Default)]
struct Content {
    requests: VecDeque<Request>,
    cancellations: Vec<Key>,
    /// Since when a request is being submitted, and how its future is told if that takes too long.
    at_work: Option<(Instant, Refuse)>,
    /// Requests whose job is not done.
    open: usize,
    /// No more requests will come.
    ended: bool,
    /// Closing a device touches registers, so the last to have it is the thread that submits.
    device: Option<Arc<Device>>,
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

impl Inbox {
    /// One for the jobs of a device. A submission waits for card memory at most as long as a job may take, and as long
    /// for room in the ring; one that takes longer is held in a register access.
    pub(super) fn new(device: Arc<Device>) -> Self {
        let patience = device.shared.options.timeout.saturating_mul(2);
        let content = Content {
            device: Some(device),
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

    pub(super) fn cancel(&self, key: Key) {
        self.lock().cancellations.push(key);
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
            if let Some(key) = content.cancellations.pop() {
                return Task::Cancel(key);
            }
            if let Some(request) = content.requests.pop_front() {
                content.at_work = Some((Instant::now(), Arc::clone(&request.refuse)));
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
            content = self.opened.wait(content).unwrap_or_else(PoisonError::into_inner);
        }
        drop(
            self.opened
                .wait_timeout(content, time)
                .unwrap_or_else(PoisonError::into_inner),
        );
        true
    }

    /// If a submission takes longer than it can by rights: what tells its future, and all requests behind it.
    pub(super) fn take_stuck(&self) -> Option<(Refuse, VecDeque<Request>)> {
        let mut content = self.lock();
        let (since, refuse) = content.at_work.as_ref()?;
        let stuck = since.elapsed() > self.patience;
        let refuse = stuck.then(|| Arc::clone(refuse))?;
        Some((refuse, std::mem::take(&mut content.requests)))
    }
}

/// A request whose job is not done.
pub(super) struct Open(Arc<Inbox>);

impl Open {
    pub(super) fn new(inbox: &Arc<Inbox>) -> Self {
        inbox.lock().open += 1;
        inbox.opened.notify_one();
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
