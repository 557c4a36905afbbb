//! What a PCI function says of itself, and whether it is a card.

use metisvm_firmware::pci::{CLASS_CODE, DEVICE_ID, SUBSYSTEM_RTL, VENDOR_ID};
use std::fmt;

/// Bytes of the header of a configuration space (PCI Local Bus Specification, "Configuration Space").
pub(crate) const HEADER_BYTES: usize = 64;

/// What a function shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who made it.
    pub vendor: u16,
    /// What it is of that vendor.
    pub device: u16,
    /// Revision.
    pub revision: u8,
    /// Class code.
    pub class: u32,
    /// Vendor and number of the subsystem: the card that the function is on.
    pub subsystem: (u16, u16),
}

impl Identity {
    /// Reads it out of a header.
    pub(crate) fn of_header(header: &[u8; HEADER_BYTES]) -> Self {
        let [v0, v1, d0, d1, _, _, _, _, revision, c0, c1, c2, ..] = *header;
        Self {
            vendor: u16::from_le_bytes([v0, v1]),
            device: u16::from_le_bytes([d0, d1]),
            revision,
            class: u32::from_le_bytes([c0, c1, c2, 0]),
            subsystem: (
                u16::from_le_bytes([header[0x2c], header[0x2d]]),
                u16::from_le_bytes([header[0x2e], header[0x2f]]),
            ),
        }
    }

    /// Whether it is of the class that cards have. That it is a card, its register MAGIC says.
    pub fn is_accelerator(&self) -> bool {
        self.class == CLASS_CODE
    }

    /// Whether it is a card of simulated gates, slower than a real one by orders of magnitude.
    pub fn is_rtl(&self) -> bool {
        (self.vendor, self.device, self.subsystem) == (VENDOR_ID, DEVICE_ID, (VENDOR_ID, SUBSYSTEM_RTL))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04x}:{:04x} (class {:06x}, revision {:02x})",
            self.vendor, self.device, self.class, self.revision
        )
    }
}
