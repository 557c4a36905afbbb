//! The functional card: polled by its host, it takes up entries and answers them.

use crate::bar::Bar;
use crate::faults::{Fault, FaultPlan, Trigger};
use crate::jobs::Engines;
use crate::options::SimOptions;
use crate::rings::Rings;
use metisvm_firmware::completion::COMPLETION_WORDS;
use metisvm_firmware::port::{Activity, CardModel, HostPort, Registers};
use metisvm_firmware::registers::{CardState, QueueState};
use metisvm_firmware::{Opcode, Status, Submission};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Something that a fault has put off.
#[derive(Debug)]
enum Deferred {
    /// Post a completion.
    Complete {
        queue: u16,
        sequence: u32,
        status: Status,
        detail: u32,
    },
    /// Overwrite host memory.
    Rewrite { address: u64, bytes: usize },
    /// Post a completion of the nonce before.
    Stray(Stray),
}

/// An answer that a reset does not stop, as it must.
#[derive(Debug)]
struct Stray {
    /// How long after the reset it comes.
    delay: Duration,
    queue: u16,
    /// The completion ring that it belongs to.
    ring: u64,
    /// Where in the ring.
    offset: u64,
    words: [u64; COMPLETION_WORDS],
}

/// A card that executes the device ABI in software.
#[derive(Debug)]
pub struct FunctionalCard {
    options: SimOptions,
    bar: Arc<Bar>,
    faults: FaultPlan,
    engines: Engines,
    queues: Vec<Rings>,
    changes_seen: u32,
    /// Of each queue, the count of enablings when it was last taken up.
    enablings_seen: Vec<u32>,
    deferred: Vec<(Instant, Deferred)>,
    /// Waiting for the next reset.
    strays: Vec<Stray>,
    /// The next reset changes the capabilities.
    changes_at_reset: bool,
    hung: bool,
    /// Not even a reset helps.
    hung_for_good: bool,
}

impl FunctionalCard {
    /// A card in the state after power-up.
    pub fn new(options: SimOptions) -> Self {
        let bar = Arc::new(Bar::new(options.clone()));
        Self {
            faults: FaultPlan::default(),
            engines: Engines::new(options.clone()),
            queues: Vec::new(),
            changes_seen: 0,
            deferred: Vec::new(),
            strays: Vec::new(),
            changes_at_reset: false,
            enablings_seen: vec![0; bar.queues.len()],
            hung: false,
            hung_for_good: false,
            bar,
            options,
        }
    }

    /// The card's fault plan; clones of it stay connected.
    pub fn faults(&self) -> FaultPlan {
        self.faults.clone()
    }

    /// Arms a fault before the card is given away.
    #[must_use]
    pub fn with_fault(self, trigger: Trigger, fault: Fault) -> Self {
        self.faults.arm(trigger, fault);
        self
    }

    fn reset(&mut self) {
        self.queues.clear();
        let now = Instant::now();
        self.deferred = self
            .strays
            .drain(..)
            .map(|stray| (now + stray.delay, Deferred::Stray(stray)))
            .collect();
        self.bar
            .claims_less
            .store(std::mem::take(&mut self.changes_at_reset), Ordering::Release);
        self.engines = Engines::new(self.options.clone());
        self.hung = false;
        for queue in &self.bar.queues {
            queue.enable.store(0, Ordering::Release);
            queue.state.store(QueueState::Disabled as u32, Ordering::Release);
        }
        self.changes_seen = self.bar.changes.load(Ordering::Acquire);
        // The request is taken back before the nonce shows that it was met.
        self.bar.reset_requested.store(false, Ordering::Release);
        self.bar.status.store(CardState::Ready as u32, Ordering::Release);
        self.bar.boot_nonce.store(0, Ordering::Release);
    }

    /// The nonce that entries must carry; none before the host has written one.
    fn boot_nonce(&self) -> Option<u32> {
        Some(self.bar.boot_nonce.load(Ordering::Acquire)).filter(|&nonce| nonce != 0)
    }

    /// Takes up queues that were enabled, and drops those that were disabled.
    fn look_at_queues(&mut self) {
        let max_entries = self.options.capabilities.max_queue_entries;
        for (index, registers) in (0_u16..).zip(&self.bar.queues) {
            let enablings = registers.enablings.load(Ordering::Acquire);
            let enabled = registers.enable.load(Ordering::Acquire) == 1;
            let seen = &mut self.enablings_seen[usize::from(index)];
            // A queue that stopped stays so until it is enabled anew.
            if enabled && *seen == enablings {
                continue;
            }
            self.queues.retain(|queue| queue.index != index);
            let mut state = QueueState::Disabled;
            if enabled {
                *seen = enablings;
                match Rings::new(index, registers, max_entries) {
                    Ok(rings) => {
                        self.queues.push(rings);
                        state = QueueState::Running;
                    }
                    Err(invalid) => state = invalid,
                }
            }
            registers.state.store(state as u32, Ordering::Release);
        }
    }

