//! How one model is divided among the backends.
//!
//! Each backend is asked once what it takes of a model; only a backend whose abilities changed is asked again. Who
//! runs what follows from the order of the list, or from what it is expected to take, for so many items as a batch
//! has ([`owners`]). What nobody else takes is the last one's. None of it can reach a result.

mod course;
mod estimate;
mod forecast;
mod outputs;
mod owners;
mod part;
mod run;
#[cfg(test)]
mod toy;

pub use forecast::{Forecast, ForecastPart};
pub(crate) use run::{Run, Tally};

use crate::member::Member;
use crate::prices::{Policy, Prices};
use estimate::{Estimator, pieces};
use metisvm_model::{Graph, Schedule, ScheduleOptions, Segment, Value};
use part::Part;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

/// A model that the order of the list cuts into more parts than this runs whole on the first backend that takes all of
/// it: every cut is a trip to a device and back, and a graph made of cuts alone must not cost more to plan than to run.
const MAX_PARTS: usize = 64;

/// Batches are divided alike from one power of two to the next, and all that are larger than the last.
const SIZES: usize = 13;

/// A model and its parts.
#[derive(Debug)]
pub(crate) struct Plan {
    graph: Arc<Graph>,
    prices: Arc<Prices>,
    cut: RwLock<Arc<Cut>>,
}

/// What the backends could do at the time, and the divisions that follow from it.
#[derive(Debug)]
struct Cut {
    abilities: Vec<u64>,
    takes: Vec<Vec<Range<usize>>>,
    /// Parts by their nodes: divisions for several sizes of batches share what was compiled of them.
    parts: Mutex<HashMap<Range<usize>, Arc<Part>>>,
    /// One for each size of batches, made when it is first needed; the first alone where costs decide nothing.
    divisions: [OnceLock<Arc<Division>>; SIZES],
}

/// Parts, and for each of them the backends in the order in which they are asked.
#[derive(Debug)]
struct Division {
    parts: Arc<Parts>,
    orders: Vec<Arc<[usize]>>,
}

/// Parts in the order in which they run, and when the values between them are no longer needed.
#[derive(Debug)]
struct Parts {
    graph: Arc<Graph>,
    parts: Vec<Arc<Part>>,
    /// A step for each part.
    schedule: Option<Schedule>,
    /// Whether there is one part, with the inputs and the outputs of the graph.
    is_whole: bool,
}

impl Parts {
    /// Parts of `whole`, which together are its nodes.
    fn new(whole: &Segment, parts: Vec<Arc<Part>>) -> Self {
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
    /// Cuts a graph. Whatever has to be measured for that is measured here, before anybody waits for a result.
    pub(crate) fn new(graph: &Arc<Graph>, members: &[Member], prices: &Arc<Prices>) -> Self {
        let abilities = members.iter().map(|member| member.abilities(0)).collect();
        let plan = Self {
            graph: graph.clone(),
            prices: prices.clone(),
            cut: RwLock::new(Arc::new(Cut::new(graph, members, abilities))),
        };
        plan.division(members, 1);
        plan
    }

    pub(crate) const fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// The parts of a batch of so many items for what the backends can do now.
    fn division(&self, members: &[Member], items: usize) -> Arc<Division> {
        let cut = self.cut(members);
        let size = if self.prices.decide(members) {
            (items.max(1).ilog2() as usize).min(SIZES - 1)
        } else {
            0
        };
        let division = cut.divisions[size]
            .get_or_init(|| Arc::new(self.divide(&cut, &self.owners(&cut, members, 1 << size))));
        division.clone()
    }

    fn cut(&self, members: &[Member]) -> Arc<Cut> {
        let cut = self.cut.read().unwrap_or_else(PoisonError::into_inner).clone();
        let unchanged = |(member, &before): (&Member, &u64)| member.abilities(before) == before;
        if members.iter().zip(&cut.abilities).all(unchanged) {
            return cut;
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
        current.clone()
    }

    /// The backend of each node, for so many items.
    fn owners(&self, cut: &Cut, members: &[Member], items: usize) -> Vec<usize> {
        if !self.prices.decide(members) {
            return owners::by_order(self.graph.nodes().len(), &cut.takes);
        }
        let costs = self.prices.of(members);
        owners::by_cost(&Estimator::new(&self.graph, members, &costs, items), &cut.takes)
    }

    fn divide(&self, cut: &Cut, owners: &[usize]) -> Division {
        let (mut parts, mut orders) = (Vec::new(), Vec::new());
        let by_cost = self.prices.policy == Policy::Auto;
        for piece in pieces(owners) {
            parts.push(cut.part(&self.graph, &piece.nodes));
            // By the list, who comes before the first does not take the part.
            let others = (0..cut.takes.len()).filter(|&m| m != piece.member && (by_cost || m > piece.member));
            orders.push(std::iter::once(piece.member).chain(others).collect());
        }
        let whole = Segment::part(self.graph.clone(), 0..self.graph.nodes().len());
        let parts = Arc::new(Parts::new(&whole, parts));
        Division { parts, orders }
    }
}

impl Cut {
    fn new(graph: &Graph, members: &[Member], abilities: Vec<u64>) -> Self {
        Self {
            abilities,
            takes: members.iter().map(|member| member.takes(graph)).collect(),
            parts: Mutex::default(),
            divisions: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    /// The part of these nodes. Also where it is the whole graph: outputs that are inputs, constants or given twice
    /// are the plan's.
    fn part(&self, graph: &Arc<Graph>, nodes: &Range<usize>) -> Arc<Part> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let part = parts.entry(nodes.clone()).or_insert_with(|| {
            let segment = Segment::part(graph.clone(), nodes.clone());
            Arc::new(Part::new(segment, &self.takes))
        });
        part.clone()
    }
}
