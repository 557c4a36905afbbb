//! Multiplication into a narrower type.

#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::dispatch::{Kernel, at};
use super::form::half;
use super::slice::{Element, Operand, Slice, SliceMut, typed};
use crate::Level;

/// Elements of an operand that are widened at a time: two blocks lie in L1 beside the rest.
const BLOCK: usize = 256;

/// `y = saturate((a · b + half) >> shift)` to the type of `y`, where half is `2^(shift − 1)`, and 0 if nothing
/// is shifted: products of 64 bits, one rounding.
///
/// `|a · b|` is below 2^62, as the model's intervals prove. (Beyond, sums are modulo 2^64.)
///
/// # Panics
/// If an operand with an element each has another length than `y`, or the shift is above 62.
#[inline]
pub fn mul(level: Level, a: Operand<'_>, b: Operand<'_>, shift: u32, y: SliceMut<'_>) {
    a.assert_len(y.len());
    b.assert_len(y.len());
    assert!(shift <= 62, "shift {shift} is not in 0..=62");
    typed!(SliceMut, y, y => match (a, b) {
        (Operand::Each(a), b) | (b @ Operand::One(_), Operand::Each(a)) => {
            #[cfg(target_arch = "x86_64")]
            if let Some(avx512) = Avx512::of(level) {
                return typed!(Slice, a, a => avx512.mul(a, b, shift, y));
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(avx2) = Avx2::of(level) {
                return typed!(Slice, a, a => avx2.mul(a, b, shift, y));
            }
            match b {
                Operand::Each(b) => at::<Mul, _>(level, (a, b, shift, y)),
                Operand::One(b) => at::<MulOne, _>(level, (a, b, shift, y)),
            }
        }
        (Operand::One(a), Operand::One(b)) => y.fill(product(a, b, half(shift), shift)),
    });
}

#[inline(always)]
fn product<Y: Element>(a: i32, b: i32, half: i64, shift: u32) -> Y {
    let product = i64::from(a) * i64::from(b);
    Y::saturate(product.wrapping_add(half) >> (shift & 63))
}

/// Elements `from..from + n` of a slice in 32 bits: where they lie, or in the buffer.
#[inline(always)]
fn widened<'a>(x: Slice<'a>, from: usize, n: usize, buffer: &'a mut [i32; BLOCK]) -> &'a [i32] {
    #[inline(always)]
    fn copy<'a, X: Element>(x: &[X], buffer: &'a mut [i32; BLOCK]) -> &'a [i32] {
        let buffer = &mut buffer[..x.len()];
        for (wide, x) in buffer.iter_mut().zip(x) {
            *wide = x.wide();
        }
        buffer
    }
    match x {
        Slice::I32(x) => &x[from..from + n],
        Slice::U8(x) => copy(&x[from..from + n], buffer),
        Slice::I8(x) => copy(&x[from..from + n], buffer),
        Slice::I16(x) => copy(&x[from..from + n], buffer),
    }
}

struct Mul;

impl<Y: Element> Kernel<(Slice<'_>, Slice<'_>, u32, &mut [Y])> for Mul {
    type Output = ();

    #[inline(always)]
    fn run((a, b, shift, y): (Slice<'_>, Slice<'_>, u32, &mut [Y])) {
        let half = half(shift);
        let (mut wide_a, mut wide_b) = ([0; BLOCK], [0; BLOCK]);
        for (i, y) in y.chunks_mut(BLOCK).enumerate() {
            let a = widened(a, i * BLOCK, y.len(), &mut wide_a);
            let b = widened(b, i * BLOCK, y.len(), &mut wide_b);
            for (y, (&a, &b)) in y.iter_mut().zip(a.iter().zip(b)) {
                *y = product(a, b, half, shift);
            }
        }
    }
}

struct MulOne;

impl<Y: Element> Kernel<(Slice<'_>, i32, u32, &mut [Y])> for MulOne {
    type Output = ();

    #[inline(always)]
    fn run((a, b, shift, y): (Slice<'_>, i32, u32, &mut [Y])) {
        let half = half(shift);
        let mut wide = [0; BLOCK];
        for (i, y) in y.chunks_mut(BLOCK).enumerate() {
            let a = widened(a, i * BLOCK, y.len(), &mut wide);
            for (y, &a) in y.iter_mut().zip(a) {
                *y = product(a, b, half, shift);
            }
        }
    }
}
