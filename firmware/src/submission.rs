//! Submission entries: 64 bytes, eight little-endian 64-bit words, one cache line.
//!
//! | word | low half | high half |
//! |---|---|---|
//! | 0 | opcode, flags, dtype in, dtype out (8 bits each) | sequence |
//! | 1 | boot nonce | program handle, state handle (16 bits each) |
//! | 2 | data handle | count |
//! | 3 | input address (64 bits) | |
//! | 4 | output address (64 bits) | |
//! | 5 | input bytes | output bytes |
//! | 6 | card address (64 bits) | |
//! | 7 | card bytes (64 bits) | |
//!
//! A field that an opcode does not name must be zero.

use bytemuck::{Pod, Zeroable};

/// Words of one entry.
pub const SUBMISSION_WORDS: usize = 8;
/// Bytes of one entry.
pub const SUBMISSION_BYTES: usize = 64;
/// Alignment of every card address, bytes.
pub const CARD_ALIGN: u64 = 64;
/// Addresses of inputs and outputs are multiples of this: a card without byte lanes on its bus moves words.
pub const HOST_ALIGN: u64 = 8;
/// The data or state handle of a program that has none.
pub const NO_HANDLE: u32 = 0;

/// Bits of [`Submission::flags`].
pub mod flags {
    /// LOAD_RESIDENT: the handle is a state, which a RUN may write and no RUN may have as data or
    /// program.
    pub const STATE: u8 = 1 << 0;
}

/// What a submission asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// Complete, and do nothing else.
    Nop = 0,
    /// Take back the waiting entry of the same queue whose sequence number is in `count`. That
    /// entry completes as cancelled; this one as ok or not found.
    Cancel = 1,
    /// Copy `card_bytes` bytes from the input address to the card address, and name them
    /// `data_handle` (1 to the card's highest handle, not in use); a state with [`flags::STATE`].
    LoadResident = 2,
    /// Forget `data_handle`; its card memory is free from then on.
    Evict = 3,
    /// Run program `program_handle` on each of `count` items, in order. Item i reads
    /// `input_bytes` at input + i·`input_bytes`, writes `output_bytes` at output +
    /// i·`output_bytes`; RESIDENT is `data_handle` and STATE `state_handle` (0: empty); WORKSPACE is
    /// `card_bytes` at the card address. Output bytes that the program does not store are undefined.
    Run = 4,
    /// Hash `count` messages: `input_bytes` hold a batch as [`crate::keccak`] lays it out,
    /// `output_bytes` is 32 a message.
    Keccak = 5,
}

impl Opcode {
    /// Reads the opcode's byte.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Nop,
            1 => Self::Cancel,
            2 => Self::LoadResident,
            3 => Self::Evict,
            4 => Self::Run,
            5 => Self::Keccak,
            _ => return None,
        })
    }
}

/// One submission. The opcode and dtypes are raw bytes: a card must cope with any.
///
/// Its bytes are the entry, on a little-endian host; [`Submission::to_words`] is the same on any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Submission {
    /// An [`Opcode`].
    pub opcode: u8,
    /// See [`flags`].
    pub flags: u8,
    /// [`crate::Dtype`] of the input's elements; `input_bytes` must be whole elements.
    pub dtype_in: u8,
    /// [`crate::Dtype`] of the output's elements; `output_bytes` must be whole elements.
    pub dtype_out: u8,
    /// Chosen by the host, unique among its unanswered entries.
    pub sequence: u32,
    /// The nonce that the host wrote after the last reset.
    pub boot_nonce: u32,
    /// Resident memory that holds the program.
    pub program_handle: u16,
    /// Resident memory that the program may read and write.
    pub state_handle: u16,
    /// Resident memory that the program reads, or that is loaded or evicted.
    pub data_handle: u32,
    /// Items or messages; for CANCEL the sequence number.
    pub count: u32,
    /// Host address of the input.
    pub input: u64,
    /// Host address of the output.
    pub output: u64,
    /// Bytes of one input item; for KECCAK of the whole batch.
    pub input_bytes: u32,
    /// Bytes of one output item.
    pub output_bytes: u32,
    /// Card address, a multiple of [`CARD_ALIGN`].
    pub card_address: u64,
    /// Bytes at the card address.
    pub card_bytes: u64,
}

