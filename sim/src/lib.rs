//! The card in software.
//!
//! [`FunctionalCard`] implements the device ABI as docs/device.md has it, from memory alone: it
//! sees registers and DMA, and no object of the host. It is the authority on results, not on time.
//!
//! * [`bar`]: the registers. [`rings`]: fetching entries, posting completions.
//! * [`card`]: the card itself, polled by its host. [`jobs`]: what each opcode does.
//! * [`card_memory`]: resident memory and its handles. [`streams`]: a program, decoded.
//! * [`machine`]: scratchpads and instructions. [`schedule`]: the three modules and their tokens.
//! * [`races`]: whether a program's tokens order all that they must. [`touches`]: what an instruction touches.
//! * [`rtl`]: the card in RTL, built by Verilator on first use.
//! * [`vfio_user`]: any card behind a socket, for another process or a guest.
//! * [`faults`]: misbehaviour on demand around any card, for the tests of everything above it.

pub mod bar;
pub mod card;
pub mod card_memory;
pub mod faults;
pub mod jobs;
pub mod machine;
pub mod options;
pub mod races;
pub mod refusal;
pub mod rings;
pub mod rtl;
pub mod schedule;
pub mod streams;
pub mod touches;
pub mod vfio_user;

pub use card::FunctionalCard;
pub use faults::{Fault, FaultPlan, FaultyCard, Happened, Trigger};
pub use options::SimOptions;
pub use rtl::{RtlCard, RtlOptions};
