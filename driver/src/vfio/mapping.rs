//! Memory of this process, mapped for a function's DMA.
#![allow(unsafe_code, reason = "the kernel is given an address of this process")]

use crate::region::Memory;
use pci_driver::iommu::PciIommu;
use pci_driver::regions::Permissions;
use std::io;

/// Maps a region at an address of the function's.
pub(super) fn map(iommu: &PciIommu<'_>, memory: &Memory, iova: u64) -> io::Result<()> {
    // SAFETY: the range is one mapping of this process, readable and writable, for as long as `memory` or a clone of
    // it is held, which `Space` does until it is unmapped; the kernel keeps the pages themselves until then whatever
    // the process does. They are only ever touched as atomic words, so a card may write to them at any time.
    unsafe {
        iommu.map(
            iova,
            memory.bytes(),
            memory.as_ptr().cast(),
            Permissions::ReadWrite,
        )
    }
}
