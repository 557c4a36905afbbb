//! The device handle: what a user of a card holds, shared between threads.
//!
//! Many jobs are in flight at a time: submitting one gives a [`Running`], and whoever waits takes answers
//! for all. A device has several queue pairs (`pair`), each with rings, jobs and a lock of its own (`state`, `jobs`,
//! `ticket`, `clock`), and what is of the whole device under one more (`common`). No register is touched under either,
//! so a thread that a hung card holds in an access holds no other. The rest is a file each: `submit` (from a
//! job to an entry), `answers` (completions), `wait`, the jobs `resident`, `run`, `keccak` and `nops`,
//! `bring_up` (handshake, rings, self-test), `reset` (the way out of service and back), and `futures` (for callers
//! that must not block). The rules are the ABI's, docs/device.md, and docs/driver.md's.

mod answers;
mod bring_up;
mod clock;
mod common;
mod dma_memory;
mod futures;
mod jobs;
mod keccak;
mod nops;
mod pair;
mod reset;
mod resident;
mod ring_sizes;
mod run;
mod running;
mod state;
mod submit;
mod ticket;
mod wait;

pub use futures::{AsyncDevice, Job, OwnedRunJob, Submitting};
pub use reset::reset_card;
pub use resident::Resident;
pub use run::RunJob;
pub use running::Running;
pub use submit::MAX_TRANSFER_BYTES;

use crate::budget::Budget;
use crate::card_counters::{self, CardCounters};
use crate::counters::{Counters, LiveCounters, add};
use crate::error::DeviceError;
use crate::health::Health;
use crate::lending::LentBuffer;
use crate::pool::Pool;
use crate::transport::Transport;
use crate::watch;
use common::Whole;
use metisvm_firmware::registers as reg;
use metisvm_firmware::{Capabilities, Program};
use pair::Pair;
use reset::Dead;
use resident::Kind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread;
use std::time::Duration;
use submit::Caller;
use ticket::Answer;

/// How to use a device.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long the card may take over a job: from its submission on, or from the time on when all jobs
    /// that were submitted before it were settled.
    pub timeout: Duration,
    /// How long the card may take to acknowledge a reset, or to become ready.
    pub reset_timeout: Duration,
    /// Base-2 logarithm of the rings' entries; less if the card's limit is less.
    pub ring_entries_log2: u32,
    /// How many queue pairs; `None`: one for each processor. There are no more than the card has queues, or the link
    /// interrupt vectors, and fewer where `dma_bytes` leaves little for rings; at least one.
    pub queues: Option<u16>,
    /// Run the self-test at each handshake.
    pub self_test: bool,
    /// The most bytes of memory that are mapped for the card's DMA together: rings, buffers in use and kept, and what a
    /// card never gave back.
    pub dma_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            reset_timeout: Duration::from_secs(2),
            ring_entries_log2: 10,
            queues: None,
            self_test: true,
            dma_bytes: u64::MAX,
        }
    }
}

/// An open card, to be shared between threads.
pub struct Device {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Arc<dyn Transport>,
    options: Options,
    capabilities: Capabilities,
    counters: LiveCounters,
    pool: Pool,
    /// How long a wait spins on this machine.
    spin: Duration,
    /// What is of the whole device.
    whole: Whole,
    /// Those that it can have.
    pairs: Vec<Pair>,
    /// How many of them have rings, from the first on; changes with a reset alone.
    open_pairs: AtomicUsize,
    /// The pairs have not been told yet of what was done to the device.
    untold: AtomicBool,
}

impl Device {
    /// Shakes hands with a card and makes it ready for work: magic, ABI version, capabilities,
    /// a boot nonce, rings, the self-test. A card that an earlier host has left is reset first.
    ///
    /// # Errors
    /// What the card got wrong.
    pub fn open(transport: Box<dyn Transport>, options: Options) -> Result<Self, DeviceError> {
        let transport: Arc<dyn Transport> = Arc::from(transport);
        // Vectors are numbered from 0, and a queue's is its own number.
        let vectors = transport.vectors();
        if vectors == 0 {
            return Err(DeviceError::NoInterrupt);
        }
        let (capabilities, boot_nonce) = bring_up::take(&*transport, &options)?;
        let processors = || thread::available_parallelism().map_or(1, usize::from);
        let wanted = options.queues.map_or_else(processors, usize::from);
        let possible = usize::from(vectors).min(capabilities.max_queues as usize);
        let pairs = wanted.min(possible).max(1);
        let counters = LiveCounters::default();
        let pair = |queue| Pair::new(queue, Arc::clone(&counters.in_flight));
        let pairs = (0..u16::MAX).take(pairs).map(pair).collect();
        let shared = Arc::new(Shared {
            transport,
            options,
            capabilities,
            counters,
            pool: Pool::new(Budget::new(options.dma_bytes)),
            spin: watch::spin_time(),
            whole: Whole::new(&capabilities, boot_nonce),
            pairs,
            open_pairs: AtomicUsize::new(1),
            untold: AtomicBool::new(false),
        });
        // If this fails, dropping the device closes it, and decides about what the card may still write.
        let device = Self { shared };
        device.shared.bring_up()?;
        device.shared.whole.lock().resetting = false;
        Ok(device)
    }

