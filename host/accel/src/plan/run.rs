//! A run of one batch: begun without waiting, finished when its results are wanted.

use super::course::{Course, Residency, Stop};
use super::outputs::check;
use super::part::Made;
use super::{Division, Plan};
use crate::backend::BackendError;
use crate::buffer::Batch;
use crate::member::{Member, caught_result};
use bytes::Bytes;
use metisvm_model::Value;
use std::sync::Arc;

/// What a run did besides its results.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Parts, or halves of parts, that ran elsewhere than on the backend that took them: because it failed
    /// or because they do not fit it.
    pub(crate) fallbacks: u64,
    /// Parts made ready.
    pub(crate) compiled: u64,
    /// Bytes of values from the host to parts on devices.
    pub(crate) to_devices: u64,
    /// Bytes of values from parts on devices to the host.
    pub(crate) from_devices: u64,
    /// What went wrong on the way, and where.
    pub(crate) errors: Vec<(&'static str, BackendError)>,
    /// The backends that did a part, each once.
    pub(crate) by: Vec<&'static str>,
}

impl Tally {
    /// Takes note of who did a part.
    pub(super) fn done_by(&mut self, backend: &'static str) {
        if !self.by.contains(&backend) {
            self.by.push(backend);
        }
    }
}

/// A batch of one model.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    plan: Arc<Plan>,
    members: &'a [Member],
    batch: Batch,
    state: State<'a>,
    tally: Tally,
}

#[derive(Debug)]
enum State<'a> {
    /// An engine of the host has done all of it.
    Done(Batch),
    Begun(Result<Course<'a>, Stop>),
}

impl<'a> Run<'a> {
    /// Begins: submits what does not have to wait for anything.
    ///
    /// # Errors
    /// If an item has not the length of the model's inputs.
    pub(crate) fn start(
        plan: Arc<Plan>,
        members: &'a [Member],
        items: Vec<Bytes>,
    ) -> Result<Self, BackendError> {
        let inputs = plan.graph().inputs().iter().map(|port| &port.ty);
        let batch = Batch::from_items(inputs, items)?;
        Ok(Self::with_batch(plan, members, batch))
    }

    /// Begins with a batch that holds the model's inputs.
    pub(crate) fn with_batch(plan: Arc<Plan>, members: &'a [Member], batch: Batch) -> Self {
        let mut tally = Tally::default();
        let division = plan.division(members, batch.items());
        let state = match at_once(&division, members, &batch, &mut tally) {
            Ok(outputs) => State::Done(outputs),
            Err(from) => {
                let mut course = course(division, (members, from), batch.clone(), Residency::Stay);
                let begun = course.advance(&mut tally);
                State::Begun(begun.map(|()| course))
            }
        };
        Self {
            plan,
            members,
            batch,
            state,
            tally,
        }
    }

    /// Whether a device is at it.
    pub(crate) fn is_in_flight(&self) -> bool {
        matches!(&self.state, State::Begun(Ok(course)) if course.is_in_flight())
    }

    /// Gives the outputs of each item, and what it took.
    pub(crate) fn finish(self) -> (Result<Vec<Bytes>, BackendError>, Tally) {
        let (outputs, tally) = self.finish_batch();
        (outputs.and_then(Batch::into_items), tally)
    }

    /// Gives the outputs, each by itself and on the host, and what it took.
    pub(crate) fn finish_batch(mut self) -> (Result<Batch, BackendError>, Tally) {
        let begun = match self.state {
            State::Done(outputs) => return (Ok(outputs), self.tally),
            State::Begun(begun) => begun,
        };
        let outputs: Vec<Value> = self.plan.graph().outputs().iter().map(|o| o.value).collect();
        let tally = &mut self.tally;
        let mut result = begun.and_then(|course| course.finish(&outputs, tally));
        if let Err(Stop::Lost(device, error)) = result {
            // What it had left on the device is gone, so all of it is computed again, and nothing stays there:
            // a device that fails then fails at its own part, which the next backend does.
            tally.errors.push((device, error));
            tally.by.clear();
            let division = self.plan.division(self.members, self.batch.items());
            let again = course(division, (self.members, 0), self.batch, Residency::Return);
            result = again.finish(&outputs, tally);
        }
        let outputs = match result {
            Ok(batch) => Ok(batch),
            Err(Stop::Failed(error) | Stop::Lost(_, error)) => Err(error),
        };
        (outputs, self.tally)
    }
}

/// The short way of a model that is one part on an engine of the host that runs at once: there is nothing to
/// overlap and nothing to move. Else the place, in the order of backends, of the first that is left to ask.
fn at_once(
    division: &Division,
    members: &[Member],
    batch: &Batch,
    tally: &mut Tally,
) -> Result<Batch, usize> {
    let ([part], true) = (division.parts.parts.as_slice(), division.parts.is_whole) else {
        return Err(0);
    };
    let index = division.orders[0][0];
    let member = &members[index];
    if !member.runs_at_once() || !member.healthy() {
        return Err(0);
    }
    let Made::Whole(executable) = part.made(index, member, tally) else {
        return Err(0);
    };
    let outputs = caught_result(|| {
        let outputs = executable.run(batch)?;
        check(&outputs, part, member, batch.items()).map(|()| outputs)
    });
    match outputs {
        Ok(outputs) => {
            tally.done_by(member.name());
            Ok(outputs)
        }
        Err(error) => {
            tally.errors.push((member.name(), error));
            Err(1)
        }
    }
}

fn course<'a>(
    division: Arc<Division>,
    members: (&'a [Member], usize),
    batch: Batch,
    residency: Residency,
) -> Course<'a> {
    let inputs = (0..batch.values().len() as u32).map(Value::Input);
    Course::new(division, members, residency, inputs, batch)
}
