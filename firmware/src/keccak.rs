//! The layout of a Keccak-256 batch in host memory.
//!
//! A batch of n messages is n 8-byte descriptors (offset from the batch's start, u32; length in
//! bytes, u32), then the messages. A message may start at any multiple of 8, even over another; the host
//! packs them one after the other. The answer is n digests of 32 bytes in the same order.

use alloc::vec::Vec;

/// Bytes of one descriptor.
pub const DESCRIPTOR_BYTES: usize = 8;
/// Bytes of one digest.
pub const DIGEST_BYTES: usize = 32;

/// Where one message lies in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Bytes from the start of the batch.
    pub offset: u32,
    /// Bytes.
    pub length: u32,
}

impl Descriptor {
    /// The descriptor's word.
    pub const fn to_word(self) -> u64 {
        self.offset as u64 | (self.length as u64) << 32
    }

    /// Reads a descriptor's word.
    pub const fn from_word(word: u64) -> Self {
        Self {
            offset: word as u32,
            length: (word >> 32) as u32,
        }
    }

    /// The message in `batch`, unless it lies outside it or at no multiple of 8.
    pub fn message<'a>(&self, batch: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        if !self.offset.is_multiple_of(DESCRIPTOR_BYTES as u32) {
            return None;
        }
        let length = usize::try_from(self.length).ok()?;
        batch.get(start..start.checked_add(length)?)
    }
}

/// Lays out a batch; `None` if it is over 4 GiB.
pub fn lay_out(messages: &[&[u8]]) -> Option<Vec<u8>> {
    let descriptors = messages.len().checked_mul(DESCRIPTOR_BYTES)?;
    let total = messages.iter().try_fold(descriptors, |at, message| {
        at.checked_add(message.len().checked_next_multiple_of(8)?)
    })?;
    u32::try_from(total).ok()?;
    let mut batch = Vec::with_capacity(total);
    let mut at = descriptors;
    for message in messages {
        let descriptor = Descriptor {
            offset: at as u32,
            length: message.len() as u32,
        };
        batch.extend_from_slice(&descriptor.to_word().to_le_bytes());
        at += message.len().next_multiple_of(8);
    }
    for message in messages {
        batch.extend_from_slice(message);
        batch.resize(batch.len().next_multiple_of(8), 0);
    }
    Some(batch)
}
