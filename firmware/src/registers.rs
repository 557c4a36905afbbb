//! BAR0: 32-bit little-endian registers at fixed byte offsets.
//!
//! The layout is two `repr(C)` types, [`GlobalRegisters`] and [`QueueRegisters`]: the offsets below
//! are those of their fields. A read at an offset without a register gives 0, a write there does
//! nothing. A register that is gone altogether (a dead or unplugged card) reads as [`ALL_ONES`].

use bytemuck::{Pod, Zeroable};
use core::mem::offset_of;

/// What a read of a dead card gives; no register ever holds it in health.
pub const ALL_ONES: u32 = 0xffff_ffff;

/// The value of [`MAGIC`]: "MTVM" in ASCII, first letter in the lowest byte.
pub const MAGIC_VALUE: u32 = u32::from_le_bytes(*b"MTVM");

/// Major version of this ABI; a card with another one cannot be driven.
pub const ABI_MAJOR: u16 = 2;
/// Minor version of this ABI; a higher one adds, and never changes.
pub const ABI_MINOR: u16 = 0;
/// The value of [`ABI_VERSION`]: `major << 16 | minor`.
pub const ABI_VERSION_VALUE: u32 = (ABI_MAJOR as u32) << 16 | ABI_MINOR as u32;

/// The registers of the card as a whole, at offset 0. 64-bit numbers are two registers, low half
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct GlobalRegisters {
    /// Read-only: [`MAGIC_VALUE`].
    pub magic: u32,
    /// Read-only: `major << 16 | minor`.
    pub abi_version: u32,
    /// Read-only: feature bits, see [`features`].
    pub features: [u32; 2],
    /// Read-only: identifies the build of the card's logic; free for the maker to choose.
    pub build_id: u32,
    /// Read-write, see [`BOOT_NONCE`].
    pub boot_nonce: u32,
    /// Read-only: a [`CardState`].
    pub status: u32,
    /// Write: [`CONTROL_RESET`] resets the card. Reads 0.
    pub control: u32,
    /// No registers; read 0.
    pub reserved: [u32; 8],
    /// Read-only: R, rows of an activation and of an accumulator tile, lanes.
    pub tile_rows: u32,
    /// Read-only: C, columns of a weight and of an accumulator tile, lanes.
    pub tile_cols: u32,
    /// Read-only: D, columns of an activation tile and rows of a weight tile, lanes.
    pub tile_depth: u32,
    /// Read-only: size of the activation scratchpad, tiles.
    pub a_tiles: u32,
    /// Read-only: size of the weight scratchpad, tiles.
    pub b_tiles: u32,
    /// Read-only: size of the accumulator scratchpad, tiles.
    pub acc_tiles: u32,
    /// Read-only: number of requantisation records.
    pub param_entries: u32,
    /// Read-only: number of 256-entry tables.
    pub table_count: u32,
    /// Read-only: card memory, bytes.
    pub card_memory_bytes: [u32; 2],
    /// Read-only: the highest handle of resident memory (handles start at 1).
    pub max_handles: u32,
    /// Read-only: number of queue pairs, and of interrupt vectors.
    pub max_queues: u32,
    /// Read-only: largest ring, entries.
    pub max_queue_entries: u32,
    /// Read-only: longest program, instructions of all streams together.
    pub max_program_instructions: u32,
    /// Read-only: most items in one RUN.
    pub max_batch: u32,
    /// Read-only: most messages in one KECCAK; 0 without the engine.
    pub keccak_max_messages: u32,
    /// Read-only: clock of the tensor unit, kHz.
    pub clock_khz: u32,
    /// Read-only: largest input of an item, bytes.
    pub max_input_bytes: u32,
    /// Read-only: largest output of an item, bytes.
    pub max_output_bytes: u32,
    /// Read-only: most bytes of one KECCAK's batch, and of its messages together; 0 without the
    /// engine.
    pub keccak_max_bytes: u32,
    /// Read-only: most work of one RUN, all items together, in the units of [`crate::cost`].
    pub work_budget: [u32; 2],
}

