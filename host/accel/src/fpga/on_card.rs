//! A part of a model on the card: program and weights that stay there, and the jobs that use them.

use super::compile::Compiled;
use super::flight::Flight;
use super::{Card, lock};
use crate::backend::{BackendError, Executable, Running};
use crate::buffer::Batch;
use crate::check::Checker;
use crate::macs::macs;
use metisvm_driver::{DeviceError, Resident, RunJob};
use metisvm_firmware::Dtype;
use metisvm_model::Segment;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

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

/// What lies in card memory, until the card is reset.
#[derive(Debug)]
struct Loaded {
    boot_nonce: u32,
    program: Resident,
    data: Option<Resident>,
}

/// The outputs of a job, when they are there.
pub(super) type Job = metisvm_driver::Running<Vec<Vec<u8>>>;

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
        let capabilities = self.card.device.capabilities();
        let item = self.compiled.input_bytes.max(self.compiled.output_bytes).max(1);
        let by_work = capabilities.work_budget / self.compiled.work.max(1);
        (MAX_JOB_BYTES / item)
            .min(usize::try_from(by_work).unwrap_or(usize::MAX))
            .clamp(1, capabilities.max_batch as usize)
    }

    /// Program and weights on the card, loaded again if a reset or another model took them.
    fn load(&self) -> Result<MutexGuard<'_, Option<Loaded>>, DeviceError> {
        let device = &self.card.device;
        let mut loaded = lock(&self.loaded);
        let boot_nonce = device.boot_nonce();
        if loaded.as_ref().is_none_or(|l| l.boot_nonce != boot_nonce) {
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
                boot_nonce,
                program,
                data,
            });
        }
        let now = self.card.clock.fetch_add(1, Ordering::Relaxed);
        self.used.store(now, Ordering::Relaxed);
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
        let submit = || {
            let loaded = self.load()?;
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
            self.with_room(|| self.card.device.submit(&job))
        };
        submit().map_err(|error| self.failed(&error))
    }

    /// What a fault of the device means; a card that is worth it is reset.
    pub(super) fn failed(&self, error: &DeviceError) -> BackendError {
        self.card.recover();
        match error {
            DeviceError::CardMemoryFull(_)
            | DeviceError::HandlesExhausted(_)
            | DeviceError::TooLarge { .. } => BackendError::TooLarge(error.to_string()),
            other => BackendError::Device(other.to_string()),
        }
    }

    /// Counts items that the card computed.
    pub(super) fn count(&self, items: usize) {
        let macs = self.macs.saturating_mul(items as u64);
        self.card.macs.fetch_add(macs, Ordering::Relaxed);
    }

    /// The segment's outputs for an input, from what the card gave; checked, if results are.
    pub(super) fn accept(&self, input: &[u8], result: Vec<u8>) -> Result<Vec<u8>, BackendError> {
        let mut result = self.compiled.restore(result);
        let Some(checker) = &self.checker else {
            return Ok(result);
        };
        checker.check(input, &result).map_err(|wrong| {
            self.card.device.condemn(DeviceError::WrongResult(wrong.clone()));
            self.card.recover();
            BackendError::WrongResult(wrong)
        })?;
        result.truncate(checker.output_bytes());
        Ok(result)
    }
}
