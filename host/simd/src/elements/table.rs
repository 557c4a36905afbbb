//! Any function of one byte, as a table of 256 entries.

#[cfg(target_arch = "x86_64")]
use super::avx512::Vbmi;
use super::dispatch::{Kernel, at};
use super::entries::Table256;
use super::slice::{Element, Slice, SliceMut, typed};
use crate::Level;

/// Elements from which on it pays to load the table to registers.
#[cfg(target_arch = "x86_64")]
const LONG: usize = 32;

impl Table256 {
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