/// The registers of one queue, at its block. Bases and size may be written only while the queue is
/// disabled; enabling it zeroes heads, tails and the phase, whether or not the card saw it disabled
/// in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct QueueRegisters {
    /// Read-write: address of the submission ring (64-byte aligned).
    pub sq_base: [u32; 2],
    /// Read-write: address of the completion ring (64-byte aligned).
    pub cq_base: [u32; 2],
    /// Read-write: base-2 logarithm of the entries in each ring.
    pub entries_log2: u32,
    /// Read-write: 1 enables the queue, 0 disables it.
    pub enable: u32,
    /// Write: free-running count of entries submitted, modulo 2^16.
    pub sq_tail: u32,
    /// Write: free-running count of completions consumed, modulo 2^16.
    pub cq_head: u32,
    /// Read-only: a [`QueueState`].
    pub state: u32,
    /// Read-write: 1 asks for one interrupt with the next completion; the card clears it as it
    /// raises that interrupt.
    pub interrupt_arm: u32,
    /// No registers; read 0.
    pub reserved: [u32; 6],
}

/// Declares the offsets of fields of [`GlobalRegisters`].
macro_rules! global {
    ($($(#[$doc:meta])* $name:ident = $field:ident $(+ $high:literal)?;)*) => {
        $($(#[$doc])* pub const $name: u32 = offset_of!(GlobalRegisters, $field) as u32 $(+ $high)?;)*
    };
}

global! {
    /// [`GlobalRegisters::magic`].
    MAGIC = magic;
    /// [`GlobalRegisters::abi_version`].
    ABI_VERSION = abi_version;
    /// [`GlobalRegisters::features`], bits 0 to 31.
    FEATURES_LO = features;
    /// [`GlobalRegisters::features`], bits 32 to 63.
    FEATURES_HI = features + 4;
    /// [`GlobalRegisters::build_id`].
    BUILD_ID = build_id;
    /// The number that a card answers entries by: it refuses an entry that carries another.
    ///
    /// Any reset, power-up among them, clears it to 0. While it is 0 the card takes what is written
    /// (neither 0 nor all ones); after that a write does nothing, until the next reset.
    BOOT_NONCE = boot_nonce;
    /// [`GlobalRegisters::status`].
    STATUS = status;
    /// [`GlobalRegisters::control`].
    CONTROL = control;
    /// [`GlobalRegisters::tile_rows`].
    TILE_ROWS = tile_rows;
    /// [`GlobalRegisters::tile_cols`].
    TILE_COLS = tile_cols;
    /// [`GlobalRegisters::tile_depth`].
    TILE_DEPTH = tile_depth;
    /// [`GlobalRegisters::a_tiles`].
    A_TILES = a_tiles;
    /// [`GlobalRegisters::b_tiles`].
    B_TILES = b_tiles;
    /// [`GlobalRegisters::acc_tiles`].
    ACC_TILES = acc_tiles;
    /// [`GlobalRegisters::param_entries`].
    PARAM_ENTRIES = param_entries;
    /// [`GlobalRegisters::table_count`].
    TABLE_COUNT = table_count;
    /// [`GlobalRegisters::card_memory_bytes`], low half.
    CARD_MEM_BYTES_LO = card_memory_bytes;
    /// [`GlobalRegisters::card_memory_bytes`], high half.
    CARD_MEM_BYTES_HI = card_memory_bytes + 4;
    /// [`GlobalRegisters::max_handles`].
    MAX_HANDLES = max_handles;
    /// [`GlobalRegisters::max_queues`].
    MAX_QUEUES = max_queues;
    /// [`GlobalRegisters::max_queue_entries`].
    MAX_QUEUE_ENTRIES = max_queue_entries;
    /// [`GlobalRegisters::max_program_instructions`].
    MAX_PROGRAM_INSTRUCTIONS = max_program_instructions;
    /// [`GlobalRegisters::max_batch`].
    MAX_BATCH = max_batch;
    /// [`GlobalRegisters::keccak_max_messages`].
    KECCAK_MAX_MESSAGES = keccak_max_messages;
    /// [`GlobalRegisters::clock_khz`].
    CLOCK_KHZ = clock_khz;
    /// [`GlobalRegisters::max_input_bytes`].
    MAX_INPUT_BYTES = max_input_bytes;
    /// [`GlobalRegisters::max_output_bytes`].
    MAX_OUTPUT_BYTES = max_output_bytes;
    /// [`GlobalRegisters::keccak_max_bytes`].
    KECCAK_MAX_BYTES = keccak_max_bytes;
    /// [`GlobalRegisters::work_budget`], low half.
    WORK_BUDGET_LO = work_budget;
    /// [`GlobalRegisters::work_budget`], high half.
    WORK_BUDGET_HI = work_budget + 4;
}

/// Written to [`CONTROL`]: stop all DMA, drop all queues, handles and card memory, then clear
/// [`BOOT_NONCE`]. The cleared nonce is the acknowledgement: no DMA from before follows it.
pub const CONTROL_RESET: u32 = 1;

/// Performance counters of 64 bits, low word first; only with [`features::COUNTERS`]. They count from power-up.
pub const COUNTERS: u32 = 0x0c0;

/// What the counters count, at this index each.
pub mod counter {
    /// Cycles in which the card was busy.
    pub const BUSY: u32 = 0;
    /// Cycles in which the Keccak engine permuted, of all cores; 24 a permutation at one round a cycle.
    pub const KECCAK_BUSY: u32 = 1;
    /// Cycles of a KECCAK in which the engine waited for messages.
    pub const KECCAK_STARVED: u32 = 2;
    /// Cycles of a KECCAK in which a message waited and the engine did not permute.
    pub const KECCAK_STALLED: u32 = 3;
    /// Words of 8 bytes read from host memory.
    pub const WORDS_READ: u32 = 4;
    /// Words of 8 bytes written to host memory.
    pub const WORDS_WRITTEN: u32 = 5;
    /// Digests.
    pub const DIGESTS: u32 = 6;
    /// Entries executed or refused.
    pub const ENTRIES: u32 = 7;
    /// Cycles in which a DMA read waited for the host, and nothing was there to hand on.
    pub const READ_WAITS: u32 = 8;
    /// Cycles in which data that were read waited for their taker.
    pub const READ_STALLED: u32 = 9;
    /// Cycles in which a DMA read waited for a free tag or for the bus.
    pub const REQUEST_STALLED: u32 = 10;
    /// Cycles in which a DMA write waited for the bus.
    pub const WRITE_STALLED: u32 = 11;
    /// Cycles in which the tensor engine's array multiplied two tiles.
    pub const ARRAY_STEPS: u32 = 12;
    /// Cycles in which the load module was at an instruction.
    pub const LOAD_BUSY: u32 = 13;
    /// The same of the compute module.
    pub const COMPUTE_BUSY: u32 = 14;
    /// The same of the store module.
    pub const STORE_BUSY: u32 = 15;
    /// Cycles in which the load module had further instructions of an item but was at none.
    pub const LOAD_WAITS: u32 = 16;
    /// The same of the compute module.
    pub const COMPUTE_WAITS: u32 = 17;
    /// The same of the store module.
    pub const STORE_WAITS: u32 = 18;
    /// Cycles in which the load module waited for card memory.
    pub const MEMORY_WAITS: u32 = 19;
    /// How many there are; without a tensor engine those from [`ARRAY_STEPS`] on read 0.
    pub const COUNT: u32 = 20;
}

/// Byte offset of the first queue's register block.
pub const QUEUE_BASE: u32 = 0x1000;
/// Distance between the blocks of two queues, bytes.
pub const QUEUE_STRIDE: u32 = size_of::<QueueRegisters>() as u32;
/// Most queue pairs that any card may have.
pub const QUEUE_LIMIT: u32 = 64;
/// Size of the registers, bytes; what BAR0 holds beyond them is [`crate::pci`]'s.
pub const REGISTER_BYTES: u32 = QUEUE_BASE + QUEUE_LIMIT * QUEUE_STRIDE;

/// Registers of one queue, as offsets into its block.
pub mod queue {
    use super::QueueRegisters;
    use core::mem::offset_of;

    /// [`QueueRegisters::sq_base`], low half.
    pub const SQ_BASE_LO: u32 = offset_of!(QueueRegisters, sq_base) as u32;
    /// [`QueueRegisters::sq_base`], high half.
    pub const SQ_BASE_HI: u32 = SQ_BASE_LO + 4;
    /// [`QueueRegisters::cq_base`], low half.
    pub const CQ_BASE_LO: u32 = offset_of!(QueueRegisters, cq_base) as u32;
    /// [`QueueRegisters::cq_base`], high half.
    pub const CQ_BASE_HI: u32 = CQ_BASE_LO + 4;
    /// [`QueueRegisters::entries_log2`].
    pub const ENTRIES_LOG2: u32 = offset_of!(QueueRegisters, entries_log2) as u32;
    /// [`QueueRegisters::enable`].
    pub const ENABLE: u32 = offset_of!(QueueRegisters, enable) as u32;
    /// [`QueueRegisters::sq_tail`].
    pub const SQ_TAIL: u32 = offset_of!(QueueRegisters, sq_tail) as u32;
    /// [`QueueRegisters::cq_head`].
    pub const CQ_HEAD: u32 = offset_of!(QueueRegisters, cq_head) as u32;
    /// [`QueueRegisters::state`].
    pub const STATE: u32 = offset_of!(QueueRegisters, state) as u32;
    /// [`QueueRegisters::interrupt_arm`].
    pub const INTERRUPT_ARM: u32 = offset_of!(QueueRegisters, interrupt_arm) as u32;
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
    /// The card has the counters at [`COUNTERS`](super::COUNTERS).
    pub const COUNTERS: u64 = 1 << 3;
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
    /// Stopped: the submission ring could not be read.
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;

    #[test]
    fn registers_lie_where_the_abi_says() {
        // docs/device.md, by hand.
        assert_eq!((BOOT_NONCE, CONTROL, TILE_ROWS), (0x014, 0x01c, 0x040));
        assert_eq!((CARD_MEM_BYTES_LO, MAX_HANDLES, CLOCK_KHZ), (0x060, 0x068, 0x080));
        assert_eq!(
            (MAX_INPUT_BYTES, WORK_BUDGET_LO, WORK_BUDGET_HI),
            (0x084, 0x090, 0x094)
        );
        assert_eq!(
            (queue::ENABLE, queue::STATE, queue::INTERRUPT_ARM),
            (0x14, 0x20, 0x24)
        );
        assert_eq!((QUEUE_STRIDE, REGISTER_BYTES), (0x40, 0x2000));
    }

    #[test]
    fn counters_are_those_of_the_abi() {
        let text = include_str!("../../docs/device.md");
        let table = text.split("### Counters\n").nth(1).unwrap();
        let rows: Vec<&str> = table
            .lines()
            .skip_while(|line| !line.starts_with("| 0 "))
            .collect();
        let rows = rows.split(|line| line.is_empty()).next().unwrap();
        let described = [
            (counter::BUSY, "cycles in which the card is busy"),
            (counter::KECCAK_BUSY, "cycles in which a Keccak core permutes"),
            (
                counter::KECCAK_STARVED,
                "cycles of a KECCAK in which no word is there",
            ),
            (
                counter::KECCAK_STALLED,
                "cycles of a KECCAK in which a word waits",
            ),
            (counter::WORDS_READ, "words of 8 bytes read"),
            (counter::WORDS_WRITTEN, "words of 8 bytes written"),
            (counter::DIGESTS, "digests"),
            (counter::ENTRIES, "entries"),
            (counter::READ_WAITS, "cycles in which a read waits for the host"),
            (
                counter::READ_STALLED,
                "cycles in which what was read waits for its taker",
            ),
            (
                counter::REQUEST_STALLED,
                "cycles in which a read waits for a tag or for the bus",
            ),
            (
                counter::WRITE_STALLED,
                "cycles in which a write waits for the bus",
            ),
            (counter::ARRAY_STEPS, "of a tensor engine, as all that follow"),
            (counter::LOAD_BUSY, "cycles in which load is at an instruction"),
            (
                counter::COMPUTE_BUSY,
                "cycles in which compute is at an instruction",
            ),
            (counter::STORE_BUSY, "cycles in which store is at an instruction"),
            (counter::LOAD_WAITS, "cycles in which load has further"),
            (counter::COMPUTE_WAITS, "cycles in which compute has further"),
            (counter::STORE_WAITS, "cycles in which store has further"),
            (
                counter::MEMORY_WAITS,
                "cycles in which load waits for card memory",
            ),
        ];
        assert_eq!(
            (rows.len(), described.len()),
            (described.len(), counter::COUNT as usize)
        );
        for (row, (number, what)) in rows.iter().zip(described) {
            assert!(row.starts_with(&format!("| {number} | {what}")), "{row}");
        }
        assert!(text.contains(&format!("| {COUNTERS:#05x} + 8·i | COUNTER i |")));
    }
}
