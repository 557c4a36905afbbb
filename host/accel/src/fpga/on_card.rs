//! A part of a model on the card: program and weights that stay there, and the jobs that use them.

use super::card::{Attached, Card};
use super::compile::Compiled;
use super::flight::Flight;
use super::lock;
use crate::backend::{BackendError, Executable, Running};
use crate::buffer::Batch;
use crate::check::Checker;
use crate::macs::macs;
use bytes::Bytes;
use metisvm_driver::{Device, DeviceError, Resident, RunJob};
use metisvm_firmware::Dtype;
use metisvm_model::Segment;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

/// The most bytes of inputs or outputs that one job carries.
const MAX_JOB_BYTES: usize = 64 << 20;

/// A part, ready to run.
#[derive(Debug)]
pub(super) struct OnCard(pub(super) Arc<Part>);

/// What its runs share.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) segment: Segment,
    card: Arc<Card>,
    compiled: Compiled,
    checker: Option<Checker>,
    /// Multiply-accumulates of an item.
    macs: u64,
    loaded: Mutex<Option<Loaded>>,
    /// The card's clock when it ran last.
    used: AtomicU64,
}

/// What lies in card memory, until the card is reset or opened anew.
#[derive(Debug)]
struct Loaded {
    opening: u64,
    boot_nonce: u32,
    program: Resident,
    data: Option<Resident>,
}

/// A job in flight.
#[derive(Debug)]
pub(super) struct Job {
    /// The device that it is with, which may be another than the card's by the time that it is done.
    pub(super) device: Arc<Device>,
    /// Its outputs, when they are there.
    pub(super) outputs: metisvm_driver::Running<Vec<Vec<u8>>>,
}

impl Executable for OnCard {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        self.submit(batch)?.wait()
    }

    /// Results come back to the host at once: in checked mode they are not to be used before, and the driver
    /// copies every output out of the card's reach.
    fn submit(&self, batch: &Batch) -> Result<Box<dyn Running>, BackendError> {
        Ok(Box::new(Flight::start(self.0.clone(), batch.to_items()?)?))
    }
}

impl Part {
    pub(super) fn new(
        segment: Segment,
        card: Arc<Card>,
        compiled: Compiled,
        checker: Option<Checker>,
    ) -> Self {
        let graph = segment.graph();
        let macs = segment.nodes().map(|node| macs(graph, node)).sum();
        Self {
            macs,
            segment,
            card,
            compiled,
            checker,
            loaded: Mutex::new(None),
            used: AtomicU64::new(0),
        }
    }

    /// When it was used last, by the card's clock.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes it off the card, unless it is just being used; says whether there was something.
    pub(super) fn unload(&self) -> bool {
        let loaded = self.loaded.try_lock();
        loaded.is_ok_and(|mut loaded| loaded.take().is_some())
    }

    /// The most items of one job.
    pub(super) fn items_per_job(&self) -> usize {
        let capabilities = &self.card.capabilities;
        let item = self.compiled.input_bytes.max(self.compiled.output_bytes).max(1);
        let by_work = capabilities.work_budget / self.compiled.work.max(1);
        // Both directions of a job lie in memory for DMA, and another job is with the card meanwhile.
        let both = (self.compiled.input_bytes + self.compiled.output_bytes).max(1) as u64;
        let by_memory = self.card.device().dma_bytes() / 4 / both;
        (MAX_JOB_BYTES / item)
            .min(usize::try_from(by_memory).unwrap_or(usize::MAX))
            .min(usize::try_from(by_work).unwrap_or(usize::MAX))
            .clamp(1, capabilities.max_batch as usize)
    }

