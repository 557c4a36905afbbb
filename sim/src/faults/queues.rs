//! The queues as the host's register writes make them: where the rings lie, and how many entries and
//! completions each side has counted.

use metisvm_firmware::completion::COMPLETION_BYTES;
use metisvm_firmware::port::Registers;
use metisvm_firmware::registers::{self as reg, queue, queue_register};
use metisvm_firmware::submission::SUBMISSION_BYTES;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Largest base-2 logarithm of a ring's entries: heads and tails are 16 bits.
const MAX_ENTRIES_LOG2: u32 = 15;

/// An enabled queue, as the registers had it when it was enabled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enabled {
    /// The queue's number.
    pub(super) queue: u16,
    /// Tells this enabling from others of the same queue.
    pub(super) enabling: u32,
    /// Address of the submission ring.
    pub(super) submissions: u64,
    /// Address of the completion ring.
    pub(super) completions: u64,
    /// Base-2 logarithm of the entries of each ring.
    entries_log2: u32,
}

impl Enabled {
    /// What the registers of a queue say, unless it is what no card takes.
    fn read(card: &dyn Registers, index: u16, enabling: u32) -> Option<Self> {
        let read = |register| card.read32(queue_register(index, register));
        let address = |low, high| u64::from(read(low)) | u64::from(read(high)) << 32;
        let queue = Self {
            queue: index,
            enabling,
            submissions: address(queue::SQ_BASE_LO, queue::SQ_BASE_HI),
            completions: address(queue::CQ_BASE_LO, queue::CQ_BASE_HI),
            entries_log2: read(queue::ENTRIES_LOG2),
        };
        let longest = SUBMISSION_BYTES as u64 * (1 << MAX_ENTRIES_LOG2);
        let possible = queue.entries_log2 <= MAX_ENTRIES_LOG2
            && queue.submissions.checked_add(longest).is_some()
            && queue.completions.checked_add(longest).is_some();
        possible.then_some(queue)
    }

    /// Entries of each ring.
    pub(super) fn entries(&self) -> u64 {
        1 << self.entries_log2
    }

    /// Whether a span of memory touches the submission ring.
    pub(super) fn submits_in(&self, address: u64, bytes: u64) -> bool {
        address < self.submissions + self.entries() * SUBMISSION_BYTES as u64
            && address.saturating_add(bytes) > self.submissions
    }

    /// Whether an address lies in the completion ring.
    pub(super) fn completes_in(&self, address: u64) -> bool {
        address
            .checked_sub(self.completions)
            .is_some_and(|offset| offset < self.entries() * COMPLETION_BYTES as u64)
    }
}

/// What is passed on between the two sides for one queue, without a lock.
#[derive(Debug, Default)]
struct Doorbells {
    /// The submission tail.
    tail: AtomicU16,
    /// The enabling (high half), and by how many completions the host has got more than the card has
    /// given (low half, signed).
    excess: AtomicU64,
}

fn excess_bits(enabling: u32, excess: i32) -> u64 {
    u64::from(enabling) << 32 | u64::from(excess as u32)
}

/// All queues. Host threads enable them and ring their doorbells; the card's thread follows.
#[derive(Debug)]
pub(super) struct Queues {
    doorbells: Vec<Doorbells>,
    enabled: Mutex<Vec<Enabled>>,
    /// Counts enablings and disablings.
    changes: AtomicU32,
}

impl Queues {
    pub(super) fn new() -> Self {
        Self {
            doorbells: (0..reg::QUEUE_LIMIT).map(|_| Doorbells::default()).collect(),
            enabled: Mutex::default(),
            changes: AtomicU32::new(0),
        }
    }

