//! Keccak-256 of many messages: eight at once with AVX-512, four with AVX2, one with plain Rust.
//!
//! Keccak-f\[1600\] is bound by the number of its instructions, and every one of them is a bitwise operation on
//! words of 64 bits; so as many states as a register has words cost little more than one. Each lane of the
//! registers hashes a message of its own and takes the next one when it is through, so lengths may be
//! mixed, nothing is sorted or allocated, and only the end of a batch leaves lanes idle.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod each;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod permutation;
mod portable;
mod self_test;
mod sponge;

pub use each::{keccak256, keccak256_each, keccak256_many, lanes};
pub use self_test::{Choice, choose_level, tested_level};
pub use sponge::{Put, RATE};

#[cfg(test)]
mod tests;
