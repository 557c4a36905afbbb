//! Memory for DMA: whole pages, shareable by file descriptor, seen as atomic words.
//!
//! A card, its server in another process, or an IOMMU needs pages and a file descriptor, which no
//! allocator gives. They come from `memfd_create`, sealed against growing and shrinking, so that nobody
//! who gets the descriptor can take pages away from under this process.
//!
//! The other end of a socket maps the same pages ([`Mapped::of_file`]), once it has held the descriptor against
//! the same rule.
//!
//! Its unsafe code are two lines that say that the mapping is a slice of lines.
#![allow(unsafe_code, reason = "a mapping becomes a slice of atomic words")]

use crate::lines::{LINE_BYTES, Line};
use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{
    MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, fstatfs, ftruncate, memfd_create,
};
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
    /// Huge pages that the operator has reserved (`vm.nr_hugepages`). They are all taken at once: where a container may
    /// not use what the machine has reserved, that is an error, and would be a SIGBUS at the first access.
    Huge,
}

/// Zeroed memory that can be mapped for DMA: a multiple of [`PAGE_BYTES`], aligned to its pages. Clones
/// are the same memory; it is freed with the last.
#[derive(Clone)]
pub struct Memory(Arc<Mapping>);

struct Mapping {
    mapped: Mapped,
    file: OwnedFd,
}

/// File system of files in memory (`TMPFS_MAGIC` of `linux/magic.h`).
const IN_MEMORY: u64 = 0x0102_1994;

/// Pages of a file in memory that cannot shrink, mapped into this process.
pub struct Mapped {
    map: MmapRaw,
    lines: usize,
}

impl Mapped {
    /// Maps `bytes` bytes from `offset` on, of a file that another process has made; whole pages.
    ///
    /// # Errors
    /// The file may lose pages under the mapping, where an access is a SIGBUS: it is not sealed against shrinking,
    /// is shorter, or is made of huge pages, which its maker can take out of the middle of it. Or it cannot be
    /// mapped for reading and writing.
    pub fn of_file(file: impl AsFd, offset: u64, bytes: usize) -> io::Result<Self> {
        let file = file.as_fd();
        let page = PAGE_BYTES as u64;
        if bytes == 0 || !(bytes as u64).is_multiple_of(page) || !offset.is_multiple_of(page) {
            return Err(io::Error::other("it is not made of whole pages of 4096 bytes"));
        }
        let sealed = fcntl_get_seals(file).is_ok_and(|seals| seals.contains(SealFlags::SHRINK));
        if !sealed {
            return Err(io::Error::other(
                "the file may shrink under the mapping: make it with memfd_create and seal it with F_SEAL_SHRINK",
            ));
        }
        if fstatfs(file)?.f_type as u64 != IN_MEMORY {
            return Err(io::Error::other(
                "the file's pages may be taken away under the mapping: huge pages are not supported here",
            ));
        }
        let end = offset.checked_add(bytes as u64);
        let length = u64::try_from(fstat(file)?.st_size).unwrap_or(0);
        if end.is_none_or(|end| end > length) {
            return Err(io::Error::other(format!(
                "the file has {length} bytes, and ends before it"
            )));
        }
        let map = MmapOptions::new().offset(offset).len(bytes).map_raw(&file)?;
        Ok(Self {
            map,
            lines: bytes / LINE_BYTES,
        })
    }
}

impl Deref for Mapped {
    type Target = [Line];

    #[inline]
    fn deref(&self) -> &[Line] {
        let first = self.map.as_mut_ptr().cast::<Line>().cast_const();
        // SAFETY: the mapping begins on a page, so it is aligned for a line; `lines` whole lines lie in
        // it, readable and writable, for as long as `self` holds it; the file cannot shrink under it.
        // Any bits are a valid line, and nothing but atomic operations ever touches them through this
        // process, so writes from elsewhere at any time are no data race.
        unsafe { std::slice::from_raw_parts(first, self.lines) }
    }
}

impl std::fmt::Debug for Mapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mapped")
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

