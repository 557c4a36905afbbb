//! Between memory and registers: elements as 8 lanes of 32 bits.
#![allow(
    unsafe_code,
    reason = "loads and stores go through pointers, which are made of arrays here"
)]

use crate::elements::slice::{Element, Type};
use std::arch::x86_64::*;

/// Neighbouring elements of a slice: 8, or fewer at its end.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: usize,
    len: usize,
}

/// Elements of a span, each in 32 bits; lanes beyond it are 0.
///
/// # Panics
/// If the slice ends before the span.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load<X: Element>(x: &[X], span: Span) -> __m256i {
    let part = &x[span.start..span.start + span.len];
    match part.as_array::<8>() {
        Some(whole) => load_8(whole),
        None => {
            let mut padded = [X::default(); 8];
            padded[..part.len()].copy_from_slice(part);
            load_8(&padded)
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_8<X: Element>(x: &[X; 8]) -> __m256i {
    let from = x.as_ptr();
    // SAFETY: each reads the bytes of eight elements, which the array has; any bytes are a vector.
    unsafe {
        match X::TYPE {
            Type::U8 => _mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast())),
            Type::I8 => _mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast())),
            Type::I16 => _mm256_cvtepi16_epi32(_mm_loadu_si128(from.cast())),
            Type::I32 => _mm256_loadu_si256(from.cast()),
        }
    }
}

/// Fills `y` with the lanes of each span of it, each saturated to the type.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn fill<Y: Element>(y: &mut [Y], lanes: impl Fn(Span) -> __m256i) {
    let (blocks, rest) = y.as_chunks_mut::<32>();
    let mut start = 0;
    for block in blocks {
        let at = |i: usize| Span {
            start: start + 8 * i,
            len: 8,
        };
        store_32(block, [lanes(at(0)), lanes(at(1)), lanes(at(2)), lanes(at(3))]);
        start += 32;
    }
    for part in rest.chunks_mut(8) {
        let v = lanes(Span {
            start,
            len: part.len(),
        });
        match part.as_mut_array::<8>() {
            Some(whole) => store_8(whole, v),
            None => {
                let mut padded = [Y::default(); 8];
                store_8(&mut padded, v);
                part.copy_from_slice(&padded[..part.len()]);
            }
        }
        start += 8;
    }
}

/// Stores a vector of lanes, saturated.
#[inline]
#[target_feature(enable = "avx2")]
fn store_8<Y: Element>(y: &mut [Y; 8], v: __m256i) {
    let to = y.as_mut_ptr();
    // The lower four lanes are packed to the lower quarter, the upper four to the third.
    let packed = _mm256_packs_epi32(v, v);
    let packed = _mm256_castsi256_si128(_mm256_permute4x64_epi64::<0b10_00>(packed));
    // SAFETY: each writes the bytes of eight elements, which the array has; any bytes are elements.
    unsafe {
        match Y::TYPE {
            Type::U8 => _mm_storel_epi64(to.cast(), _mm_packus_epi16(packed, packed)),
            Type::I8 => _mm_storel_epi64(to.cast(), _mm_packs_epi16(packed, packed)),
            Type::I16 => _mm_storeu_si128(to.cast(), packed),
            Type::I32 => _mm256_storeu_si256(to.cast(), v),
        }
    }
}

/// Stores four vectors of lanes, saturated.
#[inline]
#[target_feature(enable = "avx2")]
fn store_32<Y: Element>(y: &mut [Y; 32], v: [__m256i; 4]) {
    let [a, b, c, d] = v;
    match Y::TYPE {
        Type::I32 => {
            let (parts, _) = y.as_chunks_mut::<8>();
            for (y, v) in parts.iter_mut().zip(v) {
                store(y, v);
            }
        }
        Type::I16 => {
            let (parts, _) = y.as_chunks_mut::<16>();
            for (y, (a, b)) in parts.iter_mut().zip([(a, b), (c, d)]) {
                // Packing works within 128 bits.
                store(
                    y,
                    _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(a, b)),
                );
            }
        }
        Type::U8 | Type::I8 => {
            let (low, high) = (_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
            let bytes = match Y::TYPE {
                Type::U8 => _mm256_packus_epi16(low, high),
                _ => _mm256_packs_epi16(low, high),
            };
            // Each 128 bits have four elements of all vectors.
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            store(y, _mm256_permutevar8x32_epi32(bytes, order));
        }
    }
}

/// Stores a vector's 32 bytes as elements.
#[inline]
#[target_feature(enable = "avx2")]
fn store<T: Element, const N: usize>(y: &mut [T; N], v: __m256i) {
    assert!(size_of::<[T; N]>() == 32, "not a vector");
    // SAFETY: the array has the 32 bytes that are written; any bytes are elements.
    unsafe { _mm256_storeu_si256(y.as_mut_ptr().cast(), v) }
}

/// `nodes[i]` in the lower and `nodes[i + 1]` in the upper half of each lane.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn gather_pairs(nodes: &[i16; 257], i: __m256i) -> __m256i {
    let i = _mm256_and_si256(i, _mm256_set1_epi32(255));
    // SAFETY: the four bytes from node i on, i at most 255, are nodes i and i + 1 of 257.
    unsafe { _mm256_i32gather_epi32::<2>(nodes.as_ptr().cast(), i) }
}

/// 32 bytes of elements from a place on.
///
/// # Panics
/// If the slice ends before them.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_32<T: Element>(x: &[T], place: usize) -> __m256i {
    let x = &x[place..place + 32 / size_of::<T>()];
    // SAFETY: the part has the 32 bytes that are read; any bytes are a vector.
    unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
}

/// Stores a vector's 32 bytes as elements from a place on.
///
/// # Panics
/// If the slice ends before them.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_32_at<T: Element>(y: &mut [T], place: usize, v: __m256i) {
    let y = &mut y[place..place + 32 / size_of::<T>()];
    // SAFETY: the part has the 32 bytes that are written; any bytes are elements.
    unsafe { _mm256_storeu_si256(y.as_mut_ptr().cast(), v) }
}

/// 16 bytes of elements from a place on.
///
/// # Panics
/// If the slice ends before them.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_16<T: Element>(x: &[T], place: usize) -> __m128i {
    let x = &x[place..place + 16 / size_of::<T>()];
    // SAFETY: the part has the 16 bytes that are read; any bytes are a vector.
    unsafe { _mm_loadu_si128(x.as_ptr().cast()) }
}

/// Stores a vector's 16 bytes as elements from a place on.
///
/// # Panics
/// If the slice ends before them.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_16<T: Element>(y: &mut [T], place: usize, v: __m128i) {
    let y = &mut y[place..place + 16 / size_of::<T>()];
    // SAFETY: the part has the 16 bytes that are written; any bytes are elements.
    unsafe { _mm_storeu_si128(y.as_mut_ptr().cast(), v) }
}
