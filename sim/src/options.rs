//! What kind of card to simulate.

use metisvm_firmware::registers::{ABI_VERSION_VALUE, MAGIC_VALUE, features};
use metisvm_firmware::{Capabilities, Geometry};

/// Settings of a simulated card.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// What the card has.
    pub capabilities: Capabilities,
    /// What its registers claim, if something else.
    pub claimed: Option<Capabilities>,
    /// The magic register.
    pub magic: u32,
    /// The ABI version register.
    pub abi_version: u32,
    /// The boot generation after power-up.
    pub boot_generation: u32,
    /// Seed of the order in which the three modules take turns.
    pub schedule_seed: u64,
    /// Most work of one item, in lane operations; a program over it fails.
    pub budget: u64,
    /// Fill the scratchpads with garbage before each item, so that a program that reads what it
    /// did not write gives wrong results in tests.
    pub poison_scratchpads: bool,
}

impl SimOptions {
    /// A sound card of some geometry, with 256 MiB of card memory.
    pub fn new(geometry: Geometry) -> Self {
        Self {
            capabilities: Capabilities {
                geometry,
                features: features::TENSOR | features::KECCAK | features::STORE_ACCUMULATORS,
                build_id: 1,
                card_memory_bytes: 256 << 20,
                max_handles: 4096,
                max_queues: 8,
                max_queue_entries: 4096,
                max_program_instructions: 1 << 20,
                max_batch: 4096,
                keccak_max_messages: 1 << 16,
                clock_khz: 150_000,
            },
            claimed: None,
            magic: MAGIC_VALUE,
            abi_version: ABI_VERSION_VALUE,
            boot_generation: 1,
            schedule_seed: 0,
            budget: 1 << 36,
            poison_scratchpads: false,
        }
    }
}

impl Default for SimOptions {
    fn default() -> Self {
        Self::new(Geometry::MEDIUM)
    }
}
