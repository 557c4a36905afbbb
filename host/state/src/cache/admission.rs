//! Which entry of a full set makes room.
//!
//! S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023), within one set of
//! seven: newcomers are on **probation**; an entry that was read again meanwhile moves to the **main**
//! queue, one that was not leaves and is remembered as a **ghost** (a few bits of its hash); a newcomer with
//! a ghost goes to the main queue at once. The main queue is a FIFO with second chances, as many as the
//! entry was read, up to three.
//!
//! What counts as a **use** is a read by execution through a view. The journal of the EVM reads a key once a
//! transaction, so a use after the first read is another transaction that wants it (or the same once more,
//! after a conflict). Prefetching is no use. Accounts with code start with one use.

/// Entries in a set. With the sequence number their tags fill one cache line.
pub(super) const WAYS: usize = 7;
/// Entries that may be on probation while the main queue is preferred for eviction.
const PROBATION: usize = 2;
const MAX_USES: u64 = 3;

// A tag: 24 bits of the hash, 24 bits of epoch (0: empty), 12 bits of when it was written or requeued
// (the sequence number of the set), 2 bits of uses, two flags.
const FINGERPRINT: u64 = (1 << 24) - 1;
const EPOCH_SHIFT: u32 = 24;
/// The largest epoch that fits a tag.
pub(super) const MAX_EPOCH: u64 = (1 << 24) - 1;
/// The part of a tag that says which entry it is.
pub(super) const IDENTITY: u64 = (1 << 48) - 1;
const STAMP_SHIFT: u32 = 48;
const STAMP: u64 = (1 << 12) - 1;
const USES_SHIFT: u32 = 60;
const MAIN: u64 = 1 << 62;
const PREFETCHED: u64 = 1 << 63;

// Each round of looking for a victim lowers a count or moves an entry to the main queue for good, so there
// are at most seven promotions and three rounds for each of seven entries.
const ROUNDS: u64 = (WAYS as u64) * (MAX_USES + 2);

/// Why an entry comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// Execution read it.
    Read,
    /// Execution read it, and it is an account with code.
    ReadContract,
    /// A prediction asked for it.
    Prefetch,
    /// A block wrote it.
    Write,
}

/// The identity of the entry with this hash in this epoch.
#[inline]
pub(super) fn identity(hash: u64, epoch: u64) -> u64 {
    (hash & FINGERPRINT) | (epoch << EPOCH_SHIFT)
}

/// True where the tag is of this epoch.
#[inline]
pub(super) fn lives(tag: u64, epoch: u64) -> bool {
    (tag >> EPOCH_SHIFT) & MAX_EPOCH == epoch
}

/// What is remembered of an evicted entry, by its hash or its tag. Never zero, which is an empty place.
#[inline]
pub(super) fn ghost(hash_or_tag: u64) -> u16 {
    hash_or_tag as u16 | 1
}

/// The tag of a newcomer.
pub(super) fn newcomer(hash: u64, epoch: u64, now: u64, fill: Fill, had_ghost: bool) -> u64 {
    let uses = u64::from(fill == Fill::ReadContract);
    let main = if had_ghost { MAIN } else { 0 };
    let prefetched = if fill == Fill::Prefetch { PREFETCHED } else { 0 };
    identity(hash, epoch) | ((now & STAMP) << STAMP_SHIFT) | (uses << USES_SHIFT) | main | prefetched
}

/// The tag after execution used its entry, and whether that was the first use of a prefetched entry; `None`
/// where there is nothing to write down. Entries in steady use are never written to, so that workers which
/// share them only read.
#[inline]
pub(super) fn used(tag: u64) -> Option<(u64, bool)> {
    let prefetched = tag & PREFETCHED != 0;
    let uses = (tag >> USES_SHIFT) & 3;
    if prefetched {
        // The first reader of what a prefetch brought is what the first miss would have been: no use yet.
        return Some((tag & !PREFETCHED, true));
    }
    (uses < MAX_USES).then_some((tag + (1 << USES_SHIFT), false))
}

/// Chooses the way that makes room, requeueing others as the queues say. All ways hold living entries.
pub(super) fn victim(tags: &mut [u64; WAYS], now: u64) -> usize {
    for round in 0..ROUNDS {
        let probation = tags.iter().filter(|tag| **tag & MAIN == 0).count();
        let from_main = probation < PROBATION;
        let queue = if from_main { MAIN } else { 0 };
        let age = |tag: u64| (now + ROUNDS).wrapping_sub(tag >> STAMP_SHIFT) & STAMP;
        let oldest = (0..WAYS)
            .filter(|way| tags[*way] & MAIN == queue)
            .max_by_key(|way| age(tags[*way]))
            .unwrap_or(0);
        let tag = tags[oldest];
        let uses = (tag >> USES_SHIFT) & 3;
        if uses == 0 {
            return oldest;
        }
        // To the end of the main queue. Rounds are told apart by the stamp, or the same entry would be the
        // oldest again.
        let uses = if from_main { uses - 1 } else { 0 };
        let kept = tag & (IDENTITY | PREFETCHED);
        let stamp = now.wrapping_add(round) & STAMP;
        tags[oldest] = kept | MAIN | (uses << USES_SHIFT) | (stamp << STAMP_SHIFT);
    }
    0
}
