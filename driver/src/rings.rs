//! A submission and a completion ring, NVMe fashion: shared memory and the rules of its entries.
//!
//! Nothing here touches a register: entries get their places by [`Rings::reserve`], and their answers come out
//! of [`Rings::take`]; whoever holds the rings writes the doorbells (`doorbell`) and waits (`watch`). A completion is believed only if its entry is outstanding
//! and its nonce, status and head make sense; after the first that is not, the rings must not be
//! used again.
//!
//! The submission head comes with each completion; the completion head is reported only once a quarter
//! of the ring has been consumed, and as many slots are kept free, so the card never waits for the
//! report.

use crate::dma::DmaBuffer;
use crate::error::DeviceError;
use crate::region::PAGE_BYTES;
use crate::transport::Transport;
use crate::watch::Watch;
use metisvm_firmware::completion::{COMPLETION_BYTES, COMPLETION_WORDS, PHASE_BIT};
use metisvm_firmware::registers::{queue, queue_register};
use metisvm_firmware::submission::{SUBMISSION_BYTES, Submission};
use metisvm_firmware::{Completion, Status};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// An entry that is not answered.
#[derive(Clone, Copy, Default)]
struct Outstanding {
    /// Its sequence number; 0 where there is none.
    sequence: u32,
    /// Whatever its submitter knows it by.
    tag: u32,
}

/// The sequence number after another one: 0 marks a free place.
fn after(sequence: u32) -> u32 {
    sequence.checked_add(1).unwrap_or(1)
}

/// Places in the submission ring that are to be written, which needs no hold on the rings.
#[must_use = "the card must not fetch what was not written"]
pub(crate) struct Reserved {
    memory: Arc<DmaBuffer>,
    mask: usize,
    first: u16,
    count: usize,
    /// The first entry.
    submission: Submission,
}

impl Reserved {
    /// Entries.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The first one's sequence number.
    pub(crate) fn sequence(&self) -> u32 {
        self.submission.sequence
    }

    /// Writes the entries.
    #[inline]
    pub(crate) fn write(&self) {
        let lines = self.memory.lines();
        let mut submission = self.submission;
        for index in 0..self.count {
            // Always the whole line, in order: half-written or touched-ahead lines proved two to three
            // times as slow to hand over.
            let line = &lines[usize::from(self.first.wrapping_add(index as u16)) & self.mask];
            for (slot, word) in line.0.iter().zip(submission.to_words()) {
                slot.store(word, Ordering::Relaxed);
            }
            submission.sequence = after(submission.sequence);
        }
    }
}

/// The memory of one queue pair.
pub(crate) struct Rings {
    /// Submissions, and from a page of their own on, completions.
    memory: Arc<DmaBuffer>,
    /// Where completions begin, words.
    completions_at: usize,
    entries_log2: u32,
    mask: usize,
    /// Most entries that may be unanswered.
    capacity: u16,
    boot_nonce: u32,
    next_sequence: u32,
    /// By sequence number modulo the ring's size.
    outstanding: Vec<Outstanding>,
    waiting: u16,
    tail: u16,
    head: u16,
    consumed: u16,
    reported: u16,
}

impl Rings {
    /// Where the completions begin, bytes, in memory of rings of 2^`entries_log2` entries.
    fn completions_at(entries_log2: u32) -> usize {
        (SUBMISSION_BYTES << entries_log2).next_multiple_of(PAGE_BYTES)
    }

    /// Bytes of memory that rings of 2^`entries_log2` entries take.
    pub(crate) fn bytes(entries_log2: u32) -> usize {
        Self::completions_at(entries_log2) + (COMPLETION_BYTES << entries_log2).next_multiple_of(PAGE_BYTES)
    }

    /// Rings of 2^`entries_log2` entries, in memory of [`Rings::bytes`] that nobody has used. Both are in one piece, as
    /// each piece costs a mapping and a file descriptor, and a device may have 64 pairs of them.
    ///
    /// # Errors
    /// There is no such memory.
    pub(crate) fn new(
        entries_log2: u32,
        boot_nonce: u32,
        zeroed: impl FnOnce(usize) -> Result<DmaBuffer, DeviceError>,
    ) -> Result<Self, DeviceError> {
        let entries = 1_usize << entries_log2;
        Ok(Self {
            memory: Arc::new(zeroed(Self::bytes(entries_log2))?),
            completions_at: Self::completions_at(entries_log2) / size_of::<u64>(),
            entries_log2,
            mask: entries - 1,
            capacity: (entries - entries / 4) as u16,
            boot_nonce,
            next_sequence: 1,
            outstanding: vec![Outstanding::default(); entries],
            waiting: 0,
            tail: 0,
            head: 0,
            consumed: 0,
            reported: 0,
        })
    }

    /// Tells the card about them, as queue `index`, and enables it.
    pub(crate) fn enable(&self, transport: &dyn Transport, index: u16) {
        let register = |offset| queue_register(index, offset);
        let (submissions, completions_at) = (self.memory.iova().0, self.completions_at * size_of::<u64>());
        transport.write64(register(queue::SQ_BASE_LO), submissions);
        transport.write64(register(queue::CQ_BASE_LO), submissions + completions_at as u64);
        transport.write32(register(queue::ENTRIES_LOG2), self.entries_log2);
        transport.write32(register(queue::ENABLE), 1);
    }

