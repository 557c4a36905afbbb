//! A queue pair with one owner and no judgement: for those who give a card what no driver would.

use crate::dma::DmaBuffer;
use crate::doorbell::Doorbell;
use crate::error::DeviceError;
use crate::rings::Rings;
use crate::transport::Transport;
use crate::watch;
use metisvm_firmware::registers::{queue, queue_register};
use metisvm_firmware::{Completion, Submission};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One queue pair. [`crate::Device`] shares its own between threads; this one belongs to its holder.
pub struct QueuePair {
    transport: Arc<dyn Transport>,
    index: u16,
    rings: Rings,
    tail: Doorbell,
    head: Doorbell,
}

impl QueuePair {
    /// Sets up queue `index` of a card with rings of 2^`entries_log2` entries, and enables it.
    ///
    /// # Errors
    /// Of the transport.
    pub fn new(
        transport: &Arc<dyn Transport>,
        index: u16,
        entries_log2: u32,
        boot_nonce: u32,
    ) -> Result<Self, DeviceError> {
        let rings = Rings::new(entries_log2, boot_nonce, |bytes| DmaBuffer::new(transport, bytes))?;
        rings.enable(&**transport, index);
        Ok(Self {
            transport: Arc::clone(transport),
            index,
            rings,
            tail: Doorbell::new(queue_register(index, queue::SQ_TAIL)),
            head: Doorbell::new(queue_register(index, queue::CQ_HEAD)),
        })
    }

    /// Entries that are unanswered.
    pub fn waiting(&self) -> usize {
        self.rings.waiting()
    }

    /// Most entries that may be unanswered.
    pub fn capacity(&self) -> usize {
        self.rings.capacity()
    }

    /// Writes an entry, with a sequence number and the boot nonce of the pair's own. Gives
    /// the number, or `None` if the ring is full. The card sees it with the next doorbell.
    pub fn push(&mut self, submission: Submission) -> Option<u32> {
        let reserved = self.rings.reserve(submission, 1, 0, self.head.written())?;
        let sequence = reserved.sequence();
        reserved.write();
        Some(sequence)
    }

    /// Shows the card everything that was pushed.
    pub fn ring_doorbell(&mut self) {
        self.tail.want(self.rings.tail());
        self.tail.ring(&*self.transport);
    }

    /// Whether the next completion is there, without looking at it.
    pub fn has_completion(&self) -> bool {
        self.rings.watch().is_due()
    }

    /// Takes the next completion, if it is there.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn poll(&mut self) -> Result<Option<Completion>, DeviceError> {
        let completion = self.rings.take()?;
        if let Some(head) = self.rings.head_to_report() {
            self.head.want(head);
            self.head.ring(&*self.transport);
        }
        Ok(completion.map(|(completion, _)| completion))
    }

    /// Waits for the next completion.
    ///
    /// # Errors
    /// What is wrong with the completion, with the queue, or with the card; a time-out at
    /// `deadline`, which is `timeout` after the job began.
    pub fn wait(&mut self, deadline: Instant, timeout: Duration) -> Result<Completion, DeviceError> {
        loop {
            // Before the look: what is there by now must not count as late.
            let now = Instant::now();
            if let Some(completion) = self.poll()? {
                return Ok(completion);
            }
            if now >= deadline {
                return Err(DeviceError::Timeout(timeout));
            }
            let watch = self.rings.watch();
            if !watch.spin(watch::spin_time()) {
                watch.sleep(&*self.transport, self.index, deadline)?;
            }
        }
    }
}

impl std::fmt::Debug for QueuePair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueuePair")
            .field("index", &self.index)
            .field("rings", &self.rings)
            .finish_non_exhaustive()
    }
}
