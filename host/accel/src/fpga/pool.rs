//! Several cards as one backend: work goes to those that take it, by what each has to do and how quick it was, and
//! what a card does not give another one does. Nobody but the time sees a card go or come.

mod errors;
mod flight;
mod load;
mod part;
mod seat;
mod spread;

pub use seat::{LateCard, Opener};

use super::recovery::End;
use super::{FpgaBackend, MAX_IN_FLIGHT};
use crate::backend::{Backend, BackendError, DeviceId, DeviceReport, Executable, Placement};
use errors::Errors;
use metisvm_model::{Graph, Segment};
use part::{OnCards, Part};
use seat::Seated;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most cards of a pool.
pub const MOST_CARDS: usize = 64;

/// Several cards.
#[derive(Debug)]
pub struct FpgaPool(Arc<Cards>);

#[derive(Debug)]
struct Cards {
    id: DeviceId,
    cards: Vec<Seated>,
    errors: Arc<Errors>,
    asked: AtomicU64,
    answered: AtomicU64,
    handed_back: AtomicU64,
    /// Told when nobody needs the cards any more.
    end: Arc<End>,
}

/// A card of a pool.
pub enum Member {
    /// One that is open.
    Open(Arc<FpgaBackend>),
    /// One that is not there, and is looked for: with its first answer it is a card as any other.
    Absent(LateCard, Opener),
}

/// Items of a pool: each that was asked for, and is not under way, has one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolWork {
    /// Items that it was asked for.
    pub asked: u64,
    /// Those that a card gave.
    pub answered: u64,
    /// Those that no card gave, and other backends had to.
    pub handed_back: u64,
}

impl FpgaPool {
    /// Cards with their names, for people. Those beyond [`MOST_CARDS`] get no work.
    pub fn new(cards: Vec<(String, Arc<FpgaBackend>)>) -> Self {
        let open = |(name, card)| (name, Member::Open(card));
        Self::of(cards.into_iter().map(open).collect())
    }

    /// The same, also with cards that are not there yet.
    pub fn of(cards: Vec<(String, Member)>) -> Self {
        let (end, errors) = (Arc::default(), Arc::default());
        let seated = |(name, member)| Seated::new(name, member, &end, &errors);
        Self(Arc::new(Cards {
            id: DeviceId::unique(),
            cards: cards.into_iter().take(MOST_CARDS).map(seated).collect(),
            errors,
            asked: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            handed_back: AtomicU64::new(0),
            end,
        }))
    }

    /// What became of its items.
    pub fn work(&self) -> PoolWork {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PoolWork {
            asked: load(&self.0.asked),
            answered: load(&self.0.answered),
            handed_back: load(&self.0.handed_back),
        }
    }

    /// Faults of cards whose work other cards did, and why one that is looked for does not open, since the last call,
    /// the oldest first.
    pub fn take_errors(&self) -> Vec<String> {
        self.0.errors.take()
    }
}

impl Cards {
    fn note(&self, card: usize, error: &BackendError) {
        self.errors.note(&self.cards[card].name, error);
    }

    /// The cards that are there, by their places.
    fn present(&self) -> impl Iterator<Item = (usize, &Arc<FpgaBackend>)> {
        let all = self.cards.iter().enumerate();
        all.filter_map(|(index, seated)| Some((index, seated.card()?)))
    }

    /// Those of them that infer and are not out for good: what all of them take is taken.
    fn counted(&self) -> impl Iterator<Item = (usize, &Arc<FpgaBackend>)> {
        self.present()
            .filter(|(_, card)| card.infers() && card.condition().out.is_none())
    }
}

impl Drop for Cards {
    fn drop(&mut self) {
        self.end.tell();
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(card) => f.debug_tuple("Open").field(card).finish(),
            Self::Absent(card, _) => f.debug_tuple("Absent").field(card).finish(),
        }
    }
}

impl Backend for FpgaPool {
    fn name(&self) -> &'static str {
        "fpga"
    }

    fn placement(&self) -> Placement {
        Placement::Device(self.0.id)
    }

    /// Asks all of them, so that each that is at fault begins to be brought back.
    fn healthy(&self) -> bool {
        let mut any = false;
        for (_, card) in self.0.present() {
            any |= card.healthy();
        }
        any
    }

    fn report(&self) -> DeviceReport {
        let reports = self.0.present().map(|(_, card)| card.report());
        reports.fold(DeviceReport::default(), DeviceReport::plus)
    }

    fn abilities(&self) -> u64 {
        self.0.counted().fold(0, |mask, (index, _)| mask | 1 << index)
    }

    fn identity(&self) -> Option<String> {
        let names = self.0.present().filter_map(|(_, card)| card.identity());
        let names: Vec<_> = names.collect();
        (!names.is_empty()).then(|| names.join(" and "))
    }

    fn max_in_flight(&self) -> usize {
        // Cards that come later count as well.
        (self.0.cards.len() * MAX_IN_FLIGHT).max(1)
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        let of_each = self.0.counted().map(|(_, card)| card.takes(graph));
        of_each
            .reduce(|all, other| common(&all, &other))
            .unwrap_or_default()
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(OnCards(Arc::new(Part::new(self.0.clone(), segment)?))))
    }
}

/// What lies in ranges of both, each of which are in order and apart.
fn common(left: &[Range<usize>], right: &[Range<usize>]) -> Vec<Range<usize>> {
    let pairs = left.iter().flat_map(|l| right.iter().map(move |r| (l, r)));
    let ranges = pairs.map(|(l, r)| l.start.max(r.start)..l.end.min(r.end));
    ranges.filter(|range| !range.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::common;

    #[test]
    fn what_all_cards_take_is_what_lies_in_ranges_of_each() {
        let left = [0..4, 6..9];
        assert_eq!(common(&left, &[2..7, 8..12]), [2..4, 6..7, 8..9]);
        assert_eq!(common(&left, &[4..6, 9..12]), []);
    }
}
