//! What the threads that use a device share under its lock.

use super::jobs::Jobs;
use super::resident::Place;
use super::wait::Sleeper;
use crate::dma::DmaBuffer;
use crate::error::DeviceError;
use crate::first_fit::FirstFit;
use crate::handles::Handles;
use crate::health::Health;
use crate::rings::Rings;
use metisvm_firmware::Capabilities;
use metisvm_firmware::submission::CARD_ALIGN;
use std::sync::Arc;
use std::thread::ThreadId;

pub(super) struct State {
    pub(super) health: Health,
    /// A reset, or the first bring-up, is under way: it alone submits.
    pub(super) resetting: bool,
    pub(super) rings: Option<Rings>,
    /// Counts condemnations and resets: what a thread saw or took of the card before is void.
    pub(super) epoch: u64,
    pub(super) boot_nonce: u32,
    pub(super) memory: FirstFit,
    pub(super) handles: Handles,
    pub(super) jobs: Jobs,
    /// A thread waits for completions, for all.
    pub(super) pumping: bool,
    /// Threads that wait while another pumps.
    pub(super) sleepers: Vec<Sleeper>,
    /// Threads that wait for memory for DMA.
    pub(super) awaiting_memory: Vec<ThreadId>,
    /// Memory that the card may still write, of jobs that are given up.
    pub(super) quarantine: Quarantine,
    /// Resident memory that was dropped, to be evicted once no job uses it.
    pub(super) dropped: Vec<Place>,
}

impl State {
    pub(super) fn new(capabilities: &Capabilities, boot_nonce: u32) -> Self {
        Self {
            health: Health::Healthy,
            resetting: true,
            rings: None,
            epoch: 0,
            boot_nonce,
            memory: FirstFit::new(capabilities.card_memory_bytes, CARD_ALIGN),
            handles: Handles::new(capabilities.max_handles),
            jobs: Jobs::default(),
            pumping: false,
            sleepers: Vec::new(),
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

    /// Forgets what was on a card that has acknowledged a reset: it writes nothing any more.
    pub(super) fn start_over(&mut self, capabilities: &Capabilities, boot_nonce: u32) {
        self.epoch += 1;
        self.rings = None;
        self.jobs.forget_overdue();
        self.quarantine = Quarantine::default();
        self.boot_nonce = boot_nonce;
        self.memory = FirstFit::new(capabilities.card_memory_bytes, CARD_ALIGN);
        self.handles = Handles::new(capabilities.max_handles);
        self.dropped.clear();
    }

    /// Frees the place of resident memory.
    pub(super) fn free_place(&mut self, place: Place) {
        self.memory.free(place.address, place.bytes);
        self.handles.give(place.handle);
    }

    /// Whether card memory or handles come free with what is in flight, or waits to be evicted.
    pub(super) fn will_give_back(&self) -> bool {
        !self.dropped.is_empty() || self.jobs.will_give_back()
    }

    /// Bytes of DMA memory that a card may write though nobody waits for it.
    pub(super) fn quarantined_bytes(&self) -> usize {
        self.quarantine.bytes() + self.jobs.overdue_bytes()
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
        self.rings.extend(rings.into_buffers());
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
