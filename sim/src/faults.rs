//! Misbehaviour on demand.
//!
//! A test keeps a clone of the card's [`FaultPlan`] and arms faults; each happens once, and the
//! plan counts what the card has seen. Which entries count is the trigger's choice, and the count
//! begins when the fault is armed: 0 is the next one.

use metisvm_firmware::Status;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The job is done but never answered.
    Silent,
    /// The answer comes this much too late.
    Late(Duration),
    /// The answer comes twice.
    Twice,
    /// The answer carries a sequence number that nobody waits for.
    WrongSequence,
    /// The answer carries a status that does not exist.
    WrongStatus,
    /// The answer carries this status, whatever became of the job.
    WrongKnownStatus(Status),
    /// The answer claims that more entries were fetched than were submitted.
    HeadBeyondTail,
    /// The answer carries the boot generation before this one.
    WrongGeneration,
    /// The answer comes this much after the next reset, as if that had not stopped it: at the place
    /// in the old completion ring, or if that is no longer mapped, at the same place in the ring that
    /// may have got its memory.
    LateAcrossReset(Duration),
    /// The answer is right, but after the next reset, and until the one after it, the registers
    /// claim other capabilities.
    ChangeCapabilities,
    /// This much after the answer, the output in host memory is overwritten.
    RewriteAfterCompletion(Duration),
    /// One bit of the output is wrong (its number, modulo the output's bits).
    FlipBit(u64),
    /// The card answers nothing any more, until a reset.
    Hang,
    /// The card answers nothing any more, nor a reset.
    HangForGood,
    /// All registers read all ones from here on.
    Dead,
}

#[derive(Debug, Default)]
struct Counts {
    entries: AtomicU64,
    jobs: AtomicU64,
    runs: AtomicU64,
    fired: AtomicU64,
    strays: AtomicU64,
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
    /// Arms a fault.
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

    /// Entries of any kind that the card has taken up.
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
        self.plan.counts.fired.load(Ordering::Acquire)
    }

    /// The faults that happened, in their order.
    pub fn history(&self) -> Vec<Happened> {
        let history = self.plan.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.clone()
    }

    /// Answers of an earlier boot generation that reached host memory after the reset.
    pub fn strays(&self) -> u64 {
        self.plan.counts.strays.load(Ordering::Acquire)
    }

    pub(crate) fn count_stray(&self) {
        self.plan.counts.strays.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether no fault waits: the card may then count entries in groups.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.plan.any_armed.load(Ordering::Acquire)
    }

    pub(crate) fn count_nops(&self, count: u64) {
        // Only the card's thread writes the counts.
        let entries = &self.plan.counts.entries;
        entries.store(entries.load(Ordering::Relaxed) + count, Ordering::Release);
    }

    /// Counts an entry, and gives the fault that happens at it.
    pub(crate) fn take(&self, is_job: bool, is_run: bool) -> Option<Fault> {
        let counts = &self.plan.counts;
        let entry = counts.entries.fetch_add(1, Ordering::AcqRel);
        let job = is_job.then(|| counts.jobs.fetch_add(1, Ordering::AcqRel));
        let run = is_run.then(|| counts.runs.fetch_add(1, Ordering::AcqRel));
        if self.is_quiet() {
            return None;
        }
        let mut armed = self.plan.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |trigger: &Trigger| match *trigger {
            Trigger::Entry(n) => n == entry,
            Trigger::Job(n) => Some(n) == job,
            Trigger::Run(n) => Some(n) == run,
        };
        let index = armed.iter().position(|(trigger, _)| due(trigger))?;
        let (_, fault) = armed.swap_remove(index);
        self.plan.any_armed.store(!armed.is_empty(), Ordering::Release);
        counts.fired.fetch_add(1, Ordering::AcqRel);
        let mut history = self.plan.history.lock().unwrap_or_else(PoisonError::into_inner);
        // A fault at a NOP comes before the job that is next.
        let job = job.unwrap_or_else(|| counts.jobs.load(Ordering::Acquire));
        history.push(Happened { fault, job });
        Some(fault)
    }
}
