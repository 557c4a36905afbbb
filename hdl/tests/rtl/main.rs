//! Blocks of the card against the reference kernels: the emitted Verilog, run by Verilator, and
//! rust-hdl's own simulation of the same blocks.
//!
//! Both engines are fed cycle by cycle with the same streams of port values. Streams hold idle cycles
//! with garbage on the inputs, so a result that is taken at a wrong time is a wrong result.

#![allow(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod formal;
mod keccak;
mod lockstep;
mod random;
mod requantise;
mod run;
mod seeded;
mod simulation;
mod vector;
mod verilator;

/// The values of some ports, cycle by cycle.
type Stream<const PORTS: usize> = Vec<[u64; PORTS]>;
