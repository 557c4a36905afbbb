//! One part of a model, and what each backend made of it.

use super::Parts;
use super::run::Tally;
use crate::backend::{BackendError, Executable};
use crate::member::Member;
use metisvm_model::Segment;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A part that is too large for its backend is halved, and its halves again, this often: what is left of
/// a model around the nodes that do not fit still runs where it should.
const MAX_HALVINGS: u32 = 6;

#[derive(Debug)]
pub(super) struct Part {
    pub(super) segment: Segment,
    /// How often it may be halved.
    halvings: u32,
    /// One place for each backend.
    made: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    takes: bool,
    /// Locked while it is made, so that a part is compiled once however many threads ask for it.
    made: Mutex<Option<Made>>,
}

/// What a backend made of a part.
#[derive(Clone, Debug)]
pub(super) enum Made {
    Whole(Arc<dyn Executable>),
    /// It was too large as one.
    Halves(Arc<Parts>),
    /// The backend does not take it, whenever it is asked.
    Nothing,
}

impl Part {
    /// A part, where `takes` says for each backend which nodes it takes.
    pub(super) fn new(segment: Segment, takes: &[Vec<Range<usize>>]) -> Self {
        let nodes = segment.nodes();
        let whole = |range: &Range<usize>| range.start <= nodes.start && nodes.end <= range.end;
        let takes = takes.iter().map(|ranges| ranges.iter().any(whole));
        Self::with(segment, MAX_HALVINGS, takes)
    }

    fn with(segment: Segment, halvings: u32, takes: impl Iterator<Item = bool>) -> Self {
        let place = |takes| Place {
            takes,
            made: Mutex::new(None),
        };
        Self {
            segment,
            halvings,
            made: takes.map(place).collect(),
        }
    }

    /// Whether a backend said that it takes all of this.
    pub(super) fn is_taken_by(&self, index: usize) -> bool {
        self.made[index].takes
    }

    /// What a backend makes of this part, remembered, unless its device failed: that is asked again next
    /// time.
    pub(super) fn made(&self, index: usize, member: &Member, tally: &mut Tally) -> Made {
        // A panic of the compiler is caught inside; nothing is left half-made.
        let mut made = self.made[index]
            .made
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*made {
            return known.clone();
        }
        let error = match member.compile(&self.segment) {
            Ok(executable) => {
                tally.compiled += 1;
                return made.insert(Made::Whole(executable)).clone();
            }
            Err(error) => error,
        };
        let too_large = matches!(error, BackendError::TooLarge(_));
        if let Some(halves) = too_large.then(|| self.halves()).flatten() {
            return made.insert(Made::Halves(Arc::new(halves))).clone();
        }
        let permanent = too_large || matches!(error, BackendError::NotTaken(_));
        tally.errors.push((member.name(), error));
        if permanent {
            *made = Some(Made::Nothing);
        }
        Made::Nothing
    }

    /// Both halves of this part, for a backend that it is too large for as one.
    fn halves(&self) -> Option<Parts> {
        let nodes = self.segment.nodes();
        let halvings = self.halvings.checked_sub(1)?;
        if nodes.len() < 2 {
            return None;
        }
        let middle = nodes.start + nodes.len() / 2;
        let half = |range| {
            let segment = Segment::part(self.segment.graph().clone(), range);
            let takes = self.made.iter().map(|place| place.takes);
            Arc::new(Self::with(segment, halvings, takes))
        };
        let halves = vec![half(nodes.start..middle), half(middle..nodes.end)];
        Some(Parts::new(&self.segment, halves))
    }
}
