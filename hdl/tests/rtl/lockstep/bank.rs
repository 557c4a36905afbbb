//! The registers of the queues, as host and queue engine know them.

use metisvm_firmware::registers as reg;
use metisvm_firmware::registers::queue;

/// Cycles from a write's being taken to what it does; enabling a queue clears one doorbell,
/// then the other, and says twice that it waits.
pub(crate) const EFFECT: u32 = 2;
const FIRST_DOORBELL: u32 = EFFECT + 1;
const SECOND_DOORBELL: u32 = EFFECT + 2;
const WAITS: u32 = EFFECT + 3;

/// What the host knows and the engine sees of a queue.
#[derive(Clone, Copy, Default)]
pub(crate) struct QueueState {
    pub(crate) words: [u64; 16],
    pub(crate) enabled: bool,
    pub(crate) fresh: bool,
    pub(crate) pending: bool,
    pub(crate) armed: bool,
    pub(crate) state: u64,
}

/// A write under way: taken so many cycles ago.
#[derive(Clone, Copy)]
pub(crate) struct Write {
    pub(crate) address: u64,
    pub(crate) data: u64,
    pub(crate) is_whole: bool,
    pub(crate) age: u32,
    /// Its queue was enabled when its address was looked at.
    pub(crate) was_enabled: bool,
}

/// All queues, and the nonce.
pub(crate) struct Bank {
    pub(crate) queues: usize,
    pub(crate) queue: [QueueState; 64],
    pub(crate) nonce: u64,
}

impl Bank {
    pub(crate) fn new(queues: usize) -> Self {
        Self {
            queues,
            queue: [QueueState::default(); 64],
            nonce: 0,
        }
    }

    /// The queue and the word that an address means.
    pub(crate) fn place(&self, address: u64) -> Option<(usize, u64)> {
        let queue = (address >> 6 & 63) as usize;
        let is_queue = address >> 12 == 1 && address.is_multiple_of(4) && queue < self.queues;
        is_queue.then_some((queue, address & 63))
    }

    /// What a write does, so many cycles after it was taken; the host's last word is the one that counts.
    pub(crate) fn apply(&mut self, write: &mut Write) {
        if !write.is_whole {
            return;
        }
        if write.age == EFFECT && write.address == u64::from(reg::BOOT_NONCE) {
            if self.nonce == 0 && write.data != 0xffff_ffff {
                self.nonce = write.data;
            }
            return;
        }
        let Some((index, word)) = self.place(write.address) else {
            return;
        };
        let queue = &mut self.queue[index];
        if write.age + 1 == EFFECT {
            write.was_enabled = queue.enabled;
        }
        let enables = write.data & 1 == 1;
        match (word as u32, write.age) {
            (0..=queue::ENTRIES_LOG2, EFFECT) if !write.was_enabled => {
                queue.words[word as usize / 4] = write.data;
            }
            (queue::SQ_TAIL | queue::CQ_HEAD, EFFECT) => {
                queue.words[word as usize / 4] = write.data;
                queue.pending = true;
            }
            (queue::INTERRUPT_ARM, EFFECT) => {
                queue.armed = enables;
                queue.pending |= enables;
            }
            (queue::ENABLE, EFFECT) if !enables => {
                queue.enabled = false;
                queue.fresh = false;
            }
            (queue::ENABLE, FIRST_DOORBELL) if enables && !write.was_enabled => queue.words[6] = 0,
            (queue::ENABLE, SECOND_DOORBELL) if enables && !write.was_enabled => {
                *queue = QueueState {
                    words: queue.words,
                    enabled: true,
                    fresh: true,
                    pending: true,
                    ..QueueState::default()
                };
                queue.words[7] = 0;
            }
            (queue::ENABLE, WAITS) if enables && !write.was_enabled => queue.pending = true,
            _ => {}
        }
    }
}