    /// What the card can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    /// Whether it takes work.
    pub fn health(&self) -> Health {
        self.shared.whole.lock().health.clone()
    }

    /// Puts the device out of service until a reset, for a fault that only its user can see (a
    /// wrong product, for one). Jobs in flight fail with it.
    pub fn condemn(&self, fault: DeviceError) {
        self.shared.condemn_now(&fault);
    }

    /// What it has done. Answers that are there by now are counted, also those that nobody waits for.
    pub fn counters(&self) -> Counters {
        for on in self.shared.all_pairs() {
            on.harvest(&mut on.lock());
        }
        let mut counters = self.shared.counters.snapshot();
        counters.leaked_bytes += self.shared.pool.budget().leaked();
        counters
    }

    /// A performance counter of the card (`metisvm_firmware::registers::counter` has the indices), from its power-up
    /// on; `None` if it has none, or is dead.
    pub fn card_counter(&self, index: u32) -> Option<u64> {
        let is_there =
            self.capabilities().features & reg::features::COUNTERS != 0 && index < reg::counter::COUNT;
        is_there
            .then(|| card_counters::one(&*self.shared.transport, index))
            .flatten()
    }

    /// All of the card's performance counters, one after the other: of a card that is at nothing they belong together.
    /// `None` if it has none.
    pub fn card_counters(&self) -> Option<CardCounters> {
        CardCounters::read(|index| self.card_counter(index))
    }

    /// The boot nonce that the card has from this host; another after each reset.
    pub fn boot_nonce(&self) -> u32 {
        self.shared.whole.lock().boot_nonce
    }

    /// Queue pairs that it has: threads on different ones have no lock in common.
    pub fn queues(&self) -> usize {
        self.shared.open_pairs()
    }

    /// Bytes of memory that are mapped for DMA now.
    pub fn mapped_bytes(&self) -> u64 {
        self.shared.pool.budget().mapped()
    }

    /// The most bytes that were mapped for DMA together.
    pub fn most_mapped_bytes(&self) -> u64 {
        self.shared.pool.budget().most()
    }

    /// The most bytes that may be.
    pub fn dma_bytes(&self) -> u64 {
        self.shared.options.dma_bytes
    }

    /// Bytes of DMA memory in quarantine.
    pub fn quarantined_bytes(&self) -> usize {
        let overdue = |on: pair::OnPair<'_>| on.lock().jobs.overdue_bytes();
        let overdue: usize = self.shared.all_pairs().map(overdue).sum();
        self.shared.whole.lock().quarantine.bytes() + overdue
    }

    /// Begins to copy bytes into card memory. Waits while the ring or the card's memory is full and jobs
    /// in flight give room back.
    ///
    /// # Errors
    /// A limit, no room, or a card out of service.
    pub fn submit_load(&self, bytes: &[u8]) -> Result<Running<Resident>, DeviceError> {
        self.load(bytes, Kind::Data)
    }

    /// Copies bytes into card memory that a RUN may write: [`RunJob::state`].
    ///
    /// # Errors
    /// No room, or a fault.
    pub fn load_state(&self, bytes: &[u8]) -> Result<Resident, DeviceError> {
        self.load(bytes, Kind::State)?.wait()
    }

    fn load(&self, bytes: &[u8], kind: Kind) -> Result<Running<Resident>, DeviceError> {
        let shared = &self.shared;
        shared.start_load(shared.here(), Caller::User, bytes, kind)
    }

    /// Copies a program into card memory.
    ///
    /// # Errors
    /// No room, or a fault.
    pub fn load_program(&self, program: &Program) -> Result<Resident, DeviceError> {
        let cost = program.cost(&self.shared.capabilities.geometry);
        let kind = Kind::Program { cost };
        self.load(&program.to_bytes(), kind)?.wait()
    }

