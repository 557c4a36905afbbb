//! Addition and subtraction into 32 bits.

use super::dispatch::{Kernel, at};
use super::slice::{Element, Operand, typed};
use crate::Level;

/// `y = a + b`, modulo 2^32.
///
/// # Panics
/// If an operand with an element each has another length than `y`.
#[inline]
pub fn add(level: Level, a: Operand<'_>, b: Operand<'_>, y: &mut [i32]) {
    a.assert_len(y.len());
    b.assert_len(y.len());
    match (a, b) {
        (Operand::Each(a), Operand::Each(b)) => {
            typed!(Slice, a, a => typed!(Slice, b, b => at::<Add, _>(level, (a, b, y))));
        }
        (Operand::Each(x), Operand::One(one)) | (Operand::One(one), Operand::Each(x)) => {
            typed!(Slice, x, x => at::<AddOne, _>(level, (x, one, y)));
        }
        (Operand::One(a), Operand::One(b)) => y.fill(a.wrapping_add(b)),
    }
}

/// `y = a − b`, modulo 2^32.
///
/// # Panics
/// If an operand with an element each has another length than `y`.
#[inline]
pub fn sub(level: Level, a: Operand<'_>, b: Operand<'_>, y: &mut [i32]) {
    a.assert_len(y.len());
    b.assert_len(y.len());
    match (a, b) {
        (Operand::Each(a), Operand::Each(b)) => {
            typed!(Slice, a, a => typed!(Slice, b, b => at::<Sub, _>(level, (a, b, y))));
        }
        (Operand::Each(a), Operand::One(b)) => {
            typed!(Slice, a, a => at::<AddOne, _>(level, (a, b.wrapping_neg(), y)));
        }
        (Operand::One(a), Operand::Each(b)) => {
            typed!(Slice, b, b => at::<SubFromOne, _>(level, (a, b, y)));
        }
        (Operand::One(a), Operand::One(b)) => y.fill(a.wrapping_sub(b)),
    }
}

struct Add;

impl<A: Element, B: Element> Kernel<(&[A], &[B], &mut [i32])> for Add {
    type Output = ();

    #[inline(always)]
    fn run((a, b, y): (&[A], &[B], &mut [i32])) {
        for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
            *y = a.wide().wrapping_add(b.wide());
        }
    }
}

struct Sub;

impl<A: Element, B: Element> Kernel<(&[A], &[B], &mut [i32])> for Sub {
    type Output = ();

    #[inline(always)]
    fn run((a, b, y): (&[A], &[B], &mut [i32])) {
        for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
            *y = a.wide().wrapping_sub(b.wide());
        }
    }
}

struct AddOne;

impl<A: Element> Kernel<(&[A], i32, &mut [i32])> for AddOne {
    type Output = ();

    #[inline(always)]
    fn run((a, b, y): (&[A], i32, &mut [i32])) {
        for (y, a) in y.iter_mut().zip(a) {
            *y = a.wide().wrapping_add(b);
        }
    }
}

struct SubFromOne;

impl<B: Element> Kernel<(i32, &[B], &mut [i32])> for SubFromOne {
    type Output = ();

    #[inline(always)]
    fn run((a, b, y): (i32, &[B], &mut [i32])) {
        for (y, b) in y.iter_mut().zip(b) {
            *y = a.wrapping_sub(b.wide());
        }
    }
}
