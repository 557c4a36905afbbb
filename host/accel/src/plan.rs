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
    /// One place for each backend: compiled when it is first needed.
    compiled: Vec<OnceLock<Option<Arc<dyn Executable>>>>,
}

/// What one batch came to.
pub(crate) struct Outcome {
    pub(crate) outputs: Vec<Vec<u8>>,
    /// Parts that ran elsewhere than on the backend that took them.
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
                backends.len(),
            ));
            start = end;
        }
        if parts.is_empty() {
            // Outputs that are inputs or constants: still a result to be made.
            parts.push(Part::new(
                Segment::whole(graph.clone()),
                backends.len() - 1,
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
        let mut values: Vec<BTreeMap<Value, Vec<u8>>> = batch.iter().map(|item| self.read(item)).collect();
        for part in &self.parts {
            let items: Vec<Vec<u8>> = values
                .iter()
                .map(|known| self.concatenate(part.segment.inputs(), known))
                .collect();
            let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
            let results = part.run(backends, &items, &mut outcome)?;
            for (known, result) in values.iter_mut().zip(results) {
                self.split(part.segment.outputs(), &result, known);
            }
        }
        let outputs: Vec<Value> = self.graph.outputs().iter().map(|o| o.value).collect();
        outcome.outputs = values
            .iter()
            .map(|known| self.concatenate(&outputs, known))
            .collect();
        Ok(outcome)
    }

    fn read(&self, item: &[u8]) -> BTreeMap<Value, Vec<u8>> {
        let inputs: Vec<Value> = (0..self.graph.inputs().len() as u32).map(Value::Input).collect();
        let mut known = BTreeMap::new();
        self.split(&inputs, item, &mut known);
        known
    }

    fn split(&self, values: &[Value], mut bytes: &[u8], known: &mut BTreeMap<Value, Vec<u8>>) {
        for &value in values {
            let (own, rest) = bytes.split_at(self.graph.ty(value).bytes());
            known.insert(value, own.to_vec());
            bytes = rest;
        }
    }

    fn concatenate(&self, values: &[Value], known: &BTreeMap<Value, Vec<u8>>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for value in values {
            match self.graph.constant(*value) {
                Some(constant) => bytes.extend_from_slice(&constant.bytes),
                None => bytes.extend_from_slice(&known[value]),
            }
        }
        bytes
    }
}

impl Part {
    fn new(segment: Segment, first: usize, backends: usize) -> Self {
        Self {
            segment,
            first,
            compiled: (0..backends).map(|_| OnceLock::new()).collect(),
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
                let Some(executable) = self.executable(index, backend.as_ref(), outcome) else {
                    return Ok(None);
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

    /// The compiled part. A part that does not fit is remembered as such; a failing device is asked
    /// again next time.
    fn executable(
        &self,
        index: usize,
        backend: &dyn Backend,
        outcome: &mut Outcome,
    ) -> Option<Arc<dyn Executable>> {
        if let Some(known) = self.compiled[index].get() {
            return known.clone();
        }
        let compiled = catch_unwind(AssertUnwindSafe(|| backend.compile(&self.segment)));
        match compiled.unwrap_or_else(|_| Err(BackendError::Device("the backend panicked".into()))) {
            Ok(executable) => self.compiled[index].get_or_init(|| Some(executable)).clone(),
            Err(error) => {
                if let BackendError::TooLarge(_) = error {
                    self.compiled[index].get_or_init(|| None);
                }
                outcome.errors.push((backend.name(), error));
                None
            }
        }
    }
}
