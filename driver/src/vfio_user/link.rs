//! The connection that all threads share, and what broke it.
//!
//! One access at a time is under way. The first one that fails breaks the link for good: nobody waits for the
//! same server twice.

use crate::transport::TransportError;
use metisvm_vfio_user::{Client, Error, wait};
use rustix::io::{Errno, dup};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

fn why(error: &Error) -> String {
    match error {
        Error::Closed => "the server has closed the connection".into(),
        error => error.to_string(),
    }
}

/// The link.
#[derive(Debug)]
pub(super) struct Link {
    client: Mutex<Client>,
    /// The connection itself, to look at while somebody waits for an answer.
    socket: OwnedFd,
    broken: AtomicBool,
    why: OnceLock<String>,
}

impl Link {
    pub(super) fn new(client: Client) -> Result<Self, Errno> {
        let socket = dup(client.channel())?;
        Ok(Self {
            client: Mutex::new(client),
            socket,
            broken: AtomicBool::new(false),
            why: OnceLock::new(),
        })
    }

    /// Makes an access. What the server refuses breaks nothing.
    pub(super) fn with<T>(&self, access: impl FnOnce(&mut Client) -> Result<T, Error>) -> Result<T, Error> {
        if self.is_broken() {
            return Err(Error::Closed);
        }
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_broken() {
            return Err(Error::Closed);
        }
        let outcome = access(&mut client);
        if let Err(error) = &outcome
            && !matches!(error, Error::Refused { .. })
        {
            self.break_off(why(error));
            // The server sees the end, and gives up what it has of this client.
            client.channel().finish();
        }
        outcome
    }

    /// Ends the connection, after the access that is under way.
    pub(super) fn close(&self) {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        self.break_off("it was given up".into());
        client.channel().finish();
    }

    fn break_off(&self, why: String) {
        self.why.get_or_init(|| why);
        self.broken.store(true, Ordering::SeqCst);
    }

    /// Whether it is known to be broken.
    #[inline]
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// What broke it. A server that is gone is noticed here, without an access.
    pub(super) fn failure(&self) -> Option<TransportError> {
        if !self.is_broken() && wait::is_hung_up(self.socket.as_fd()) {
            self.break_off(why(&Error::Closed));
        }
        let broken = self.is_broken();
        broken.then(|| TransportError::Gone(self.why.get().cloned().unwrap_or_default()))
    }
}
