//! How one job ended.

use core::fmt;

/// Status of a completion, 15 bits on the wire.
///
/// For a program's faults the completion's detail is the index of the instruction at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Status {
    /// Done; results are in host memory.
    Ok = 0,
    /// The opcode is not one of this ABI version, or the card lacks that engine.
    InvalidOpcode = 1,
    /// A field is out of its range; detail is the index of the 64-bit word of the entry.
    InvalidField = 2,
    /// The entry carries another boot nonce; detail is the card's.
    StaleNonce = 3,
    /// A handle names no resident memory; detail is the handle.
    UnknownHandle = 4,
    /// A handle to be loaded holds memory already; detail is the handle.
    HandleInUse = 5,
    /// A card address is misaligned or out of range, or overlaps resident memory.
    CardMemory = 6,
    /// Host memory could not be read. Writes are posted: the card does not learn what became of them.
    DmaFault = 7,
    /// An instruction's encoding is invalid.
    InvalidInstruction = 8,
    /// An instruction reaches outside a scratchpad or breaks a rule of its operands.
    InvalidOperand = 9,
    /// An instruction reaches outside the memory it addresses.
    OutOfBounds = 10,
    /// A requantisation record holds a multiplier, shift or reserved byte out of range.
    InvalidRecord = 11,
    /// The modules wait for each other's tokens for ever.
    Deadlock = 12,
    /// Tokens were left over at the end.
    TokenImbalance = 13,
    /// The program's header does not fit its length, or it has too many instructions or none.
    InvalidProgram = 14,
    /// A RUN or a Keccak batch is over its budget of work.
    BudgetExceeded = 15,
    /// The job was cancelled before it began.
    Cancelled = 16,
    /// Nothing to cancel: the sequence number is not waiting.
    NotFound = 17,
    /// A Keccak batch has an entry outside the batch's bytes; detail is the message's index.
    InvalidBatch = 18,
    /// The card failed.
    Internal = 19,
}

impl Status {
    /// Reads the bits of a completion.
    pub const fn from_bits(bits: u16) -> Option<Self> {
        use Status::*;
        Some(match bits {
            0 => Ok,
            1 => InvalidOpcode,
            2 => InvalidField,
            3 => StaleNonce,
            4 => UnknownHandle,
            5 => HandleInUse,
            6 => CardMemory,
            7 => DmaFault,
            8 => InvalidInstruction,
            9 => InvalidOperand,
            10 => OutOfBounds,
            11 => InvalidRecord,
            12 => Deadlock,
            13 => TokenImbalance,
            14 => InvalidProgram,
            15 => BudgetExceeded,
            16 => Cancelled,
            17 => NotFound,
            18 => InvalidBatch,
            19 => Internal,
            _ => return None,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::InvalidOpcode => "invalid opcode",
            Self::InvalidField => "invalid field",
            Self::StaleNonce => "stale boot nonce",
            Self::UnknownHandle => "unknown handle",
            Self::HandleInUse => "handle in use",
            Self::CardMemory => "bad card address",
            Self::DmaFault => "DMA fault",
            Self::InvalidInstruction => "invalid instruction",
            Self::InvalidOperand => "invalid operand",
            Self::OutOfBounds => "out of bounds",
            Self::InvalidRecord => "invalid requantisation record",
            Self::Deadlock => "deadlock of the modules",
            Self::TokenImbalance => "token imbalance",
            Self::InvalidProgram => "invalid program",
            Self::BudgetExceeded => "budget exceeded",
            Self::Cancelled => "cancelled",
            Self::NotFound => "not found",
            Self::InvalidBatch => "invalid Keccak batch",
            Self::Internal => "internal fault",
        })
    }
}
