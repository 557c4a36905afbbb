//! The tensor pipeline: one folder for each of its parts.
//!
//! * [`run`]: a program's way from card memory to the modules, in the order of its tokens.
//! * [`transfer`]: load and store, between card memory and the scratchpads.
//! * [`mod@array`]: GEMM, with the multipliers and what feeds them.
//! * [`vector`]: VECTOR, with the requantise unit [`requantise`].
//! * [`scratchpads`]: the memories between them.
//! * [`engine`]: all of them joined, of [`compute`], [`read_share`], [`settle`] and [`duty`]; [`any_engine`] has
//!   those that there are.

pub mod any_engine;
pub mod array;
pub mod compute;
pub mod duty;
pub mod engine;
pub mod read_share;
pub mod requantise;
pub mod run;
pub mod scratchpads;
pub mod settle;
pub mod transfer;
pub mod vector;
