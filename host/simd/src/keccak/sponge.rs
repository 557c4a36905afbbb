//! Sizes of the sponge and its padding (FIPS 202, section 4, with Keccak's own padding).

/// Bytes of a message that go into the state between two permutations (1600 bits less twice the digest's).
pub const RATE: usize = 136;
/// The words of [`RATE`] bytes.
pub(super) const RATE_WORDS: usize = RATE / 8;
/// The words of the state: `x + 5 y` for column x and row y.
pub(super) const STATE_WORDS: usize = 25;
/// What follows the message: a bit (Keccak before it became SHA-3), zeros, and a bit at the end of the block.
pub(super) const PAD_FIRST: u8 = 0x01;
/// The last byte's, in the last word of the block.
pub(super) const PAD_LAST: u64 = 0x80 << 56;

/// What takes the index of a message and its digest.
pub type Put<'p> = &'p mut dyn FnMut(usize, &[u8; 32]);
