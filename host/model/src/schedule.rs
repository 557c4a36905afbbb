//! The order in which a segment is computed, and where its intermediate values lie.
//!
//! Every engine needs the same three answers: which node is next, how long each result is still read
//! (*liveness*), and at which offset of one block of memory (the *arena*) it lies meanwhile. Results
//! whose lives do not overlap share memory. A reshape has no memory of its own: it is another type over
//! its operand's (an *alias*).
//!
//! Offsets are chosen in the order of the steps, by best fit: the smallest hole that holds the value,
//! else the arena grows. That is within a small factor of the least peak, takes `n log n` for any graph,
//! and depends on nothing but the segment, so that every node of a network comes to the same layout.

use crate::graph::Value;
use crate::op::Op;
use crate::segment::Segment;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Range;

/// What an engine wants of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleOptions {
    /// Offsets and sizes are multiples of so many bytes; 0 counts as 1.
    pub alignment: usize,
    /// Whether outputs lie in the arena, to its end. If not, the engine writes them elsewhere as it makes
    /// them: then only those that a later step reads have a slot, until that step.
    pub outputs_in_arena: bool,
}

impl Default for ScheduleOptions {
    fn default() -> Self {
        Self {
            alignment: 1,
            outputs_in_arena: true,
        }
    }
}

/// Steps that are no order of the segment's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A step names a node of another segment.
    #[error("node {0} is not in the segment")]
    Outside(usize),
    /// A node that is no reshape is in no step, or any node in two.
    #[error("node {0} is in no step, or in more than one")]
    NotOnce(usize),
    /// A node comes before one whose result it reads.
    #[error("node {0} is scheduled before its operand")]
    TooEarly(usize),
}

/// Steps of a segment, the lives of its values, and their places. See the module's text for the terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    nodes: Range<usize>,
    steps: Vec<Vec<usize>>,
    /// For each node of the segment: the value whose memory holds its result.
    storage: Vec<Value>,
    /// For each node of the segment that has one: its slot.
    slots: Vec<Option<Range<usize>>>,
    /// For each step: the nodes whose results nothing reads after it.
    dead: Vec<Vec<Value>>,
    arena_bytes: usize,
}

impl Schedule {
    /// One node a step, in the graph's order, with the outputs in the arena.
    pub fn new(segment: &Segment, alignment: usize) -> Self {
        let steps = segment.nodes().map(|node| alloc::vec![node]).collect();
        let options = ScheduleOptions {
            alignment,
            ..ScheduleOptions::default()
        };
        Self::build(segment, steps, &options)
    }

    /// A schedule of an engine's own steps. The nodes of one step are computed as one (a product with its
    /// epilogue, for example): what only that step reads has no slot. Reshapes may be left out of steps.
    ///
    /// # Errors
    /// If the steps are not an order in which the segment can be computed.
    pub fn with_steps(
        segment: &Segment,
        steps: Vec<Vec<usize>>,
        options: &ScheduleOptions,
    ) -> Result<Self, ScheduleError> {
        let nodes = segment.nodes();
        let storage = storage(segment);
        let is_alias = |at: usize| storage[at] != node_value(nodes.start + at);
        let mut made = alloc::vec![false; nodes.len()];
        for &node in steps.iter().flatten() {
            let at = node
                .checked_sub(nodes.start)
                .filter(|&at| at < nodes.len())
                .ok_or(ScheduleError::Outside(node))?;
            if core::mem::replace(&mut made[at], true) {
                return Err(ScheduleError::NotOnce(node));
            }
            for &operand in &segment.graph().nodes()[node].operands {
                let root = match position(&nodes, operand) {
                    Some(at) => storage[at],
                    None => operand,
                };
                if position(&nodes, root).is_some_and(|root| !made[root]) {
                    return Err(ScheduleError::TooEarly(node));
                }
            }
        }
        match (0..nodes.len()).find(|&at| !made[at] && !is_alias(at)) {
            Some(at) => Err(ScheduleError::NotOnce(nodes.start + at)),
            None => Ok(Self::build(segment, steps, options)),
        }
    }

    fn build(segment: &Segment, steps: Vec<Vec<usize>>, options: &ScheduleOptions) -> Self {
        let graph = segment.graph();
        let nodes = segment.nodes();
        let storage = storage(segment);
        let lives = lives(segment, &steps, &storage, options.outputs_in_arena);
        let mut dead = alloc::vec![Vec::new(); steps.len()];
        for (at, life) in lives.iter().enumerate() {
            let root = position(&nodes, storage[at]).map_or(*life, |root| lives[root]);
            if let Some(last) = root.last {
                dead[last].push(node_value(nodes.start + at));
            }
        }
        let mut arena = Arena::default();
        let mut slots = alloc::vec![None; nodes.len()];
        let alignment = options.alignment.max(1);
        for (step, own) in steps.iter().enumerate() {
            for &node in own {
                let at = node - nodes.start;
                if lives[at].has_slot {
                    let bytes = graph.ty(node_value(node)).bytes();
                    let start = arena.take(bytes.next_multiple_of(alignment));
                    slots[at] = Some(start..start + bytes);
                }
            }
            // Only now: a step writes its results while it still reads its operands.
            for &value in &dead[step] {
                let own = position(&nodes, value).and_then(|at| slots[at].clone());
                if let Some(slot) = own {
                    arena.give(slot.start, slot.len().next_multiple_of(alignment));
                }
            }
        }
        Self {
            nodes,
            steps,
            storage,
            slots,
            dead,
            arena_bytes: arena.end,
        }
    }

