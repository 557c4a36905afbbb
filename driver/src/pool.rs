//! Where buffers come from: regions that stay mapped from job to job.
//!
//! Mapping a region costs system calls, and on an IOMMU its entries; a small job is over sooner. So
//! regions are large, buffers are cut from them, and what is kept without use is bounded in bytes, so
//! that one large batch does not hold its memory for ever; the oldest go first.

use crate::budget::Budget;
use crate::dma::{DmaBuffer, Region};
use crate::error::DeviceError;
use crate::region::HUGE_PAGE_BYTES;
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
}

impl Pool {
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self {
            regions: Mutex::default(),
            bytes: AtomicUsize::new(0),
            budget,
        }
    }

    /// What it takes its regions out of.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// A buffer of at least `bytes` bytes; it holds what its last job left.
    pub(crate) fn take(
        &self,
        transport: &Arc<dyn Transport>,
        bytes: usize,
    ) -> Result<DmaBuffer, DeviceError> {
        if let Some(buffer) = self.lock().iter().find_map(|region| region.cut(bytes)) {
            return Ok(buffer);
        }
        // Mapping takes its time; meanwhile others may take and give.
        let region = self.make(transport, bytes)?;
        let buffer = region.cut(bytes).ok_or_else(|| TransportError::Map {
            bytes,
            reason: "a region is smaller than it says".into(),
        })?;
        let mut regions = self.lock();
        self.bytes.fetch_add(region.bytes(), Ordering::Relaxed);
        regions.push(region);
        Ok(buffer)
    }

    /// A region for a buffer, and others beside it where the budget allows.
    fn make(&self, transport: &Arc<dyn Transport>, bytes: usize) -> Result<Arc<Region>, DeviceError> {
        let whole = |bytes: usize| Region::within(transport, bytes, &self.budget);
        match whole(bytes.max(REGION_BYTES)) {
            Err(DeviceError::DmaMemoryFull { .. }) => {}
            outcome => return outcome,
        }
        // What nobody uses makes room.
        drop(self.take_free(usize::MAX));
        match whole(bytes.max(REGION_BYTES)) {
            Err(DeviceError::DmaMemoryFull { .. }) => whole(bytes),
            outcome => outcome,
        }
    }

    /// Takes back a buffer that no card writes any more.
    pub(crate) fn give(&self, buffer: DmaBuffer) {
        drop(buffer);
        if self.bytes.load(Ordering::Relaxed) > KEPT_BYTES {
            let surplus = self.take_surplus();
            // Unmapping takes its time, too.
            drop(surplus);
        }
    }

    fn take_surplus(&self) -> Vec<Arc<Region>> {
        let regions = self.lock();
        let free = regions.iter().filter(|region| region.is_free());
        let surplus = free.map(|region| region.bytes()).sum::<usize>();
        drop(regions);
        self.take_free(surplus.saturating_sub(KEPT_BYTES))
    }

    /// Takes regions that no buffer is cut from, of so many bytes or a little more, to be unmapped.
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

    /// Forgets all regions: each is unmapped with its last buffer.
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
mod tests {
    use super::*;
    use crate::region::{Memory, PAGE_BYTES, Pages};
    use crate::transport::{DmaRegion, Iova};
    use std::collections::BTreeMap;
    use std::time::Duration;

    /// A link to nothing, that keeps the books about what is mapped.
    #[derive(Default)]
    struct Books {
        mapped: Mutex<BTreeMap<u64, usize>>,
        maps: Mutex<u64>,
    }

