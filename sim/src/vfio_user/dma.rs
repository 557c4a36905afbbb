//! The client's memory, as the card sees it: nothing but what was mapped, while it is.
//!
//! Each access looks its address up and holds the table for as long as it copies, so an unmapping waits for the
//! accesses under way, and once it is acknowledged there are none. An access may run over several mappings that
//! meet, as those of pages behind an IOMMU do.

use super::mappings::{Direction, Limits, Mapping, Table, Way};
use super::refusal::Refusal;
use super::remote::Remote;
use metisvm_driver::lines::{Line, read_bytes, word, write_bytes};
use metisvm_driver::region::{Mapped, PAGE_BYTES};
use metisvm_firmware::port::{DmaFault, HostMemory};
use metisvm_vfio_user::Command;
use metisvm_vfio_user::messages::{DMA_READABLE, DMA_WRITABLE, DmaAccess, DmaMap, DmaUnmap, UNMAP_ALL};
use rustix::io::Errno;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

/// The address space of the card.
#[derive(Debug)]
pub struct DmaSpace {
    table: RwLock<Table>,
    limits: Limits,
    bus_master: AtomicBool,
    pub(super) remote: Remote,
}

impl DmaSpace {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        Self {
            table: RwLock::default(),
            limits,
            bus_master: AtomicBool::new(false),
            remote: Remote::default(),
        }
    }

    /// Whether the card may do DMA at all.
    pub fn set_bus_master(&self, on: bool) {
        self.bus_master.store(on, Ordering::SeqCst);
    }

    /// Bytes that are mapped.
    pub fn mapped_bytes(&self) -> u64 {
        self.table.read().unwrap_or_else(PoisonError::into_inner).bytes
    }

    fn change(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the card reach memory, through its descriptor if there is one.
    ///
    /// # Errors
    /// It is no memory that stays, it meets what is mapped, or it is too much.
    pub fn map(&self, map: &DmaMap, fds: Vec<OwnedFd>) -> Result<(), Refusal> {
        let at = || format!("DMA memory of {:#x} bytes at {:#x}", map.size, map.address);
        let page = PAGE_BYTES as u64;
        if map.flags & !(DMA_READABLE | DMA_WRITABLE) != 0 {
            return Err(Refusal::invalid(format!(
                "{}: flags {:#x} are not known",
                at(),
                map.flags
            )));
        }
        let end = map.address.checked_add(map.size);
        let Some(end) =
            end.filter(|_| map.size > 0 && map.size.is_multiple_of(page) && map.address.is_multiple_of(page))
        else {
            return Err(Refusal::invalid(format!(
                "{}: it is not made of whole pages",
                at()
            )));
        };
        let mut table = self.change();
        let before = table.mappings.range(..end).next_back();
        if before.is_some_and(|(&start, mapping)| start + mapping.bytes > map.address) {
            return Err(Refusal::new(
                Errno::EXIST,
                format!("{}: it meets what is mapped", at()),
            ));
        }
        let limits = self.limits;
        let bytes = table.bytes.saturating_add(map.size);
        if table.mappings.len() >= limits.mappings || bytes > limits.bytes {
            return Err(Refusal::new(
                Errno::NOSPC,
                format!(
                    "{}: a client may map {} bytes in {} pieces",
                    at(),
                    limits.bytes,
                    limits.mappings
                ),
            ));
        }
        let memory = match &fds[..] {
            [] => None,
            [file] => {
                let size = usize::try_from(map.size).map_err(|error| Refusal::invalid(error.to_string()))?;
                let mapped = Mapped::of_file(file, map.offset, size);
                Some(mapped.map_err(|error| Refusal::new(Errno::ACCESS, format!("{}: {error}", at())))?)
            }
            _ => {
                return Err(Refusal::invalid(format!(
                    "{}: {} descriptors came with it",
                    at(),
                    fds.len()
                )));
            }
        };
        let mapping = Mapping {
            bytes: map.size,
            readable: map.flags & DMA_READABLE != 0,
            writable: map.flags & DMA_WRITABLE != 0,
            memory,
        };
        table.mappings.insert(map.address, mapping);
        table.bytes = bytes;
        Ok(())
    }

    /// Takes away all mappings that lie in a range. That it must be exactly one, as the specification has it, is
    /// not asked for: QEMU unmaps, as with the kernel, ranges of an IOMMU that hold many, or none.
    ///
    /// # Errors
    /// A mapping lies across an end of the range.
    pub fn unmap(&self, unmap: &DmaUnmap) -> Result<(), Refusal> {
        let all = match unmap.flags {
            0 => false,
            UNMAP_ALL => true,
            flags => {
                return Err(Refusal::invalid(format!(
                    "unmapping with flags {flags:#x} is not known"
                )));
            }
        };
        if all {
            self.clear();
            return Ok(());
        }
        let Some(last) = unmap
            .size
            .checked_sub(1)
            .and_then(|size| unmap.address.checked_add(size))
        else {
            return Err(Refusal::invalid(format!(
                "{:#x} bytes at {:#x} are no range to unmap",
                unmap.size, unmap.address
            )));
        };
        let mut table = self.change();
        let across = |address: u64| {
            table
                .at(address)
                .map(|(start, mapping)| start..start + mapping.bytes)
        };
        let cut = [across(unmap.address), across(last)]
            .into_iter()
            .flatten()
            .find(|mapping| mapping.start < unmap.address || mapping.end - 1 > last);
        if let Some(Range { start, end }) = cut {
            return Err(Refusal::invalid(format!(
                "unmapping {:#x} bytes at {:#x} would cut the mapping from {start:#x} to {end:#x}",
                unmap.size, unmap.address
            )));
        }
        let inside: Vec<u64> = table
            .mappings
            .range(unmap.address..=last)
            .map(|(&start, _)| start)
            .collect();
        inside.into_iter().for_each(|start| table.forget(start));
        Ok(())
    }

    /// Takes all memory away.
    pub fn clear(&self) {
        *self.change() = Table::default();
    }

    /// Looks whether every byte may be accessed, then makes the access where that is memory, piece by piece: each
    /// with where it lies in its memory, and which bytes of the whole it is.
    fn access(
        &self,
        address: u64,
        bytes: usize,
        direction: Direction,
        mut piece: impl FnMut(&[Line], usize, Range<usize>),
    ) -> Result<Way, DmaFault> {
        let fault = DmaFault {
            address,
            bytes: bytes as u64,
        };
        let end = address.checked_add(bytes as u64).ok_or(fault)?;
        if !self.bus_master.load(Ordering::Relaxed) {
            return Err(fault);
        }
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let way = table.way(address, end, direction).ok_or(fault)?;
        let mut at = address;
        while at < end {
            let (start, mapping) = table.at(at).ok_or(fault)?;
            let stop = end.min(start + mapping.bytes);
            if let Some(memory) = &mapping.memory {
                let part = (at - address) as usize..(stop - address) as usize;
                piece(memory, (at - start) as usize, part);
            }
            at = stop;
        }
        Ok(way)
    }

    /// Has the client read or write what only it reaches. A question is on its way before the table is let go of, so
    /// none follows the reply to an unmapping.
    fn ask(&self, question: &DmaAccess, data: &[u8], direction: Direction) -> Result<Vec<u8>, DmaFault> {
        let fault = DmaFault {
            address: question.address,
            bytes: question.count,
        };
        let command = match direction {
            Direction::Read => Command::DmaRead,
            Direction::Write => Command::DmaWrite,
        };
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let end = question.address + question.count;
        if !matches!(table.way(question.address, end, direction), Some(Way::Messages)) {
            return Err(fault);
        }
        let asked = self.remote.ask(command, question, data);
        drop(table);
        asked.and_then(|id| self.remote.answer(id)).ok_or(fault)
    }
}

