//! A table of a function of one byte.

use super::slice::Slice;
use super::widen::widen;
use crate::Level;

/// A table of 256 entries, prepared.
#[derive(Clone, Debug)]
pub struct Table256 {
    pub(super) entries: [i32; 256],
    /// The bytes of the entries: of each the lowest, then the second.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "for the vectors of x86-64")
    )]
    planes: [[u8; 256]; 4],
}

impl Table256 {
    /// Prepares a table: entry `i` for the byte `i`, a negative one read as unsigned.
    ///
    /// # Panics
    /// If there are not 256 entries.
    pub fn new(entries: Slice<'_>) -> Self {
        assert_eq!(entries.len(), 256, "a table has 256 entries");
        let mut wide = [0; 256];
        widen(Level::PORTABLE, entries, &mut wide);
        let plane = |byte: usize| wide.map(|entry| entry.to_le_bytes()[byte]);
        Self {
            entries: wide,
            planes: [plane(0), plane(1), plane(2), plane(3)],
        }
    }

    /// The bytes of the entries, lowest first.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn planes(&self) -> &[[u8; 256]; 4] {
        &self.planes
    }
}
