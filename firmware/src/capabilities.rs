//! What a card says about itself, and which answers are believable.
//!
//! A host sizes programs and buffers by these numbers, so it checks them before it believes them:
//! a dead card answers all ones, and a broken one anything.

use crate::registers::{self as reg, GlobalRegisters};
use core::fmt;

/// Sizes of the tensor unit. Any are possible, not only powers of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// R: rows of an activation and of an accumulator tile, lanes.
    pub tile_rows: u16,
    /// C: columns of a weight and of an accumulator tile, lanes.
    pub tile_cols: u16,
    /// D: columns of an activation tile and rows of a weight tile, lanes.
    pub tile_depth: u16,
    /// Activation scratchpad, tiles of R×D.
    pub a_tiles: u32,
    /// Weight scratchpad, tiles of D×C.
    pub b_tiles: u32,
    /// Accumulator scratchpad, tiles of R×C.
    pub acc_tiles: u32,
    /// Requantisation records.
    pub param_entries: u32,
    /// Tables of 256 entries.
    pub table_count: u32,
}

impl Geometry {
    /// 16×16×16 : a mid-size card, and the default of the simulated one.
    pub const MEDIUM: Self = Self {
        tile_rows: 16,
        tile_cols: 16,
        tile_depth: 16,
        a_tiles: 4096,
        b_tiles: 4096,
        acc_tiles: 1024,
        param_entries: 4096,
        table_count: 16,
    };

    /// 4×4×4 with few tiles: the slice that is also described in hardware.
    pub const SMALL: Self = Self {
        tile_rows: 4,
        tile_cols: 4,
        tile_depth: 4,
        a_tiles: 64,
        b_tiles: 64,
        acc_tiles: 64,
        param_entries: 64,
        table_count: 2,
    };
}

/// Everything the capability registers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Sizes of the tensor unit.
    pub geometry: Geometry,
    /// Bits of [`reg::features`].
    pub features: u64,
    /// Build of the card's logic.
    pub build_id: u32,
    /// Card memory, bytes.
    pub card_memory_bytes: u64,
    /// The highest handle.
    pub max_handles: u32,
    /// Queue pairs.
    pub max_queues: u32,
    /// Largest ring, entries; a power of two.
    pub max_queue_entries: u32,
    /// Longest program, instructions.
    pub max_program_instructions: u32,
    /// Most items of one RUN.
    pub max_batch: u32,
    /// Most messages of one KECCAK.
    pub keccak_max_messages: u32,
    /// Clock of the tensor unit, kHz.
    pub clock_khz: u32,
    /// Largest input of an item, bytes.
    pub max_input_bytes: u32,
    /// Largest output of an item, bytes.
    pub max_output_bytes: u32,
    /// Most bytes of one KECCAK's batch, and of its messages together.
    pub keccak_max_bytes: u32,
    /// Most work of one RUN, all items together, in the units of [`crate::cost`].
    pub work_budget: u64,
}

/// A capability outside the limits of the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbsurdCapability {
    /// The register's name in docs/device.md.
    pub name: &'static str,
    /// What it says.
    pub value: u64,
    /// Lowest believable value.
    pub low: u64,
    /// Highest believable value.
    pub high: u64,
}

impl fmt::Display for AbsurdCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            value,
            low,
            high,
        } = self;
        write!(
            f,
            "{name} reads {value}, outside {low} to {high} or not of the required form"
        )
    }
}

impl core::error::Error for AbsurdCapability {}