impl HostMemory for DmaSpace {
    fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault> {
        let bytes = size_of_val(words);
        if !address.is_multiple_of(8) {
            let bytes = bytes as u64;
            return Err(DmaFault { address, bytes });
        }
        let way = self.access(address, bytes, Direction::Read, |lines, offset, part| {
            for (index, slot) in words[part.start / 8..part.end / 8].iter_mut().enumerate() {
                *slot = word(lines, offset / 8 + index).load(Ordering::Acquire);
            }
        })?;
        match way {
            Way::Memory => Ok(()),
            Way::Messages => self.read_bytes(address, bytemuck::cast_slice_mut(words)),
        }
    }

    fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault> {
        let bytes = size_of_val(words);
        if !address.is_multiple_of(8) {
            let bytes = bytes as u64;
            return Err(DmaFault { address, bytes });
        }
        let way = self.access(address, bytes, Direction::Write, |lines, offset, part| {
            for (index, &value) in words[part.start / 8..part.end / 8].iter().enumerate() {
                word(lines, offset / 8 + index).store(value, Ordering::Release);
            }
        })?;
        match way {
            Way::Memory => Ok(()),
            Way::Messages => self.write_bytes(address, bytemuck::cast_slice(words)),
        }
    }

    fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        let way = self.access(address, bytes.len(), Direction::Read, |lines, offset, part| {
            read_bytes(lines, offset, &mut bytes[part], Ordering::Acquire);
        })?;
        if let Way::Messages = way {
            let mut at = address;
            for part in bytes.chunks_mut(self.remote.most_bytes()) {
                let question = DmaAccess {
                    address: at,
                    count: part.len() as u64,
                };
                part.copy_from_slice(&self.ask(&question, &[], Direction::Read)?);
                at += question.count;
            }
        }
        Ok(())
    }

    fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        let way = self.access(address, bytes.len(), Direction::Write, |lines, offset, part| {
            write_bytes(lines, offset, &bytes[part], Ordering::Release);
        })?;
        if let Way::Messages = way {
            let mut at = address;
            for part in bytes.chunks(self.remote.most_bytes()) {
                let question = DmaAccess {
                    address: at,
                    count: part.len() as u64,
                };
                self.ask(&question, part, Direction::Write)?;
                at += question.count;
            }
        }
        Ok(())
    }
}
