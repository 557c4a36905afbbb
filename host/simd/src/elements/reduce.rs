//! One element in place of many.

use super::dispatch::{Kernel, at};
use super::slice::{Element, Slice, SliceMut, same_type, typed};
use crate::Level;

/// The sum of all elements, modulo 2^32; of none 0.
#[inline]
pub fn reduce_sum(level: Level, x: Slice<'_>) -> i32 {
    typed!(Slice, x, x => at::<Sum, _>(level, x))
}

/// The greatest element.
///
/// # Panics
/// If there is none.
#[inline]
pub fn reduce_max(level: Level, x: Slice<'_>) -> i32 {
    assert!(!x.is_empty(), "the greatest of no elements");
    typed!(Slice, x, x => at::<Max, _>(level, x).wide())
}

/// `y[i] = y[i] + x[i]`, modulo 2^32: a row more of a sum along an outer dimension.
///
/// # Panics
/// If `x` and `y` have different lengths.
#[inline]
pub fn accumulate_sum(level: Level, x: Slice<'_>, y: &mut [i32]) {
    assert_eq!(x.len(), y.len(), "elements and sums have different lengths");
    typed!(Slice, x, x => at::<SumRow, _>(level, (x, y)));
}

/// `y[i] = max(y[i], x[i])`: a row more of a maximum along an outer dimension.
///
/// # Panics
/// If `x` and `y` have different lengths or types.
#[inline]
pub fn accumulate_max(level: Level, x: Slice<'_>, y: SliceMut<'_>) {
    assert_eq!(x.len(), y.len(), "elements and maxima have different lengths");
    same_type!(x, y, (x, y) => at::<MaxRow, _>(level, (x, y)));
}

/// The sum, modulo 2^32.
pub(super) struct Sum;

impl<X: Element> Kernel<&[X]> for Sum {
    type Output = i32;

    #[inline(always)]
    fn run(x: &[X]) -> i32 {
        x.iter().fold(0, |sum: i32, x| sum.wrapping_add(x.wide()))
    }
}

/// The greatest element, or the least of the type if there is none.
pub(super) struct Max;

impl<X: Element> Kernel<&[X]> for Max {
    type Output = X;

    #[inline(always)]
    fn run(x: &[X]) -> X {
        x.iter().fold(X::MIN, |greatest, &x| greatest.max(x))
    }
}

struct SumRow;

impl<X: Element> Kernel<(&[X], &mut [i32])> for SumRow {
    type Output = ();

    #[inline(always)]
    fn run((x, y): (&[X], &mut [i32])) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = y.wrapping_add(x.wide());
        }
    }
}

struct MaxRow;

impl<T: Element> Kernel<(&[T], &mut [T])> for MaxRow {
    type Output = ();

    #[inline(always)]
    fn run((x, y): (&[T], &mut [T])) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (*y).max(x);
        }
    }
}
