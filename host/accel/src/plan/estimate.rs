//! How long a division of a graph is expected to take.
//!
//! A part costs its launch, its nodes, and the bytes that move for it. Values move as [`super::course`] moves them: a
//! value that stays on a device is free to whoever reads it there, is read back once, and lies on the host then.

use crate::costs::{Costs, Load};
use crate::member::Member;
use crate::placement::Placement;
use metisvm_model::{Graph, Value};
use std::ops::Range;

/// More nanoseconds than anything takes: what is not known is not chosen where something else is. Of a few of them a
/// sum is still exact to a microsecond.
pub(super) const UNKNOWN: f64 = 1e16;

/// Neighbouring nodes and the backend that is to run them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) nodes: Range<usize>,
    pub(super) member: usize,
}

/// Runs of neighbours with one owner.
pub(super) fn pieces(owners: &[usize]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (index, &member) in owners.iter().enumerate() {
        match pieces.last_mut() {
            Some(last) if last.member == member => last.nodes.end = index + 1,
            _ => pieces.push(Piece {
                nodes: index..index + 1,
                member,
            }),
        }
    }
    pieces
}

/// A value on its way between parts.
#[derive(Debug)]
struct Flow {
    /// The node that makes it; none where it is an input.
    maker: Option<usize>,
    bytes: f64,
    readers: Vec<usize>,
    is_output: bool,
}

/// Expectations for one graph and one number of items.
#[derive(Debug)]
pub(super) struct Estimator<'a> {
    members: &'a [Member],
    costs: &'a [Option<Costs>],
    items: f64,
    flows: Vec<Flow>,
    /// For each backend, the time of all nodes before each.
    before: Vec<Vec<f64>>,
}

impl<'a> Estimator<'a> {
    pub(super) fn new(
        graph: &Graph,
        members: &'a [Member],
        costs: &'a [Option<Costs>],
        items: usize,
    ) -> Self {
        let items = items as f64;
        let count = graph.nodes().len();
        let loads: Vec<Load> = (0..count).map(|index| Load::of(graph, index)).collect();
        let before = |costs: &Option<Costs>| {
            let node = |load: &Load| {
                // Of a backend without costs the launch alone counts as not known.
                let known = |costs: &Costs| costs.node(*load, items).unwrap_or(UNKNOWN);
                costs.as_ref().map_or(0.0, known)
            };
            let mut sums = Vec::with_capacity(count + 1);
            let mut sum = 0.0;
            sums.push(sum);
            for load in &loads {
                sum += node(load);
                sums.push(sum);
            }
            sums
        };
        Self {
            members,
            costs,
            items,
            flows: flows(graph, items),
            before: costs.iter().map(before).collect(),
        }
    }

    pub(super) fn costs(&self, member: usize) -> Option<&Costs> {
        self.costs[member].as_ref()
    }

    /// Nodes of the graph.
    pub(super) fn count(&self) -> usize {
        self.before.first().map_or(0, |sums| sums.len() - 1)
    }

    /// The nodes of a range, in nanoseconds, without launch and transfer.
    pub(super) fn nodes(&self, member: usize, nodes: &Range<usize>) -> f64 {
        self.before[member][nodes.end] - self.before[member][nodes.start]
    }

    pub(super) fn launch(&self, member: usize) -> f64 {
        self.costs(member)
            .map_or(UNKNOWN, |costs| costs.launch(self.items))
    }

    /// Bytes, of all items, that later nodes or the outputs read at each place between two nodes, of what was there
    /// before; the first place is before the first node, the last after the last.
    pub(super) fn live(&self) -> Vec<f64> {
        let count = self.count();
        let mut change = vec![0.0; count + 2];
        for flow in &self.flows {
            let first = flow.maker.map_or(0, |maker| maker + 1);
            let last = if flow.is_output {
                Some(count)
            } else {
                flow.readers.last().copied()
            };
            if let Some(last) = last.filter(|last| *last >= first) {
                change[first] += flow.bytes;
                change[last + 1] -= flow.bytes;
            }
        }
        let mut live = 0.0;
        let sums = change.iter().take(count + 1).map(|change| {
            live += change;
            live
        });
        sums.collect()
    }

