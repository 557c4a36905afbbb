//! BAR0: 32-bit little-endian registers at fixed byte offsets.
//!
//! A read at an offset without a register gives 0, a write there does nothing. A register that is
//! gone altogether (a dead or unplugged card) reads as [`ALL_ONES`].

/// What a read of a dead card gives; no register ever holds it in health.
pub const ALL_ONES: u32 = 0xffff_ffff;

/// The value of [`MAGIC`]: "MTVM" in ASCII, first letter in the lowest byte.
pub const MAGIC_VALUE: u32 = u32::from_le_bytes(*b"MTVM");

/// Major version of this ABI; a card with another one cannot be driven.
pub const ABI_MAJOR: u16 = 1;
/// Minor version of this ABI; a higher one adds, and never changes.
pub const ABI_MINOR: u16 = 0;
/// The value of [`ABI_VERSION`]: `major << 16 | minor`.
pub const ABI_VERSION_VALUE: u32 = (ABI_MAJOR as u32) << 16 | ABI_MINOR as u32;

/// Read-only: [`MAGIC_VALUE`].
pub const MAGIC: u32 = 0x000;
/// Read-only: `major << 16 | minor`.
pub const ABI_VERSION: u32 = 0x004;
/// Read-only: feature bits 0 to 31, see [`features`].
pub const FEATURES_LO: u32 = 0x008;
/// Read-only: feature bits 32 to 63.
pub const FEATURES_HI: u32 = 0x00c;
/// Read-only: identifies the build of the card's logic; free for the maker to choose.
pub const BUILD_ID: u32 = 0x010;
/// Read-only: counts completed resets and power-ups, starting with 1. A card answers an entry
/// only if it carries this number.
pub const BOOT_GENERATION: u32 = 0x014;
/// Read-only: a [`CardState`].
pub const STATUS: u32 = 0x018;
/// Write: [`CONTROL_RESET`] resets the card. Reads 0.
pub const CONTROL: u32 = 0x01c;

/// Written to [`CONTROL`]: stop all DMA, drop all queues, handles and card memory, then count
/// [`BOOT_GENERATION`] up. The new generation is the acknowledgement: no DMA of the old one follows.
pub const CONTROL_RESET: u32 = 1;

/// Read-only: rows of an activation and of an accumulator tile, lanes.
pub const TILE_ROWS: u32 = 0x040;
/// Read-only: columns of a weight and of an accumulator tile, lanes.
pub const TILE_COLS: u32 = 0x044;
/// Read-only: columns of an activation tile and rows of a weight tile, lanes.
pub const TILE_DEPTH: u32 = 0x048;
/// Read-only: size of the activation scratchpad, tiles.
pub const A_TILES: u32 = 0x04c;
/// Read-only: size of the weight scratchpad, tiles.
pub const B_TILES: u32 = 0x050;
/// Read-only: size of the accumulator scratchpad, tiles.
pub const ACC_TILES: u32 = 0x054;
/// Read-only: number of requantisation records.
pub const PARAM_ENTRIES: u32 = 0x058;
/// Read-only: number of 256-entry tables.
pub const TABLE_COUNT: u32 = 0x05c;
/// Read-only: card memory, bytes, low half.
pub const CARD_MEM_BYTES_LO: u32 = 0x060;
/// Read-only: card memory, bytes, high half.
pub const CARD_MEM_BYTES_HI: u32 = 0x064;
/// Read-only: the highest handle of resident memory (handles start at 1).
pub const MAX_HANDLES: u32 = 0x068;
/// Read-only: number of queue pairs.
pub const MAX_QUEUES: u32 = 0x06c;
/// Read-only: largest ring, entries.
pub const MAX_QUEUE_ENTRIES: u32 = 0x070;
/// Read-only: longest program, instructions.
pub const MAX_PROGRAM_INSTRUCTIONS: u32 = 0x074;
/// Read-only: most items in one RUN.
pub const MAX_BATCH: u32 = 0x078;
/// Read-only: most messages in one KECCAK; 0 without the engine.
pub const KECCAK_MAX_MESSAGES: u32 = 0x07c;
/// Read-only: clock of the tensor unit, kHz.
pub const CLOCK_KHZ: u32 = 0x080;

