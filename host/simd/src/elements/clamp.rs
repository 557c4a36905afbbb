//! Clamping between two bounds.

use super::dispatch::{Kernel, at};
use super::slice::{Element, Slice, SliceMut, same_type};
use crate::Level;

/// `y = max(low, min(high, x))`; a bound beyond the type is the type's own.
///
/// # Panics
/// If `x` and `y` have different lengths or types.
#[inline]
pub fn clamp(level: Level, x: Slice<'_>, low: i32, high: i32, y: SliceMut<'_>) {
    assert_eq!(x.len(), y.len(), "elements and results have different lengths");
    same_type!(x, y, (x, y) => at::<Clamp, _>(level, (x, low, high, y)));
}

struct Clamp;

impl<T: Element> Kernel<(&[T], i32, i32, &mut [T])> for Clamp {
    type Output = ();

    #[inline(always)]
    fn run((x, low, high, y): (&[T], i32, i32, &mut [T])) {
        let (low, high) = (T::saturate_i32(low), T::saturate_i32(high));
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x.min(high).max(low);
        }
    }
}
