//! A backend as a dispatcher calls it: whatever it does, it costs no more than a fault of its device.

use crate::backend::{Backend, BackendError, Executable, Placement};
use metisvm_model::{Graph, Segment};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One of a dispatcher's backends.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) backend: Arc<dyn Backend>,
    /// A backend does not move.
    pub(crate) placement: Placement,
    most_in_flight: usize,
    in_flight: AtomicUsize,
}

impl Member {
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            placement: backend.placement(),
            most_in_flight: backend.max_in_flight().max(1),
            in_flight: AtomicUsize::new(0),
            backend,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.backend.name()
    }

    pub(crate) fn is_device(&self) -> bool {
        matches!(self.placement, Placement::Device(_))
    }

    /// One that panics when it is asked is not healthy.
    pub(crate) fn healthy(&self) -> bool {
        caught(|| self.backend.healthy()).unwrap_or(false)
    }

    /// What it was before, where it cannot say it now.
    pub(crate) fn abilities(&self, before: u64) -> u64 {
        caught(|| self.backend.abilities()).unwrap_or(before)
    }

    /// What it takes, within the graph.
    pub(crate) fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        let count = graph.nodes().len();
        let ranges = caught(|| self.backend.takes(graph)).unwrap_or_default();
        let within = ranges.into_iter().map(|r| r.start.min(count)..r.end.min(count));
        within.filter(|range| !range.is_empty()).collect()
    }

    /// A compiler that panics would do so again.
    pub(crate) fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        let panicked = || BackendError::NotTaken("it panicked".into());
        caught(|| self.backend.compile(segment)).unwrap_or_else(|| Err(panicked()))
    }

    /// Whether a run on it is over when it was submitted: nothing is gained by submitting then.
    pub(crate) const fn runs_at_once(&self) -> bool {
        self.most_in_flight == 1 && matches!(self.placement, Placement::Host)
    }

    /// Whether it has as much to do at once as it is worth giving it.
    pub(crate) fn is_full(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) >= self.most_in_flight
    }

    /// Counts a job until what is given is dropped.
    pub(crate) fn enter(&self) -> Seat<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Seat(self)
    }
}

/// A job in flight.
#[derive(Debug)]
pub(crate) struct Seat<'a>(&'a Member);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a backend answers; `None` if it panicked. A backend keeps no state of ours, so none is left half-changed.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// The same for calls that can fail by themselves.
pub(crate) fn caught_result<T>(call: impl FnOnce() -> Result<T, BackendError>) -> Result<T, BackendError> {
    caught(call).unwrap_or_else(|| Err(BackendError::Device("the backend panicked".into())))
}
