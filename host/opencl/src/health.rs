//! Whether a device is worth asking, and what it has done: shared by all that belongs to it.

use crate::error::Error;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Counts of a device since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Jobs that came to their end.
    pub jobs: u64,
    /// Kernels that were enqueued.
    pub launches: u64,
    /// Bytes that were sent.
    pub sent: u64,
    /// Bytes that came back.
    pub received: u64,
    /// Programs that were built from their source.
    pub built: u64,
    /// Programs that the cache of binaries had.
    pub cached: u64,
    /// Faults that were seen.
    pub faults: u64,
    /// Bytes of memory in use.
    pub in_use: u64,
    /// Bytes of memory that were given up, because the device might still write to them.
    pub leaked: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Health {
    condemned: OnceLock<String>,
    hung: AtomicBool,
    pub(crate) jobs: AtomicU64,
    pub(crate) launches: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) built: AtomicU64,
    pub(crate) cached: AtomicU64,
    pub(crate) faults: AtomicU64,
    in_use: AtomicU64,
    leaked: AtomicU64,
}

impl Health {
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.condemned.get() {
            Some(why) => Err(Error::Condemned(why.clone())),
            None => Ok(()),
        }
    }

    pub(crate) fn condemned(&self) -> Option<&str> {
        self.condemned.get().map(String::as_str)
    }

    pub(crate) fn condemn(&self, why: &str) {
        self.faults.fetch_add(1, Relaxed);
        self.condemned.get_or_init(|| why.to_owned());
    }

    /// The device did not answer, so what it was given may be in use for ever.
    pub(crate) fn hang(&self, why: &str) {
        self.hung.store(true, Relaxed);
        self.condemn(why);
    }

    pub(crate) fn hung(&self) -> bool {
        self.hung.load(Relaxed)
    }

    /// Notes an error; one that does not pass takes the device out of service.
    pub(crate) fn note(&self, error: Error) -> Error {
        match &error {
            Error::Condemned(_) | Error::Sizes(_) => {}
            passing if passing.is_passing() => {
                self.faults.fetch_add(1, Relaxed);
            }
            other => self.condemn(&other.to_string()),
        }
        error
    }

    pub(crate) fn take(&self, bytes: usize) {
        self.in_use.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.in_use.fetch_sub(bytes as u64, Relaxed);
    }

    pub(crate) fn leak(&self, bytes: usize) {
        self.leaked.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn counters(&self) -> Counters {
        Counters {
            jobs: self.jobs.load(Relaxed),
            launches: self.launches.load(Relaxed),
            sent: self.sent.load(Relaxed),
            received: self.received.load(Relaxed),
            built: self.built.load(Relaxed),
            cached: self.cached.load(Relaxed),
            faults: self.faults.load(Relaxed),
            in_use: self.in_use.load(Relaxed),
            leaked: self.leaked.load(Relaxed),
        }
    }
}