/// Byte offset of the first queue's register block.
pub const QUEUE_BASE: u32 = 0x1000;
/// Distance between the blocks of two queues, bytes.
pub const QUEUE_STRIDE: u32 = 0x40;
/// Most queue pairs that any card may have.
pub const QUEUE_LIMIT: u32 = 64;
/// Size of the register window, bytes.
pub const BAR0_BYTES: u32 = QUEUE_BASE + QUEUE_LIMIT * QUEUE_STRIDE;

/// Registers of one queue, as offsets into its block. Bases and size may be written only while
/// the queue is disabled; enabling it zeroes heads, tails and the phase, whether or not the card
/// saw it disabled in between.
pub mod queue {
    /// Read-write: address of the submission ring (64-byte aligned), low half.
    pub const SQ_BASE_LO: u32 = 0x00;
    /// Read-write: address of the submission ring, high half.
    pub const SQ_BASE_HI: u32 = 0x04;
    /// Read-write: address of the completion ring (64-byte aligned), low half.
    pub const CQ_BASE_LO: u32 = 0x08;
    /// Read-write: address of the completion ring, high half.
    pub const CQ_BASE_HI: u32 = 0x0c;
    /// Read-write: base-2 logarithm of the entries in each ring.
    pub const ENTRIES_LOG2: u32 = 0x10;
    /// Read-write: 1 enables the queue, 0 disables it.
    pub const ENABLE: u32 = 0x14;
    /// Write: free-running count of entries submitted, modulo 2^16.
    pub const SQ_TAIL: u32 = 0x18;
    /// Write: free-running count of completions consumed, modulo 2^16.
    pub const CQ_HEAD: u32 = 0x1c;
    /// Read-only: a [`super::QueueState`].
    pub const STATE: u32 = 0x20;
    /// Read-write: 1 asks for one interrupt with the next completion; the card clears it as it
    /// raises that interrupt.
    pub const INTERRUPT_ARM: u32 = 0x24;
}

/// Byte offset of a register of queue `index`.
pub const fn queue_register(index: u16, register: u32) -> u32 {
    QUEUE_BASE + index as u32 * QUEUE_STRIDE + register
}

/// Bits of [`FEATURES_LO`] and [`FEATURES_HI`].
pub mod features {
    /// The card runs tensor programs.
    pub const TENSOR: u64 = 1 << 0;
    /// The card hashes batches of messages with Keccak-256.
    pub const KECCAK: u64 = 1 << 1;
    /// A program may store its int32 accumulators.
    pub const STORE_ACCUMULATORS: u64 = 1 << 2;
}

/// Value of [`STATUS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CardState {
    /// Queues may be enabled and used.
    Ready = 1,
    /// A reset is under way.
    Resetting = 2,
    /// Only a reset helps.
    Fatal = 3,
}

impl CardState {
    /// Reads the register's value.
    pub const fn from_bits(bits: u32) -> Option<Self> {
        match bits {
            1 => Some(Self::Ready),
            2 => Some(Self::Resetting),
            3 => Some(Self::Fatal),
            _ => None,
        }
    }
}

/// Value of [`queue::STATE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum QueueState {
    /// Not enabled.
    Disabled = 0,
    /// Fetching and completing.
    Running = 1,
    /// Stopped: a ring or its size is invalid, a doorbell promised more than the ring holds, or one
    /// reported more completions than there were.
    InvalidConfiguration = 2,
    /// Stopped: the ring's memory could not be reached.
    DmaFault = 3,
}

impl QueueState {
    /// Reads the register's value.
    pub const fn from_bits(bits: u32) -> Option<Self> {
        match bits {
            0 => Some(Self::Disabled),
            1 => Some(Self::Running),
            2 => Some(Self::InvalidConfiguration),
            3 => Some(Self::DmaFault),
            _ => None,
        }
    }
}
