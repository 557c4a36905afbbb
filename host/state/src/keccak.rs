//! Keccak-256 in batches. The trie hashes level by level, so whole levels come at once: what eight lanes
//! of AVX-512 or a card take in one go.

use alloy_primitives::{B256, keccak256};

/// An engine that hashes many messages at once. Every engine gives the same digests; one that loses its
/// hardware falls back on its own, so a caller never sees a fault.
pub trait KeccakBatch: Send + Sync {
    /// Writes the Keccak-256 digest of `messages[i]` to `digests[i]`. Both have the same length.
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]);
}

/// Hashes one message after the other on the calling thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct CpuKeccak;

impl KeccakBatch for CpuKeccak {
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]) {
        for (message, digest) in messages.iter().zip(digests) {
            *digest = keccak256(message);
        }
    }
}
