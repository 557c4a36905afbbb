//! What hashes the state trie of a chain on disk.

use crate::args::Keccak;
use crate::user_cache;
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::keccak::{CardKeccak, KeccakCounters, KeccakDevice, Threshold, ThresholdCache};
use metisvm_driver::{Device, DeviceError, Health, InProcess};
use metisvm_sim::{FunctionalCard, SimOptions};
use metisvm_state::{CpuKeccak, KeccakBatch};
use std::sync::Arc;

/// The engine that was asked for, for as long as the process lives: a card is opened and measured once.
#[derive(Debug)]
pub struct Hashing {
    choice: Keccak,
    card: Option<HashingCard>,
    /// What kept the card from being used.
    problem: Option<String>,
}

#[derive(Debug)]
struct HashingCard {
    keccak: Arc<CardKeccak>,
    backend: Arc<FpgaBackend>,
}

/// What was counted up to some moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark {
    counters: KeccakCounters,
    recomputed: u64,
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
    /// Whether the card takes batches, and why not.
    pub card: String,
    /// What went wrong, while the processor hashed.
    pub errors: Vec<String>,
}

impl Hashing {
    /// Opens what the choice needs. A card that does not open costs speed, never a root.
    pub fn open(choice: Keccak) -> Self {
        let opened = match choice {
            Keccak::Cpu => Ok(None),
            Keccak::Card(_) | Keccak::Auto => open_card(choice).map(Some),
        };
        let (card, problem) = match opened {
            Ok(card) => (card, None),
            Err(error) => (None, Some(format!("the card does not open: {error}"))),
        };
        Self {
            choice,
            card,
            problem,
        }
    }

    /// The engine.
    pub fn engine(&self) -> Arc<dyn KeccakBatch> {
        match &self.card {
            Some(card) => card.keccak.clone(),
            None => Arc::new(CpuKeccak),
        }
    }

    /// The counts up to now, with the roots that the chain has computed again.
    pub fn mark(&self, recomputed: u64) -> Mark {
        let counters = self.card.as_ref().map(|card| card.keccak.counters());
        Mark {
            counters: counters.unwrap_or_default(),
            recomputed,
        }
    }

    /// What came since `before`; `None` where the processor was chosen. Errors are told once.
    pub fn report(&self, before: &Mark, recomputed: u64) -> Option<HashingReport> {
        if self.choice == Keccak::Cpu {
            return None;
        }
        let now = self.mark(recomputed);
        let (card, errors) = match &self.card {
            Some(card) => (card.state(), card.keccak.take_errors()),
            None => {
                let problem = self.problem.clone().unwrap_or_default();
                (format!("out of service: {problem}"), vec![problem])
            }
        };
        Some(HashingReport {
            choice: self.choice.to_string(),
            counters: now.counters.since(&before.counters),
            recomputed: now.recomputed.saturating_sub(before.recomputed),
            card,
            errors,
        })
    }
}

impl HashingCard {
    fn state(&self) -> String {
        if let Some(problem) = self.keccak.condemned() {
            return format!("out of service: {problem}");
        }
        match self.backend.device().health() {
            Health::Healthy => match self.keccak.threshold() {
                None => "healthy, not measured: no batch was large enough".to_owned(),
                Some(Threshold::NEVER) => "not used: the processor is quicker".to_owned(),
                Some(threshold) => format!("healthy, from {} messages on", threshold.messages),
            },
            Health::Unhealthy(why) => format!("out of service: {why}"),
            Health::Dead(why) => format!("dead: {why}"),
        }
    }
}

fn open_card(choice: Keccak) -> Result<HashingCard, DeviceError> {
    let card = FunctionalCard::new(SimOptions::default());
    let transport = InProcess::start(Box::new(card))?;
    let device = Device::open(Box::new(transport), metisvm_driver::Options::default())?;
    let backend = Arc::new(FpgaBackend::new(device, fpga::Options::default()));
    if backend.max_messages() == 0 {
        return Err(DeviceError::NoEngine("Keccak"));
    }
    let device = backend.clone();
    let keccak = match choice {
        Keccak::Auto => CardKeccak::measured(device, cache()),
        Keccak::Card(Some(messages)) => CardKeccak::new(device, Threshold::of_messages(messages)),
        Keccak::Card(None) | Keccak::Cpu => CardKeccak::new(device, Threshold::FIXED),
    };
    Ok(HashingCard {
        keccak: Arc::new(keccak),
        backend,
    })
}

/// Measurements of earlier processes.
fn cache() -> Option<ThresholdCache> {
    user_cache::folder().map(|folder| ThresholdCache::in_folder(&folder))
}
