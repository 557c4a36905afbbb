//! A batch on its way through the parts of a model.
//!
//! Parts are submitted in order, each as soon as its inputs are there, and waited for when something needs
//! them: parts that do not follow from each other overlap where their backends work by themselves. A part
//! whose backend fails goes to the next backend that takes it. Nothing of this can reach a result.

use super::outputs::{check, returned};
use super::part::Made;
use super::run::Tally;
use super::{Division, Parts};
use crate::backend::{BackendError, Executable, Placement, Running};
use crate::buffer::{Batch, Buffer};
use crate::member::{Member, Seat, caught_result};
use bytes::Bytes;
use metisvm_model::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Whether values stay on the device that computed them until something else needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Residency {
    Stay,
    /// A part is over when its outputs are on the host.
    Return,
}

/// Why a batch did not get through.
#[derive(Debug)]
pub(super) enum Stop {
    /// A device lost a value that it had computed before.
    Lost(&'static str, BackendError),
    /// No backend gave a part.
    Failed(BackendError),
}

#[derive(Debug)]
pub(super) struct Course<'a> {
    division: Arc<Division>,
    members: &'a [Member],
    residency: Residency,
    items: usize,
    /// What is known so far and still needed.
    values: BTreeMap<Value, Buffer>,
    /// Oldest first.
    flights: VecDeque<Flight<'a>>,
    /// The first part that was not submitted yet.
    next: usize,
    /// Where in a part's order of backends the first is that is asked.
    from: usize,
    settled: Vec<bool>,
    /// The first part that is not settled.
    unsettled: usize,
}

/// A part under way.
#[derive(Debug)]
struct Flight<'a> {
    part: usize,
    /// Its backend, as a place in the part's order.
    rank: usize,
    running: Box<dyn Running>,
    _seat: Seat<'a>,
}

