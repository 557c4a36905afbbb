//! How one model is divided among the backends, and what happens when one of them fails.

use crate::backend::{Backend, BackendError, Executable};
use metisvm_model::{Graph, Segment, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

/// A model cut into more parts than this runs whole on the last backend: every cut is a trip to a device
/// and back, and a graph made of cuts alone must not cost more to plan than to run.
const MAX_PARTS: usize = 64;

/// A part that is too large for its backend is halved, and its halves again, this often: what is left of
/// a model around the nodes that do not fit still runs where it should.
const MAX_HALVINGS: u32 = 6;

/// A model cut into parts, each with the backend that should run it.
#[derive(Debug)]
pub(crate) struct Plan {
    graph: Arc<Graph>,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    segment: Segment,
    /// The backend that took it: a position in the dispatcher's list.
    first: usize,
    /// How often it may be halved.
    halvings: u32,
    /// One place for each backend: made when it is first needed.
    made: Vec<OnceLock<Made>>,
}

/// What a backend made of a part.
#[derive(Debug)]
enum Made {
    Whole(Arc<dyn Executable>),
    /// It was too large as one.
    Halves(Box<[Part; 2]>),
    /// The backend does not take it, whenever it is asked.
    Nothing,
}

/// What one batch came to.
pub(crate) struct Outcome {
    pub(crate) outputs: Vec<Vec<u8>>,
    /// Parts, or halves of parts, that ran elsewhere than on the backend that took them: because it failed
    /// or because they do not fit it.
    pub(crate) fallbacks: u64,
    /// What went wrong on the way.
    pub(crate) errors: Vec<(&'static str, BackendError)>,
}

impl Plan {
    /// Cuts a graph: each backend in order takes what it can of what is left. The last must take all.
    pub(crate) fn new(graph: &Arc<Graph>, backends: &[Arc<dyn Backend>]) -> Self {
        let count = graph.nodes().len();
        let mut owner = vec![backends.len() - 1; count];
        for (index, backend) in backends.iter().enumerate().rev() {
            for range in backend.takes(graph) {
                owner[range.start.min(count)..range.end.min(count)].fill(index);
            }
        }
        if owner.windows(2).filter(|pair| pair[0] != pair[1]).count() >= MAX_PARTS {
            owner.fill(backends.len() - 1);
        }
        let mut parts = Vec::new();
        let mut start = 0;
        while start < count {
            let end = (start..count)
                .find(|&i| owner[i] != owner[start])
                .unwrap_or(count);
            parts.push(Part::new(
                Self::segment(graph, start..end),
                owner[start],
                MAX_HALVINGS,
                backends.len(),
            ));
            start = end;
        }
        if parts.is_empty() {
            // Outputs that are inputs or constants: still a result to be made.
            parts.push(Part::new(
                Segment::whole(graph.clone()),
                backends.len() - 1,
                MAX_HALVINGS,
                backends.len(),
            ));
        }
        Self {
            graph: graph.clone(),
            parts,
        }
    }

    fn segment(graph: &Arc<Graph>, range: Range<usize>) -> Segment {
        if range == (0..graph.nodes().len()) {
            Segment::whole(graph.clone())
        } else {
            Segment::part(graph.clone(), range)
        }
    }

    pub(crate) const fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// Runs a batch, part after part.
    pub(crate) fn run(
        &self,
        backends: &[Arc<dyn Backend>],
        batch: &[&[u8]],
    ) -> Result<Outcome, BackendError> {
        let mut outcome = Outcome {
            outputs: Vec::new(),
            fallbacks: 0,
            errors: Vec::new(),
        };
        if let [part] = self.parts.as_slice()
            && part.segment.outputs().len() == self.graph.outputs().len()
            && part.segment.inputs().len() == self.graph.inputs().len()
        {
            outcome.outputs = part.run(backends, batch, &mut outcome)?;
            return Ok(outcome);
        }
        let inputs: Vec<Value> = (0..self.graph.inputs().len() as u32).map(Value::Input).collect();
        let outputs: Vec<Value> = self.graph.outputs().iter().map(|o| o.value).collect();
        outcome.outputs = run_parts(&self.parts, (&inputs, &outputs), backends, batch, &mut outcome)?;
        Ok(outcome)
    }
}

/// Runs parts one after the other: from items that hold `inputs` to results that hold `outputs`.
fn run_parts(
    parts: &[Part],
    (inputs, outputs): (&[Value], &[Value]),
    backends: &[Arc<dyn Backend>],
    batch: &[&[u8]],
    outcome: &mut Outcome,
) -> Result<Vec<Vec<u8>>, BackendError> {
    let Some(graph) = parts.first().map(|part| part.segment.graph()) else {
        return Ok(Vec::new());
    };
    let mut values = vec![BTreeMap::new(); batch.len()];
    for (known, item) in values.iter_mut().zip(batch) {
        split(graph, inputs, item, known);
    }
    for part in parts {
        let items: Vec<Vec<u8>> = values
            .iter()
            .map(|known| concatenate(graph, part.segment.inputs(), known))
            .collect();
        let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
        let results = part.run(backends, &items, outcome)?;
        for (known, result) in values.iter_mut().zip(results) {
            split(graph, part.segment.outputs(), &result, known);
        }
    }
    Ok(values
        .iter()
        .map(|known| concatenate(graph, outputs, known))
        .collect())
}

fn split(graph: &Graph, values: &[Value], mut bytes: &[u8], known: &mut BTreeMap<Value, Vec<u8>>) {
    for &value in values {
        let (own, rest) = bytes.split_at(graph.ty(value).bytes());
        known.insert(value, own.to_vec());
        bytes = rest;
    }
}

fn concatenate(graph: &Graph, values: &[Value], known: &BTreeMap<Value, Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        match graph.constant(*value) {
            Some(constant) => bytes.extend_from_slice(&constant.bytes),
            None => bytes.extend_from_slice(&known[value]),
        }
    }
    bytes
}

impl Part {
    fn new(segment: Segment, first: usize, halvings: u32, backends: usize) -> Self {
        Self {
            segment,
            first,
            halvings,
            made: (0..backends).map(|_| OnceLock::new()).collect(),
        }
    }

    fn run(
        &self,
        backends: &[Arc<dyn Backend>],
        batch: &[&[u8]],
        outcome: &mut Outcome,
    ) -> Result<Vec<Vec<u8>>, BackendError> {
        for (index, backend) in backends.iter().enumerate().skip(self.first) {
            if !backend.healthy() || !self.taken_by(index, backend.as_ref()) {
                continue;
            }
            let mut attempt = || {
                let executable = match self.made(index, backend.as_ref(), outcome) {
                    Some(Made::Whole(executable)) => executable,
                    Some(Made::Halves(halves)) => {
                        let ends = (self.segment.inputs(), self.segment.outputs());
                        return run_parts(halves.as_slice(), ends, backends, batch, outcome).map(Some);
                    }
                    Some(Made::Nothing) | None => return Ok(None),
                };
                // A defect in an engine must cost no more than a fault of its device.
                let run = catch_unwind(AssertUnwindSafe(|| executable.run(batch)));
                let results = run.map_err(|_| BackendError::Device("the backend panicked".into()))??;
                let lengths = results.iter().all(|r| r.len() == self.segment.output_bytes());
                if results.len() != batch.len() || !lengths {
                    return Err(BackendError::WrongResult("it has the wrong length".into()));
                }
                Ok(Some(results))
            };
            match attempt() {
                Ok(Some(results)) => {
                    outcome.fallbacks += u64::from(index != self.first);
                    return Ok(results);
                }
                Ok(None) => {}
                Err(error) => outcome.errors.push((backend.name(), error)),
            }
        }
        Err(BackendError::Device("every backend failed".into()))
    }

    fn taken_by(&self, index: usize, backend: &dyn Backend) -> bool {
        let nodes = self.segment.nodes();
        let whole = |range: Range<usize>| range.start <= nodes.start && nodes.end <= range.end;
        index == self.first || backend.takes(self.segment.graph()).into_iter().any(whole)
    }

    /// What a backend makes of this part, remembered, unless its device failed: that is asked again next
    /// time.
    fn made(&self, index: usize, backend: &dyn Backend, outcome: &mut Outcome) -> Option<&Made> {
        if let Some(known) = self.made[index].get() {
            return Some(known);
        }
        let compiled = catch_unwind(AssertUnwindSafe(|| backend.compile(&self.segment)));
        let made = match compiled.unwrap_or_else(|_| Err(BackendError::NotTaken("it panicked".into()))) {
            Ok(executable) => Made::Whole(executable),
            Err(error) => {
                let permanent = matches!(error, BackendError::TooLarge(_) | BackendError::NotTaken(_));
                let halves = matches!(error, BackendError::TooLarge(_))
                    .then(|| self.halves(index))
                    .flatten();
                match halves {
                    Some(halves) => Made::Halves(Box::new(halves)),
                    None => {
                        outcome.errors.push((backend.name(), error));
                        if !permanent {
                            return None;
                        }
                        Made::Nothing
                    }
                }
            }
        };
        Some(self.made[index].get_or_init(|| made))
    }

    /// Both halves of this part, for a backend that it is too large for as one.
    fn halves(&self, index: usize) -> Option<[Self; 2]> {
        let nodes = self.segment.nodes();
        let halvings = self.halvings.checked_sub(1)?;
        if nodes.len() < 2 {
            return None;
        }
        let middle = nodes.start + nodes.len() / 2;
        let half = |range| {
            let segment = Segment::part(self.segment.graph().clone(), range);
            Self::new(segment, index, halvings, self.made.len())
        };
        Some([half(nodes.start..middle), half(middle..nodes.end)])
    }
}
