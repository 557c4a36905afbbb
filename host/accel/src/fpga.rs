//! The `fpga` backend: graphs become tensor programs, weights stay on the card, and in checked mode
//! every product is verified before its result is used.
//!
//! What does not fit card memory beside what is there takes the place of the model that was used least
//! recently. A card that fails is out of service; a thread resets it, a bounded number of times, while other
//! backends do its work. What was resident is loaded again when it is next needed.

mod check;
mod compile;

pub use compile::{CompileError, Compiled, Mode, compile, takes};

use crate::backend::{Backend, BackendError, DeviceId, DeviceReport, Executable, Placement};
use crate::buffer::{Batch, types};
use bytes::Bytes;
use check::Checker;
use metisvm_driver::{Device, DeviceError, Health, Resident, RunJob};
use metisvm_firmware::Dtype;
use metisvm_model::{Graph, Segment};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The most bytes of inputs or outputs that one job carries.
const MAX_JOB_BYTES: usize = 64 << 20;

/// How far a card is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Check every product with Freivalds' test before using a result.
    pub checked: bool,
    /// Resets after which a failing card stays out of service.
    pub max_resets: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            checked: true,
            max_resets: 3,
        }
    }
}

/// One card.
#[derive(Debug)]
pub struct FpgaBackend(Arc<Card>);

#[derive(Debug)]
struct Card {
    device: Device,
    id: DeviceId,
    options: Options,
    recovering: AtomicBool,
    resets_left: AtomicU32,
    /// Everything that was compiled for the card.
    compiled: Mutex<Vec<Weak<OnCard>>>,
    /// Counts runs, to tell which model was used least recently.
    clock: AtomicU64,
}

impl FpgaBackend {
    /// A backend over an open device.
    pub fn new(device: Device, options: Options) -> Self {
        let resets_left = AtomicU32::new(options.max_resets);
        Self(Arc::new(Card {
            device,
            id: DeviceId::unique(),
            options,
            recovering: AtomicBool::new(false),
            resets_left,
            compiled: Mutex::default(),
            clock: AtomicU64::new(0),
        }))
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.0.device
    }
}

impl Card {
    /// Takes the least recently used model off the card, `besides` apart; says whether there was one.
    fn make_room(&self, besides: &OnCard) -> bool {
        let mut others: Vec<Arc<OnCard>> = lock(&self.compiled).iter().filter_map(Weak::upgrade).collect();
        others.retain(|other| !std::ptr::eq(Arc::as_ptr(other), besides));
        others.sort_by_key(|other| other.used.load(Ordering::Relaxed));
        // One that is locked is running.
        others.iter().any(|other| {
            other
                .loaded
                .try_lock()
                .is_ok_and(|mut loaded| loaded.take().is_some())
        })
    }

    /// Starts a reset, away from the caller, if the card is worth one.
    fn recover(self: &Arc<Self>) {
        let worth = matches!(self.device.health(), Health::Unhealthy(_));
        if !worth || self.recovering.swap(true, Ordering::AcqRel) {
            return;
        }
        let left = self
            .resets_left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
        let card = self.clone();
        let reset = move || {
            // Its outcome is the device's health.
            let _ = card.device.reset();
            card.recovering.store(false, Ordering::Release);
        };
        let started = left.is_ok()
            && std::thread::Builder::new()
                .name("card-reset".into())
                .spawn(reset)
                .is_ok();
        if !started {
            self.recovering.store(false, Ordering::Release);
        }
    }
}

