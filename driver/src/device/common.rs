//! What is of the whole device, whichever queue pair a job is on: its health, its session of the card, what lies in
//! card memory, and the memory that a card may still write.
//!
//! It has a lock of its own, which is the last that a thread takes: whoever has it takes no pair's. Jobs that use no
//! card memory never take it. What each of them asks is published in atomics ([`Published`]) as the lock is given up:
//! a thread that reads them under its pair's lock sees what was so when it took that lock, or something newer.

use super::resident::Place;
use crate::dma::DmaBuffer;
use crate::error::DeviceError;
use crate::first_fit::FirstFit;
use crate::handles::Handles;
use crate::health::Health;
use crate::rings::Rings;
use metisvm_firmware::Capabilities;
use metisvm_firmware::submission::CARD_ALIGN;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

pub(super) struct Common {
    pub(super) health: Health,
    /// A reset, or the first bring-up, is under way: it alone submits.
    pub(super) resetting: bool,
    /// Counts condemnations and resets: what a thread saw or took of the card before is void.
    pub(super) epoch: u64,
    /// Counts condemnations: a pair that knows of fewer has jobs that are to fail.
    pub(super) condemnations: u64,
    /// Why it was condemned last.
    pub(super) blame: DeviceError,
    pub(super) boot_nonce: u32,
    pub(super) memory: FirstFit,
    pub(super) handles: Handles,
    /// Jobs that are not answered and will give card memory or a handle back.
    pub(super) giving: usize,
    /// Threads that wait for memory for DMA.
    pub(super) awaiting_memory: Vec<ThreadId>,
    /// Memory that the card may still write, of jobs that are given up.
    pub(super) quarantine: Quarantine,
    /// Resident memory that was dropped, to be evicted once no job uses it.
    pub(super) dropped: Vec<Place>,
}

impl Common {
    fn new(capabilities: &Capabilities, boot_nonce: u32) -> Self {
        Self {
            health: Health::Healthy,
            resetting: true,
            epoch: 0,
            condemnations: 0,
            blame: DeviceError::Dead,
            boot_nonce,
            memory: FirstFit::new(capabilities.card_memory_bytes, CARD_ALIGN),
            handles: Handles::new(capabilities.max_handles),
            giving: 0,
            awaiting_memory: Vec::new(),
            quarantine: Quarantine::default(),
            dropped: Vec::new(),
        }
    }

    /// Whether it takes new work.
    pub(super) fn check(&self) -> Result<(), DeviceError> {
        self.health.check()?;
        if self.resetting {
            return Err(DeviceError::OutOfService("a reset is under way".into()));
        }
        Ok(())
    }

    /// Forgets what was on a card that has acknowledged a reset. The quarantine stays: the pairs have theirs to add.
    pub(super) fn start_over(&mut self, capabilities: &Capabilities, boot_nonce: u32) {
        self.epoch += 1;
        self.boot_nonce = boot_nonce;
        self.memory = FirstFit::new(capabilities.card_memory_bytes, CARD_ALIGN);
        self.handles = Handles::new(capabilities.max_handles);
        self.giving = 0;
        self.dropped.clear();
    }

    /// Frees the place of resident memory.
    pub(super) fn free_place(&mut self, place: Place) {
        self.memory.free(place.address, place.bytes);
        self.handles.give(place.handle);
    }

    /// Whether card memory or handles come free with what is in flight, or waits to be evicted.
    pub(super) fn will_give_back(&self) -> bool {
        !self.dropped.is_empty() || self.giving > 0
    }

    /// Resident memory that was dropped and that no job reads any more: its eviction is to be submitted.
    fn take_evictable(&mut self) -> Option<Place> {
        let epoch = self.epoch;
        self.dropped.retain(|place| place.epoch == epoch);
        let unread = |place: &Place| !self.handles.is_read(place.handle);
        let index = self.dropped.iter().position(unread)?;
        self.giving += 1;
        Some(self.dropped.swap_remove(index))
    }
}

/// What every job asks, without the lock.
#[derive(Debug)]
struct Published {
    /// It takes new work.
    open: AtomicBool,
    /// Something waits to be evicted.
    dropped: AtomicBool,
    /// Somebody waits for memory for DMA.
    awaited: AtomicBool,
    epoch: AtomicU64,
    condemnations: AtomicU64,
}

