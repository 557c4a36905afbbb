//! The functional card: polled by its host, it takes up entries and answers them.

use crate::bar::Bar;
use crate::jobs::Engines;
use crate::options::SimOptions;
use crate::rings::Rings;
use metisvm_firmware::port::{Activity, CardModel, HostPort, Registers};
use metisvm_firmware::registers::{CardState, QueueState};
use metisvm_firmware::{Opcode, Status, Submission};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A card that executes the device ABI in software.
#[derive(Debug)]
pub struct FunctionalCard {
    options: SimOptions,
    bar: Arc<Bar>,
    engines: Engines,
    queues: Vec<Rings>,
    changes_seen: u32,
    /// Of each queue, the count of enablings when it was last taken up.
    enablings_seen: Vec<u32>,
}

impl FunctionalCard {
    /// A card in the state after power-up.
    pub fn new(options: SimOptions) -> Self {
        let bar = Arc::new(Bar::new(options.clone()));
        Self {
            engines: Engines::new(options.clone()),
            queues: Vec::new(),
            changes_seen: 0,
            enablings_seen: vec![0; bar.queues.len()],
            bar,
            options,
        }
    }

    fn reset(&mut self) {
        self.queues.clear();
        self.engines = Engines::new(self.options.clone());
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
            if let Some(nonce) = boot_nonce {
                index += queue.answer_nops(index, count, nonce);
            }
            if index == count {
                break;
            }
            let submission = queue.entry(index);
            let canceller = self.canceller(position, &submission, index + 1..count);
            if let Some(canceller) = canceller {
                found |= 1 << canceller;
            }
            // What was answered so far must not wait for this job.
            self.queues[position].post(host);
            self.take_up(
                position,
                &submission,
                canceller.is_some(),
                found & 1 << index != 0,
                host,
            );
            self.queues[position].post(host);
            index += 1;
        }
        self.queues[position].post(host);
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

    /// Does one entry and answers it.
    fn take_up(
        &mut self,
        position: usize,
        submission: &Submission,
        cancelled: bool,
        cancel_succeeded: bool,
        host: &dyn HostPort,
    ) {
        let nonce = self.boot_nonce();
        let verdict = if nonce != Some(submission.boot_nonce) {
            Err((Status::StaleNonce, nonce.unwrap_or(0)))
        } else if cancelled {
            Err((Status::Cancelled, 0))
        } else if cancel_succeeded {
            Ok(0)
        } else {
            let stop = &self.bar.reset_requested;
            self.engines.execute(submission, stop, host)
        };
        let (status, detail) = match verdict {
            Ok(detail) => (Status::Ok, detail),
            Err(refusal) => refusal,
        };
        self.queues[position].answer(submission.sequence, nonce.unwrap_or(0), status, detail);
    }
}

impl CardModel for FunctionalCard {
    fn registers(&self) -> Arc<dyn Registers> {
        Arc::clone(&self.bar) as Arc<dyn Registers>
    }

    #[inline]
    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        if self.bar.reset_requested.load(Ordering::Acquire) {
            self.reset();
            return Activity::Worked;
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
        if worked { Activity::Worked } else { Activity::Idle }
    }
}
