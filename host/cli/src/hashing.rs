//! What hashes the state trie of a chain on disk.

use crate::args::{Engine, Keccak};
use crate::cards::{self, Opened, RTL_TIMEOUT, Use};
use crate::composition::open_opencl;
use crate::counted_cpu::CountedCpu;
use crate::user_cache;
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::keccak::{CardKeccak, KeccakCounters, KeccakDevice, Threshold, ThresholdCache};
use metisvm_accel::opencl::OpenClBackend;
use metisvm_driver::Health;
use metisvm_firmware::registers::counter;
use metisvm_sim::rtl::{Counts, Meter};
use metisvm_state::{CpuKeccak, KeccakBatch};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

/// How long a job may take in RTL where every cycle is written to a file.
const TRACED_TIMEOUT: Duration = Duration::from_secs(3600);

/// The engine that was asked for, for as long as the process lives: a device is opened and measured once.
#[derive(Debug)]
pub struct Hashing {
    choice: Keccak,
    device: Option<HashingDevice>,
    /// What kept the device from being used.
    problem: Option<String>,
    /// That has been told.
    told: Cell<bool>,
    /// Hashes in the place of a device that was not opened.
    processor: Arc<CountedCpu>,
}

#[derive(Debug)]
struct HashingDevice {
    keccak: Arc<CardKeccak>,
    device: Device,
}

#[derive(Debug, Clone)]
enum Device {
    /// With what a card in RTL counts.
    Card(Arc<FpgaBackend>, Option<Meter>),
    OpenCl(Arc<OpenClBackend>),
}

/// What was counted up to some moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark {
    counters: KeccakCounters,
    recomputed: u64,
    rtl: Counts,
    digests: Option<u64>,
}

/// What was hashed where for one block.
#[derive(Debug, Clone)]
pub struct HashingReport {
    /// The choice, as the command line has it.
    pub choice: String,
    /// Counts of the block.
    pub counters: KeccakCounters,
    /// State roots that were computed again on the processor.
    pub recomputed: u64,
    /// Whether the device takes batches, and why not.
    pub card: String,
    /// What went wrong, while the processor hashed.
    pub errors: Vec<String>,
    /// Where the card is one in RTL: cycles of its clock, and those of them in which it was busy.
    pub cycles: Option<(u64, u64)>,
    /// Digests by the card's own counter, where it has one.
    pub digests: Option<u64>,
}

