//! A board.

use metisvm_firmware::Capabilities;

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
    /// Keccak cores, 1 to `MAX_CORES`.
    pub cores: usize,
    /// Rounds of Keccak that a core executes in a cycle: a divisor of 24.
    pub rounds_per_cycle: usize,
    /// Cycles until a DMA read counts as lost.
    pub read_timeout_cycles: u32,
    /// What its registers say.
    pub capabilities: Capabilities,
}
