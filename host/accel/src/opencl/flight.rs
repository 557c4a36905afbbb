//! A batch on its way through a device.

use super::compile::Inner;
use super::hazards::{Hazards, Region};
use super::operands::Operand;
use super::values::OnDevice;
use super::{nodes, running};
use crate::backend::{BackendError, Running};
use crate::buffer::{Batch, Buffer};
use bytes::Bytes;
use metisvm_model::Value;
use metisvm_opencl::{Error, Job, Memory, Slice, Ticket};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A batch under way.
#[derive(Debug)]
pub(super) struct Flight {
    part: Arc<Inner>,
    job: Job,
    items: usize,
    results: Vec<Slice>,
    arena: Option<Memory>,
    /// In checked mode, what each item was given.
    inputs: Vec<Bytes>,
    is_over: bool,
}

/// Where a run puts a job's commands, for a group of items.
pub(super) struct Run<'a> {
    pub(super) part: &'a Inner,
    job: &'a mut Job,
    hazards: &'a mut Hazards,
    arena: &'a Memory,
    inputs: &'a [Slice],
    results: &'a [Slice],
    group: Range<usize>,
}

impl Flight {
    pub(super) fn start(part: Arc<Inner>, batch: &Batch) -> Result<Self, BackendError> {
        let checked = part.checker.is_some();
        let inputs = if checked { batch.to_items()? } else { Vec::new() };
        let mut flight = {
            let begin = || -> Result<Self, Error> {
                let device = &part.engine.device;
                let items = batch.items();
                let mut results = Vec::with_capacity(part.results.len());
                for &value in &part.results {
                    let bytes = part.segment.graph().ty(value).bytes() * items;
                    results.push(device.allocate(bytes)?.slice(0, bytes)?);
                }
                Ok(Self {
                    job: Job::new(device)?,
                    items,
                    results,
                    arena: Some(part.arena(items.min(part.group))?),
                    inputs,
                    is_over: false,
                    part: part.clone(),
                })
            };
            begin().map_err(running)?
        };
        flight.enqueue(batch)?;
        Ok(flight)
    }

    fn enqueue(&mut self, batch: &Batch) -> Result<(), BackendError> {
        let part = self.part.clone();
        let mut hazards = Hazards::default();
        let mut inputs = Vec::with_capacity(batch.values().len());
        for (place, value) in batch.values().iter().enumerate() {
            if let Some(own) = value.memory::<OnDevice>().filter(|own| own.id == part.engine.id) {
                inputs.push(own.slice.clone());
                continue;
            }
            let bytes = value.to_host()?.concat();
            let sent = || {
                let slice = part.engine.device.allocate(bytes.len())?.slice(0, bytes.len())?;
                let region = (Run::input_block(&part, place), 0..bytes.len());
                let ticket = self.job.write(&slice, bytes, &[])?;
                hazards.note(Vec::new(), region, ticket);
                Ok(slice)
            };
            inputs.push(sent().map_err(running)?);
        }
        let Some(arena) = self.arena.clone() else {
            return Err(BackendError::Device("the run is over".into()));
        };
        let mut first = 0;
        while first < self.items {
            let group = first..self.items.min(first + part.group);
            first = group.end;
            let mut run = Run {
                part: &part,
                job: &mut self.job,
                hazards: &mut hazards,
                arena: &arena,
                inputs: &inputs,
                results: &self.results,
                group,
            };
            run.all().map_err(running)?;
        }
        let mut read = || {
            if part.checker.is_some() {
                for (place, slice) in self.results.iter().enumerate() {
                    let region = (1 + place, 0..slice.bytes());
                    let after = hazards.before(&[region], &(usize::MAX, 0..0));
                    self.job.read(slice, &after)?;
                }
            }
            self.job.start()
        };
        read().map_err(running)
    }

    /// The outcome of a job that is over.
    fn finish(&mut self) -> Result<Batch, BackendError> {
        self.is_over = true;
        let received = self.job.wait().map_err(running)?;
        if let Some(arena) = self.arena.take() {
            self.part.give_back(arena);
        }
        let part = &*self.part;
        let graph = part.segment.graph();
        part.engine.macs.fetch_add(part.macs * self.items as u64, Relaxed);
        if let Some(checker) = &part.checker {
            let mut outputs = vec![Vec::with_capacity(self.items); part.segment.outputs().len()];
            let mut answers = Vec::with_capacity(self.items);
            for item in 0..self.items {
                let mut answer = Vec::new();
                for (place, (&value, bytes)) in part.results.iter().zip(&received).enumerate() {
                    let one = graph.ty(value).bytes();
                    let own = bytes.get(item * one..(item + 1) * one).unwrap_or_default();
                    answer.extend_from_slice(own);
                    if let Some(output) = outputs.get_mut(place) {
                        output.push(Bytes::copy_from_slice(own));
                    }
                }
                answers.push(answer);
            }
            drop(received);
            let items = self.inputs.iter().zip(&answers);
            let items: Vec<_> = items.map(|(input, answer)| (&**input, &**answer)).collect();
            checker.check(&items).map_err(|wrong| {
                part.engine
                    .device
                    .condemn(&format!("it computed a wrong result: {wrong}"));
                BackendError::WrongResult(wrong)
            })?;
            let values = part.segment.outputs().iter().zip(outputs);
            let values = values.map(|(&value, items)| Buffer::host(graph.ty(value).clone(), items));
            return Batch::new(self.items, values.collect::<Result<_, _>>()?);
        }
        let value = |(&value, slice): (&Value, &Slice)| {
            let ty = graph.ty(value);
            let own = OnDevice {
                id: part.engine.id,
                slice: slice.clone(),
                items: self.items,
                bytes: ty.bytes(),
                device: part.engine.device.clone(),
            };
            Buffer::on_device(ty.clone(), self.items, Arc::new(own))
        };
        Batch::new(
            self.items,
            part.results.iter().zip(&self.results).map(value).collect(),
        )
    }
}