impl<'a> Course<'a> {
    /// Begins with a batch that holds `inputs`. Of each part's order of backends those from `from` on are asked.
    pub(super) fn new(
        division: Arc<Division>,
        (members, from): (&'a [Member], usize),
        residency: Residency,
        inputs: impl Iterator<Item = Value>,
        batch: Batch,
    ) -> Self {
        Self {
            settled: vec![false; division.parts.parts.len()],
            division,
            members,
            residency,
            items: batch.items(),
            values: inputs.zip(batch.into_values()).collect(),
            flights: VecDeque::new(),
            next: 0,
            from,
            unsettled: 0,
        }
    }

    pub(super) fn is_in_flight(&self) -> bool {
        !self.flights.is_empty()
    }

    /// Submits what can be submitted, without waiting.
    pub(super) fn advance(&mut self, tally: &mut Tally) -> Result<(), Stop> {
        let parts = self.division.parts.clone();
        while let Some(part) = parts.parts.get(self.next) {
            let mut inputs = part.segment.inputs().iter();
            if !inputs.all(|value| self.values.contains_key(value)) {
                return Ok(());
            }
            let index = self.next;
            self.next += 1;
            self.place(index, self.from, tally)?;
        }
        Ok(())
    }

    /// Runs what is left and gives the `wanted` values, on the host.
    pub(super) fn finish(mut self, wanted: &[Value], tally: &mut Tally) -> Result<Batch, Stop> {
        loop {
            self.advance(tally)?;
            if self.flights.is_empty() {
                break;
            }
            self.land(tally)?;
        }
        let mut values = Vec::with_capacity(wanted.len());
        for &value in wanted {
            values.push(self.on_host(value, tally)?);
        }
        Batch::new(self.items, values).map_err(Stop::Failed)
    }

    /// Waits for the oldest part under way.
    fn land(&mut self, tally: &mut Tally) -> Result<(), Stop> {
        let Some(flight) = self.flights.pop_front() else {
            return Ok(());
        };
        let Flight {
            part,
            rank,
            running,
            _seat: seat,
        } = flight;
        let outcome = caught_result(|| running.wait());
        drop(seat);
        match outcome.and_then(|outputs| self.settle(part, rank, outputs, tally)) {
            Ok(()) => Ok(()),
            Err(error) => {
                tally
                    .errors
                    .push((self.members[self.member(part, rank)].name(), error));
                self.place(part, rank + 1, tally)
            }
        }
    }

    /// The backend at a place of a part's order.
    fn member(&self, part: usize, rank: usize) -> usize {
        self.division.orders[part][rank]
    }

    /// Gives a part to the first of the backends from `from` on, in its order, that does not fail at once.
    fn place(&mut self, part: usize, from: usize, tally: &mut Tally) -> Result<(), Stop> {
        let members = self.members;
        let division = self.division.clone();
        let own = &division.parts.parts[part];
        for (rank, &index) in division.orders[part].iter().enumerate().skip(from) {
            let member = &members[index];
            // The first was chosen for it, whatever it says of all these nodes together.
            if !(own.is_taken_by(index) || rank == 0) || !member.healthy() {
                continue;
            }
            let placed = match own.made(index, member, tally) {
                Made::Whole(executable) => self.submit(part, rank, &*executable, tally)?,
                Made::Halves(halves) => self.run_halves(part, rank, halves, tally)?,
                Made::Nothing => continue,
            };
            match placed {
                Ok(()) => return Ok(()),
                Err(error) => tally.errors.push((member.name(), error)),
            }
        }
        Err(Stop::Failed(BackendError::Device("every backend failed".into())))
    }

    fn submit(
        &mut self,
        part: usize,
        rank: usize,
        executable: &dyn Executable,
        tally: &mut Tally,
    ) -> Result<Result<(), BackendError>, Stop> {
        let members = self.members;
        let member = &members[self.member(part, rank)];
        let inputs = self.inputs(part, member.placement, tally)?;
        if member.runs_at_once() {
            let outputs = caught_result(|| executable.run(&inputs));
            return Ok(outputs.and_then(|outputs| self.settle(part, rank, outputs, tally)));
        }
        // Whoever has nothing under way is always let in, so nobody ever waits for others here.
        while member.is_full() && !self.flights.is_empty() {
            self.land(tally)?;
        }
        let seat = member.enter();
        let mut running = match caught_result(|| executable.submit(&inputs)) {
            Ok(running) => running,
            Err(error) => return Ok(Err(error)),
        };
        match caught_result(|| running.poll().transpose()) {
            Err(error) => Ok(Err(error)),
            Ok(Some(outputs)) => {
                drop(seat);
                Ok(self.settle(part, rank, outputs, tally))
            }
            Ok(None) => {
                self.flights.push_back(Flight {
                    part,
                    rank,
                    running,
                    _seat: seat,
                });
                Ok(Ok(()))
            }
        }
    }

    fn run_halves(
        &mut self,
        part: usize,
        rank: usize,
        halves: Arc<Parts>,
        tally: &mut Tally,
    ) -> Result<Result<(), BackendError>, Stop> {
        let parts = self.division.parts.clone();
        let segment = &parts.parts[part].segment;
        let mut inputs = Vec::with_capacity(segment.inputs().len());
        for value in segment.inputs() {
            inputs.push(self.values[value].clone());
        }
        let inputs = Batch::new(self.items, inputs).map_err(Stop::Failed)?;
        let ends = segment.inputs().iter().copied();
        // Who was asked before has refused the whole, or failed.
        let order: Arc<[usize]> = self.division.orders[part][rank..].into();
        let division = Arc::new(Division {
            orders: vec![order; halves.parts.len()],
            parts: halves,
        });
        let course = Course::new(division, (self.members, 0), self.residency, ends, inputs);
        match course.finish(segment.outputs(), tally) {
            Ok(outputs) => {
                self.keep(part, outputs);
                // Halves count for themselves where they fell back; that the whole was not its first's is one
                // more only where another backend's halves ran.
                tally.fallbacks += u64::from(rank > 0);
                Ok(Ok(()))
            }
            Err(Stop::Failed(error)) => Ok(Err(error)),
            Err(lost @ Stop::Lost(..)) => Err(lost),
        }
    }

    /// What a part reads, each value where it can read it.
    fn inputs(&mut self, part: usize, placement: Placement, tally: &mut Tally) -> Result<Batch, Stop> {
        let parts = self.division.parts.clone();
        let mut inputs = Vec::new();
        for &value in parts.parts[part].segment.inputs() {
            let own = self.values[&value].placement() == placement;
            let buffer = if own {
                self.values[&value].clone()
            } else {
                self.on_host(value, tally)?
            };
            if !own {
                tally.to_devices += buffer.bytes() * u64::from(placement != Placement::Host);
            }
            inputs.push(buffer);
        }
        Batch::new(self.items, inputs).map_err(Stop::Failed)
    }

    /// A value on the host. What is read back stays there, too.
    fn on_host(&mut self, value: Value, tally: &mut Tally) -> Result<Buffer, Stop> {
        let Some(buffer) = self.values.get(&value) else {
            return self.constant(value);
        };
        if buffer.placement() == Placement::Host {
            return Ok(buffer.clone());
        }
        let read = self.read_back(buffer, tally)?;
        self.values.insert(value, read.clone());
        Ok(read)
    }

    fn read_back(&self, buffer: &Buffer, tally: &mut Tally) -> Result<Buffer, Stop> {
        let device = self
            .members
            .iter()
            .find(|member| member.placement == buffer.placement());
        let device = device.map_or("a device", Member::name);
        let read = returned(buffer, tally);
        read.map_err(|error| Stop::Lost(device, error))
    }

    /// An output that is a constant: the same bytes for every item.
    fn constant(&self, value: Value) -> Result<Buffer, Stop> {
        let constant = self.division.parts.graph.constant(value);
        let missing = || Stop::Failed(BackendError::Device("a part gave no value for an output".into()));
        let constant = constant.ok_or_else(missing)?;
        let items = vec![Bytes::copy_from_slice(&constant.bytes); self.items];
        Buffer::host(constant.ty.clone(), items).map_err(Stop::Failed)
    }

    /// Checks what a backend gave and keeps it.
    fn settle(
        &mut self,
        part: usize,
        rank: usize,
        outputs: Batch,
        tally: &mut Tally,
    ) -> Result<(), BackendError> {
        let parts = self.division.parts.clone();
        let (part_of, member) = (&parts.parts[part], &self.members[self.member(part, rank)]);
        check(&outputs, part_of, member, self.items)?;
        let mut kept = Vec::with_capacity(outputs.values().len());
        for output in outputs.into_values() {
            if output.placement() == Placement::Host {
                tally.from_devices += output.bytes() * u64::from(member.is_device());
                kept.push(output);
            } else if self.residency == Residency::Return {
                kept.push(returned(&output, tally)?);
            } else {
                kept.push(output);
            }
        }
        let kept = Batch::new(self.items, kept)?;
        tally.done_by(member.name());
        self.keep(part, kept);
        tally.fallbacks += u64::from(rank > 0);
        Ok(())
    }

    /// Keeps the outputs of a part, and drops what no part reads any more.
    fn keep(&mut self, part: usize, outputs: Batch) {
        let parts = self.division.parts.clone();
        let values = parts.parts[part].segment.outputs().iter().copied();
        self.values.extend(values.zip(outputs.into_values()));
        self.settled[part] = true;
        // Inputs of a part that is under way may be needed again, by the next backend.
        while self.settled.get(self.unsettled) == Some(&true) {
            for dead in parts.schedule.iter().flat_map(|s| s.dies_after(self.unsettled)) {
                self.values.remove(dead);
            }
            self.unsettled += 1;
        }
    }
}
