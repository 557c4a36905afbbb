//! Functions of 16 bits.

use super::lanes::{bytes, fill, gather_pairs, load, store};
use super::table::Plane;
use crate::elements::interpolation::Interpolation;
use crate::elements::slice::{Element, Type};
use std::arch::x86_64::*;

/// With a gather of both nodes at once.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl")]
pub(super) fn gathered<Y: Element>(function: &Interpolation, x: &[i16], y: &mut [Y]) {
    let half = _mm512_set1_epi32(128);
    fill(y, |span| {
        let u = _mm512_add_epi32(load(x, span), _mm512_set1_epi32(32768));
        let nodes = gather_pairs(function.nodes(), _mm512_srli_epi32::<8>(u));
        // t[h] · 256 + (t[h + 1] − t[h]) · l is a sum of two products: the nodes, times 256 − l and l.
        let l = _mm512_and_si512(u, _mm512_set1_epi32(255));
        let weights = _mm512_sub_epi32(_mm512_slli_epi32::<16>(l), l);
        let weights = _mm512_add_epi32(weights, _mm512_set1_epi32(256));
        _mm512_srai_epi32::<8>(_mm512_add_epi32(_mm512_madd_epi16(nodes, weights), half))
    });
}

/// With permutations of bytes: the lower and the upper ones of the left and the right nodes.
#[target_feature(enable = "avx512vbmi,avx512bw,avx512dq,avx512vl")]
pub(super) fn permuted<Y: Element>(function: &Interpolation, x: &[i16], y: &mut [Y]) {
    let [left_low, left_high, right_low, right_high] = function.planes();
    let left = (Plane::load(left_low), Plane::load(left_high));
    let right = (Plane::load(right_low), Plane::load(right_high));
    // 64 elements give two vectors of 32; packing and unpacking work within 128 bits, and undo each other.
    let pair = |x: [__m512i; 2]| {
        let upper = _mm512_packus_epi16(_mm512_srli_epi16::<8>(x[0]), _mm512_srli_epi16::<8>(x[1]));
        let h = _mm512_xor_si512(upper, _mm512_set1_epi8(-128));
        let (left_low, left_high) = (left.0.at(h), left.1.at(h));
        let (right_low, right_high) = (right.0.at(h), right.1.at(h));
        let between = |x: __m512i, left: __m512i, right: __m512i| {
            let l = _mm512_and_si512(x, _mm512_set1_epi16(255));
            let rest = _mm512_sub_epi16(_mm512_set1_epi16(256), l);
            let half = _mm512_set1_epi32(128);
            let value = |nodes: __m512i, weights: __m512i| {
                _mm512_srai_epi32::<8>(_mm512_add_epi32(_mm512_madd_epi16(nodes, weights), half))
            };
            _mm512_packs_epi32(
                value(_mm512_unpacklo_epi16(left, right), _mm512_unpacklo_epi16(rest, l)),
                value(_mm512_unpackhi_epi16(left, right), _mm512_unpackhi_epi16(rest, l)),
            )
        };
        [
            between(
                x[0],
                _mm512_unpacklo_epi8(left_low, left_high),
                _mm512_unpacklo_epi8(right_low, right_high),
            ),
            between(
                x[1],
                _mm512_unpackhi_epi8(left_low, left_high),
                _mm512_unpackhi_epi8(right_low, right_high),
            ),
        ]
    };
    let write = |x: &[i16; 64], y: &mut [Y; 64]| {
        let (x, _) = x.as_chunks::<32>();
        let [a, b] = pair([bytes(&x[0]), bytes(&x[1])]);
        match Y::TYPE {
            Type::I32 => {
                let (parts, _) = y.as_chunks_mut::<16>();
                store(&mut parts[0], _mm512_cvtepi16_epi32(_mm512_castsi512_si256(a)));
                store(
                    &mut parts[1],
                    _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64::<1>(a)),
                );
                store(&mut parts[2], _mm512_cvtepi16_epi32(_mm512_castsi512_si256(b)));
                store(
                    &mut parts[3],
                    _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64::<1>(b)),
                );
            }
            Type::I16 => {
                let (parts, _) = y.as_chunks_mut::<32>();
                store(&mut parts[0], a);
                store(&mut parts[1], b);
            }
            Type::U8 | Type::I8 => {
                let packed = match Y::TYPE {
                    Type::U8 => _mm512_packus_epi16(a, b),
                    _ => _mm512_packs_epi16(a, b),
                };
                let order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
                store(y, _mm512_permutexvar_epi64(order, packed));
            }
        }
    };
    let (x, x_rest) = x.as_chunks::<64>();
    let (y, y_rest) = y.as_chunks_mut::<64>();
    for (x, y) in x.iter().zip(y) {
        write(x, y);
    }
    gathered(function, x_rest, y_rest);
}
