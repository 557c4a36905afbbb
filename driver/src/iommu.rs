//! The address space that an in-process card sees: mapped pieces of memory at DMA addresses.
//!
//! Mapping and unmapping replace a snapshot under a lock and count its version up. The card's side
//! keeps the snapshot that it saw last and the piece that it hit last, so an access costs a load
//! and a comparison, not a lock.

use crate::dma::{self, Iova, LINE_BYTES, LINE_WORDS, Line, Memory};
use metisvm_firmware::port::DmaFault;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Lowest address handed out: address 0 is never valid.
const FIRST_ADDRESS: u64 = 1 << 32;
/// Pieces begin at multiples of this, with at least as much unmapped in between, so that a DMA past
/// a piece's end faults.
const PAGE: u64 = 4096;

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
        let bytes = (memory.len() * LINE_BYTES) as u64;
        let start = table.next;
        // Addresses are never used twice, so a late access to old memory hits nothing.
        table.next += bytes.next_multiple_of(PAGE) + PAGE;
        let mut mappings = table.mappings.to_vec();
        mappings.push(Mapping {
            start,
            bytes,
            memory: Arc::clone(memory),
        });
        table.mappings = Arc::new(mappings);
        self.version.fetch_add(1, Ordering::Release);
        Iova(start)
    }

    pub(crate) fn unmap(&self, iova: Iova) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = table
            .mappings
            .iter()
            .filter(|mapping| mapping.start != iova.0)
            .cloned()
            .collect();
        table.mappings = Arc::new(kept);
        self.version.fetch_add(1, Ordering::Release);
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
                    *slot = dma::word(memory, first + index).load(Ordering::Acquire);
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
                dma::word(memory, offset / 8 + index).store(value, Ordering::Release);
            }
        })
    }

    pub(crate) fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        self.with(address, bytes.len(), |memory, offset| {
            dma::read_bytes(memory, offset, bytes, Ordering::Acquire);
        })
    }

    pub(crate) fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        self.with(address, bytes.len(), |memory, offset| {
            dma::write_bytes(memory, offset, bytes, Ordering::Release);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dma_outside_a_mapping_faults_and_changes_nothing() {
        let iommu = Arc::new(Iommu::new());
        let memory = dma::allocate(64);
        let Iova(at) = iommu.map(&memory);
        let view = View::new(Arc::clone(&iommu));
        assert!(view.write_bytes(at + 60, &[1; 4]).is_ok());
        assert!(view.write_bytes(at + 61, &[2; 4]).is_err());
        assert!(view.write_bytes(at - 1, &[2; 4]).is_err());
        assert!(view.write_words(at + 4, &[2]).is_err());
        assert!(view.read_bytes(u64::MAX, &mut [0; 4]).is_err());
        assert!(view.read_bytes(0, &mut [0; 4]).is_err());
        let mut all = [0; 64];
        view.read_bytes(at, &mut all).unwrap();
        assert_eq!(all.iter().map(|&b| u32::from(b)).sum::<u32>(), 4);
        iommu.unmap(Iova(at));
        assert!(view.read_bytes(at, &mut all).is_err());
    }
}
