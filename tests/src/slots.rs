//! Slots with cards that can be pulled out and put back, and links that count the memory that they map.

use metisvm_accel::fpga::{FpgaBackend, Options};
use metisvm_driver::{Device, DmaRegion, InProcess, Transport, TransportError};
use metisvm_firmware::Geometry;
use metisvm_firmware::port::{Activity, CardModel, HostPort, Registers};
use metisvm_sim::{Fault, FaultPlan, FaultyCard, FunctionalCard, SimOptions, Trigger};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A slot: each opening finds a card that nobody has used yet.
#[derive(Clone, Debug)]
pub struct Slot {
    options: metisvm_driver::Options,
    /// How many times as long as they work its cards rest after it.
    rests: u32,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Of the card that is in it now.
    plan: Mutex<FaultPlan>,
    mapped: AtomicU64,
    openings: AtomicU64,
    /// Faults that happened to the cards before.
    fired: AtomicU64,
}

impl Slot {
    /// A slot whose cards the driver uses with these options.
    pub fn new(options: metisvm_driver::Options) -> Self {
        Self {
            options,
            rests: 0,
            state: Arc::default(),
        }
    }

    /// A slot with cards that rest so many times as long as they work: on a busy machine, too, they are slower by that.
    #[must_use]
    pub fn with_rests(self, rests: u32) -> Self {
        Self { rests, ..self }
    }

    /// Opens what is in the slot.
    ///
    /// # Errors
    /// What the driver finds.
    pub fn open(&self) -> Result<Device, String> {
        let slow = Slow {
            card: FunctionalCard::new(SimOptions::new(Geometry::MEDIUM)),
            rests: self.rests,
        };
        let card = FaultyCard::new(slow);
        let mut plan = self.state.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *plan, card.faults());
        drop(plan);
        self.state.fired.fetch_add(before.fired(), Ordering::Relaxed);
        self.state.openings.fetch_add(1, Ordering::Relaxed);
        let link = InProcess::start(Box::new(card)).map_err(|error| error.to_string())?;
        let counted = Counted {
            link,
            state: self.state.clone(),
        };
        Device::open(Box::new(counted), self.options).map_err(|error| error.to_string())
    }

    /// The card in the slot as a backend, which opens the slot anew when its link is lost.
    ///
    /// # Panics
    /// If it does not open.
    pub fn backend(&self, options: Options) -> Arc<FpgaBackend> {
        let device = self
            .open()
            .unwrap_or_else(|error| panic!("a sound card opens: {error}"));
        let slot = self.clone();
        Arc::new(FpgaBackend::reopening(
            device,
            options,
            Box::new(move || slot.open()),
        ))
    }

    /// Arms a fault of the card that is in it now.
    pub fn arm(&self, trigger: Trigger, fault: Fault) {
        self.plan().arm(trigger, fault);
    }

    /// Faults that happened.
    pub fn fired(&self) -> u64 {
        self.plan().fired() + self.state.fired.load(Ordering::Relaxed)
    }

    /// How often it was opened.
    pub fn openings(&self) -> u64 {
        self.state.openings.load(Ordering::Relaxed)
    }

    /// Bytes that are mapped for its cards, those of before among them.
    pub fn mapped_bytes(&self) -> u64 {
        self.state.mapped.load(Ordering::SeqCst)
    }

    fn plan(&self) -> FaultPlan {
        self.state
            .plan
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A card that rests after whatever it does.
#[derive(Debug)]
struct Slow {
    card: FunctionalCard,
    rests: u32,
}

impl CardModel for Slow {
    fn registers(&self) -> Arc<dyn Registers> {
        self.card.registers()
    }

    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        if self.rests == 0 {
            return self.card.poll(host);
        }
        let start = Instant::now();
        let activity = self.card.poll(host);
        if activity == Activity::Worked {
            std::thread::sleep(start.elapsed() * self.rests);
        }
        activity
    }
}

/// A link that counts what it maps.
struct Counted {
    link: InProcess,
    state: Arc<State>,
}

impl Transport for Counted {
    fn read32(&self, offset: u32) -> u32 {
        self.link.read32(offset)
    }

    fn write32(&self, offset: u32, value: u32) {
        self.link.write32(offset, value);
    }

    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        let region = self.link.allocate(bytes)?;
        let bytes = region.memory.bytes() as u64;
        self.state.mapped.fetch_add(bytes, Ordering::SeqCst);
        Ok(region)
    }

    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        self.link.unmap(region)?;
        let bytes = region.memory.bytes() as u64;
        self.state.mapped.fetch_sub(bytes, Ordering::SeqCst);
        Ok(())
    }

    fn isolates_on_unmap(&self) -> bool {
        self.link.isolates_on_unmap()
    }

    fn vectors(&self) -> u16 {
        self.link.vectors()
    }

    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool {
        self.link.wait_interrupt(vector, timeout)
    }

    fn close(&self) {
        self.link.close();
    }

    fn failure(&self) -> Option<TransportError> {
        self.link.failure()
    }
}