    /// Where a value lies that a backend made; none on the host.
    fn left_at(&self, member: usize) -> Option<Placement> {
        let stays = self.costs(member).is_some_and(|costs| costs.stays);
        let placement = self.members[member].placement;
        (stays && placement != Placement::Host).then_some(placement)
    }

    /// Whether what one leaves is where another reads it.
    pub(super) fn is_shared(&self, from: usize, to: usize) -> bool {
        self.left_at(from) == Some(self.members[to].placement)
    }

    pub(super) fn up(&self, member: usize) -> f64 {
        self.costs(member).map_or(0.0, |costs| costs.up)
    }

    pub(super) fn down(&self, member: usize) -> f64 {
        self.costs(member).map_or(0.0, |costs| costs.down)
    }

    /// Nanoseconds of each part: its launch, its nodes, what it is given and what is taken from it.
    pub(super) fn times(&self, pieces: &[Piece]) -> Vec<f64> {
        let mut part_of = vec![0; self.count()];
        let mut times = Vec::with_capacity(pieces.len());
        for (number, piece) in pieces.iter().enumerate() {
            part_of[piece.nodes.clone()].fill(number);
            times.push(self.launch(piece.member) + self.nodes(piece.member, &piece.nodes));
        }
        for flow in &self.flows {
            let own = flow.maker.map(|maker| part_of[maker]);
            let leaves = |reader: &&usize| Some(part_of[**reader]) != own;
            let mut readers = flow.readers.iter().filter(leaves).map(|r| part_of[*r]).peekable();
            if readers.peek().is_none() && !flow.is_output {
                continue;
            }
            // Read back, or given to the host as it is made: once.
            let maker = own.map(|part| (part, pieces[part].member));
            let mut away = maker.and_then(|(_, member)| self.left_at(member));
            let back = maker.map_or(0.0, |(_, member)| flow.bytes * self.down(member));
            let mut is_back = maker.is_none();
            if let (None, Some((part, _))) = (away, maker) {
                times[part] += back;
                is_back = true;
            }
            let mut last = None;
            let ends = readers.map(Some).chain(flow.is_output.then_some(None));
            for reader in ends {
                if reader.is_some() && reader == last {
                    continue;
                }
                last = reader;
                let there = reader.map(|part| self.members[pieces[part].member].placement);
                if away.is_some() && away == there {
                    continue;
                }
                if let (false, Some((part, _))) = (is_back, maker) {
                    times[part] += back;
                    is_back = true;
                }
                away = None;
                if let Some(part) = reader {
                    times[part] += flow.bytes * self.up(pieces[part].member);
                }
            }
        }
        times
    }

    /// Nanoseconds of all parts, one after the other.
    pub(super) fn time(&self, pieces: &[Piece]) -> f64 {
        self.times(pieces).iter().sum()
    }
}

/// Every value that is not a constant.
fn flows(graph: &Graph, items: f64) -> Vec<Flow> {
    let inputs = graph.inputs().len();
    let flow = |maker, ty: &metisvm_model::TensorType| Flow {
        maker,
        bytes: ty.bytes() as f64 * items,
        readers: Vec::new(),
        is_output: false,
    };
    let mut flows: Vec<Flow> = graph.inputs().iter().map(|port| flow(None, &port.ty)).collect();
    for index in 0..graph.nodes().len() {
        flows.push(flow(Some(index), graph.ty(Value::Node(index as u32))));
    }
    let place = |value: Value| match value {
        Value::Input(index) => Some(index as usize),
        Value::Constant(_) => None,
        Value::Node(index) => Some(inputs + index as usize),
    };
    for (index, node) in graph.nodes().iter().enumerate() {
        for at in node.operands.iter().filter_map(|operand| place(*operand)) {
            if flows[at].readers.last() != Some(&index) {
                flows[at].readers.push(index);
            }
        }
    }
    for at in graph.outputs().iter().filter_map(|output| place(output.value)) {
        // An input that is handed on never leaves the host.
        flows[at].is_output = flows[at].maker.is_some();
    }
    flows
}

#[cfg(test)]
mod tests;
