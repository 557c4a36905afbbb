//! Keccak-256 in batches. The trie hashes level by level, so whole levels come at once: what eight lanes
//! of AVX-512 or a card take in one go.

use alloy_primitives::{B256, keccak256};
use metisvm_simd::keccak::{Choice, RATE, keccak256_each, tested_level};
use rayon::prelude::*;

/// An engine that hashes many messages at once.
///
/// Implemented by the CPU ([`CpuKeccak`]) and by cards; called by the trie, once for a level of a
/// block's new nodes, once for its keys and once to check the nodes that it read. Every engine gives the
/// same digests; one that loses its hardware falls back on its own, so a caller never sees a fault.
///
/// Nobody can check a digest but by hashing again. An engine whose hardware might be wrong says by
/// [`unchecked_digests`](Self::unchecked_digests) that it asked it; [`ChainState`](crate::ChainState) then
/// refuses no block on its word and tells it by [`condemn`](Self::condemn) when it was wrong.
///
/// A batch is whatever is at hand: one message or a million, of any lengths in any order, the empty
/// message among them. In the trie's batches most messages of a level are alike (leaves of an account
/// about 110 bytes, branches up to 532), and one block of Keccak is 136 bytes. An engine that works in
/// lanes sorts by the number of blocks, one with a limit splits the batch, one for which a batch is too
/// small to pay hashes it on the CPU. The slices are only borrowed: whoever needs them in one piece (DMA)
/// copies.
pub trait KeccakBatch: Send + Sync {
    /// Writes the Keccak-256 digest of `messages[i]` to `digests[i]`. Both have the same length, which the
    /// caller sees to.
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]);

    /// How many digests so far are the word of hardware alone. Never falls; whoever compares it before and
    /// after some calls of [`hash`](Self::hash) learns whether one of theirs may be.
    fn unchecked_digests(&self) -> u64 {
        0
    }

    /// Says that a digest of the hardware was wrong, and how that showed. No later digest may come from it.
    fn condemn(&self, problem: &str) {
        let _ = problem;
    }
}

/// Hashes with the processor: as many messages at once as its registers have lanes, large batches on all threads
/// of the current rayon pool.
#[derive(Debug, Clone, Copy, Default)]
pub struct CpuKeccak;

impl CpuKeccak {
    /// The level that hashes, and those that failed their self-test and do not.
    pub fn level() -> &'static Choice {
        tested_level()
    }
}

/// Permutations that one thread takes at a time: some 50 µs of work, which a hand-over does not outweigh.
const SHARE: usize = 1024;
/// The fewest messages of a share: all lanes of the widest level twice.
const LEAST_SHARE: usize = 16;

impl KeccakBatch for CpuKeccak {
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]) {
        debug_assert_eq!(messages.len(), digests.len());
        if messages.len() < 2 * LEAST_SHARE || rayon::current_num_threads() == 1 {
            return hash_share(messages, digests);
        }
        let work: usize = messages.iter().map(|message| message.len() / RATE + 1).sum();
        if work < 2 * SHARE {
            return hash_share(messages, digests);
        }
        // As if all were alike; where they are not, whoever is through early takes another share.
        let share = (messages.len() * SHARE).div_ceil(work).max(LEAST_SHARE);
        messages
            .par_chunks(share)
            .zip(digests.par_chunks_mut(share))
            .for_each(|(messages, digests)| hash_share(messages, digests));
    }
}

fn hash_share(messages: &[&[u8]], digests: &mut [B256]) {
    match (messages, &mut *digests) {
        // One alone fills no lanes, and hand-written scalar code is the fastest.
        ([message], [digest]) => *digest = keccak256(message),
        _ => keccak256_each(CpuKeccak::level().level, messages, &mut |at, digest| {
            digests[at] = B256::new(*digest);
        }),
    }
}