/// Longest side of a tile, lanes.
pub const MAX_TILE_SIDE: u64 = 256;
/// Most tiles of a scratchpad: tile numbers are 16 bits wide in an instruction.
pub const MAX_TILES: u64 = 1 << 16;
/// Most lanes of a scratchpad.
pub const MAX_SCRATCHPAD_LANES: u64 = 1 << 26;
/// Largest card memory, bytes: offsets are 48 bits wide in an instruction.
pub const MAX_CARD_MEMORY: u64 = 1 << 48;
/// Highest handle: a card compares a new range with every resident one, one after the other.
pub const MAX_HANDLES: u64 = 64;
/// Largest input or output of an item, or batch of messages, bytes.
pub const MAX_ITEM_BYTES: u64 = 1 << 30;
/// Smallest budget of work: enough for a program of some size.
pub const MIN_WORK_BUDGET: u64 = 1 << 20;
/// Largest budget of work: sums of what fits it do not overflow.
pub const MAX_WORK_BUDGET: u64 = 1 << 62;
/// Largest ring, entries: indices are modulo 2^16, and full must differ from empty.
pub const MAX_RING_ENTRIES: u64 = 1 << 15;

/// Registers of the card as a whole.
const GLOBAL_WORDS: usize = size_of::<GlobalRegisters>() / 4;

/// Whether there is a capability register at `offset`.
fn is_capability(offset: u32) -> bool {
    let first = [reg::FEATURES_LO, reg::FEATURES_HI, reg::BUILD_ID].contains(&offset);
    first || (reg::TILE_ROWS..=reg::WORK_BUDGET_HI).contains(&offset) && offset.is_multiple_of(4)
}

impl Capabilities {
    /// Reads them, through `read`, from a card's registers, as they are.
    pub fn read(mut read: impl FnMut(u32) -> u32) -> Self {
        let mut words = [0; GLOBAL_WORDS];
        for (offset, word) in (0..).step_by(4).zip(&mut words) {
            if is_capability(offset) {
                *word = read(offset);
            }
        }
        let registers: GlobalRegisters = bytemuck::cast(words);
        let wide = |[low, high]: [u32; 2]| u64::from(low) | u64::from(high) << 32;
        // A side that does not fit is absurd in any case, and must not wrap into a believable one.
        let side = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
        Self {
            geometry: Geometry {
                tile_rows: side(registers.tile_rows),
                tile_cols: side(registers.tile_cols),
                tile_depth: side(registers.tile_depth),
                a_tiles: registers.a_tiles,
                b_tiles: registers.b_tiles,
                acc_tiles: registers.acc_tiles,
                param_entries: registers.param_entries,
                table_count: registers.table_count,
            },
            features: wide(registers.features),
            build_id: registers.build_id,
            card_memory_bytes: wide(registers.card_memory_bytes),
            max_handles: registers.max_handles,
            max_queues: registers.max_queues,
            max_queue_entries: registers.max_queue_entries,
            max_program_instructions: registers.max_program_instructions,
            max_batch: registers.max_batch,
            keccak_max_messages: registers.keccak_max_messages,
            clock_khz: registers.clock_khz,
            max_input_bytes: registers.max_input_bytes,
            max_output_bytes: registers.max_output_bytes,
            keccak_max_bytes: registers.keccak_max_bytes,
            work_budget: wide(registers.work_budget),
        }
    }

    /// The registers that say so; what is no capability is 0.
    pub fn registers(&self) -> GlobalRegisters {
        let halves = |value: u64| [value as u32, (value >> 32) as u32];
        let geometry = &self.geometry;
        GlobalRegisters {
            features: halves(self.features),
            build_id: self.build_id,
            tile_rows: geometry.tile_rows.into(),
            tile_cols: geometry.tile_cols.into(),
            tile_depth: geometry.tile_depth.into(),
            a_tiles: geometry.a_tiles,
            b_tiles: geometry.b_tiles,
            acc_tiles: geometry.acc_tiles,
            param_entries: geometry.param_entries,
            table_count: geometry.table_count,
            card_memory_bytes: halves(self.card_memory_bytes),
            max_handles: self.max_handles,
            max_queues: self.max_queues,
            max_queue_entries: self.max_queue_entries,
            max_program_instructions: self.max_program_instructions,
            max_batch: self.max_batch,
            keccak_max_messages: self.keccak_max_messages,
            clock_khz: self.clock_khz,
            max_input_bytes: self.max_input_bytes,
            max_output_bytes: self.max_output_bytes,
            keccak_max_bytes: self.keccak_max_bytes,
            work_budget: halves(self.work_budget),
            ..GlobalRegisters::default()
        }
    }

