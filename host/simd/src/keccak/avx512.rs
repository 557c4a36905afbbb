//! Eight messages at once: a register has one word of each state, and the 25 words of the states fit in the 32
//! registers. Two exclusive ors, and a chi, are one `vpternlogq`; a rotation is one `vprolq`.
#![allow(unsafe_code)] // loads under a mask, registers as words, and the call into the instruction set

use super::lanes::{Lanes, Step};
use super::permutation::permutation;
use super::portable;
use super::sponge::{PAD_FIRST, PAD_LAST, Put, RATE_WORDS, STATE_WORDS};
use crate::level::{Kind, Level};
use std::arch::x86_64::*;

/// Messages at once.
const LANES: usize = 8;

/// Hashes a batch.
///
/// # Panics
/// Where the level has no AVX-512.
pub(super) fn each(level: Level, messages: &[&[u8]], put: Put<'_>) {
    assert!(matches!(
        level.kind(),
        Kind::Avx512 | Kind::Avx512Vnni | Kind::Amx
    ));
    // SAFETY: a level exists only where the processor has its instructions, and these have AVX-512 F, BW,
    // DQ and VL and what AVX2 has.
    unsafe { hash(messages, put) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2,popcnt,lzcnt")]
fn hash(messages: &[&[u8]], put: Put<'_>) {
    let mut lanes = Lanes::<LANES>::new(messages);
    let mut state = [_mm512_setzero_si512(); STATE_WORDS];
    while let Some(step) = lanes.step() {
        absorb(&mut state, &lanes, &step);
        permute(&mut state);
        if step.ending != 0 {
            lanes.put(step.ending, &squeezed(&state), put);
        }
        if let Some((lane, index, rest)) = lanes.take_last() {
            put(
                index,
                &portable::finish(state.map(|word| words(word)[lane]), rest),
            );
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
fn absorb(state: &mut [__m512i; STATE_WORDS], lanes: &Lanes<'_, LANES>, step: &Step<LANES>) {
    let masks = Masks::of(step);
    let mut first = [_mm512_setzero_si512(); LANES];
    let mut second = first;
    let mut last = [_mm_setzero_si128(); LANES];
    for lane in 0..LANES {
        let block = lanes.message(lane).as_ptr().cast::<i8>();
        let block = block.wrapping_add(step.start[lane]);
        // SAFETY: `Lanes::step` gives blocks within their messages, and the three masks of a lane have a bit for
        // each byte of its block and no other; bytes without a bit are not accessed.
        let loaded = unsafe {
            (
                _mm512_maskz_loadu_epi8(masks.first[lane], block),
                _mm512_maskz_loadu_epi8(masks.second[lane], block.wrapping_add(64)),
                _mm512_maskz_loadu_epi8(masks.last[lane], block.wrapping_add(128)),
            )
        };
        let one = _mm512_set1_epi8(PAD_FIRST.cast_signed());
        first[lane] = _mm512_mask_mov_epi8(loaded.0, masks.first_pad[lane], one);
        second[lane] = _mm512_mask_mov_epi8(loaded.1, masks.second_pad[lane], one);
        last[lane] = _mm512_castsi512_si128(_mm512_mask_mov_epi8(loaded.2, masks.last_pad[lane], one));
    }
    let first = transposed(first);
    let second = transposed(second);
    let last = lowest(last);
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

/// What each lane's block has in its first 64 bytes, the second 64 and the last 8: a bit for each byte that is
/// there, and one for the byte of padding that follows.
struct Masks {
    first: [u64; LANES],
    second: [u64; LANES],
    last: [u64; LANES],
    first_pad: [u64; LANES],
    second_pad: [u64; LANES],
    last_pad: [u64; LANES],
}

impl Masks {
    /// For all lanes at once: a shift by 64 or more gives zero, and so does one by less than nothing, which is
    /// by very much.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn of(step: &Step<LANES>) -> Self {
        let [a, b, c, d, e, f, g, h] = step.length.map(|length| length as i64);
        let length = _mm512_set_epi64(h, g, f, e, d, c, b, a);
        let ones = splat(u64::MAX);
        // The lowest bits, as many as the length is above `from`.
        let below = |from| {
            let count = _mm512_sub_epi64(_mm512_max_epu64(length, splat(from)), splat(from));
            words(_mm512_andnot_si512(_mm512_sllv_epi64(ones, count), ones))
        };
        let pad = |from| {
            let at = _mm512_sub_epi64(length, splat(from));
            words(_mm512_maskz_sllv_epi64(step.ending, splat(1), at))
        };
        Self {
            first: below(0),
            second: below(64),
            last: below(128),
            first_pad: pad(0),
            second_pad: pad(64),
            last_pad: pad(128),
        }
    }
}

/// The lowest words of eight registers, as lanes of one.
#[target_feature(enable = "avx512f")]
#[inline]
fn lowest(rows: [__m128i; LANES]) -> __m512i {
    let [a, b, c, d, e, f, g, h] = rows;
    let (ab, cd) = (_mm_unpacklo_epi64(a, b), _mm_unpacklo_epi64(c, d));
    let (ef, gh) = (_mm_unpacklo_epi64(e, f), _mm_unpacklo_epi64(g, h));
    let abcd = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(ab), cd);
    let efgh = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(ef), gh);
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(abcd), efgh)
}

/// The digests in the states.
#[target_feature(enable = "avx512f")]
#[inline]
fn squeezed(state: &[__m512i; STATE_WORDS]) -> [[u8; 32]; LANES] {
    let even = (
        _mm512_unpacklo_epi64(state[0], state[1]),
        _mm512_unpacklo_epi64(state[2], state[3]),
    );
    let odd = (
        _mm512_unpackhi_epi64(state[0], state[1]),
        _mm512_unpackhi_epi64(state[2], state[3]),
    );
    // The quarters of both that belong together: those of two digests.
    let low = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    let high = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    let two = |half, order| {
        let (first, second): (__m512i, __m512i) = half;
        // SAFETY: both are 64 bytes of which every pattern is a value.
        unsafe {
            std::mem::transmute::<__m512i, [[u8; 32]; 2]>(_mm512_permutex2var_epi64(first, order, second))
        }
    };
    let ([d0, d2], [d4, d6]) = (two(even, low), two(even, high));
    let ([d1, d3], [d5, d7]) = (two(odd, low), two(odd, high));
    [d0, d1, d2, d3, d4, d5, d6, d7]
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
