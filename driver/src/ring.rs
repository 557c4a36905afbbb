//! A submission and a completion ring, NVMe fashion, with one owner.
//!
//! Entries go in by [`QueuePair::push`], are published by [`QueuePair::ring_doorbell`], and their
//! answers come out of [`QueuePair::poll`] or [`QueuePair::wait`]. A completion is believed only
//! if its entry is outstanding and its generation, status and head make sense; after the first
//! that is not, the pair must not be used again.
//!
//! Nothing on this path reads a register. The submission head comes with each completion; the
//! completion head is reported only once a quarter of the ring has been consumed, and as many
//! slots are kept free, so the card never waits for the report.

use crate::dma::{DmaBuffer, LINE_WORDS};
use crate::error::DeviceError;
use crate::transport::Transport;
use metisvm_firmware::completion::{COMPLETION_BYTES, COMPLETION_WORDS, PHASE_BIT};
use metisvm_firmware::registers::{ALL_ONES, MAGIC, QueueState, queue, queue_register};
use metisvm_firmware::submission::{SUBMISSION_BYTES, Submission};
use metisvm_firmware::{Completion, Status};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a wait spins before it arms the interrupt.
const SPIN: Duration = Duration::from_micros(20);
/// Polls between two looks at the clock.
const POLLS_PER_LOOK: u32 = 64;
/// How often a blocked wait looks whether the card is still there.
const LOOK_FOR_LIFE: Duration = Duration::from_millis(20);

/// One queue pair.
pub struct QueuePair {
    transport: Arc<dyn Transport>,
    index: u16,
    submissions: DmaBuffer,
    completions: DmaBuffer,
    entries_log2: u32,
    mask: usize,
    /// Most entries that may be unanswered.
    capacity: u16,
    boot_nonce: u32,
    next_sequence: u32,
    /// By sequence number modulo the ring's size: the number, or 0.
    outstanding: Vec<u32>,
    waiting: u16,
    tail: u16,
    rung: u16,
    head: u16,
    consumed: u16,
    reported: u16,
    spin: Duration,
}

impl QueuePair {
    /// Sets up queue `index` of a card with rings of 2^`entries_log2` entries, and enables it.
    ///
    /// # Errors
    /// Of the transport, or the state that the queue reports instead of running.
    pub fn new(
        transport: &Arc<dyn Transport>,
        index: u16,
        entries_log2: u32,
        boot_nonce: u32,
    ) -> Result<Self, DeviceError> {
        let entries = 1_usize << entries_log2;
        let submissions = DmaBuffer::new(transport, entries * SUBMISSION_BYTES)?;
        let completions = DmaBuffer::new(transport, entries * COMPLETION_BYTES)?;
        transport.write64(queue_register(index, queue::SQ_BASE_LO), submissions.iova().0);
        transport.write64(queue_register(index, queue::CQ_BASE_LO), completions.iova().0);
        transport.write32(queue_register(index, queue::ENTRIES_LOG2), entries_log2);
        transport.write32(queue_register(index, queue::ENABLE), 1);
        let one_processor = std::thread::available_parallelism().is_ok_and(|n| n.get() == 1);
        Ok(Self {
            transport: Arc::clone(transport),
            index,
            submissions,
            completions,
            entries_log2,
            mask: entries - 1,
            capacity: (entries - entries / 4) as u16,
            boot_nonce,
            next_sequence: 1,
            outstanding: vec![0; entries],
            waiting: 0,
            tail: 0,
            rung: 0,
            head: 0,
            consumed: 0,
            reported: 0,
            spin: if one_processor { Duration::ZERO } else { SPIN },
        })
    }

    /// Entries that are unanswered.
    pub fn waiting(&self) -> usize {
        self.waiting.into()
    }

    /// Most entries that may be unanswered.
    pub fn capacity(&self) -> usize {
        self.capacity.into()
    }

    /// Writes an entry, with a sequence number and the boot generation of the pair's own. Gives
    /// the number, or `None` if the ring is full. The card sees it with the next doorbell.
    #[inline]
    pub fn push(&mut self, mut submission: Submission) -> Option<u32> {
        let sequence = self.next_sequence;
        let outstanding = &mut self.outstanding[sequence as usize & self.mask];
        let unfetched = usize::from(self.tail.wrapping_sub(self.head));
        if self.waiting == self.capacity || unfetched > self.mask || *outstanding != 0 {
            return None;
        }
        submission.sequence = sequence;
        submission.boot_nonce = self.boot_nonce;
        // Always the whole line, in order: half-written or touched-ahead lines proved two to three
        // times as slow to hand over.
        let line = &self.submissions.lines()[usize::from(self.tail) & self.mask];
        for (slot, word) in line.0.iter().zip(submission.to_words()) {
            slot.store(word, Ordering::Relaxed);
        }
        *outstanding = sequence;
        self.waiting += 1;
        self.tail = self.tail.wrapping_add(1);
        // 0 marks a free place.
        self.next_sequence = sequence.checked_add(1).unwrap_or(1);
        Some(sequence)
    }

