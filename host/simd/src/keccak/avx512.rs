//! Eight messages at once: a register has one word of each state, and the 25 words of the states fit in the 32
//! registers. Two exclusive ors, and a chi, are one `vpternlogq`; a rotation is one `vprolq`.
#![allow(unsafe_code)] // loads under a mask, registers as words, and the call into the instruction set

use super::lanes::{Lanes, Step};
use super::permutation::permutation;
use super::{PAD_FIRST, PAD_LAST, RATE, RATE_WORDS, STATE_WORDS, portable};
use crate::level::{Kind, Level};
use std::arch::x86_64::*;

/// Messages at once.
const LANES: usize = 8;

/// Hashes a batch.
///
/// # Panics
/// Where the level has no AVX-512.
pub(super) fn many(level: Level, messages: &[&[u8]], digests: &mut [[u8; 32]]) {
    assert!(matches!(level.kind(), Kind::Avx512 | Kind::Avx512Vnni));
    // SAFETY: a level exists only where the processor has its instructions, and these have AVX-512 F and BW.
    unsafe { hash(messages, digests) }
}

#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,popcnt,lzcnt")]
fn hash(messages: &[&[u8]], digests: &mut [[u8; 32]]) {
    let mut lanes = Lanes::<LANES>::new(messages);
    let mut state = [_mm512_setzero_si512(); STATE_WORDS];
    while let Some(step) = lanes.step() {
        absorb(&mut state, &step);
        permute(&mut state);
        if step.ending != 0 {
            let squeezed: [[u64; LANES]; 4] = std::array::from_fn(|word| words(state[word]));
            for (lane, index) in lanes.messages_of(step.ending) {
                for (bytes, word) in digests[index].as_chunks_mut().0.iter_mut().zip(squeezed) {
                    *bytes = word[lane].to_le_bytes();
                }
            }
        }
        if let Some((lane, index, rest)) = lanes.take_last() {
            digests[index] = portable::finish(state.map(|word| words(word)[lane]), rest);
        }
    }
}

permutation!(
    #[target_feature(enable = "avx512f")]
    __m512i
);

#[target_feature(enable = "avx512f")]
#[inline]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0x96>(a, b, c)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn rotate<const BITS: i32>(a: __m512i) -> __m512i {
    _mm512_rol_epi64::<BITS>(a)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn chi(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0xd2>(a, b, c)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

/// Takes a block of each message into the states.
#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2")]
#[inline]
fn absorb(state: &mut [__m512i; STATE_WORDS], step: &Step<'_, LANES>) {
    let parts: [Parts; LANES] =
        std::array::from_fn(|lane| Parts::of(step.blocks[lane], step.ending >> lane & 1 != 0));
    let first = transposed(parts.map(|parts| parts.first));
    let second = transposed(parts.map(|parts| parts.second));
    let last = _mm512_set_epi64(
        parts[7].last,
        parts[6].last,
        parts[5].last,
        parts[4].last,
        parts[3].last,
        parts[2].last,
        parts[1].last,
        parts[0].last,
    );
    let last = _mm512_mask_xor_epi64(last, step.ending, last, splat(PAD_LAST));
    let old = !step.fresh;
    let input = first.iter().chain(&second).chain([&last]);
    for (word, input) in state.iter_mut().zip(input) {
        *word = _mm512_mask_xor_epi64(*input, old, *word, *input);
    }
    for word in &mut state[RATE_WORDS..] {
        *word = _mm512_maskz_mov_epi64(old, *word);
    }
}

/// A block with its first bit of padding: 64 bytes, 64 bytes, and the last word.
#[derive(Clone, Copy)]
struct Parts {
    first: __m512i,
    second: __m512i,
    last: i64,
}

impl Parts {
    #[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2")]
    #[inline]
    fn of(block: &[u8], ends: bool) -> Self {
        let length = block.len().min(RATE);
        // SAFETY: the three masks have bits for the bytes below `length` and no others, and no other byte is
        // accessed.
        let (first, second, last) = unsafe {
            let bytes = block.as_ptr().cast::<i8>();
            let second = bytes.wrapping_add(64);
            let last = bytes.wrapping_add(128);
            (
                _mm512_maskz_loadu_epi8(below(length), bytes),
                _mm512_maskz_loadu_epi8(below(length.saturating_sub(64)), second),
                _mm512_maskz_loadu_epi8(below(length.saturating_sub(128)), last),
            )
        };
        let one = _mm512_set1_epi8(PAD_FIRST.cast_signed());
        let pad = |from: usize| match ends {
            true => below((length + 1).saturating_sub(from)) & !below(length.saturating_sub(from)),
            false => 0,
        };
        let last = _mm512_mask_mov_epi8(last, pad(128), one);
        Self {
            first: _mm512_mask_mov_epi8(first, pad(0), one),
            second: _mm512_mask_mov_epi8(second, pad(64), one),
            last: _mm_cvtsi128_si64(_mm512_castsi512_si128(last)),
        }
    }
}

/// The lowest bits, at most 64 of them.
#[target_feature(enable = "bmi2")]
#[inline]
fn below(count: usize) -> u64 {
    _bzhi_u64(u64::MAX, count.min(64) as u32)
}

/// Eight messages' words as eight words' lanes.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    // Words of two messages, then of four, then of eight.
    let (ab0, ab1) = (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    let (cd0, cd1) = (_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
    let (ef0, ef1) = (_mm512_unpacklo_epi64(e, f), _mm512_unpackhi_epi64(e, f));
    let (gh0, gh1) = (_mm512_unpacklo_epi64(g, h), _mm512_unpackhi_epi64(g, h));
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    // The quarters 0 and 2 of both, or 1 and 3: words 0 and 4 of a, b, then of c, d; and so on.
    let abcd04 = _mm512_shuffle_i64x2::<EVEN>(ab0, cd0);
    let abcd26 = _mm512_shuffle_i64x2::<ODD>(ab0, cd0);
    let abcd15 = _mm512_shuffle_i64x2::<EVEN>(ab1, cd1);
    let abcd37 = _mm512_shuffle_i64x2::<ODD>(ab1, cd1);
    let efgh04 = _mm512_shuffle_i64x2::<EVEN>(ef0, gh0);
    let efgh26 = _mm512_shuffle_i64x2::<ODD>(ef0, gh0);
    let efgh15 = _mm512_shuffle_i64x2::<EVEN>(ef1, gh1);
    let efgh37 = _mm512_shuffle_i64x2::<ODD>(ef1, gh1);
    [
        _mm512_shuffle_i64x2::<EVEN>(abcd04, efgh04),
        _mm512_shuffle_i64x2::<EVEN>(abcd15, efgh15),
        _mm512_shuffle_i64x2::<EVEN>(abcd26, efgh26),
        _mm512_shuffle_i64x2::<EVEN>(abcd37, efgh37),
        _mm512_shuffle_i64x2::<ODD>(abcd04, efgh04),
        _mm512_shuffle_i64x2::<ODD>(abcd15, efgh15),
        _mm512_shuffle_i64x2::<ODD>(abcd26, efgh26),
        _mm512_shuffle_i64x2::<ODD>(abcd37, efgh37),
    ]
}

/// The lanes of a register.
#[target_feature(enable = "avx512f")]
#[inline]
fn words(register: __m512i) -> [u64; LANES] {
    // SAFETY: both are 64 bytes of which every pattern is a value.
    unsafe { std::mem::transmute::<__m512i, [u64; LANES]>(register) }
}
