//! What a driver needs of the link to a card, and no more.
//!
//! Implemented once per attachment (in-process, vfio-user, VFIO); the rules are docs/driver.md's, and
//! the suite of `tests/src/transport_suite.rs` holds an implementation against them.

use crate::region::Memory;
use std::time::Duration;
use thiserror::Error;

/// An address as the card uses it in DMA; no pointer and no offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iova(pub u64);

/// Memory that is mapped for DMA as a whole.
#[derive(Clone, Debug)]
pub struct DmaRegion {
    /// The memory itself.
    pub memory: Memory,
    /// The card's address of byte 0, a multiple of the memory's alignment.
    pub iova: Iova,
}

/// A failure of the link itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransportError {
    /// The card is no longer attached.
    #[error("the card is gone: {0}")]
    Gone(String),
    /// Memory could not be made visible to the card.
    #[error("{bytes} bytes could not be mapped for DMA: {reason}")]
    Map {
        /// Size asked for, bytes.
        bytes: usize,
        /// Why.
        reason: String,
    },
    /// Memory could not be taken away from the card, which may still reach it.
    #[error("the DMA memory at {:#x} could not be unmapped: {reason}", iova.0)]
    Unmap {
        /// The card's address of it.
        iova: Iova,
        /// Why.
        reason: String,
    },
    /// The card could not be started.
    #[error("the card could not be started: {0}")]
    Start(String),
}

/// The link to one card.
///
/// Register accesses may come from any thread and arrive in the order in which one thread made them.
/// They may block for as long as a hung card holds the bus, so they never belong on an async worker,
/// and the driver makes none while it holds a lock that another thread needs to give up waiting.
pub trait Transport: Send + Sync {
    /// Reads a 32-bit register of BAR0; all ones from a card that is dead or gone.
    fn read32(&self, offset: u32) -> u32;

    /// Writes a 32-bit register of BAR0. All DMA memory written before is visible to a card that
    /// sees the write, and later loads of this thread follow the write.
    fn write32(&self, offset: u32, value: u32);

    /// Reads a 64-bit number from two registers, low half first.
    fn read64(&self, offset: u32) -> u64 {
        u64::from(self.read32(offset)) | u64::from(self.read32(offset + 4)) << 32
    }

    /// Writes a 64-bit number to two registers, low half first.
    fn write64(&self, offset: u32, value: u64) {
        self.write32(offset, value as u32);
        self.write32(offset + 4, (value >> 32) as u32);
    }

    /// Allocates zeroed memory of at least `bytes` bytes and makes it visible to the card. Regions
    /// never overlap, and a DMA past a region's end must not reach another.
    ///
    /// # Errors
    /// No memory, no room in the address space, or a broken link.
    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError>;

    /// Takes a region away from the card. Its memory is freed by whoever holds it.
    ///
    /// # Errors
    /// The card may still reach it: then it must not be freed.
    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError>;

    /// Whether no DMA reaches a region once [`Transport::unmap`] has returned, whatever the card does
    /// (an IOMMU, or software that looks each address up). Without it, a late DMA hits what the memory
    /// was given to next, so memory that a card never gave back is leaked instead of unmapped.
    fn isolates_on_unmap(&self) -> bool;

    /// Interrupt vectors that can be waited for, numbered from 0. Queue q raises vector q.
    fn vectors(&self) -> u16;

    /// Waits until interrupt `vector` was raised since the last wait for it, or `timeout` has
    /// passed; says whether it was raised. One thread at a time waits for a vector.
    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool;

    /// Gives the link up before its time, so that the card can be attached anew: from here on it is as if the card
    /// were gone. A link that others cannot take meanwhile need not do anything.
    fn close(&self) {}

    /// The failure that broke the link, if one did.
    fn failure(&self) -> Option<TransportError>;
}
