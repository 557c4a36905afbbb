//! The device handle: what a user of a card holds, shared between threads.
//!
//! A device is one lock around one queue pair, and each job holds it from start to end. The
//! rest is a file each: `bring_up` (handshake, queue pair, self-test), `transact` (one entry and its
//! completion), the jobs `resident`, `run`, `keccak` and `nops`, and `reset` (the way out of service
//! and back). The rules are the ABI's, docs/device.md.

mod bring_up;
mod keccak;
mod nops;
mod reset;
mod resident;
mod run;
mod transact;

pub use resident::Resident;
pub use run::RunJob;

use crate::card_memory::{CardMemory, Handles};
use crate::counters::{Counters, LiveCounters};
use crate::error::DeviceError;
use crate::health::Health;
use crate::pool::Pool;
use crate::ring::QueuePair;
use crate::transport::Transport;
use metisvm_firmware::{Capabilities, Program};
use resident::{Kind, Place};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How to use a device.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a job may take, from its submission on.
    pub timeout: Duration,
    /// How long the card may take to acknowledge a reset, or to become ready.
    pub reset_timeout: Duration,
    /// Base-2 logarithm of the rings' entries; less if the card's limit is less.
    pub ring_entries_log2: u32,
    /// Run the self-test at each handshake.
    pub self_test: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            reset_timeout: Duration::from_secs(2),
            ring_entries_log2: 10,
            self_test: true,
        }
    }
}

/// An open card. It may be shared between threads; jobs run one after the other.
pub struct Device {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Arc<dyn Transport>,
    options: Options,
    capabilities: Capabilities,
    counters: LiveCounters,
    state: Mutex<State>,
    /// Resident memory that was dropped, to be evicted before the next job.
    dropped: Mutex<Vec<Place>>,
}

struct State {
    health: Health,
    queue: Option<QueuePair>,
    pool: Pool,
    boot_nonce: u32,
    memory: CardMemory,
    handles: Handles,
}

impl Device {
    /// Shakes hands with a card and makes it ready for work: magic, ABI version, capabilities,
    /// a boot nonce, a queue pair, the self-test. A card that an earlier host has left is reset first.
    ///
    /// # Errors
    /// What the card got wrong.
    pub fn open(transport: Box<dyn Transport>, options: Options) -> Result<Self, DeviceError> {
        let transport: Arc<dyn Transport> = Arc::from(transport);
        let (capabilities, boot_nonce) = bring_up::take(&*transport, &options)?;
        let state = State {
            health: Health::Healthy,
            queue: None,
            pool: Pool::default(),
            boot_nonce,
            memory: CardMemory::new(capabilities.card_memory_bytes),
            handles: Handles::new(capabilities.max_handles),
        };
        let shared = Shared {
            transport,
            options,
            capabilities,
            counters: LiveCounters::default(),
            state: Mutex::new(state),
            dropped: Mutex::default(),
        };
        // If this fails, dropping the device closes it, and what the card may still write is leaked.
        let device = Self {
            shared: Arc::new(shared),
        };
        device.shared.bring_up(&mut device.shared.lock())?;
        Ok(device)
    }

    /// What the card can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    /// Whether it takes work.
    pub fn health(&self) -> Health {
        self.shared.lock().health.clone()
    }

    /// Puts the device out of service until a reset, for a fault that only its user can see (a
    /// wrong product, for one).
    pub fn condemn(&self, fault: DeviceError) {
        self.shared.condemn(&mut self.shared.lock(), &fault);
    }

    /// What it has done.
    pub fn counters(&self) -> Counters {
        self.shared.counters.snapshot()
    }

    /// The boot nonce that the card has from this host; another after each reset.
    pub fn boot_nonce(&self) -> u32 {
        self.shared.lock().boot_nonce
    }

    /// Bytes of DMA memory in quarantine.
    pub fn quarantined_bytes(&self) -> usize {
        self.shared.lock().pool.quarantined_bytes()
    }

    /// Copies bytes into card memory.
    ///
    /// # Errors
    /// No room, or a fault.
    pub fn load_resident(&self, bytes: &[u8]) -> Result<Resident, DeviceError> {
        self.load(bytes, Kind::Data)
    }

    /// Copies bytes into card memory that a RUN may write: [`RunJob::state`].
    ///
    /// # Errors
    /// No room, or a fault.
    pub fn load_state(&self, bytes: &[u8]) -> Result<Resident, DeviceError> {
        self.load(bytes, Kind::State)
    }

    /// Copies a program into card memory.
    ///
    /// # Errors
    /// No room, or a fault.
    pub fn load_program(&self, program: &Program) -> Result<Resident, DeviceError> {
        let cost = program.cost(&self.shared.capabilities.geometry);
        self.load(&program.to_bytes(), Kind::Program { cost })
    }

    fn load(&self, bytes: &[u8], kind: Kind) -> Result<Resident, DeviceError> {
        let place = self.shared.load(&mut *self.shared.ready()?, bytes, kind)?;
        Ok(Resident {
            place,
            owner: Arc::downgrade(&self.shared),
        })
    }

    /// Runs a program. Gives one output an item, in host memory that the card cannot reach.
    ///
    /// # Errors
    /// A limit, or a fault of the card. A program that the card refuses counts as one, and puts the
    /// device out of service: what a compiler makes is right by construction, so the card's copy or
    /// its judgement is wrong.
    pub fn run(&self, job: &RunJob<'_>) -> Result<Vec<Vec<u8>>, DeviceError> {
        self.shared.run(&mut *self.shared.ready()?, job)
    }

    /// Keccak-256 of each message.
    ///
    /// # Errors
    /// A limit, or a fault of the card.
    pub fn keccak(&self, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        self.shared.keccak(&mut *self.shared.ready()?, messages)
    }

    /// Sends `count` NOPs and waits for all of them.
    ///
    /// # Errors
    /// A fault of the card.
    pub fn nop_batch(&self, count: usize) -> Result<(), DeviceError> {
        self.shared.nops(&mut *self.shared.ready()?, count)
    }

    /// Resets the card and brings it up again. Everything resident is lost. An acknowledged reset
    /// frees the quarantine; an unacknowledged one leaks it, and the device is dead.
    ///
    /// # Errors
    /// A dead card, which is left alone; no acknowledgement; whatever the handshake finds.
    pub fn reset(&self) -> Result<(), DeviceError> {
        let mut state = self.shared.lock();
        self.shared.reset(&mut state)?;
        self.shared.bring_up(&mut state)
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device")
            .field("capabilities", self.capabilities())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of a device that takes work, after the evictions that are due.
    fn ready(&self) -> Result<MutexGuard<'_, State>, DeviceError> {
        let mut state = self.lock();
        state.health.check()?;
        self.evict_dropped(&mut state)?;
        Ok(state)
    }
}
