//! The address space that an in-process card sees: mapped pieces of memory at DMA addresses.
//!
//! Mapping and unmapping replace a snapshot under a lock and count its version up. The card's side
//! keeps the snapshot that it saw last and the piece that it hit last, so an access costs a load
//! and a comparison, not a lock.

use crate::lines::{self, LINE_WORDS, Line};
use crate::region::{HUGE_PAGE_BYTES, Memory, PAGE_BYTES};
use crate::transport::Iova;
use metisvm_firmware::port::DmaFault;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Lowest address handed out: address 0 is never valid.
const FIRST_ADDRESS: u64 = 1 << 32;
/// At least this much stays unmapped between two pieces, so that a DMA past a piece's end faults.
const GAP: u64 = PAGE_BYTES as u64;

#[derive(Clone, Debug)]
struct Mapping {
    start: u64,
    bytes: u64,
    memory: Memory,
}

#[derive(Debug)]
struct Table {
    next: u64,
    mappings: Arc<Vec<Mapping>>,
}

/// The address space, seen from the host.
#[derive(Debug)]
pub(crate) struct Iommu {
    version: AtomicU64,
    table: Mutex<Table>,
}

impl Iommu {
    pub(crate) fn new() -> Self {
        let table = Table {
            next: FIRST_ADDRESS,
            mappings: Arc::default(),
        };
        Self {
            version: AtomicU64::new(1),
            table: Mutex::new(table),
        }
    }

    pub(crate) fn map(&self, memory: &Memory) -> Iova {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = memory.bytes() as u64;
        let align = if memory.bytes() < HUGE_PAGE_BYTES {
            PAGE_BYTES
        } else {
            HUGE_PAGE_BYTES
        };
        let start = table.next.next_multiple_of(align as u64);
        // Addresses are never used twice, so a late access to old memory hits nothing.
        table.next = start + bytes + GAP;
        let mut mappings = table.mappings.to_vec();
        mappings.push(Mapping {
            start,
            bytes,
            memory: memory.clone(),
        });
        table.mappings = Arc::new(mappings);
        self.version.fetch_add(1, Ordering::Release);
        Iova(start)
    }

    /// Says whether there was such a piece.
    pub(crate) fn unmap(&self, iova: Iova) -> bool {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut mappings = table.mappings.to_vec();
        mappings.retain(|mapping| mapping.start != iova.0);
        let found = mappings.len() < table.mappings.len();
        table.mappings = Arc::new(mappings);
        self.version.fetch_add(1, Ordering::Release);
        found
    }
}

/// The address space, seen from the card's thread.
pub(crate) struct View {
    iommu: Arc<Iommu>,
    seen: Cell<u64>,
    mappings: RefCell<Arc<Vec<Mapping>>>,
    last: Cell<usize>,
}

impl View {
    pub(crate) fn new(iommu: Arc<Iommu>) -> Self {
        Self {
            iommu,
            seen: Cell::new(0),
            mappings: RefCell::default(),
            last: Cell::new(0),
        }
    }

    /// Finds the piece that holds all of an access, and gives it with the offset in it, bytes.
    fn with<T>(
        &self,
        address: u64,
        bytes: usize,
        access: impl FnOnce(&[Line], usize) -> T,
    ) -> Result<T, DmaFault> {
        // The load is Acquire; a map that precedes a doorbell was published by it already.
        let version = self.iommu.version.load(Ordering::Acquire);
        if version != self.seen.get() {
            let table = self.iommu.table.lock().unwrap_or_else(PoisonError::into_inner);
            *self.mappings.borrow_mut() = Arc::clone(&table.mappings);
            self.seen.set(version);
            self.last.set(0);
        }
        let mappings = self.mappings.borrow();
        let bytes = bytes as u64;
        let holds = |mapping: &Mapping| {
            address >= mapping.start
                && bytes <= mapping.bytes
                && address - mapping.start <= mapping.bytes - bytes
        };
        let hit = match mappings.get(self.last.get()) {
            Some(mapping) if holds(mapping) => mapping,
            _ => {
                // Addresses only grow, so the table is sorted.
                let index = mappings
                    .partition_point(|mapping| mapping.start <= address)
                    .wrapping_sub(1);
                let mapping = mappings.get(index).filter(|mapping| holds(mapping));
                self.last.set(index);
                mapping.ok_or(DmaFault { address, bytes })?
            }
        };
        Ok(access(&hit.memory, (address - hit.start) as usize))
    }

