//! Which faults happen when, and what happened.
//!
//! A test keeps a clone of the card's [`FaultPlan`] and arms faults; each happens once, and the
//! plan counts what the card has seen. Which entries count is the trigger's choice, and the count
//! begins when the fault is armed: 0 is the next one.

use super::fault::Fault;
use metisvm_firmware::Opcode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// When a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// At the n-th entry of any kind.
    Entry(u64),
    /// At the n-th entry that is no NOP.
    Job(u64),
    /// At the n-th RUN or KECCAK.
    Run(u64),
}

#[derive(Debug, Default)]
struct Counts {
    entries: AtomicU64,
    jobs: AtomicU64,
    runs: AtomicU64,
    strays: AtomicU64,
    lost_interrupts: AtomicU64,
    needless_interrupts: AtomicU64,
}

/// A fault that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What went wrong.
    pub fault: Fault,
    /// The number of the job, NOPs not counted, from the card's start on: 0 is the first.
    pub job: u64,
}

#[derive(Debug, Default)]
struct Plan {
    counts: Counts,
    any_armed: AtomicBool,
    armed: Mutex<Vec<(Trigger, Fault)>>,
    history: Mutex<Vec<Happened>>,
}

/// The faults that are armed for a card, and the counts of what it has seen.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    plan: Arc<Plan>,
}

impl FaultPlan {
    /// Arms a fault. It happens once, and not at all if its entry is never answered because another fault
    /// came first, or if the job has nothing that it could spoil (no output, no input).
    pub fn arm(&self, trigger: Trigger, fault: Fault) {
        let counts = &self.plan.counts;
        let now = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        let absolute = match trigger {
            Trigger::Entry(n) => Trigger::Entry(now(&counts.entries) + n),
            Trigger::Job(n) => Trigger::Job(now(&counts.jobs) + n),
            Trigger::Run(n) => Trigger::Run(now(&counts.runs) + n),
        };
        let mut armed = self.plan.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.push((absolute, fault));
        self.plan.any_armed.store(true, Ordering::Release);
    }

    /// Entries of any kind that the card has fetched.
    pub fn entries(&self) -> u64 {
        self.plan.counts.entries.load(Ordering::Acquire)
    }

    /// Entries that were no NOPs.
    pub fn jobs(&self) -> u64 {
        self.plan.counts.jobs.load(Ordering::Acquire)
    }

    /// RUN and KECCAK entries.
    pub fn runs(&self) -> u64 {
        self.plan.counts.runs.load(Ordering::Acquire)
    }

    /// Faults that happened.
    pub fn fired(&self) -> u64 {
        let history = self.plan.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.len() as u64
    }

    /// The faults that happened, in their order.
    pub fn history(&self) -> Vec<Happened> {
        let history = self.plan.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.clone()
    }

    /// Answers from before a reset that reached host memory after it.
    pub fn strays(&self) -> u64 {
        self.plan.counts.strays.load(Ordering::Acquire)
    }

    /// Interrupts that the card raised and the host never saw.
    pub fn lost_interrupts(&self) -> u64 {
        self.plan.counts.lost_interrupts.load(Ordering::Acquire)
    }

    /// Interrupts that the host saw and the card never raised.
    pub fn needless_interrupts(&self) -> u64 {
        self.plan.counts.needless_interrupts.load(Ordering::Acquire)
    }

    pub(super) fn count_stray(&self) {
        self.plan.counts.strays.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn count_lost_interrupt(&self) {
        self.plan.counts.lost_interrupts.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn count_needless_interrupt(&self) {
        self.plan
            .counts
            .needless_interrupts
            .fetch_add(1, Ordering::AcqRel);
    }

    /// Whether no fault waits: entries may then be counted in groups.
    pub(super) fn is_quiet(&self) -> bool {
        !self.plan.any_armed.load(Ordering::Acquire)
    }

    /// Counts a group of entries.
    pub(super) fn count(&self, group: Group) {
        // Only the card's thread writes the counts.
        let add = |counter: &AtomicU64, count: u64| {
            counter.store(counter.load(Ordering::Relaxed) + count, Ordering::Release);
        };
        add(&self.plan.counts.entries, group.entries);
        add(&self.plan.counts.jobs, group.jobs);
        add(&self.plan.counts.runs, group.runs);
    }

    /// Counts an entry, and gives the fault that belongs to it, with the number of its job.
    pub(super) fn take(&self, opcode: u8) -> Option<(Fault, u64)> {
        let mut group = Group::default();
        group.add(opcode);
        let counts = &self.plan.counts;
        let before = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let entry = before(&counts.entries);
        // A NOP comes before the job that is next.
        let job = before(&counts.jobs);
        let run = before(&counts.runs);
        self.count(group);
        let mut armed = self.plan.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |trigger: &Trigger| match *trigger {
            Trigger::Entry(n) => n == entry,
            Trigger::Job(n) => group.jobs == 1 && n == job,
            Trigger::Run(n) => group.runs == 1 && n == run,
        };
        let index = armed.iter().position(|(trigger, _)| due(trigger))?;
        let (_, fault) = armed.swap_remove(index);
        self.plan.any_armed.store(!armed.is_empty(), Ordering::Release);
        Some((fault, job))
    }

    /// Takes down that a fault happened.
    pub(super) fn happened(&self, fault: Fault, job: u64) {
        let mut history = self.plan.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.push(Happened { fault, job });
    }
}

/// Counts of entries that were fetched together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    entries: u64,
    jobs: u64,
    runs: u64,
}

impl Group {
    /// Adds an entry of this opcode. An opcode that does not exist is a job too: something was asked.
    #[inline]
    pub(super) fn add(&mut self, opcode: u8) {
        self.entries += 1;
        self.jobs += u64::from(opcode != Opcode::Nop as u8);
        self.runs += u64::from(opcode == Opcode::Run as u8 || opcode == Opcode::Keccak as u8);
    }
}
