//! Memory that holds machine code: written first, and executable from then on, never both.

use memmap2::{Mmap, MmapMut};
use std::io;

/// Machine code in pages of its own.
#[derive(Debug)]
pub(crate) struct CodeMemory {
    pages: Mmap,
    bytes: usize,
}

impl CodeMemory {
    /// Copies machine code into new pages, which can be executed and not written afterwards.
    pub(crate) fn new(code: &[u8]) -> io::Result<Self> {
        if code.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no machine code"));
        }
        let mut pages = MmapMut::map_anon(code.len())?;
        pages[..code.len()].copy_from_slice(code);
        Ok(Self {
            pages: pages.make_exec()?,
            bytes: code.len(),
        })
    }

    /// The machine code.
    pub(crate) fn code(&self) -> &[u8] {
        &self.pages[..self.bytes]
    }

    /// Its first instruction.
    pub(crate) fn start(&self) -> *const u8 {
        self.pages.as_ptr()
    }
}
