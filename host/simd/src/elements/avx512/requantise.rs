//! Requantisation.

use super::lanes::{fill, load};
use crate::elements::slice::{Element, Type};
use std::arch::x86_64::*;

/// [`crate::elements::requantise::Form::Short`]. (Parameters go as they are: a form, written to memory piece by piece and read as a vector,
/// costs a short call as much as its elements.)
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn short<X: Element, Y: Element>(
    x: &[X],
    multiplier: i32,
    half: i32,
    shift: u32,
    zero: i32,
    y: &mut [Y],
) {
    let [multiplier, half, shift, zero] =
        [multiplier, half, shift as i32, zero].map(|v| _mm512_set1_epi32(v));
    fill(y, |span| {
        // Pairs of 16 bits: the element times the multiplier, its sign times 0.
        let product = _mm512_madd_epi16(load(x, span), multiplier);
        let rounded = _mm512_srav_epi32(_mm512_add_epi32(product, half), shift);
        _mm512_add_epi32(rounded, zero)
    });
}

/// [`crate::elements::requantise::Form::High`].
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn high<X: Element, Y: Element>(x: &[X], multiplier: i32, bias: i64, shift: u32, y: &mut [Y]) {
    let multiplier = _mm512_set1_epi32(multiplier);
    let bias = _mm512_set1_epi64(bias);
    if shift == 0 {
        fill(y, |span| upper(load(x, span), multiplier, multiplier, bias));
    } else {
        let shift = _mm512_set1_epi32(shift as i32);
        fill(y, |span| {
            _mm512_srav_epi32(upper(load(x, span), multiplier, multiplier, bias), shift)
        });
    }
}

/// [`crate::elements::requantise::Form::Whole`].
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn whole<X: Element, Y: Element>(x: &[X], multiplier: i32, shift: u32, zero: i32, y: &mut [Y]) {
    let multiplier = _mm512_set1_epi32(multiplier);
    let [half, shift, zero] =
        [1 << (shift - 1), i64::from(shift), i64::from(zero)].map(|v| _mm512_set1_epi64(v));
    let (low, high) = range::<Y>();
    let round = |product: __m512i| {
        let rounded = _mm512_srav_epi64(_mm512_add_epi64(product, half), shift);
        saturate(_mm512_add_epi64(rounded, zero), low, high)
    };
    fill(y, |span| {
        let x = load(x, span);
        let even = round(_mm512_mul_epi32(x, multiplier));
        let odd = round(_mm512_mul_epi32(_mm512_srli_epi64::<32>(x), multiplier));
        lower_halves(even, odd)
    });
}

/// With a multiplier (of [`crate::elements::requantise::Form::High`]) and a zero point for each element.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn high_each<X: Element, Y: Element>(x: &[X], multipliers: &[i32], zeros: &[i32], y: &mut [Y]) {
    let half = _mm512_set1_epi64(1 << 31);
    fill(y, |span| {
        let even = load(multipliers, span);
        let odd = _mm512_srli_epi64::<32>(even);
        _mm512_add_epi32(upper(load(x, span), even, odd, half), load(zeros, span))
    });
}

/// The upper halves of `x · multiplier + bias`, for lanes with even numbers `even`'s multiplier, for those with
/// odd ones `odd`'s, which lies in the lane before.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn upper(x: __m512i, even: __m512i, odd: __m512i, bias: __m512i) -> __m512i {
    let even = _mm512_add_epi64(_mm512_mul_epi32(x, even), bias);
    let odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64::<32>(x), odd), bias);
    _mm512_mask_shuffle_epi32::<0b11_11_01_01>(odd, 0x5555, even)
}

/// Lanes of 32 bits of the lower halves of products of the even and the odd lanes.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn lower_halves(even: __m512i, odd: __m512i) -> __m512i {
    _mm512_mask_shuffle_epi32::<0b10_10_00_00>(even, 0xaaaa, odd)
}

/// The least and the greatest element of a type, in 64 bits.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn range<Y: Element>() -> (__m512i, __m512i) {
    let (low, high) = match Y::TYPE {
        Type::U8 => (0, 255),
        Type::I8 => (-128, 127),
        Type::I16 => (-32768, 32767),
        Type::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
    };
    (_mm512_set1_epi64(low), _mm512_set1_epi64(high))
}

/// The nearest numbers between two.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn saturate(v: __m512i, low: __m512i, high: __m512i) -> __m512i {
    _mm512_max_epi64(_mm512_min_epi64(v, high), low)
}
