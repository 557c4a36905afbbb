//! The `fpga` backend: graphs become tensor programs, weights stay on the card, and in checked mode
//! every product is verified before its result is used.
//!
//! What does not fit card memory beside what is there takes the place of the model that was used least
//! recently. A card that fails is out of service; a thread resets it, a bounded number of times, while other
//! backends do its work. What was resident is loaded again when it is next needed.

mod compile;
mod cycles;
mod engine;
mod estimate;
mod flight;
mod on_card;
mod overlap;

pub use compile::{CompileError, Compiled, Mode, compile, takes};
pub use engine::Engine;
pub use estimate::Estimate;

use crate::backend::{Backend, BackendError, DeviceId, DeviceReport, Executable, Placement};
use crate::check::Checker;
use metisvm_driver::{Device, Health};
use metisvm_firmware::registers::features;
use metisvm_model::{Graph, Segment};
use on_card::{OnCard, Part};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

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
    compiled: Mutex<Vec<Weak<Part>>>,
    /// Multiply-accumulates of what it computed.
    macs: AtomicU64,
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
            macs: AtomicU64::new(0),
            clock: AtomicU64::new(0),
        }))
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    /// Multiply-accumulates of all that the card computed: those of the models, without what fills its tiles up.
    pub fn macs(&self) -> u64 {
        self.0.macs.load(Ordering::Relaxed)
    }

    /// How far it is trusted.
    pub fn options(&self) -> Options {
        self.0.options
    }

    /// Whether the card has the engine for tensor programs; one without takes no part of any model.
    pub fn infers(&self) -> bool {
        self.0.device.capabilities().features & features::TENSOR != 0
    }
}

impl Card {
    /// Takes the least recently used model off the card, `besides` apart; says whether there was one. A job
    /// that still runs keeps what it reads until it is answered.
    fn make_room(&self, besides: &Part) -> bool {
        let mut others: Vec<Arc<Part>> = lock(&self.compiled).iter().filter_map(Weak::upgrade).collect();
        others.retain(|other| !std::ptr::eq(Arc::as_ptr(other), besides));
        others.sort_by_key(|other| other.used());
        others.iter().any(|other| other.unload())
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

    /// One that is at work, one that waits for it to be done, and one that the host checks.
    fn max_in_flight(&self) -> usize {
        3
    }

    fn identity(&self) -> Option<String> {
        let card = self.0.device.capabilities();
        let mode = if self.0.options.checked {
            "checked"
        } else {
            "trusted"
        };
        Some(format!(
            "{} with {:?}, {mode}",
            device_identity(card),
            card.geometry
        ))
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        if !self.infers() {
            return Vec::new();
        }
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
        let part = Arc::new(Part::new(segment.clone(), self.0.clone(), compiled, checker));
        let mut all = lock(&self.0.compiled);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&part));
        Ok(Arc::new(OnCard(part)))
    }
}

/// A card's build and clock.
pub(crate) fn device_identity(card: &metisvm_firmware::Capabilities) -> String {
    format!("card {:#x} at {} kHz", card.build_id, card.clock_khz)
}

/// What these locks guard is whole after any panic: at worst a model is loaded again.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