impl Running for Flight {
    fn poll(&mut self) -> Option<Result<Batch, BackendError>> {
        if self.is_over {
            return None;
        }
        match self.job.poll() {
            Ok(false) => None,
            Ok(true) => Some(self.finish()),
            Err(error) => {
                self.is_over = true;
                Some(Err(running(error)))
            }
        }
    }

    fn wait(mut self: Box<Self>) -> Result<Batch, BackendError> {
        if self.is_over {
            return Err(BackendError::Device("the outcome was taken already".into()));
        }
        self.finish()
    }
}

impl Run<'_> {
    /// Items of the group.
    pub(super) fn items(&self) -> u32 {
        self.group.len() as u32
    }

    /// The number of an input's block of memory: 0 is the arena, then come results, then inputs.
    fn input_block(part: &Inner, place: usize) -> usize {
        1 + part.results.len() + place
    }

    fn all(&mut self) -> Result<(), Error> {
        for index in self.part.segment.nodes() {
            nodes::enqueue(self, index)?;
        }
        // Results that no node wrote where they belong: other names of inputs, constants and other results.
        for (place, &value) in self.part.results.iter().enumerate() {
            let storage = self.part.schedule.storage(value);
            if self.part.homes.get(&storage) != Some(&place) {
                let x = self.operand(value)?;
                let y = self.handed_out(place)?;
                nodes::copy(self, &x, &y)?;
            }
        }
        Ok(())
    }

    /// A value that is there.
    pub(super) fn operand(&self, value: Value) -> Result<Operand, Error> {
        let part = self.part;
        let ty = part.segment.graph().ty(value).clone();
        let storage = part.schedule.storage(value);
        if let Some(&home) = part.homes.get(&storage) {
            let own = self.handed_out(home)?;
            return Ok(Operand { ty, ..own });
        }
        if let Value::Constant(number) = storage {
            let slice = part.constants.get(&number).cloned();
            return Ok(Operand {
                ty,
                ..self.shared(slice.ok_or(Error::Sizes("a constant that is not there"))?)
            });
        }
        if let Some(place) = part.segment.inputs().iter().position(|&input| input == storage) {
            let bytes = ty.bytes();
            let range = self.group.start * bytes..self.group.end * bytes;
            let slice = self.inputs[place].part(range.start, range.len())?;
            return Ok(Operand {
                slice,
                ty,
                own: true,
                region: Some((Self::input_block(part, place), range)),
            });
        }
        let slot = part.schedule.slot(value);
        let slot = slot.ok_or(Error::Sizes("a value that is nowhere"))?;
        let operand = self.in_arena(slot.start, ty.bytes())?;
        Ok(Operand { ty, ..operand })
    }

    /// The place of a node's result.
    pub(super) fn result(&self, index: usize) -> Result<Operand, Error> {
        let value = Value::Node(index as u32);
        match self.part.schedule.slot(value) {
            // One that nothing reads, which no engine has to compute, still needs a place.
            None if !self.part.homes.contains_key(&value) => Err(Error::Sizes("a result without a place")),
            _ => self.operand(value),
        }
    }

    /// The place of a value that is handed out.
    fn handed_out(&self, place: usize) -> Result<Operand, Error> {
        let ty = self.part.segment.graph().ty(self.part.results[place]).clone();
        let range = self.group.start * ty.bytes()..self.group.end * ty.bytes();
        Ok(Operand {
            slice: self.results[place].part(range.start, range.len())?,
            ty,
            own: true,
            region: Some((1 + place, range)),
        })
    }

    /// Bytes of each item, from a place in its arena on.
    fn in_arena(&self, start: usize, bytes: usize) -> Result<Operand, Error> {
        let items = self.group.len();
        Ok(Operand {
            slice: self.arena.slice(start * items, bytes * items)?,
            ty: metisvm_model::TensorType::scalar(metisvm_model::DType::I32),
            own: true,
            region: Some((0, start * items..(start + bytes) * items)),
        })
    }

    /// A piece of scratch, by its place and its bytes for one item.
    pub(super) fn scratch(&self, start: usize, bytes: usize) -> Result<Operand, Error> {
        self.in_arena(self.part.scratch + start, bytes)
    }

    /// What all items share and nothing writes.
    pub(super) fn shared(&self, slice: Slice) -> Operand {
        Operand {
            slice,
            ty: metisvm_model::TensorType::scalar(metisvm_model::DType::I32),
            own: false,
            region: None,
        }
    }

    /// Enqueues a command that reads some operands and writes one, after those that it has to come after. It is given the
    /// slice of one zero, too.
    pub(super) fn step(
        &mut self,
        reads: &[&Operand],
        write: &Operand,
        command: impl FnOnce(&mut Job, &Slice, &[Ticket]) -> Result<Ticket, Error>,
    ) -> Result<(), Error> {
        let write = write.region.clone();
        let write: Region = write.ok_or(Error::Sizes("a constant that is written"))?;
        let reads: Vec<Region> = reads
            .iter()
            .filter_map(|operand| operand.region.clone())
            .collect();
        let after = self.hazards.before(&reads, &write);
        let ticket = command(self.job, &self.part.zero, &after)?;
        self.hazards.note(reads, write, ticket);
        Ok(())
    }
}
