//! What the card of `verilog/sim.v` has.

use metisvm_firmware::registers::features;
use metisvm_firmware::{Capabilities, Geometry};

/// Cycles until a read counts as lost: long against a bus, short in a simulation.
pub const TIMEOUT: u32 = 20_000;

/// Registers, queues, DMA, resident memory, and one Keccak core. The tensor unit's sizes mean nothing
/// without its feature bit, but must be believable.
pub const CAPABILITIES: Capabilities = Capabilities {
    geometry: Geometry::SMALL,
    features: features::KECCAK | features::COUNTERS,
    build_id: 1,
    card_memory_bytes: 1 << 20,
    max_handles: 64,
    max_queues: 8,
    max_queue_entries: 1024,
    max_program_instructions: 1 << 16,
    max_batch: 4096,
    keccak_max_messages: 1 << 16,
    clock_khz: 150_000,
    max_input_bytes: 1 << 24,
    max_output_bytes: 1 << 24,
    keccak_max_bytes: 1 << 24,
    work_budget: 1 << 30,
};
