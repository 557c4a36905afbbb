//! Multiplication into a narrower type.

use super::lanes::{Span, fill, load};
use super::requantise::{lower_halves, range, saturate, upper};
use crate::elements::form::half;
use crate::elements::slice::{Element, Operand, Slice, Type};
use std::arch::x86_64::*;

/// `y = saturate((a · b + half) >> shift)`.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn mul<A: Element, Y: Element>(a: &[A], b: Operand<'_>, shift: u32, y: &mut [Y]) {
    match b {
        Operand::One(b) => {
            let short = i16::try_from(b).is_ok();
            let b = _mm512_set1_epi32(b);
            products::<A, Y>(a, |_| (b, b), short, shift, y);
        }
        Operand::Each(Slice::U8(b)) => products(a, |span| even_odd(load(b, span)), true, shift, y),
        Operand::Each(Slice::I8(b)) => products(a, |span| even_odd(load(b, span)), true, shift, y),
        Operand::Each(Slice::I16(b)) => products(a, |span| even_odd(load(b, span)), true, shift, y),
        Operand::Each(Slice::I32(b)) => products(a, |span| even_odd(load(b, span)), false, shift, y),
    }
}

/// Lanes as they are, and the odd ones in the place of the even.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
fn even_odd(v: __m512i) -> (__m512i, __m512i) {
    (v, _mm512_srli_epi64::<32>(v))
}

/// `b`: the factors as [`even_odd`] gives them (or the same twice, where all are alike).
/// `short`: the lanes of b have at most 16 bits.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
fn products<A: Element, Y: Element>(
    a: &[A],
    b: impl Fn(Span) -> (__m512i, __m512i),
    short: bool,
    shift: u32,
    y: &mut [Y],
) {
    let half = half(shift);
    if short && A::TYPE != Type::I32 && shift <= 30 {
        // The product has at most 30 bits and a sign or is 2^30, and the sum less than 2^31.
        let lower = _mm512_set1_epi32(0xffff);
        let (half, shift) = (_mm512_set1_epi32(half as i32), _mm512_set1_epi32(shift as i32));
        fill(y, |span| {
            // Pairs of 16 bits: the elements' product, a sign times 0.
            let product = _mm512_madd_epi16(load(a, span), _mm512_and_si512(b(span).0, lower));
            _mm512_srav_epi32(_mm512_add_epi32(product, half), shift)
        });
    } else if shift >= 32 {
        let half = _mm512_set1_epi64(half);
        let shift = _mm512_set1_epi32(shift as i32 - 32);
        fill(y, |span| {
            let (even, odd) = b(span);
            let upper = upper(load(a, span), even, odd, half);
            _mm512_srav_epi32(upper, shift)
        });
    } else {
        let (half, shift) = (_mm512_set1_epi64(half), _mm512_set1_epi64(i64::from(shift)));
        let (low, high) = range::<Y>();
        let round = |product: __m512i| {
            saturate(
                _mm512_srav_epi64(_mm512_add_epi64(product, half), shift),
                low,
                high,
            )
        };
        fill(y, |span| {
            let (a, (even_b, odd_b)) = (load(a, span), b(span));
            let even = round(_mm512_mul_epi32(a, even_b));
            let odd = round(_mm512_mul_epi32(_mm512_srli_epi64::<32>(a), odd_b));
            lower_halves(even, odd)
        });
    }
}
