//! The card that a Verilated board makes.
//!
//! The model is behind a lock. The card's thread clocks it while something is in progress, a piece at a time; a
//! register access takes the lock between two pieces and clocks the model itself until the access is answered.
//! What the card wants of host memory waits for the card's thread, which asks the host without the lock.

use super::boards::Source;
use super::ffi::{Counts, MOST_WORDS, Model, Step, Wish};
use super::library::{self, BuildError};
use super::memory::MemoryOptions;
use metisvm_firmware::Capabilities;
use metisvm_firmware::pci::BAR0_BYTES;
use metisvm_firmware::port::{Activity, CardModel, HostPort, Registers};
use metisvm_firmware::registers::{ALL_ONES, features};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Cycles of a poll where nothing else is asked for, and of the time in which a register access waits for the lock.
const CYCLES_PER_POLL: u64 = 2048;
const CYCLES_PER_PIECE: u64 = 256;
/// Cycles after which a register access that is not answered makes the card a dead one.
const ACCESS_CYCLES: u64 = 10_000;
/// The longest that a register read waits for the writes before it.
const WRITES_ARRIVE_WITHIN: Duration = Duration::from_millis(20);
/// The longest that a look into card memory waits for what the card still does. A busy machine runs a card's thread
/// late; a card with a fault may work for ever.
const RESTS_WITHIN: Duration = Duration::from_secs(2);
/// The longest delay of data: for ever, and cycles can still be added to it.
const MOST_DELAY: u64 = u64::MAX / 2;
/// Looks at register accesses that wait for the lock before the card goes on.
const LOOKS: usize = 100;

/// How a card in RTL is simulated.
#[derive(Clone, Debug)]
pub struct RtlOptions {
    /// From the request of a DMA read to its data, at the card's clock.
    pub latency: Duration,
    /// Card memory that is beyond AXI pins.
    pub memory: MemoryOptions,
    /// Where there is a seed: the bus stalls every channel at random, delays data by up to four latencies,
    /// and lets completions of different tags overtake each other and interleave. Card memory stalls its five channels and
    /// delays its answers likewise.
    pub disorder: Option<u64>,
    /// A file for waveforms (FST).
    pub trace: Option<PathBuf>,
    /// A seeded fault of the test build; 0 for none.
    pub fault: u32,
    /// The most cycles of a poll, at least 1: with few, who polls can act at any cycle.
    pub cycles_per_poll: u64,
}

impl Default for RtlOptions {
    fn default() -> Self {
        Self {
            latency: Duration::from_micros(1),
            memory: MemoryOptions::default(),
            disorder: None,
            trace: None,
            fault: 0,
            cycles_per_poll: CYCLES_PER_POLL,
        }
    }
}

/// Why there is no card in RTL.
#[derive(Debug)]
pub enum RtlError {
    /// Its library could not be built.
    Build(BuildError),
    /// Its library could not be used.
    Load(String),
    /// Waveforms cannot be written there.
    Trace(PathBuf),
    /// It has no seeded faults.
    NoFaults,
}

impl fmt::Display for RtlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::Load(error) => write!(f, "the card's simulation cannot be loaded: {error}"),
            Self::Trace(path) => write!(f, "waveforms cannot be written to {}", path.display()),
            Self::NoFaults => f.write_str("this card was built without seeded faults"),
        }
    }
}

impl std::error::Error for RtlError {}

/// A card in RTL. One thread polls it; registers may be accessed from any.
#[derive(Debug)]
pub struct RtlCard {
    shared: Arc<Shared>,
    capabilities: Capabilities,
    latency_cycles: u64,
    cycles_per_poll: u64,
    /// Of the delays of data, where they are random.
    random: Option<u64>,
    buffer: Vec<u64>,
}

/// A look into a card in RTL, for those who have given the card away.
#[derive(Clone, Debug)]
pub struct Meter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    model: Mutex<Model>,
    /// Register accesses that wait for the lock.
    waiting: AtomicUsize,
    /// DMA writes that are in host memory.
    delivered: AtomicU64,
}

impl RtlCard {
    /// A card in the state after power-up, built into `cache` on first use, of which `progress` is told.
    ///
    /// # Errors
    /// What keeps it from being built, loaded, or traced.
    pub fn new(
        source: &Source,
        options: &RtlOptions,
        cache: &Path,
        progress: &dyn Fn(&str),
    ) -> Result<Self, RtlError> {
        let library =
            library::build(source, options.trace.is_some(), cache, progress).map_err(RtlError::Build)?;
        // What it has, its own registers say.
        let mut probe = Model::new(&library, 0).map_err(RtlError::Load)?;
        let capabilities =
            Capabilities::read(|register| probe.read(register, ACCESS_CYCLES).unwrap_or(ALL_ONES));
        drop(probe);
        let memory_bytes = memory_bytes(&capabilities);
        let mut model = Model::new(&library, memory_bytes).map_err(RtlError::Load)?;
        if let Some(path) = &options.trace
            && !model.trace(path)
        {
            return Err(RtlError::Trace(path.clone()));
        }
        if let Some(seed) = options.disorder {
            model.disorder(64, seed);
        }
        if options.fault != 0 && !model.select_fault(options.fault) {
            return Err(RtlError::NoFaults);
        }
        let cycles = |time: Duration| {
            let cycles = time.as_nanos() * u128::from(capabilities.clock_khz) / 1_000_000;
            u64::try_from(cycles).unwrap_or(MOST_DELAY).min(MOST_DELAY)
        };
        let memory_latency = cycles(options.memory.latency);
        model.set_memory(&options.memory.model(memory_latency));
        Ok(Self {
            shared: Arc::new(Shared {
                model: Mutex::new(model),
                waiting: AtomicUsize::new(0),
                delivered: AtomicU64::new(0),
            }),
            capabilities,
            latency_cycles: cycles(options.latency),
            cycles_per_poll: options.cycles_per_poll.max(1),
            random: options.disorder.map(|seed| seed | 1),
            buffer: vec![0; MOST_WORDS],
        })
    }

