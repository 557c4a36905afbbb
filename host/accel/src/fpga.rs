//! The `fpga` backend: graphs become tensor programs, weights stay on the card, and in checked mode
//! every product is verified before its result is used.
//!
//! What does not fit card memory beside what is there takes the place of the model that was used least
//! recently. A card that fails is out of service and brought back in the background (`health`, `recovery`), while
//! other cards ([`FpgaPool`]) and backends do its work. What was resident is loaded again when it is next needed.

mod card;
mod compile;
mod cycles;
mod engine;
mod estimate;
mod flight;
mod health;
mod on_card;
mod overlap;
mod pool;
mod recovery;

pub use compile::{CompileError, Compiled, Mode, compile, takes};
pub use engine::Engine;
pub use estimate::Estimate;
pub use health::{Condition, State};
pub use pool::{FpgaPool, LateCard, MOST_CARDS, Member, Opener, PoolWork};

use crate::backend::{Backend, BackendError, DeviceReport, Executable, Placement};
use crate::check::Checker;
use card::{Card, Recovery, When};
use metisvm_driver::{Counters, Device};
use metisvm_firmware::Capabilities;
use metisvm_firmware::registers::features;
use metisvm_model::{Graph, Segment};
use on_card::{OnCard, Part};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Jobs of a card at once: one that is at work, one that waits for it to be done, and one that the host checks.
const MAX_IN_FLIGHT: usize = 3;

/// How far a card is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Check every product with Freivalds' test before using a result.
    pub checked: bool,
    /// Resets in a row, none of them followed by sound work, after which a failing card stays out of service.
    pub max_resets: u32,
    /// Wrong results, in all, with which it is taken out of service for good: a sound card computes none.
    pub max_wrong_results: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            checked: true,
            max_resets: 3,
            max_wrong_results: 3,
        }
    }
}

/// How to open a card anew whose link is given up: the same card, after its server has come back, for one.
pub type Reopen = Box<dyn Fn() -> Result<Device, String> + Send + Sync>;

/// One card.
#[derive(Debug)]
pub struct FpgaBackend(Arc<Card>);

impl FpgaBackend {
    /// A backend over an open device.
    pub fn new(device: Device, options: Options) -> Self {
        Self(Arc::new(Card::new(device, options, Recovery::Resets)))
    }

    /// The same for a device whose owner looks after it: the backend takes work while the device is healthy, and leaves
    /// a reset to the owner, whatever the faults.
    pub fn without_recovery(device: Device, options: Options) -> Self {
        Self(Arc::new(Card::new(device, options, Recovery::Owner)))
    }

    /// The same for a card that can be opened anew when it is away.
    pub fn reopening(device: Device, options: Options, reopen: Reopen) -> Self {
        Self(Arc::new(Card::new(
            device,
            options,
            Recovery::Opening(When::Away, reopen),
        )))
    }

    /// The same for a card that comes back by itself while its link is whole, so that it is opened anew only where that
    /// is broken: giving a card in a slot up takes up to 70 s.
    pub fn reopening_broken(device: Device, options: Options, reopen: Reopen) -> Self {
        Self(Arc::new(Card::new(
            device,
            options,
            Recovery::Opening(When::LinkIsBroken, reopen),
        )))
    }

    /// The device as it is open now; another one after the card was opened anew.
    pub fn device(&self) -> Arc<Device> {
        self.0.device()
    }

    /// What the card can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    /// Its state, and how it came to be in it.
    pub fn condition(&self) -> Condition {
        self.0.condition()
    }

    /// What the driver counted, over all links to the card.
    pub fn counters(&self) -> Counters {
        self.0.counters()
    }

    /// Multiply-accumulates of all that the card computed: those of the models, without what fills its tiles up.
    pub fn macs(&self) -> u64 {
        self.0.macs()
    }

    /// How long the host has checked the card's results, all threads together; nothing for one that is trusted.
    pub fn check_time(&self) -> Duration {
        self.0.check_time()
    }

    /// How far it is trusted.
    pub fn options(&self) -> Options {
        self.0.options
    }

    /// Whether the card has the engine for tensor programs; one without takes no part of any model.
    pub fn infers(&self) -> bool {
        self.capabilities().features & features::TENSOR != 0
    }

    /// Takes note of a job that was not an inference, and was done.
    pub(crate) fn did_a_job(&self) {
        self.0.did_a_job();
    }

    /// A result of the card is known to be wrong.
    pub(crate) fn was_wrong(&self, problem: &str) {
        self.0.was_wrong(&self.0.device(), problem);
    }

    /// Whether it is on probation, of a card that takes work.
    fn serves(&self) -> Option<bool> {
        let serves = self.0.takes_work();
        serves.then(|| self.0.condition().state == State::Degraded)
    }

    /// Makes a part ready for the card.
    fn make(&self, segment: &Segment) -> Result<Arc<Part>, BackendError> {
        let checked = self.0.options.checked;
        let mode = if checked { Mode::Checked } else { Mode::Fast };
        let compiled = compile(segment, self.capabilities(), mode).map_err(|e| match e {
            CompileError::TooLarge { .. } => BackendError::TooLarge(e.to_string()),
            other => BackendError::NotTaken(other.to_string()),
        })?;
        let checker = if checked {
            Some(Checker::new(segment, &compiled.products)?)
        } else {
            None
        };
        let part = Arc::new(Part::new(segment.clone(), self.0.clone(), compiled, checker));
        self.0.keep(&part);
        Ok(part)
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
        self.0.takes_work()
    }

    fn report(&self) -> DeviceReport {
        let counters = self.counters();
        DeviceReport {
            jobs: counters.jobs,
            dma_bytes: counters.dma_to_card_bytes + counters.dma_from_card_bytes,
            faults: counters.faults,
            loads: counters.loads,
        }
    }

    fn max_in_flight(&self) -> usize {
        MAX_IN_FLIGHT
    }

    fn identity(&self) -> Option<String> {
        let card = self.capabilities();
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
        takes(graph, &self.capabilities().geometry)
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(OnCard(self.make(segment)?)))
    }
}

/// A card's build and clock.
pub(crate) fn device_identity(card: &Capabilities) -> String {
    format!("card {:#x} at {} kHz", card.build_id, card.clock_khz)
}

/// What these locks guard is whole after any panic: at worst a model is loaded again.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
