//! Requantisation.

use super::lanes::{fill, load};
use crate::elements::slice::{Element, Type};
use std::arch::x86_64::*;

/// [`crate::elements::requantise::Form::Short`]. (Parameters go as they are: a form, written to memory piece by piece and read as a vector,
/// costs a short call as much as its elements.)
#[target_feature(enable = "avx2")]
pub(super) fn short<X: Element, Y: Element>(
    x: &[X],
    multiplier: i32,
    half: i32,
    shift: u32,
    zero: i32,
    y: &mut [Y],
) {
    let [multiplier, half, shift, zero] =
        [multiplier, half, shift as i32, zero].map(|v| _mm256_set1_epi32(v));
    fill(y, |span| {
        // Pairs of 16 bits: the element times the multiplier, its sign times 0.
        let product = _mm256_madd_epi16(load(x, span), multiplier);
        let rounded = _mm256_srav_epi32(_mm256_add_epi32(product, half), shift);
        _mm256_add_epi32(rounded, zero)
    });
}

/// [`crate::elements::requantise::Form::High`].
#[target_feature(enable = "avx2")]
pub(super) fn high<X: Element, Y: Element>(x: &[X], multiplier: i32, bias: i64, shift: u32, y: &mut [Y]) {
    let multiplier = _mm256_set1_epi32(multiplier);
    let bias = _mm256_set1_epi64x(bias);
    if shift == 0 {
        fill(y, |span| upper(load(x, span), multiplier, multiplier, bias));
    } else {
        let shift = _mm256_set1_epi32(shift as i32);
        fill(y, |span| {
            _mm256_srav_epi32(upper(load(x, span), multiplier, multiplier, bias), shift)
        });
    }
}

/// [`crate::elements::requantise::Form::Whole`]. False, and nothing is done, if the sum with the zero point might leave 32 bits.
#[target_feature(enable = "avx2")]
pub(super) fn whole<X: Element, Y: Element>(
    x: &[X],
    multiplier: i32,
    shift: u32,
    zero: i32,
    y: &mut [Y],
) -> bool {
    // A result of 16 bits is the same if numbers are cut to 30 bits before the zero point is added.
    let small = Y::TYPE != Type::I32 && zero.unsigned_abs() <= 1 << 15;
    if shift >= 32 || !small && zero != 0 {
        return false;
    }
    let multiplier = _mm256_set1_epi32(multiplier);
    let half = _mm256_set1_epi64x(1 << (shift - 1));
    let (shift, zero) = (Shift::of(shift), _mm256_set1_epi32(zero));
    let (low, high) = (_mm256_set1_epi32(-1 << 30), _mm256_set1_epi32(1 << 30));
    let rounded = |x: __m256i| {
        let even = _mm256_add_epi64(_mm256_mul_epi32(x, multiplier), half);
        let odd = _mm256_mul_epi32(_mm256_srli_epi64::<32>(x), multiplier);
        shift.saturated(even, _mm256_add_epi64(odd, half))
    };
    if Y::TYPE == Type::I32 {
        fill(y, |span| rounded(load(x, span)));
    } else {
        fill(y, |span| {
            let cut = _mm256_max_epi32(_mm256_min_epi32(rounded(load(x, span)), high), low);
            _mm256_add_epi32(cut, zero)
        });
    }
    true
}

/// With a multiplier (of [`crate::elements::requantise::Form::High`]) and a zero point for each element.
#[target_feature(enable = "avx2")]
pub(super) fn high_each<X: Element, Y: Element>(x: &[X], multipliers: &[i32], zeros: &[i32], y: &mut [Y]) {
    let half = _mm256_set1_epi64x(1 << 31);
    fill(y, |span| {
        let even = load(multipliers, span);
        let odd = _mm256_srli_epi64::<32>(even);
        _mm256_add_epi32(upper(load(x, span), even, odd, half), load(zeros, span))
    });
}

/// The upper halves of `x · multiplier + bias`, for lanes with even numbers `even`'s multiplier, for those with
/// odd ones `odd`'s, which lies in the lane before.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn upper(x: __m256i, even: __m256i, odd: __m256i, bias: __m256i) -> __m256i {
    let even = _mm256_add_epi64(_mm256_mul_epi32(x, even), bias);
    let odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64::<32>(x), odd), bias);
    _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(even), odd)
}

/// An arithmetic shift of 64 bits, of at most 31, which AVX2 has not: both halves are those of shifts that it
/// has.
#[derive(Clone, Copy)]
pub(super) struct Shift {
    lanes_64: __m256i,
    lanes_32: __m256i,
}

impl Shift {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn of(shift: u32) -> Self {
        Self {
            lanes_64: _mm256_set1_epi64x(i64::from(shift)),
            lanes_32: _mm256_set1_epi32(shift as i32),
        }
    }

    /// Numbers of 64 bits for the even and for the odd lanes, shifted and saturated to 32 bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn saturated(&self, even: __m256i, odd: __m256i) -> __m256i {
        let low_even = _mm256_srlv_epi64(even, self.lanes_64);
        let low_odd = _mm256_slli_epi64::<32>(_mm256_srlv_epi64(odd, self.lanes_64));
        let low = _mm256_blend_epi32::<0b1010_1010>(low_even, low_odd);
        let high = _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(even), odd);
        let high = _mm256_srav_epi32(high, self.lanes_32);
        // A number has 32 bits if its upper half is the sign of the lower.
        let fits = _mm256_cmpeq_epi32(high, _mm256_srai_epi32::<31>(low));
        let limit = _mm256_xor_si256(_mm256_srai_epi32::<31>(high), _mm256_set1_epi32(i32::MAX));
        _mm256_blendv_epi8(limit, low, fits)
    }
}
