//! Memory for DMA: whole pages, shareable by file descriptor, seen as atomic words.
//!
//! A card, its server in another process, or an IOMMU needs pages and a file descriptor, which no
//! allocator gives. They come from `memfd_create`, sealed against growing and shrinking, so that nobody
//! who gets the descriptor can take pages away from under this process.
//!
//! This is the one file of the driver with unsafe code: two lines that say that the mapping is a slice
//! of lines.
#![allow(unsafe_code, reason = "a mapping becomes a slice of atomic words")]

use crate::lines::{LINE_BYTES, Line};
use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// Size of a base page, bytes; every region is a multiple of it.
pub const PAGE_BYTES: usize = 4096;
/// Size of a huge page, bytes. A region of this size or more is a multiple of it, so that an IOMMU can
/// map it with few entries.
pub const HUGE_PAGE_BYTES: usize = 2 << 20;

/// Which pages a region is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// Base pages, joined by the kernel where it can.
    Base,
    /// Huge pages that the operator has reserved (`vm.nr_hugepages`). Only on the operator's word: where
    /// a container may not use what the machine has reserved, the first access is a SIGBUS.
    Huge,
}

/// Zeroed memory that can be mapped for DMA: a multiple of [`PAGE_BYTES`], aligned to its pages. Clones
/// are the same memory; it is freed with the last.
#[derive(Clone)]
pub struct Memory(Arc<Mapping>);

struct Mapping {
    map: MmapRaw,
    lines: usize,
    file: OwnedFd,
}

impl Memory {
    /// At least `bytes` bytes: a multiple of [`PAGE_BYTES`], from [`HUGE_PAGE_BYTES`] on a multiple of
    /// that. Huge pages are aligned to their size.
    ///
    /// # Errors
    /// No such memory, or no file descriptor left.
    pub fn allocate(bytes: usize, pages: Pages) -> io::Result<Self> {
        let huge = pages == Pages::Huge;
        let granule = if huge || bytes >= HUGE_PAGE_BYTES {
            HUGE_PAGE_BYTES
        } else {
            PAGE_BYTES
        };
        let bytes = bytes
            .max(1)
            .checked_next_multiple_of(granule)
            .filter(|&bytes| isize::try_from(bytes).is_ok())
            .ok_or(io::ErrorKind::OutOfMemory)?;
        let mut flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        if huge {
            flags |= MemfdFlags::HUGETLB | MemfdFlags::HUGE_2MB;
        }
        let file = memfd_create("metisvm-dma", flags)?;
        ftruncate(&file, bytes as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        let map = MmapOptions::new().len(bytes).map_raw(&file)?;
        if !huge && bytes >= HUGE_PAGE_BYTES {
            // A wish: kernels without transparent huge pages refuse it, and nothing is lost.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Ok(Self(Arc::new(Mapping {
            map,
            lines: bytes / LINE_BYTES,
            file,
        })))
    }

    /// Size, bytes.
    pub fn bytes(&self) -> usize {
        self.0.lines * LINE_BYTES
    }
}

impl Deref for Memory {
    type Target = [Line];

    #[inline]
    fn deref(&self) -> &[Line] {
        let first = self.0.map.as_mut_ptr().cast::<Line>().cast_const();
        // SAFETY: the mapping begins on a page, so it is aligned for a line; `lines` whole lines lie in
        // it, readable and writable, for as long as `self` holds it; the file cannot shrink under it.
        // Any bits are a valid line, and nothing but atomic operations ever touches them through this
        // process, so writes from elsewhere at any time are no data race.
        unsafe { std::slice::from_raw_parts(first, self.0.lines) }
    }
}

impl AsFd for Memory {
    /// The file behind the memory, which begins at offset 0.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.file.as_fd()
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory")
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::{read_bytes, word, write_bytes};
    use std::sync::atomic::Ordering;

    #[test]
    fn memory_is_zeroed_pages_of_the_asked_size_or_a_little_more() {
        for (asked, bytes) in [
            (0, PAGE_BYTES),
            (1, PAGE_BYTES),
            (PAGE_BYTES, PAGE_BYTES),
            (PAGE_BYTES + 1, 2 * PAGE_BYTES),
            (HUGE_PAGE_BYTES - 1, HUGE_PAGE_BYTES),
            (HUGE_PAGE_BYTES + 1, 2 * HUGE_PAGE_BYTES),
        ] {
            let memory = Memory::allocate(asked, Pages::Base).unwrap();
            assert_eq!((memory.bytes(), memory.len()), (bytes, bytes / LINE_BYTES));
            assert!(memory.as_ptr().addr().is_multiple_of(PAGE_BYTES));
            assert_eq!(word(&memory, bytes / 8 - 1).load(Ordering::Relaxed), 0);
        }
    }

    #[test]
    fn sizes_that_no_machine_has_are_errors() {
        for bytes in [usize::MAX, isize::MAX as usize, 1 << 62] {
            assert!(Memory::allocate(bytes, Pages::Base).is_err(), "{bytes}");
        }
    }

    #[test]
    fn who_gets_the_descriptor_sees_the_same_bytes_and_cannot_take_them_away() {
        let memory = Memory::allocate(PAGE_BYTES, Pages::Base).unwrap();
        write_bytes(&memory, 100, b"from here", Ordering::Relaxed);
        let fd = memory.as_fd().try_clone_to_owned().unwrap();
        let theirs = MmapOptions::new().len(PAGE_BYTES).map_raw(&fd).unwrap();
        let theirs = Memory(Arc::new(Mapping {
            map: theirs,
            lines: PAGE_BYTES / LINE_BYTES,
            file: fd,
        }));
        let mut seen = [0; 9];
        read_bytes(&theirs, 100, &mut seen, Ordering::Relaxed);
        assert_eq!(&seen, b"from here");
        write_bytes(&theirs, PAGE_BYTES - 5, b"there", Ordering::Relaxed);
        let mut seen = [0; 5];
        read_bytes(&memory, PAGE_BYTES - 5, &mut seen, Ordering::Relaxed);
        assert_eq!(&seen, b"there");
        assert!(ftruncate(theirs.as_fd(), 0).is_err());
        drop(memory);
        read_bytes(&theirs, 100, &mut seen, Ordering::Relaxed);
        assert_eq!(&seen, b"from ");
    }

    #[test]
    fn huge_pages_are_aligned_to_their_size_or_refused() {
        // Whether a machine has any is its operator's choice.
        if let Ok(memory) = Memory::allocate(1, Pages::Huge) {
            assert_eq!(memory.bytes(), HUGE_PAGE_BYTES);
            assert!(memory.as_ptr().addr().is_multiple_of(HUGE_PAGE_BYTES));
        }
    }
}
