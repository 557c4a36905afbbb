//! What a driver needs of the link to a card, and no more.
//!
//! Implemented once per attachment (in-process, vfio-user, VFIO); called by [`crate::device`] and
//! [`crate::ring`] only.

use crate::dma::{Iova, Memory};
use std::time::Duration;
use thiserror::Error;

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
    /// The card could not be started.
    #[error("the card could not be started: {0}")]
    Start(String),
}

/// The link to one card.
///
/// Register accesses may come from any thread. They may block for as long as a hung card holds the
/// bus, so they never belong on an async worker.
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

    /// Makes memory visible to the card.
    ///
    /// # Errors
    /// No room in the address space, or the link is broken.
    fn map(&self, memory: &Memory) -> Result<Iova, TransportError>;

    /// Takes memory away from the card. Only for memory that no unanswered job uses.
    fn unmap(&self, iova: Iova);

    /// Waits until interrupt `vector` was raised since the last wait for it, or `timeout` has
    /// passed; says whether it was raised.
    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool;

    /// The failure that broke the link, if one did.
    fn failure(&self) -> Option<TransportError>;
}
