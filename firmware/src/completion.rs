//! Completion entries: 16 bytes, two little-endian 64-bit words.
//!
//! | word | bits | field |
//! |---|---|---|
//! | 0 | 0–31 | sequence |
//! | 0 | 32–63 | boot nonce |
//! | 1 | 0–31 | detail |
//! | 1 | 32–47 | submission head |
//! | 1 | 48 | phase |
//! | 1 | 49–63 | status |
//!
//! The card stores the words in order, so that the phase appears last.

use bytemuck::{Pod, Zeroable};

/// Words of one entry.
pub const COMPLETION_WORDS: usize = 2;
/// Bytes of one entry.
pub const COMPLETION_BYTES: usize = 16;
/// The phase bit, in word 1.
pub const PHASE_BIT: u64 = 1 << 48;

/// The bytes of a completion, on a little-endian host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct CompletionEntry {
    /// [`Completion::sequence`].
    pub sequence: u32,
    /// [`Completion::boot_nonce`].
    pub boot_nonce: u32,
    /// [`Completion::detail`].
    pub detail: u32,
    /// [`Completion::submission_head`].
    pub submission_head: u16,
    /// Bit 0 is [`Completion::phase`], the others [`Completion::status`].
    pub phase_and_status: u16,
}

/// One completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Sequence number of the entry that it answers.
    pub sequence: u32,
    /// Boot nonce of the card.
    pub boot_nonce: u32,
    /// Meaning given by the status. Of an ok RUN or KECCAK the CRC-32 (IEEE 802.3) of its output: writes
    /// to host memory are posted, so this alone tells the host that they arrived.
    pub detail: u32,
    /// Free-running count of the submissions fetched so far, modulo 2^16: those slots are free.
    pub submission_head: u16,
    /// A [`crate::Status`] as bits, 15 of them; a broken card may write any.
    pub status: u16,
    /// Inverts each time the ring wraps; the first pass writes `true`.
    pub phase: bool,
}

impl Completion {
    /// The entry's words; only the low 15 bits of the status go in.
    #[inline]
    pub const fn to_words(&self) -> [u64; COMPLETION_WORDS] {
        [
            self.sequence as u64 | (self.boot_nonce as u64) << 32,
            self.detail as u64
                | (self.submission_head as u64) << 32
                | (self.phase as u64) << 48
                | (self.status as u64) << 49,
        ]
    }

    /// Reads an entry; every pair of words is one.
    #[inline]
    pub const fn from_words(words: [u64; COMPLETION_WORDS]) -> Self {
        Self {
            sequence: words[0] as u32,
            boot_nonce: (words[0] >> 32) as u32,
            detail: words[1] as u32,
            submission_head: (words[1] >> 32) as u16,
            status: (words[1] >> 49) as u16,
            phase: words[1] & PHASE_BIT != 0,
        }
    }
}
