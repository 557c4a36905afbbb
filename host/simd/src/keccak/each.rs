//! The level that hashes a batch.

use super::portable;
use super::sponge::{Put, STATE_WORDS};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::level::{Kind, Level};

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
