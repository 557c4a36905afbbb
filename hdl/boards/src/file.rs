//! The form of a board's file.

use crate::board::Board;
use metisvm_firmware::registers::features;
use metisvm_firmware::{Capabilities, Geometry};
use serde::Deserialize;

/// A whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoardFile {
    part: String,
    build_id: u32,
    clock_khz: u32,
    dma: Dma,
    queues: Queues,
    memory: Memory,
    keccak: Keccak,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dma {
    #[serde(default)]
    bridged: bool,
    stream_bits: usize,
    tags: usize,
    read_timeout_cycles: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Queues {
    count: u32,
    entries: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    bytes: u64,
    handles: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keccak {
    cores: usize,
    rounds_per_cycle: usize,
    max_messages: u32,
    max_bytes: u32,
}

impl BoardFile {
    /// The board, its numbers not looked at yet.
    pub(crate) fn board(self, name: &'static str) -> Board {
        Board {
            name,
            part: self.part,
            stream_bits: self.dma.stream_bits,
            tags: self.dma.tags,
            bridged: self.dma.bridged,
            cores: self.keccak.cores,
            rounds_per_cycle: self.keccak.rounds_per_cycle,
            read_timeout_cycles: self.dma.read_timeout_cycles,
            capabilities: Capabilities {
                // Without the feature bit the tensor unit's numbers mean nothing, but must be believable.
                geometry: Geometry::SMALL,
                features: features::KECCAK | features::COUNTERS,
                build_id: self.build_id,
                card_memory_bytes: self.memory.bytes,
                max_handles: self.memory.handles,
                max_queues: self.queues.count,
                max_queue_entries: self.queues.entries,
                max_program_instructions: 1 << 16,
                max_batch: 4096,
                keccak_max_messages: self.keccak.max_messages,
                clock_khz: self.clock_khz,
                max_input_bytes: 1 << 24,
                max_output_bytes: 1 << 24,
                keccak_max_bytes: self.keccak.max_bytes,
                work_budget: 1 << 30,
            },
        }
    }
}
