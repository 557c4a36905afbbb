//! What a card's registers say, read without taking the card: nothing is written, no memory is mapped, and whoever uses
//! it does not notice.

use crate::card_counters::CardCounters;
use crate::error::DeviceError;
use crate::transport::Transport;
use metisvm_firmware::Capabilities;
use metisvm_firmware::capabilities::AbsurdCapability;
use metisvm_firmware::registers::{self as reg, CardState, QUEUE_LIMIT, QueueState, queue, queue_register};

/// The registers of a card that answers.
#[derive(Clone, Debug)]
pub struct Glance {
    /// Major and minor version of the ABI.
    pub abi: (u16, u16),
    /// STATUS, as it is.
    pub status: u32,
    /// Of the host that has it; 0 where nobody does.
    pub boot_nonce: u32,
    /// What it says of itself, believable or not.
    pub capabilities: Capabilities,
    /// STATE of each queue that it has.
    pub queues: Vec<u32>,
    /// Its performance counters, if it has them.
    pub counters: Option<CardCounters>,
}

impl Glance {
    /// Looks at the card at the other end of a link.
    ///
    /// # Errors
    /// Nobody answers, or it is something else.
    pub fn of(link: &dyn Transport) -> Result<Self, DeviceError> {
        match link.read32(reg::MAGIC) {
            reg::MAGIC_VALUE => {}
            reg::ALL_ONES => return Err(link.failure().map_or(DeviceError::Dead, DeviceError::from)),
            other => return Err(DeviceError::NotACard(other)),
        }
        let version = link.read32(reg::ABI_VERSION);
        let capabilities = Capabilities::read(|register| link.read32(register));
        let queues = capabilities.max_queues.min(QUEUE_LIMIT) as u16;
        let counts = capabilities.features & reg::features::COUNTERS != 0;
        let glance = Self {
            abi: ((version >> 16) as u16, version as u16),
            status: link.read32(reg::STATUS),
            boot_nonce: link.read32(reg::BOOT_NONCE),
            queues: (0..queues)
                .map(|index| link.read32(queue_register(index, queue::STATE)))
                .collect(),
            counters: counts.then(|| CardCounters::of(link)).flatten(),
            capabilities,
        };
        // It may have gone meanwhile, and then the rest is all ones.
        match link.failure() {
            Some(failure) => Err(failure.into()),
            None if link.read32(reg::MAGIC) == reg::ALL_ONES => Err(DeviceError::Dead),
            None => Ok(glance),
        }
    }

    /// STATUS in words.
    pub const fn state(&self) -> Option<CardState> {
        CardState::from_bits(self.status)
    }

    /// What of its capabilities no card can have.
    pub fn absurd(&self) -> Option<AbsurdCapability> {
        self.capabilities.validate().err()
    }

    /// Queues that stopped, and why.
    pub fn stopped(&self) -> impl Iterator<Item = (usize, Option<QueueState>)> + '_ {
        let states = self.queues.iter().enumerate();
        states
            .map(|(index, &state)| (index, QueueState::from_bits(state)))
            .filter(|(_, state)| !matches!(state, Some(QueueState::Disabled | QueueState::Running)))
    }

    /// What is wrong with it, for people; empty where nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let (major, minor) = self.abi;
        if major != reg::ABI_MAJOR {
            problems.push(DeviceError::AbiVersion { major, minor }.to_string());
        }
        match self.state() {
            Some(CardState::Ready) => {}
            Some(CardState::Resetting) => problems.push("it is resetting itself".to_owned()),
            Some(CardState::Fatal) => {
                problems.push("it is in its fatal state: only a reset helps".to_owned())
            }
            None => problems.push(DeviceError::NotReady(self.status).to_string()),
        }
        problems.extend(self.absurd().map(|absurd| DeviceError::from(absurd).to_string()));
        problems.extend(self.stopped().map(|(index, state)| match state {
            Some(QueueState::InvalidConfiguration) => {
                format!("queue {index} stopped: its configuration was invalid")
            }
            Some(QueueState::DmaFault) => format!("queue {index} stopped: a DMA access to its rings failed"),
            _ => format!(
                "queue {index} is in state {:#x}, which does not exist",
                self.queues[index]
            ),
        }));
        problems
    }
}
