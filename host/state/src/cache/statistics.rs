//! Counters that many threads add to on every read.
//!
//! One shared counter would make every hit wait for the line that holds it. Each thread adds to a stripe
//! of its own, and a snapshot sums the stripes.

use core::{
    array,
    cell::Cell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// What a cache has done since it was made. Reads of execution and of prefetching are counted apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheStatistics {
    /// Reads of execution answered without the source, those from complete storages included.
    pub execution_hits: u64,
    /// Reads of execution for which the source was asked.
    pub execution_misses: u64,
    /// Prefetches of what was there already.
    pub prefetch_hits: u64,
    /// Prefetches for which the source was asked.
    pub prefetch_misses: u64,
    /// Prefetched accounts and slots that execution then read, each counted once. Those that come with a
    /// whole storage are not counted here.
    pub prefetched_used: u64,
    /// Reads, of either kind, answered by a storage known completely.
    pub complete_answers: u64,
    /// Reads through views of another block than the cache stands at: they go past it.
    pub around: u64,
    /// Accounts read from the source.
    pub source_accounts: u64,
    /// Single slots read from the source.
    pub source_slots: u64,
    /// Codes read from the source.
    pub source_codes: u64,
    /// Range reads of storage at the source.
    pub source_ranges: u64,
    /// Slots that these range reads returned.
    pub source_range_slots: u64,
    /// Block hashes read from the source; they are not cached.
    pub source_block_hashes: u64,
    /// Living entries that made room for others.
    pub evictions: u64,
}

impl CacheStatistics {
    /// What happened since `before`, an earlier answer of the same cache.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            execution_hits: self.execution_hits.saturating_sub(before.execution_hits),
            execution_misses: self.execution_misses.saturating_sub(before.execution_misses),
            prefetch_hits: self.prefetch_hits.saturating_sub(before.prefetch_hits),
            prefetch_misses: self.prefetch_misses.saturating_sub(before.prefetch_misses),
            prefetched_used: self.prefetched_used.saturating_sub(before.prefetched_used),
            complete_answers: self.complete_answers.saturating_sub(before.complete_answers),
            around: self.around.saturating_sub(before.around),
            source_accounts: self.source_accounts.saturating_sub(before.source_accounts),
            source_slots: self.source_slots.saturating_sub(before.source_slots),
            source_codes: self.source_codes.saturating_sub(before.source_codes),
            source_ranges: self.source_ranges.saturating_sub(before.source_ranges),
            source_range_slots: self.source_range_slots.saturating_sub(before.source_range_slots),
            source_block_hashes: self
                .source_block_hashes
                .saturating_sub(before.source_block_hashes),
            evictions: self.evictions.saturating_sub(before.evictions),
        }
    }

    /// Reads that reached the source, a range read counted as one.
    pub fn source_reads(&self) -> u64 {
        self.source_accounts
            + self.source_slots
            + self.source_codes
            + self.source_ranges
            + self.source_block_hashes
    }
}

/// One counter of a stripe.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counter {
    ExecutionHits,
    ExecutionMisses,
    PrefetchHits,
    PrefetchMisses,
    PrefetchedUsed,
    /// A complete storage answered execution; not counted in `ExecutionHits` again.
    CompleteExecution,
    /// A complete storage answered a prefetch; not counted in `PrefetchHits` again.
    CompletePrefetch,
    Around,
    SourceAccounts,
    SourceSlots,
    SourceCodes,
    SourceRanges,
    SourceRangeSlots,
    SourceBlockHashes,
    Evictions,
}

const COUNTERS: usize = Counter::Evictions as usize + 1;
const STRIPES: usize = 16;

// Two lines each: the neighbour's line is often fetched along.
#[derive(Debug)]
#[repr(align(128))]
struct Stripe([AtomicU64; COUNTERS]);

/// The counters of a cache.
#[derive(Debug)]
pub(super) struct Counters {
    stripes: [Stripe; STRIPES],
}

static NEXT_STRIPE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
}

#[inline]
fn stripe() -> usize {
    STRIPE.with(|stripe| {
        if stripe.get() == usize::MAX {
            stripe.set(NEXT_STRIPE.fetch_add(1, Relaxed) % STRIPES);
        }
        stripe.get()
    })
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            stripes: array::from_fn(|_| Stripe(array::from_fn(|_| AtomicU64::new(0)))),
        }
    }

    #[inline]
    pub(super) fn add(&self, counter: Counter, amount: u64) {
        self.stripes[stripe()].0[counter as usize].fetch_add(amount, Relaxed);
    }

    #[inline]
    pub(super) fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    pub(super) fn snapshot(&self) -> CacheStatistics {
        let sum = |counter: Counter| -> u64 {
            self.stripes
                .iter()
                .map(|stripe| stripe.0[counter as usize].load(Relaxed))
                .sum()
        };
        let complete_execution = sum(Counter::CompleteExecution);
        let complete_prefetch = sum(Counter::CompletePrefetch);
        CacheStatistics {
            execution_hits: sum(Counter::ExecutionHits) + complete_execution,
            execution_misses: sum(Counter::ExecutionMisses),
            prefetch_hits: sum(Counter::PrefetchHits) + complete_prefetch,
            prefetch_misses: sum(Counter::PrefetchMisses),
            prefetched_used: sum(Counter::PrefetchedUsed),
            complete_answers: complete_execution + complete_prefetch,
            around: sum(Counter::Around),
            source_accounts: sum(Counter::SourceAccounts),
            source_slots: sum(Counter::SourceSlots),
            source_codes: sum(Counter::SourceCodes),
            source_ranges: sum(Counter::SourceRanges),
            source_range_slots: sum(Counter::SourceRangeSlots),
            source_block_hashes: sum(Counter::SourceBlockHashes),
            evictions: sum(Counter::Evictions),
        }
    }
}
