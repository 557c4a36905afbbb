//! The order of a block. It looks arbitrary, as blocks do, but what builds on another transaction comes
//! after it.

use crate::{request::Request, rng::Rng};

/// Transactions that follow each other without another one between.
pub(crate) type Unit = Vec<Request>;

/// Units that keep their order, with others between.
pub(crate) type Lane = Vec<Unit>;

/// Merges lanes at random; a long lane is as likely to end late as a short one.
pub(crate) fn merge(lanes: Vec<Lane>, rng: &mut Rng) -> Vec<Request> {
    let mut turns: Vec<usize> = lanes
        .iter()
        .enumerate()
        .flat_map(|(lane, units)| std::iter::repeat_n(lane, units.len()))
        .collect();
    rng.shuffle(&mut turns);
    let mut lanes: Vec<_> = lanes.into_iter().map(Vec::into_iter).collect();
    turns
        .into_iter()
        .filter_map(|lane| lanes[lane].next())
        .flatten()
        .collect()
}

/// A lane of one transaction.
pub(crate) fn single(request: Request) -> Lane {
    vec![vec![request]]
}
