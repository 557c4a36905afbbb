//! Buffers that jobs have: how many are out, and how often one came back.
//!
//! Whoever waits for memory must know whether any will come. So a buffer is counted from before it is taken until
//! it is given back, whatever becomes of its job meanwhile: in the hands of the thread that submits it, with the
//! card, answered and not collected, or being copied out.

use crate::dma::DmaBuffer;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The counts of a device.
#[derive(Debug, Default)]
pub(crate) struct Lending {
    out: AtomicUsize,
    returned: AtomicU64,
}

impl Lending {
    /// Counts a buffer that is about to be taken, so that nobody who finds its place taken believes that it will not
    /// come back.
    pub(crate) fn begin(self: &Arc<Self>) -> Loan {
        self.out.fetch_add(1, Ordering::SeqCst);
        Loan {
            lending: Arc::clone(self),
            has_buffer: false,
        }
    }

    /// Buffers that are out, or about to be. Read it before [`Lending::returned`]: one that is no longer out has come
    /// back by then.
    pub(crate) fn out(&self) -> usize {
        self.out.load(Ordering::SeqCst)
    }

    /// Changes whenever a buffer has come back.
    pub(crate) fn returned(&self) -> u64 {
        self.returned.load(Ordering::SeqCst)
    }
}

/// One buffer among those that are out.
#[derive(Debug)]
pub(crate) struct Loan {
    lending: Arc<Lending>,
    has_buffer: bool,
}

impl Loan {
    /// The buffer that was taken.
    pub(crate) fn of(mut self, buffer: DmaBuffer) -> LentBuffer {
        self.has_buffer = true;
        LentBuffer { buffer, _loan: self }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // What was never taken makes no room.
        if self.has_buffer {
            self.lending.returned.fetch_add(1, Ordering::SeqCst);
        }
        self.lending.out.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A job's buffer, which is given back where this is dropped.
#[derive(Debug)]
pub(crate) struct LentBuffer {
    // Before the loan: it says that the buffer is back.
    buffer: DmaBuffer,
    _loan: Loan,
}

impl LentBuffer {
    /// The buffer, which is not expected back any more.
    pub(crate) fn keep(self) -> DmaBuffer {
        self.buffer
    }
}

impl Deref for LentBuffer {
    type Target = DmaBuffer;

    fn deref(&self) -> &DmaBuffer {
        &self.buffer
    }
}