    /// Entries that are unanswered.
    #[inline]
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.into()
    }

    /// Most entries that may be unanswered.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity.into()
    }

    /// How many entries fit, where the card knows of `reported` consumed completions; `most` at the most.
    #[inline]
    pub(crate) fn room(&self, reported: u16, most: usize) -> usize {
        let entries = self.mask + 1;
        let unfetched = usize::from(self.tail.wrapping_sub(self.head));
        let unreported = usize::from(self.consumed.wrapping_sub(reported));
        let waiting = usize::from(self.waiting);
        let free = (usize::from(self.capacity) - waiting)
            .min(entries - unfetched)
            .min(entries.saturating_sub(waiting + unreported))
            .min(most);
        let mut sequence = self.next_sequence;
        for count in 0..free {
            if self.outstanding[sequence as usize & self.mask].sequence != 0 {
                return count;
            }
            sequence = after(sequence);
        }
        free
    }

    /// Reserves places for up to `most` entries, all like `submission` but with sequence numbers and the
    /// boot nonce of the rings' own. The card sees them once they are written and the tail is rung;
    /// the tag comes back with each completion. `None` without room.
    #[inline]
    pub(crate) fn reserve(
        &mut self,
        mut submission: Submission,
        most: usize,
        tag: u32,
        reported: u16,
    ) -> Option<Reserved> {
        let count = self.room(reported, most);
        if count == 0 {
            return None;
        }
        submission.boot_nonce = self.boot_nonce;
        submission.sequence = self.next_sequence;
        let reserved = Reserved {
            memory: Arc::clone(&self.memory),
            mask: self.mask,
            first: self.tail,
            count,
            submission,
        };
        for _ in 0..count {
            let sequence = self.next_sequence;
            self.outstanding[sequence as usize & self.mask] = Outstanding { sequence, tag };
            self.next_sequence = after(sequence);
        }
        self.waiting += count as u16;
        self.tail = self.tail.wrapping_add(count as u16);
        Some(reserved)
    }

    /// The tail for the doorbell.
    #[inline]
    pub(crate) fn tail(&self) -> u16 {
        self.tail
    }

    #[inline]
    fn phase(&self) -> u64 {
        let odd_pass = u32::from(self.consumed) >> self.entries_log2 & 1 == 1;
        if odd_pass { 0 } else { PHASE_BIT }
    }

    /// The first word of the next completion.
    #[inline]
    fn next_completion(&self) -> usize {
        let slot = usize::from(self.consumed) & self.mask;
        self.completions_at + slot * COMPLETION_WORDS
    }

    /// A look at the next completion that needs no hold on the rings.
    #[inline]
    pub(crate) fn watch(&self) -> Watch {
        let at = self.next_completion();
        Watch::new(Arc::clone(&self.memory), at, self.phase(), self.boot_nonce)
    }

    /// Takes the next completion, if it is there, with the tag of its entry.
    ///
    /// # Errors
    /// What is wrong with it.
    #[inline]
    pub(crate) fn take(&mut self) -> Result<Option<(Completion, u32)>, DeviceError> {
        let [first, last] = Watch::words(&self.memory, self.next_completion());
        if last & PHASE_BIT != self.phase() {
            return Ok(None);
        }
        let completion = Completion::from_words([first, last]);
        self.check(&completion)?;
        let slot = completion.sequence as usize & self.mask;
        let tag = std::mem::take(&mut self.outstanding[slot]).tag;
        self.waiting -= 1;
        self.head = completion.submission_head;
        self.consumed = self.consumed.wrapping_add(1);
        Ok(Some((completion, tag)))
    }

    /// The completion head, if it is time to report it.
    #[inline]
    pub(crate) fn head_to_report(&mut self) -> Option<u16> {
        let due = usize::from(self.consumed.wrapping_sub(self.reported)) > self.mask / 4;
        due.then(|| {
            self.reported = self.consumed;
            self.consumed
        })
    }

    #[inline]
    fn check(&self, completion: &Completion) -> Result<(), DeviceError> {
        if completion.boot_nonce != self.boot_nonce {
            let found = completion.boot_nonce;
            return Err(DeviceError::WrongNonce {
                expected: self.boot_nonce,
                found,
            });
        }
        let sequence = completion.sequence;
        if sequence == 0 || self.outstanding[sequence as usize & self.mask].sequence != sequence {
            return Err(DeviceError::UnexpectedSequence(sequence));
        }
        if Status::from_bits(completion.status).is_none() {
            return Err(DeviceError::UnknownStatus(completion.status));
        }
        let (head, tail) = (completion.submission_head, self.tail);
        if head.wrapping_sub(self.head) > tail.wrapping_sub(self.head) {
            return Err(DeviceError::HeadBeyondTail { head, tail });
        }
        // What is not fetched is not answered. A head that stays behind would fill the ring for good.
        let unanswered = self.waiting - 1;
        if tail.wrapping_sub(head) > unanswered {
            return Err(DeviceError::HeadBehind {
                head,
                tail,
                unanswered,
            });
        }
        Ok(())
    }

    /// Their memory, for quarantine. Others may still look at completions, or write a reserved entry.
    pub(crate) fn into_memory(self) -> Arc<DmaBuffer> {
        self.memory
    }
}

impl std::fmt::Debug for Rings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rings")
            .field("entries", &(self.mask + 1))
            .field("waiting", &self.waiting)
            .field("tail", &self.tail)
            .field("consumed", &self.consumed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
