//! How one model is divided among the backends, and what happens when one of them fails.

use crate::backend::{Backend, BackendError, Buffers, Executable, Outputs};
use crate::buffer::Placement;
use crate::values::Values;
use metisvm_model::{Graph, Segment, Value};
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
    /// Of each backend, whether it takes all of it.
    taken_by: Vec<bool>,
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
    /// What went wrong on the way, and on which backend.
    pub(crate) errors: Vec<(&'static str, BackendError)>,
}

/// The backends of one attempt.
struct Engines<'a> {
    backends: &'a [Arc<dyn Backend>],
    /// Whether devices are asked at all.
    devices: bool,
}

impl<'a> Engines<'a> {
    /// Those from position `first` on that are worth asking.
    fn from(&self, first: usize) -> impl Iterator<Item = (usize, &'a dyn Backend)> + use<'a> {
        let devices = self.devices;
        let all = self.backends.iter().map(|backend| &**backend).enumerate();
        all.skip(first)
            .filter(move |(_, backend)| devices || backend.placement() == Placement::Host)
            .filter(|(_, backend)| backend.healthy())
    }
}

/// What a part runs on.
enum Input<'v, 'a> {
    /// Items that hold the inputs of the part.
    Items(&'v [&'v [u8]]),
    /// Values, the inputs of the part among them.
    Values(&'v mut Values<'a>),
}

/// What a part gives.
enum Results {
    Items(Outputs),
    Buffers(Buffers),
}

