//! Four messages at once. There is no rotation and there are 16 registers, so a permutation takes about one and
//! a half times as long as that of one message.
#![allow(unsafe_code)] // registers as words, and the call into the instruction set

use super::lanes::{Lanes, Step};
use super::permutation::permutation;
use super::portable;
use super::sponge::{PAD_LAST, Put, RATE, RATE_WORDS, STATE_WORDS};
use crate::level::Level;
use std::arch::x86_64::*;

/// Messages at once.
const LANES: usize = 4;

/// Hashes a batch.
///
/// # Panics
/// Where the level has no AVX2.
pub(super) fn each(level: Level, messages: &[&[u8]], put: Put<'_>) {
    assert!(level > Level::PORTABLE);
    // SAFETY: a level exists only where the processor has its instructions, and all but the portable one have
    // AVX2 and BMI.
    unsafe { hash(messages, put) }
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn hash(messages: &[&[u8]], put: Put<'_>) {
    let mut lanes = Lanes::<LANES>::new(messages);
    let mut state = [_mm256_setzero_si256(); STATE_WORDS];
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
    #[target_feature(enable = "avx2")]
    __m256i
);

#[target_feature(enable = "avx2")]
#[inline]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

/// Associated so that `b ^ c`, the same for a whole column in step theta, is computed once.
#[target_feature(enable = "avx2")]
#[inline]
fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    xor(a, xor(b, c))
}

#[target_feature(enable = "avx2")]
#[inline]
fn rotate<const BITS: i32>(a: __m256i) -> __m256i {
    let count = _mm_cvtsi32_si128(BITS);
    let rest = _mm_cvtsi32_si128(64 - BITS);
    _mm256_or_si256(_mm256_sll_epi64(a, count), _mm256_srl_epi64(a, rest))
}

#[target_feature(enable = "avx2")]
#[inline]
fn chi(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    xor(a, _mm256_andnot_si256(b, c))
}

#[target_feature(enable = "avx2")]
#[inline]
fn splat(word: u64) -> __m256i {
    _mm256_set1_epi64x(word.cast_signed())
}

/// Takes a block of each message into the states.
#[target_feature(enable = "avx2")]
#[inline]
fn absorb(state: &mut [__m256i; STATE_WORDS], lanes: &Lanes<'_, LANES>, step: &Step<LANES>) {
    if step.fresh != 0 {
        let old = |lane: u8| i64::from(step.fresh >> lane & 1) - 1;
        let old = _mm256_set_epi64x(old(3), old(2), old(1), old(0));
        for word in state.iter_mut() {
            *word = _mm256_and_si256(*word, old);
        }
    }
    let mut ends = [[0; RATE]; LANES];
    let mut blocks: [&[u8; RATE]; LANES] = [&[0; RATE]; LANES];
    for (lane, (whole, end)) in blocks.iter_mut().zip(&mut ends).enumerate() {
        let block = &lanes.message(lane)[step.start[lane]..][..step.length[lane]];
        *whole = block.first_chunk().unwrap_or_else(|| {
            *end = portable::padded(block);
            end
        });
    }
    let word = |lane: usize, at: usize| {
        let (words, _) = blocks[lane].as_chunks();
        i64::from_le_bytes(words[at])
    };
    for (at, state) in state[..RATE_WORDS].iter_mut().enumerate() {
        let input = _mm256_set_epi64x(word(3, at), word(2, at), word(1, at), word(0, at));
        *state = xor(*state, input);
    }
    let pad = |lane: u8| (u64::from(step.ending >> lane & 1) * PAD_LAST).cast_signed();
    let last = &mut state[RATE_WORDS - 1];
    *last = xor(*last, _mm256_set_epi64x(pad(3), pad(2), pad(1), pad(0)));
}

/// The digests in the states.
#[target_feature(enable = "avx2")]
#[inline]
fn squeezed(state: &[__m256i; STATE_WORDS]) -> [[u8; 32]; LANES] {
    let mut digests = [[0; 32]; LANES];
    for (at, word) in state[..4].iter().enumerate() {
        for (digest, word) in digests.iter_mut().zip(words(*word)) {
            digest.as_chunks_mut().0[at] = word.to_le_bytes();
        }
    }
    digests
}

/// The lanes of a register.
#[target_feature(enable = "avx2")]
#[inline]
fn words(register: __m256i) -> [u64; LANES] {
    // SAFETY: both are 32 bytes of which every pattern is a value.
    unsafe { std::mem::transmute::<__m256i, [u64; LANES]>(register) }
}