    impl Transport for Books {
        fn read32(&self, _: u32) -> u32 {
            0
        }
        fn write32(&self, _: u32, _: u32) {}
        fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
            let memory = Memory::allocate(bytes, Pages::Base).unwrap();
            let mut maps = self.maps.lock().unwrap();
            *maps += 1;
            let iova = Iova(*maps << 32);
            self.mapped.lock().unwrap().insert(iova.0, memory.bytes());
            Ok(DmaRegion { memory, iova })
        }
        fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
            self.mapped.lock().unwrap().remove(&region.iova.0).unwrap();
            Ok(())
        }
        fn isolates_on_unmap(&self) -> bool {
            true
        }
        fn vectors(&self) -> u16 {
            1
        }
        fn wait_interrupt(&self, _: u16, _: Duration) -> bool {
            false
        }
        fn failure(&self) -> Option<TransportError> {
            None
        }
    }

    fn pool() -> (Arc<Books>, Arc<dyn Transport>, Pool) {
        let books = Arc::new(Books::default());
        (books.clone(), books, Pool::new(Budget::new(u64::MAX)))
    }

    fn bounded(bound: usize) -> (Arc<Books>, Arc<dyn Transport>, Pool) {
        let (books, transport, _) = pool();
        (books, transport, Pool::new(Budget::new(bound as u64)))
    }

    fn mapped(books: &Books) -> usize {
        books.mapped.lock().unwrap().values().sum()
    }

    #[test]
    fn small_buffers_share_a_region_and_never_a_page() {
        let (books, transport, pool) = pool();
        let buffers: Vec<DmaBuffer> = (0..100).map(|_| pool.take(&transport, 65).unwrap()).collect();
        assert_eq!(*books.maps.lock().unwrap(), 1);
        let pages: std::collections::BTreeSet<u64> = buffers
            .iter()
            .map(|buffer| buffer.iova().0 / PAGE_BYTES as u64)
            .collect();
        assert_eq!(pages.len(), 100);
        for round in 0..1000_u64 {
            let buffer = pool.take(&transport, 1 + round as usize * 64).unwrap();
            buffer.copy_in(0, &round.to_le_bytes());
            pool.give(buffer);
        }
        assert_eq!(*books.maps.lock().unwrap(), 1, "a job maps nothing");
        drop(buffers);
        drop(pool);
        assert_eq!(mapped(&books), 0);
    }

    #[test]
    fn what_is_kept_without_use_is_bounded_in_bytes() {
        let (books, transport, pool) = pool();
        let large: Vec<DmaBuffer> = (0..4)
            .map(|_| pool.take(&transport, KEPT_BYTES / 2).unwrap())
            .collect();
        assert_eq!(mapped(&books), 2 * KEPT_BYTES, "what is in use is not counted");
        large.into_iter().for_each(|buffer| pool.give(buffer));
        assert_eq!(mapped(&books), KEPT_BYTES);
        assert_eq!(
            *books.mapped.lock().unwrap().keys().next().unwrap(),
            3 << 32,
            "the oldest went first"
        );
        let over = pool.take(&transport, KEPT_BYTES * 2).unwrap();
        pool.give(over);
        assert!(mapped(&books) <= KEPT_BYTES);
    }

    #[test]
    fn the_bound_on_mapped_bytes_is_kept_and_what_nobody_uses_makes_room() {
        let (books, transport, pool) = bounded(2 * REGION_BYTES);
        let held = pool.take(&transport, REGION_BYTES).unwrap();
        pool.give(pool.take(&transport, 4096).unwrap());
        assert_eq!(mapped(&books), 2 * REGION_BYTES);
        // The second region is in nobody's use, and in the way of a larger one.
        drop(held);
        let large = pool.take(&transport, 2 * REGION_BYTES).unwrap();
        assert_eq!(mapped(&books), 2 * REGION_BYTES);
        let full = pool.take(&transport, 1).unwrap_err();
        let expected = DeviceError::DmaMemoryFull {
            bytes: PAGE_BYTES as u64,
            mapped: 2 * REGION_BYTES as u64,
            bound: 2 * REGION_BYTES as u64,
        };
        assert_eq!(full, expected);
        pool.give(large);
        assert!(pool.take(&transport, 1).is_ok());
        pool.clear();
        assert_eq!((mapped(&books), pool.budget().mapped()), (0, 0));
    }

    #[test]
    fn a_bound_below_a_region_still_gives_small_buffers() {
        let (books, transport, pool) = bounded(3 * PAGE_BYTES);
        let buffers = [1, PAGE_BYTES, PAGE_BYTES].map(|bytes| pool.take(&transport, bytes).unwrap());
        assert_eq!(mapped(&books), 3 * PAGE_BYTES);
        assert!(pool.take(&transport, 1).is_err());
        drop(buffers);
        assert!(pool.take(&transport, 3 * PAGE_BYTES).is_ok());
        assert!(mapped(&books) <= 3 * PAGE_BYTES);
    }

    #[test]
    fn a_cleared_pool_unmaps_each_region_with_its_last_buffer() {
        let (books, transport, pool) = pool();
        let held = pool.take(&transport, 1).unwrap();
        pool.clear();
        assert_eq!(mapped(&books), REGION_BYTES);
        drop(held);
        assert_eq!(mapped(&books), 0);
    }
}