    /// Program and weights on the card, loaded again if a reset or another model took them.
    fn load(&self, card: &Attached) -> Result<MutexGuard<'_, Option<Loaded>>, DeviceError> {
        let Attached { device, opening } = card;
        let mut loaded = lock(&self.loaded);
        let (opening, boot_nonce) = (*opening, device.boot_nonce());
        let lies_there = |l: &Loaded| (l.opening, l.boot_nonce) == (opening, boot_nonce);
        if !loaded.as_ref().is_some_and(lies_there) {
            *loaded = None;
            let resident = &self.compiled.resident;
            let program = || self.with_room(|| device.load_program(&self.compiled.program));
            let data = || {
                let load = || self.with_room(|| device.load_resident(resident));
                (!resident.is_empty()).then(load).transpose()
            };
            // The larger one first: the other one could lie in the middle of all the memory that there is.
            let (program, data) = if resident.len() > self.compiled.program.to_bytes().len() {
                let data = data()?;
                (program()?, data)
            } else {
                (program()?, data()?)
            };
            *loaded = Some(Loaded {
                opening,
                boot_nonce,
                program,
                data,
            });
        }
        self.used.store(self.card.tick(), Ordering::Relaxed);
        Ok(loaded)
    }

    /// Does what needs card memory, taking other models off the card until there is enough.
    fn with_room<T>(&self, mut work: impl FnMut() -> Result<T, DeviceError>) -> Result<T, DeviceError> {
        loop {
            match work() {
                Err(DeviceError::CardMemoryFull(_) | DeviceError::HandlesExhausted(_))
                    if self.card.make_room(self) => {}
                outcome => return outcome,
            }
        }
    }

    /// Begins a job.
    pub(super) fn submit(&self, inputs: &[&[u8]]) -> Result<Job, BackendError> {
        let arranged: Vec<_> = inputs.iter().map(|item| self.compiled.arrange(item)).collect();
        let inputs: Vec<&[u8]> = arranged.iter().map(|item| &**item).collect();
        let card = self.card.attached();
        let submit = || {
            let loaded = self.load(&card)?;
            let Some(Loaded { program, data, .. }) = loaded.as_ref() else {
                return Err(DeviceError::StaleResident);
            };
            let job = RunJob {
                program,
                data: data.as_ref(),
                state: None,
                workspace_bytes: self.compiled.workspace_bytes,
                inputs: &inputs,
                output_bytes: self.compiled.output_bytes,
                // Items may hold tensors of several types: to the card they are bytes.
                dtype_in: Dtype::U8,
                dtype_out: Dtype::U8,
            };
            self.with_room(|| card.device.submit(&job))
        };
        let outputs = submit().map_err(|error| self.failed(&error))?;
        let device = card.device.clone();
        Ok(Job { device, outputs })
    }

    /// What a fault of the device means; a card that is at fault begins to be brought back.
    pub(super) fn failed(&self, error: &DeviceError) -> BackendError {
        self.card.takes_work();
        match error {
            DeviceError::CardMemoryFull(_)
            | DeviceError::DmaMemoryFull { .. }
            | DeviceError::HandlesExhausted(_)
            | DeviceError::TooLarge { .. } => BackendError::TooLarge(error.to_string()),
            other => BackendError::Device(other.to_string()),
        }
    }

    /// A job was done, and nothing was wrong with it.
    pub(super) fn was_sound(&self) {
        self.card.did_a_job();
    }

    /// Counts items that the card computed.
    pub(super) fn count(&self, items: usize) {
        let macs = self.macs.saturating_mul(items as u64);
        self.card.add_macs(macs);
    }

    /// The segment's outputs for inputs, from what the device gave; checked, if results are.
    pub(super) fn accept(
        &self,
        device: &Device,
        inputs: &[Bytes],
        results: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, BackendError> {
        let restored = results.into_iter().map(|result| self.compiled.restore(result));
        let mut results: Vec<Vec<u8>> = restored.collect();
        let Some(checker) = &self.checker else {
            return Ok(results);
        };
        let start = Instant::now();
        let items = inputs.iter().zip(&results);
        let items: Vec<_> = items.map(|(input, result)| (&**input, &**result)).collect();
        let checked = checker.check(&items);
        self.card.add_check(start.elapsed());
        checked.map_err(|wrong| {
            self.card.was_wrong(device, &wrong);
            BackendError::WrongResult(wrong)
        })?;
        for result in &mut results {
            result.truncate(checker.output_bytes());
        }
        Ok(results)
    }
}
