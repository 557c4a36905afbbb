//! How one model is divided among the backends.
//!
//! Each backend is asked once what it takes of a model, in order; what nobody else takes is the last one's.
//! Only a backend whose abilities changed is asked again.

mod course;
mod outputs;
mod part;
mod run;

pub(crate) use run::Run;

use crate::member::Member;
use metisvm_model::{Graph, Schedule, ScheduleOptions, Segment, Value};
use part::Part;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

/// A model cut into more parts than this runs whole on the last backend: every cut is a trip to a device
/// and back, and a graph made of cuts alone must not cost more to plan than to run.
const MAX_PARTS: usize = 64;

/// A model and its parts.
#[derive(Debug)]
pub(crate) struct Plan {
    graph: Arc<Graph>,
    cut: RwLock<Arc<Cut>>,
}

/// A model cut into parts for what the backends could do at the time.
#[derive(Debug)]
struct Cut {
    abilities: Vec<u64>,
    parts: Arc<Parts>,
}

/// Parts in the order in which they run, and when the values between them are no longer needed.
#[derive(Debug)]
struct Parts {
    graph: Arc<Graph>,
    parts: Vec<Part>,
    /// A step for each part.
    schedule: Option<Schedule>,
    /// Whether there is one part, with the inputs and the outputs of the graph.
    is_whole: bool,
}

impl Parts {
    /// Parts of `whole`, which together are its nodes.
    fn new(whole: &Segment, parts: Vec<Part>) -> Self {
        let graph = whole.graph();
        let is_whole = parts.len() == 1
            && whole.inputs().iter().eq(&(0..graph.inputs().len() as u32)
                .map(Value::Input)
                .collect::<Vec<_>>())
            && whole
                .outputs()
                .iter()
                .eq(graph.outputs().iter().map(|o| &o.value));
        let steps = parts.iter().map(|part| part.segment.nodes().collect()).collect();
        Self {
            // Neighbours in the graph's order are always a schedule. Without one, values stay until the end.
            schedule: Schedule::with_steps(whole, steps, &ScheduleOptions::default()).ok(),
            graph: graph.clone(),
            is_whole,
            parts,
        }
    }
}

impl Plan {
    /// Cuts a graph: each backend in order takes what it can of what is left. The last must take all.
    pub(crate) fn new(graph: &Arc<Graph>, members: &[Member]) -> Self {
        let abilities = members.iter().map(|member| member.abilities(0)).collect();
        Self {
            graph: graph.clone(),
            cut: RwLock::new(Arc::new(Cut::new(graph, members, abilities))),
        }
    }

    pub(crate) const fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// The parts for what the backends can do now.
    fn parts(&self, members: &[Member]) -> Arc<Parts> {
        let cut = self.cut.read().unwrap_or_else(PoisonError::into_inner).clone();
        let unchanged = |(member, &before): (&Member, &u64)| member.abilities(before) == before;
        if members.iter().zip(&cut.abilities).all(unchanged) {
            return cut.parts.clone();
        }
        // Read before the backends are asked: a change meanwhile is then seen at the next run.
        let abilities = members.iter().zip(&cut.abilities);
        let abilities = abilities
            .map(|(member, &before)| member.abilities(before))
            .collect();
        let cut = Arc::new(Cut::new(&self.graph, members, abilities));
        let mut current = self.cut.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster; its parts may be compiled already.
        if current.abilities != cut.abilities {
            *current = cut;
        }
        current.parts.clone()
    }
}

impl Cut {
    fn new(graph: &Arc<Graph>, members: &[Member], abilities: Vec<u64>) -> Self {
        let count = graph.nodes().len();
        let takes: Vec<Vec<Range<usize>>> = members.iter().map(|member| member.takes(graph)).collect();
        let last = members.len() - 1;
        let mut owner = vec![last; count];
        for (index, ranges) in takes.iter().enumerate().rev() {
            for range in ranges {
                owner[range.clone()].fill(index);
            }
        }
        if owner.windows(2).filter(|pair| pair[0] != pair[1]).count() >= MAX_PARTS {
            owner.fill(last);
        }
        let mut parts = Vec::new();
        let mut start = 0;
        while start < count {
            let end = (start..count)
                .find(|&i| owner[i] != owner[start])
                .unwrap_or(count);
            // Also where it is the whole graph: outputs that are inputs, constants or given twice are the plan's.
            let segment = Segment::part(graph.clone(), start..end);
            parts.push(Part::new(segment, owner[start], &takes));
            start = end;
        }
        Self {
            abilities,
            parts: Arc::new(Parts::new(&Segment::part(graph.clone(), 0..count), parts)),
        }
    }
}
