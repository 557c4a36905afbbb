//! One message after the other, with plain Rust: the scalar twin of the lanes.

use super::permutation::permutation;
use super::sponge::{PAD_FIRST, PAD_LAST, Put, RATE, RATE_WORDS, STATE_WORDS};

permutation!(u64);

#[inline(always)]
fn xor(a: u64, b: u64) -> u64 {
    a ^ b
}

/// Associated so that `b ^ c`, the same for a whole column in step theta, is computed once.
#[inline(always)]
fn xor3(a: u64, b: u64, c: u64) -> u64 {
    a ^ (b ^ c)
}

#[inline(always)]
fn rotate<const BITS: u32>(a: u64) -> u64 {
    a.rotate_left(BITS)
}

#[inline(always)]
fn chi(a: u64, b: u64, c: u64) -> u64 {
    a ^ (!b & c)
}

#[inline(always)]
fn splat(word: u64) -> u64 {
    word
}

/// Hashes one message after the other.
pub(super) fn each(messages: &[&[u8]], put: Put<'_>) {
    for (at, message) in messages.iter().enumerate() {
        put(at, &finish([0; STATE_WORDS], message));
    }
}

/// The digest of a message of which `rest` is not yet in the state; what is in it are whole blocks.
pub(super) fn finish(mut state: [u64; STATE_WORDS], rest: &[u8]) -> [u8; 32] {
    let (blocks, last) = rest.as_chunks::<RATE>();
    for block in blocks {
        absorb(&mut state, block);
        permute(&mut state);
    }
    absorb(&mut state, &padded(last));
    state[RATE_WORDS - 1] ^= PAD_LAST;
    permute(&mut state);
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_le_bytes();
    }
    digest
}

/// The last block, but for [`PAD_LAST`].
#[inline]
pub(super) fn padded(last: &[u8]) -> [u8; RATE] {
    let mut block = [0; RATE];
    block[..last.len()].copy_from_slice(last);
    block[last.len()] = PAD_FIRST;
    block
}

#[inline]
fn absorb(state: &mut [u64; STATE_WORDS], block: &[u8; RATE]) {
    for (word, bytes) in state.iter_mut().zip(block.as_chunks().0) {
        *word ^= u64::from_le_bytes(*bytes);
    }
}
