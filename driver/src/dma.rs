//! Buffers for DMA: pieces of regions that a transport has mapped.

use crate::budget::{Budget, Reservation};
use crate::error::DeviceError;
use crate::first_fit::FirstFit;
use crate::lines::{LINE_BYTES, Line, read_bytes, write_bytes};
use crate::region::{PAGE_BYTES, Pages, whole_pages};
use crate::retired::{Mapping, Retired};
use crate::transport::{DmaRegion, Iova, Transport, TransportError};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A mapped region that buffers are cut from. With its last holder it is unmapped, or retired, and then freed; where
/// it cannot be unmapped it is never freed.
pub(crate) struct Region {
    mapped: DmaRegion,
    /// Until it is dropped or retired.
    mapping: Option<Mapping>,
    free: Mutex<FirstFit>,
    /// Where it goes if the last holder must not wait.
    retired: Option<Arc<Retired>>,
}

impl Region {
    /// Allocates and maps at least `bytes` bytes, if a budget has them.
    ///
    /// # Errors
    /// The budget has not; or of the transport, or a region smaller than was asked for.
    pub(crate) fn within(
        transport: &Arc<dyn Transport>,
        bytes: usize,
        budget: &Arc<Budget>,
        retired: &Arc<Retired>,
    ) -> Result<Arc<Self>, DeviceError> {
        // What is too large for any machine is refused by the transport.
        let whole = whole_pages(bytes, Pages::Base).unwrap_or(bytes);
        let reserved = budget.reserve(whole)?;
        Self::new(transport, bytes, whole, reserved, Some(Arc::clone(retired)))
    }

    fn new(
        transport: &Arc<dyn Transport>,
        bytes: usize,
        counted: usize,
        reserved: Reservation,
        retired: Option<Arc<Retired>>,
    ) -> Result<Arc<Self>, DeviceError> {
        let mapped = transport.allocate(bytes)?;
        let (given, iova) = (mapped.memory.bytes(), mapped.iova);
        // From here on it is unmapped again, whatever is wrong with it.
        let mut mapping = Mapping {
            region: mapped.clone(),
            transport: Arc::downgrade(transport),
            reserved: Some(reserved),
        };
        if given < bytes || !iova.0.is_multiple_of(PAGE_BYTES as u64) {
            let reason = format!("the transport gave {given} bytes at {:#x}", iova.0);
            return Err(TransportError::Map { bytes, reason }.into());
        }
        // Its pages may be larger than those that were reckoned with.
        if let Some(reserved) = &mut mapping.reserved {
            reserved.extend(given.saturating_sub(counted))?;
        }
        Ok(Arc::new(Self {
            mapped,
            mapping: Some(mapping),
            free: Mutex::new(FirstFit::new(given as u64, PAGE_BYTES as u64)),
            retired,
        }))
    }

    /// Size, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.mapped.memory.bytes()
    }

    /// Whether no buffer is cut from it.
    pub(crate) fn is_free(&self) -> bool {
        self.lock().free_bytes() == self.bytes() as u64
    }

    /// Cuts a buffer of whole pages from it, if one is free in one piece.
    pub(crate) fn cut(self: &Arc<Self>, bytes: usize) -> Option<DmaBuffer> {
        let bytes = bytes.max(1).checked_next_multiple_of(PAGE_BYTES)?;
        let offset = self.lock().allocate(bytes as u64)? as usize;
        Some(DmaBuffer {
            region: Arc::clone(self),
            offset,
            bytes,
        })
    }

    fn lock(&self) -> MutexGuard<'_, FirstFit> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if let (Some(retired), Some(mapping)) = (&self.retired, self.mapping.take()) {
            retired.add(mapping);
        }
    }
}

/// Memory mapped for DMA: whole pages of a region. Dropped, its pages may be used for another job; while
/// a card may still write it, it must be kept or leaked.
pub struct DmaBuffer {
    region: Arc<Region>,
    offset: usize,
    bytes: usize,
}

impl DmaBuffer {
    /// At least `bytes` bytes, zeroed, of a region of their own.
    ///
    /// # Errors
    /// Of the transport.
    pub fn new(transport: &Arc<dyn Transport>, bytes: usize) -> Result<Self, DeviceError> {
        let reserved = Reservation::uncounted();
        Ok(Self::all_of(&Region::new(
            transport, bytes, bytes, reserved, None,
        )?))
    }

    /// All of a region that nobody else has.
    pub(crate) fn all_of(region: &Arc<Region>) -> Self {
        let bytes = region.bytes();
        region.lock().allocate(bytes as u64);
        Self {
            region: Arc::clone(region),
            offset: 0,
            bytes,
        }
    }

    /// The card's address of byte 0.
    pub fn iova(&self) -> Iova {
        Iova(self.region.mapped.iova.0 + self.offset as u64)
    }

    /// Size, bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The lines themselves.
    #[inline]
    pub fn lines(&self) -> &[Line] {
        &self.region.mapped.memory[self.offset / LINE_BYTES..][..self.bytes / LINE_BYTES]
    }

    /// Copies bytes in from byte `offset` on. Panics past the end.
    pub fn copy_in(&self, offset: usize, bytes: &[u8]) {
        write_bytes(self.lines(), offset, bytes, Ordering::Relaxed);
    }

    /// Copies `bytes` bytes out from byte `offset` on. Panics past the end.
    pub fn copy_out(&self, offset: usize, bytes: usize) -> Vec<u8> {
        let mut copy = vec![0; bytes];
        read_bytes(self.lines(), offset, &mut copy, Ordering::Relaxed);
        copy
    }
}

impl Drop for DmaBuffer {
    fn drop(&mut self) {
        self.region.lock().free(self.offset as u64, self.bytes as u64);
    }
}

impl std::fmt::Debug for DmaBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DmaBuffer")
            .field("iova", &self.iova())
            .field("bytes", &self.bytes)
            .finish()
    }
}
