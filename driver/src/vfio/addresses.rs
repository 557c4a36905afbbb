//! Where regions lie in the address space that an IOMMU gives to a function.

use crate::region::{HUGE_PAGE_BYTES, PAGE_BYTES};
use std::collections::BTreeMap;
use std::ops::Range;

/// Where the first region lies, if the IOMMU has it: above 32 bits, where the ranges have no holes.
const FIRST_ADDRESS: u64 = 1 << 32;
/// At least this much stays unmapped behind a region, so that a DMA past its end faults.
const GAP: u64 = PAGE_BYTES as u64;

/// Free and taken addresses. An address that was given back is used again as late as can be.
#[derive(Debug)]
pub(super) struct Addresses {
    ranges: Vec<Range<u64>>,
    taken: BTreeMap<u64, u64>,
    next: u64,
}

impl Addresses {
    /// The ranges that an IOMMU can map, ascending.
    pub(super) fn new(ranges: Vec<Range<u64>>) -> Self {
        Self {
            ranges,
            taken: BTreeMap::new(),
            next: FIRST_ADDRESS,
        }
    }

    /// So many bytes; from a huge page on, at a multiple of one.
    pub(super) fn take(&mut self, bytes: u64) -> Option<u64> {
        let start = self.find(self.next, bytes).or_else(|| self.find(0, bytes))?;
        self.taken.insert(start, start + bytes);
        self.next = start + bytes;
        Some(start)
    }

    /// Gives back what was taken.
    pub(super) fn give(&mut self, start: u64) {
        self.taken.remove(&start);
    }

    /// The first free place from an address on.
    fn find(&self, from: u64, bytes: u64) -> Option<u64> {
        let align = if bytes < HUGE_PAGE_BYTES as u64 {
            PAGE_BYTES
        } else {
            HUGE_PAGE_BYTES
        } as u64;
        for range in &self.ranges {
            // Address 0 is never valid.
            let mut start = range.start.max(from).max(GAP).checked_next_multiple_of(align)?;
            while let Some(end) = start.checked_add(bytes).and_then(|end| end.checked_add(GAP)) {
                if end > range.end {
                    break;
                }
                match self.taken.range(..end).next_back() {
                    Some((_, &taken)) if taken + GAP > start => {
                        start = (taken + GAP).checked_next_multiple_of(align)?;
                    }
                    _ => return Some(start),
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the kernel gives them for x86: a hole for interrupts.
    fn ranges() -> Vec<Range<u64>> {
        vec![0x1000..0xfedf_ffff, 0xfef0_0000..0x7f_ffff_ffff]
    }

    #[test]
    fn regions_never_meet_and_lie_within_the_ranges() {
        let mut addresses = Addresses::new(ranges());
        let mut regions: Vec<Range<u64>> = Vec::new();
        for round in 0..3000_u64 {
            let bytes = [4096, 8192, 2 << 20, 4096, 64 << 20, 1 << 36][(round % 6) as usize];
            if let Some(start) = addresses.take(bytes) {
                let align = if bytes < 2 << 20 { 4096 } else { 2 << 20 };
                assert!(start > 0 && start.is_multiple_of(align), "{start:#x}");
                let region = start..start + bytes;
                assert!(
                    ranges()
                        .iter()
                        .any(|range| range.start <= region.start && region.end <= range.end)
                );
                assert!(
                    regions
                        .iter()
                        .all(|other| other.end < region.start || region.end < other.start),
                    "{region:x?}"
                );
                regions.push(region);
            }
            if round % 2 == 1 {
                let index = (round * 7919 % regions.len() as u64) as usize;
                addresses.give(regions.swap_remove(index).start);
            }
        }
    }

    #[test]
    fn an_address_is_used_again_as_late_as_can_be() {
        let small = Range {
            start: 0x1000,
            end: 0x9000,
        };
        let mut addresses = Addresses::new(vec![small]);
        let mut seen = Vec::new();
        // Alone in the range, a page has seven places.
        for _ in 0..14 {
            let start = addresses.take(4096).unwrap();
            addresses.give(start);
            seen.push(start);
        }
        assert!(
            seen[..7]
                .iter()
                .eq((0x1000..0x8000).step_by(4096).collect::<Vec<_>>().iter())
        );
        assert_eq!(seen[..7], seen[7..]);
        // Four fit, each with a gap behind it.
        let all: Vec<_> = std::iter::from_fn(|| addresses.take(4096)).collect();
        assert_eq!(all.len(), 4);
        assert_eq!(addresses.take(4096), None);
        addresses.give(all[2]);
        assert_eq!(addresses.take(4096), Some(all[2]));
    }

    #[test]
    fn what_cannot_fit_is_none() {
        let mut addresses = Addresses::new(ranges());
        for bytes in [1 << 40, u64::MAX - 4096, u64::MAX] {
            assert_eq!(addresses.take(bytes), None, "{bytes:#x}");
        }
        assert_eq!(Addresses::new(Vec::new()).take(4096), None);
        assert_eq!(addresses.take(4096), Some(FIRST_ADDRESS));
    }
}