    /// Copies bytes into card memory.
    ///
    /// # Errors
    /// No room, or a fault.
    pub fn load_resident(&self, bytes: &[u8]) -> Result<Resident, DeviceError> {
        self.submit_load(bytes)?.wait()
    }

    /// Begins to run a program; waits as [`Device::submit_load`]. What it reads stays on the card while
    /// it runs, even if it is dropped meanwhile.
    ///
    /// # Errors
    /// A limit, no room, or a card out of service.
    pub fn submit(&self, job: &RunJob<'_>) -> Result<Running<Vec<Vec<u8>>>, DeviceError> {
        let shared = &self.shared;
        shared.start_run(shared.here(), Caller::User, job)
    }

    /// Runs a program. Gives one output an item, in host memory that the card cannot reach.
    ///
    /// # Errors
    /// A limit, or a fault of the card. A program that the card refuses counts as one, and puts the
    /// device out of service: what a compiler makes is right by construction, so the card's copy or
    /// its judgement is wrong.
    pub fn run(&self, job: &RunJob<'_>) -> Result<Vec<Vec<u8>>, DeviceError> {
        self.submit(job)?.wait()
    }

    /// Begins to hash messages; waits as [`Device::submit_load`].
    ///
    /// # Errors
    /// A limit, or a card out of service.
    pub fn submit_keccak(&self, messages: &[&[u8]]) -> Result<Running<Vec<[u8; 32]>>, DeviceError> {
        self.shared.start_keccak(messages)
    }

    /// Keccak-256 of each message.
    ///
    /// # Errors
    /// A limit, or a fault of the card.
    pub fn keccak(&self, messages: &[&[u8]]) -> Result<Vec<[u8; 32]>, DeviceError> {
        self.submit_keccak(messages)?.wait()
    }

    /// Sends `count` NOPs and waits for all of them.
    ///
    /// # Errors
    /// A fault of the card.
    pub fn nop_batch(&self, count: usize) -> Result<(), DeviceError> {
        let shared = &self.shared;
        shared.on(shared.here()).nops(Caller::User, count)
    }

    /// Resets the card and brings it up again. Jobs in flight are waited for until they are answered or
    /// their time is up; no new ones are taken meanwhile. Everything resident is lost. An acknowledged
    /// reset frees the quarantine; without one the device is dead, and the quarantine is unmapped if that
    /// isolates it, else leaked.
    ///
    /// # Errors
    /// A dead card, which is left alone; no acknowledgement; whatever the handshake finds.
    pub fn reset(&self) -> Result<(), DeviceError> {
        self.shared.reset(Dead::IsLeftAlone)
    }

    /// Looks whether a dead card answers again, and resets it if it does: a link that was lost may have come back. It
    /// reads one register to find out, which on a card that is away may block for as long as its bus allows.
    ///
    /// # Errors
    /// As [`Device::reset`].
    pub fn revive(&self) -> Result<(), DeviceError> {
        self.shared.reset(Dead::IsTried)
    }

    /// Whether the link is broken, so that the card's registers cannot come back by themselves.
    pub fn link_is_broken(&self) -> bool {
        self.shared.transport.failure().is_some()
    }

    /// Gives the link up, so that the card can be opened anew: jobs in flight fail, and the device is dead for good.
    pub fn close(&self) {
        self.shared.transport.close();
        self.condemn(DeviceError::Dead);
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
    /// Counts what a job moved, and takes its buffer back.
    fn finish(&self, buffer: Option<LentBuffer>, to_card: usize, from_card: usize) {
        add(&self.counters.to_card, to_card as u64);
        add(&self.counters.from_card, from_card as u64);
        if let Some(buffer) = buffer {
            self.give_back(buffer);
        }
    }

    /// Copies the output of a job out of memory that the card can reach, takes the buffer back, and holds
    /// the copy against the completion.
    fn collect(
        &self,
        answer: Answer,
        output: usize,
        [to_card, from_card]: [usize; 2],
    ) -> Result<Vec<u8>, DeviceError> {
        let Answer { buffer, detail } = answer;
        let copy = buffer
            .as_ref()
            .map_or_else(Vec::new, |buffer| buffer.copy_out(output, from_card));
        self.finish(buffer, to_card, from_card);
        let found = crc32fast::hash(&copy);
        if found == detail {
            return Ok(copy);
        }
        let fault = DeviceError::OutputChecksum {
            written: detail,
            found,
        };
        self.condemn_now(&fault);
        Err(fault)
    }
}