    /// Serves one burst of a queue; says whether there was one.
    fn serve(&mut self, position: usize, host: &dyn HostPort) -> Result<bool, QueueState> {
        let boot_nonce = self.boot_nonce();
        let queue = &mut self.queues[position];
        let registers = &self.bar.queues[usize::from(queue.index)];
        let count = queue.fetch(registers, host)?;
        if count == 0 {
            queue.announce(registers, host);
            return Ok(false);
        }
        // Bit i: entry i is a CANCEL that found its target.
        let mut found = 0_u64;
        let mut index = 0;
        while index < count {
            // What is left of the burst is from before the reset.
            if self.bar.reset_requested.load(Ordering::Relaxed) {
                return Ok(true);
            }
            let queue = &mut self.queues[position];
            if self.faults.is_quiet()
                && let Some(nonce) = boot_nonce
            {
                let nops = queue.answer_nops(index, count, nonce);
                self.faults.count_nops(nops as u64);
                index += nops;
                if index == count {
                    break;
                }
            }
            let submission = queue.entry(index);
            let canceller = self.canceller(position, &submission, index + 1..count);
            if let Some(canceller) = canceller {
                found |= 1 << canceller;
            }
            // What was answered so far must not wait for this job.
            self.queues[position].post(host)?;
            self.take_up(
                position,
                &submission,
                canceller.is_some(),
                found & 1 << index != 0,
                host,
            );
            self.queues[position].post(host)?;
            if self.hung || self.bar.dead.load(Ordering::Acquire) {
                return Ok(true);
            }
            index += 1;
        }
        self.queues[position].post(host)?;
        Ok(true)
    }

    /// The CANCEL in the rest of the burst that means this job.
    fn canceller(&self, position: usize, job: &Submission, rest: Range<usize>) -> Option<usize> {
        let cancellable = !matches!(
            Opcode::from_bits(job.opcode),
            Some(Opcode::Nop | Opcode::Cancel) | None
        ) && self.boot_nonce() == Some(job.boot_nonce);
        let cancels = |entry: &Submission| {
            entry.opcode == Opcode::Cancel as u8
                && entry.count == job.sequence
                && entry.boot_nonce == job.boot_nonce
                && entry.stray_field().is_none()
        };
        let mut rest = rest.filter(|_| cancellable);
        rest.find(|&index| cancels(&self.queues[position].entry(index)))
    }

    /// Does one entry and answers it, well or badly.
    fn take_up(
        &mut self,
        position: usize,
        submission: &Submission,
        cancelled: bool,
        cancel_succeeded: bool,
        host: &dyn HostPort,
    ) {
        let opcode = Opcode::from_bits(submission.opcode);
        let is_job = opcode != Some(Opcode::Nop);
        let is_run = matches!(opcode, Some(Opcode::Run | Opcode::Keccak));
        let fault = self.faults.take(is_job, is_run);
        match fault {
            Some(Fault::Dead) => return self.bar.dead.store(true, Ordering::Release),
            Some(Fault::Hang) => return self.hung = true,
            Some(Fault::HangForGood) => {
                self.hung_for_good = true;
                return self.hung = true;
            }
            _ => {}
        }
        let flip = if let Some(Fault::FlipBit(bit)) = fault {
            Some(bit)
        } else {
            None
        };
        let nonce = self.boot_nonce();
        let verdict = if nonce != Some(submission.boot_nonce) {
            Err((Status::StaleNonce, nonce.unwrap_or(0)))
        } else if cancelled {
            Err((Status::Cancelled, 0))
        } else if cancel_succeeded {
            Ok(0)
        } else {
            let stop = &self.bar.reset_requested;
            self.engines.execute(submission, stop, host, flip)
        };
        let (status, detail) = match verdict {
            Ok(detail) => (Status::Ok, detail),
            Err(refusal) => refusal,
        };
        self.answer(position, submission, status, detail, fault);
    }