    /// Shows the card everything that was pushed.
    #[inline]
    pub fn ring_doorbell(&mut self) {
        if self.rung != self.tail {
            self.rung = self.tail;
            self.transport
                .write32(queue_register(self.index, queue::SQ_TAIL), self.tail.into());
        }
    }

    /// Whether the next completion is there, without looking at it.
    #[inline]
    pub fn has_completion(&self) -> bool {
        self.published().1 & PHASE_BIT == self.phase()
    }

    #[inline]
    fn phase(&self) -> u64 {
        let odd_pass = u32::from(self.consumed) >> self.entries_log2 & 1 == 1;
        if odd_pass { 0 } else { PHASE_BIT }
    }

    /// The words of the next completion's slot, the phase's first.
    #[inline]
    fn published(&self) -> (u64, u64) {
        let at = (usize::from(self.consumed) & self.mask) * COMPLETION_WORDS;
        let line = &self.completions.lines()[at / LINE_WORDS].0;
        let last = line[at % LINE_WORDS + 1].load(Ordering::Acquire);
        (line[at % LINE_WORDS].load(Ordering::Relaxed), last)
    }

    /// Takes the next completion, if it is there.
    ///
    /// # Errors
    /// What is wrong with it.
    #[inline]
    pub fn poll(&mut self) -> Result<Option<Completion>, DeviceError> {
        let (first, last) = self.published();
        if last & PHASE_BIT != self.phase() {
            return Ok(None);
        }
        let completion = Completion::from_words([first, last]);
        self.check(&completion)?;
        self.outstanding[completion.sequence as usize & self.mask] = 0;
        self.waiting -= 1;
        self.head = completion.submission_head;
        self.consumed = self.consumed.wrapping_add(1);
        if usize::from(self.consumed.wrapping_sub(self.reported)) > self.mask / 4 {
            self.reported = self.consumed;
            self.transport
                .write32(queue_register(self.index, queue::CQ_HEAD), self.consumed.into());
        }
        Ok(Some(completion))
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
        if sequence == 0 || self.outstanding[sequence as usize & self.mask] != sequence {
            return Err(DeviceError::UnexpectedSequence(sequence));
        }
        if Status::from_bits(completion.status).is_none() {
            return Err(DeviceError::UnknownStatus(completion.status));
        }
        let fetched = completion.submission_head.wrapping_sub(self.head);
        if fetched > self.rung.wrapping_sub(self.head) {
            return Err(DeviceError::HeadBeyondTail {
                head: completion.submission_head,
                tail: self.rung,
            });
        }
        Ok(())
    }

    /// Waits for the next completion: spins a little, then arms the interrupt, looks again, and
    /// sleeps.
    ///
    /// # Errors
    /// What is wrong with the completion, with the queue, or with the card; a time-out at
    /// `deadline`, which is `timeout` after the job began.
    pub fn wait(&mut self, deadline: Instant, timeout: Duration) -> Result<Completion, DeviceError> {
        let spin_until = Instant::now() + self.spin;
        loop {
            for _ in 0..POLLS_PER_LOOK {
                if let Some(completion) = self.poll()? {
                    return Ok(completion);
                }
                std::hint::spin_loop();
            }
            if Instant::now() >= spin_until {
                break;
            }
        }
        loop {
            self.transport
                .write32(queue_register(self.index, queue::INTERRUPT_ARM), 1);
            if let Some(completion) = self.poll()? {
                return Ok(completion);
            }
            let now = Instant::now();
            if now >= deadline {
                self.look_for_life()?;
                return Err(DeviceError::Timeout(timeout));
            }
            let slice = LOOK_FOR_LIFE.min(deadline - now);
            if !self.transport.wait_interrupt(self.index, slice) {
                self.look_for_life()?;
            }
        }
    }

    fn look_for_life(&self) -> Result<(), DeviceError> {
        if let Some(failure) = self.transport.failure() {
            return Err(failure.into());
        }
        if self.transport.read32(MAGIC) == ALL_ONES {
            return Err(DeviceError::Dead);
        }
        let state = self.transport.read32(queue_register(self.index, queue::STATE));
        let known = QueueState::from_bits(state);
        // A queue that was just enabled may not run yet.
        if matches!(known, Some(QueueState::Running | QueueState::Disabled)) {
            Ok(())
        } else {
            Err(DeviceError::Queue { state, known })
        }
    }

    /// Takes the rings' memory, for quarantine.
    pub(crate) fn into_buffers(self) -> [DmaBuffer; 2] {
        [self.submissions, self.completions]
    }
}

impl std::fmt::Debug for QueuePair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueuePair")
            .field("index", &self.index)
            .field("entries", &(self.mask + 1))
            .field("waiting", &self.waiting)
            .field("tail", &self.tail)
            .field("consumed", &self.consumed)
            .finish_non_exhaustive()
    }
}
