//! Where buffers come from: regions that stay mapped from job to job.
//!
//! Mapping a region costs system calls, and on an IOMMU its entries; a small job is over sooner. So
//! regions are large, buffers are cut from them, and what is kept without use is bounded in bytes, so
//! that one large batch does not hold its memory for ever; the oldest go first.
//!
//! One thread at a time maps or unmaps. So whoever finds too little has what another one is about to map or to unmap,
//! and is not refused because two are at it. What comes free is only noted ([`Retired`]), and unmapped by
//! [`Pool::tidy`] or by the next one that needs the room.

use crate::budget::Budget;
use crate::dma::{DmaBuffer, Region};
use crate::error::DeviceError;
use crate::lending::Lending;
use crate::region::HUGE_PAGE_BYTES;
use crate::retired::Retired;
use crate::transport::{Transport, TransportError};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of regions without a buffer that are kept; more are unmapped.
const KEPT_BYTES: usize = 64 << 20;
/// Smallest region, bytes: one huge page.
const REGION_BYTES: usize = HUGE_PAGE_BYTES;

pub(crate) struct Pool {
    /// Oldest first.
    regions: Mutex<Vec<Arc<Region>>>,
    /// Bytes of the regions. Changed under the lock; read without, it only says that a look is due.
    bytes: AtomicUsize,
    /// The device's, of which its rings have their part.
    budget: Arc<Budget>,
    /// The buffers that jobs have.
    lending: Arc<Lending>,
    /// Held by the thread that maps or unmaps.
    mapping: Mutex<()>,
    retired: Arc<Retired>,
}

/// Whether less might be had, or the same once something was unmapped.
pub(crate) fn is_shortage(error: &DeviceError) -> bool {
    matches!(
        error,
        DeviceError::DmaMemoryFull { .. } | DeviceError::Transport(TransportError::Map { .. })
    )
}

impl Pool {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self {
            regions: Mutex::default(),
            bytes: AtomicUsize::new(0),
            budget,
            lending: Arc::default(),
            mapping: Mutex::default(),
            retired: Arc::default(),
        }
    }

    /// What it takes its regions out of.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// The buffers that jobs have.
    pub(crate) fn lending(&self) -> &Arc<Lending> {
        &self.lending
    }

    /// A buffer of at least `bytes` bytes; it holds what its last job left.
    pub(crate) fn take(
        &self,
        transport: &Arc<dyn Transport>,
        bytes: usize,
    ) -> Result<DmaBuffer, DeviceError> {
        if let Some(buffer) = self.cut(bytes) {
            return Ok(buffer);
        }
        let _mapping = self.mapping();
        // Another one may have mapped some meanwhile.
        if let Some(buffer) = self.cut(bytes) {
            return Ok(buffer);
        }
        let region = self.make(transport, bytes.max(REGION_BYTES), bytes)?;
        let buffer = region.cut(bytes).ok_or_else(|| TransportError::Map {
            bytes,
            reason: "a region is smaller than it says".into(),
        })?;
        let mut regions = self.lock();
        self.bytes.fetch_add(region.bytes(), Ordering::Relaxed);
        regions.push(region);
        Ok(buffer)
    }

    /// A region of its own, zeroed, of at least `bytes` bytes: none of the pool's.
    pub(crate) fn whole(
        &self,
        transport: &Arc<dyn Transport>,
        bytes: usize,
    ) -> Result<DmaBuffer, DeviceError> {
        let _mapping = self.mapping();
        Ok(DmaBuffer::all_of(&self.make(transport, bytes, bytes)?))
    }

    fn cut(&self, bytes: usize) -> Option<DmaBuffer> {
        self.lock().iter().find_map(|region| region.cut(bytes))
    }

    /// A region of one size, or of a smaller one where the budget or the machine has not enough: by a thread that has
    /// [`Pool::mapping`].
    fn make(
        &self,
        transport: &Arc<dyn Transport>,
        wanted: usize,
        least: usize,
    ) -> Result<Arc<Region>, DeviceError> {
        let make = |bytes: usize| Region::within(transport, bytes, &self.budget, &self.retired);
        match make(wanted) {
            Err(error) if is_shortage(&error) => {}
            outcome => return outcome,
        }
        // What nobody uses makes room.
        drop(self.take_free(usize::MAX));
        drop(self.retired.take());
        match make(wanted) {
            Err(error) if is_shortage(&error) && least < wanted => make(least),
            outcome => outcome,
        }
    }

    /// Retires what is kept beyond the bound, once a buffer was given back. Never waits for the link.
    pub(crate) fn trim(&self) {
        if self.bytes.load(Ordering::Relaxed) > KEPT_BYTES {
            drop(self.take_surplus());
        }
    }

    /// Whether something waits to be unmapped.
    #[inline]
    pub(crate) fn is_untidy(&self) -> bool {
        self.retired.any()
    }

    /// Unmaps what nobody uses any more. It waits for the link, so never under a lock, nor on a thread that others
    /// rely on.
    #[inline]
    pub(crate) fn tidy(&self) {
        if self.is_untidy() {
            let _mapping = self.mapping();
            drop(self.retired.take());
        }
    }

    fn mapping(&self) -> MutexGuard<'_, ()> {
        self.mapping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_surplus(&self) -> Vec<Arc<Region>> {
        let regions = self.lock();
        let free = regions.iter().filter(|region| region.is_free());
        let surplus = free.map(|region| region.bytes()).sum::<usize>();
        drop(regions);
        self.take_free(surplus.saturating_sub(KEPT_BYTES))
    }

    /// Takes regions that no buffer is cut from, of so many bytes or a little more, to be retired.
    fn take_free(&self, mut surplus: usize) -> Vec<Arc<Region>> {
        let mut regions = self.lock();
        // Buffers are cut under this lock, so a free region stays free.
        let goes = |region: &mut Arc<Region>| {
            let goes = surplus > 0 && region.is_free();
            if goes {
                self.bytes.fetch_sub(region.bytes(), Ordering::Relaxed);
                surplus = surplus.saturating_sub(region.bytes());
            }
            goes
        };
        regions.extract_if(.., goes).collect()
    }

    /// Forgets all regions: each is retired with its last buffer.
    pub(crate) fn clear(&self) {
        let mut regions = self.lock();
        let all = std::mem::take(&mut *regions);
        self.bytes.store(0, Ordering::Relaxed);
        drop(regions);
        drop(all);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Region>>> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