    /// What the register at `offset` reads, if it is a capability register.
    pub fn register(&self, offset: u32) -> Option<u32> {
        let words: [u32; GLOBAL_WORDS] = bytemuck::cast(self.registers());
        let word = words.get(offset as usize / 4).copied();
        word.filter(|_| is_capability(offset))
    }

    /// Checks every number against the limits of the ABI.
    ///
    /// # Errors
    /// The first capability that cannot be true.
    pub fn validate(&self) -> Result<(), AbsurdCapability> {
        let within = |name, value: u64, low: u64, high: u64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(AbsurdCapability {
                    name,
                    value,
                    low,
                    high,
                })
            }
        };
        let g = &self.geometry;
        let (rows, cols, depth) = (
            u64::from(g.tile_rows),
            u64::from(g.tile_cols),
            u64::from(g.tile_depth),
        );
        within("TILE_ROWS", rows, 1, MAX_TILE_SIDE)?;
        within("TILE_COLS", cols, 1, MAX_TILE_SIDE)?;
        within("TILE_DEPTH", depth, 1, MAX_TILE_SIDE)?;
        let tiles = |lanes: u64| MAX_TILES.min(MAX_SCRATCHPAD_LANES / lanes);
        within("A_TILES", g.a_tiles.into(), 1, tiles(rows * depth))?;
        within("B_TILES", g.b_tiles.into(), 1, tiles(depth * cols))?;
        within("ACC_TILES", g.acc_tiles.into(), 1, tiles(rows * cols))?;
        within("PARAM_ENTRIES", g.param_entries.into(), 1, 1 << 16)?;
        within("TABLE_COUNT", g.table_count.into(), 1, 256)?;
        within("CARD_MEM_BYTES", self.card_memory_bytes, 4096, MAX_CARD_MEMORY)?;
        within("MAX_HANDLES", self.max_handles.into(), 1, MAX_HANDLES)?;
        within("MAX_QUEUES", self.max_queues.into(), 1, reg::QUEUE_LIMIT.into())?;
        within(
            "MAX_QUEUE_ENTRIES",
            self.max_queue_entries.into(),
            2,
            MAX_RING_ENTRIES,
        )?;
        if !self.max_queue_entries.is_power_of_two() {
            let value = self.max_queue_entries.into();
            return Err(AbsurdCapability {
                name: "MAX_QUEUE_ENTRIES",
                value,
                low: 2,
                high: MAX_RING_ENTRIES,
            });
        }
        within(
            "MAX_PROGRAM_INSTRUCTIONS",
            self.max_program_instructions.into(),
            1,
            1 << 24,
        )?;
        within("MAX_BATCH", self.max_batch.into(), 1, 1 << 16)?;
        let keccak = self.features & reg::features::KECCAK != 0;
        within(
            "KECCAK_MAX_MESSAGES",
            self.keccak_max_messages.into(),
            keccak.into(),
            1 << 16,
        )?;
        within("CLOCK_KHZ", self.clock_khz.into(), 1, 10_000_000)?;
        within("MAX_INPUT_BYTES", self.max_input_bytes.into(), 64, MAX_ITEM_BYTES)?;
        within(
            "MAX_OUTPUT_BYTES",
            self.max_output_bytes.into(),
            64,
            MAX_ITEM_BYTES,
        )?;
        let smallest = if keccak { 64 } else { 0 };
        within(
            "KECCAK_MAX_BYTES",
            self.keccak_max_bytes.into(),
            smallest,
            MAX_ITEM_BYTES,
        )?;
        within("WORK_BUDGET", self.work_budget, MIN_WORK_BUDGET, MAX_WORK_BUDGET)
    }
}
