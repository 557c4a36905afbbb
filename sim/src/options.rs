//! What kind of card to simulate.

use metisvm_boards::Board;
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
    /// The boot nonce to begin with; 0 after power-up, another if an earlier host has left the card so.
    pub boot_nonce: u32,
    /// Seed of the order in which the three modules take turns.
    pub schedule_seed: u64,
    /// Fill scratchpads and output with garbage before each item, so that a program that reads what it
    /// did not write, or leaves a byte of its output unstored, gives wrong results in tests.
    pub poison: bool,
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
                max_handles: 64,
                max_queues: 8,
                max_queue_entries: 4096,
                max_program_instructions: 1 << 20,
                max_batch: 4096,
                keccak_max_messages: 1 << 16,
                clock_khz: 150_000,
                max_input_bytes: 64 << 20,
                max_output_bytes: 64 << 20,
                keccak_max_bytes: 256 << 20,
                // A unit takes 0.3 to 1 ns here, whatever the geometry, so a job takes about a second.
                work_budget: 1 << 30,
            },
            claimed: None,
            magic: MAGIC_VALUE,
            abi_version: ABI_VERSION_VALUE,
            boot_nonce: 0,
            schedule_seed: 0,
            poison: false,
        }
    }

    /// A sound card with what a board's card has, but for the performance counters: there are no cycles to count.
    pub fn of_board(board: &Board) -> Self {
        let mut options = Self::new(board.capabilities.geometry);
        options.capabilities = board.capabilities;
        options.capabilities.features &= !features::COUNTERS;
        options
    }
}

impl Default for SimOptions {
    fn default() -> Self {
        Self::new(Geometry::MEDIUM)
    }
}