    /// What its registers say that it has.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// A look into it that outlives giving it away.
    pub fn meter(&self) -> Meter {
        Meter {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Cycles until the data of a read are there.
    fn delay(&mut self) -> u64 {
        let Some(state) = &mut self.random else {
            return self.latency_cycles;
        };
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % self.latency_cycles.saturating_mul(4).clamp(1, MOST_DELAY)
    }

    fn grant(&mut self, wish: Wish, host: &dyn HostPort) {
        match wish {
            Wish::Read { tag, address, words } => {
                let fetched = host.read_words(address, &mut self.buffer[..words]).is_ok();
                let delay = self.delay();
                let answer = fetched.then_some(&self.buffer[..words]);
                self.shared.lock().answer(tag, answer, delay);
            }
            // Posted: the card does not learn whether it arrived.
            Wish::Write { address, words } => {
                let _ = host.write_words(address, &self.buffer[..words]);
                self.shared.delivered.fetch_add(1, Ordering::Release);
            }
            Wish::Interrupt(vector) => host.raise(vector),
        }
    }
}

/// Card memory, and above what the host sees of it two areas each for an item's input and output: a card with a tensor
/// engine has its memory to itself.
fn memory_bytes(capabilities: &Capabilities) -> u64 {
    let area = |bytes: u32| 2 * u64::from(bytes).next_multiple_of(64);
    let areas = area(capabilities.max_input_bytes) + area(capabilities.max_output_bytes);
    let has_areas = capabilities.features & features::TENSOR != 0;
    capabilities.card_memory_bytes + if has_areas { areas } else { 0 }
}

impl CardModel for RtlCard {
    fn registers(&self) -> Arc<dyn Registers> {
        Arc::clone(&self.shared) as Arc<dyn Registers>
    }

    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        let mut worked = false;
        let piece = self.cycles_per_poll.min(CYCLES_PER_PIECE);
        for _ in 0..self.cycles_per_poll / piece {
            self.shared.let_accesses_pass();
            let mut model = self.shared.lock();
            match model.run(piece) {
                Step::Idle => return if worked { Activity::Worked } else { Activity::Idle },
                Step::GoesOn => worked = true,
                Step::Wish(wish) => {
                    if let Wish::Write { words, .. } = wish {
                        self.buffer[..words].copy_from_slice(model.words(words));
                    }
                    drop(model);
                    worked = true;
                    self.grant(wish, host);
                }
            }
        }
        Activity::Worked
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock, for a register access.
    fn access(&self) -> MutexGuard<'_, Model> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let model = self.lock();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        model
    }

    /// On a bus, the answer to a register read pushes the writes before it ahead of it: they are in memory when
    /// the host has the answer. A card that is not polled any more, or whose writes a fault holds back, is not
    /// waited for.
    fn wait_for_writes(&self, written: u64) {
        let deadline = Instant::now() + WRITES_ARRIVE_WITHIN;
        while self.delivered.load(Ordering::Acquire) < written && Instant::now() < deadline {
            thread::yield_now();
        }
    }

    /// A lock is not fair: who holds it most of the time must step back.
    fn let_accesses_pass(&self) {
        for _ in 0..LOOKS {
            if self.waiting.load(Ordering::SeqCst) == 0 {
                return;
            }
            thread::yield_now();
        }
    }
}

/// Whether there can be a register: whole words of the BAR.
fn is_register(offset: u32) -> bool {
    offset.is_multiple_of(4) && offset < BAR0_BYTES
}

/// A card that does not answer, or broke the contract of its pins, reads all ones from then on.
impl Registers for Shared {
    fn read32(&self, offset: u32) -> u32 {
        let mut model = self.access();
        if !is_register(offset) && model.broken_rule().is_none() {
            return 0;
        }
        let value = model.read(offset, ACCESS_CYCLES).unwrap_or(ALL_ONES);
        let written = model.counts().writes;
        drop(model);
        self.wait_for_writes(written);
        value
    }

    fn write32(&self, offset: u32, value: u32) {
        if is_register(offset) {
            // Whether it was taken, the next read tells.
            let _ = self.access().write(offset, value, ACCESS_CYCLES);
        }
    }
}

impl Meter {
    /// What the card has done.
    pub fn counts(&self) -> Counts {
        self.shared.access().counts()
    }

    /// The rule of the pin-level contract that the card broke, if it did.
    pub fn broken(&self) -> Option<String> {
        self.shared.access().broken_rule()
    }

    /// Reads card memory when the card rests, as what was made resident may be answered before it is written; of a card
    /// that works for seconds, what is there then. `None` if memory does not reach so far.
    pub fn card_memory(&self, address: u64, words: usize) -> Option<Vec<u64>> {
        let deadline = Instant::now() + RESTS_WITHIN;
        let mut model = self.shared.access();
        while !model.rests() && Instant::now() < deadline {
            drop(model);
            thread::yield_now();
            model = self.shared.access();
        }
        let mut read = vec![0; words];
        model.read_memory(address, &mut read).then_some(read)
    }

    /// Raises the function-level reset, which the card's thread sees with its next poll.
    pub fn reset_function(&self) {
        self.shared.access().reset_function();
    }
}
