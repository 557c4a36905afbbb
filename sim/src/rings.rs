//! One queue pair, as the card sees it: entries fetched in bursts, completions posted in groups.

use crate::bar::QueueRegisters;
use metisvm_firmware::completion::{COMPLETION_BYTES, COMPLETION_WORDS};
use metisvm_firmware::port::{DmaFault, HostPort};
use metisvm_firmware::registers::QueueState;
use metisvm_firmware::submission::{SUBMISSION_BYTES, SUBMISSION_WORDS};
use metisvm_firmware::{Completion, Opcode, Status, Submission};
use std::sync::atomic::Ordering;

/// Most entries of one fetch.
pub const BURST: usize = 64;

/// The card's end of an enabled queue.
#[derive(Debug)]
pub struct Rings {
    /// The queue's number, and its interrupt vector.
    pub index: u16,
    submissions: u64,
    completions: u64,
    /// The registers' count of enablings when this one was taken up.
    pub enabling: u32,
    entries_log2: u32,
    mask: u16,
    head: u16,
    tail: u16,
    completed: u16,
    /// The completion head as read last.
    consumed: u16,
    /// Completions were posted since the last interrupt.
    unannounced: bool,
    fetched: Box<[u64; BURST * SUBMISSION_WORDS]>,
    /// Completions that are not posted yet.
    batch: Vec<u64>,
}

impl Rings {
    /// Reads a queue that the host has enabled.
    ///
    /// # Errors
    /// Rings that no card could use.
    pub fn new(index: u16, registers: &QueueRegisters, max_entries: u32) -> Result<Self, QueueState> {
        // First: if the host enables the queue anew while the rest is read, this pair is stale.
        let enabling = registers.enablings.load(Ordering::Acquire);
        let (submissions, completions) = registers.addresses();
        let entries_log2 = registers.entries_log2.load(Ordering::Acquire);
        let valid = (1..=max_entries.ilog2().min(15)).contains(&entries_log2)
            && submissions.is_multiple_of(64)
            && completions.is_multiple_of(64)
            && submissions
                .checked_add(SUBMISSION_BYTES as u64 * (1 << 15))
                .is_some()
            && completions
                .checked_add(COMPLETION_BYTES as u64 * (1 << 15))
                .is_some();
        if !valid {
            return Err(QueueState::InvalidConfiguration);
        }
        Ok(Self {
            index,
            enabling,
            submissions,
            completions,
            entries_log2,
            mask: (1_u16 << entries_log2) - 1,
            head: 0,
            tail: 0,
            completed: 0,
            consumed: 0,
            unannounced: false,
            fetched: Box::new([0; BURST * SUBMISSION_WORDS]),
            batch: Vec::with_capacity(BURST * COMPLETION_WORDS),
        })
    }

    /// Fetches the next burst; gives the number of entries, 0 if none waits or the completion ring
    /// has no room for the answer to one.
    ///
    /// # Errors
    /// Why the queue must stop.
    #[inline]
    pub fn fetch(&mut self, registers: &QueueRegisters, host: &dyn HostPort) -> Result<usize, QueueState> {
        let entries = u32::from(self.mask) + 1;
        let consumed = registers.completion_head.0.load(Ordering::Acquire) as u16;
        if self.head == self.tail {
            self.tail = registers.tail.0.load(Ordering::Acquire) as u16;
            if self.head == self.tail && self.consumed == consumed {
                return Ok(0);
            }
        }
        // The doorbells may be those of a later enabling: then nothing here is meant for this one.
        if registers.enablings.load(Ordering::Acquire) != self.enabling {
            return Ok(0);
        }
        self.consumed = consumed;
        let unreported = self.completed.wrapping_sub(self.consumed);
        if u32::from(unreported) > entries {
            return Err(QueueState::InvalidConfiguration);
        }
        let waiting = self.tail.wrapping_sub(self.head);
        if u32::from(waiting) > entries {
            return Err(QueueState::InvalidConfiguration);
        }
        let room = entries - u32::from(unreported);
        let slot = self.head & self.mask;
        let to_end = entries - u32::from(slot);
        let count = u32::from(waiting).min(room).min(to_end).min(BURST as u32) as usize;
        if count > 0 {
            let address = self.submissions + u64::from(slot) * SUBMISSION_BYTES as u64;
            host.read_words(address, &mut self.fetched[..count * SUBMISSION_WORDS])
                .map_err(|_: DmaFault| QueueState::DmaFault)?;
            self.head = self.head.wrapping_add(count as u16);
        }
        Ok(count)
    }

    /// Entry `index` of the burst.
    pub fn entry(&self, index: usize) -> Submission {
        Submission::from_words(self.fetched.as_chunks::<SUBMISSION_WORDS>().0[index])
    }

    /// Answers the plain NOPs from entry `first` of a burst of `count` on: right nonce, no
    /// stray field. Gives their number. They are nearly all the traffic of a ring that is measured.
    #[inline]
    pub fn answer_nops(&mut self, first: usize, count: usize, boot_nonce: u32) -> usize {
        let mut nops = 0;
        for index in first..count {
            let words = &self.fetched.as_chunks::<SUBMISSION_WORDS>().0[index];
            let stray = words[2] | words[3] | words[4] | words[5] | words[6] | words[7];
            let nop = words[0] as u32 == u32::from(Opcode::Nop as u8);
            if !nop || words[1] != u64::from(boot_nonce) || stray != 0 {
                break;
            }
            self.answer((words[0] >> 32) as u32, boot_nonce, Status::Ok, 0);
            nops += 1;
        }
        nops
    }

    /// Fills in head and phase of a completion, and puts it into the batch to be posted.
    #[inline]
    pub fn answer(&mut self, sequence: u32, boot_nonce: u32, status: Status, detail: u32) {
        let odd_pass = u32::from(self.completed) >> self.entries_log2 & 1 == 1;
        let completion = Completion {
            sequence,
            boot_nonce,
            detail,
            submission_head: self.head,
            status: status as u16,
            phase: !odd_pass,
        };
        self.batch.extend(completion.to_words());
        self.completed = self.completed.wrapping_add(1);
    }

    /// Posts the batch. As on a bus, nobody learns whether the words arrived.
    #[inline]
    pub fn post(&mut self, host: &dyn HostPort) {
        if self.batch.is_empty() {
            return;
        }
        let count = self.batch.len() / COMPLETION_WORDS;
        let slot = self.completed.wrapping_sub(count as u16) & self.mask;
        let to_end = (usize::from(self.mask) + 1 - usize::from(slot)).min(count) * COMPLETION_WORDS;
        let (first, wrapped) = self.batch.split_at(to_end);
        let address = self.completions + u64::from(slot) * COMPLETION_BYTES as u64;
        let _ = host.write_words(address, first);
        if !wrapped.is_empty() {
            let _ = host.write_words(self.completions, wrapped);
        }
        self.batch.clear();
        self.unannounced = true;
    }

    /// Raises the interrupt if it is armed and something was posted since the last one.
    ///
    /// Called when there is nothing else to do: a host that arms after the card's last look wakes
    /// it by that very write.
    #[inline]
    pub fn announce(&mut self, registers: &QueueRegisters, host: &dyn HostPort) {
        if self.unannounced && registers.arm.0.load(Ordering::Acquire) == 1 {
            registers.arm.0.store(0, Ordering::Release);
            self.unannounced = false;
            host.raise(self.index);
        }
    }
}
