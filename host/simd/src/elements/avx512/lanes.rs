//! Between memory and registers: elements as 16 lanes of 32 bits, and 64 bytes as they are.
#![allow(
    unsafe_code,
    reason = "loads and stores go through pointers, which are made of checked slices here"
)]

use crate::elements::slice::{Element, Type};
use std::arch::x86_64::*;

/// Neighbouring elements of a slice: 16, or fewer at its end.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: usize,
    len: usize,
}

impl Span {
    #[inline(always)]
    fn mask(self) -> __mmask16 {
        (u32::MAX >> (32 - self.len as u32)) as __mmask16
    }
}

/// Elements of a span, each in 32 bits; lanes beyond it are 0.
///
/// # Panics
/// If the slice ends before the span.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn load<X: Element>(x: &[X], span: Span) -> __m512i {
    let part = &x[span.start..span.start + span.len];
    let (from, mask) = (part.as_ptr(), span.mask());
    // SAFETY: a masked load reads the elements whose bits are set, which are as many as `part` has.
    unsafe {
        match X::TYPE {
            Type::U8 => _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, from.cast())),
            Type::I8 => _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, from.cast())),
            Type::I16 => _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(mask, from.cast())),
            Type::I32 => _mm512_maskz_loadu_epi32(mask, from.cast()),
        }
    }
}

/// Fills `y` with the lanes of each span of it, each saturated to the type.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn fill<Y: Element>(y: &mut [Y], lanes: impl Fn(Span) -> __m512i) {
    let (blocks, rest) = y.as_chunks_mut::<64>();
    let mut start = 0;
    for block in blocks {
        let at = |i: usize| Span {
            start: start + 16 * i,
            len: 16,
        };
        store_64(block, lanes(at(0)), lanes(at(1)), lanes(at(2)), lanes(at(3)));
        start += 64;
    }
    for part in rest.chunks_mut(16) {
        let span = Span {
            start,
            len: part.len(),
        };
        store_part(part, lanes(span), span.mask());
        start += 16;
    }
}

/// Stores four vectors of lanes, saturated.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
fn store_64<Y: Element>(y: &mut [Y; 64], a: __m512i, b: __m512i, c: __m512i, d: __m512i) {
    match Y::TYPE {
        Type::I32 => {
            let (parts, _) = y.as_chunks_mut::<16>();
            for (y, v) in parts.iter_mut().zip([a, b, c, d]) {
                store(y, v);
            }
        }
        Type::I16 => {
            let (parts, _) = y.as_chunks_mut::<32>();
            store(&mut parts[0], pack_16(a, b));
            store(&mut parts[1], pack_16(c, d));
        }
        Type::U8 | Type::I8 => {
            let (low, high) = (_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
            let bytes = match Y::TYPE {
                Type::U8 => _mm512_packus_epi16(low, high),
                _ => _mm512_packs_epi16(low, high),
            };
            // Packing works within 128 bits: each has four elements of all vectors.
            let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
            store(y, _mm512_permutexvar_epi32(order, bytes));
        }
    }
}

/// Two vectors of lanes as 16 bits, saturated, in order.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
fn pack_16(a: __m512i, b: __m512i) -> __m512i {
    let order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    _mm512_permutexvar_epi64(order, _mm512_packs_epi32(a, b))
}

/// Stores the first lanes, saturated, as many as `y` has elements and the mask bits.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
fn store_part<Y: Element>(y: &mut [Y], v: __m512i, mask: __mmask16) {
    assert_eq!(y.len(), mask.count_ones() as usize);
    let to = y.as_mut_ptr();
    // SAFETY: a masked store writes the elements whose bits are set: the lowest, as many as `y` has.
    unsafe {
        match Y::TYPE {
            // Negative numbers would saturate as great ones.
            Type::U8 => {
                let v = _mm512_max_epi32(v, _mm512_setzero_si512());
                _mm_mask_storeu_epi8(to.cast(), mask, _mm512_cvtusepi32_epi8(v));
            }
            Type::I8 => _mm_mask_storeu_epi8(to.cast(), mask, _mm512_cvtsepi32_epi8(v)),
            Type::I16 => _mm256_mask_storeu_epi16(to.cast(), mask, _mm512_cvtsepi32_epi16(v)),
            Type::I32 => _mm512_mask_storeu_epi32(to.cast(), mask, v),
        }
    }
}

/// 64 bytes of elements.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn bytes<T: Element, const N: usize>(x: &[T; N]) -> __m512i {
    assert!(size_of::<[T; N]>() == 64, "not a vector");
    // SAFETY: the array has the 64 bytes that are read; any bytes are a vector.
    unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
}

/// Stores a vector's 64 bytes as elements.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn store<T: Element, const N: usize>(y: &mut [T; N], v: __m512i) {
    assert!(size_of::<[T; N]>() == 64, "not a vector");
    // SAFETY: the array has the 64 bytes that are written; any bytes are elements.
    unsafe { _mm512_storeu_si512(y.as_mut_ptr().cast(), v) }
}

/// `nodes[i]` in the lower and `nodes[i + 1]` in the upper half of each lane.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn gather_pairs(nodes: &[i16; 257], i: __m512i) -> __m512i {
    let i = _mm512_and_si512(i, _mm512_set1_epi32(255));
    // SAFETY: the four bytes from node i on, i at most 255, are nodes i and i + 1 of 257.
    unsafe { _mm512_i32gather_epi32::<2>(i, nodes.as_ptr().cast()) }
}