impl Plan {
    /// Cuts a graph: each backend in order takes what it can of what is left. The last must take all. This
    /// is the one time that backends are asked what they take of a model.
    pub(crate) fn new(graph: &Arc<Graph>, backends: &[Arc<dyn Backend>]) -> Self {
        let count = graph.nodes().len();
        let takes: Vec<Vec<Range<usize>>> = backends.iter().map(|b| ranges(b.as_ref(), graph)).collect();
        let mut owner = vec![backends.len() - 1; count];
        for (index, ranges) in takes.iter().enumerate().rev() {
            for range in ranges {
                owner[range.clone()].fill(index);
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
            let segment = Self::segment(graph, start..end);
            let whole = |range: &Range<usize>| range.start <= start && end <= range.end;
            let taken_by = takes.iter().map(|ranges| ranges.iter().any(whole)).collect();
            parts.push(Part::new(segment, owner[start], MAX_HALVINGS, taken_by));
            start = end;
        }
        if parts.is_empty() {
            // Outputs that are inputs or constants: still a result to be made.
            let last = backends.len() - 1;
            let taken_by = (0..=last).map(|index| index == last).collect();
            parts.push(Part::new(
                Segment::whole(graph.clone()),
                last,
                MAX_HALVINGS,
                taken_by,
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

    /// Runs a batch, part after part. Where values are lost with a device, the batch begins anew without
    /// devices.
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
        for devices in [true, false] {
            let engines = Engines { backends, devices };
            match self.run_on(&engines, batch, &mut outcome) {
                Ok(outputs) => {
                    outcome.outputs = outputs;
                    return Ok(outcome);
                }
                Err(lost @ BackendError::Lost(_)) if devices => {
                    outcome.errors.push(("a device", lost));
                    outcome.fallbacks += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Err(every_backend_failed())
    }

    fn run_on(
        &self,
        engines: &Engines<'_>,
        batch: &[&[u8]],
        outcome: &mut Outcome,
    ) -> Result<Outputs, BackendError> {
        let outputs: Vec<Value> = self.graph.outputs().iter().map(|o| o.value).collect();
        // One part that is the whole model takes the items as they are.
        if let [part] = self.parts.as_slice()
            && part.segment.outputs() == outputs
            && part.segment.inputs().len() == self.graph.inputs().len()
        {
            return match part.run(engines, Input::Items(batch), outcome)? {
                Results::Items(outputs) => Ok(outputs),
                Results::Buffers(buffers) => {
                    let mut values = Values::new(&self.graph, part.segment.inputs(), batch);
                    values.insert_all(&outputs, buffers);
                    values.items(&outputs)
                }
            };
        }
        let inputs: Vec<Value> = (0..self.graph.inputs().len() as u32).map(Value::Input).collect();
        let mut values = Values::new(&self.graph, &inputs, batch);
        run_parts(&self.parts, &outputs, engines, &mut values, outcome)?;
        values.items(&outputs)
    }
}

/// What a backend takes of a graph, within the graph; nothing, if it panics.
fn ranges(backend: &dyn Backend, graph: &Graph) -> Vec<Range<usize>> {
    let count = graph.nodes().len();
    let takes = catch_unwind(AssertUnwindSafe(|| backend.takes(graph))).unwrap_or_default();
    takes
        .into_iter()
        .map(|range| range.start.min(count)..range.end.min(count))
        .filter(|range| range.start < range.end)
        .collect()
}

fn every_backend_failed() -> BackendError {
    BackendError::Device("every backend failed".into())
}

/// Runs parts one after the other, from the values that are known to those that `outputs` names.
fn run_parts(
    parts: &[Part],
    outputs: &[Value],
    engines: &Engines<'_>,
    values: &mut Values<'_>,
    outcome: &mut Outcome,
) -> Result<(), BackendError> {
    for (index, part) in parts.iter().enumerate() {
        match part.run(engines, Input::Values(values), outcome)? {
            Results::Items(items) => values.split(part.segment.outputs(), &items),
            Results::Buffers(buffers) => values.insert_all(part.segment.outputs(), buffers),
        }
        let later = &parts[index + 1..];
        let is_read = |value: &Value| later.iter().any(|part| part.segment.inputs().contains(value));
        values.keep(|value| outputs.contains(value) || is_read(value));
    }
    Ok(())
}

impl Part {
    fn new(segment: Segment, first: usize, halvings: u32, taken_by: Vec<bool>) -> Self {
        Self {
            segment,
            first,
            halvings,
            made: taken_by.iter().map(|_| OnceLock::new()).collect(),
            taken_by,
        }
    }

    /// Runs on the first backend that gives results.
    fn run(
        &self,
        engines: &Engines<'_>,
        mut input: Input<'_, '_>,
        outcome: &mut Outcome,
    ) -> Result<Results, BackendError> {
        for (index, backend) in engines.from(self.first) {
            if !self.taken_by[index] {
                continue;
            }
            let results = match self.made(index, backend, outcome) {
                Some(Made::Whole(executable)) => self.execute(executable.as_ref(), &mut input),
                Some(Made::Halves(halves)) => {
                    self.run_halves(halves.as_slice(), engines, &mut input, outcome)
                }
                Some(Made::Nothing) | None => continue,
            };
            match results {
                Ok(results) => {
                    outcome.fallbacks += u64::from(index != self.first);
                    return Ok(results);
                }
                Err(lost @ BackendError::Lost(_)) => return Err(lost),
                Err(error) => outcome.errors.push((backend.name(), error)),
            }
        }
        Err(every_backend_failed())
    }

    fn run_halves(
        &self,
        halves: &[Self],
        engines: &Engines<'_>,
        input: &mut Input<'_, '_>,
        outcome: &mut Outcome,
    ) -> Result<Results, BackendError> {
        let mut values = self.values(input);
        run_parts(halves, self.segment.outputs(), engines, &mut values, outcome)?;
        Ok(Results::Buffers(values.buffers(self.segment.outputs())))
    }

    /// The inputs of this part, as values of their own.
    fn values(&self, input: &mut Input<'_, '_>) -> Values<'_> {
        let graph = self.segment.graph();
        match input {
            Input::Items(batch) => Values::new(graph, self.segment.inputs(), batch),
            Input::Values(values) => {
                let mut own = Values::new(graph, &[], &vec![&[][..]; values.count()]);
                own.insert_all(self.segment.inputs(), values.buffers(self.segment.inputs()));
                own
            }
        }
    }

    /// Runs what a backend made of it, and checks the form of what comes back.
    fn execute(
        &self,
        executable: &dyn Executable,
        input: &mut Input<'_, '_>,
    ) -> Result<Results, BackendError> {
        // A defect in an engine must cost no more than a fault of its device.
        if let Some(device) = executable.on_device() {
            let values = self.values(input);
            let inputs = values.buffers(self.segment.inputs());
            let buffers = guard(|| device.submit(&inputs)?.wait())?;
            values.check(self.segment.outputs(), &buffers)?;
            return Ok(Results::Buffers(buffers));
        }
        let held;
        let given;
        let batch = match input {
            Input::Items(batch) => *batch,
            Input::Values(values) => {
                held = values.items(self.segment.inputs())?;
                given = held.iter().map(Vec::as_slice).collect::<Vec<_>>();
                &given
            }
        };
        let results = guard(|| executable.submit(batch)?.wait())?;
        let right = |result: &Vec<u8>| result.len() == self.segment.output_bytes();
        if results.len() == batch.len() && results.iter().all(right) {
            Ok(Results::Items(results))
        } else {
            Err(BackendError::WrongResult("it has the wrong length".into()))
        }
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
            Self::new(segment, index, halvings, self.taken_by.clone())
        };
        Some([half(nodes.start..middle), half(middle..nodes.end)])
    }
}

/// Calls an engine; a panic is a failure of its device.
fn guard<T>(work: impl FnOnce() -> Result<T, BackendError>) -> Result<T, BackendError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(BackendError::Device("the backend panicked".into())))
}
