//! What a card says about itself, and which answers are believable.
//!
//! A host sizes programs and buffers by these numbers, so it checks them before it believes them:
//! a dead card answers all ones, and a broken one anything.

use crate::registers as reg;
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
/// Largest ring, entries: indices are modulo 2^16, and full must differ from empty.
pub const MAX_RING_ENTRIES: u64 = 1 << 15;

impl Capabilities {
    /// Reads them, through `read`, from a card's registers, as they are.
    pub fn read(mut read: impl FnMut(u32) -> u32) -> Self {
        let mut pair = |low, high| u64::from(read(low)) | u64::from(read(high)) << 32;
        let features = pair(reg::FEATURES_LO, reg::FEATURES_HI);
        let card_memory_bytes = pair(reg::CARD_MEM_BYTES_LO, reg::CARD_MEM_BYTES_HI);
        // A side that does not fit is absurd in any case, and must not wrap into a believable one.
        let side = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
        Self {
            geometry: Geometry {
                tile_rows: side(read(reg::TILE_ROWS)),
                tile_cols: side(read(reg::TILE_COLS)),
                tile_depth: side(read(reg::TILE_DEPTH)),
                a_tiles: read(reg::A_TILES),
                b_tiles: read(reg::B_TILES),
                acc_tiles: read(reg::ACC_TILES),
                param_entries: read(reg::PARAM_ENTRIES),
                table_count: read(reg::TABLE_COUNT),
            },
            features,
            build_id: read(reg::BUILD_ID),
            card_memory_bytes,
            max_handles: read(reg::MAX_HANDLES),
            max_queues: read(reg::MAX_QUEUES),
            max_queue_entries: read(reg::MAX_QUEUE_ENTRIES),
            max_program_instructions: read(reg::MAX_PROGRAM_INSTRUCTIONS),
            max_batch: read(reg::MAX_BATCH),
            keccak_max_messages: read(reg::KECCAK_MAX_MESSAGES),
            clock_khz: read(reg::CLOCK_KHZ),
        }
    }

    /// What the register at `offset` reads, if it is a capability register.
    pub const fn register(&self, offset: u32) -> Option<u32> {
        let geometry = &self.geometry;
        Some(match offset {
            reg::FEATURES_LO => self.features as u32,
            reg::FEATURES_HI => (self.features >> 32) as u32,
            reg::BUILD_ID => self.build_id,
            reg::TILE_ROWS => geometry.tile_rows as u32,
            reg::TILE_COLS => geometry.tile_cols as u32,
            reg::TILE_DEPTH => geometry.tile_depth as u32,
            reg::A_TILES => geometry.a_tiles,
            reg::B_TILES => geometry.b_tiles,
            reg::ACC_TILES => geometry.acc_tiles,
            reg::PARAM_ENTRIES => geometry.param_entries,
            reg::TABLE_COUNT => geometry.table_count,
            reg::CARD_MEM_BYTES_LO => self.card_memory_bytes as u32,
            reg::CARD_MEM_BYTES_HI => (self.card_memory_bytes >> 32) as u32,
            reg::MAX_HANDLES => self.max_handles,
            reg::MAX_QUEUES => self.max_queues,
            reg::MAX_QUEUE_ENTRIES => self.max_queue_entries,
            reg::MAX_PROGRAM_INSTRUCTIONS => self.max_program_instructions,
            reg::MAX_BATCH => self.max_batch,
            reg::KECCAK_MAX_MESSAGES => self.keccak_max_messages,
            reg::CLOCK_KHZ => self.clock_khz,
            _ => return None,
        })
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
        within("MAX_HANDLES", self.max_handles.into(), 1, 1 << 16)?;
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
        within("CLOCK_KHZ", self.clock_khz.into(), 1, 10_000_000)
    }
}
