//! Where regions lie in the card's address space.

use crate::region::{HUGE_PAGE_BYTES, PAGE_BYTES};
use std::sync::{Mutex, PoisonError};

/// Lowest address handed out: address 0 is never valid.
const FIRST_ADDRESS: u64 = 1 << 32;
/// The end of the address space: that of a card behind an IOMMU of 48 bits.
const END: u64 = 1 << 48;
/// At least this much stays unmapped between two regions, so that a DMA past a region's end faults.
const GAP: u64 = PAGE_BYTES as u64;

/// Addresses, none of which is used twice: a late access to old memory hits nothing.
#[derive(Debug)]
pub(super) struct Addresses(Mutex<u64>);

impl Default for Addresses {
    fn default() -> Self {
        Self(Mutex::new(FIRST_ADDRESS))
    }
}

impl Addresses {
    /// So many bytes; from a huge page on, at a multiple of one.
    pub(super) fn take(&self, bytes: u64) -> Option<u64> {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let align = if bytes < HUGE_PAGE_BYTES as u64 {
            PAGE_BYTES
        } else {
            HUGE_PAGE_BYTES
        };
        let start = next.checked_next_multiple_of(align as u64)?;
        let end = start.checked_add(bytes)?.checked_add(GAP)?;
        (end <= END).then(|| {
            *next = end;
            start
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_never_meet_and_the_space_ends() {
        let addresses = Addresses::default();
        let mut end = 0;
        for bytes in [4096, 2 << 20, 8192, 64 << 20, 4096] {
            let start = addresses.take(bytes).unwrap();
            let align = if bytes < 2 << 20 { 4096 } else { 2 << 20 };
            assert!(start > end && start.is_multiple_of(align));
            end = start + bytes;
        }
        assert_eq!(addresses.take(1 << 48), None);
        assert_eq!(addresses.take(u64::MAX - 4096), None);
        assert!(addresses.take(4096).is_some());
    }
}
