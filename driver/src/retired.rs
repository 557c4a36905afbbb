//! Regions that nobody uses any more, until a thread that may wait unmaps them.
//!
//! Unmapping is a system call, or a question to another process that may not answer for seconds. The last user of a
//! region may be a thread that holds a lock, or that others rely on to be in time; so it only puts the region here.

use crate::budget::Reservation;
use crate::transport::{DmaRegion, Transport};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

/// A region that is mapped: unmapped, and its bytes given back, when it is dropped. Where that fails it stays mapped
/// for good, and counts as leaked.
pub(crate) struct Mapping {
    pub(crate) region: DmaRegion,
    /// Weak, so that leaked memory does not keep a card attached.
    pub(crate) transport: Weak<dyn Transport>,
    /// Given back after it was unmapped, or never.
    pub(crate) reserved: Option<Reservation>,
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // With the transport the card's view of all memory is gone as well.
        if let Some(transport) = self.transport.upgrade()
            && transport.unmap(&self.region).is_err()
        {
            std::mem::forget(self.region.memory.clone());
            if let Some(reserved) = self.reserved.take() {
                reserved.leak();
            }
        }
    }
}

/// Mappings that wait to be dropped.
#[derive(Default)]
pub(crate) struct Retired {
    mappings: Mutex<Vec<Mapping>>,
    /// Changed under the lock; read without, it only says that a look is due.
    any: AtomicBool,
}

impl Retired {
    /// Never waits for the link.
    pub(crate) fn add(&self, mapping: Mapping) {
        let mut mappings = self.lock();
        mappings.push(mapping);
        self.any.store(true, Ordering::Relaxed);
    }

    /// Whether there are any.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// All of them, to be dropped by a thread that may wait.
    pub(crate) fn take(&self) -> Vec<Mapping> {
        let mut mappings = self.lock();
        self.any.store(false, Ordering::Relaxed);
        std::mem::take(&mut *mappings)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Mapping>> {
        self.mappings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
