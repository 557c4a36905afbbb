//! The traits between a card in software and whatever hosts it.
//!
//! The functional card and the Verilated one implement [`CardModel`] and [`Registers`]; the
//! in-process transport of the driver and the vfio-user server implement [`HostMemory`] and
//! [`Interrupts`] and call the card. They stand for the PCIe link: what crosses it is register
//! accesses, DMA and interrupts, and nothing else.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

/// A DMA access that reached no mapped memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaFault {
    /// First byte of the access.
    pub address: u64,
    /// Its length, bytes.
    pub bytes: u64,
}

impl fmt::Display for DmaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "DMA of {} bytes at {:#x} reached no mapped memory",
            self.bytes, self.address
        )
    }
}

impl core::error::Error for DmaFault {}

/// Host memory as the card sees it, at DMA addresses.
///
/// Words are 8 bytes, little-endian, 8-byte aligned. Each is accessed whole; loads are Acquire,
/// stores Release and in ascending order, as posted writes on PCIe arrive. So a reader that sees a
/// word sees all that was written before it. An access that fails changes nothing.
pub trait HostMemory {
    /// Reads words from `address`.
    fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault>;

    /// Writes words at `address`.
    fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault>;

    /// Reads bytes from any address.
    fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault>;

    /// Writes bytes at any address. A partly written word keeps its other bytes.
    fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault>;
}

/// How a card interrupts its host.
pub trait Interrupts {
    /// Raises the interrupt of a queue.
    fn raise(&self, vector: u16);
}

/// What a card reaches through its link.
pub trait HostPort: HostMemory + Interrupts {}

impl<T: HostMemory + Interrupts> HostPort for T {}

/// A card's BAR0, as [`crate::registers`] describes it. The host may access it at any time, from
/// any thread, while the card works.
///
/// A write is Release and a read Acquire: a doorbell publishes what was stored before it.
pub trait Registers: Send + Sync {
    /// Reads the register at a byte offset.
    fn read32(&self, offset: u32) -> u32;

    /// Writes the register at a byte offset.
    fn write32(&self, offset: u32, value: u32);
}

/// What a card did when it was polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It worked, and may have more to do.
    Worked,
    /// It waits for a register write.
    Idle,
    /// It waits for a register write, or for this much time.
    WaitFor(Duration),
}

/// A card in software. One thread owns it and polls it.
pub trait CardModel: Send {
    /// The card's registers, shared with the host.
    fn registers(&self) -> Arc<dyn Registers>;

    /// Does a bounded amount of the work that waits.
    fn poll(&mut self, host: &dyn HostPort) -> Activity;
}

impl<C: CardModel + ?Sized> CardModel for Box<C> {
    fn registers(&self) -> Arc<dyn Registers> {
        (**self).registers()
    }

    #[inline]
    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        (**self).poll(host)
    }
}
