//! DMA buffers: kept for the next job, or in quarantine.
//!
//! A buffer of a job that was not answered may still be written by the card at any time. It is
//! kept apart until a reset is acknowledged, and leaked, mapped, if none ever is.

use crate::dma::DmaBuffer;
use crate::transport::{Transport, TransportError};
use std::sync::Arc;

/// Buffers kept for reuse; more are unmapped.
const KEPT: usize = 16;
/// Smallest buffer, bytes; sizes are powers of two from here.
const SMALLEST: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: Vec<DmaBuffer>,
    quarantine: Vec<DmaBuffer>,
}

impl Pool {
    /// A buffer of at least `bytes` bytes; it holds what its last job left.
    pub(crate) fn take(
        &mut self,
        transport: &Arc<dyn Transport>,
        bytes: usize,
    ) -> Result<DmaBuffer, TransportError> {
        let size = bytes.max(SMALLEST).next_power_of_two();
        match self.free.iter().position(|buffer| buffer.bytes() == size) {
            Some(index) => Ok(self.free.swap_remove(index)),
            None => DmaBuffer::new(transport, size),
        }
    }

    /// Takes back the buffer of an answered job.
    pub(crate) fn give(&mut self, buffer: DmaBuffer) {
        if self.free.len() == KEPT {
            self.free.remove(0);
        }
        self.free.push(buffer);
    }

    /// Takes a buffer that the card may still write.
    pub(crate) fn quarantine(&mut self, buffer: DmaBuffer) {
        self.quarantine.push(buffer);
    }

    /// Bytes in quarantine.
    pub(crate) fn quarantined_bytes(&self) -> usize {
        self.quarantine.iter().map(DmaBuffer::bytes).sum()
    }

    /// A reset was acknowledged: no DMA of the old generation follows.
    pub(crate) fn release_quarantine(&mut self) {
        self.quarantine.clear();
    }

    /// The card may write for ever: forget the quarantined buffers without unmapping them.
    pub(crate) fn leak_quarantine(&mut self) -> usize {
        let bytes = self.quarantined_bytes();
        self.quarantine.drain(..).for_each(std::mem::forget);
        bytes
    }
}