    /// The steps in order, each with its nodes (positions in the graph) in order.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = &[usize]> {
        self.steps.iter().map(Vec::as_slice)
    }

    /// The value whose memory holds this one: for a reshape of the segment what it reshapes, through any
    /// number of them, for every other value itself.
    pub fn storage(&self, value: Value) -> Value {
        position(&self.nodes, value).map_or(value, |at| self.storage[at])
    }

    /// Where a value lies in the arena, in bytes of its raw form. None for what enters the segment, for
    /// constants, for aliases of either, and for what needs no place (see [`ScheduleOptions`] and
    /// [`Self::with_steps`]).
    pub fn slot(&self, value: Value) -> Option<Range<usize>> {
        let at = position(&self.nodes, self.storage(value))?;
        self.slots[at].clone()
    }

    /// The results whose memory nothing reads after step `step`, in order: nodes of the segment, each with
    /// its aliases. Aliases of what enters the segment and of constants never die, nor do outputs that lie in
    /// the arena.
    ///
    /// # Panics
    /// If there is no such step.
    pub fn dies_after(&self, step: usize) -> &[Value] {
        &self.dead[step]
    }

    /// Bytes of the arena.
    pub const fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }
}

const fn node_value(node: usize) -> Value {
    // At most 2^16 nodes, by the limits of a graph.
    Value::Node(node as u32)
}

fn position(nodes: &Range<usize>, value: Value) -> Option<usize> {
    match value {
        Value::Node(i) if nodes.contains(&(i as usize)) => Some(i as usize - nodes.start),
        _ => None,
    }
}

fn storage(segment: &Segment) -> Vec<Value> {
    let nodes = segment.nodes();
    let mut storage: Vec<Value> = Vec::with_capacity(nodes.len());
    for index in segment.nodes() {
        let node = &segment.graph().nodes()[index];
        let root = match node.op {
            Op::Reshape { .. } => match position(&nodes, node.operands[0]) {
                Some(at) => storage[at],
                None => node.operands[0],
            },
            _ => node_value(index),
        };
        storage.push(root);
    }
    storage
}

/// The life of what one node makes.
#[derive(Clone, Copy, Default)]
struct Life {
    /// The step after which nothing reads it. None for aliases, which live as long as what they stand for,
    /// and for what lives to the end.
    last: Option<usize>,
    has_slot: bool,
}

fn lives(segment: &Segment, steps: &[Vec<usize>], storage: &[Value], outputs_stay: bool) -> Vec<Life> {
    let nodes = segment.nodes();
    let mut lives = alloc::vec![Life::default(); nodes.len()];
    let root = |value| position(&nodes, value).and_then(|at| position(&nodes, storage[at]));
    let mut made_in = alloc::vec![0; nodes.len()];
    for (step, own) in steps.iter().enumerate() {
        for &node in own {
            let at = node - nodes.start;
            made_in[at] = step;
            if storage[at] == node_value(node) {
                lives[at].last = Some(step);
            }
            for operand in segment.graph().nodes()[node]
                .operands
                .iter()
                .filter_map(|&v| root(v))
            {
                // An alias reads nothing; but who drops results by this list may look through it later.
                lives[operand].last = Some(step);
                let reads = storage[at] == node_value(node);
                lives[operand].has_slot |= reads && made_in[operand] != step;
            }
        }
    }
    if outputs_stay {
        for output in segment.outputs().iter().filter_map(|&v| root(v)) {
            lives[output] = Life {
                last: None,
                has_slot: true,
            };
        }
    }
    lives
}

/// One block of memory while it is being divided.
#[derive(Default)]
struct Arena {
    end: usize,
    /// Holes by where they begin, and the same by size: neighbours are always one hole.
    by_start: BTreeMap<usize, usize>,
    by_size: BTreeSet<(usize, usize)>,
}

impl Arena {
    fn take(&mut self, bytes: usize) -> usize {
        if let Some(&(size, start)) = self.by_size.range((bytes, 0)..).next() {
            self.remove(start, size);
            if size > bytes {
                self.insert(start + bytes, size - bytes);
            }
            return start;
        }
        // A hole at the end only has to grow.
        let last = self
            .by_start
            .last_key_value()
            .map(|(&start, &size)| (start, size));
        let start = match last.filter(|(start, size)| start + size == self.end) {
            Some((start, size)) => {
                self.remove(start, size);
                start
            }
            None => self.end,
        };
        self.end = start + bytes;
        start
    }

    fn give(&mut self, mut start: usize, mut bytes: usize) {
        if let Some((&before, &size)) = self.by_start.range(..start).next_back()
            && before + size == start
        {
            self.remove(before, size);
            (start, bytes) = (before, bytes + size);
        }
        if let Some(&size) = self.by_start.get(&(start + bytes)) {
            self.remove(start + bytes, size);
            bytes += size;
        }
        self.insert(start, bytes);
    }

    fn insert(&mut self, start: usize, size: usize) {
        self.by_start.insert(start, size);
        self.by_size.insert((size, start));
    }

    fn remove(&mut self, start: usize, size: usize) {
        self.by_start.remove(&start);
        self.by_size.remove(&(size, start));
    }
}

#[cfg(test)]
mod tests;