impl Hashing {
    /// Opens what the choice needs, the OpenCL device that `engine` names. A device that does not open costs speed,
    /// never a root.
    pub fn open(choice: Keccak, engine: &Engine) -> Self {
        let opened = match choice {
            Keccak::Cpu => Ok(None),
            Keccak::Card(_) | Keccak::Auto => open_card(engine)
                .map(|(card, meter)| Some(Device::Card(card, meter)))
                .map_err(|error| format!("the card does not open: {error}")),
            Keccak::OpenCl(_) => open_opencl(engine)
                .map(|device| Some(Device::OpenCl(device)))
                .map_err(|error| format!("the OpenCL device does not open: {error}")),
        };
        let (device, problem) = match opened {
            Ok(device) => (device.map(|device| HashingDevice::new(choice, device)), None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            choice,
            device,
            problem,
            told: Cell::new(false),
            processor: Arc::default(),
        }
    }

    /// The engine.
    pub fn engine(&self) -> Arc<dyn KeccakBatch> {
        match &self.device {
            Some(device) => device.keccak.clone(),
            None if self.choice == Keccak::Cpu => Arc::new(CpuKeccak),
            None => self.processor.clone(),
        }
    }

    /// The counts up to now, with the roots that the chain has computed again.
    pub fn mark(&self, recomputed: u64) -> Mark {
        let counters = match &self.device {
            Some(device) => device.keccak.counters(),
            None => self.processor.counters(),
        };
        Mark {
            counters,
            recomputed,
            digests: self.digests(),
            rtl: self.meter().map(Meter::counts).unwrap_or_default(),
        }
    }

    /// Digests by the counter of the card itself, if it has counters.
    fn digests(&self) -> Option<u64> {
        match &self.device.as_ref()?.device {
            Device::Card(card, _) => card.device().card_counter(counter::DIGESTS),
            Device::OpenCl(_) => None,
        }
    }

    fn meter(&self) -> Option<&Meter> {
        match &self.device.as_ref()?.device {
            Device::Card(_, meter) => meter.as_ref(),
            Device::OpenCl(_) => None,
        }
    }

    /// What came since `before`; `None` where the processor was chosen. Errors are told once.
    pub fn report(&self, before: &Mark, recomputed: u64) -> Option<HashingReport> {
        if self.choice == Keccak::Cpu {
            return None;
        }
        let now = self.mark(recomputed);
        let (card, errors) = match &self.device {
            Some(device) => (device.state(), device.keccak.take_errors()),
            None => {
                let problem = self.problem.clone().unwrap_or_default();
                let errors = if self.told.replace(true) {
                    vec![]
                } else {
                    vec![problem.clone()]
                };
                (format!("out of service: {problem}"), errors)
            }
        };
        Some(HashingReport {
            choice: self.choice.to_string(),
            counters: now.counters.since(&before.counters),
            recomputed: now.recomputed.saturating_sub(before.recomputed),
            card,
            errors,
            cycles: self.meter().map(|_| {
                let (now, before) = (now.rtl, before.rtl);
                (now.cycles - before.cycles, now.busy - before.busy)
            }),
            digests: now
                .digests
                .zip(before.digests)
                .map(|(now, before)| now.wrapping_sub(before)),
        })
    }
}

impl HashingDevice {
    fn new(choice: Keccak, device: Device) -> Self {
        let hashes: Arc<dyn KeccakDevice> = match device.clone() {
            Device::Card(card, _) => card,
            Device::OpenCl(device) => device,
        };
        let keccak = match choice {
            Keccak::Auto => CardKeccak::measured(hashes, cache()),
            Keccak::Card(Some(messages)) | Keccak::OpenCl(Some(messages)) => {
                CardKeccak::new(hashes, Threshold::of_messages(messages))
            }
            Keccak::Card(None) | Keccak::OpenCl(None) | Keccak::Cpu => {
                CardKeccak::new(hashes, Threshold::FIXED)
            }
        };
        Self {
            keccak: Arc::new(keccak),
            device,
        }
    }

    fn state(&self) -> String {
        if let Some(problem) = self.keccak.condemned() {
            return format!("out of service: {problem}");
        }
        if let Some(problem) = self.device.problem() {
            return problem;
        }
        match self.keccak.threshold() {
            None => "healthy, not measured: no batch was large enough".to_owned(),
            Some(Threshold::NEVER) => "not used: the processor is quicker".to_owned(),
            Some(threshold) => format!("healthy, from {} messages on", threshold.messages),
        }
    }
}

impl Device {
    /// Why it hashes no more.
    fn problem(&self) -> Option<String> {
        match self {
            Self::Card(card, _) => match card.device().health() {
                Health::Healthy => None,
                Health::Unhealthy(why) => Some(format!("out of service: {why}")),
                Health::Dead(why) => Some(format!("dead: {why}")),
            },
            Self::OpenCl(device) => device
                .report()
                .condemned
                .map(|why| format!("out of service: {why}")),
        }
    }
}

fn open_card(engine: &Engine) -> Result<(Arc<FpgaBackend>, Option<Meter>), String> {
    let named = &engine.cards()[0];
    let Opened {
        link, slow, meter, ..
    } = cards::open(named, Use::Hashing, engine.trace.clone(), false)?;
    let mut options = cards::options(engine);
    if slow {
        options.timeout = match engine.trace {
            None => RTL_TIMEOUT,
            Some(_) => TRACED_TIMEOUT,
        };
    }
    let device = metisvm_driver::Device::open(link, options).map_err(|error| error.to_string())?;
    let trust = fpga::Options::default();
    let backend = Arc::new(cards::backend(named, device, options, trust));
    if backend.max_messages() == 0 {
        return Err("it has no engine for Keccak".to_owned());
    }
    Ok((backend, meter))
}

/// Measurements of earlier processes.
fn cache() -> Option<ThresholdCache> {
    user_cache::folder().map(|folder| ThresholdCache::in_folder(&folder))
}
