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
            reg::ALL_ONES => return Err(DeviceError::dead(link)),
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
            None if link.read32(reg::MAGIC) == reg::ALL_ONES => Err(DeviceError::dead(link)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::Stub;
    use crate::transport::{DmaRegion, TransportError};
    use metisvm_firmware::Geometry;
    use std::collections::BTreeMap;

    /// Registers, and nothing behind them.
    struct Registers(BTreeMap<u32, u32>);

    impl Stub for Registers {
        fn reads(&self, offset: u32) -> u32 {
            self.0.get(&offset).copied().unwrap_or(0)
        }

        fn writes(&self, offset: u32, _: u32) {
            panic!("register {offset:#x} was written");
        }

        fn maps(&self, _: usize) -> Result<DmaRegion, TransportError> {
            panic!("memory was mapped");
        }
    }

    /// A sound card, with counters.
    fn card() -> Registers {
        let capabilities = Capabilities {
            geometry: Geometry::SMALL,
            features: reg::features::KECCAK | reg::features::COUNTERS,
            build_id: 7,
            card_memory_bytes: 1 << 20,
            max_handles: 64,
            max_queues: 3,
            max_queue_entries: 64,
            max_program_instructions: 64,
            max_batch: 16,
            keccak_max_messages: 64,
            clock_khz: 100_000,
            max_input_bytes: 4096,
            max_output_bytes: 4096,
            keccak_max_bytes: 4096,
            work_budget: 1 << 20,
        };
        let mut registers: BTreeMap<u32, u32> = (0..reg::COUNTERS)
            .step_by(4)
            .filter_map(|offset| Some((offset, capabilities.register(offset)?)))
            .collect();
        registers.extend([
            (reg::MAGIC, reg::MAGIC_VALUE),
            (reg::ABI_VERSION, reg::ABI_VERSION_VALUE),
            (reg::STATUS, 1),
            (reg::COUNTERS + 8 * reg::counter::DIGESTS, 5),
            (reg::COUNTERS + 8 * reg::counter::DIGESTS + 4, 1),
            (queue_register(1, queue::STATE), 1),
        ]);
        Registers(registers)
    }

    /// A sound card, but for one register.
    fn glance(register: u32, value: u32) -> Result<Glance, DeviceError> {
        let mut card = card();
        card.0.insert(register, value);
        Glance::of(&card)
    }

    #[test]
    fn a_sound_card_is_read_and_not_touched() {
        let glance = Glance::of(&card()).unwrap();
        assert_eq!((glance.abi, glance.boot_nonce), ((2, 0), 0));
        assert_eq!(glance.queues, [0, 1, 0]);
        assert_eq!(glance.counters.unwrap().get(reg::counter::DIGESTS), 1 << 32 | 5);
        assert!(glance.problems().is_empty(), "{:?}", glance.problems());
    }

    #[test]
    fn whatever_is_wrong_with_a_card_is_said() {
        for (register, value, said) in [
            (reg::ABI_VERSION, 3 << 16, "ABI 3.0"),
            (reg::STATUS, 2, "resetting itself"),
            (reg::STATUS, 3, "fatal"),
            (reg::STATUS, 9, "status register reads 0x9"),
            (reg::TILE_ROWS, 0, "absurd capability: TILE_ROWS"),
            (
                queue_register(2, queue::STATE),
                2,
                "queue 2 stopped: its configuration",
            ),
            (
                queue_register(0, queue::STATE),
                3,
                "queue 0 stopped: a DMA access",
            ),
            (queue_register(0, queue::STATE), 77, "queue 0 is in state 0x4d"),
        ] {
            let problems = glance(register, value).unwrap().problems();
            let [problem] = &problems[..] else {
                panic!("{said}: {problems:?}")
            };
            assert!(problem.contains(said), "{said}: {problem}");
        }
        // More queues than a card can have are not asked for.
        let many = glance(reg::MAX_QUEUES, u32::MAX).unwrap();
        assert_eq!(many.queues.len() as u32, QUEUE_LIMIT);
        let magic = |value| glance(reg::MAGIC, value).map(drop);
        assert_eq!(magic(reg::ALL_ONES), Err(DeviceError::Dead));
        assert_eq!(magic(5), Err(DeviceError::NotACard(5)));
    }
}
