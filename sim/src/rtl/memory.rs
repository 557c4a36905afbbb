//! Card memory beyond AXI pins, as it is simulated.

use super::ffi::MemoryModel;
use std::time::Duration;

/// How it behaves.
///
/// It moves aligned pieces of `width` bytes, each of which takes `access_cycles`, reads and writes alike. A burst costs as
/// many accesses as it meets pieces: words that come one by one may cost one each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryOptions {
    /// From a request to its answer at the soonest, at the card's clock.
    pub latency: Duration,
    /// Bytes that are moved at a time, a power of two, at least 8.
    pub width: u32,
    /// Cycles of the card that this takes; with 0 it is never busy.
    pub access_cycles: u32,
    /// Answers that are errors.
    pub errors: Option<MemoryErrors>,
}

/// Errors of card memory: what concerns certain bytes is answered with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryErrors {
    /// The first of the bytes.
    pub address: u64,
    /// Their number.
    pub bytes: u64,
    /// Whether words that are read are concerned.
    pub reads: bool,
    /// Whether bursts that are written are; then nothing is written.
    pub writes: bool,
    /// The answer.
    pub response: ErrorResponse,
    /// How many answers; from then on memory works.
    pub times: u64,
}

/// What AXI has for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorResponse {
    /// SLVERR: the memory could not do it.
    Slave = 2,
    /// DECERR: there is nothing at the address.
    Decode = 3,
}

impl Default for MemoryOptions {
    /// DRAM that is faster than a port of 64 bits: 64 bytes a cycle.
    fn default() -> Self {
        Self {
            latency: Duration::from_nanos(100),
            width: 64,
            access_cycles: 1,
            errors: None,
        }
    }
}

impl MemoryOptions {
    /// The same in cycles.
    pub(super) fn model(&self, latency: u64) -> MemoryModel {
        let mut model = MemoryModel {
            latency,
            width: u64::from(self.width.next_power_of_two().max(8)),
            access: self.access_cycles.into(),
            error_address: 0,
            error_bytes: 0,
            error_times: 0,
            error_reads: 0,
            error_writes: 0,
            error_response: 0,
        };
        if let Some(errors) = self.errors {
            model.error_address = errors.address;
            model.error_bytes = errors.bytes;
            model.error_times = errors.times;
            model.error_reads = errors.reads.into();
            model.error_writes = errors.writes.into();
            model.error_response = errors.response as u32;
        }
        model
    }
}