    fn answer(
        &mut self,
        position: usize,
        submission: &Submission,
        status: Status,
        detail: u32,
        fault: Option<Fault>,
    ) {
        let nonce = self.bar.boot_nonce.load(Ordering::Acquire);
        let sequence = submission.sequence;
        let queue = &mut self.queues[position];
        match fault {
            Some(Fault::Silent) => {}
            Some(Fault::Late(time)) => {
                let late = Deferred::Complete {
                    queue: queue.index,
                    sequence,
                    status,
                    detail,
                };
                self.deferred.push((Instant::now() + time, late));
            }
            Some(Fault::Twice) => {
                queue.answer(sequence, nonce, status, detail);
                queue.answer(sequence, nonce, status, detail);
            }
            Some(Fault::WrongSequence) => queue.answer(sequence ^ 0x4000_0000, nonce, status, detail),
            Some(Fault::WrongStatus) => queue.complete(sequence, nonce, 0x7abc, detail),
            Some(Fault::WrongKnownStatus(wrong)) => queue.answer(sequence, nonce, wrong, detail),
            Some(Fault::HeadBeyondTail) => queue.answer_ahead(sequence, nonce, status, detail),
            Some(Fault::LateAcrossReset(delay)) => {
                let (offset, words) = queue.withheld(sequence, nonce, status, detail);
                self.strays.push(Stray {
                    delay,
                    queue: queue.index,
                    ring: queue.completions(),
                    offset,
                    words,
                });
            }
            Some(Fault::ChangeCapabilities) => {
                self.changes_at_reset = true;
                queue.answer(sequence, nonce, status, detail);
            }
            Some(Fault::WrongGeneration) => {
                queue.answer(sequence, nonce.wrapping_sub(1), status, detail);
            }
            Some(Fault::RewriteAfterCompletion(time)) => {
                queue.answer(sequence, nonce, status, detail);
                let items = if submission.opcode == Opcode::Run as u8 {
                    submission.count
                } else {
                    1
                };
                let bytes = submission.output_bytes as usize * items as usize;
                let rewrite = Deferred::Rewrite {
                    address: submission.output,
                    bytes,
                };
                self.deferred.push((Instant::now() + time, rewrite));
            }
            _ => queue.answer(sequence, nonce, status, detail),
        }
    }

    fn post_stray(&self, stray: &Stray, host: &dyn HostPort) {
        if host.write_words(stray.ring + stray.offset, &stray.words).is_ok() {
            self.faults.count_stray();
        } else if let Some(rings) = self.queues.iter().find(|rings| rings.index == stray.queue) {
            // Inside the new ring or not: if not, the card writes into nothing.
            let _ = host.write_words(rings.completions() + stray.offset, &stray.words);
        }
    }

    /// Does what was put off until now; gives the time until the next of it.
    fn catch_up(&mut self, host: &dyn HostPort) -> Option<Duration> {
        let now = Instant::now();
        for (due, deferred) in std::mem::take(&mut self.deferred) {
            if due > now {
                self.deferred.push((due, deferred));
                continue;
            }
            match deferred {
                Deferred::Complete {
                    queue,
                    sequence,
                    status,
                    detail,
                } => {
                    if let Some(rings) = self.queues.iter_mut().find(|rings| rings.index == queue) {
                        rings.answer(
                            sequence,
                            self.bar.boot_nonce.load(Ordering::Acquire),
                            status,
                            detail,
                        );
                        // An unreachable ring stops the queue at its next burst.
                        let _ = rings.post(host);
                        rings.announce(&self.bar.queues[usize::from(queue)], host);
                    }
                }
                // The memory may be gone by now; then the card writes into nothing.
                Deferred::Rewrite { address, bytes } => {
                    let _ = host.write_bytes(address, &vec![0xa5; bytes]);
                }
                Deferred::Stray(stray) => self.post_stray(&stray, host),
            }
        }
        self.deferred
            .iter()
            .map(|(due, _)| due.saturating_duration_since(now))
            .min()
    }
}

impl CardModel for FunctionalCard {
    fn registers(&self) -> Arc<dyn Registers> {
        Arc::clone(&self.bar) as Arc<dyn Registers>
    }

    #[inline]
    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        if self.bar.reset_requested.load(Ordering::Acquire) && !self.hung_for_good {
            self.reset();
            return Activity::Worked;
        }
        if self.hung || self.bar.dead.load(Ordering::Acquire) {
            return Activity::Idle;
        }
        let changes = self.bar.changes.load(Ordering::Acquire);
        if changes != self.changes_seen {
            self.changes_seen = changes;
            self.look_at_queues();
        }
        let mut worked = false;
        for position in (0..self.queues.len()).rev() {
            match self.serve(position, host) {
                Ok(served) => worked |= served,
                Err(state) => {
                    let stopped = self.queues.remove(position);
                    let registers = &self.bar.queues[usize::from(stopped.index)];
                    registers.state.store(state as u32, Ordering::Release);
                    // A queue that was enabled anew meanwhile is looked at before the next burst.
                    worked = true;
                }
            }
        }
        let wait = if self.deferred.is_empty() {
            None
        } else {
            self.catch_up(host)
        };
        match (worked, wait) {
            (true, _) => Activity::Worked,
            (false, Some(time)) => Activity::WaitFor(time),
            (false, None) => Activity::Idle,
        }
    }
}
