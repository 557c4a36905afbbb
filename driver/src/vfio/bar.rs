//! Registers of a function, mapped into this process.

use super::sigbus::Guarded;
use metisvm_firmware::registers::ALL_ONES;
use pci_driver::regions::{MappedOwningPciRegion, OwningPciRegion, PciRegion, Permissions};
use std::io;

/// The registers from the beginning of a BAR on.
#[derive(Debug)]
pub struct Bar(Guarded<MappedOwningPciRegion>);

impl Bar {
    /// Maps so many bytes, whole pages.
    ///
    /// # Errors
    /// The kernel does not map them.
    pub(super) fn map(region: &OwningPciRegion, bytes: u64) -> io::Result<Self> {
        let mapped = region.map(..bytes, Permissions::ReadWrite)?;
        Guarded::new(mapped).map(Self)
    }

    /// Reads 32 bits; all ones where nobody answers, or there is nothing.
    pub fn read32(&self, offset: u32) -> u32 {
        let value = self.0.mapped().read_le_u32(offset.into()).unwrap_or(ALL_ONES);
        if self.0.is_lost() { ALL_ONES } else { value }
    }

    /// Writes 32 bits.
    pub fn write32(&self, offset: u32, value: u32) {
        // Past the end, and where nobody answers, it goes nowhere, as on a bus.
        let _ = self.0.mapped().write_le_u32(offset.into(), value);
    }

    /// Whether an access found nobody to answer, which is for good.
    pub fn is_lost(&self) -> bool {
        self.0.is_lost()
    }
}
