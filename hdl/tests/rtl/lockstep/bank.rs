//! The registers of the queues, as host and queue engine know them.

use metisvm_firmware::registers as reg;
use metisvm_firmware::registers::queue;

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
    pub(crate) fn apply(&mut self, write: Write) {
        if !write.is_whole {
            return;
        }
        if write.age == 1 && write.address == u64::from(reg::BOOT_NONCE) {
            if self.nonce == 0 && write.data != 0xffff_ffff {
                self.nonce = write.data;
            }
            return;
        }
        let Some((index, word)) = self.place(write.address) else {
            return;
        };
        let queue = &mut self.queue[index];
        match (word as u32, write.age) {
            (0..=queue::ENTRIES_LOG2, 1) if !queue.enabled => queue.words[word as usize / 4] = write.data,
            (queue::SQ_TAIL | queue::CQ_HEAD, 1) => {
                queue.words[word as usize / 4] = write.data;
                queue.pending = true;
            }
            (queue::INTERRUPT_ARM, 1) => {
                queue.armed = write.data & 1 == 1;
                queue.pending |= queue.armed;
            }
            (queue::ENABLE, 1) if write.data & 1 == 0 => {
                queue.enabled = false;
                queue.fresh = false;
            }
            (queue::ENABLE, 2) if write.data & 1 == 1 && !queue.enabled => queue.words[6] = 0,
            (queue::ENABLE, 3) if write.data & 1 == 1 && !queue.enabled => {
                *queue = QueueState {
                    words: queue.words,
                    enabled: true,
                    fresh: true,
                    pending: true,
                    ..QueueState::default()
                };
                queue.words[7] = 0;
            }
            _ => {}
        }
    }
}
