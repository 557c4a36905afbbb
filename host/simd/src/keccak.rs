//! Keccak-256 of many messages: eight at once with AVX-512, four with AVX2, one with plain Rust.
//!
//! Keccak-f\[1600\] is bound by the number of its instructions, and every one of them is a bitwise operation on
//! words of 64 bits; so as many states as a register has words cost little more than one. Each lane of the
//! registers hashes a message of its own and takes the next one when it is through, so lengths may be
//! mixed, nothing is sorted or allocated, and only the end of a batch leaves lanes idle.

use crate::level::{Kind, Level};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod permutation;
mod portable;
mod self_test;

pub use self_test::{Choice, choose_level, tested_level};

/// Bytes of a message that go into the state between two permutations (1600 bits less twice the digest's).
pub const RATE: usize = 136;
/// The words of [`RATE`] bytes.
const RATE_WORDS: usize = RATE / 8;
/// The words of the state: `x + 5 y` for column x and row y.
const STATE_WORDS: usize = 25;
/// What follows the message: a bit (Keccak before it became SHA-3), zeros, and a bit at the end of the block.
const PAD_FIRST: u8 = 0x01;
/// The last byte's, in the last word of the block.
const PAD_LAST: u64 = 0x80 << 56;

/// How many messages a level hashes at once.
pub const fn lanes(level: Level) -> usize {
    match level.kind() {
        Kind::Portable => 1,
        Kind::Avx2 => 4,
        Kind::Avx512 | Kind::Avx512Vnni | Kind::Amx => 8,
    }
}

/// Keccak-256 of one message, with plain Rust.
pub fn keccak256(message: &[u8]) -> [u8; 32] {
    portable::finish([0; STATE_WORDS], message)
}

/// Writes Keccak-256 of `messages[i]` to `digests[i]`, for messages of any lengths. On one thread; order and
/// mixture of lengths are free, and a batch of two is already worth the lanes.
///
/// # Panics
/// Where there are not as many digests as messages.
pub fn keccak256_many(level: Level, messages: &[&[u8]], digests: &mut [[u8; 32]]) {
    assert_eq!(messages.len(), digests.len(), "a digest for each message");
    keccak256_each(level, messages, &mut |at, digest| digests[at] = *digest);
}

/// The same for whoever keeps digests in another form: hands over each message's index and digest, as lanes get
/// through with them and not in the order of the messages.
pub fn keccak256_each(level: Level, messages: &[&[u8]], put: Put<'_>) {
    if messages.len() < 2 {
        return portable::each(messages, put);
    }
    match level.kind() {
        Kind::Portable => portable::each(messages, put),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => avx2::each(level, messages, put),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 | Kind::Avx512Vnni | Kind::Amx => avx512::each(level, messages, put),
        #[cfg(not(target_arch = "x86_64"))]
        _ => portable::each(messages, put),
    }
}

/// What takes the index of a message and its digest.
pub type Put<'p> = &'p mut dyn FnMut(usize, &[u8; 32]);

#[cfg(test)]
mod tests;
