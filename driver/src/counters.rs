//! What a device has done since it was opened.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Jobs answered without error: loads, evictions, runs, Keccak batches.
    pub jobs: u64,
    /// Times that bytes were copied into card memory to stay, programs among them.
    pub loads: u64,
    /// NOPs answered.
    pub nops: u64,
    /// Bytes of jobs that the card was given to read.
    pub dma_to_card_bytes: u64,
    /// Bytes of jobs that the card wrote.
    pub dma_from_card_bytes: u64,
    /// Faults that put the device out of service.
    pub faults: u64,
    /// Resets that were acknowledged.
    pub resets: u64,
    /// Bytes of DMA memory leaked because a card never acknowledged a reset, or because they could not be unmapped.
    pub leaked_bytes: u64,
    /// Jobs in flight now.
    pub in_flight: u64,
    /// Most jobs that were in flight together.
    pub most_in_flight: u64,
}

impl Counters {
    /// The sum, count by count; most in flight is the greater one.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        let most = if self.most_in_flight > other.most_in_flight {
            self.most_in_flight
        } else {
            other.most_in_flight
        };
        Self {
            jobs: self.jobs + other.jobs,
            loads: self.loads + other.loads,
            nops: self.nops + other.nops,
            dma_to_card_bytes: self.dma_to_card_bytes + other.dma_to_card_bytes,
            dma_from_card_bytes: self.dma_from_card_bytes + other.dma_from_card_bytes,
            faults: self.faults + other.faults,
            resets: self.resets + other.resets,
            leaked_bytes: self.leaked_bytes + other.leaked_bytes,
            in_flight: self.in_flight + other.in_flight,
            most_in_flight: most,
        }
    }

    /// What was counted since an earlier snapshot of the same device; what is in flight is as it is now.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            jobs: self.jobs.saturating_sub(earlier.jobs),
            loads: self.loads.saturating_sub(earlier.loads),
            nops: self.nops.saturating_sub(earlier.nops),
            dma_to_card_bytes: self.dma_to_card_bytes.saturating_sub(earlier.dma_to_card_bytes),
            dma_from_card_bytes: self
                .dma_from_card_bytes
                .saturating_sub(earlier.dma_from_card_bytes),
            faults: self.faults.saturating_sub(earlier.faults),
            resets: self.resets.saturating_sub(earlier.resets),
            leaked_bytes: self.leaked_bytes.saturating_sub(earlier.leaked_bytes),
            in_flight: self.in_flight,
            most_in_flight: self.most_in_flight,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct LiveCounters {
    pub(crate) jobs: AtomicU64,
    pub(crate) loads: AtomicU64,
    pub(crate) nops: AtomicU64,
    pub(crate) to_card: AtomicU64,
    pub(crate) from_card: AtomicU64,
    pub(crate) faults: AtomicU64,
    pub(crate) resets: AtomicU64,
    pub(crate) leaked: AtomicU64,
    pub(crate) in_flight: Arc<InFlight>,
}

/// Jobs in flight, on all of a device's queue pairs.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    now: AtomicU64,
    most: AtomicU64,
}

impl InFlight {
    /// One more.
    #[inline]
    pub(crate) fn begin(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        // Written only where it grows, which it does not for long.
        if now > self.most.load(Ordering::Relaxed) {
            self.most.fetch_max(now, Ordering::Relaxed);
        }
    }

    /// One less.
    #[inline]
    pub(crate) fn end(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl LiveCounters {
    pub(crate) fn snapshot(&self) -> Counters {
        Counters {
            jobs: self.jobs.load(Ordering::Relaxed),
            loads: self.loads.load(Ordering::Relaxed),
            nops: self.nops.load(Ordering::Relaxed),
            dma_to_card_bytes: self.to_card.load(Ordering::Relaxed),
            dma_from_card_bytes: self.from_card.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
            resets: self.resets.load(Ordering::Relaxed),
            leaked_bytes: self.leaked.load(Ordering::Relaxed),
            in_flight: self.in_flight.now.load(Ordering::Relaxed),
            most_in_flight: self.in_flight.most.load(Ordering::Relaxed),
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}
