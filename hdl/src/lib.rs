//! The card's logic in rust-hdl, written out as Verilog.
//!
//! What is here: a card that speaks the device ABI and hashes ([`shell`], [`keccak`], [`stream`]), and one slice of
//! its tensor pipeline ([`tensor`]). `docs/hdl.md` is the way in.
//!
//! rust-hdl's emitter turns some legal Rust into Verilog of another meaning without saying so. The
//! bodies of the `update` functions therefore keep to a narrow style:
//!
//! - one operator a statement, through a `Local` signal: the emitter writes no parentheses;
//! - a value is inverted into a `Local` first and cast afterwards;
//! - no shift of a signed value and no cast between signed widths: signs are extended by hand;
//! - `bit_cast` only widens, `get_bits` narrows: so every statement has one width.
//!
//! The Verilog is the authority. `tests/rtl` runs it in Verilator against the reference kernels, and
//! cycle for cycle against rust-hdl's own simulation.

pub mod bridge;
mod each_once;
pub mod isolated;
pub mod keccak;
pub mod memory;
pub mod optional;
mod same_modules;
pub mod shell;
pub mod stream;
pub mod tensor;
pub mod verilog;
