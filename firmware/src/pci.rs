//! How a card shows itself on PCI: identity, BAR0 beyond its registers, interrupts, capabilities.
//!
//! A board may carry its own vendor's numbers; what makes a function a card of ours is
//! [`crate::registers::MAGIC`] behind BAR0, and the numbers here are those of cards in software. A
//! driver that looks for cards takes the class, then asks the register.

use crate::registers::{QUEUE_LIMIT, REGISTER_BYTES};
use bytemuck::{Pod, Zeroable};

/// Vendor of cards in software: the number that QEMU uses for devices of no vendor.
pub const VENDOR_ID: u16 = 0x1234;
/// Device number of cards in software, "MV" in ASCII.
pub const DEVICE_ID: u16 = 0x4d56;
/// Subsystem number of a card in software that follows the device ABI at no particular speed; its vendor is
/// [`VENDOR_ID`].
pub const SUBSYSTEM_FUNCTIONAL: u16 = 1;
/// Subsystem number of a card in RTL: its host gives it more time.
pub const SUBSYSTEM_RTL: u16 = 2;
/// Class code: processing accelerator (base class 12h, sub-class 00h, interface 00h; PCI Code and ID
/// Assignment Specification).
pub const CLASS_CODE: u32 = 0x12_00_00;
/// Revision: the ABI's major version.
pub const REVISION: u8 = crate::registers::ABI_MAJOR as u8;

/// The one BAR: 64-bit memory, not prefetchable, since reads and writes have effects.
pub const BAR: u8 = 0;
/// Offset of the MSI-X table in BAR0: a page of its own, so that the registers before it can be mapped
/// into a process while the table cannot.
pub const MSIX_TABLE: u32 = 0x2000;
/// Offset of the MSI-X pending bits in BAR0, a page of their own.
pub const MSIX_PENDING: u32 = 0x3000;
/// Size of BAR0, bytes; a BAR is a power of two.
pub const BAR0_BYTES: u32 = 0x4000;
/// Most interrupt vectors: vector q is queue q's, and there are as many as queues.
pub const MAX_VECTORS: u16 = QUEUE_LIMIT as u16;

/// An entry of the MSI-X table (PCI Express Base Specification, "MSI-X Table Structure").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct MsixEntry {
    /// Where the card writes to interrupt: low and high half.
    pub address: [u32; 2],
    /// What it writes there.
    pub data: u32,
    /// Bit 0 masks the vector.
    pub control: u32,
}

const _: () = {
    assert!(REGISTER_BYTES <= MSIX_TABLE);
    assert!(MSIX_TABLE + MAX_VECTORS as u32 * size_of::<MsixEntry>() as u32 <= MSIX_PENDING);
    assert!(MSIX_PENDING + MAX_VECTORS as u32 / 8 <= BAR0_BYTES);
    assert!(BAR0_BYTES.is_power_of_two());
};