impl Submission {
    /// The entry's words.
    #[inline]
    pub const fn to_words(&self) -> [u64; SUBMISSION_WORDS] {
        [
            self.opcode as u64
                | (self.flags as u64) << 8
                | (self.dtype_in as u64) << 16
                | (self.dtype_out as u64) << 24
                | (self.sequence as u64) << 32,
            self.boot_nonce as u64 | (self.program_handle as u64) << 32 | (self.state_handle as u64) << 48,
            self.data_handle as u64 | (self.count as u64) << 32,
            self.input,
            self.output,
            self.input_bytes as u64 | (self.output_bytes as u64) << 32,
            self.card_address,
            self.card_bytes,
        ]
    }

    /// Reads an entry; every eight words are one, though perhaps not a valid one.
    #[inline]
    pub const fn from_words(words: [u64; SUBMISSION_WORDS]) -> Self {
        Self {
            opcode: words[0] as u8,
            flags: (words[0] >> 8) as u8,
            dtype_in: (words[0] >> 16) as u8,
            dtype_out: (words[0] >> 24) as u8,
            sequence: (words[0] >> 32) as u32,
            boot_nonce: words[1] as u32,
            program_handle: (words[1] >> 32) as u16,
            state_handle: (words[1] >> 48) as u16,
            data_handle: words[2] as u32,
            count: (words[2] >> 32) as u32,
            input: words[3],
            output: words[4],
            input_bytes: words[5] as u32,
            output_bytes: (words[5] >> 32) as u32,
            card_address: words[6],
            card_bytes: words[7],
        }
    }

    /// The lowest word that must be zero for this opcode and is not.
    ///
    /// Sequence and boot nonce belong to every opcode.
    pub const fn stray_field(&self) -> Option<u32> {
        let Some(opcode) = Opcode::from_bits(self.opcode) else {
            return None;
        };
        let run = matches!(opcode, Opcode::Run);
        let keccak = matches!(opcode, Opcode::Keccak);
        let load = matches!(opcode, Opcode::LoadResident);
        let names_data = run || load || matches!(opcode, Opcode::Evict);
        let names_count = run || keccak || matches!(opcode, Opcode::Cancel);
        let dtypes = self.dtype_in != 0 || self.dtype_out != 0;
        let allowed = if load { flags::STATE } else { 0 };
        if self.flags & !allowed != 0 || (!run && dtypes) {
            Some(0)
        } else if !run && (self.program_handle != 0 || self.state_handle != 0) {
            Some(1)
        } else if (!names_data && self.data_handle != 0) || (!names_count && self.count != 0) {
            Some(2)
        } else if !(run || keccak || load) && self.input != 0 {
            Some(3)
        } else if !(run || keccak) && self.output != 0 {
            Some(4)
        } else if !(run || keccak) && (self.input_bytes != 0 || self.output_bytes != 0) {
            Some(5)
        } else if !(run || load) && self.card_address != 0 {
            Some(6)
        } else if !(run || load) && self.card_bytes != 0 {
            Some(7)
        } else {
            None
        }
    }

    /// The index of the word with the first host address that is no multiple of [`HOST_ALIGN`], of those that
    /// the opcode names.
    pub const fn misaligned_address(&self) -> Option<u32> {
        let opcode = Opcode::from_bits(self.opcode);
        let reads = matches!(opcode, Some(Opcode::LoadResident | Opcode::Run | Opcode::Keccak));
        let writes = matches!(opcode, Some(Opcode::Run | Opcode::Keccak));
        if reads && !self.input.is_multiple_of(HOST_ALIGN) {
            Some(3)
        } else if writes && !self.output.is_multiple_of(HOST_ALIGN) {
            Some(4)
        } else {
            None
        }
    }
}
