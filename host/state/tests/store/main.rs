//! The store: whole after every kind of stop, back by any number of blocks, the same as a state in
//! memory, and clear about what it refuses.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod chain;
mod chain_faults;
mod chain_state;
mod disk;
mod figures;
mod kill;
mod opening;
mod power_cut;
mod random;
mod reading;
mod refusals;
mod unchecked_keccak;
mod unwinding;
