//! A run of one batch: begun without waiting, finished when its results are wanted.

use super::Plan;
use super::course::{Course, Residency, Stop};
use crate::backend::BackendError;
use crate::buffer::Batch;
use crate::member::Member;
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
}

/// A batch of one model.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    plan: Arc<Plan>,
    members: &'a [Member],
    items: Vec<Bytes>,
    course: Result<Course<'a>, Stop>,
    tally: Tally,
}

impl<'a> Run<'a> {
    /// Begins: submits what does not have to wait for anything.
    pub(crate) fn start(plan: Arc<Plan>, members: &'a [Member], items: Vec<Bytes>) -> Self {
        let mut tally = Tally::default();
        let course = course(&plan, members, items.clone(), Residency::Stay).and_then(|mut course| {
            course.advance(&mut tally)?;
            Ok(course)
        });
        Self {
            plan,
            members,
            items,
            course,
            tally,
        }
    }

    /// Whether a device is at it.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.course.as_ref().is_ok_and(Course::is_in_flight)
    }

    /// Gives the outputs of each item, and what it took.
    pub(crate) fn finish(mut self) -> (Result<Vec<Bytes>, BackendError>, Tally) {
        let outputs: Vec<Value> = self.plan.graph().outputs().iter().map(|o| o.value).collect();
        let tally = &mut self.tally;
        let mut result = self.course.and_then(|course| course.finish(&outputs, tally));
        if let Err(Stop::Lost(device, error)) = result {
            // What it had left on the device is gone, so all of it is computed again, and nothing stays there:
            // a device that fails then fails at its own part, which the next backend does.
            tally.errors.push((device, error));
            let again = course(&self.plan, self.members, self.items, Residency::Return);
            result = again.and_then(|course| course.finish(&outputs, tally));
        }
        let outputs = match result {
            Ok(batch) => batch.to_items(),
            Err(Stop::Failed(error) | Stop::Lost(_, error)) => Err(error),
        };
        (outputs, self.tally)
    }
}

fn course<'a>(
    plan: &Plan,
    members: &'a [Member],
    items: Vec<Bytes>,
    residency: Residency,
) -> Result<Course<'a>, Stop> {
    let graph = plan.graph();
    let batch = Batch::from_items(graph.inputs().iter().map(|port| &port.ty), items);
    let inputs = (0..graph.inputs().len() as u32).map(Value::Input);
    let parts = plan.parts(members);
    Ok(Course::new(
        parts,
        members,
        residency,
        inputs,
        batch.map_err(Stop::Failed)?,
    ))
}