    pub(crate) fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault> {
        if !address.is_multiple_of(8) {
            return Err(DmaFault {
                address,
                bytes: size_of_val(words) as u64,
            });
        }
        self.with(address, size_of_val(words), |memory, offset| {
            let first = offset / 8;
            if first.is_multiple_of(LINE_WORDS) && words.len().is_multiple_of(LINE_WORDS) {
                let lines = &memory[first / LINE_WORDS..][..words.len() / LINE_WORDS];
                for (line, chunk) in lines.iter().zip(words.as_chunks_mut::<LINE_WORDS>().0) {
                    for (word, slot) in line.0.iter().zip(chunk) {
                        *slot = word.load(Ordering::Acquire);
                    }
                }
            } else {
                for (index, slot) in words.iter_mut().enumerate() {
                    *slot = lines::word(memory, first + index).load(Ordering::Acquire);
                }
            }
        })
    }

    pub(crate) fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault> {
        if !address.is_multiple_of(8) {
            return Err(DmaFault {
                address,
                bytes: size_of_val(words) as u64,
            });
        }
        self.with(address, size_of_val(words), |memory, offset| {
            for (index, &value) in words.iter().enumerate() {
                lines::word(memory, offset / 8 + index).store(value, Ordering::Release);
            }
        })
    }

    pub(crate) fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        self.with(address, bytes.len(), |memory, offset| {
            lines::read_bytes(memory, offset, bytes, Ordering::Acquire);
        })
    }

    pub(crate) fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        self.with(address, bytes.len(), |memory, offset| {
            lines::write_bytes(memory, offset, bytes, Ordering::Release);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Pages;

    #[test]
    fn dma_outside_a_mapping_faults_and_changes_nothing() {
        let iommu = Arc::new(Iommu::new());
        let memory = Memory::allocate(PAGE_BYTES, Pages::Base).unwrap();
        let Iova(at) = iommu.map(&memory);
        let end = at + PAGE_BYTES as u64;
        let view = View::new(Arc::clone(&iommu));
        assert!(view.write_bytes(end - 4, &[1; 4]).is_ok());
        assert!(view.write_bytes(end - 3, &[2; 4]).is_err());
        assert!(view.write_bytes(at - 1, &[2; 4]).is_err());
        assert!(view.write_words(at + 4, &[2]).is_err());
        assert!(view.read_bytes(u64::MAX, &mut [0; 4]).is_err());
        assert!(view.read_bytes(0, &mut [0; 4]).is_err());
        let mut all = [0; PAGE_BYTES];
        view.read_bytes(at, &mut all).unwrap();
        assert_eq!(all.iter().map(|&b| u32::from(b)).sum::<u32>(), 4);
        assert!(iommu.unmap(Iova(at)));
        assert!(view.read_bytes(at, &mut all).is_err());
        assert!(!iommu.unmap(Iova(at)), "it is gone already");
    }

    #[test]
    fn large_pieces_begin_at_huge_pages() {
        let iommu = Iommu::new();
        for bytes in [1, HUGE_PAGE_BYTES, 1, 2 * HUGE_PAGE_BYTES] {
            let memory = Memory::allocate(bytes, Pages::Base).unwrap();
            let Iova(at) = iommu.map(&memory);
            let align = memory.bytes().min(HUGE_PAGE_BYTES) as u64;
            assert!(at.is_multiple_of(align), "{bytes} bytes at {at:#x}");
        }
    }
}
