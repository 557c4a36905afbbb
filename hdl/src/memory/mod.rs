//! Card memory: in block RAM or beyond AXI pins, and who uses its two ports.

#![allow(
    clippy::collapsible_if,
    reason = "what happens is one condition and what it changes another"
)]

pub mod axi_memory;
pub mod axi_reads;
pub mod axi_writes;
pub mod bank;
pub mod block_memory;
pub mod collector;
pub mod read_turns;