    /// The count of changes.
    #[inline]
    pub(super) fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// The queues that are enabled.
    pub(super) fn enabled(&self) -> Vec<Enabled> {
        self.enabled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes what is enabled, given the number of the change.
    fn change(&self, change: impl FnOnce(&mut Vec<Enabled>, u32)) {
        let mut enabled = self.enabled.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.changes.load(Ordering::Relaxed).wrapping_add(1);
        change(&mut enabled, number);
        self.changes.store(number, Ordering::Release);
    }

    /// After a reset no queue is enabled.
    pub(super) fn clear(&self) {
        self.change(|enabled, _| enabled.clear());
    }

    /// The last submission tail of a queue.
    #[inline]
    pub(super) fn tail(&self, queue: u16) -> u16 {
        self.doorbells[usize::from(queue)].tail.load(Ordering::Acquire)
    }

    /// By how many completions the host has got more than the card has given, since this enabling.
    #[inline]
    pub(super) fn excess(&self, queue: &Enabled) -> i32 {
        let bits = self.doorbells[usize::from(queue.queue)]
            .excess
            .load(Ordering::Acquire);
        if bits >> 32 == u64::from(queue.enabling) {
            bits as u32 as i32
        } else {
            0
        }
    }

    /// Counts a completion that the host gets and the card did not give (1), or the other way round (−1).
    pub(super) fn add_excess(&self, queue: &Enabled, more: i32) {
        let doorbells = &self.doorbells[usize::from(queue.queue)];
        let old = self.excess(queue);
        // Fails only if the queue was enabled anew: then there is nothing to count.
        let _ = doorbells.excess.compare_exchange(
            excess_bits(queue.enabling, old),
            excess_bits(queue.enabling, old + more),
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
    }

    /// The host is about to write a register: gives what the card is to get in its place, or
    /// `None` where it is no queue's register.
    #[inline]
    pub(super) fn written(&self, offset: u32, value: u32, card: &dyn Registers) -> Option<u32> {
        let offset = offset.checked_sub(reg::QUEUE_BASE)?;
        let index = offset / reg::QUEUE_STRIDE;
        let doorbells = self.doorbells.get(index as usize)?;
        match offset % reg::QUEUE_STRIDE {
            queue::SQ_TAIL => doorbells.tail.store(value as u16, Ordering::Release),
            // The card is told how many of its own completions were consumed.
            queue::CQ_HEAD => {
                let excess = doorbells.excess.load(Ordering::Acquire) as u16;
                return Some((value as u16).wrapping_sub(excess).into());
            }
            // Known before the card is told: so its first access to the rings is known for one.
            queue::ENABLE => self.enable(index as u16, value & 1 == 1, card),
            _ => {}
        }
        Some(value)
    }

    fn enable(&self, index: u16, enables: bool, card: &dyn Registers) {
        if enables && card.read32(queue_register(index, queue::ENABLE)) == 1 {
            // Already enabled: nothing changes.
            return;
        }
        self.change(|enabled, number| {
            enabled.retain(|other| other.queue != index);
            if enables && let Some(queue) = Enabled::read(card, index, number) {
                let doorbells = &self.doorbells[usize::from(index)];
                doorbells.tail.store(0, Ordering::Release);
                doorbells.excess.store(excess_bits(number, 0), Ordering::Release);
                enabled.push(queue);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Registers that hold what was written last.
    struct Card(Vec<AtomicU32>);

    impl Registers for Card {
        fn read32(&self, offset: u32) -> u32 {
            self.0[offset as usize / 4].load(Ordering::Relaxed)
        }

        fn write32(&self, offset: u32, value: u32) {
            self.0[offset as usize / 4].store(value, Ordering::Relaxed);
        }
    }

    struct Host {
        queues: Queues,
        card: Card,
    }

    impl Host {
        fn new() -> Self {
            let registers = (0..reg::REGISTER_BYTES / 4).map(|_| AtomicU32::new(0));
            Self {
                queues: Queues::new(),
                card: Card(registers.collect()),
            }
        }

        /// Writes a register of queue 3; gives what the card gets.
        fn write(&self, register: u32, value: u32) -> u32 {
            let offset = queue_register(3, register);
            let value = self.queues.written(offset, value, &self.card).unwrap();
            self.card.write32(offset, value);
            value
        }

        /// Enables queue 3.
        fn enable(&self) -> Enabled {
            self.write(queue::ENABLE, 0);
            self.write(queue::SQ_BASE_HI, 7);
            self.write(queue::ENTRIES_LOG2, 4);
            self.write(queue::ENABLE, 1);
            let enabled = self.queues.enabled();
            assert_eq!(enabled.len(), 1);
            enabled[0]
        }
    }

    #[test]
    fn the_card_is_told_how_many_of_its_own_completions_were_consumed() {
        let host = Host::new();
        let queue = host.enable();
        assert_eq!(
            (queue.queue, queue.submissions, queue.entries()),
            (3, 7 << 32, 16)
        );
        let told = |consumed| host.write(queue::CQ_HEAD, consumed);
        assert_eq!(told(5), 5);
        host.queues.add_excess(&queue, -1);
        assert_eq!(told(5), 6, "one was given and not got");
        assert_eq!(told(0xffff), 0);
        host.queues.add_excess(&queue, 1);
        host.queues.add_excess(&queue, 1);
        assert_eq!(told(5), 4, "one was got and not given");
        assert_eq!(told(0), 0xffff);
        // An answer of an earlier enabling is not counted in the next.
        let again = host.enable();
        host.queues.add_excess(&queue, 1);
        assert_eq!((host.queues.excess(&queue), host.queues.excess(&again)), (0, 0));
        assert_eq!(told(5), 5);
    }

    #[test]
    fn a_ring_that_no_card_takes_is_not_followed() {
        for (register, value) in [(queue::ENTRIES_LOG2, 16), (queue::CQ_BASE_HI, u32::MAX)] {
            let host = Host::new();
            host.enable();
            host.write(queue::ENABLE, 0);
            host.write(queue::CQ_BASE_LO, u32::MAX);
            host.write(register, value);
            host.write(queue::ENABLE, 1);
            assert!(host.queues.enabled().is_empty());
        }
    }
}
