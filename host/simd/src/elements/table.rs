//! Any function of one byte, as a table of 256 entries.

#[cfg(target_arch = "x86_64")]
use super::avx512::Vbmi;
use super::dispatch::{Kernel, at};
use super::slice::{Element, Slice, SliceMut, typed};
use crate::Level;

/// A table of 256 entries, prepared.
#[derive(Clone, Debug)]
pub struct Table256 {
    entries: [i32; 256],
    /// The bytes of the entries: of each the lowest, then the second.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "for the vectors of x86-64")
    )]
    planes: [[u8; 256]; 4],
}

/// Elements from which on it pays to load the table to registers.
#[cfg(target_arch = "x86_64")]
const LONG: usize = 32;

impl Table256 {
    /// Prepares a table: entry `i` for the byte `i`, a negative one read as unsigned.
    ///
    /// # Panics
    /// If there are not 256 entries.
    pub fn new(entries: Slice<'_>) -> Self {
        assert_eq!(entries.len(), 256, "a table has 256 entries");
        let mut wide = [0; 256];
        super::widen(Level::PORTABLE, entries, &mut wide);
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

    /// `y = table[x]`. Entries that are not of the type of `y` lose their upper bits; give the type of the
    /// table.
    ///
    /// # Panics
    /// If `x` and `y` have different lengths, or `x` has not bytes.
    #[inline]
    pub fn apply(&self, level: Level, x: Slice<'_>, y: SliceMut<'_>) {
        assert_eq!(x.len(), y.len(), "elements and results have different lengths");
        typed!(SliceMut, y, y => match x {
            Slice::U8(x) => self.look(level, x, y),
            Slice::I8(x) => self.look(level, x, y),
            _ => panic!("a table is of bytes"),
        });
    }

    #[inline]
    fn look<X: Element, Y: Element>(&self, level: Level, x: &[X], y: &mut [Y]) {
        #[cfg(target_arch = "x86_64")]
        if x.len() >= LONG
            && let Some(vbmi) = Vbmi::of(level)
        {
            return vbmi.table(self, x, y);
        }
        at::<Look, _>(level, (self, x, y));
    }
}

struct Look;

impl<X: Element, Y: Element> Kernel<(&Table256, &[X], &mut [Y])> for Look {
    type Output = ();

    #[inline(always)]
    fn run((table, x, y): (&Table256, &[X], &mut [Y])) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = Y::truncate(table.entries[usize::from(x.wide() as u8)]);
        }
    }
}
