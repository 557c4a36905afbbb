//! What the threads that use one queue pair share under its lock.

use super::jobs::Jobs;
use super::wait::Sleeper;
use crate::counters::InFlight;
use crate::rings::Rings;
use std::sync::Arc;

pub(super) struct State {
    /// `None` before the first bring-up, from a condemnation until the next one, and where the bound on memory has no
    /// room for them.
    pub(super) rings: Option<Rings>,
    /// Condemnations of the device that this pair knows of.
    pub(super) condemnations: u64,
    pub(super) jobs: Jobs,
    /// A thread waits for completions, for all.
    pub(super) pumping: bool,
    /// Threads that wait while another pumps.
    pub(super) sleepers: Vec<Sleeper>,
}

impl State {
    pub(super) fn new(in_flight: Arc<InFlight>) -> Self {
        Self {
            rings: None,
            condemnations: 0,
            jobs: Jobs::new(in_flight),
            pumping: false,
            sleepers: Vec::new(),
        }
    }

    /// The card has acknowledged a reset: it writes nothing any more.
    pub(super) fn start_over(&mut self) {
        self.rings = None;
        self.jobs.forget_overdue();
    }
}