/// Bytes of a region of at least so many: a multiple of [`PAGE_BYTES`], from [`HUGE_PAGE_BYTES`] on, and with huge
/// pages, a multiple of that; `None` if no machine has so many.
pub(crate) fn whole_pages(bytes: usize, pages: Pages) -> Option<usize> {
    let granule = if pages == Pages::Huge || bytes >= HUGE_PAGE_BYTES {
        HUGE_PAGE_BYTES
    } else {
        PAGE_BYTES
    };
    bytes
        .max(1)
        .checked_next_multiple_of(granule)
        .filter(|&bytes| isize::try_from(bytes).is_ok())
}

impl Memory {
    /// At least `bytes` bytes: a multiple of [`PAGE_BYTES`], from [`HUGE_PAGE_BYTES`] on a multiple of
    /// that. Huge pages are aligned to their size.
    ///
    /// # Errors
    /// No such memory, or no file descriptor left. Huge pages need Linux 5.14.
    pub fn allocate(bytes: usize, pages: Pages) -> io::Result<Self> {
        let huge = pages == Pages::Huge;
        let bytes = whole_pages(bytes, pages).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        if huge {
            flags |= MemfdFlags::HUGETLB | MemfdFlags::HUGE_2MB;
        }
        let file = memfd_create("metisvm-dma", flags)?;
        ftruncate(&file, bytes as u64)?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        let map = MmapOptions::new().len(bytes).map_raw(&file)?;
        if huge {
            map.advise(memmap2::Advice::PopulateWrite)?;
        } else if bytes >= HUGE_PAGE_BYTES {
            // A wish: kernels without transparent huge pages refuse it, and nothing is lost.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        let lines = bytes / LINE_BYTES;
        let mapped = Mapped { map, lines };
        Ok(Self(Arc::new(Mapping { mapped, file })))
    }

    /// Size, bytes.
    pub fn bytes(&self) -> usize {
        self.0.mapped.lines * LINE_BYTES
    }
}

impl Deref for Memory {
    type Target = [Line];

    #[inline]
    fn deref(&self) -> &[Line] {
        &self.0.mapped
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
        let theirs = Mapped::of_file(&fd, 0, PAGE_BYTES).unwrap();
        let mut seen = [0; 9];
        read_bytes(&theirs, 100, &mut seen, Ordering::Relaxed);
        assert_eq!(&seen, b"from here");
        write_bytes(&theirs, PAGE_BYTES - 5, b"there", Ordering::Relaxed);
        let mut seen = [0; 5];
        read_bytes(&memory, PAGE_BYTES - 5, &mut seen, Ordering::Relaxed);
        assert_eq!(&seen, b"there");
        assert!(ftruncate(&fd, 0).is_err());
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

    #[test]
    fn files_that_may_lose_pages_are_not_mapped() {
        let file = |seals: SealFlags, bytes: u64| {
            let file = memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
            ftruncate(&file, bytes).unwrap();
            fcntl_add_seals(&file, seals).unwrap();
            file
        };
        let why = |file: &OwnedFd, offset: u64, bytes: usize| {
            let refused = Mapped::of_file(file, offset, bytes);
            refused.expect_err("it is mapped").to_string()
        };
        let page = PAGE_BYTES as u64;
        assert!(why(&file(SealFlags::GROW, page), 0, PAGE_BYTES).contains("F_SEAL_SHRINK"));
        let sound = file(SealFlags::SHRINK, 2 * page);
        assert!(Mapped::of_file(&sound, page, PAGE_BYTES).is_ok());
        assert!(why(&sound, page, 2 * PAGE_BYTES).contains("8192 bytes"));
        assert!(why(&sound, u64::MAX - page + 1, PAGE_BYTES).contains("8192 bytes"));
        for (offset, bytes) in [(0, 0), (0, 1), (1, PAGE_BYTES), (page, PAGE_BYTES + 8)] {
            assert!(
                why(&sound, offset, bytes).contains("whole pages"),
                "{offset} {bytes}"
            );
        }
        let on_disk = tempfile();
        assert!(why(&on_disk, 0, PAGE_BYTES).contains("F_SEAL_SHRINK"));
        if let Ok(huge) = Memory::allocate(1, Pages::Huge) {
            let huge = huge.as_fd().try_clone_to_owned().unwrap();
            assert!(why(&huge, 0, PAGE_BYTES).contains("huge"));
        }
    }

    /// An ordinary file.
    fn tempfile() -> OwnedFd {
        std::fs::File::open("/proc/self/exe").unwrap().into()
    }
}
