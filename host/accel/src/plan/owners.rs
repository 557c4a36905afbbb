//! Which backend is to run which node.

use super::MAX_PARTS;
use super::estimate::{Estimator, Piece, pieces};
use std::ops::Range;

/// What a division by costs has to gain on the order of the list before it is taken: expectations are not exact.
const WORTH: f64 = 0.95;
/// The most node visits that go into mending a division.
const MENDING: usize = 1 << 22;

/// The first of the list that takes each node; what nobody takes is the last one's. Where that makes too many parts, all
/// of it is the first one's that takes every node.
pub(super) fn by_order(count: usize, takes: &[Vec<Range<usize>>]) -> Vec<usize> {
    let last = takes.len() - 1;
    let mut owners = vec![last; count];
    for (index, ranges) in takes.iter().enumerate().rev() {
        for range in ranges {
            owners[range.clone()].fill(index);
        }
    }
    if pieces(&owners).len() > MAX_PARTS {
        let all = |ranges: &Vec<Range<usize>>| matches!(&ranges[..], [whole] if *whole == (0..count));
        owners.fill(takes.iter().position(all).unwrap_or(last));
    }
    owners
}

/// The quickest of the divisions that are looked at: the order of the list; each backend by itself with the order
/// for what it does not take; and the least path through the graph, node by node, mended part by part.
pub(super) fn by_cost(estimator: &Estimator<'_>, takes: &[Vec<Range<usize>>]) -> Vec<usize> {
    let count = estimator.count();
    let order = by_order(count, takes);
    let listed = estimator.time(&pieces(&order));
    let mut best = (listed * WORTH, order.clone());
    let alone = (0..takes.len()).map(|member| {
        let mut owners = order.clone();
        for range in &takes[member] {
            owners[range.clone()].fill(member);
        }
        owners
    });
    for owners in alone.chain([mended(estimator, takes, &least_path(estimator, takes))]) {
        let pieces = pieces(&owners);
        let time = estimator.time(&pieces);
        if pieces.len() <= MAX_PARTS && time < best.0 {
            best = (time, owners);
        }
    }
    best.1
}

/// The least sum of nodes, launches and transfers along the graph's order. What crosses a place between two parts is
/// taken to move, whether the next part reads it or not: that is put right by [`mended`], and by comparing whole
/// divisions.
fn least_path(estimator: &Estimator<'_>, takes: &[Vec<Range<usize>>]) -> Vec<usize> {
    let (count, members) = (estimator.count(), takes.len());
    let mut allowed = vec![vec![false; count]; members];
    for (ranges, allowed) in takes.iter().zip(&mut allowed) {
        for range in ranges {
            allowed[range.clone()].fill(true);
        }
    }
    // The last takes what nobody else does.
    allowed[members - 1].fill(true);
    let live = estimator.live();
    let enter = |from: Option<usize>, to: usize, at: usize| {
        let bytes = match from {
            Some(from) if estimator.is_shared(from, to) => 0.0,
            from => live[at] * (from.map_or(0.0, |from| estimator.down(from)) + estimator.up(to)),
        };
        estimator.launch(to) + bytes
    };
    let mut came = vec![vec![0; members]; count];
    let mut sums: Vec<f64> = Vec::new();
    for index in 0..count {
        let mut next = vec![f64::INFINITY; members];
        for to in (0..members).filter(|&to| allowed[to][index]) {
            let mut entered = (f64::INFINITY, to);
            if index == 0 {
                entered.0 = enter(None, to, 0);
            }
            for (from, &sum) in sums.iter().enumerate() {
                let way = if from == to {
                    0.0
                } else {
                    enter(Some(from), to, index)
                };
                if sum + way < entered.0 {
                    entered = (sum + way, from);
                }
            }
            came[index][to] = entered.1;
            next[to] = entered.0 + estimator.nodes(to, &(index..index + 1));
        }
        sums = next;
    }
    let end = |member: usize| sums[member] + live[count] * estimator.down(member);
    let Some(mut owner) = (0..sums.len()).min_by(|&a, &b| end(a).total_cmp(&end(b))) else {
        return Vec::new();
    };
    let mut owners = vec![members - 1; count];
    for index in (0..count).rev() {
        owners[index] = owner;
        owner = came[index][owner];
    }
    owners
}

/// Gives parts to other backends, one at a time, while that makes the whole quicker.
fn mended(estimator: &Estimator<'_>, takes: &[Vec<Range<usize>>], owners: &[usize]) -> Vec<usize> {
    let mut current = pieces(owners);
    let mut time = estimator.time(&current);
    let mut left = MENDING / owners.len().max(1);
    let mut at = 0;
    while at < current.len() && current.len() <= MAX_PARTS {
        let nodes = current[at].nodes.clone();
        let whole = |range: &Range<usize>| range.start <= nodes.start && nodes.end <= range.end;
        let mut better = None;
        for member in (0..takes.len()).filter(|&m| m != current[at].member && takes[m].iter().any(whole)) {
            if left == 0 {
                return spread(&current);
            }
            left -= 1;
            let mut other = spread(&current);
            other[nodes.clone()].fill(member);
            let other = pieces(&other);
            let other_time = estimator.time(&other);
            if other_time < time {
                time = other_time;
                better = Some(other);
            }
        }
        // What comes before may be worth another look, now that its neighbour is another.
        match better {
            Some(other) => {
                current = other;
                at = at.saturating_sub(2);
            }
            None => at += 1,
        }
    }
    spread(&current)
}

/// The owner of each node.
fn spread(pieces: &[Piece]) -> Vec<usize> {
    let owners = pieces
        .iter()
        .flat_map(|piece| piece.nodes.clone().map(|_| piece.member));
    owners.collect()
}

#[cfg(test)]
mod tests;
