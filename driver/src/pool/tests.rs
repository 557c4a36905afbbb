//! Buffers of a link to nothing.

use super::*;
use crate::region::PAGE_BYTES;
use crate::stub::{Stub, region};
use crate::transport::DmaRegion;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

/// A link to nothing, that keeps the books about what is mapped.
#[derive(Default)]
struct Books {
    mapped: Mutex<BTreeMap<u64, usize>>,
    maps: Mutex<u64>,
    /// How long mapping takes.
    time: Duration,
    /// Bytes that the kernel lets a process keep in place, if it minds.
    locked: Option<usize>,
    /// What it maps is a multiple of this.
    granule: usize,
    /// Nothing is unmapped any more.
    is_stuck: AtomicBool,
}

impl Stub for Books {
    fn maps(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        thread::sleep(self.time);
        let mut maps = self.maps.lock().unwrap();
        let bytes = bytes.next_multiple_of(self.granule.max(1));
        let region = region(bytes, (*maps + 1) << 32);
        if self
            .locked
            .is_some_and(|most| mapped(self) + region.memory.bytes() > most)
        {
            let reason = "the limit on locked memory".into();
            return Err(TransportError::Map { bytes, reason });
        }
        *maps += 1;
        let mut mapped = self.mapped.lock().unwrap();
        mapped.insert(region.iova.0, region.memory.bytes());
        Ok(region)
    }
    fn unmaps(&self, region: &DmaRegion) -> Result<(), TransportError> {
        if self.is_stuck.load(Ordering::SeqCst) {
            let (iova, reason) = (region.iova, "it is stuck".into());
            return Err(TransportError::Unmap { iova, reason });
        }
        self.mapped.lock().unwrap().remove(&region.iova.0).unwrap();
        Ok(())
    }
}

fn pool() -> (Arc<Books>, Arc<dyn Transport>, Pool) {
    with(Books::default(), u64::MAX)
}

fn bounded(bound: usize) -> (Arc<Books>, Arc<dyn Transport>, Pool) {
    with(Books::default(), bound as u64)
}

fn with(books: Books, bound: u64) -> (Arc<Books>, Arc<dyn Transport>, Pool) {
    let books = Arc::new(books);
    (books.clone(), books, Pool::new(Budget::new(bound)))
}

/// Gives a buffer back, and lets what that frees be unmapped.
fn give(pool: &Pool, buffer: DmaBuffer) {
    drop(buffer);
    pool.trim();
    pool.tidy();
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
        give(&pool, buffer);
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
    large.into_iter().for_each(|buffer| give(&pool, buffer));
    assert_eq!(mapped(&books), KEPT_BYTES);
    assert_eq!(
        *books.mapped.lock().unwrap().keys().next().unwrap(),
        3 << 32,
        "the oldest went first"
    );
    let over = pool.take(&transport, KEPT_BYTES * 2).unwrap();
    give(&pool, over);
    assert!(mapped(&books) <= KEPT_BYTES);
}

#[test]
fn the_bound_on_mapped_bytes_is_kept_and_what_nobody_uses_makes_room() {
    let (books, transport, pool) = bounded(2 * REGION_BYTES);
    let held = pool.take(&transport, REGION_BYTES).unwrap();
    give(&pool, pool.take(&transport, 4096).unwrap());
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
    give(&pool, large);
    assert!(pool.take(&transport, 1).is_ok());
    pool.clear();
    pool.tidy();
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
    pool.tidy();
    assert_eq!(mapped(&books), REGION_BYTES);
    drop(held);
    pool.tidy();
    assert_eq!(mapped(&books), 0);
}

#[test]
fn nothing_is_unmapped_until_a_thread_that_may_wait_does_it() {
    let (books, transport, pool) = pool();
    let large = pool.take(&transport, 2 * KEPT_BYTES).unwrap();
    drop(large);
    pool.trim();
    assert_eq!(mapped(&books), 2 * KEPT_BYTES);
    assert!(pool.is_untidy());
    pool.tidy();
    assert_eq!((mapped(&books), pool.budget().mapped()), (0, 0));
    assert!(!pool.is_untidy());
}

#[test]
fn what_waits_to_be_unmapped_makes_room_within_the_bound() {
    let (books, transport, pool) = bounded(2 * REGION_BYTES);
    let rings = pool.whole(&transport, REGION_BYTES).unwrap();
    drop(pool.take(&transport, 1).unwrap());
    drop(rings);
    // New rings need all that the old ones and an unused region have.
    let rings = pool.whole(&transport, 2 * REGION_BYTES).unwrap();
    assert_eq!(mapped(&books), 2 * REGION_BYTES);
    drop((rings, pool));
    assert_eq!(mapped(&books), 0);
}

#[test]
fn threads_that_want_the_last_region_at_the_same_time_share_it() {
    let books = Books {
        time: Duration::from_millis(30),
        ..Books::default()
    };
    let (books, transport, pool) = with(books, REGION_BYTES as u64);
    let taken: Vec<_> = thread::scope(|scope| {
        let take = || pool.take(&transport, PAGE_BYTES);
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for buffer in &taken {
        assert!(buffer.is_ok(), "{buffer:?}");
    }
    assert_eq!(*books.maps.lock().unwrap(), 1);
}

#[test]
fn where_the_machine_has_too_little_regions_are_smaller_and_unused_ones_make_room() {
    let books = Books {
        locked: Some(REGION_BYTES + 8 * PAGE_BYTES),
        ..Books::default()
    };
    let (books, transport, pool) = with(books, u64::MAX);
    let first = pool.take(&transport, REGION_BYTES).unwrap();
    let second = pool.take(&transport, 8 * PAGE_BYTES).unwrap();
    assert_eq!(mapped(&books), REGION_BYTES + 8 * PAGE_BYTES);
    let refused = pool.take(&transport, 1).unwrap_err();
    assert!(refused.to_string().contains("locked memory"), "{refused}");
    drop((first, second));
    assert!(pool.whole(&transport, REGION_BYTES).is_ok());
}

#[test]
fn a_region_that_is_larger_than_was_asked_for_counts_as_it_is_and_keeps_to_the_bound() {
    let books = Books {
        granule: 16 * PAGE_BYTES,
        ..Books::default()
    };
    let (books, transport, pool) = with(books, 40 * PAGE_BYTES as u64);
    let held: Vec<_> = (0..2)
        .map(|_| pool.whole(&transport, PAGE_BYTES).unwrap())
        .collect();
    assert_eq!(pool.budget().mapped(), mapped(&books) as u64);
    let refused = pool.whole(&transport, PAGE_BYTES).unwrap_err();
    assert!(matches!(refused, DeviceError::DmaMemoryFull { .. }), "{refused}");
    assert_eq!(mapped(&books), 32 * PAGE_BYTES);
    drop(held);
    pool.tidy();
    assert_eq!((mapped(&books), pool.budget().mapped()), (0, 0));
}

#[test]
fn what_cannot_be_unmapped_stays_mapped_and_counts_as_leaked() {
    let (books, transport, pool) = pool();
    let rings = pool.whole(&transport, 2 * PAGE_BYTES).unwrap();
    let held = pool.take(&transport, 1).unwrap();
    books.is_stuck.store(true, Ordering::SeqCst);
    drop((rings, held));
    pool.clear();
    pool.tidy();
    let leaked = (REGION_BYTES + 2 * PAGE_BYTES) as u64;
    assert_eq!((pool.budget().leaked(), pool.budget().mapped()), (leaked, leaked));
    assert_eq!(mapped(&books) as u64, leaked);
}
