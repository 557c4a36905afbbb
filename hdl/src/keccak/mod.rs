//! Keccak-256 of messages: padding, absorption and permutation in hardware.
//!
//! Lanes are those of the Keccak specification: lane `x + 5·y` of 64 bits, bytes in little-endian order.

pub mod absorber;
pub mod cluster;
mod constants;
pub mod core;
pub mod lane;
pub mod round;
mod schedule;
