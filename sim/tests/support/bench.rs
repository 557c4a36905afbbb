//! A host on the same thread as a card in RTL: what it does between two polls, the card sees at a known
//! cycle.

use super::NONCE;
use metisvm_firmware::port::{Activity, CardModel, DmaFault, HostMemory, Interrupts, Registers};
use metisvm_firmware::registers::{self as reg, queue, queue_register};
use metisvm_firmware::{Completion, Submission};
use metisvm_sim::RtlCard;
use metisvm_sim::rtl::Meter;
use std::cell::RefCell;
use std::sync::Arc;

/// Host memory: this many bytes from address 0.
pub(crate) const MEMORY_BYTES: usize = 1 << 22;
/// Each queue has its rings and data in a piece of its own.
const QUEUE_BYTES: u64 = 0x4_0000;
const COMPLETIONS: u64 = 0x1_0000;
const DATA: u64 = 0x2_0000;

/// Memory, and what the card wrote in which order.
struct Memory {
    words: Vec<u64>,
    written: Vec<u64>,
}

struct Host(RefCell<Memory>);

impl HostMemory for Host {
    fn read_words(&self, address: u64, words: &mut [u64]) -> Result<(), DmaFault> {
        let first = address as usize / 8;
        let bytes = 8 * words.len() as u64;
        let memory = self.0.borrow();
        let found = memory.words.get(first..first + words.len());
        words.copy_from_slice(found.ok_or(DmaFault { address, bytes })?);
        Ok(())
    }

    fn write_words(&self, address: u64, words: &[u64]) -> Result<(), DmaFault> {
        let memory = &mut *self.0.borrow_mut();
        for (index, word) in words.iter().enumerate() {
            let at = address + 8 * index as u64;
            memory.words[at as usize / 8] = *word;
            memory.written.push(at);
        }
        Ok(())
    }

    // A card in RTL moves words.

    fn read_bytes(&self, address: u64, bytes: &mut [u8]) -> Result<(), DmaFault> {
        let bytes = bytes.len() as u64;
        Err(DmaFault { address, bytes })
    }

    fn write_bytes(&self, address: u64, bytes: &[u8]) -> Result<(), DmaFault> {
        let bytes = bytes.len() as u64;
        Err(DmaFault { address, bytes })
    }
}

impl Interrupts for Host {
    fn raise(&self, _: u16) {}
}

/// One of the host's queues.
#[derive(Clone, Default)]
pub(crate) struct Queue {
    log2: u32,
    pub(crate) submitted: u64,
    pub(crate) answered: u64,
}

impl Queue {
    /// Entries that wait for their answer.
    pub(crate) fn waiting(&self) -> u64 {
        self.submitted - self.answered
    }
}

pub(crate) struct Bench {
    card: RtlCard,
    pub(crate) registers: Arc<dyn Registers>,
    pub(crate) meter: Meter,
    host: Host,
    pub(crate) queues: Vec<Queue>,
}

impl Bench {
    pub(crate) fn new(card: RtlCard) -> Self {
        let memory = Memory {
            words: vec![0; MEMORY_BYTES / 8],
            written: Vec::new(),
        };
        let queues = vec![Queue::default(); card.capabilities().max_queues as usize];
        let bench = Self {
            registers: card.registers(),
            meter: card.meter(),
            card,
            host: Host(RefCell::new(memory)),
            queues,
        };
        bench.registers.write32(reg::BOOT_NONCE, NONCE);
        bench
    }

    fn base(index: usize) -> u64 {
        QUEUE_BYTES * (index as u64 + 1)
    }

    /// Where a queue's data lie.
    pub(crate) fn data(index: usize) -> u64 {
        Self::base(index) + DATA
    }

    pub(crate) fn store(&self, address: u64, bytes: &[u8]) {
        let memory = &mut *self.host.0.borrow_mut();
        for (index, word) in bytes.chunks(8).enumerate() {
            let mut whole = [0; 8];
            whole[..word.len()].copy_from_slice(word);
            memory.words[address as usize / 8 + index] = u64::from_le_bytes(whole);
        }
    }

    pub(crate) fn load(&self, address: u64, words: usize) -> Vec<u64> {
        let first = address as usize / 8;
        self.host.0.borrow().words[first..first + words].to_vec()
    }

    pub(crate) fn set(&self, index: usize, register: u32, value: u32) {
        self.registers
            .write32(queue_register(index as u16, register), value);
    }

    /// Starts a queue of 2^log2 entries.
    pub(crate) fn enable(&mut self, index: usize, log2: u32) {
        self.queues[index] = Queue {
            log2,
            ..Queue::default()
        };
        self.set(index, queue::ENABLE, 0);
        self.set(index, queue::SQ_BASE_LO, Self::base(index) as u32);
        self.set(index, queue::CQ_BASE_LO, (Self::base(index) + COMPLETIONS) as u32);
        self.set(index, queue::ENTRIES_LOG2, log2);
        self.set(index, queue::ENABLE, 1);
    }

    /// Puts an entry into a queue's ring, which has room for it.
    pub(crate) fn push(&mut self, index: usize, entry: Submission) {
        self.push_of(index, entry, NONCE);
    }

    /// The same with a nonce of the caller's choice.
    pub(crate) fn push_of(&mut self, index: usize, entry: Submission, boot_nonce: u32) {
        let queue = &mut self.queues[index];
        let entries = 1 << queue.log2;
        assert!(queue.waiting() < entries, "the ring of queue {index} is full");
        let entry = Submission {
            sequence: queue.submitted as u32,
            boot_nonce,
            ..entry
        };
        let slot = Self::base(index) + 64 * (queue.submitted % entries);
        queue.submitted += 1;
        let bytes: Vec<u8> = entry
            .to_words()
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        self.store(slot, &bytes);
    }

    /// Tells the card what was submitted and what was seen of its answers.
    pub(crate) fn ring(&self, index: usize) {
        let queue = &self.queues[index];
        self.set(index, queue::CQ_HEAD, queue.answered as u32 & 0xffff);
        self.set(index, queue::SQ_TAIL, queue.submitted as u32 & 0xffff);
    }

    /// Polls the card once. Gives the answers that it wrote meanwhile, with their queues, in the order of
    /// their writes.
    pub(crate) fn poll(&mut self) -> (Activity, Vec<(usize, Completion)>) {
        let activity = self.card.poll(&self.host);
        let memory = &mut *self.host.0.borrow_mut();
        let mut answers = Vec::new();
        for address in std::mem::take(&mut memory.written) {
            let index = (address / QUEUE_BYTES) as usize - 1;
            let place = address % QUEUE_BYTES;
            // The second word of a completion.
            if (COMPLETIONS..DATA).contains(&place) && address % 16 == 8 {
                let word = |at: u64| memory.words[at as usize / 8];
                answers.push((index, Completion::from_words([word(address - 8), word(address)])));
                self.queues[index].answered += 1;
            }
        }
        (activity, answers)
    }
}
