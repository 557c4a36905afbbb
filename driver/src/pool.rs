//! DMA buffers: kept for the next job, or in quarantine.
//!
//! A buffer of a job that was not answered may still be written by the card at any time. It is
//! kept apart until a reset is acknowledged, and leaked, mapped, if none ever is.
//!
//! What is kept for reuse is bounded in bytes, so that one large batch does not hold its memory for
//! ever; the oldest go first.

use crate::dma::DmaBuffer;
use crate::transport::{Transport, TransportError};
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes kept for reuse; more are unmapped.
const KEPT_BYTES: usize = 64 << 20;
/// Smallest buffer, bytes; sizes are powers of two from here.
const SMALLEST: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Oldest first.
    free: VecDeque<DmaBuffer>,
    free_bytes: usize,
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
        let kept = self.free.iter().position(|buffer| buffer.bytes() == size);
        match kept.and_then(|index| self.free.remove(index)) {
            Some(buffer) => {
                self.free_bytes -= buffer.bytes();
                Ok(buffer)
            }
            None => DmaBuffer::new(transport, size),
        }
    }

    /// Takes back the buffer of an answered job.
    pub(crate) fn give(&mut self, buffer: DmaBuffer) {
        self.free_bytes += buffer.bytes();
        self.free.push_back(buffer);
        while self.free_bytes > KEPT_BYTES
            && let Some(oldest) = self.free.pop_front()
        {
            self.free_bytes -= oldest.bytes();
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dma::{Iova, Memory};
    use std::time::Duration;

    /// A link to nothing.
    struct Nowhere;

    impl Transport for Nowhere {
        fn read32(&self, _: u32) -> u32 {
            0
        }
        fn write32(&self, _: u32, _: u32) {}
        fn map(&self, _: &Memory) -> Result<Iova, TransportError> {
            Ok(Iova(0))
        }
        fn unmap(&self, _: Iova) {}
        fn wait_interrupt(&self, _: u16, _: Duration) -> bool {
            false
        }
        fn failure(&self) -> Option<TransportError> {
            None
        }
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let transport: Arc<dyn Transport> = Arc::new(Nowhere);
        let mut pool = Pool::default();
        let small: Vec<DmaBuffer> = (0..100).map(|_| pool.take(&transport, 1).unwrap()).collect();
        small.into_iter().for_each(|buffer| pool.give(buffer));
        assert_eq!(pool.free.len(), 100);
        let large: Vec<DmaBuffer> = (0..3)
            .map(|_| pool.take(&transport, KEPT_BYTES / 2).unwrap())
            .collect();
        large.into_iter().for_each(|buffer| pool.give(buffer));
        assert_eq!((pool.free.len(), pool.free_bytes), (2, KEPT_BYTES));
        pool.take(&transport, KEPT_BYTES / 2).unwrap();
        assert_eq!(pool.free_bytes, KEPT_BYTES / 2);
        let over = pool.take(&transport, KEPT_BYTES * 2).unwrap();
        pool.give(over);
        assert_eq!((pool.free.len(), pool.free_bytes), (0, 0));
    }
}
