//! The futures themselves.

use super::super::Running;
use super::super::ticket::Key;
use super::inbox::{Inbox, Open};
use crate::error::DeviceError;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::sync::oneshot;

/// What a future learns whose thread has ended without an answer, as it does where a transport panics.
pub(super) fn ended() -> DeviceError {
    DeviceError::OutOfService("the driver's thread has ended".into())
}

/// What a [`Submitting`] gives.
type Submitted<T> = Result<Job<T>, DeviceError>;

/// The other end of a [`Submitting`]: the first answer counts.
pub(super) struct Reply<T>(Mutex<Option<oneshot::Sender<Submitted<T>>>>);

impl<T> Reply<T> {
    pub(super) fn new() -> (Arc<Self>, Submitting<T>) {
        let (sender, receiver) = oneshot::channel();
        (Arc::new(Self(Mutex::new(Some(sender)))), Submitting { receiver })
    }

    /// Whether somebody waits for it.
    pub(super) fn is_wanted(&self) -> bool {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Answers. A job that nobody waits for any more is dropped, and with that cancelled.
    pub(super) fn give(&self, job: Submitted<T>) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            let _ = sender.send(job);
        }
    }
}

/// A job that is being submitted: done when it is in the card's ring. Dropped, it is not submitted, or cancelled.
#[must_use = "a job that nobody waits for is cancelled"]
pub struct Submitting<T> {
    receiver: oneshot::Receiver<Submitted<T>>,
}

impl<T> Future for Submitting<T> {
    type Output = Result<Job<T>, DeviceError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.receiver).poll(context));
        Poll::Ready(answer.unwrap_or_else(|_| Err(ended())))
    }
}

/// A job in the card's ring: done when it is answered, or given up. It has as much time as [`Running`] says, and
/// needs nobody who polls for it to pass.
///
/// Dropped, it is cancelled: one that the card has not begun is not done, and of one that it has, the answer is
/// forgotten. What it holds comes free with that, not before; the card stays in service.
#[must_use = "a job that nobody waits for is cancelled"]
pub struct Job<T> {
    receiver: oneshot::Receiver<Result<T, DeviceError>>,
    inbox: Arc<Inbox>,
    /// What is to be cancelled, and on which pair; `None` once it is done.
    key: Option<(usize, Key)>,
}

impl<T: Send + 'static> Job<T> {
    /// A job that was submitted.
    pub(super) fn of(running: Running<T>, inbox: Arc<Inbox>, open: Open) -> Self {
        let (sender, receiver) = oneshot::channel();
        let key = running.when_done(move |result| {
            let _ = sender.send(result);
            drop(open);
        });
        Self { receiver, inbox, key }
    }
}

impl<T> Future for Job<T> {
    type Output = Result<T, DeviceError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.receiver).poll(context));
        self.key = None;
        Poll::Ready(answer.unwrap_or_else(|_| Err(ended())))
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        if let Some((pair, key)) = self.key.take() {
            self.inbox.cancel(pair, key);
        }
    }
}

impl<T> std::fmt::Debug for Submitting<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submitting").finish_non_exhaustive()
    }
}

impl<T> std::fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
