//! The shell of the card: registers, queues, DMA, handles, and the engines' way to host memory.

#![allow(
    clippy::collapsible_if,
    reason = "a state is one condition and what happens in it another"
)]

pub mod burst;
pub mod counters;
pub mod crc32;
pub mod crc32_bytes;
pub mod executor;
pub mod fetcher;
pub mod handles;
pub mod keccak_job;
pub mod queue;
pub mod reader;
pub mod registers;
pub mod run_checks;
pub mod run_job;
pub mod stage_in;
pub mod stage_out;
pub mod tensor;
pub mod top;
pub mod writer;
