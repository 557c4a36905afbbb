//! What a plan does with a model, and how long that is expected to take, for people.

use super::estimate::{Estimator, Piece, UNKNOWN, pieces};
use super::{Plan, owners};
use crate::member::Member;
use crate::prices::Policy;
use metisvm_model::{Segment, Work};
use std::ops::Range;
use std::time::Duration;

/// How a model is divided for batches of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// Items of a batch.
    pub items: usize,
    /// The parts, in the order in which they run.
    pub parts: Vec<ForecastPart>,
    /// What a batch is expected to take; none where a backend's costs are not known.
    pub time: Option<Duration>,
}

/// A part of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ForecastPart {
    /// Which nodes.
    pub nodes: Range<usize>,
    /// The backend that is asked first.
    pub backend: &'static str,
    /// Multiply-accumulates of one item.
    pub macs: u64,
    /// Bytes of one item that it reads from outside.
    pub input_bytes: u64,
    /// Bytes of one item that it hands on.
    pub output_bytes: u64,
    /// What it is expected to take for the batch, with the launch and the bytes that move for it.
    pub time: Option<Duration>,
}

impl Plan {
    /// What would be done with a batch of so many items under a policy, whatever the plan's own is.
    pub(crate) fn forecast(&self, members: &[Member], items: usize, policy: Policy) -> Forecast {
        let items = items.max(1);
        let cut = self.cut(members);
        let costs = self.prices.of(members);
        let estimator = Estimator::new(&self.graph, members, &costs, items);
        let owners = match policy {
            Policy::Order => owners::by_order(estimator.count(), &cut.takes),
            Policy::Auto => owners::by_cost(&estimator, &cut.takes),
        };
        let pieces = pieces(&owners);
        let times = estimator.times(&pieces);
        let work = |nodes: &Range<usize>| {
            let all = nodes.clone().map(|index| self.graph.node_work(index));
            all.fold(Work::NONE, Work::saturating_add)
        };
        let part = |(piece, &time): (&Piece, &f64)| {
            let segment = Segment::part(self.graph.clone(), piece.nodes.clone());
            let work = work(&piece.nodes);
            ForecastPart {
                nodes: piece.nodes.clone(),
                backend: members[piece.member].name(),
                macs: work.macs.saturating_add(work.wide_macs),
                input_bytes: segment.input_bytes() as u64,
                output_bytes: segment.output_bytes() as u64,
                time: duration(time),
            }
        };
        Forecast {
            items,
            parts: pieces.iter().zip(&times).map(part).collect(),
            time: duration(times.iter().sum()),
        }
    }
}

fn duration(nanoseconds: f64) -> Option<Duration> {
    (nanoseconds < UNKNOWN).then(|| Duration::from_nanos(nanoseconds as u64))
}
