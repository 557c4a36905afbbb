//! The rules of the verification precompile, by their numbers in docs/vm.md, and how it behaves towards each kind of
//! call, warmth and activation.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod calls;
mod proven;
mod rig;
mod rules;
#[path = "../support/mod.rs"]
mod support;
