//! The tensor engine against the functional card: the emitted Verilog of all of it, run by Verilator between a memory
//! with latency.

#![allow(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod bench;
mod cost;
#[path = "../moves/draw.rs"]
mod draw;
mod edges;
mod jobs;
#[path = "../moves/memory.rs"]
mod memory;
#[path = "../rtl/vector/operations.rs"]
#[allow(dead_code, reason = "a test of VECTOR alone uses all of it")]
mod operations;
mod pace;
#[path = "../rtl/random.rs"]
mod random;
mod sample;
mod touched;
mod traffic;
mod weave;
