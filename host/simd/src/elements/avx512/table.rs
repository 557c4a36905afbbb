//! Tables of a byte.

use super::lanes::{bytes, store};
use crate::elements::entries::Table256;
use crate::elements::slice::{Element, Type};
use std::arch::x86_64::*;

/// 256 bytes in four registers.
#[derive(Clone, Copy)]
pub(super) struct Plane([__m512i; 4]);

impl Plane {
    #[inline]
    #[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
    pub(super) fn load(bytes_: &[u8; 256]) -> Self {
        let (quarters, _) = bytes_.as_chunks::<64>();
        Self([
            bytes(&quarters[0]),
            bytes(&quarters[1]),
            bytes(&quarters[2]),
            bytes(&quarters[3]),
        ])
    }

    /// The byte at each index.
    #[inline]
    #[target_feature(enable = "avx512vbmi,avx512bw,avx512dq,avx512vl")]
    pub(super) fn at(&self, index: __m512i) -> __m512i {
        let [a, b, c, d] = self.0;
        // Of an index the permutations take seven bits; the eighth chooses between them.
        let lower = _mm512_permutex2var_epi8(a, index, b);
        let upper = _mm512_permutex2var_epi8(c, index, d);
        _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), lower, upper)
    }
}

/// `y = table[x]`, x being bytes.
#[target_feature(enable = "avx512vbmi,avx512bw,avx512dq,avx512vl")]
pub(super) fn table<X: Element, Y: Element>(table: &Table256, x: &[X], y: &mut [Y]) {
    let planes = table.planes();
    match Y::TYPE {
        Type::U8 | Type::I8 => {
            let plane = Plane::load(&planes[0]);
            blocks(x, y, |x, y: &mut [Y; 64]| store(y, plane.at(x)));
        }
        Type::I16 => {
            let (low, high) = (Plane::load(&planes[0]), Plane::load(&planes[1]));
            let (first, second) = halves();
            blocks(x, y, |x, y: &mut [Y; 64]| {
                let (low, high) = (low.at(x), high.at(x));
                let (a, b) = (_mm512_unpacklo_epi8(low, high), _mm512_unpackhi_epi8(low, high));
                let (parts, _) = y.as_chunks_mut::<32>();
                store(&mut parts[0], _mm512_permutex2var_epi64(a, first, b));
                store(&mut parts[1], _mm512_permutex2var_epi64(a, second, b));
            });
        }
        Type::I32 => {
            let [a, b, c, d] = [0, 1, 2, 3].map(|i: usize| Plane::load(&planes[i]));
            let (first, second) = halves();
            blocks(x, y, |x, y: &mut [Y; 64]| {
                let (a, b, c, d) = (a.at(x), b.at(x), c.at(x), d.at(x));
                let (low_0, low_1) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
                let (high_0, high_1) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
                // Each vector has four neighbours in each of its 128 bits, of places 16 apart.
                let v = [
                    _mm512_unpacklo_epi16(low_0, high_0),
                    _mm512_unpackhi_epi16(low_0, high_0),
                    _mm512_unpacklo_epi16(low_1, high_1),
                    _mm512_unpackhi_epi16(low_1, high_1),
                ];
                let (parts, _) = y.as_chunks_mut::<16>();
                // A transposition of 4 × 4 pieces of 128 bits.
                let (a, b) = (
                    _mm512_permutex2var_epi64(v[0], first, v[1]),
                    _mm512_permutex2var_epi64(v[0], second, v[1]),
                );
                let (c, d) = (
                    _mm512_permutex2var_epi64(v[2], first, v[3]),
                    _mm512_permutex2var_epi64(v[2], second, v[3]),
                );
                store(&mut parts[0], _mm512_shuffle_i64x2::<0b01_00_01_00>(a, c));
                store(&mut parts[1], _mm512_shuffle_i64x2::<0b11_10_11_10>(a, c));
                store(&mut parts[2], _mm512_shuffle_i64x2::<0b01_00_01_00>(b, d));
                store(&mut parts[3], _mm512_shuffle_i64x2::<0b11_10_11_10>(b, d));
            });
        }
    }
}

/// The orders in which the 128 bits of two vectors, taken in turn, are the first and the second half.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
fn halves() -> (__m512i, __m512i) {
    (
        _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
        _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15),
    )
}

/// Calls `write` with each 64 bytes and their results; the last with copies of what is left.
#[inline]
#[target_feature(enable = "avx512vbmi,avx512bw,avx512dq,avx512vl")]
fn blocks<X: Element, Y: Element>(x: &[X], y: &mut [Y], write: impl Fn(__m512i, &mut [Y; 64])) {
    let (x, x_rest) = x.as_chunks::<64>();
    let (y, y_rest) = y.as_chunks_mut::<64>();
    for (x, y) in x.iter().zip(y) {
        write(bytes(x), y);
    }
    if !x_rest.is_empty() {
        let (mut x, mut y) = ([X::MIN; 64], [Y::MIN; 64]);
        x[..x_rest.len()].copy_from_slice(x_rest);
        write(bytes(&x), &mut y);
        y_rest.copy_from_slice(&y[..y_rest.len()]);
    }
}
