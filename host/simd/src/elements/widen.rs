//! The same numbers in 32 bits.

use super::dispatch::{Kernel, at};
use super::slice::{Element, Slice, typed};
use crate::Level;

/// `y = x`.
///
/// # Panics
/// If `x` and `y` have different lengths.
#[inline]
pub fn widen(level: Level, x: Slice<'_>, y: &mut [i32]) {
    assert_eq!(x.len(), y.len(), "elements and results have different lengths");
    typed!(Slice, x, x => at::<Widen, _>(level, (x, y)));
}

struct Widen;

impl<X: Element> Kernel<(&[X], &mut [i32])> for Widen {
    type Output = ();

    #[inline(always)]
    fn run((x, y): (&[X], &mut [i32])) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = x.wide();
        }
    }
}
