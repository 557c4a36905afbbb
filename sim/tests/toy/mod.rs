//! A second card, in as few lines as possible. It has nothing in common with the functional one, and does its
//! DMA another way: an entry in two reads, a completion word by word, an output in pieces of three bytes.

use super::support::small;
use metisvm_firmware::completion::COMPLETION_BYTES;
use metisvm_firmware::port::{Activity, CardModel, DmaFault, HostPort, Registers};
use metisvm_firmware::registers::{self as reg, CardState, QueueState, queue, queue_register};
use metisvm_firmware::submission::{SUBMISSION_BYTES, SUBMISSION_WORDS};
use metisvm_firmware::{Capabilities, Completion, Opcode, Status, Submission};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Registers that hold what was written last.
struct Bar(Vec<AtomicU32>);

impl Bar {
    fn queue64(&self, low: u32) -> u64 {
        let half = |register| u64::from(self.read32(queue_register(0, register)));
        half(low) | half(low + 4) << 32
    }
}

impl Registers for Bar {
    fn read32(&self, offset: u32) -> u32 {
        self.0[offset as usize / 4].load(Ordering::Acquire)
    }

    fn write32(&self, offset: u32, value: u32) {
        self.0[offset as usize / 4].store(value, Ordering::Release);
    }
}

/// A card that says ok to everything, and whose programs copy their input to their output.
pub(crate) struct ToyCard {
    bar: Arc<Bar>,
    /// Entries fetched, which is completions posted.
    head: u16,
}

impl ToyCard {
    pub(crate) fn new() -> Self {
        let capabilities = Capabilities {
            features: reg::features::TENSOR,
            keccak_max_messages: 0,
            max_queues: 1,
            ..small().capabilities
        };
        let registers = (0..reg::REGISTER_BYTES).step_by(4);
        let bar = Bar(registers
            .map(|offset| AtomicU32::new(capabilities.register(offset).unwrap_or(0)))
            .collect());
        bar.write32(reg::MAGIC, reg::MAGIC_VALUE);
        bar.write32(reg::ABI_VERSION, reg::ABI_VERSION_VALUE);
        bar.write32(reg::STATUS, CardState::Ready as u32);
        Self {
            bar: Arc::new(bar),
            head: 0,
        }
    }

    fn serve(&mut self, host: &dyn HostPort) -> Result<(), DmaFault> {
        let log2 = self.bar.read32(queue_register(0, queue::ENTRIES_LOG2));
        let slot = u64::from(self.head) & ((1 << log2) - 1);
        let mut words = [0; SUBMISSION_WORDS];
        let address = self.bar.queue64(queue::SQ_BASE_LO) + slot * SUBMISSION_BYTES as u64;
        host.read_words(address, &mut words[..4])?;
        host.read_words(address + 32, &mut words[4..])?;
        let entry = Submission::from_words(words);
        let mut detail = 0;
        if entry.opcode == Opcode::Run as u8 {
            let mut output = vec![0; entry.output_bytes as usize * entry.count as usize];
            host.read_bytes(entry.input, &mut output)?;
            detail = crc32fast::hash(&output);
            for (index, piece) in output.chunks(3).enumerate() {
                host.write_bytes(entry.output + index as u64 * 3, piece)?;
            }
        }
        let completion = Completion {
            sequence: entry.sequence,
            boot_nonce: self.bar.read32(reg::BOOT_NONCE),
            detail,
            submission_head: self.head.wrapping_add(1),
            status: Status::Ok as u16,
            phase: self.head >> log2 & 1 == 0,
        };
        let address = self.bar.queue64(queue::CQ_BASE_LO) + slot * COMPLETION_BYTES as u64;
        for (index, word) in (0..).zip(completion.to_words()) {
            host.write_words(address + index * 8, &[word])?;
        }
        self.head = self.head.wrapping_add(1);
        Ok(())
    }
}

impl CardModel for ToyCard {
    fn registers(&self) -> Arc<dyn Registers> {
        Arc::clone(&self.bar) as Arc<dyn Registers>
    }

    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        if self.bar.read32(reg::CONTROL) == reg::CONTROL_RESET {
            self.head = 0;
            for register in (0..reg::QUEUE_STRIDE).step_by(4) {
                self.bar.write32(queue_register(0, register), 0);
            }
            self.bar.write32(reg::CONTROL, 0);
            self.bar.write32(reg::BOOT_NONCE, 0);
            return Activity::Worked;
        }
        let tail = self.bar.read32(queue_register(0, queue::SQ_TAIL)) as u16;
        if self.bar.read32(queue_register(0, queue::ENABLE)) == 0 || self.head == tail {
            return Activity::Idle;
        }
        let state = self
            .serve(host)
            .map_or(QueueState::DmaFault, |()| QueueState::Running);
        self.bar.write32(queue_register(0, queue::STATE), state as u32);
        let arm = &self.bar.0[queue_register(0, queue::INTERRUPT_ARM) as usize / 4];
        if arm.swap(0, Ordering::AcqRel) == 1 {
            host.raise(0);
        }
        Activity::Worked
    }
}
