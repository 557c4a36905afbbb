//! Functions of 16 bits.

use super::lanes::{fill, gather_pairs, load};
use crate::elements::interpolation::Interpolation;
use crate::elements::slice::Element;
use std::arch::x86_64::*;

/// With a gather of both nodes at once.
#[target_feature(enable = "avx2")]
pub(super) fn gathered<Y: Element>(function: &Interpolation, x: &[i16], y: &mut [Y]) {
    let half = _mm256_set1_epi32(128);
    fill(y, |span| {
        let u = _mm256_add_epi32(load(x, span), _mm256_set1_epi32(32768));
        let nodes = gather_pairs(function.nodes(), _mm256_srli_epi32::<8>(u));
        // t[h] · 256 + (t[h + 1] − t[h]) · l is a sum of two products: the nodes, times 256 − l and l.
        let l = _mm256_and_si256(u, _mm256_set1_epi32(255));
        let weights = _mm256_sub_epi32(_mm256_slli_epi32::<16>(l), l);
        let weights = _mm256_add_epi32(weights, _mm256_set1_epi32(256));
        _mm256_srai_epi32::<8>(_mm256_add_epi32(_mm256_madd_epi16(nodes, weights), half))
    });
}
