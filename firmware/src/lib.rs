//! The device ABI, contract 2 of the architecture: what a card and its host say to each other.
//!
//! The normative text is `docs/device.md`; this crate is its only home in code. The hardware
//! description, the simulated card and the driver take every number from here, so none of them can
//! drift. It holds no state and touches no memory but what it is given: `no_std`, with `alloc` for
//! programs.
//!
//! * [`registers`], [`capabilities`] and [`pci`]: BAR0, what a card says about itself, its PCI function.
//! * [`submission`], [`completion`], [`status`]: the entries of the two rings.
//! * [`isa`], [`encoding`], [`check`], [`cost`]: the tensor instruction set, its bits, bounds and cost.
//! * [`program`], [`asm`], [`microprograms`]: building, writing down and shipping programs.
//! * [`keccak`]: the memory layout of a batch of messages.
//! * [`port`]: the traits between a card in software and whatever hosts it.

#![no_std]

extern crate alloc;

pub mod asm;
pub mod capabilities;
pub mod check;
pub mod completion;
pub mod cost;
pub mod encoding;
pub mod isa;
pub mod keccak;
pub mod microprograms;
pub mod pci;
pub mod port;
pub mod program;
pub mod registers;
pub mod status;
pub mod submission;

pub use capabilities::{Capabilities, Geometry};
pub use completion::Completion;
pub use encoding::{INSTRUCTION_BYTES, INSTRUCTION_WORDS};
pub use isa::{
    Buffer, Burst, Dependencies, Dtype, Fill, Gemm, Instruction, Lanes, Load, LoadTiles, Module, Operation,
    Requantise, Space, Store, StoreTiles, Vector, VectorOp, Walk,
};
pub use program::{Program, ProgramBuilder, ProgramError};
pub use status::Status;
pub use submission::{Opcode, Submission};
