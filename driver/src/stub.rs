//! A link with nothing behind it, for tests that need a transport: each says what of it matters to it.

use crate::region::{Memory, Pages};
use crate::transport::{DmaRegion, Iova, Transport, TransportError};
use std::time::Duration;

/// What a test gives its link. Registers read zero, writes go nowhere, no memory is mapped: what a test does not mean
/// to use fails in it.
pub(crate) trait Stub: Send + Sync {
    /// What a register reads.
    fn reads(&self, _: u32) -> u32 {
        0
    }

    /// What a write does.
    fn writes(&self, _: u32, _: u32) {}

    /// What mapping so many bytes gives.
    fn maps(&self, _: usize) -> Result<DmaRegion, TransportError> {
        Err(TransportError::Gone("there is no memory behind this link".into()))
    }

    /// What unmapping does.
    fn unmaps(&self, _: &DmaRegion) -> Result<(), TransportError> {
        Ok(())
    }
}

/// So many bytes in pages of the usual size, at an address that the test chooses.
pub(crate) fn region(bytes: usize, iova: u64) -> DmaRegion {
    let memory = Memory::allocate(bytes, Pages::Base).expect("a test's memory");
    let iova = Iova(iova);
    DmaRegion { memory, iova }
}

impl<T: Stub> Transport for T {
    fn read32(&self, offset: u32) -> u32 {
        self.reads(offset)
    }

    fn write32(&self, offset: u32, value: u32) {
        self.writes(offset, value);
    }

    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        self.maps(bytes)
    }

    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        self.unmaps(region)
    }

    fn isolates_on_unmap(&self) -> bool {
        true
    }

    fn vectors(&self) -> u16 {
        1
    }

    fn wait_interrupt(&self, _: u16, _: Duration) -> bool {
        false
    }

    fn failure(&self) -> Option<TransportError> {
        None
    }
}
