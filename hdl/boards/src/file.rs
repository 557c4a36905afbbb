//! The form of a board's file.

use crate::board::{Board, Multipliers, Tensor};
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
    keccak: Option<Keccak>,
    tensor: Option<TensorFile>,
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
    #[serde(default)]
    external: bool,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TensorFile {
    rows: u16,
    cols: u16,
    depth: u16,
    a_tiles: u32,
    b_tiles: u32,
    acc_tiles: u32,
    params: u32,
    tables: u32,
    max_program_instructions: u32,
    max_batch: u32,
    max_input_bytes: u32,
    max_output_bytes: u32,
    work_budget: u64,
    requantise_units: usize,
    multipliers: Multipliers,
}

/// Without an engine for it.
const NO_KECCAK: Keccak = Keccak {
    cores: 0,
    rounds_per_cycle: 1,
    max_messages: 0,
    max_bytes: 0,
};

/// Without an engine its numbers mean nothing, but must be believable.
const NO_TENSOR: TensorFile = TensorFile {
    rows: Geometry::SMALL.tile_rows,
    cols: Geometry::SMALL.tile_cols,
    depth: Geometry::SMALL.tile_depth,
    a_tiles: Geometry::SMALL.a_tiles,
    b_tiles: Geometry::SMALL.b_tiles,
    acc_tiles: Geometry::SMALL.acc_tiles,
    params: Geometry::SMALL.param_entries,
    tables: Geometry::SMALL.table_count,
    max_program_instructions: 1 << 16,
    max_batch: 4096,
    max_input_bytes: 1 << 24,
    max_output_bytes: 1 << 24,
    work_budget: 1 << 30,
    requantise_units: 1,
    multipliers: Multipliers::Lut,
};

impl BoardFile {
    /// The board, its numbers not looked at yet.
    pub(crate) fn board(self, name: &'static str) -> Board {
        let mut has = features::COUNTERS;
        if self.keccak.is_some() {
            has |= features::KECCAK;
        }
        if self.tensor.is_some() {
            has |= features::TENSOR | features::STORE_ACCUMULATORS;
        }
        let engine = self.tensor.as_ref().map(|tensor| Tensor {
            requantise_units: tensor.requantise_units,
            multipliers: tensor.multipliers,
            external_memory: self.memory.external,
        });
        let tensor = self.tensor.unwrap_or(NO_TENSOR);
        let keccak = self.keccak.unwrap_or(NO_KECCAK);
        Board {
            name,
            part: self.part,
            stream_bits: self.dma.stream_bits,
            tags: self.dma.tags,
            bridged: self.dma.bridged,
            cores: keccak.cores,
            rounds_per_cycle: keccak.rounds_per_cycle,
            tensor: engine,
            read_timeout_cycles: self.dma.read_timeout_cycles,
            capabilities: Capabilities {
                geometry: Geometry {
                    tile_rows: tensor.rows,
                    tile_cols: tensor.cols,
                    tile_depth: tensor.depth,
                    a_tiles: tensor.a_tiles,
                    b_tiles: tensor.b_tiles,
                    acc_tiles: tensor.acc_tiles,
                    param_entries: tensor.params,
                    table_count: tensor.tables,
                },
                features: has,
                build_id: self.build_id,
                card_memory_bytes: self.memory.bytes,
                max_handles: self.memory.handles,
                max_queues: self.queues.count,
                max_queue_entries: self.queues.entries,
                max_program_instructions: tensor.max_program_instructions,
                max_batch: tensor.max_batch,
                keccak_max_messages: keccak.max_messages,
                clock_khz: self.clock_khz,
                max_input_bytes: tensor.max_input_bytes,
                max_output_bytes: tensor.max_output_bytes,
                keccak_max_bytes: keccak.max_bytes,
                work_budget: tensor.work_budget,
            },
        }
    }
}
