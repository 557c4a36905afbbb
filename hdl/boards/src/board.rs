//! A board.

use metisvm_firmware::Capabilities;
use serde::Deserialize;

/// How the products of the array are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Multipliers {
    /// All from lookup tables.
    Lut,
    /// So many from 18×18 blocks, the rest from lookup tables.
    Dsp(usize),
    /// Two from each 27×18 block.
    Packed,
}

/// What the tensor engine is made of, besides what the card's registers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Requantise units, a power of two up to the columns of a tile.
    pub requantise_units: usize,
    /// The array's multipliers.
    pub multipliers: Multipliers,
    /// Card memory is beyond AXI pins, not in block RAM.
    pub external_memory: bool,
}

/// What a card is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name, a part of file names.
    pub name: &'static str,
    /// The part that it is for, as the maker or the tools call it.
    pub part: String,
    /// Width of the streams of data, bits: one of `STREAM_BITS`.
    pub stream_bits: usize,
    /// DMA reads that can be under way, 32 or 64.
    pub tags: usize,
    /// Its streams and registers come over a narrow bridge, which its Verilog holds both ends of.
    pub bridged: bool,
    /// Keccak cores, up to `MAX_CORES`; without a Keccak engine none.
    pub cores: usize,
    /// Rounds of Keccak that a core executes in a cycle: a divisor of 24.
    pub rounds_per_cycle: usize,
    /// The tensor engine, if it has one.
    pub tensor: Option<Tensor>,
    /// Cycles until a DMA read counts as lost.
    pub read_timeout_cycles: u32,
    /// What its registers say.
    pub capabilities: Capabilities,
}
