//! Any function of 16 bits, straight between 257 nodes.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::{Avx512, Vbmi};
use super::dispatch::{Kernel, at};
use super::interpolation::Interpolation;
use super::slice::{Element, SliceMut, typed};
use crate::Level;

/// Elements from which on it pays to load all nodes to registers.
#[cfg(target_arch = "x86_64")]
const LONG: usize = 128;

impl Interpolation {
    /// `y = t[h] + (((t[h + 1] − t[h]) · l + 128) >> 8)`, `h` and `l` being the upper and the lower byte of
    /// `x + 32768`. A result lies between its two nodes; give the type that they were given in.
    ///
    /// # Panics
    /// If `x` and `y` have different lengths.
    #[inline]
    pub fn apply(&self, level: Level, x: &[i16], y: SliceMut<'_>) {
        assert_eq!(x.len(), y.len(), "elements and results have different lengths");
        typed!(SliceMut, y, y => {
            #[cfg(target_arch = "x86_64")]
            if x.len() >= LONG && let Some(vbmi) = Vbmi::of(level) {
                return vbmi.interpolate(self, x, y);
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(avx512) = Avx512::of(level) {
                return avx512.interpolate(self, x, y);
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(avx2) = Avx2::of(level) {
                return avx2.interpolate(self, x, y);
            }
            at::<Between, _>(level, (self, x, y));
        });
    }
}

struct Between;

impl<Y: Element> Kernel<(&Interpolation, &[i16], &mut [Y])> for Between {
    type Output = ();

    #[inline(always)]
    fn run((function, x, y): (&Interpolation, &[i16], &mut [Y])) {
        for (y, &x) in y.iter_mut().zip(x) {
            let u = x as u16 ^ 0x8000;
            let (h, l) = (usize::from(u >> 8), i32::from(u & 255));
            let (left, right) = (function.nodes[h].wide(), function.nodes[h + 1].wide());
            *y = Y::truncate(left + (((right - left) * l + 128) >> 8));
        }
    }
}