/// The lock, and what is published of what it guards.
pub(super) struct Whole {
    common: Mutex<Common>,
    published: Published,
}

impl Whole {
    pub(super) fn new(capabilities: &Capabilities, boot_nonce: u32) -> Self {
        Self {
            common: Mutex::new(Common::new(capabilities, boot_nonce)),
            published: Published {
                open: AtomicBool::new(false),
                dropped: AtomicBool::new(false),
                awaited: AtomicBool::new(false),
                epoch: AtomicU64::new(0),
                condemnations: AtomicU64::new(0),
            },
        }
    }

    pub(super) fn lock(&self) -> HeldCommon<'_> {
        HeldCommon {
            common: self.common.lock().unwrap_or_else(PoisonError::into_inner),
            published: &self.published,
        }
    }

    /// Whether it takes new work.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.published.open.load(Ordering::Acquire)
    }

    #[inline]
    pub(super) fn epoch(&self) -> u64 {
        self.published.epoch.load(Ordering::Acquire)
    }

    #[inline]
    pub(super) fn condemnations(&self) -> u64 {
        self.published.condemnations.load(Ordering::Acquire)
    }

    /// Whether somebody waits for memory for DMA. What came back before was told by then, or is seen by whoever began
    /// to wait since.
    pub(super) fn is_memory_awaited(&self) -> bool {
        self.published.awaited.load(Ordering::SeqCst)
    }

    /// What is to be evicted next. Its job will give the place back.
    #[inline]
    pub(super) fn take_evictable(&self) -> Option<Place> {
        if !self.published.dropped.load(Ordering::Relaxed) {
            return None;
        }
        self.lock().take_evictable()
    }
}

/// The lock, held. Publishes as it is given up.
pub(super) struct HeldCommon<'a> {
    common: MutexGuard<'a, Common>,
    published: &'a Published,
}

impl Deref for HeldCommon<'_> {
    type Target = Common;

    fn deref(&self) -> &Common {
        &self.common
    }
}

impl DerefMut for HeldCommon<'_> {
    fn deref_mut(&mut self) -> &mut Common {
        &mut self.common
    }
}

impl Drop for HeldCommon<'_> {
    fn drop(&mut self) {
        let (common, published) = (&self.common, self.published);
        // Written only where it changes, as every job reads them.
        let flags = [
            (&published.open, common.health.is_healthy() && !common.resetting),
            (&published.dropped, !common.dropped.is_empty()),
            (&published.awaited, !common.awaiting_memory.is_empty()),
        ];
        for (flag, value) in flags {
            if flag.load(Ordering::Relaxed) != value {
                flag.store(value, Ordering::SeqCst);
            }
        }
        for (count, value) in [
            (&published.epoch, common.epoch),
            (&published.condemnations, common.condemnations),
        ] {
            if count.load(Ordering::Relaxed) != value {
                count.store(value, Ordering::Release);
            }
        }
    }
}

/// Memory that the card may still write: kept until it acknowledges a reset.
#[derive(Default)]
pub(super) struct Quarantine {
    buffers: Vec<DmaBuffer>,
    /// Of rings, which a thread may look at for a while yet.
    rings: Vec<Arc<DmaBuffer>>,
}

impl Quarantine {
    pub(super) fn extend(&mut self, buffers: impl IntoIterator<Item = DmaBuffer>) {
        self.buffers.extend(buffers);
    }

    pub(super) fn add_rings(&mut self, rings: Rings) {
        self.rings.push(rings.into_memory());
    }

    pub(super) fn bytes(&self) -> usize {
        let buffers = self.buffers.iter();
        let rings = self.rings.iter().map(|ring| &**ring);
        buffers.chain(rings).map(DmaBuffer::bytes).sum()
    }

    /// The card may write for ever: never unmap, never free. Gives the bytes.
    pub(super) fn leak(self) -> usize {
        let bytes = self.bytes();
        self.buffers.into_iter().for_each(std::mem::forget);
        self.rings.into_iter().for_each(std::mem::forget);
        bytes
    }
}