impl Backend for FpgaBackend {
    fn name(&self) -> &'static str {
        "fpga"
    }

    fn placement(&self) -> Placement {
        Placement::Device(self.0.id)
    }

    fn healthy(&self) -> bool {
        if self.0.recovering.load(Ordering::Acquire) {
            return false;
        }
        let healthy = self.0.device.health().is_healthy();
        if !healthy {
            self.0.recover();
        }
        healthy
    }

    fn report(&self) -> DeviceReport {
        let counters = self.0.device.counters();
        DeviceReport {
            jobs: counters.jobs,
            dma_bytes: counters.dma_to_card_bytes + counters.dma_from_card_bytes,
            faults: counters.faults,
            loads: counters.loads,
        }
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        takes(graph, &self.0.device.capabilities().geometry)
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        let checked = self.0.options.checked;
        let mode = if checked { Mode::Checked } else { Mode::Fast };
        let compiled = compile(segment, self.0.device.capabilities(), mode).map_err(|e| match e {
            CompileError::TooLarge { .. } => BackendError::TooLarge(e.to_string()),
            other => BackendError::NotTaken(other.to_string()),
        })?;
        let checker = if checked {
            Some(Checker::new(segment, &compiled.products)?)
        } else {
            None
        };
        let on_card = Arc::new(OnCard {
            segment: segment.clone(),
            card: self.0.clone(),
            compiled,
            checker,
            loaded: Mutex::new(None),
            used: AtomicU64::new(0),
        });
        let mut all = lock(&self.0.compiled);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&on_card));
        Ok(on_card)
    }
}

#[derive(Debug)]
struct OnCard {
    segment: Segment,
    card: Arc<Card>,
    compiled: Compiled,
    checker: Option<Checker>,
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

impl OnCard {
    /// Program and weights on the card, loaded again if a reset or another model took them.
    fn load(&self) -> Result<MutexGuard<'_, Option<Loaded>>, DeviceError> {
        let device = &self.card.device;
        let mut loaded = lock(&self.loaded);
        let boot_nonce = device.boot_nonce();
        if loaded.as_ref().is_none_or(|l| l.boot_nonce != boot_nonce) {
            *loaded = None;
            let program = self.with_room(|| device.load_program(&self.compiled.program))?;
            let resident = &self.compiled.resident;
            let data = if resident.is_empty() {
                None
            } else {
                Some(self.with_room(|| device.load_resident(resident))?)
            };
            *loaded = Some(Loaded {
                boot_nonce,
                program,
                data,
            });
        }
        self.used
            .store(self.card.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
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

    fn run_on_card(&self, inputs: &[&[u8]]) -> Result<Vec<Vec<u8>>, DeviceError> {
        let loaded = self.load()?;
        let Some(Loaded { program, data, .. }) = loaded.as_ref() else {
            return Err(DeviceError::StaleResident);
        };
        let job = RunJob {
            program,
            data: data.as_ref(),
            state: None,
            workspace_bytes: self.compiled.workspace_bytes,
            inputs,
            output_bytes: self.compiled.output_bytes,
            // Items may hold tensors of several types: to the card they are bytes.
            dtype_in: Dtype::U8,
            dtype_out: Dtype::U8,
        };
        self.with_room(|| self.card.device.run(&job))
    }
}

impl Executable for OnCard {
    /// Results come back to the host at once: in checked mode they are not to be used before, and the driver
    /// copies every output out of the card's reach.
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        let item = self.compiled.input_bytes.max(self.compiled.output_bytes).max(1);
        let by_work = self.card.device.capabilities().work_budget / self.compiled.work.max(1);
        let most = (MAX_JOB_BYTES / item)
            .min(by_work as usize)
            .clamp(1, self.card.device.capabilities().max_batch as usize);
        let items = batch.to_items()?;
        let mut outputs = Vec::with_capacity(items.len());
        for job in items.chunks(most) {
            let inputs: Vec<&[u8]> = job.iter().map(|item| &**item).collect();
            let results = self.run_on_card(&inputs).map_err(|error| {
                self.card.recover();
                match error {
                    DeviceError::CardMemoryFull(_)
                    | DeviceError::HandlesExhausted(_)
                    | DeviceError::TooLarge { .. } => BackendError::TooLarge(error.to_string()),
                    other => BackendError::Device(other.to_string()),
                }
            })?;
            for (input, mut result) in inputs.iter().zip(results) {
                if let Some(checker) = &self.checker {
                    checker.check(input, &result).map_err(|wrong| {
                        self.card.device.condemn(DeviceError::WrongResult(wrong.clone()));
                        self.card.recover();
                        BackendError::WrongResult(wrong)
                    })?;
                    result.truncate(checker.output_bytes());
                }
                outputs.push(Bytes::from(result));
            }
        }
        Batch::from_items(types(&self.segment, self.segment.outputs()), outputs)
    }
}

/// What these locks guard is whole after any panic: at worst a model is loaded again.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
