//! All performance counters of a card at one time.

use crate::transport::Transport;
use metisvm_firmware::registers::{COUNTERS, counter};

/// A counter with its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterName {
    /// Its number in the ABI.
    pub index: u32,
    /// For programs.
    pub key: &'static str,
    /// For people: what happens in the cycles that it counts.
    pub text: &'static str,
}

const fn named(index: u32, key: &'static str, text: &'static str) -> CounterName {
    CounterName { index, key, text }
}

/// What every card with counters counts.
pub const CARD: [CounterName; 8] = [
    named(counter::BUSY, "busy", "cycles in which the card is busy"),
    named(
        counter::KECCAK_BUSY,
        "keccak_busy",
        "cycles in which Keccak cores permute",
    ),
    named(
        counter::KECCAK_STARVED,
        "keccak_starved",
        "cycles in which they have no word",
    ),
    named(
        counter::KECCAK_STALLED,
        "keccak_stalled",
        "cycles in which words wait for them",
    ),
    named(counter::WORDS_READ, "words_read", "words read from the host"),
    named(
        counter::WORDS_WRITTEN,
        "words_written",
        "words written to the host",
    ),
    named(counter::DIGESTS, "digests", "digests"),
    named(counter::ENTRIES, "entries", "entries executed or refused"),
];

/// What a tensor engine did in its cycles.
pub const ENGINE: [CounterName; 8] = [
    named(counter::ARRAY_STEPS, "array_steps", "array multiplies two tiles"),
    named(counter::LOAD_BUSY, "load_busy", "load is at an instruction"),
    named(
        counter::COMPUTE_BUSY,
        "compute_busy",
        "compute is at an instruction",
    ),
    named(counter::STORE_BUSY, "store_busy", "store is at an instruction"),
    named(counter::LOAD_WAITS, "load_waits", "load waits for a token"),
    named(
        counter::COMPUTE_WAITS,
        "compute_waits",
        "compute waits for a token",
    ),
    named(counter::STORE_WAITS, "store_waits", "store waits for a token"),
    named(
        counter::MEMORY_WAITS,
        "memory_waits",
        "load waits for card memory",
    ),
];

/// What the bus to the host kept waiting.
pub const BUS: [CounterName; 4] = [
    named(counter::READ_WAITS, "read_waits", "a DMA read waits for the host"),
    named(
        counter::READ_STALLED,
        "read_stalled",
        "what was read waits for its taker",
    ),
    named(
        counter::REQUEST_STALLED,
        "request_stalled",
        "a DMA read waits for a tag or the bus",
    ),
    named(
        counter::WRITE_STALLED,
        "write_stalled",
        "a DMA write waits for the bus",
    ),
];

/// The counters of a card, or by how much they grew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardCounters([u64; counter::COUNT as usize]);

impl CardCounters {
    /// Asks for each; `None` if one cannot be read.
    pub(crate) fn read(mut of: impl FnMut(u32) -> Option<u64>) -> Option<Self> {
        let mut all = Self::default();
        for (index, value) in (0..).zip(&mut all.0) {
            *value = of(index)?;
        }
        Some(all)
    }

    /// Reads those of a card that has them; `None` if it is dead.
    pub fn of(link: &dyn Transport) -> Option<Self> {
        Self::read(|index| one(link, index))
    }

    /// A counter; one that there is not is 0.
    pub fn get(&self, index: u32) -> u64 {
        self.0.get(index as usize).copied().unwrap_or(0)
    }

    /// By how much they grew.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at].wrapping_sub(before.0[at])))
    }
}

/// Reads one of a card that has them; `None` if the card is dead. Its two words are not read at once, so the high one is
/// read twice. It changes once in 2^32 cycles: if it does so between the reads, the second try finds it at rest.
pub(crate) fn one(link: &dyn Transport, index: u32) -> Option<u64> {
    let low = COUNTERS + 8 * index;
    let mut high = link.read32(low + 4);
    for _ in 0..2 {
        let value = u64::from(high) << 32 | u64::from(link.read32(low));
        match link.read32(low + 4) {
            same if same == high => return (value != u64::MAX).then_some(value),
            other => high = other,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_one_name() {
        let named = CARD.iter().chain(&BUS).chain(&ENGINE);
        let named: Vec<u32> = named.map(|name| name.index).collect();
        assert_eq!(named, (0..counter::COUNT).collect::<Vec<_>>());
    }

    #[test]
    fn growth_goes_through_the_end_and_a_counter_that_is_not_read_is_no_zero() {
        let before = CardCounters::read(|index| Some(u64::MAX - u64::from(index))).unwrap_or_default();
        let after = CardCounters::read(|index| Some(u64::from(index))).unwrap_or_default();
        let grown = after.since(&before);
        assert_eq!([grown.get(0), grown.get(3), grown.get(counter::COUNT)], [1, 7, 0]);
        assert_eq!(CardCounters::read(|index| (index != 5).then_some(0)), None);
    }
}
